"""HTTP attributes of a span, in the old and the new semantic conventions, as X-Ray's ``http``.

The new names (``http.request.method``, ``url.full``, ``server.address``) are stable since 2023;
instrumentations of both kinds are in the field, and some send both.
"""

from __future__ import annotations

from typing import Any

from labkit.agents.otlp_wire import SERVER, Attributes, Span

#: What is read here, by what it says; the new name first. The rest of a span's attributes go on.
NAMES = {
    "method": ("http.request.method", "http.method"),
    "status": ("http.response.status_code", "http.status_code"),
    "agent": ("user_agent.original", "http.user_agent"),
    "client": ("client.address", "http.client_ip"),
    "url": ("url.full", "http.url"),
    "scheme": ("url.scheme", "http.scheme"),
    "path": ("url.path",),
    "query": ("url.query",),
    "target": ("http.target",),
    "host": ("http.host",),
    "server": ("server.address", "http.server_name", "net.host.name", "host.name"),
    "port": ("server.port", "net.host.port"),
    "peer": ("net.peer.name",),
    "peer_ip": ("network.peer.address", "net.sock.peer.addr", "net.peer.ip"),
    "peer_port": ("net.peer.port",),
    "length": ("http.response.body.size", "http.response_content_length"),
}
#: Without one of these a span has nothing to do with HTTP.
_HTTP = ("method", "status", "agent", "url", "target")
_USED = frozenset(name for names in NAMES.values() for name in names)
_PORTS = {"http": "80", "https": "443"}


def http_of(span: Span) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """X-Ray's ``http`` (None for a span that is none of HTTP), and the attributes not read here."""
    given = {what: _first(span.attributes, names) for what, names in NAMES.items()}
    if all(given[what] is None for what in _HTTP):
        return None, dict(span.attributes)
    rest = {key: value for key, value in span.attributes.items() if key not in _USED}
    request: dict[str, Any] = {}
    for name, what in (("method", "method"), ("user_agent", "agent")):
        if given[what] is not None:
            request[name] = str(given[what])
    url = _url(span, given)
    if url:
        request["url"] = url
    if given["client"] is not None:
        request["client_ip"] = str(given["client"])
        request["x_forwarded_for"] = True
    elif given["peer_ip"] is not None:
        request["client_ip"] = str(given["peer_ip"])
    response: dict[str, Any] = {}
    status = _whole(given["status"])
    if status is not None:
        response["status"] = status
    length = _whole(given["length"])
    response["content_length"] = _in_events(span) if length is None else length
    http: dict[str, Any] = {"request": request} if request else {}
    if status is not None or response["content_length"]:
        http["response"] = response
    return http or None, rest


def status_of(span: Span) -> int | None:
    """The status of HTTP that a span tells of."""
    return _whole(_first(span.attributes, NAMES["status"]))


def _first(attributes: Attributes, names: tuple[str, ...]) -> Any:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return int(value)
    return None


def _in_events(span: Span) -> int:
    """How long the answer was, where an instrumentation tells of messages as events."""
    for attributes in (span.attributes, *(event.attributes for event in span.events)):
        if attributes.get("message.type") == "RECEIVED":
            size = _whole(attributes.get("messaging.message_payload_size_bytes"))
            if size:
                return size
    return 0


def _url(span: Span, given: dict[str, Any]) -> str:
    if given["url"] is not None:
        return str(given["url"])
    names = ("host", "server") if span.kind == SERVER else ("host", "server", "peer", "peer_ip")
    named = next((name for name in names if given[name] is not None), None)
    if named is None:
        return ""
    scheme = str(given["scheme"] or "http")
    url = f"{scheme}://{given[named]}"
    port = given["port"] if named == "server" else given["peer_port"]
    if named != "host" and port is not None and str(port) != _PORTS.get(scheme):
        url += f":{port}"
    if given["target"] is not None:
        return url + str(given["target"])
    query = f"?{given['query']}" if given["query"] else ""
    return f"{url}{given['path'] or '/'}{query}"
