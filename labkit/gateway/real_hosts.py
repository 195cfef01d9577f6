"""No request of a lab's process reaches a real AWS host.

Answering boto3 is one thing; a forgotten ``requests.get("https://...amazonaws.com")``, an SDK with
its own HTTP client, or an instance-metadata look-up are others, and with real credentials in the
environment they would act on a real account. While a lab is active

- resolving the name of an AWS host fails (this catches every HTTP library at once, asyncio ones
  included: they all ask ``socket.getaddrinfo``);
- a request to an AWS host *through a proxy* fails (the proxy would resolve the name, so the first
  guard never sees it: ``http.client`` is asked to tunnel to, or to fetch, the host instead).

The error says which host and what to do.
"""

from __future__ import annotations

import http.client
import socket
from typing import Any
from urllib.parse import urlsplit

from labkit.core.errors import RealHostError

_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws")
_METADATA = frozenset({"169.254.169.254", "169.254.170.2", "fd00:ec2::254"})


def is_aws_host(host: str | None) -> bool:
    """Whether ``host`` is an AWS API endpoint or an instance-metadata address."""
    if not host:
        return False
    host = host.strip("[]").lower().rstrip(".")
    return host.endswith(_SUFFIXES) or host in _METADATA


def refuse(host: object) -> None:
    """Raise :class:`RealHostError` when ``host`` is AWS's."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if isinstance(host, str) and is_aws_host(host):
        raise RealHostError(
            f"a request to {host} was stopped: a lab is active and nothing may reach real AWS. "
            "Use a boto3 client (the lab answers it), or close the lab with lab.close()."
        )


class RealHostGuard:
    """The two guards, put up while at least one lab is active."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def up(self) -> None:
        """Put the guards up (again and again is fine)."""
        if self._kept:
            return
        connection = http.client.HTTPConnection
        getaddrinfo = socket.getaddrinfo
        set_tunnel = connection.set_tunnel
        putrequest = connection.putrequest
        self._kept = {
            "getaddrinfo": getaddrinfo,
            "set_tunnel": set_tunnel,
            "putrequest": putrequest,
        }

        def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            refuse(host)
            return getaddrinfo(host, *args, **kwargs)

        def guarded_set_tunnel(self: Any, host: str, *args: Any, **kwargs: Any) -> None:
            refuse(host)
            set_tunnel(self, host, *args, **kwargs)

        def guarded_putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
            if url.startswith("http"):
                refuse(urlsplit(url).hostname)
            putrequest(self, method, url, *args, **kwargs)

        socket.getaddrinfo = guarded_getaddrinfo
        connection.set_tunnel = guarded_set_tunnel  # type: ignore[method-assign]
        connection.putrequest = guarded_putrequest  # type: ignore[method-assign]

    def down(self) -> None:
        """Take the guards down."""
        if not self._kept:
            return
        socket.getaddrinfo = self._kept["getaddrinfo"]
        connection = http.client.HTTPConnection
        connection.set_tunnel = self._kept["set_tunnel"]  # type: ignore[method-assign]
        connection.putrequest = self._kept["putrequest"]  # type: ignore[method-assign]
        self._kept = {}
