"""Code bindings: classes of a schema, as a zip of source files.

Python classes know their own fields, read themselves from a decoded event (``from_dict``) and go
back into one (``to_dict``). TypeScript gets interfaces. The zip's bytes depend on the schema alone.
"""

from __future__ import annotations

import io
import keyword
import re
import zipfile
from collections.abc import Mapping
from typing import Any

PYTHON, TYPESCRIPT = "Python36", "TypeScript3"
LANGUAGES = (PYTHON, TYPESCRIPT)

_PYTHON_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_SCRIPT_TYPES = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean",
}  # fmt: skip


def binding(language: str, name: str, schemas: Mapping[str, Any]) -> bytes:
    """The zip of a schema's code.

    Parameters
    ----------
    language:
        One of :data:`LANGUAGES`.
    name:
        The schema's name, which gives the package its own.
    schemas:
        Its components: name -> object schema.
    """
    package = "schema/" + re.sub(r"[^A-Za-z0-9/]", "_", name.replace("@", "/").replace(".", "/"))
    if language == PYTHON:
        sources = {f"{package.lower()}/__init__.py": _python(schemas)}
    else:
        sources = {f"{package}/index.ts": _script(schemas)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sources.items():
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()


# -- Python ----------------------------------------------------------------------------------------
def python_name(key: str) -> str:
    """A member's name as an identifier: ``instance-id`` -> ``instance_id``."""
    name = re.sub(r"\W", "_", key) or "_"
    if name[0].isdigit() or keyword.iskeyword(name):
        name = f"_{name}"
    return name


def _python(schemas: Mapping[str, Any]) -> str:
    lines = [
        '"""Made from a schema of the registry: do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from dataclasses import dataclass",
        "from typing import Any, ClassVar",
    ]
    for name, schema in schemas.items():
        lines += _python_class(name, schema)
    return "\n".join(lines) + "\n"


def _python_class(name: str, schema: Mapping[str, Any]) -> list[str]:
    members = schema.get("properties", {})
    needed = set(schema.get("required", ()))
    ordered = sorted(members, key=lambda key: key not in needed)
    lines = ["", "", "@dataclass", f"class {name}:"]
    for key in ordered:
        kind = _python_type(members[key])
        optional = "" if key in needed else " | None = None"
        lines.append(f"    {python_name(key)}: {kind}{optional}")
    keys = ", ".join(f"{python_name(key)!r}: {key!r}" for key in ordered)
    lines += [
        f"    _keys: ClassVar[dict[str, str]] = {{{keys}}}",
        "",
        "    @classmethod",
        f"    def from_dict(cls, data: dict[str, Any]) -> {name}:",
        "        return cls(",
    ]
    for key in ordered:
        read = f"data[{key!r}]" if key in needed else f"data.get({key!r})"
        inner = _reference(members[key])
        if inner:
            read = (
                f"{inner}.from_dict({read})"
                if key in needed
                else f"{inner}.from_dict(data[{key!r}]) if {key!r} in data else None"
            )
        lines.append(f"            {python_name(key)}={read},")
    return [
        *lines,
        "        )",
        "",
        "    def to_dict(self) -> dict[str, Any]:",
        "        found = {}",
        "        for name, key in self._keys.items():",
        "            value = getattr(self, name)",
        "            if value is not None:",
        '                found[key] = value.to_dict() if hasattr(value, "to_dict") else value',
        "        return found",
    ]


def _reference(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _python_type(schema: Mapping[str, Any]) -> str:
    if _reference(schema):
        return _reference(schema)
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_python_type(schema.get('items') or {})}]"
    return _PYTHON_TYPES.get(kind if isinstance(kind, str) else "", "Any")


# -- TypeScript ------------------------------------------------------------------------------------
def _script(schemas: Mapping[str, Any]) -> str:
    lines = ["// Made from a schema of the registry: do not edit."]
    for name, schema in schemas.items():
        needed = set(schema.get("required", ()))
        lines += ["", f"export interface {name} {{"]
        for key, one in schema.get("properties", {}).items():
            lines.append(f"  {key!r}{'' if key in needed else '?'}: {_script_type(one)};")
        lines.append("}")
    return "\n".join(lines) + "\n"


def _script_type(schema: Mapping[str, Any]) -> str:
    if _reference(schema):
        return _reference(schema)
    kind = schema.get("type")
    if kind == "array":
        return f"{_script_type(schema.get('items') or {})}[]"
    return _SCRIPT_TYPES.get(kind if isinstance(kind, str) else "", "unknown")
