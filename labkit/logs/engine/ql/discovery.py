"""The fields of one event, found in Python: for GetLogRecord and GetLogGroupFields.

The query itself finds fields by SQL (:mod:`labkit.logs.engine.ql.discovered`); a test holds the two
together.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from labkit.logs.engine.ql.discovered import FLOW, ROUTE53

#: Fields of one JSON event that are extracted.
MOST_FIELDS = 200


@cache
def _shapes() -> tuple[Any, Any, Any]:
    import re2

    return (
        re2.compile(r"^[0-9]+ ([0-9]{12}|unknown) eni-"),
        re2.compile(r"^[0-9]+[.][0-9]+ [0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+ Z[0-9A-Z]+ "),
        re2.compile(
            r"^REPORT RequestId: (\S+)\tDuration: ([0-9.]+) ms\tBilled Duration: ([0-9.]+) ms ?"
            r"\tMemory Size: ([0-9]+) MB\tMax Memory Used: ([0-9]+) MB"
        ),
    )


def fields_of(message: str, log: str = "") -> dict[str, str]:
    """Field -> value of what Logs Insights discovers in a message.

    Parameters
    ----------
    message:
        The event.
    log:
        ``account:group``: in Lambda's groups JSON may stand behind other text.
    """
    flow, route53, report = _shapes()
    if flow.match(message):
        return dict(zip(FLOW, message.split(" "), strict=False))
    if route53.match(message):
        return dict(zip(ROUTE53, message.split(" "), strict=False))
    found = report.match(message)
    if found:
        names = ("@requestId", "@duration", "@billedDuration", "@memorySize", "@maxMemoryUsed")
        values = list(found.groups())
        values[3:] = [str(int(value) * 1_000_000) for value in values[3:]]
        return {"@type": "REPORT", **dict(zip(names, values, strict=True))}
    for word in ("START", "END"):
        if message.startswith(f"{word} RequestId: "):
            return {"@type": word, "@requestId": message.split(" ")[2].strip()}
    begin = 0 if message.startswith("{") else -1
    if begin < 0 and ":/aws/lambda/" in log:
        begin = message.find("{")
    return _leaves(message[begin:]) if begin >= 0 else {}


def _leaves(text: str) -> dict[str, str]:
    try:
        value = json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return {}
    out: dict[str, str] = {}
    todo: list[tuple[str, Any]] = [("", value)]
    while todo and len(out) < MOST_FIELDS:
        path, held = todo.pop(0)
        if isinstance(held, dict):
            todo[:0] = [(f"{path}.{key}" if path else _top(key), v) for key, v in held.items()]
        elif isinstance(held, list):
            todo[:0] = [(f"{path}.{place}", item) for place, item in enumerate(held)]
        elif held is not None and path:
            out[path] = _shown(held)
    return out


def _top(key: str) -> str:
    return "@" + key if key.startswith("@") else key


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else json.dumps(value)
