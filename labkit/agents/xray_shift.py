"""Traces of programs that live at another time than the lab.

A program with an X-Ray or OpenTelemetry SDK stamps its segments with the machine's clock; a lab may
be in January while the machine is in November. So whoever takes a trace in (a daemon, an OTLP
receiver) moves it: by an **offset that is fixed at the first segment that arrives of the trace**,
so that it ends now, and that all further segments of the trace keep, whoever takes them in. What
lies between two spans of a trace stays as it was measured.

- A trace that says a time within five minutes of the lab's is left as it is: that program knows the
  lab's time (or the lab lives at the machine's).
- The **trace id is left as it is**, with the machine's time inside: it stands in the program's own
  logs and headers, and whoever looks for it there must find it here. When a trace was, is read off
  its segments.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from labkit.core.clock import MINUTE, SECOND
from labkit.core.jsontext import dumps, parse

#: Times within this of the lab's are taken for the lab's.
NEAR_US = 5 * MINUTE
#: How many traces are remembered; one that was heard of again stays longer.
TRACES = 20_000


class Offsets:
    """By how much each trace is moved: one for a whole lab, as a trace has many senders."""

    def __init__(self) -> None:
        self._offsets: OrderedDict[str, int] = OrderedDict()

    def of(self, document: Mapping[str, Any], now_us: int) -> int:
        """Microseconds by which a segment's trace is moved; fixed now when it is the first."""
        trace_id = document.get("trace_id")
        if not isinstance(trace_id, str):
            return 0
        known = self._offsets.get(trace_id)
        if known is not None:
            self._offsets.move_to_end(trace_id)
            return known
        told = next((t for t in map(document.get, ("end_time", "start_time")) if _number(t)), None)
        if told is None or not abs(told) < 1e12:
            return 0
        gap = now_us - round(told * SECOND)
        offset = 0 if abs(gap) <= NEAR_US else gap
        self._offsets[trace_id] = offset
        if len(self._offsets) > TRACES:
            self._offsets.popitem(last=False)
        return offset

    def joined(self, trace_id: object, offset_us: int) -> int:
        """Microseconds by which a log record is moved: with its trace, else by ``offset_us``.

        ``trace_id``: 32 hexadecimal digits; a trace that nobody has sent yet will be moved so, too.
        """
        if not isinstance(trace_id, str) or len(trace_id) != 32:
            return offset_us
        name = f"1-{trace_id[:8]}-{trace_id[8:]}"
        known = self._offsets.setdefault(name, offset_us)
        self._offsets.move_to_end(name)
        if len(self._offsets) > TRACES:
            self._offsets.popitem(last=False)
        return known

    def moved(self, text: str, now_us: int) -> str:
        """A segment document as the lab shall have it; what is none is left as it is."""
        try:
            document = parse(text)
        except ValueError:
            return text
        if not isinstance(document, dict):
            return text
        offset = self.of(document, now_us)
        if not offset:
            return text
        return dumps(moved(document, offset))


def moved(document: Mapping[str, Any], offset_us: int) -> dict[str, Any]:
    """A segment or subsegment, and what is nested in it, later by ``offset_us``."""
    found = dict(document)
    for name in ("start_time", "end_time"):
        if _number(found.get(name)):
            found[name] = (round(found[name] * SECOND) + offset_us) / SECOND
    nested = found.get("subsegments")
    if isinstance(nested, list):
        found["subsegments"] = [
            moved(one, offset_us) if isinstance(one, dict) else one for one in nested
        ]
    return found


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
