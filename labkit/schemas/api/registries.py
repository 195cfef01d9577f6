"""Registries, their policies, and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps, parse
from labkit.schemas.api.requests import (
    bad,
    conflict,
    forbidden,
    missing,
    page,
    registry_of,
    shown,
)
from labkit.schemas.records import AWS, DISCOVERED, Registry
from labkit.schemas.store import Store


def _told(registry: Registry) -> dict[str, Any]:
    return shown(
        {
            "Description": registry.description,
            "RegistryArn": registry.arn,
            "RegistryName": registry.name,
            "Tags": registry.tags,
        }
    )


def create_registry(
    call: Call,
    /,
    *,
    RegistryName: str,
    Description: str = "",
    Tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A registry of one's own."""
    store: Store = call.store
    if RegistryName in store.registries:
        raise conflict(f"Registry with name {RegistryName} already exists.")
    if RegistryName.startswith("aws."):
        raise bad("A registry's name does not begin with aws.: that is AWS's own.")
    if len(store.registries) - 2 >= call.quota("registries.per_account"):
        raise forbidden("The number of registries exceeds the maximum allowed.")
    registry = store.add_registry(RegistryName)
    registry.description, registry.tags = Description, dict(Tags or {})
    return _told(registry)


def describe_registry(call: Call, /, *, RegistryName: str) -> dict[str, Any]:
    """A registry."""
    return _told(registry_of(call, RegistryName)[1])


def list_registries(
    call: Call,
    /,
    *,
    Limit: int | None = None,
    NextToken: str | None = None,
    RegistryNamePrefix: str = "",
    Scope: str | None = None,
) -> dict[str, Any]:
    """The registries by name; of the scope LOCAL or AWS only."""
    store: Store = call.store
    if Scope not in (None, "LOCAL", "AWS"):
        raise bad("Scope is LOCAL or AWS.")
    names = [
        name
        for name in sorted(store.registries)
        if name.startswith(RegistryNamePrefix)
        and (Scope is None or (Scope == "AWS") == (name == AWS))
    ]
    found, more = page(names, Limit, NextToken)
    told = [_told(store.registries[name]) for name in found]
    for one in told:
        one.pop("Description", None)
    return {"Registries": told, **more}


def update_registry(
    call: Call, /, *, RegistryName: str, Description: str | None = None
) -> dict[str, Any]:
    """Change a registry's description."""
    _, registry = registry_of(call, RegistryName, writing=True)
    if Description is not None:
        registry.description = Description
    return _told(registry)


def delete_registry(call: Call, /, *, RegistryName: str) -> dict[str, Any]:
    """Delete a registry that holds no schema any more."""
    store, registry = registry_of(call, RegistryName, writing=True)
    if RegistryName == DISCOVERED:
        raise forbidden(f"The registry {DISCOVERED} can't be deleted.")
    if registry.schemas:
        raise bad(f"Registry {RegistryName} still has schemas: delete them first.")
    del store.registries[RegistryName]
    return {}


# -- policies
def get_resource_policy(call: Call, /, *, RegistryName: str | None = None) -> dict[str, Any]:
    """Who else may use a registry."""
    _, registry = registry_of(call, RegistryName or DISCOVERED)
    if not registry.policy:
        raise missing(f"Registry {registry.name} has no resource policy.")
    return {"Policy": registry.policy, "RevisionId": registry.revision}


def put_resource_policy(
    call: Call,
    /,
    *,
    Policy: str,
    RegistryName: str | None = None,
    RevisionId: str | None = None,
) -> dict[str, Any]:
    """Say who else may use a registry; a RevisionId must be that of the policy there is."""
    _, registry = registry_of(call, RegistryName or DISCOVERED, writing=True)
    if RevisionId is not None and RevisionId != registry.revision:
        raise AwsError(
            "PreconditionFailedException", "RevisionId is not that of the policy.", status=412
        )
    try:
        document = parse(Policy)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise bad("Policy is no policy document.")
    registry.policy, registry.revision = dumps(document), call.ids.uuid()
    return {"Policy": registry.policy, "RevisionId": registry.revision}


def delete_resource_policy(call: Call, /, *, RegistryName: str | None = None) -> dict[str, Any]:
    """Take a registry's policy away."""
    _, registry = registry_of(call, RegistryName or DISCOVERED, writing=True)
    registry.policy = registry.revision = ""
    return {}


# -- tags
def _tagged(call: Call, arn: str) -> dict[str, str]:
    store: Store = call.store
    kind, _, rest = arn.split(":", 5)[-1].partition("/")
    registry, _, name = rest.partition("/")
    if kind == "registry" and rest in store.registries:
        return store.registries[rest].tags
    if kind == "schema" and name in getattr(store.registries.get(registry), "schemas", {}):
        return store.registries[registry].schemas[name].tags
    if kind == "discoverer" and rest in store.discoverers:
        return store.discoverers[rest].tags
    raise missing(f"There is no {arn}.")


def tag_resource(call: Call, /, *, ResourceArn: str, Tags: Mapping[str, str]) -> dict[str, Any]:
    """Give a registry, a schema or a discoverer tags."""
    _tagged(call, ResourceArn).update(Tags)
    return {}


def untag_resource(call: Call, /, *, ResourceArn: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags away."""
    tags = _tagged(call, ResourceArn)
    for key in TagKeys:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(call: Call, /, *, ResourceArn: str) -> dict[str, Any]:
    """The tags of a registry, a schema or a discoverer."""
    return {"Tags": dict(_tagged(call, ResourceArn))}
