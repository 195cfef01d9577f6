"""Schemas and their versions, searching, exporting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.jsontext import dumps, parse
from labkit.schemas.api.requests import (
    bad,
    conflict,
    forbidden,
    missing,
    page,
    registry_of,
    schema_of,
    shown,
    version_of,
)
from labkit.schemas.engine import inference
from labkit.schemas.records import DRAFT4, OPENAPI, Schema, Version


def _checked(kind: str, content: str) -> str:
    """The content of a schema, as it is stored.

    Raises
    ------
    AwsError
        BadRequestException for what is no document of that kind.
    """
    try:
        document = parse(content)
    except ValueError as why:
        raise bad(f"Content is not valid: {why}.") from None
    if not isinstance(document, dict):
        raise bad("Content is not valid: a schema is a JSON object.")
    if kind == OPENAPI and not (
        str(document.get("openapi", "")).startswith("3.") and "info" in document
    ):
        raise bad("Content is not valid: an OpenApi3 document has openapi 3.x and info.")
    if kind == DRAFT4 and "draft-04" not in str(document.get("$schema", "draft-04")):
        raise bad("Content is not valid: $schema is not that of draft 4.")
    return content


def _told(schema: Schema, version: Version) -> dict[str, Any]:
    return shown(
        {
            "Description": schema.description,
            "LastModified": to_datetime(schema.modified_us),
            "SchemaArn": schema.arn,
            "SchemaName": schema.name,
            "SchemaVersion": str(version.number),
            "Tags": schema.tags,
            "Type": version.kind,
            "VersionCreatedDate": to_datetime(version.created_us),
        }
    )


def create_schema(
    call: Call,
    /,
    *,
    Content: str,
    RegistryName: str,
    SchemaName: str,
    Type: str,
    Description: str = "",
    Tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A schema of one's own, in its first version."""
    store, registry = registry_of(call, RegistryName, writing=True)
    if SchemaName in registry.schemas:
        raise conflict(f"Schema with name {SchemaName} already exists.")
    content = _checked(Type, Content)
    if len(registry.schemas) >= call.quota("schemas.per_registry"):
        raise forbidden("The number of schemas exceeds the maximum allowed.")
    schema = store.add_schema(RegistryName, SchemaName)
    schema.description, schema.tags = Description, dict(Tags or {})
    return _told(schema, store.service.add_version(store, RegistryName, schema, Type, content))


def update_schema(
    call: Call,
    /,
    *,
    RegistryName: str,
    SchemaName: str,
    ClientTokenId: str | None = None,
    Content: str | None = None,
    Description: str | None = None,
    Type: str | None = None,
) -> dict[str, Any]:
    """Change a schema: other content is a new version, the same content is none."""
    store, _, schema = schema_of(call, RegistryName, SchemaName, writing=True)
    version = version_of(schema, None)
    if Content is not None:
        kind = Type or version.kind
        content = _checked(kind, Content)
        if len(schema.versions) >= call.quota("schemas.versions"):
            raise forbidden("The number of versions exceeds the maximum allowed.")
        if (content, kind) != (version.content, version.kind):
            version = store.service.add_version(store, RegistryName, schema, kind, content)
    if Description is not None:
        schema.description = Description
        schema.modified_us = call.now_us
    return _told(schema, version)


def describe_schema(
    call: Call, /, *, RegistryName: str, SchemaName: str, SchemaVersion: str | None = None
) -> dict[str, Any]:
    """A schema and its content, the newest version when nobody says which."""
    _, _, schema = schema_of(call, RegistryName, SchemaName)
    version = version_of(schema, SchemaVersion)
    return {**_told(schema, version), "Content": version.content}


def list_schemas(
    call: Call,
    /,
    *,
    RegistryName: str,
    Limit: int | None = None,
    NextToken: str | None = None,
    SchemaNamePrefix: str = "",
) -> dict[str, Any]:
    """The schemas of a registry, by name."""
    _, registry = registry_of(call, RegistryName)
    names = sorted(name for name in registry.schemas if name.startswith(SchemaNamePrefix))
    found, more = page(names, Limit, NextToken)
    return {
        "Schemas": [
            {
                "LastModified": to_datetime(registry.schemas[name].modified_us),
                "SchemaArn": registry.schemas[name].arn,
                "SchemaName": name,
                "Tags": registry.schemas[name].tags,
                "VersionCount": len(registry.schemas[name].versions),
            }
            for name in found
        ],
        **more,
    }


def list_schema_versions(
    call: Call,
    /,
    *,
    RegistryName: str,
    SchemaName: str,
    Limit: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The versions of a schema, the newest first."""
    _, _, schema = schema_of(call, RegistryName, SchemaName)
    found, more = page(schema.versions[::-1], Limit, NextToken)
    return {
        "SchemaVersions": [
            {
                "SchemaArn": schema.arn,
                "SchemaName": schema.name,
                "SchemaVersion": str(version.number),
                "Type": version.kind,
            }
            for version in found
        ],
        **more,
    }


def delete_schema(call: Call, /, *, RegistryName: str, SchemaName: str) -> dict[str, Any]:
    """Delete a schema with all its versions."""
    _, registry, _ = schema_of(call, RegistryName, SchemaName, writing=True)
    del registry.schemas[SchemaName]
    return {}


def delete_schema_version(
    call: Call, /, *, RegistryName: str, SchemaName: str, SchemaVersion: str
) -> dict[str, Any]:
    """Delete a version; with the last one the schema goes, too."""
    _, registry, schema = schema_of(call, RegistryName, SchemaName, writing=True)
    schema.versions.remove(version_of(schema, SchemaVersion))
    if not schema.versions:
        del registry.schemas[SchemaName]
    return {}


def search_schemas(
    call: Call,
    /,
    *,
    Keywords: str,
    RegistryName: str,
    Limit: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Schemas in whose name or content every keyword stands, whatever its case."""
    _, registry = registry_of(call, RegistryName)
    words = Keywords.lower().split()
    hits = []
    for name, schema in sorted(registry.schemas.items()):
        versions = [
            one
            for one in reversed(schema.versions)
            if all(word in f"{name} {one.content}".lower() for word in words)
        ]
        if versions:
            hits.append((schema, versions))
    found, more = page(hits, Limit, NextToken)
    return {
        "Schemas": [
            {
                "RegistryName": RegistryName,
                "SchemaArn": schema.arn,
                "SchemaName": schema.name,
                "SchemaVersions": [
                    {
                        "CreatedDate": to_datetime(one.created_us),
                        "SchemaVersion": str(one.number),
                        "Type": one.kind,
                    }
                    for one in versions
                ],
            }
            for schema, versions in found
        ],
        **more,
    }


def export_schema(
    call: Call,
    /,
    *,
    RegistryName: str,
    SchemaName: str,
    Type: str,
    SchemaVersion: str | None = None,
) -> dict[str, Any]:
    """An OpenApi3 schema of an event as JSON Schema draft 4."""
    _, _, schema = schema_of(call, RegistryName, SchemaName)
    version = version_of(schema, SchemaVersion)
    if Type != DRAFT4:
        raise bad(f"Schemas are exported as {DRAFT4} only.")
    content = version.content
    if version.kind == OPENAPI:
        document = parse(content)
        if not document.get("components", {}).get("schemas"):
            raise missing(f"Schema {SchemaName} has no components that could be exported.")
        content = dumps(inference.draft4(document))
    return {
        "Content": content,
        "SchemaArn": schema.arn,
        "SchemaName": schema.name,
        "SchemaVersion": str(version.number),
        "Type": DRAFT4,
    }
