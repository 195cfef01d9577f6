"""HTTP that really leaves the lab: to this machine only, and only once.

An API destination or a topic's HTTP subscriber may be a small server of the learner's. It is
called in earnest, on ``127.0.0.1``, ``localhost`` or ``::1``; any other host is refused with a
message that says so, since nothing of a lab may reach the world.

**Replays call nobody.** What a server answered is no function of the journal, so each answer is
written down in it (kind ``answer``). A replay, and a saved world that is opened, take the answers
from there: the same retries at the same instants, and the learner's server does not hear everything
twice. A request that was never made before (a replay in which other things happen) is taken for
answered with 200.

**Nothing hangs.** A request has five seconds, EventBridge's own limit for API destinations. A
server in this very process that calls the lab back before it answers waits for the lab while the
lab waits for it, and ends in that time-out.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from urllib.parse import urlencode, urlsplit

from labkit.core.journal import ANSWER, Entry, Journal
from labkit.core.jsontext import dumps

TIMEOUT_S = 5.0
#: Bytes of an answer that are read.
_MOST = 65_536
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@cache
def _certificates() -> ssl.SSLContext:
    """Whom this machine trusts; read once, since it takes 0.1 s and a retry comes 185 times."""
    return ssl.create_default_context()


class Unreachable(Exception):
    """A request that got no answer.

    Parameters
    ----------
    code, message:
        Why.
    retryable:
        Whether another try could help.
    failure:
        Its name in a dead letter.
    """

    def __init__(self, code: str, message: str, *, retryable: bool, failure: str) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answered: the status is all that deliveries look at.

    ``text`` is the body, for who asked for it (a token of an authorization endpoint).
    """

    status: int
    text: str = ""


class Outside:
    """The way out of one lab.

    Parameters
    ----------
    now_us:
        The lab's clock.
    journal:
        Where answers are written down.
    """

    def __init__(self, now_us: Callable[[], int], journal: Journal) -> None:
        self._now_us = now_us
        self._journal = journal
        self._known: dict[tuple[int, str], list[tuple[int, str, str]]] = {}
        #: Whether requests really leave. Not in a replay.
        self.open = True

    def recall(self, entries: Iterable[Entry]) -> None:
        """Take the answers of a journal, for a replay of it."""
        for entry in entries:
            if entry.kind == ANSWER:
                told = entry.arguments()
                known = self._known.setdefault((entry.at_us, entry.name), [])
                known.append((int(told["status"]), entry.error, str(told.get("text", ""))))

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, read: bool = False
    ) -> Reply:
        """Send a request; with ``read`` the answer's text is kept, 64 KB of it.

        Raises
        ------
        Unreachable
            For another machine's address, and when nobody answers in five seconds.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host not in _HERE or parts.scheme not in ("http", "https"):
            raise Unreachable(
                "UnreachableHost",
                f"{host or url} is not this machine: a lab delivers to http(s)://127.0.0.1 only",
                retryable=False,
                failure="CONNECTION_FAILURE",
            )
        digest = blake2b(body, digest_size=8).hexdigest()
        name = f"{method} {url} {digest}"
        status, problem, text = self._remembered(name) or self._send(method, url, headers, body)
        told: dict[str, object] = {"status": status}
        if read:
            told["text"] = text
        self._journal.note(Entry(self._now_us(), ANSWER, "", "", name, dumps(told), "", problem))
        if problem:
            raise Unreachable(
                problem,
                f"{host} gave no answer: {problem}",
                retryable=True,
                failure="TIMEOUT" if problem == "Timeout" else "CONNECTION_FAILURE",
            )
        return Reply(status, text if read else "")

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        body: str,
    ) -> tuple[int, str]:
        """The port ``http_request``: status and text of an answer; status 0 for none."""
        if query:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
        try:
            reply = self.request(method, url, headers, body.encode(), read=True)
        except Unreachable:
            return 0, ""
        return reply.status, reply.text

    def _remembered(self, name: str) -> tuple[int, str, str] | None:
        known = self._known.get((self._now_us(), name))
        if known:
            return known.pop(0)
        return None if self.open else (200, "", "")

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, str]:
        """Status, the name of what went wrong, and the text of the answer."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        try:
            if parts.scheme == "https":
                context = _certificates()
                connection = http.client.HTTPSConnection(
                    host, parts.port, timeout=TIMEOUT_S, context=context
                )
            else:
                connection = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
            path = parts.path or "/"
            target = f"{path}?{parts.query}" if parts.query else path
            try:
                connection.request(method, target, body=body, headers=dict(headers))
                response = connection.getresponse()
                return response.status, "", response.read(_MOST).decode("utf-8", "replace")
            finally:
                connection.close()
        except TimeoutError:
            return 0, "Timeout", ""
        except (OSError, http.client.HTTPException, ValueError):
            return 0, "ConnectionFailure", ""
