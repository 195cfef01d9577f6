"""A small HTTP/1.1 server for one machine: threads, keep-alive, loopback, and patience with no one.

Theory of operation
-------------------
One thread accepts, one thread serves each connection: a lab has a handful of clients, and answers
one call at a time anyway. The standard library's ``http.server`` reads headers through the e-mail
parser and writes an answer in several packets; here a request is cut out of one buffer and an
answer leaves in one ``sendall``, which is most of the difference.

What it does not trust:

- **bytes**: what is no HTTP gets a 400 and the connection is closed; so does a request that says
  its length twice (two servers in a row would read it as two different requests);
- **time**: a request must be complete within ``patience`` seconds, and a long body must keep up a
  modest rate; a client that sends a byte now and then is dropped like one that sends none;
- **size**: heads up to 64 KB, bodies up to ``most_body``;
- **web pages**: a page of another origin, open in the same browser, could send forms to a port of
  this machine. A request with an ``Origin`` that is not this machine is refused; a page of this
  machine (a notebook's widget, a development server) may ask and read the answer (CORS).

It binds 127.0.0.1 and nothing else; there is no parameter for it. :meth:`HttpServer.stop` closes
every connection and waits for every thread.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from labkit.core.clock import machine_seconds
from labkit.gateway.wire import WireAnswer, WireRequest

log = logging.getLogger("labkit.gateway")

Handle = Callable[[WireRequest], WireAnswer]

LOOPBACK = "127.0.0.1"

_MOST_HEAD = 64 * 1024
_SLOWEST_BODY = 64 * 1024  # bytes a second
_STREAM_REST = 0.02  # seconds between two looks at a stream that has nothing to send
_PHRASES = {int(status): status.phrase for status in HTTPStatus}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


class _Bad(Exception):
    """A request that can't be read: the status to answer, then the connection ends."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Gone(Exception):
    """The client left, or took too long: nothing to answer."""


class HttpServer:
    """Serves ``handle`` on a port of this machine.

    Parameters
    ----------
    handle:
        Answers a request; must not raise (what it raises is a 500).
    port:
        0 takes any free one.
    patience:
        Seconds for a request to be complete once it has begun.
    idle:
        Seconds that a connection may rest between two requests.
    most_body:
        The longest body, bytes.
    most_connections:
        More than these are closed unheard.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(
        self,
        handle: Handle,
        port: int = 0,
        *,
        patience: float = 20.0,
        idle: float = 120.0,
        most_body: int = 512 * 1024 * 1024,
        most_connections: int = 256,
    ) -> None:
        self._handle = handle
        self.patience = patience
        self.idle = idle
        self.most_body = most_body
        self.most_connections = most_connections
        self._socket = socket.create_server((LOOPBACK, port), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        #: Threads that have served and may still have a step to go: stop() waits for them too.
        self._ending: list[threading.Thread] = []
        self._stopping = False
        self._acceptor: threading.Thread | None = None
        #: How many requests were answered.
        self.answered = 0

    @property
    def url(self) -> str:
        """What a client takes as its endpoint."""
        return f"http://{LOOPBACK}:{self.port}"

    # -- life
    def start(self) -> HttpServer:
        """Begin to accept."""
        self._acceptor = threading.Thread(target=self._accept, name="labkit-http", daemon=True)
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection, and wait for the threads. Idempotent.

        A call under way is carried out to its end; its client may miss the answer.
        """
        self._stopping = True
        # shutdown() wakes the accept; where the platform refuses it, close() does.
        _shut(self._socket)
        if self._acceptor is not None and self._acceptor is not threading.current_thread():
            self._acceptor.join()
        with self._lock:
            connections, threads = list(self._open.values()), [*self._open, *self._ending]
        for connection in connections:
            _shut(connection, close=False)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def __enter__(self) -> HttpServer:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, (peer, _) = self._socket.accept()
            except OSError:
                if self._stopping:
                    return
                threading.Event().wait(0.05)  # out of descriptors: try again when some are free
                continue
            with self._lock:
                self._ending = [thread for thread in self._ending if thread.is_alive()]
                full = self._stopping or len(self._open) >= self.most_connections
                if not full:
                    thread = threading.Thread(
                        target=self._serve,
                        args=(connection, peer),
                        name="labkit-http-connection",
                        daemon=True,
                    )
                    self._open[thread] = connection
            if full:
                connection.close()
                continue
            try:
                thread.start()
            except RuntimeError:  # the machine has no more threads to give
                with self._lock:
                    del self._open[thread]
                connection.close()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(self, connection, peer).run()
        except (_Gone, OSError):
            pass  # the client's business
        except Exception:
            log.exception("labkit's HTTP server lost a connection")
        finally:
            connection.close()
            with self._lock:
                self._open.pop(threading.current_thread(), None)
                self._ending.append(threading.current_thread())

    def respond(self, request: WireRequest) -> WireAnswer:
        """One request's answer, whatever happens."""
        origin = request.headers.get("origin")
        if origin is not None and not _is_here(origin):
            return WireAnswer(403, {"content-type": "text/plain"}, b"not from another origin\n")
        if origin is not None and "access-control-request-method" in request.headers:
            return WireAnswer(204, _allowed(origin, request.headers))
        try:
            answer = self._handle(request)
        except Exception:
            log.exception("labkit broke on %s", request.method)
            answer = WireAnswer(500, {"content-type": "text/plain"}, b"labkit broke on this\n")
        if origin is not None:
            answer.headers |= _allowed(origin, request.headers)
        return answer


class _Connection:
    """One client, from its first byte to its last."""

    def __init__(self, server: HttpServer, connection: socket.socket, peer: str) -> None:
        self.server = server
        self.socket = connection
        self.peer = peer
        self.buffer = bytearray()
        self.deadline = 0.0

    def run(self) -> None:
        """Serve requests until the client leaves, errs or asks to close."""
        going = True
        while going and not self.server._stopping:
            if not self.buffer:
                self.socket.settimeout(self.server.idle)
                if not self._more():
                    return
            self.deadline = machine_seconds() + self.server.patience
            try:
                request, going = self._request()
            except _Bad as bad:
                text = f"{bad}\n".encode()
                self._send(WireAnswer(bad.status, {"content-type": "text/plain"}, text), "", False)
                self._drain()
                return
            answer = self.server.respond(request)
            self.server.answered += 1
            self._send(answer, request.method, going)
            if answer.stream is not None:
                return

    # -- reading
    def _more(self) -> bool:
        """Read what has come; False when the client has left between two requests."""
        try:
            data = self.socket.recv(262_144)
        except TimeoutError:
            return False
        self.buffer += data
        return bool(data)

    def _need(self) -> None:
        left = self.deadline - machine_seconds()
        if left <= 0:
            raise _Gone
        self.socket.settimeout(left)
        if not self._more():
            raise _Gone

    def _request(self) -> tuple[WireRequest, bool]:
        searched = 0
        while (end := self.buffer.find(b"\r\n\r\n", max(0, searched - 3))) < 0:
            searched = len(self.buffer)
            if searched > _MOST_HEAD:
                raise _Bad(431, "the head of this request is too long")
            first = self.buffer.find(b"\n")
            if first >= 0 or searched > 8192 or not self._plausible():
                self._check_line(bytes(self.buffer[: first if first >= 0 else 8192]))
            self._need()
        head = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        del self.buffer[: end + 4]
        method, target, version = self._check_line(head[0].encode("latin-1"))
        headers: dict[str, str] = {}
        for line in head[1:]:
            name, colon, value = line.partition(":")
            name = name.lower()
            if not colon or not name or not _TOKEN.issuperset(name) or "\n" in value:
                raise _Bad(400, "this is no header")
            value = value.strip(" \t")
            if name in headers:
                if name in ("content-length", "host", "transfer-encoding"):
                    raise _Bad(400, f"{name} is given twice")
                value = f"{headers[name]},{value}"
            headers[name] = value
        going = self._going(version, headers)
        body = self._body(headers)
        return WireRequest(method, target, headers, body, self.peer), going

    def _plausible(self) -> bool:
        """Whether what has come so far can still become a request line."""
        word = bytes(self.buffer[:8]).partition(b" ")[0]
        return any(method.encode().startswith(word) for method in _METHODS)

    @staticmethod
    def _check_line(line: bytes) -> tuple[str, str, str]:
        parts = line.decode("latin-1").rstrip("\r").split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/") or not parts[1]:
            raise _Bad(400, "this is no HTTP request")
        method, target, version = parts
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise _Bad(505, "HTTP/1.1 is spoken here")
        if method not in _METHODS:
            raise _Bad(501, "this method is not known here")
        if not target.isascii() or not target.isprintable():
            raise _Bad(400, "a request's target is printable ASCII")
        return method, target, version

    @staticmethod
    def _going(version: str, headers: dict[str, str]) -> bool:
        wish = headers.get("connection", "").lower()
        return "keep-alive" in wish if version == "HTTP/1.0" else "close" not in wish

    def _body(self, headers: dict[str, str]) -> bytes:
        coding = headers.pop("transfer-encoding", "").lower()
        length_text = headers.get("content-length")
        if coding and length_text is not None:
            raise _Bad(400, "a length and a transfer coding are given")
        if coding not in ("", "chunked", "identity"):
            raise _Bad(501, "this transfer coding is not known here")
        if length_text is not None and not (length_text.isascii() and length_text.isdigit()):
            raise _Bad(400, "Content-Length is no number")
        length = int(length_text) if length_text else 0
        if length > self.server.most_body:
            raise _Bad(413, "the body is too long")
        if headers.get("expect", "").lower() == "100-continue" and len(self.buffer) == 0:
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if coding == "chunked":
            return self._chunks()
        self.deadline += length / _SLOWEST_BODY
        return self._take(length)

    def _take(self, length: int) -> bytes:
        while len(self.buffer) < length:
            self._need()
        taken = bytes(memoryview(self.buffer)[:length])
        del self.buffer[:length]
        return taken

    def _line(self) -> bytes:
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > 8192:
                raise _Bad(400, "a line of this chunked body is too long")
            self._need()
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        return line

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            text = self._line().split(b";")[0].strip()
            try:
                if not text or text[:1] in b"+-":
                    raise ValueError
                size = int(text, 16)
            except ValueError:
                raise _Bad(400, "this chunk has no size") from None
            if len(body) + size > self.server.most_body:
                raise _Bad(413, "the body is too long")
            if size == 0:
                trailers = 0
                while line := self._line():
                    trailers += len(line)
                    if trailers > _MOST_HEAD:
                        raise _Bad(431, "the trailers of this request are too long")
                return bytes(body)
            self.deadline += size / _SLOWEST_BODY
            body += self._take(size)
            if self._take(2) != b"\r\n":
                raise _Bad(400, "this chunk is longer than it says")

    # -- writing
    def _send(self, answer: WireAnswer, method: str, going: bool) -> None:
        lines = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Status')}"]
        sized = False
        for name, value in answer.headers.items():
            if name == "content-length":
                sized = True
            if "\r" in value or "\n" in value:
                value = " ".join(value.split())
            lines.append(f"{name}: {value}")
        if answer.stream is not None:
            self._send_stream(lines, answer.stream, method)
            return
        if not sized and answer.status not in (204, 304):
            lines.append(f"content-length: {len(answer.body)}")
        lines.append("connection: keep-alive\r\n\r\n" if going else "connection: close\r\n\r\n")
        head = "\r\n".join(lines).encode("utf-8")
        self.socket.settimeout(self.server.patience + len(answer.body) / _SLOWEST_BODY)
        self.socket.sendall(head if method == "HEAD" else head + answer.body)

    def _send_stream(self, lines: list[str], pieces: Iterator[bytes], method: str) -> None:
        """Send pieces as they come, each a chunk, until they end, or the client or the server does.

        The connection ends with the stream: nobody reads a second request from it meanwhile.
        """
        lines += ["transfer-encoding: chunked", "connection: close\r\n\r\n"]
        closing = getattr(pieces, "close", lambda: None)
        try:
            self.socket.settimeout(self.server.patience)
            self.socket.sendall("\r\n".join(lines).encode("utf-8"))
            if method == "HEAD":
                return
            for piece in pieces:
                if piece:
                    self.socket.settimeout(self.server.patience)
                    self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                elif self._left():
                    return
                if self.server._stopping:
                    return
            self.socket.sendall(b"0\r\n\r\n")
        finally:
            closing()

    def _left(self) -> bool:
        """Wait a moment; whether the client has gone meanwhile."""
        self.socket.settimeout(_STREAM_REST)
        try:
            data = self.socket.recv(4096)
        except TimeoutError:
            return False
        self.buffer += data
        return not data or len(self.buffer) > _MOST_HEAD

    def _drain(self) -> None:
        """Let a client that is still sending read why it is sent away.

        Closing with unread bytes resets the connection, and the answer is lost with it.
        """
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.settimeout(self.server.patience)
        for _ in range(64):
            if not self.socket.recv(262_144):
                return


def _allowed(origin: str, headers: dict[str, str]) -> dict[str, str]:
    """What tells a browser that a page of this machine may ask, and read what comes back."""
    told = {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "*",
        "vary": "origin",
    }
    if "access-control-request-method" in headers:
        told |= {
            "access-control-allow-methods": ", ".join(sorted(_METHODS)),
            "access-control-allow-headers": headers.get("access-control-request-headers", "*"),
            "access-control-max-age": "3600",
        }
    return told


def _is_here(origin: str) -> bool:
    try:
        return urlsplit(origin).hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False


def _shut(connection: socket.socket, *, close: bool = True) -> None:
    with contextlib.suppress(OSError):  # it is shut already
        connection.shutdown(socket.SHUT_RDWR)
    if close:
        connection.close()
