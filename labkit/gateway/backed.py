"""Calls to services that are not ours: from botocore's prepared request to the backing and back.

botocore hands ``before-call`` a request that is serialised and not yet signed. It is finished here
as the wire would finish it (URL, encoded body, length), given to the backing at the level of HTTP,
and the answer is parsed by botocore's own parser, so that shapes, errors and streams are exactly
what a client would get from the network.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlencode

from labkit.core.call import Call


class Answer(Protocol):
    """What a backing answers."""

    status: int
    headers: dict[str, str]
    body: bytes


class Responder(Protocol):
    """A backing at the level of HTTP."""

    def respond(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        account: str,
        region: str,
        service: str,
    ) -> Answer:
        """Answer one request."""

    def reseed(self, key: str) -> None:
        """Derive everything drawn from ``key``."""


Hook = Callable[[Call, dict[str, Any], int, dict[str, Any]], None]


class Backed:
    """The dispatch's view of the backing.

    Parameters
    ----------
    responder:
        Answers HTTP requests.
    services:
        botocore names of the services it is asked for.
    after:
        ``{(service, operation): hook}``; a hook sees the call, its parameters, the status and
        the parsed answer, which it may change.
    """

    def __init__(
        self,
        responder: Responder,
        services: frozenset[str],
        after: Mapping[tuple[str, str], Hook],
    ) -> None:
        self._responder = responder
        self._services = services
        self._after = after

    def serves(self, service: str) -> bool:
        """Whether this service is mounted."""
        return service in self._services

    def begin(self, key: str) -> None:
        """From here on everything drawn is derived from ``key``."""
        self._responder.reseed(key)

    def answer(
        self, request: dict[str, Any], operation_model: Any, params: dict[str, Any], call: Call
    ) -> tuple[int, dict[str, Any]]:
        """Status and parsed answer of one request."""
        headers = {key: _text(value) for key, value in request["headers"].items()}
        body = _body(request["body"])
        headers.setdefault("Content-Length", str(len(body)))
        if isinstance(request["body"], dict):
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        # The region and the key are read from the credential scope, as AWS reads them; nothing
        # is signed, and nobody checks.
        scope = operation_model.service_model.metadata.get(
            "signingName", operation_model.service_model.endpoint_prefix
        )
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={call.principal.access_key_id}/20260101/{call.region}/"
            f"{scope}/aws4_request, SignedHeaders=host, Signature=0"
        )
        told = self._responder.respond(
            request["method"],
            _url(request),
            headers,
            body,
            account=call.account,
            region=call.region,
            service=call.service,
        )
        parsed = _parse(operation_model, told)
        status = told.status
        hook = self._after.get((call.service, call.operation))
        if hook is not None:
            hook(call, params, status, parsed)
        return status, parsed


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _url(request: dict[str, Any]) -> str:
    url: str = request["url"]
    query = request.get("query_string") or {}
    # prepare_request_dict has put the query string of most protocols into the URL already.
    if query and "?" not in url:
        pairs = query.items() if isinstance(query, dict) else query
        url += "?" + urlencode(list(pairs), doseq=True)
    return url


def _body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, bytearray | memoryview):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, dict):
        return urlencode(body, doseq=True).encode()
    place = body.tell() if hasattr(body, "tell") else None
    data = body.read()
    if place is not None:
        body.seek(place)
    return data.encode() if isinstance(data, str) else bytes(data)


@cache
def _parser(protocol: str) -> Any:
    from botocore.parsers import create_parser

    return create_parser(protocol)


def _parse(operation_model: Any, told: Answer) -> dict[str, Any]:
    from botocore.compat import HTTPHeaders
    from botocore.response import StreamingBody

    headers = HTTPHeaders()
    for key, value in told.headers.items():
        headers[key] = value
    response: dict[str, Any] = {
        "headers": headers,
        "status_code": told.status,
        "context": {"operation_name": operation_model.name},
        "body": told.body,
    }
    if told.status < 300 and operation_model.has_streaming_output:
        response["body"] = StreamingBody(io.BytesIO(told.body), len(told.body))
    parser = _parser(operation_model.service_model.resolved_protocol)
    parsed: dict[str, Any] = parser.parse(response, operation_model.output_shape)
    parsed.setdefault("ResponseMetadata", {})["RetryAttempts"] = 0
    return parsed
