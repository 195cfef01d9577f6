"""The log formats that grok knows as a whole: Apache's and nginx's access logs, syslog (RFC 5424).

A pattern of these stands first and only ``DATA``, ``GREEDYDATA`` or ``GREEDYDATA_MULTILINE`` may
follow it, once. What is a dash in the line has no field. Source: user guide,
CloudWatch-Logs-Transformation-Configurable, common log grok patterns.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_ACCESS = (
    r'(?P<remote_host>\S+) \S+ (?P<auth_user>\S+) \[(?P<timestamp>[^\]]+)\] "(?:(?P<http_method>'
    r'[A-Z]+) (?P<request>[^" ]*)(?: HTTP/(?P<http_version>[0-9.]+))?|[^"]*)" '
    r"(?P<status_code>\d+) (?P<response_size>\d+|-)"
)
_AGENT = r' "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"'
_SYSLOG = (
    r"<(?P<pri>\d{1,3})>(?P<version>\d{1,2}) (?P<timestamp>\S+) (?P<hostname>\S+) (?P<app>\S+) "
    r"(?P<proc_id>\S+) (?P<msg_id>\S+) (?:-|\[(?P<structured_data>(?:[^\]\\]|\\.)*)\])"
    r"(?: ?(?P<message>(?s:.+?)))?"
)

#: The expression of each.
EXPRESSIONS = {
    "APACHE_ACCESS_LOG": _ACCESS, "NGINX_ACCESS_LOG": _ACCESS + _AGENT, "SYSLOG5424": _SYSLOG
}  # fmt: skip
#: What may follow.
REST = frozenset({"DATA", "GREEDYDATA", "GREEDYDATA_MULTILINE"})


def _instant(text: str) -> str:
    """The time of an access log as ISO 8601, in UTC; as it came when it is none."""
    try:
        at = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return text
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_ACCESS_VALUES: dict[str, Callable[[str], Any]] = {
    "timestamp": _instant, "status_code": int, "response_size": int
}  # fmt: skip
_VALUES: dict[str, dict[str, Callable[[str], Any]]] = {
    "APACHE_ACCESS_LOG": _ACCESS_VALUES,
    "NGINX_ACCESS_LOG": _ACCESS_VALUES,
    "SYSLOG5424": {"pri": int, "version": int},
}


def fields(name: str, found: dict[str, str | None]) -> dict[str, Any]:
    """The fields of a line that the expression ``name`` matched."""
    values = _VALUES[name]
    return {
        field: values[field](text) if field in values else text
        for field, text in found.items()
        if text is not None and text != "-"
    }
