"""A build as CodeBuild remembers it, and how a new one follows from its project and its call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labkit.backing.codebuild_spec import Ran, Spec

#: Parameters of StartBuild -> where they go in the build.
_OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "buildspecOverride": ("source", "buildspec"),
    "environmentTypeOverride": ("environment", "type"),
    "imageOverride": ("environment", "image"),
    "computeTypeOverride": ("environment", "computeType"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
}


@dataclass(slots=True)
class Build:
    """One build: what BatchGetBuilds shows, and what only the builder knows."""

    account: str
    region: str
    shown: dict[str, Any]
    variables: dict[str, str]
    spec: Spec | None = None
    moves: int = 0
    ran: Ran | None = None
    deadline_us: int = 0
    logs: tuple[str, str] | None = None
    failed: bool = False
    lines: list[Any] = field(default_factory=list)


def new_build(
    account: str,
    region: str,
    project: dict[str, Any],
    unique: str,
    number: int,
    initiator: str,
    overrides: dict[str, Any],
) -> Build:
    """A build that is about to begin: of a project, its number, StartBuild's overrides."""
    name = project["name"]
    shown: dict[str, Any] = {
        "id": f"{name}:{unique}",
        "arn": f"arn:aws:codebuild:{region}:{account}:build/{name}:{unique}",
        "buildNumber": number,
        "buildStatus": "IN_PROGRESS",
        "projectName": name,
        "phases": [],
        "source": dict(project["source"]),
        "artifacts": _artifacts(overrides.get("artifactsOverride") or project["artifacts"]),
        "cache": project["cache"],
        "environment": dict(project["environment"]),
        "serviceRole": overrides.get("serviceRoleOverride") or project["serviceRole"],
        "timeoutInMinutes": overrides.get("timeoutInMinutesOverride")
        or project["timeoutInMinutes"],
        "queuedTimeoutInMinutes": project["queuedTimeoutInMinutes"],
        "buildComplete": False,
        "initiator": initiator,
        "encryptionKey": project["encryptionKey"],
    }
    version = overrides.get("sourceVersion") or project.get("sourceVersion")
    if version:
        shown["sourceVersion"] = version
    for parameter, (part, member) in _OVERRIDES.items():
        if overrides.get(parameter) is not None:
            shown[part][member] = overrides[parameter]
    given = {one["name"]: one for one in shown["environment"].get("environmentVariables") or ()}
    given |= {one["name"]: one for one in overrides.get("environmentVariablesOverride") or ()}
    shown["environment"]["environmentVariables"] = list(given.values())
    build = Build(account, region, shown, {one["name"]: one["value"] for one in given.values()})
    build.variables |= {
        "CODEBUILD_BUILD_ID": shown["id"],
        "CODEBUILD_BUILD_ARN": shown["arn"],
        "CODEBUILD_BUILD_NUMBER": str(number),
        "CODEBUILD_INITIATOR": initiator,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    settings = (overrides.get("logsConfigOverride") or project.get("logsConfig") or {}).get(
        "cloudWatchLogs"
    ) or {"status": "ENABLED"}
    if settings.get("status") != "DISABLED":
        group = settings.get("groupName") or f"/aws/codebuild/{name}"
        stream = f"{settings['streamName']}/{unique}" if settings.get("streamName") else unique
        build.logs = (group, stream)
        shown["logs"] = {
            "groupName": group,
            "streamName": stream,
            "cloudWatchLogsArn": f"arn:aws:logs:{region}:{account}:log-group:{group}"
            f":log-stream:{stream}",
            "deepLink": f"https://console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logsV2:log-groups/log-group/{group.replace('/', '$252F')}/log-events/"
            f"{stream.replace('/', '$252F')}",
            "cloudWatchLogs": settings,
        }
    return build


def _artifacts(given: dict[str, Any]) -> dict[str, Any]:
    """A project's artifacts as a build shows them."""
    if given.get("type") != "S3":
        return {"location": ""}
    path = "/".join(filter(None, (given.get("path"), given.get("name"))))
    return {"location": f"arn:aws:s3:::{given['location']}/{path}".rstrip("/")}
