"""A function's boto3 calls, handed to the kernel that waits for it.

botocore does its own work here: validation, serialisation, parsing of errors. Only the sending is
replaced. A call over HTTP would wait for a lab that waits for the function; over this socket the
very thread that waits answers it, inside the lab's dispatch.

Names of other hosts are not resolved: a lab has no network, and a real request with the lab's keys
would say so less clearly.
"""

from __future__ import annotations

import io
import socket
import threading
from typing import Any

from labkit.backing.lambda_runtime import datagrams, frames
from labkit.backing.lambda_runtime.virtual_time import VirtualTime

#: How the hosts of OpenSearch domains end.
_DOMAIN = ".es.amazonaws.com"


class Calls:
    """The way of a worker's calls.

    Parameters
    ----------
    place:
        The socket of calls; the kernel's end is served by whoever waits for the function.
    clock:
        What a call takes passes on it.
    """

    def __init__(self, place: socket.socket, clock: VirtualTime) -> None:
        self._place = place
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._under_way = threading.local()

    def install(self) -> None:
        """Let every boto3 client of this process call the lab."""
        from botocore.client import BaseClient

        original = BaseClient._make_api_call
        calls = self

        def _make_api_call(client: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
            if not getattr(client, "_labkit_attached", False):
                client.meta.events.register_first("before-call", calls._before_call)
                client._labkit_attached = True
            stack = calls._stack()
            stack.append((client, api_params))
            try:
                return original(client, operation_name, api_params)
            finally:
                stack.pop()

        BaseClient._make_api_call = _make_api_call
        _stay_inside()
        self._reach_domains()

    def _reach_domains(self) -> None:
        """Let plain HTTP to an OpenSearch domain's endpoint go to the lab, too.

        Functions index documents with ``urllib`` or ``http.client``; there is no client of boto3
        for what is in a domain.
        """
        from http.client import HTTPConnection

        plain_request, plain_answer = HTTPConnection.request, HTTPConnection.getresponse
        calls = self

        def request(
            one: Any, method: str, url: str, body: Any = None, headers: Any = (), **more: Any
        ) -> None:
            if not str(one.host).endswith(_DOMAIN):
                return plain_request(one, method, url, body, headers or {}, **more)
            one._labkit_answer = calls._ask_domain(one.host, method, url, body)
            return None

        def getresponse(one: Any) -> Any:
            told = one.__dict__.pop("_labkit_answer", None)
            return plain_answer(one) if told is None else _plain_response(*told)

        HTTPConnection.request = request  # type: ignore[method-assign, assignment]
        HTTPConnection.getresponse = getresponse  # type: ignore[method-assign, assignment]

    def _ask_domain(self, host: str, method: str, path: str, body: Any) -> tuple[int, bytes]:
        if hasattr(body, "read"):
            body = body.read()
        text = body if isinstance(body, str) else bytes(body or b"").decode("utf-8", "replace")
        message = {
            "t": "call",
            "service": "opensearch-domain",
            "operation": method,
            "params": {},
            "request": {"method": method, "host": host, "path": path, "body": text},
            "region": "",
            "key": "",
            "agent": "",
        }
        told = self._exchange(message)
        if told["status"] == 0:
            raise socket.gaierror(socket.EAI_NONAME, told["answer"]["Text"])
        return told["status"], told["answer"]["Text"].encode()

    def _stack(self) -> list[tuple[Any, dict[str, Any]]]:
        stack: list[tuple[Any, dict[str, Any]]] | None = getattr(self._under_way, "stack", None)
        if stack is None:
            stack = self._under_way.stack = []
        return stack

    def _before_call(
        self, model: Any, params: dict[str, Any], request_signer: Any, **_: Any
    ) -> Any:
        stack = self._stack()
        if not stack or _local(params["url"]):
            return None
        client, api_params = stack[-1]
        credentials = request_signer._credentials
        request = {
            "method": params["method"],
            "url": params["url"],
            "headers": {name: _text(value) for name, value in params["headers"].items()},
            "body": params["body"],
        }
        message = {
            "t": "call",
            "service": model.service_model.service_name,
            "operation": model.name,
            "params": api_params,
            "request": request,
            "region": client.meta.region_name,
            "key": credentials.access_key if credentials is not None else "",
            "agent": _text(params["headers"].get("User-Agent", "")),
            "trace": datagrams.header(),
        }
        told = self._exchange(message)
        answer = told["answer"]
        if model.has_streaming_output and told["status"] < 300:
            _with_stream(model, answer)
        return _Response(told["status"], answer), answer

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        """Ask the kernel, and let pass what that takes."""
        message["elapsed_us"] = self._clock.elapsed_us
        with self._one_at_a_time:
            frames.send(self._place, message)
            told: dict[str, Any] | None = frames.receive(self._place)
        if told is None:
            raise SystemExit(1)  # the kernel is gone
        self._clock.elapse(told["took_us"])
        if told["t"] == "failed":
            raise RuntimeError(told["text"])
        return told


def _plain_response(status: int, body: bytes) -> Any:
    """An answer as ``http.client`` gives it."""
    from http.client import HTTPResponse

    class Read:
        def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
            head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
            return io.BytesIO(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    answer = HTTPResponse(Read())  # type: ignore[arg-type]
    answer.begin()
    return answer


class _Response:
    """What botocore's later handlers see in place of an HTTP response."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        self.status_code = status
        self.headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.content = b""
        self.text = ""
        self.raw = None


def _with_stream(model: Any, answer: dict[str, Any]) -> None:
    from botocore.response import StreamingBody

    name = model.output_shape.serialization.get("payload")
    data = answer.get(name)
    if isinstance(data, bytes):
        answer[name] = StreamingBody(io.BytesIO(data), len(data))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _local(url: str) -> bool:
    """Whether a client was told to go somewhere on this machine: over the wire, then."""
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _stay_inside() -> None:
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in (None, "", "localhost", "127.0.0.1", "::1", b"localhost"):
            return real(host, *args, **kwargs)
        raise socket.gaierror(
            socket.EAI_NONAME,
            f"{_text(host)}: a function of a lab has no network, only boto3's calls to the lab",
        )

    socket.getaddrinfo = getaddrinfo
