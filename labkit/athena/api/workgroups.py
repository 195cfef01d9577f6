"""Work groups: where results go, how much a query may read; tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from labkit.athena.api.requests import bad, group_of, page
from labkit.athena.records import ENGINE, PRIMARY, WorkGroup
from labkit.athena.store import Store
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError

_VERSIONS = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE}
_LEAST_CUTOFF = 10_000_000


def _checked(configuration: Mapping[str, Any]) -> dict[str, Any]:
    output = configuration.get("ResultConfiguration", {}).get("OutputLocation", "")
    if output and not output.startswith("s3://"):
        raise bad("outputLocation is not a valid S3 path.")
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < _LEAST_CUTOFF:
        raise bad("BytesScannedCutoffPerQuery must be at least 10000000 bytes (10 MB).")
    return deepcopy(dict(configuration))


def create_work_group(
    call: Call,
    /,
    *,
    Name: str,
    Configuration: Mapping[str, Any] | None = None,
    Description: str = "",
    Tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """A work group of one's own."""
    store: Store = call.store
    if Name in store.workgroups:
        raise bad(f"WorkGroup {Name} already exists")
    settings = {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
    } | _checked(Configuration or {})
    tags = {one["Key"]: one.get("Value", "") for one in Tags}
    store.workgroups[Name] = WorkGroup(
        Name, settings, Description, tags=tags, created_us=call.now_us
    )
    return {}


def get_work_group(call: Call, /, *, WorkGroup: str) -> dict[str, Any]:
    """A work group."""
    group = group_of(call, WorkGroup)
    settings = {"EngineVersion": dict(_VERSIONS)} | deepcopy(group.configuration)
    told: dict[str, Any] = {
        "Name": group.name,
        "State": group.state,
        "Configuration": settings,
        "CreationTime": to_datetime(group.created_us),
    }
    if group.description:
        told["Description"] = group.description
    return {"WorkGroup": told}


def list_work_groups(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The work groups by name."""
    store: Store = call.store
    found, more = page(sorted(store.workgroups), MaxResults, NextToken, 50)
    told = [
        {
            "Name": name,
            "State": store.workgroups[name].state,
            "Description": store.workgroups[name].description,
            "CreationTime": to_datetime(store.workgroups[name].created_us),
            "EngineVersion": dict(_VERSIONS),
        }
        for name in found
    ]
    return {"WorkGroups": told, **more}


def update_work_group(
    call: Call,
    /,
    *,
    WorkGroup: str,
    Description: str | None = None,
    ConfigurationUpdates: Mapping[str, Any] | None = None,
    State: str | None = None,
) -> dict[str, Any]:
    """Change a work group."""
    group = group_of(call, WorkGroup)
    updates = dict(ConfigurationUpdates or {})
    settings = deepcopy(group.configuration)
    results = updates.pop("ResultConfigurationUpdates", None)
    if results is not None:
        kept = dict(settings.get("ResultConfiguration", {}))
        for name, value in results.items():
            if name.startswith("Remove"):
                if value:
                    kept.pop(name.removeprefix("Remove"), None)
            else:
                kept[name] = value
        settings["ResultConfiguration"] = kept
    if updates.pop("RemoveBytesScannedCutoffPerQuery", False):
        settings.pop("BytesScannedCutoffPerQuery", None)
    group.configuration = _checked(settings | updates)
    group.description = group.description if Description is None else Description
    group.state = State or group.state
    return {}


def delete_work_group(
    call: Call, /, *, WorkGroup: str, RecursiveDeleteOption: bool = False
) -> dict[str, Any]:
    """Delete a work group; with what it holds only when asked to."""
    store: Store = call.store
    if WorkGroup == PRIMARY:
        raise bad("The primary workgroup cannot be deleted.")
    group_of(call, WorkGroup)
    named = [one for one in store.named.values() if one.workgroup == WorkGroup]
    runs = [one for one in store.executions.values() if one.workgroup == WorkGroup]
    if (named or runs) and not RecursiveDeleteOption:
        raise bad(f"WorkGroup {WorkGroup} is not empty")
    for saved in named:
        del store.named[saved.id]
    for run in runs:
        store.service.stop(store, run)
        del store.executions[run.id]
    for key in [key for key in store.prepared if key[0] == WorkGroup]:
        del store.prepared[key]
    del store.workgroups[WorkGroup]
    return {}


def list_engine_versions(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The engines that there are."""
    known = [
        dict(_VERSIONS),
        {"SelectedEngineVersion": ENGINE, "EffectiveEngineVersion": ENGINE},
    ]
    return {"EngineVersions": known}


def _tagged(call: Call, arn: str) -> WorkGroup:
    store: Store = call.store
    _, _, name = arn.partition(":workgroup/")
    group = store.workgroups.get(name)
    if group is None:
        raise AwsError("ResourceNotFoundException", f"Resource {arn} was not found")
    return group


def tag_resource(
    call: Call, /, *, ResourceARN: str, Tags: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Tag a work group."""
    _tagged(call, ResourceARN).tags.update({one["Key"]: one.get("Value", "") for one in Tags})
    return {}


def untag_resource(call: Call, /, *, ResourceARN: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags from a work group."""
    tags = _tagged(call, ResourceARN).tags
    for key in TagKeys:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(
    call: Call,
    /,
    *,
    ResourceARN: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The tags of a work group."""
    pairs = sorted(_tagged(call, ResourceARN).tags.items())
    found, more = page(pairs, MaxResults, NextToken, 75)
    return {"Tags": [{"Key": key, "Value": value} for key, value in found], **more}
