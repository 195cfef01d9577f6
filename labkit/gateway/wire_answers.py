"""From an operation's answer, a dict, to the bytes that the client's protocol wants.

The counterpart of :mod:`labkit.gateway.wire_requests`: for each operation and protocol a writer is
compiled once from the output shape. For json and cbor it converts only what these can't hold as it
is (timestamps, blobs, figures that are no numbers); for the XML protocols it writes text.

Errors are written here too. Their parsed form (:func:`labkit.gateway.codec.error_answer`) is what
both doors have in common, so the same error ends as the same exception in boto3.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

from labkit.core.clock import SECOND, iso, to_us
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps
from labkit.gateway.event_stream import CONTENT_TYPE, EventStream, EventWriter
from labkit.gateway.wire_services import CBOR, EC2, JSON, QUERY, REST_JSON

Convert = Callable[[Any], Any]
Write = Callable[[Any, list[str]], None]

_ODD = {math.inf: "Infinity", -math.inf: "-Infinity"}


class Writer:
    """Writes one operation's answers.

    Parameters
    ----------
    operation_model:
        botocore's model of the operation.
    protocol:
        What the client speaks.
    """

    def __init__(self, operation_model: Any, protocol: str) -> None:
        self.name: str = operation_model.name
        self.shape = operation_model.output_shape
        self.protocol = protocol
        self.metadata = operation_model.service_model.metadata
        self.status = int(operation_model.http.get("responseCode", 200))
        self._known: dict[str, Any] = {}
        tree = protocol in (JSON, CBOR, REST_JSON)
        self.stream: str | None = getattr(self.shape, "event_stream_name", None)
        self._members = self._compile_members(tree)
        self.kind = content_type(protocol, self.metadata)
        self._events: EventWriter | None = None
        if self.stream is not None:
            kind = {CBOR: self.kind, JSON: "application/json", REST_JSON: "application/json"}
            self._events = EventWriter(
                self.shape.members[self.stream], kind.get(protocol, "text/xml"), self._whole
            )

    def _compile_members(self, tree: bool) -> list[tuple[str, str, str, Any]]:
        if self.shape is None:
            return []
        found = []
        for name, member in self.shape.members.items():
            if name == self.stream:
                continue
            place = member.serialization.get("location", "body")
            wire_name = member.serialization.get("name", name)
            if place == "body":
                inner: Any = self._tree(member) if tree else self._xml(member, wire_name)
            else:
                inner = _text_of(member)
            found.append((name, wire_name, place, inner))
        return found

    def write(
        self, answer: Mapping[str, Any], request_id: str
    ) -> tuple[int, dict[str, str], bytes | Iterator[bytes]]:
        """Status, headers and body of an answer; an iterator for a stream of events."""
        headers = {"x-amzn-requestid": request_id}
        if self.protocol == CBOR:
            headers["smithy-protocol"] = "rpc-v2-cbor"
        headers["content-type"] = self.kind
        status = self.status
        payload = self.shape.serialization.get("payload") if self.shape is not None else None
        body: list[tuple[str, str, Any, Any]] = []
        for name, wire_name, place, inner in self._members:
            value = answer.get(name)
            if value is None:
                continue
            if place == "header":
                headers[wire_name] = inner(value)
            elif place == "headers":
                headers.update({f"{wire_name}{key}": str(one) for key, one in value.items()})
            elif place == "statusCode":
                status = int(value)
            elif payload is None or name == payload:
                body.append((name, wire_name, value, inner))
        if self.stream is not None:
            headers["content-type"] = CONTENT_TYPE
            first = b""
            if self.protocol in (JSON, CBOR):
                first = self._body(body, None, request_id)
            return status, headers, self._pieces(answer[self.stream], first)
        if payload is not None:
            member = self.shape.members[payload]
            if member.type_name in ("blob", "string"):
                content = body[0][2] if body else b""
                if hasattr(content, "read"):
                    content = content.read()
                return status, headers, content.encode() if isinstance(content, str) else content
        return status, headers, self._body(body, payload, request_id)

    # -- streams of events
    def _pieces(self, events: EventStream, first: bytes) -> Iterator[bytes]:
        """The messages of a stream, one by one; empty bytes while there is nothing to send."""
        writer = self._events
        assert writer is not None
        try:
            if first:
                yield writer.first(first)
            for event in events.steps():
                yield b"" if event is None else writer.event(event)
        except AwsError as problem:
            yield writer.problem(problem)
        finally:
            events.close()

    def _whole(self, shape: Any) -> Callable[[Any], bytes]:
        """Writes one structure by itself, as an event's payload."""
        if self.protocol not in (JSON, CBOR, REST_JSON):
            write = self._xml(shape, shape.name)

            def xml(value: Any) -> bytes:
                out: list[str] = []
                write(value, out)
                return "".join(out).encode()

            return xml
        convert = self._tree(shape)
        if self.protocol == CBOR:
            import cbor2

            return lambda value: bytes(cbor2.dumps(convert(value) if convert else value))
        return lambda value: dumps(convert(value) if convert else value).encode()

    def _body(
        self, members: list[tuple[str, str, Any, Any]], payload: str | None, request_id: str
    ) -> bytes:
        if self.protocol in (JSON, CBOR, REST_JSON):
            tree: Any = {
                wire_name: value if inner is None else inner(value)
                for _, wire_name, value, inner in members
            }
            if payload is not None:
                tree = next(iter(tree.values()), {})
            if self.protocol == CBOR:
                import cbor2

                return cbor2.dumps(tree)
            return dumps(tree).encode()
        out: list[str] = []
        for _, _, value, inner in members:
            inner(value, out)
        inside = "".join(out)
        space = self.metadata.get("xmlNamespace", "")
        if self.protocol == QUERY:
            traits = self.shape.serialization if self.shape is not None else {}
            wrapper = traits.get("resultWrapper")
            if wrapper:
                inside = f"<{wrapper}>{inside}</{wrapper}>"
            text = (
                f'<{self.name}Response xmlns="{space}">{inside}<ResponseMetadata><RequestId>'
                f"{request_id}</RequestId></ResponseMetadata></{self.name}Response>"
            )
        elif self.protocol == EC2:
            space = space or f"http://ec2.amazonaws.com/doc/{self.metadata['apiVersion']}/"
            text = (
                f'<{self.name}Response xmlns="{space}"><requestId>{request_id}</requestId>'
                f"{inside}</{self.name}Response>"
            )
        elif self.shape is None:
            return b""
        elif payload is not None:
            text = inside
        else:
            root = self.shape.serialization.get("name", self.shape.name)
            text = f"<{root}>{inside}</{root}>"
        return text.encode()

    # -- json and cbor: None when a value can go out as it is
    def _tree(self, shape: Any) -> Convert | None:
        kind = shape.type_name
        if kind == "timestamp":
            if self.protocol == CBOR:
                return _tagged
            return _stamp(shape.serialization.get("timestampFormat", "unixtimestamp"))
        if kind == "blob":
            return _bytes if self.protocol == CBOR else _base64
        if kind in ("float", "double"):
            return float if self.protocol == CBOR else _figure
        if kind not in ("structure", "list", "map"):
            return None
        if shape.name in self._known:
            return lambda value: self._known[shape.name](value)
        if kind == "structure":
            if getattr(shape, "is_document_type", False):
                return None
            self._known[shape.name] = None
            members = [
                (name, m.serialization.get("name", name), self._tree(m))
                for name, m in shape.members.items()
            ]
            convert = self._known[shape.name] = _tree_structure(members)
            return convert
        item = self._tree(shape.member if kind == "list" else shape.value)
        if item is None:
            return None
        if kind == "list":
            return lambda values: [item(value) for value in values]
        return lambda items: {key: item(value) for key, value in items.items()}

    # -- query, ec2, rest-xml
    def _xml(self, shape: Any, tag: str) -> Write:
        kind = shape.type_name
        start, end = f"<{tag}>", f"</{tag}>"
        if kind not in ("structure", "list", "map"):
            text = _text_of(shape, "iso8601")

            def scalar(value: Any, out: list[str]) -> None:
                out.append(f"{start}{escape(text(value))}{end}")

            return scalar
        key = f"{shape.name} {tag}"
        if key in self._known:
            return lambda value, out: self._known[key](value, out)
        flat = bool(shape.serialization.get("flattened"))
        if kind == "structure":
            self._known[key] = None
            members = [
                (name, self._xml(m, self._xml_name(m, name))) for name, m in shape.members.items()
            ]

            def structure(value: Any, out: list[str]) -> None:
                out.append(start)
                for name, write in members:
                    one = value.get(name)
                    if one is not None:
                        write(one, out)
                out.append(end)

            self._known[key] = structure
            return structure
        if kind == "list":
            default = "item" if self.protocol == EC2 else "member"
            item = self._xml(
                shape.member,
                tag if flat else shape.member.serialization.get("name", default),
            )

            def items(value: Any, out: list[str]) -> None:
                if not flat:
                    out.append(start)
                for one in value:
                    item(one, out)
                if not flat:
                    out.append(end)

            return items
        write_key = self._xml(shape.key, shape.key.serialization.get("name", "key"))
        write_value = self._xml(shape.value, shape.value.serialization.get("name", "value"))

        def entries(value: Any, out: list[str]) -> None:
            if not flat:
                out.append(start)
            for name, one in value.items():
                out.append(start if flat else "<entry>")
                write_key(name, out)
                write_value(one, out)
                out.append(end if flat else "</entry>")
            if not flat:
                out.append(end)

        return entries

    @staticmethod
    def _xml_name(shape: Any, name: str) -> str:
        if shape.type_name == "list" and shape.serialization.get("flattened"):
            inner = shape.member.serialization.get("name")
            if inner:
                return str(inner)
        return str(shape.serialization.get("name", name))


def _tree_structure(members: list[tuple[str, str, Convert | None]]) -> Convert:
    def convert(value: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for name, wire_name, inner in members:
            one = value.get(name)
            if one is not None:
                found[wire_name] = one if inner is None else inner(one)
        return found

    return convert


def _seconds(value: Any) -> int | float:
    us = _us(value)
    return us // SECOND if us % SECOND == 0 else us / SECOND


def _us(value: Any) -> int:
    if isinstance(value, datetime):
        return to_us(value)
    from botocore.utils import parse_to_aware_datetime

    return to_us(parse_to_aware_datetime(value))


def _tagged(value: Any) -> Any:
    import cbor2

    return cbor2.CBORTag(1, _seconds(value))


def _iso(value: Any) -> str:
    us = _us(value)
    return iso(us, millis=us % SECOND != 0)


def _rfc822(value: Any) -> str:
    return format_datetime(value.astimezone(UTC), usegmt=True)


def _stamp(form: str) -> Convert:
    return {"iso8601": _iso, "rfc822": _rfc822}.get(form, _seconds)


def _figure(value: Any) -> Any:
    value = float(value)
    if math.isfinite(value):
        return value
    return _ODD.get(value, "NaN")


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _base64(value: Any) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _text_of(shape: Any, stamp: str = "rfc822") -> Callable[[Any], str]:
    kind = shape.type_name
    if kind == "timestamp":
        convert = _stamp(shape.serialization.get("timestampFormat", stamp))
        return lambda value: str(convert(value))
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind == "blob":
        return _base64
    if kind in ("float", "double"):
        return lambda value: str(_figure(value))
    return str


def content_type(protocol: str, metadata: Mapping[str, Any]) -> str:
    """The content type of a protocol's answers."""
    if protocol == CBOR:
        return "application/cbor"
    if protocol == JSON:
        return f"application/x-amz-json-{metadata.get('jsonVersion', '1.0')}"
    return "application/json" if protocol == REST_JSON else "text/xml"


def write_error(
    parsed: Mapping[str, Any], protocol: str, model: Any, request_id: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an error.

    Parameters
    ----------
    parsed:
        What :func:`labkit.gateway.codec.error_answer` makes.
    protocol:
        What the client speaks.
    model:
        botocore's model of the service; None where not even that is known.
    request_id:
        For the headers and, in XML, the body.
    """
    error = parsed["Error"]
    code, message = str(error["Code"]), str(error["Message"])
    status = int(parsed["ResponseMetadata"]["HTTPStatusCode"])
    metadata = model.metadata if model is not None else {}
    headers = {
        "x-amzn-requestid": request_id,
        "content-type": content_type(protocol, metadata),
    }
    if protocol in (JSON, CBOR, REST_JSON):
        name = str(error.get("QueryErrorCode", code))
        if metadata.get("awsQueryCompatible") is not None:
            fault = error.get("Type") or ("Receiver" if status >= 500 else "Sender")
            headers["x-amzn-query-error"] = f"{code};{fault}"
        more = {k: v for k, v in parsed.items() if k not in ("Error", "ResponseMetadata")}
        if protocol == CBOR:
            import cbor2

            headers["smithy-protocol"] = "rpc-v2-cbor"
            space = f"com.amazonaws.{metadata.get('endpointPrefix', 'labkit')}"
            tree = {"__type": f"{space}#{name}", "message": message, **more}
            return status, headers, cbor2.dumps(tree)
        if protocol == REST_JSON:
            headers["x-amzn-errortype"] = name
        text = dumps({"__type": name, "message": message, **more})
        return status, headers, text.encode()
    inside = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == QUERY:
        fault = "Receiver" if status >= 500 else "Sender"
        space = metadata.get("xmlNamespace", "")
        text = (
            f'<ErrorResponse xmlns="{space}"><Error><Type>{fault}</Type>{inside}</Error>'
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    elif protocol == EC2:
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error>{inside}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        headers |= {"content-type": "application/xml", "x-amz-request-id": request_id}
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error>{inside}<RequestId>{request_id}</RequestId></Error>"
        )
    return status, headers, text.encode()
