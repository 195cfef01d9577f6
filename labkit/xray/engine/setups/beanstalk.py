"""Elastic Beanstalk: one option in ``.ebextensions/*.config``, and the instance profile.

Sources: X-Ray developer guide, "Running the X-Ray daemon on AWS Elastic Beanstalk"; Elastic
Beanstalk developer guide, "Advanced environment customization with configuration files
(.ebextensions)".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from labkit.core.verdict import Verdict
from labkit.xray.engine.setups.finding import Finding, permissions

FOLDER, ENDING = ".ebextensions/", ".config"
NAMESPACE, OPTION = "aws:elasticbeanstalk:xray", "XRayEnabled"


def explain(
    files: Mapping[str, str],
    role: str,
    allowed: Collection[str] | None = None,
    *,
    options: Mapping[tuple[str, str], str] | None = None,
    platform: str = "",
) -> Verdict[bool]:
    """Whether traces of a program in an environment arrive.

    Parameters
    ----------
    files:
        Path in the source bundle -> text.
    role:
        Of the environment's instance profile; empty without one.
    allowed:
        The X-Ray actions that the role may do; None when that is not known.
    options:
        (namespace, name) -> value as the environment itself was given; they go before the files.
    platform:
        The solution stack's name.
    """
    finding = Finding()
    if "multi-container docker" in platform.lower() or "multicontainer" in platform.lower():
        finding.wrong(
            "platform", "Multicontainer Docker has no daemon: it runs as a container of its own"
        )
    direct = (options or {}).get((NAMESPACE, OPTION))
    if direct is not None:
        _value(finding, direct, "the environment's own option")
    else:
        _of_files(finding, files)
    permissions(finding, role, allowed, "the role of the instance profile")
    return finding.verdict()


def _of_files(finding: Finding, files: Mapping[str, str]) -> None:
    read = {
        path: text
        for path, text in sorted(files.items())
        if path.startswith(FOLDER) and "/" not in path[len(FOLDER) :] and path.endswith(ENDING)
    }
    value, where = None, ""
    for path, text in read.items():
        tree, problem = parsed(text)
        if problem:
            finding.wrong("file", f"{path} is neither YAML nor JSON: {problem}")
            continue
        found = setting(tree)
        if found is not None:
            value, where = found, path
    if value is not None:
        _value(finding, value, where)
    elif not finding.mistakes:
        _look_around(finding, files, read)


def _value(finding: Finding, value: Any, where: str) -> None:
    if value is True or value == "true":
        finding.good("daemon", f"{where} says {OPTION}: true: the platform starts its daemon")
    elif value is False or value == "false":
        finding.wrong("option", f"{where} says {OPTION}: false", value=value)
    else:
        finding.wrong("option", f"{where} says {OPTION}: {value!r}; true or false is allowed")


def _look_around(finding: Finding, files: Mapping[str, str], read: Mapping[str, str]) -> None:
    """No file that is read turns the daemon on: is there one that was meant to?"""
    for path, text in sorted(files.items()):
        tree, _ = parsed(text)
        if path in read:
            found = _misspelt(tree)
            if found:
                finding.wrong("option", f"{path}: {found}")
                return
        elif setting(tree) is not None or OPTION.lower() in text.lower():
            why = f"it must end in {ENDING}"
            if not path.startswith(FOLDER):
                why = f"it must lie in {FOLDER} at the root of the bundle"
            elif "/" in path[len(FOLDER) :]:
                why = f"files in folders below {FOLDER} are passed over"
            finding.wrong("file name", f"{path} is not read: {why}", path=path)
            return
    finding.wrong(
        "daemon",
        f"nobody turns the daemon on: no {FOLDER}*{ENDING} says {NAMESPACE}: {OPTION}: true",
        files=sorted(files),
    )


def parsed(text: str) -> tuple[Any, str]:
    """A file's document (YAML, of which JSON is a part), and why there is none."""
    import yaml

    try:
        return yaml.safe_load(text), ""
    except (yaml.YAMLError, RecursionError) as problem:
        return None, " ".join(str(problem).split())[:200]


def setting(tree: Any) -> Any:
    """The option's value in a document, in either form of ``option_settings``; None if not set."""
    settings = tree.get("option_settings") if isinstance(tree, dict) else None
    if isinstance(settings, dict):
        inner = settings.get(NAMESPACE)
        if isinstance(inner, dict):
            return inner.get(OPTION)
    if isinstance(settings, list):
        for one in settings:
            named = (NAMESPACE, OPTION)
            if isinstance(one, dict) and (one.get("namespace"), one.get("option_name")) == named:
                return one.get("value")
    return None


def _misspelt(tree: Any) -> str:
    """What is nearly the option."""
    if not isinstance(tree, dict):
        return ""
    if "option_settings" not in tree:
        return f"there is no option_settings in it, only {', '.join(map(str, tree)) or 'nothing'}"
    settings = tree["option_settings"]
    for namespace, inner in settings.items() if isinstance(settings, dict) else ():
        if str(namespace).lower() == NAMESPACE and isinstance(inner, dict):
            named = ", ".join(map(str, inner))
            return f"the option is called {OPTION}, not {named}"
        if "xray" in str(namespace).lower():
            return f"the namespace is {NAMESPACE}, not {namespace}"
    return ""
