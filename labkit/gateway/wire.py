"""The HTTP door, without the HTTP: a raw request in, a raw answer out.

Theory of operation
-------------------
1. **What is asked**: service, protocol and operation are read off the request
   (:mod:`labkit.gateway.wire_services`).
2. **Plain bytes**: gzip and S3's ``aws-chunked`` framing are taken off the body.
3. **Who asks**: the access key of the signature names the principal. Signatures are not checked;
   what looks like a real key never goes further than this file.
4. **The dispatch** answers, as it answers boto3 in process. An operation of our own gets its
   parameters from :mod:`labkit.gateway.wire_requests` and its answer is written by
   :mod:`labkit.gateway.wire_answers`. For a backed service the request goes on as it came, and the
   backing leaves its raw answer in the request dict (key ``answered``): the same bytes go out. So
   nothing of moto's answer is lost between two serialisers, and the call is still observed,
   journaled and recorded with its parameters.

Whatever arrives, an answer leaves: an exception that no one foresaw is a 500 ``InternalFailure``.
"""

from __future__ import annotations

import gzip
import io
import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from labkit.core.errors import AwsError
from labkit.core.ids import shape_uuid
from labkit.gateway import queue_urls
from labkit.gateway.codec import error_answer
from labkit.gateway.user_agents import plain_agent
from labkit.gateway.wire_answers import Writer, write_error
from labkit.gateway.wire_requests import Reader, form_of
from labkit.gateway.wire_services import (
    CBOR,
    EC2,
    JSON,
    QUERY,
    REST_XML,
    Scope,
    bucket_in_host,
    cbor_operation,
    protocol_of,
    route,
    scope_of,
    service_model,
    service_of,
)

if TYPE_CHECKING:
    from labkit.core.call import Principal
    from labkit.gateway.dispatch import Dispatch

log = logging.getLogger("labkit.gateway")

#: The most that a compressed body may become.
MOST_INFLATED = 256 * 1024 * 1024

_SIGNATURE = re.compile(
    r"^(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)"
    r"|AWSAccessKeyId|Signature|Expires)$"
)
_REQUEST_ID = re.compile(rb"(<(?:RequestId|requestId|RequestID)>)[^<]*(</)")
_NOT_FORWARDED = frozenset(
    {"host", "connection", "authorization", "x-amz-security-token", "content-length", "expect",
     "transfer-encoding"}
)  # fmt: skip
_NOT_SENT = frozenset({"connection", "transfer-encoding", "date", "server", "keep-alive"})


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request.

    Parameters
    ----------
    method, target:
        Of the request line; the target is path and query, still quoted.
    headers:
        Names in lower case.
    body:
        The whole body, transfer coding removed.
    source_ip:
        Where it came from, as CloudTrail shall show it.
    scope, principal:
        For whom the request is and who asks, where the door knows it without a signature.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    scope: Scope | None = None
    principal: Principal | None = None


@dataclass(slots=True)
class WireAnswer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: In place of a body: pieces that are sent as they come, empty ones while there is nothing.
    stream: Iterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks for."""

    model: Any
    operation: Any
    protocol: str
    params: dict[str, Any]
    ours: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """How to read and write one operation in one protocol: compiled once."""

    operation: Any
    reader: Reader
    writer: Writer


class _Refused(Exception):
    """A request that never becomes a call: the error, and how to word it."""

    def __init__(self, error: AwsError, protocol: str, model: Any = None) -> None:
        super().__init__(error.code)
        self.error, self.protocol, self.model = error, protocol, model


def answer(dispatch: Dispatch, request: WireRequest) -> WireAnswer:
    """Answer one request; never raises, but for the interrupts of the process itself."""
    protocol, model = JSON, None
    try:
        return _answer(dispatch, request)
    except _Refused as refused:
        error, protocol, model = refused.error, refused.protocol, refused.model
    except AwsError as problem:
        error = problem
    except Exception as problem:
        log.exception("labkit broke on %s %s", request.method, request.target.partition("?")[0])
        what = f"labkit broke on this call: {type(problem).__name__}: {problem}"
        error = AwsError("InternalFailure", what, status=500)
    return _refusal(dispatch, error, protocol, model, request.method)


def _refusal(
    dispatch: Dispatch, error: AwsError, protocol: str, model: Any, method: str
) -> WireAnswer:
    world = dispatch.world
    request_id = shape_uuid(world.ids.digest("refused", world.clock.now_us).hex())
    parsed = error_answer(error, model if model is not None else _NO_MODEL, request_id)
    status, headers, body = write_error(parsed, protocol, model, request_id)
    return WireAnswer(status, headers, b"" if method == "HEAD" else body)


class _NoModel:
    """Stands for the model of a service that nobody knows."""

    error_shapes: tuple[Any, ...] = ()
    metadata: dict[str, Any] = {}  # noqa: RUF012 - read only


_NO_MODEL = _NoModel()


def _answer(dispatch: Dispatch, request: WireRequest) -> WireAnswer:
    target = request.target
    if not target.startswith("/"):  # a client that takes us for a proxy names the whole URL
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query_text = target.partition("?")
    pairs = parse_qsl(query_text, keep_blank_values=True)
    query = dict(pairs)
    headers = request.headers
    scope = request.scope or scope_of(headers, query)
    body = request.body
    if scope.service != "s3":
        body = _inflated(headers, body)
    form = _form(headers, query, body)
    service = service_of(scope, unquote(path), headers, query, form)
    if not service:
        raise _Refused(_nobody(scope, headers), _guess(headers, form, path))
    if service == "s3":
        headers, body = _unframed(headers, request.body)
        bucket = bucket_in_host(headers)
        if bucket:
            path = f"/{quote(bucket)}{path}"
    region = scope.region if scope.region not in ("", "aws-global") else "us-east-1"
    host = headers.get("host", "")
    if service == "sqs":
        body = queue_urls.inward(body, QUERY if "Action" in form else JSON, host, region)
        form = _form(headers, query, body)
    asked = _asked(dispatch, service, request.method, path, pairs, headers, body, form)
    passed = {k: v for k, v in headers.items() if k not in _NOT_FORWARDED}
    kept = [(k, v) for k, v in pairs if not _SIGNATURE.match(k)]
    if len(kept) != len(pairs):
        query_text = urlencode(kept)
    wire: dict[str, Any] = {
        "method": request.method,
        "url": f"http://127.0.0.1{path}" + (f"?{query_text}" if query_text else ""),
        "headers": passed,
        "body": body,
        "answered": None,
    }
    status, answered = dispatch.call(
        asked.model,
        asked.operation,
        asked.params,
        request=wire,
        principal=request.principal or dispatch.identities.by_key(scope.access_key_id),
        region=region,
        source_ip=request.source_ip,
        # "-", since a replay would put boto3's in the place of none.
        user_agent=plain_agent(headers.get("user-agent") or "-"),
    )
    request_id = answered["ResponseMetadata"]["RequestId"]
    raw = wire["answered"]
    if raw is not None:
        if service == "sqs":
            told = queue_urls.outward(raw[2], asked.operation.name, host, region)
            raw = (raw[0], raw[1], told)
        return _passed_on(raw, asked.protocol, request_id, request.method)
    if "Error" in answered and status >= 300:
        status, sent, refusal = write_error(answered, asked.protocol, asked.model, request_id)
        return WireAnswer(status, sent, b"" if request.method == "HEAD" else refusal)
    writer = _way(service, asked.operation.name, asked.protocol, "").writer
    status, sent, content = writer.write(answered, request_id)
    if not isinstance(content, bytes):
        return WireAnswer(status, sent, stream=content)
    return WireAnswer(status, sent, b"" if request.method == "HEAD" else content)


def _passed_on(raw: Any, protocol: str, request_id: str, method: str) -> WireAnswer:
    """The backing's own answer, under the request id that CloudTrail's record has."""
    status, given, body = raw
    headers = {k.lower(): v for k, v in given.items() if k.lower() not in _NOT_SENT}
    headers["x-amzn-requestid"] = request_id
    if protocol == REST_XML:
        headers["x-amz-request-id"] = request_id
    if protocol in (QUERY, EC2) or (protocol == REST_XML and status >= 300):
        told = request_id.encode()  # a function: a template is compiled anew for each id
        body = _REQUEST_ID.sub(lambda match: match[1] + told + match[2], body)
    if method == "HEAD" or status in (204, 304):
        return WireAnswer(status, headers, b"")
    headers.pop("content-length", None)
    return WireAnswer(status, headers, body)


# -- what is asked --------------------------------------------------------------------------------
def _form(headers: dict[str, str], query: dict[str, str], body: bytes) -> dict[str, str]:
    kind = headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return {**query, **form_of(body)}
    return query if "Action" in query else {}


def _nobody(scope: Scope, headers: dict[str, str]) -> AwsError:
    if scope.service:
        return AwsError(
            "UnrecognizedClientException",
            f"The credential is scoped to '{scope.service}', which is no service.",
            status=403,
        )
    if "x-amz-target" in headers:
        return AwsError("UnknownOperationException", "")
    return AwsError("MissingAuthenticationToken", "Missing Authentication Token", status=403)


def _guess(headers: dict[str, str], form: dict[str, str], path: str) -> str:
    """How to word an error when not even the service is known."""
    if cbor_operation(path):
        return CBOR
    return QUERY if "Action" in form else JSON


def _asked(
    dispatch: Dispatch,
    service: str,
    method: str,
    path: str,
    pairs: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    form: dict[str, str],
) -> _Asked:
    plain = service_model(service)
    protocol, spoken = protocol_of(plain, path, headers, form)
    model = service_model(service, protocol)
    if not spoken:
        status = 404 if protocol == CBOR else 400
        unknown = AwsError("UnknownOperationException", "", status=status)
        raise _Refused(unknown, protocol, model)
    labels: dict[str, str] = {}
    if protocol.startswith("rest"):
        name, labels = _routed(service, method, path, dict(pairs), headers, protocol, model)
    else:
        name = _named(method, path, headers, form, protocol, model)
    ours = dispatch.is_ours(service, name)
    code = dispatch.validation_code(service) if ours else ""
    way = _way(service, name, protocol, code)
    try:
        if protocol.startswith("rest"):
            params = way.reader.rest(labels, pairs, headers, body)
        else:
            params = way.reader.body(body, form)
    except AwsError as problem:
        if ours:
            raise _Refused(problem, protocol, model) from None
        params = {}
    except Exception:  # a body that only the backing can judge: the parameters are for the records
        if ours:
            raise
        params = {}
    if service == "sqs" and protocol == QUERY:
        # The model no longer describes this protocol's answers, so nobody could tell whether a
        # long poll has got its message: the client asks again by itself.
        params["WaitTimeSeconds"] = 0
    return _Asked(model, way.operation, protocol, params, ours)


def _named(
    method: str,
    path: str,
    headers: dict[str, str],
    form: dict[str, str],
    protocol: str,
    model: Any,
) -> str:
    if protocol == CBOR:
        name = cbor_operation(path)
        if method != "POST" or name not in model.operation_names:
            missing = AwsError("UnknownOperationException", "", status=404)
            raise _Refused(missing, protocol, model)
        return name
    if protocol == JSON:
        prefix, _, name = headers.get("x-amz-target", "").rpartition(".")
        right = prefix == model.metadata.get("targetPrefix") and name in model.operation_names
        if not right or method != "POST":
            raise _Refused(AwsError("UnknownOperationException", ""), protocol, model)
        return name
    name = form.get("Action", "")
    if not name:
        missing = AwsError("MissingAction", "The request must contain the parameter Action.")
        raise _Refused(missing, protocol, model)
    if name not in model.operation_names:
        version = form.get("Version", model.metadata["apiVersion"])
        unknown = AwsError(
            "InvalidAction", f"Could not find operation {name} for version {version}"
        )
        raise _Refused(unknown, protocol, model)
    return name


def _routed(
    service: str,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    protocol: str,
    model: Any,
) -> tuple[str, dict[str, str]]:
    found = route(service, method, path, query, headers)
    if found is not None:
        return found[0].operation, found[1]
    if service == "s3":
        if method == "POST" and headers.get("content-type", "").startswith("multipart/form-data"):
            # A browser's form: an upload that the model has no operation for.
            return "PutObject", {"Bucket": path.strip("/")}
        not_allowed = AwsError(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            status=405,
        )
        raise _Refused(not_allowed, protocol, model)
    unknown = AwsError("UnknownOperationException", "", status=404)
    raise _Refused(unknown, protocol, model)


@cache
def _way(service: str, name: str, protocol: str, code: str) -> _Way:
    operation = service_model(service, protocol).operation_model(name)
    reader = Reader(operation.input_shape, protocol, code)
    return _Way(operation, reader, Writer(operation, protocol))


# -- plain bytes ----------------------------------------------------------------------------------
def _inflated(headers: dict[str, str], body: bytes) -> bytes:
    """The body without its compression; the header goes with it."""
    if headers.get("content-encoding", "").strip().lower() != "gzip":
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            plain = file.read(MOST_INFLATED + 1)
    except (OSError, EOFError, zlib.error):
        raise AwsError("SerializationException", "The body is not gzip as it says") from None
    if len(plain) > MOST_INFLATED:
        raise AwsError("RequestEntityTooLargeException", "The body is too large", status=413)
    del headers["content-encoding"]
    return plain


def _unframed(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """A body without S3's ``aws-chunked`` framing; what its trailer says becomes headers.

    A chunk is ``<hex size>[;chunk-signature=...]\\r\\n<bytes>\\r\\n``; after the empty one follow
    the trailer's lines.
    """
    codings = [c.strip() for c in headers.get("content-encoding", "").split(",") if c.strip()]
    framed = "aws-chunked" in codings or headers.get("x-amz-content-sha256", "").startswith(
        "STREAMING-"
    )
    if not framed:
        return headers, body
    plain = {
        k: v
        for k, v in headers.items()
        if k not in ("content-encoding", "x-amz-decoded-content-length", "x-amz-trailer")
    }
    if plain.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        del plain["x-amz-content-sha256"]  # or the backing takes the framing off once more
    rest = [c for c in codings if c != "aws-chunked"]
    if rest:
        plain["content-encoding"] = ",".join(rest)
    parts, place = [], 0
    while True:
        end = body.find(b"\r\n", place)
        try:
            size = int(body[place : end if end >= 0 else place].split(b";")[0], 16)
        except ValueError:
            size = -1
        if size < 0 or end + 2 + size > len(body):
            incomplete = AwsError(
                "IncompleteBody",
                "The request body terminated unexpectedly",
            )
            raise _Refused(incomplete, REST_XML, service_model("s3"))
        place = end + 2
        if size == 0:
            break
        parts.append(body[place : place + size])
        place += size + 2
    for line in body[place:].split(b"\r\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if colon and name.lower().startswith("x-amz-checksum-"):
            plain[name.lower()] = value.strip()
    return plain, b"".join(parts)
