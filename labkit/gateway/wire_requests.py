"""From the bytes of a request to an operation's parameters, by the service's model.

botocore's serialisers are the client's side; this is the other one. For each operation and protocol
a reader is compiled once from the input shape (compare :mod:`labkit.gateway.codec`) and then walks
the decoded body: a tree for json and cbor, dotted names for query and ec2, elements for XML. The
rest protocols spread parameters over path, query, headers and body.

A *strict* reader (operations of our own) refuses what does not fit the model as AWS does; a lenient
one (a backed service, whose answer comes from the very bytes) leaves out what it can't read, since
its parameters serve the records only.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from labkit.core.errors import AwsError
from labkit.gateway.wire_services import CBOR, EC2, JSON, QUERY, REST_JSON

Read = Callable[[Any], Any]

_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LIMITS = {"integer": 2**31, "long": 2**63}


def bad_input(text: str) -> AwsError:
    """What AWS answers for a body that can't be read."""
    return AwsError("SerializationException", text)


def form_of(body: bytes) -> dict[str, str]:
    """A form's fields; of a repeated one the last."""
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100_000))
    except ValueError:
        return {}


def decode(body: bytes, protocol: str) -> Any:
    """The tree in a json or cbor body.

    Raises
    ------
    AwsError
        For bytes that are no such thing.
    """
    if not body:
        return {}
    if protocol == CBOR:
        import cbor2

        try:
            return cbor2.loads(body)
        except Exception as problem:  # cbor2 raises a dozen kinds
            raise bad_input(f"The body is not CBOR: {type(problem).__name__}") from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise bad_input("The body is not JSON") from None


class Reader:
    """Reads one operation's parameters off the wire.

    Parameters
    ----------
    shape:
        The operation's input shape, or None.
    protocol:
        How it is asked.
    strict:
        The code of the error for a missing member; '' reads leniently.
    """

    def __init__(self, shape: Any, protocol: str, strict: str) -> None:
        self.shape = shape
        self.protocol = protocol
        self.strict = strict
        self._known: dict[str, Read] = {}
        compiled: dict[str, Callable[[Any, str], Read]] = {
            JSON: self._tree,
            CBOR: self._tree,
            REST_JSON: self._tree,
            QUERY: self._dotted,
            EC2: self._dotted,
        }
        self._compile = compiled.get(protocol, self._element)
        rest = protocol.startswith("rest")
        self._read = self._compile(shape, "") if shape is not None and not rest else None
        self._parts = self._compile_rest() if shape is not None and rest else {}

    def body(self, body: bytes, form: Mapping[str, str]) -> dict[str, Any]:
        """The parameters of a json, cbor, query or ec2 request."""
        if self._read is None:
            return {}
        if self.protocol in (JSON, CBOR):
            read: dict[str, Any] = self._read(decode(body, self.protocol))
        else:
            read = self._read(_nested(form))
        return read

    # -- rest
    def _compile_rest(self) -> dict[str, tuple[str, str, Any, Read]]:
        parts = {}
        for name, member in self.shape.members.items():
            place = member.serialization.get("location", "body")
            wire_name = member.serialization.get("name", name)
            if place == "body":
                read = self._compile(member, name)
            else:
                read = self._text(member, "rfc822" if place.startswith("header") else "iso8601")
            parts[name] = (place, wire_name, member, read)
        return parts

    def rest(
        self,
        labels: Mapping[str, str],
        query: list[tuple[str, str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, Any]:
        """The parameters of a rest-json or rest-xml request."""
        if self.shape is None:
            return {}
        payload = self.shape.serialization.get("payload")
        read: dict[str, Any] = {}
        for name, (place, wire_name, member, reader) in self._parts.items():
            if place == "uri" and wire_name in labels:
                read[name] = reader(labels[wire_name])
            elif place == "querystring":
                self._from_query(read, name, wire_name, member, reader, query)
            elif place == "header" and wire_name.lower() in headers:
                read[name] = reader(headers[wire_name.lower()])
            elif place == "headers":
                low = wire_name.lower()
                found = {k[len(low) :]: v for k, v in headers.items() if k.startswith(low)}
                if found:
                    read[name] = found
        if payload is not None:
            member = self.shape.members[payload]
            if member.type_name == "blob":
                read[payload] = body
            elif member.type_name == "string":
                read[payload] = body.decode("utf-8", "replace")
            elif body:
                read[payload] = self._parts[payload][3](self._decode_rest(body))
        elif body:
            tree = self._decode_rest(body)
            for name, (place, wire_name, _, reader) in self._parts.items():
                if place != "body":
                    continue
                value = tree.get(wire_name) if isinstance(tree, dict) else _find(tree, wire_name)
                if value is not None:
                    read[name] = reader(value)
        self._check_required(self.shape, read, "")
        return read

    def _decode_rest(self, body: bytes) -> Any:
        if self.protocol == REST_JSON:
            tree = decode(body, JSON)
            if not isinstance(tree, dict):
                raise bad_input("Start of structure expected")
            return tree
        return ElementTree.fromstring(body)

    @staticmethod
    def _from_query(
        read: dict[str, Any],
        name: str,
        wire_name: str,
        member: Any,
        reader: Read,
        query: list[tuple[str, str]],
    ) -> None:
        values = [v for k, v in query if k == wire_name]
        if member.type_name == "map":
            read[name] = dict(query)
        elif values:
            read[name] = (
                [reader(v) for v in values] if member.type_name == "list" else reader(values[-1])
            )

    # -- scalars
    def _text(self, shape: Any, stamp: str) -> Read:
        """Reads one scalar out of text: a label, a header, a form's field, an element."""
        kind = shape.type_name
        if kind == "list":
            return self._text(shape.member, stamp)
        if kind == "timestamp":
            return lambda text: _moment(text)
        if kind == "boolean":
            return lambda text: text.strip().lower() == "true"
        if kind in ("integer", "long"):
            return lambda text: self._number(int, text, kind)
        if kind in ("float", "double"):
            return lambda text: self._number(float, text, kind)
        if kind == "blob":
            return _unbase64
        return str

    @staticmethod
    def _number(make: Callable[[str], Any], text: str, kind: str) -> Any:
        try:
            value = make(text)
        except ValueError:
            raise AwsError("MalformedInput", f"'{text}' is not of type {kind}") from None
        if kind in _LIMITS and not -_LIMITS[kind] <= value < _LIMITS[kind]:
            raise AwsError("MalformedInput", f"'{text}' is not of type {kind}")
        return value

    def _check_required(self, shape: Any, read: dict[str, Any], path: str) -> None:
        if not self.strict:
            return
        missing = [m for m in shape.required_members if m not in read]
        if missing:
            told = "; ".join(
                f"Value null at '{path}{m[:1].lower()}{m[1:]}' failed to satisfy constraint: "
                "Member must not be null"
                for m in missing
            )
            noun = "error" if len(missing) == 1 else "errors"
            raise AwsError(self.strict, f"{len(missing)} validation {noun} detected: {told}")

    # -- json and cbor
    def _tree(self, shape: Any, path: str) -> Read:
        if shape.name in self._known:  # a recursive shape: look it up when it is there
            return lambda value: self._known[shape.name](value)
        kind = shape.type_name
        if kind == "structure":
            if getattr(shape, "is_document_type", False):
                return _as_it_is
            self._known[shape.name] = _as_it_is
            members = [
                (m.serialization.get("name", name), name, self._tree(m, f"{path}{name}."))
                for name, m in shape.members.items()
            ]
            read = self._known[shape.name] = self._structure(shape, members, path)
            return read
        if kind == "list":
            return _tree_list(self._tree(shape.member, path))
        if kind == "map":
            return _tree_map(self._tree(shape.value, path))
        return {
            "timestamp": _tree_timestamp,
            "blob": _tree_blob,
            "float": _tree_float,
            "double": _tree_float,
            "integer": _tree_integer,
            "long": _tree_integer,
            "boolean": _tree_boolean,
        }.get(kind, _tree_string)

    def _structure(self, shape: Any, members: list[tuple[str, str, Read]], path: str) -> Read:
        required = bool(shape.required_members)
        dotted = ".".join(part[:1].lower() + part[1:] for part in path.split("."))

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                raise bad_input(f"{_kind(value)} found where a structure was expected")
            found = {}
            for wire_name, name, inner in members:
                one = value.get(wire_name)
                if one is not None:
                    found[name] = inner(one)
            if required:
                self._check_required(shape, found, dotted)
            return found

        return read

    # -- query and ec2: {"MetricData": {"member": {"1": {"MetricName": "m"}}}}
    def _dotted(self, shape: Any, path: str) -> Read:
        kind = shape.type_name
        if kind not in ("structure", "list", "map"):
            inner = self._text(shape, "iso8601")
            return lambda node: inner(node if isinstance(node, str) else node.get("", ""))
        if shape.name in self._known:
            return lambda node: self._known[shape.name](node)
        if kind == "structure":
            self._known[shape.name] = _as_it_is
            members = [
                (self._dotted_name(m, name), name, self._dotted(m, f"{path}{name}."))
                for name, m in shape.members.items()
            ]
            read = self._known[shape.name] = self._structure(shape, members, path)
            return read
        flat = shape.serialization.get("flattened") or self.protocol == EC2
        if kind == "list":
            item = self._dotted(shape.member, path)
            inside = "" if flat else shape.member.serialization.get("name", "member")
            return lambda node: [item(n) for n in _numbered(node, inside)]
        key = shape.key.serialization.get("name", "key")
        val = shape.value.serialization.get("name", "value")
        value = self._dotted(shape.value, path)
        return lambda node: {
            n.get(key, ""): value(n.get(val, ""))
            for n in _numbered(node, "" if flat else "entry")
            if isinstance(n, dict)
        }

    def _dotted_name(self, shape: Any, name: str) -> str:
        traits = shape.serialization
        if self.protocol == EC2:
            if "queryName" in traits:
                return str(traits["queryName"])
            wire = traits.get("name")
            return wire[0].upper() + wire[1:] if wire else name
        if shape.type_name == "list" and traits.get("flattened"):
            inner = shape.member.serialization.get("name")
            if inner:
                return str(inner)
        return str(traits.get("name", name))

    # -- XML
    def _element(self, shape: Any, path: str) -> Read:
        kind = shape.type_name
        if kind not in ("structure", "list", "map"):
            inner = self._text(shape, "iso8601")
            return lambda node: inner((node[0].text if isinstance(node, list) else node.text) or "")
        if shape.name in self._known:
            return lambda node: self._known[shape.name](node)
        if kind == "structure":
            self._known[shape.name] = _as_it_is
            members = [
                (m.serialization.get("name", name), name, self._element(m, path))
                for name, m in shape.members.items()
            ]

            def read(node: Any) -> dict[str, Any]:
                if isinstance(node, list):
                    node = node[0]
                found = {}
                for wire_name, name, inner in members:
                    one = _find(node, wire_name)
                    if one is not None:
                        found[name] = inner(one)
                return found

            self._known[shape.name] = read
            return read
        if kind == "list":
            item = self._element(shape.member, path)
            if shape.serialization.get("flattened"):
                return lambda node: [item(n) for n in (node if isinstance(node, list) else [node])]
            return lambda node: [item(n) for n in (node[0] if isinstance(node, list) else node)]
        return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "Start of structure or map"
    if isinstance(value, list):
        return "Start of list"
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "NUMBER_VALUE" if isinstance(value, int | float) else "STRING_VALUE"


def _tree_list(item: Read) -> Read:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise bad_input(f"{_kind(value)} found where a list was expected")
        return [item(one) for one in value if one is not None]

    return read


def _tree_map(item: Read) -> Read:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise bad_input(f"{_kind(value)} found where a map was expected")
        return {str(k): item(v) for k, v in value.items() if v is not None}

    return read


def _tree_string(value: Any) -> str:
    if type(value) is not str:
        raise bad_input(f"{_kind(value)} can not be converted to a String")
    return value


def _tree_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise bad_input(f"{_kind(value)} can not be converted to a Boolean")
    return value


def _tree_float(value: Any) -> float:
    if type(value) is float or type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise bad_input("NUMBER_VALUE is out of the range of a Double") from None
    if type(value) is str and value in _FLOATS:
        return _FLOATS[value]
    raise bad_input(f"{_kind(value)} can not be converted to a Double")


def _tree_integer(value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise bad_input(f"{_kind(value)} can not be converted to an Integer")
    return value


def _tree_blob(value: Any) -> bytes:
    return value if isinstance(value, bytes) else _unbase64(_tree_string(value))


def _tree_timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):  # cbor2 has read the tag
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, bool):
        raise bad_input(f"{_kind(value)} can not be converted to a Timestamp")
    return _moment(value)


def _moment(value: Any) -> datetime:
    """A moment given in seconds, as ISO 8601 or as an HTTP date."""
    try:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                if value[:3].isalpha():
                    return parsedate_to_datetime(value).astimezone(UTC)
                found = datetime.fromisoformat(value)
                return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        raise bad_input(f"{value!r} can not be converted to a Timestamp") from None


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise bad_input("A blob is not base64") from None


def _nested(form: Mapping[str, str]) -> dict[str, Any]:
    """``{"A.member.1": "x"}`` as ``{"A": {"member": {"1": "x"}}}``."""
    tree: dict[str, Any] = {}
    for key, value in form.items():
        *path, last = key.split(".", 32)
        node = tree
        for part in path:
            deeper = node.setdefault(part, {})
            if not isinstance(deeper, dict):
                deeper = node[part] = {"": deeper}
            node = deeper
        held = node.get(last)
        if isinstance(held, dict):
            held[""] = value
        else:
            node[last] = value
    return tree


def _numbered(node: Any, inside: str) -> list[Any]:
    """The items below a list's name, by number."""
    if not isinstance(node, dict):
        return []  # "Dimensions=" is an empty list
    deeper = node.get(inside, node) if inside else node
    # A flattened name may be sent in the other form, and older clients did.
    if not isinstance(deeper, dict):
        return []
    numbers = sorted((int(k), v) for k, v in deeper.items() if k.isascii() and k.isdigit())
    return [value for _, value in numbers]


def _find(node: Any, name: str) -> Any:
    """Children called ``name``, whatever their namespace; None for none."""
    found = [child for child in node if child.tag.rpartition("}")[2] == name]
    return found or None
