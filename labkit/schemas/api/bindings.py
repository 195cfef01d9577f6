"""Code bindings: asked for, made a moment later, fetched as a zip."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime
from labkit.core.jsontext import parse
from labkit.schemas.api.requests import bad, missing, schema_of, version_of
from labkit.schemas.engine import bindings
from labkit.schemas.records import OPENAPI, Version

#: How long the making takes.
_MAKING_US = 5 * SECOND


def _version(call: Call, language: str, registry: str, name: str, number: str | None) -> Version:
    if language not in bindings.LANGUAGES:
        raise bad(
            f"Language {language} is not supported: labkit makes code bindings for "
            f"{' and '.join(bindings.LANGUAGES)}."
        )
    version = version_of(schema_of(call, registry, name)[2], number)
    if version.kind != OPENAPI:
        raise bad("Code bindings are made of OpenApi3 schemas only.")
    return version


def _told(call: Call, language: str, version: Version) -> dict[str, Any]:
    asked = version.bindings.get(language)
    if asked is None:
        raise missing(f"There is no code binding for {language}: ask for one first.")
    done = call.now_us >= asked + _MAKING_US
    return {
        "CreationDate": to_datetime(asked),
        "LastModified": to_datetime(asked + _MAKING_US if done else asked),
        "SchemaVersion": str(version.number),
        "Status": "CREATE_COMPLETE" if done else "CREATE_IN_PROGRESS",
    }


def put_code_binding(
    call: Call,
    /,
    *,
    Language: str,
    RegistryName: str,
    SchemaName: str,
    SchemaVersion: str | None = None,
) -> dict[str, Any]:
    """Let classes of a schema be made; it takes five seconds."""
    version = _version(call, Language, RegistryName, SchemaName, SchemaVersion)
    version.bindings.setdefault(Language, call.now_us)
    return _told(call, Language, version)


def describe_code_binding(
    call: Call,
    /,
    *,
    Language: str,
    RegistryName: str,
    SchemaName: str,
    SchemaVersion: str | None = None,
) -> dict[str, Any]:
    """How far a code binding is."""
    version = _version(call, Language, RegistryName, SchemaName, SchemaVersion)
    return _told(call, Language, version)


def get_code_binding_source(
    call: Call,
    /,
    *,
    Language: str,
    RegistryName: str,
    SchemaName: str,
    SchemaVersion: str | None = None,
) -> dict[str, Any]:
    """A finished code binding as a zip of source files."""
    version = _version(call, Language, RegistryName, SchemaName, SchemaVersion)
    if _told(call, Language, version)["Status"] != "CREATE_COMPLETE":
        raise missing("The code binding is being made: look again in a few seconds.")
    components = parse(version.content).get("components", {}).get("schemas", {})
    return {"Body": bindings.binding(Language, SchemaName, components)}
