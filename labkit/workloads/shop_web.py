"""The shop's web server on 127.0.0.1: HTTP and HTTPS, in threads of the kernel.

While a canary visits, the server *holds* one snapshot, and a till of the visit's own; what was
ordered is told when the visit ends. Otherwise (somebody looks with a browser) each request sees the
shop as it is now. The server reads values only: it never waits for the lab, which may be waiting
for the very canary that visits.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from labkit.workloads import shop_pages
from labkit.workloads.shop_certificates import Authority
from labkit.workloads.shop_faults import SiteSnapshot
from labkit.workloads.shop_pages import Answer, Asked, Till
from labkit.workloads.shop_site import DOMAIN

#: How long a connection may say nothing, seconds.
_IDLE_SECONDS = 10.0
_LARGEST_BODY = 1_000_000
#: Closing a socket cuts its connection off (SO_LINGER with no time).
_HARD = struct.Struct("ii")
_CUT = _HARD.pack(1, 0)
_MEGABYTE = b"<p>" + b"tea " * 249_999 + b"\n"


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Teapot"
    sys_version = ""
    timeout = _IDLE_SECONDS
    server: _Server

    def handle_one_request(self) -> None:
        """One request; what goes wrong with the connection ends it."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError, ssl.SSLError, OSError):
            self.close_connection = True

    def _answer(self) -> None:
        site, till = self.server.web.present()
        length = self.headers.get("Content-Length", "0")
        size = min(int(length), _LARGEST_BODY) if length.isdigit() else 0
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(size) if size else b"")
        page = shop_pages.page_of(self.path)
        if page and not self._hindered(page, site):
            return
        self._send(shop_pages.serve(asked, site, till))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815

    def _hindered(self, page: str, site: SiteSnapshot) -> bool:
        """Wait, cut or flood as the page's faults say; whether an answer follows."""
        stopping = self.server.web.stopping
        seconds = site.size(page, "page_slow")
        if seconds and stopping.wait(seconds):
            return False
        if site.has(page, "page_silent"):
            self.close_connection = True
            while not stopping.is_set():  # until the visitor leaves
                if select.select([self.connection], [], [], 0.2)[0]:
                    break
            return False
        if site.has(page, "page_reset"):
            with contextlib.suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CUT)
            self.close_connection = True
            return False
        megabytes = site.size(page, "page_huge")
        if megabytes:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(int(megabytes) * len(_MEGABYTE)))
            self.end_headers()
            for _ in range(int(megabytes)):
                if stopping.is_set():
                    break
                self.wfile.write(_MEGABYTE)
            self.close_connection = True
            return False
        return True

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """No machine's time in a header: the lab's, of the snapshot."""
        from email.utils import format_datetime

        from labkit.core.clock import to_datetime

        return format_datetime(to_datetime(self.server.web.present()[0].now_us), usegmt=True)

    def log_message(self, *_: Any) -> None:
        """Nothing on the notebook's page."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, web: ShopWeb, *, secure: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.web, self._secure = web, secure

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its thread; TLS begins there too, so that nobody waits for it."""
        if self._secure:
            try:
                request.settimeout(_IDLE_SECONDS)
                request = self.web.context().wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        with contextlib.suppress(OSError, ssl.SSLError):
            _Handler(request, client_address, self)
        if self._secure:
            with contextlib.suppress(OSError):
                request.close()

    def shutdown_request(self, request: Any) -> None:
        """End a connection; one that is to be cut off without a farewell, which would race it."""
        with contextlib.suppress(OSError):
            if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD.size) == _CUT:
                self.close_request(request)
                return
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor that leaves in the middle is nothing to print."""


class ShopWeb:
    """The running site.

    Parameters
    ----------
    now:
        The shop as it is now; asked by the server's threads, so it reads and does not wait.
    """

    def __init__(self, now: Callable[[], SiteSnapshot]) -> None:
        self._now = now
        self._held: tuple[SiteSnapshot, Till] | None = None
        self._till = Till()
        self._lock = threading.Lock()
        self._contexts: dict[float, ssl.SSLContext] = {}
        self.stopping = threading.Event()
        self.authority = Authority(DOMAIN)
        self._servers = (_Server(self, secure=False), _Server(self, secure=True))
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, args=(0.05,), name="shop site", daemon=True
            ).start()

    @property
    def ports(self) -> tuple[int, int]:
        """The ports of HTTP and HTTPS."""
        plain, secure = (server.server_address[1] for server in self._servers)
        return plain, secure

    def present(self) -> tuple[SiteSnapshot, Till]:
        """What a request sees: the snapshot and the till that are held, or the shop as it is."""
        held = self._held
        return (self._now(), self._till) if held is None else held

    @contextlib.contextmanager
    def hold(self, site: SiteSnapshot) -> Iterator[Till]:
        """Show one snapshot for the time of a visit; the till holds what the visitor ordered."""
        till = Till()
        before, self._held = self._held, (site, till)
        try:
            yield till
        finally:
            self._held = before

    def context(self) -> ssl.SSLContext:
        """The TLS context with the certificate of the present snapshot."""
        days = round(self.present()[0].certificate_days, 3)
        with self._lock:
            if days not in self._contexts:
                self._contexts.clear()
                self._contexts[days] = self.authority.context(days)
            return self._contexts[days]

    def close(self) -> None:
        """End the servers; whoever still waits for an answer gets none."""
        self.stopping.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
