"""What an event looks like, as JSON Schema and as AWS writes it in a registry.

The types of an event's detail are inferred by genson, which also merges what further events add:
a field that one of them lacks is required no longer, one with two types has both. From that comes
the OpenAPI document that AWS keeps: the envelope as ``AWSEvent``, each object of the detail as a
component of its own, named after its key.

Source: EventBridge user guide, eb-schema and "Schema inference"; the document of
``aws.ec2@EC2InstanceStateChangeNotification`` (aws-semantics 5.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from labkit.core.jsontext import dumps, parse

#: Deeper levels of an event are not looked at.
_DEEPEST = 255
_REQUIRED = ("detail-type", "resources", "detail", "id", "source", "time", "region", "version",
             "account")  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_WORD = re.compile(r"[A-Za-z0-9]+")


def camel(text: str) -> str:
    """``EC2 Instance State-change Notification`` -> ``EC2InstanceStateChangeNotification``."""
    return "".join(word[:1].upper() + word[1:] for word in _WORD.findall(text))


def schema_name(source: str, detail_type: str) -> str:
    """What the discovered schema of such events is called."""
    return f"{source}@{camel(detail_type)}"


def shape(value: Any, depth: int = 0) -> Any:
    """A value with its types in place of its values: equal shapes have equal schemas."""
    if depth > _DEEPEST:
        return "deep"
    if isinstance(value, Mapping):
        return {name: shape(value[name], depth + 1) for name in sorted(value)}
    if isinstance(value, list):
        return sorted({dumps(shape(one, depth + 1)) for one in value})
    if isinstance(value, str):
        return "time" if _TIME.fullmatch(value) else "text"
    return type(value).__name__


def shape_key(event: Mapping[str, Any]) -> str:
    """A short hash of the shape of an event's detail."""
    return blake2b(dumps(shape(event.get("detail"))).encode(), digest_size=8).hexdigest()


def merged(before: Mapping[str, Any] | None, details: Iterable[Any]) -> dict[str, Any]:
    """The JSON Schema of details, those that an earlier one covers included."""
    from genson import SchemaBuilder

    builder = SchemaBuilder(schema_uri=None)
    if before is not None:
        builder.add_schema(dict(before))
    for detail in details:
        builder.add_object(_timed(detail))
    found: dict[str, Any] = builder.to_schema()
    return found


def _timed(value: Any, depth: int = 0) -> Any:
    """A value cut at the deepest level that is looked at."""
    if depth > _DEEPEST:
        return {}
    if isinstance(value, Mapping):
        return {name: _timed(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_timed(one, depth + 1) for one in value]
    return value


def openapi(source: str, detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """AWS's document of such events.

    Parameters
    ----------
    source, detail_type:
        Of the events.
    detail:
        The JSON Schema of their details.
    """
    title = camel(detail_type)
    components: dict[str, Any] = {}
    text = {"type": "string"}
    components["AWSEvent"] = {
        "type": "object",
        "required": list(_REQUIRED),
        "x-amazon-events-detail-type": detail_type,
        "x-amazon-events-source": source,
        "properties": {
            "detail": {"$ref": f"#/components/schemas/{title}"},
            "detail-type": text,
            "resources": {"type": "array", "items": text},
            "id": text,
            "source": text,
            "time": {"type": "string", "format": "date-time"},
            "region": text,
            "version": text,
            "account": text,
        },
    }
    _component(title, detail, components)
    return {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": title},
        "paths": {},
        "components": {"schemas": components},
    }


def _component(name: str, schema: Mapping[str, Any], components: dict[str, Any]) -> str:
    """Put an object's schema among the components; the name under which it lies there."""
    made: dict[str, Any] = {"type": "object"}
    if schema.get("required"):
        made["required"] = list(schema["required"])
    components[name] = made  # its place is before those of its members
    made["properties"] = {
        key: _property(key, one, components) for key, one in schema.get("properties", {}).items()
    }
    return name


def _property(key: str, schema: Mapping[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if kind == "object" and schema.get("properties"):
        name = camel(key) or "Item"
        free, count = name, 1
        while free in components:
            count += 1
            free = f"{name}{count}"
        return {"$ref": f"#/components/schemas/{_component(free, schema, components)}"}
    if kind == "array":
        items = schema.get("items") or {}
        return {"type": "array", "items": _property(f"{key}Item", items, components)}
    if kind == "null":
        return {"nullable": True}
    if isinstance(kind, list):
        kinds = [one for one in kind if one != "null"]
        told: dict[str, Any] = (
            {"type": kinds[0]} if len(kinds) == 1 else {"oneOf": [{"type": one} for one in kinds]}
        )
        return {**told, "nullable": True} if "null" in kind else told
    return {"type": kind} if kind else {"type": "object"}


def draft4(document: Mapping[str, Any]) -> dict[str, Any]:
    """An OpenAPI document of the registry as JSON Schema draft 4."""
    schemas = parse(
        dumps(document["components"]["schemas"]).replace("#/components/schemas/", "#/definitions/")
    )
    top = schemas.pop("AWSEvent", {"type": "object"})
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": document.get("info", {}).get("title", ""),
        "definitions": _nullable(schemas),
        **_nullable(top),
    }


def _nullable(value: Any) -> Any:
    """OpenAPI's ``nullable`` as draft 4 has it: the type ``null`` among the types."""
    if isinstance(value, list):
        return [_nullable(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _nullable(one) for name, one in value.items() if name != "nullable"}
    if value.get("nullable"):
        kind = found.get("type")
        found["type"] = [kind, "null"] if kind else "null"
    return found
