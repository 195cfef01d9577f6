"""What Elastic Beanstalk remembers, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labkit.backing.beanstalk_options import Options
from labkit.core.clock import to_datetime


@dataclass(slots=True)
class Version:
    """An application version: a label on a source bundle."""

    application: str
    label: str
    bundle: dict[str, Any]
    description: str
    created_us: int


@dataclass(slots=True)
class Environment:
    """An environment. ``asked`` are the options of calls, ``options`` all that are in force."""

    account: str
    region: str
    application: str
    name: str
    id: str
    version: str
    stack: str
    cname: str
    description: str
    asked: Options
    created_us: int
    changed_us: int
    tags: dict[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=dict)
    machines: list[str] = field(default_factory=list)
    status: str = "Launching"
    health: str = "Grey"
    moves: int = 0

    @property
    def arn(self) -> str:
        """``arn:aws:elasticbeanstalk:region:account:environment/application/name``."""
        return (
            f"arn:aws:elasticbeanstalk:{self.region}:{self.account}:environment/"
            f"{self.application}/{self.name}"
        )


@dataclass(slots=True)
class Application:
    """An application with its versions and environments."""

    account: str
    region: str
    name: str
    description: str
    created_us: int
    versions: dict[str, Version] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)


def application_shown(one: Application) -> dict[str, Any]:
    """ApplicationDescription."""
    arn = f"arn:aws:elasticbeanstalk:{one.region}:{one.account}:application/{one.name}"
    return {
        "ApplicationArn": arn,
        "ApplicationName": one.name,
        "Description": one.description,
        "DateCreated": to_datetime(one.created_us),
        "DateUpdated": to_datetime(one.created_us),
        "Versions": list(one.versions),
        "ConfigurationTemplates": [],
    }


def version_shown(one: Version, account: str, region: str) -> dict[str, Any]:
    """ApplicationVersionDescription."""
    shown: dict[str, Any] = {
        "ApplicationVersionArn": f"arn:aws:elasticbeanstalk:{region}:{account}:applicationversion/"
        f"{one.application}/{one.label}",
        "ApplicationName": one.application,
        "VersionLabel": one.label,
        "Description": one.description,
        "DateCreated": to_datetime(one.created_us),
        "DateUpdated": to_datetime(one.created_us),
        "Status": "PROCESSED",
    }
    if one.bundle:
        shown["SourceBundle"] = dict(one.bundle)
    return shown


def environment_shown(one: Environment) -> dict[str, Any]:
    """EnvironmentDescription; without what it does not have."""
    shown: dict[str, Any] = {
        "EnvironmentName": one.name,
        "EnvironmentId": one.id,
        "EnvironmentArn": one.arn,
        "ApplicationName": one.application,
        "VersionLabel": one.version,
        "SolutionStackName": one.stack,
        "Description": one.description,
        "CNAME": one.cname,
        "EndpointURL": one.cname if one.machines else "",
        "DateCreated": to_datetime(one.created_us),
        "DateUpdated": to_datetime(one.changed_us),
        "Status": one.status,
        "AbortableOperationInProgress": one.status == "Updating",
        "Health": one.health,
        "HealthStatus": "Ok" if one.health == "Green" else "NoData",
        "Tier": {"Name": "WebServer", "Type": "Standard", "Version": "1.0"},
        "EnvironmentLinks": [],
    }
    return {key: value for key, value in shown.items() if value != ""}
