"""Option settings of Elastic Beanstalk: defaults, checks, and what a bundle's .ebextensions say.

Precedence, highest first (developer guide, "Configuration options: precedence"): settings given
with the environment itself, a saved configuration, ``.ebextensions`` of the bundle, defaults.
Files are read in alphabetical order, a later one wins.

Only the options that a lab acts upon, or shows, are known here with their allowed values; options
of other namespaces of AWS are stored as they are.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

Options = dict[tuple[str, str], str]

LOGS = "aws:elasticbeanstalk:cloudwatch:logs"
HEALTH_LOGS = "aws:elasticbeanstalk:cloudwatch:logs:health"
XRAY = "aws:elasticbeanstalk:xray"
MACHINE = "aws:autoscaling:launchconfiguration"
GROUP = "aws:autoscaling:asg"

_BOOLEAN = ("true", "false")
_DAYS = (
    *("1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545"),
    *("731", "1827", "3653"),
)

#: Namespace and name -> default, and the values that are allowed (none: any).
KNOWN: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    (LOGS, "StreamLogs"): ("false", _BOOLEAN),
    (LOGS, "DeleteOnTerminate"): ("false", _BOOLEAN),
    (LOGS, "RetentionInDays"): ("7", _DAYS),
    (HEALTH_LOGS, "HealthStreamingEnabled"): ("false", _BOOLEAN),
    (HEALTH_LOGS, "DeleteOnTerminate"): ("false", _BOOLEAN),
    (HEALTH_LOGS, "RetentionInDays"): ("7", _DAYS),
    (XRAY, "XRayEnabled"): ("false", _BOOLEAN),
    (MACHINE, "InstanceType"): ("t3.micro", ()),
    (MACHINE, "IamInstanceProfile"): ("", ()),
    (GROUP, "MinSize"): ("1", ()),
    (GROUP, "MaxSize"): ("4", ()),
    ("aws:elasticbeanstalk:environment", "EnvironmentType"): (
        "LoadBalanced",
        ("LoadBalanced", "SingleInstance"),
    ),
    ("aws:elasticbeanstalk:environment", "ServiceRole"): ("", ()),
    ("aws:elasticbeanstalk:healthreporting:system", "SystemType"): (
        "enhanced",
        ("basic", "enhanced"),
    ),
}

#: The longest file of a bundle that is looked into, bytes.
_SMALL = 100_000

#: Namespaces of which every option is known.
_CLOSED = frozenset({LOGS, HEALTH_LOGS, XRAY})


class ExtensionError(ValueError):
    """A file of .ebextensions that can't be read; the text is the environment's event."""


def defaults() -> Options:
    """What an environment has when nobody says otherwise."""
    return {key: value for key, (value, _) in KNOWN.items() if value}


def given(settings: list[dict[str, Any]] | None) -> Options:
    """OptionSettings of a call as options."""
    return {
        (one.get("Namespace", ""), one.get("OptionName", "")): text(one.get("Value", ""))
        for one in settings or ()
    }


def text(value: Any) -> str:
    """A value as Beanstalk keeps it: YAML's true becomes ``true``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def problems(options: Options) -> list[str]:
    """What is wrong with options, in AWS's words."""
    found = []
    for (namespace, name), value in options.items():
        where = f"(Namespace: '{namespace}', OptionName: '{name}')"
        known = KNOWN.get((namespace, name))
        if known is None:
            if namespace in _CLOSED or not namespace.startswith("aws:"):
                said = f"Invalid option specification {where}: Unknown configuration setting."
                found.append(said)
        elif known[1] and value not in known[1]:
            allowed = ", ".join(known[1])
            found.append(
                f"Invalid option value: '{value}' {where}: Value is not one of the allowed "
                f"values: [{allowed}]"
            )
    return found


def shown(options: Options) -> list[dict[str, str]]:
    """Options as DescribeConfigurationSettings lists them."""
    return [
        {"Namespace": namespace, "OptionName": name, "Value": options[namespace, name]}
        for namespace, name in sorted(options)
    ]


def files_of(bundle: bytes) -> dict[str, str]:
    """The small texts of a source bundle, by path; none for what is no zip file."""
    found: dict[str, str] = {}
    try:
        archive = zipfile.ZipFile(io.BytesIO(bundle))
    except zipfile.BadZipFile:
        return found
    with archive:
        for one in archive.infolist():
            if not one.is_dir() and one.file_size <= _SMALL:
                found[one.filename] = archive.read(one).decode("utf-8", "replace")
    return found


def extensions(bundle: bytes, version: str) -> Options:
    """The options that a source bundle's ``.ebextensions/*.config`` set.

    Raises
    ------
    ExtensionError
        For a bundle that is no zip file, and a file that is neither YAML nor JSON or has no
        sensible ``option_settings``.
    """
    import yaml

    found: Options = {}
    try:
        archive = zipfile.ZipFile(io.BytesIO(bundle))
    except zipfile.BadZipFile:
        raise ExtensionError(f"The source bundle of version {version} is not a zip file.") from None
    with archive:
        names = [n for n in archive.namelist() if n.startswith(".ebextensions/")]
        for name in sorted(n for n in names if n.endswith(".config")):
            where = f"The configuration file {name} in application version {version}"
            try:
                told = yaml.safe_load(archive.read(name).decode("utf-8"))
            except (yaml.YAMLError, UnicodeDecodeError) as problem:
                reason = " ".join(str(problem).split())
                raise ExtensionError(
                    f"{where} contains invalid YAML or JSON. YAML exception: Invalid Yaml: "
                    f"{reason}. Update the configuration file."
                ) from None
            settings = told.get("option_settings") if isinstance(told, dict) else None
            if settings is None:
                continue
            try:
                found |= _settings(settings)
            except (AttributeError, KeyError, TypeError):
                raise ExtensionError(
                    f"{where}: option_settings must be a map of namespaces or a list of "
                    "namespace, option_name, value."
                ) from None
    return found


def _settings(settings: Any) -> Options:
    """Both forms: a map of namespaces, or a list."""
    if isinstance(settings, list):
        return {
            (
                one.get("namespace", "aws:elasticbeanstalk:application:environment"),
                one["option_name"],
            ): text(one["value"])
            for one in settings
        }
    found: Options = {}
    for namespace, options in settings.items():
        found |= {(namespace, name): text(value) for name, value in options.items()}
    return found
