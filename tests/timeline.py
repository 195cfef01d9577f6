"""System tests as timelines: what is done when, and what is wanted when.

::

    story = Timeline(lab)
    story.at(5).put_metric("Latency", 900)
    story.want(between(6, 8), mail("oncall@teapot.example", "ALARM"))
    story.never(between(8, 60), mail("oncall@teapot.example"))
    story.play(until=60)

Minutes count from the instant at which the timeline is made. ``want`` names instants of virtual
time, exact ones with ``exactly("09:20:00")``; nothing here sleeps or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any


@dataclass(frozen=True)
class Seen:
    """Something that happened: what, and when."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Span:
    """From ``start`` to ``end``, both included."""

    start: datetime | float
    end: datetime | float

    def on(self, zero: datetime) -> tuple[datetime, datetime]:
        """The span as instants, minutes counted from ``zero``."""

        def instant(value: datetime | float) -> datetime:
            return value if isinstance(value, datetime) else zero + timedelta(minutes=value)

        return instant(self.start), instant(self.end)


def between(start: float, end: float) -> Span:
    """Minutes ``start`` to ``end`` of the timeline."""
    return Span(start, end)


def exactly(clock_time: str, day: str = "2026-01-05") -> Span:
    """One instant of virtual time, to the microsecond."""
    date = datetime.fromisoformat(day).date()
    moment = datetime.combine(date, time.fromisoformat(clock_time), tzinfo=UTC)
    return Span(moment, moment)


Finder = Callable[[Any], list[Seen]]


def mail(to: str, subject: str = "") -> Finder:
    """E-mails to an address whose subject holds a text."""

    def find(lab: Any) -> list[Seen]:
        return [
            Seen(m.at, f"mail to {m.to}: {m.subject}")
            for m in lab.mailbox
            if m.to == to and subject in m.subject
        ]

    return find


def state(alarm: str, value: str) -> Finder:
    """Changes of an alarm into a state."""

    def find(lab: Any) -> list[Seen]:
        history = lab.client("cloudwatch").describe_alarm_history(
            AlarmName=alarm, HistoryItemType="StateUpdate"
        )
        return [
            Seen(item["Timestamp"], item["HistorySummary"])
            for item in history["AlarmHistoryItems"]
            if item["HistorySummary"].endswith(f"to {value}")
        ]

    return find


class Timeline:
    """A story told minute by minute."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.zero = lab.now
        self._deeds: list[tuple[float, int, Callable[[], Any]]] = []
        self._wants: list[tuple[Span, Finder, bool]] = []

    def at(self, minute: float) -> Deeds:
        """What is done at a minute."""
        return Deeds(self, minute)

    def want(self, span: Span, what: Finder) -> None:
        """Something must happen within the span."""
        self._wants.append((span, what, True))

    def never(self, span: Span, what: Finder) -> None:
        """Nothing of the kind may happen within the span."""
        self._wants.append((span, what, False))

    def add(self, minute: float, deed: Callable[[], Any]) -> None:
        """Plan a deed."""
        self._deeds.append((minute, len(self._deeds), deed))

    def play(self, until: float) -> None:
        """Do everything in order of time, then check every want."""
        for minute, _, deed in sorted(self._deeds, key=lambda row: row[:2]):
            when = self.zero + timedelta(minutes=minute)
            if when > self.lab.now:
                self.lab.run_until(when)
            deed()
        end = self.zero + timedelta(minutes=until)
        if end > self.lab.now:
            self.lab.run_until(end)
        for span, find, wanted in self._wants:
            start, stop = span.on(self.zero)
            seen = find(self.lab)
            inside = [one for one in seen if start <= one.at <= stop]
            told = "\n  ".join(f"{one.at:%d %H:%M:%S.%f} {one.what}" for one in seen) or "nothing"
            span_text = f"{start:%H:%M:%S.%f} and {stop:%H:%M:%S.%f}"
            if wanted:
                assert inside, f"nothing between {span_text}; there was:\n  {told}"
            else:
                assert not inside, f"unwanted between {span_text}:\n  {told}"


class Deeds:
    """The verbs of a timeline."""

    def __init__(self, story: Timeline, minute: float) -> None:
        self._story, self._minute = story, minute

    def do(self, deed: Callable[[], Any]) -> Deeds:
        """Anything."""
        self._story.add(self._minute, deed)
        return self

    def put_metric(self, name: str, value: float, **more: Any) -> Deeds:
        """One point of a metric in namespace Shop."""
        lab = self._story.lab
        datum = {"MetricName": name, "Value": value, **more}
        return self.do(
            lambda: lab.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[datum])
        )

    def load(self, instance: str, cpu: float, minutes: float | None = None) -> Deeds:
        """A machine works hard."""
        return self.do(lambda: self._story.lab.fleet.load(instance, cpu, minutes=minutes))
