"""Seams of speed around one request: how moto reads it, finds an answer's values, writes XML.

Theory of operation
-------------------
Two thirds of the time of a call in moto go into three places that are general where a call is not:

- ``Request.from_primitives`` builds a WSGI environment through werkzeug's test client, which
  normalises a URL that is plain already. :func:`quick_request` writes the environment down; a URL
  that is not plain, a body that is no form and no JSON, goes moto's own way.
- ``AttributePicker`` looks for each member of the answer under a dozen names, worked out anew for
  every value (``DBInstanceIdentifier``, ``db_instance_identifier``, ``identifier`` ...). The names
  follow from the member's shape and the *type* of the object, so they are worked out once.
- ``xmltodict.unparse`` writes through SAX events. :func:`unparse` writes the same text.

A fourth, the request id, is drawn letter by letter, and thrown away by the gateway.

Nothing of this changes an answer; a test compares each with moto's own.
"""

from __future__ import annotations

import io
import string
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import SplitResult, parse_qsl
from xml.sax.saxutils import escape, quoteattr

from labkit.backing.moto_seams import seam

# -- a request in ---------------------------------------------------------------------------------
_FORM = "application/x-www-form-urlencoded"
#: What werkzeug would quote, unquote or normalise in a path.
_NOT_PLAIN = frozenset('%?#\\[]{}|^`"<> ;')


def quick_request(
    method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes
) -> Any | None:
    """moto's request for a plain HTTP request; None for one that moto had better read itself.

    Parameters
    ----------
    method, parts, headers, body:
        As of ``Request.from_primitives``, the URL split.
    """
    kind = ""
    for name, value in headers.items():
        low = name.lower()
        if low == "content-type":
            kind = value
        if "_" in name or low in ("host", "content-encoding") or not value.isascii():
            return None
    path = parts.path
    port = parts.port
    if not path or not _is_plain(path) or not parts.query.isascii() or path.startswith("//"):
        return None
    mimetype = kind.partition(";")[0].strip().lower()
    form = mimetype == _FORM
    if not form and mimetype.startswith("multipart/"):
        return None
    host = parts.netloc
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": parts.query,
        "REQUEST_URI": path,
        "RAW_URI": path,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(port or (443 if parts.scheme == "https" else 80)),
        "HTTP_HOST": host,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
        "moto.preserved_header_names": {},
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            environ[f"HTTP_{key}"] = value
    request = _request_class()(environ)
    known = request.__dict__
    known["raw_url"] = f"{parts.scheme}://{host}{path}" + (f"?{parts.query}" if parts.query else "")
    storage = request.parameter_storage_class
    items: list[tuple[str, str]] = []
    if form:
        try:
            items = parse_qsl(body.decode(), keep_blank_values=True)
        except UnicodeDecodeError:
            return None
    known |= {"form": storage(items), "files": storage(), "data": b"" if form else body}
    request._cached_data = known["data"]
    if form:
        environ["wsgi.input"].read()
    return request


@cache
def _is_plain(path: str) -> bool:
    return path.isascii() and path.isprintable() and _NOT_PLAIN.isdisjoint(path)


@cache
def _request_class() -> type:
    from moto.core.request import Request

    class QuickRequest(Request):
        """A request whose URL is known and need not be put together again."""

        raw_url = ""

    return QuickRequest


# -- values of an answer --------------------------------------------------------------------------
@seam("moto.core.serialize")
def _find_values_quickly(module: ModuleType) -> None:
    serializer = module.ResponseSerializer
    quick = {module.AttributePicker, module.XFormedAttributePicker}
    missing, picked = module.MISSING, module.get_value
    general, member_of = (
        serializer._serialize_type_structure,
        serializer._serialize_structure_member,
    )
    known: dict[tuple[Any, ...], list[_Member]] = {}

    def members(self: Any, value: Any, shape: Any) -> list[_Member]:
        picker, found = self._value_picker, []
        for key, inner in shape.members.items():
            inner.parent = shape
            context = module.AttributePickerContext(
                obj=value,
                key=key,
                shape=inner,
                operation_model=self.operation_model,
                service_model=self.service_model,
            )
            names = tuple(dict.fromkeys(picker.get_possible_keys(context)))
            special = any("." in name for name in names)
            concerned = _transformers(picker.response_transformers, key)
            found.append(
                _Member(key, inner, names, special, concerned, f"_serialize_type_{inner.type_name}")
            )
        return found

    def serialize_structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        picker = self._value_picker
        if type(picker) not in quick or type(self)._serialize_structure_member is not member_of:
            general(self, serialized, value, shape, key)
            return
        if value is None:
            return
        wrapper = self.MAP_TYPE() if key else serialized
        kind = type(value)
        # Shape and table stand in the key themselves: an id alone could be another one's tomorrow.
        place = (kind, shape, type(picker), _Same(picker.response_transformers))
        plan = known.get(place)
        if plan is None:
            plan = known[place] = members(self, value, shape)
        plain = kind is dict
        indexed = not plain and hasattr(kind, "__getitem__")
        path = self.path
        for member in plan:
            found = missing
            if plain and not member.special:
                for name in member.names:
                    if name in value:
                        found = value[name]
                        break
            elif indexed or member.special:
                for name in member.names:
                    found = picked(value, name, missing)
                    if found is not missing:
                        break
            else:
                for name in member.names:
                    found = getattr(value, name, missing)
                    if found is not missing:
                        break
            if found is missing:
                found = None
            for where, transform in member.transformers:
                if "." not in where or f"{'.'.join(path)}.{member.key}".endswith(where):
                    found = transform(found)
                    break
            if found is None:
                continue
            path.append(member.key)
            write = getattr(self, member.method, self._default_serialize)
            write(wrapper, found, member.shape, member.key)
            path.pop()
        if key:
            self._default_serialize(serialized, wrapper, shape, key)

    serializer._serialize_type_structure = serialize_structure
    module.xmltodict = _Xml(module.xmltodict)  # type: ignore[attr-defined]


class _Member:
    """What is known of a structure's member before any value."""

    __slots__ = ("key", "method", "names", "shape", "special", "transformers")

    def __init__(
        self,
        key: str,
        shape: Any,
        names: tuple[str, ...],
        special: bool,
        transformers: list[tuple[str, Callable[[Any], Any]]],
        method: str,
    ) -> None:
        self.key, self.shape, self.names = key, shape, names
        self.special, self.transformers, self.method = special, transformers, method


class _Same:
    """Equal to itself alone: lets a dict stand in a dictionary's key."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.held is self.held

    def __hash__(self) -> int:
        return id(self.held)


def _transformers(
    table: Mapping[str, Callable[[Any], Any]], key: str
) -> list[tuple[str, Callable[[Any], Any]]]:
    """The transformers that can concern a member: the last part of their path is the key's end."""
    return [
        (path, transform)
        for path, transform in table.items()
        if (key == path.rpartition(".")[2] if "." in path else key.endswith(path))
    ]


# -- the request id -------------------------------------------------------------------------------
@seam("moto.moto_api._internal.moto_random")
def _draw_strings_quickly(module: ModuleType) -> None:
    """Each answer of moto's draws a request id of 52 letters: the same ones, drawn in one go."""

    def get_random_string(
        self: Any, length: int = 20, include_digits: bool = True, lower_case: bool = False
    ) -> str:
        pool = string.ascii_letters + (string.digits if include_digits else "")
        size, draw = len(pool), self.getrandbits
        bits = size.bit_length()
        found: list[str] = []
        while len(found) < length:
            number = draw(bits)
            if number < size:
                found.append(pool[number])
        text = "".join(found)
        return text.lower() if lower_case else text

    module.MotoRandom.get_random_string = get_random_string


# -- XML out --------------------------------------------------------------------------------------
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


class _Xml:
    """``xmltodict`` as moto's serialiser uses it, with a quick ``unparse``."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def unparse(self, tree: Mapping[str, Any], **options: Any) -> Any:
        """The same text as xmltodict's, which still writes what is out of the ordinary."""
        whole = options.get("full_document", True)
        usual = options.keys() <= {"full_document", "short_empty_elements", "pretty"}
        short = options.get("short_empty_elements") and not options.get("pretty")
        # A whole document has one root; xmltodict says so where it has none or many.
        if usual and short and (not whole or [type(one) for one in tree.values()] == [dict]):
            try:
                return (_DECLARATION if whole else "") + unparse(tree)
            except _OutOfTheOrdinary:
                pass
        return self._real.unparse(tree, **options)


class _OutOfTheOrdinary(Exception):
    """Something that xmltodict shall write itself."""


def unparse(tree: Mapping[str, Any]) -> str:
    """A tree of dicts, lists and scalars as XML; ``@name`` is an attribute."""
    out: list[str] = []
    for key, value in tree.items():
        _emit(key, value, out)
    return "".join(out)


def _emit(key: str, value: Any, out: list[str]) -> None:
    if not _is_name(key):
        raise _OutOfTheOrdinary
    for one in value if isinstance(value, list) else (value,):
        kind = type(one)
        if kind is str:
            text = one
        elif kind is dict:
            _emit_element(key, one, out)
            continue
        elif kind is bool:
            text = "true" if one else "false"
        elif kind is int or kind is float:
            text = str(one)
        elif one is None:
            text = ""
        else:
            raise _OutOfTheOrdinary
        if text:
            out.append(f"<{key}>{escape(text)}</{key}>")
        else:
            out.append(f"<{key}/>")


def _emit_element(key: str, children: dict[str, Any], out: list[str]) -> None:
    start = f"<{key}"
    place = len(out)
    out.append("")
    for name, value in children.items():
        if name[:1] == "@":
            if type(value) is not str or not _is_name(name[1:]):
                raise _OutOfTheOrdinary
            start += f" {name[1:]}={quoteattr(value)}"
        elif type(value) is list and not value:
            continue
        else:
            _emit(name, value, out)
    if len(out) == place + 1:
        out[place] = f"{start}/>"
    else:
        out[place] = f"{start}>"
        out.append(f"</{key}>")


@cache
def _is_name(name: Any) -> bool:
    return (
        type(name) is str
        and name.isascii()
        and name.replace("-", "").replace("_", "").replace(":", "").replace(".", "").isalnum()
    )
