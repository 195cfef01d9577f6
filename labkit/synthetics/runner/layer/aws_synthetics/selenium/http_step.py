"""One HTTP request of a step."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import _run

#: How long a request waits for an answer, seconds, when nothing is said.
TIMEOUT = 30.0


@dataclass(frozen=True)
class HttpResponse:
    """What came back: status, headers (names in lower case), body."""

    method: str
    url: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises
        ------
        ValueError
            When it is none, with what it begins with.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise ValueError(
                f"{self.method} {self.url} answered {self.status} and no JSON: {self.text[:80]!r}"
            ) from None


def ask(request: str | Mapping[str, Any]) -> HttpResponse:
    """Make a request; a status of 400 and above is an answer too.

    Raises
    ------
    OSError
        When there is no answer.
    """
    asked: Mapping[str, Any] = {"url": request} if isinstance(request, str) else request
    url, method = address(asked), str(asked.get("method", "GET")).upper()
    body = asked.get("body")
    headers = {str(k): str(v) for k, v in dict(asked.get("headers") or {}).items()}
    run = _run.link()
    agent = f"CloudWatchSynthetics/{run.canary}/{run.run_id}"
    headers["User-Agent"] = f"{agent} {headers.get('User-Agent', '')}".strip()
    if body is not None and not isinstance(body, bytes | str):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    data = body.encode() if isinstance(body, str) else body
    made = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        answer = urllib.request.urlopen(made, timeout=float(asked.get("timeout", TIMEOUT)))
    except urllib.error.HTTPError as problem:
        answer = problem
    except urllib.error.URLError as problem:
        if isinstance(problem.reason, OSError):
            raise type(problem.reason)(f"{method} {url}: {problem.reason}") from None
        raise
    with answer:
        return HttpResponse(
            method, url, int(answer.status or 0),
            {name.lower(): value for name, value in answer.headers.items()}, answer.read(),
        )  # fmt: skip


def address(asked: Mapping[str, Any]) -> str:
    """The URL that a request means."""
    if asked.get("url"):
        return str(asked["url"])
    protocol = str(asked.get("protocol", "https")).rstrip(":/")
    host = asked.get("hostname") or asked.get("host")
    if not host:
        raise ValueError("a request wants a url, or a hostname and a path")
    port = f":{asked['port']}" if asked.get("port") else ""
    return f"{protocol}://{host}{port}{asked.get('path', '/')}"
