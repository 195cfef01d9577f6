"""What CloudWatch shows: curves with their alarm, why an alarm decided, alarms and their history.

Every view takes values, or boto3's response as it came, and returns a
:class:`~labkit.views.drawing.Drawing`, whose title is what the data say::

    views.metric(cloudwatch.get_metric_data(...), threshold=70)
    views.alarm(evaluation)
    views.alarm_row("0 - X - X", N=3, M=2)
    views.alarms(cloudwatch.describe_alarms())
    views.history(cloudwatch.describe_alarm_history(AlarmName="cpu-high"))
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from labkit.core.clock import SECOND, iso
from labkit.core.errors import LabError
from labkit.views import curves as reading
from labkit.views import html, text
from labkit.views.chart import Band, Chart, Span, Threshold
from labkit.views.curves import Curve
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import instant, when
from labkit.views.wording import count, figures, joined, quantity, stretch

# -- metric ----------------------------------------------------------------------------------------


def metric(
    *series: Any,
    threshold: float | None = None,
    comparison: str = "GreaterThanThreshold",
    states: Any = None,
    mails: Iterable[Any] | None = None,
    incidents: Iterable[Any] | None = None,
    title: str | None = None,
    unit: str | None = None,
    period: int | None = None,
    period_us: int | timedelta | None = None,
    start: Any = None,
    end: Any = None,
    rows: bool = False,
) -> Drawing:
    """One or several series over time, with the alarm that watches them.

    Parameters
    ----------
    series:
        What :func:`labkit.views.curves.read` understands: a GetMetricData or GetMetricStatistics
        response, its ``Datapoints``, ``(timestamps, values)``, ``{label: (timestamps, values)}``,
        a pandas Series.
    threshold, comparison:
        A limit, and CloudWatch's word for its bad side.
    states:
        The alarm's states: ``[(instant, state), ...]``, a DescribeAlarmHistory response, or
        ``{label: either}`` for several alarms on the same curve.
    mails:
        E-mails, or the instants of their arrival; an empty list says "no e-mail" in the title.
    incidents:
        ``(start, end, name)``, or objects with these; ``end`` None is "still going on".
    title:
        Replaces the title that is computed from the data.
    unit:
        CloudWatch's word for the unit, where the data don't say.
    period, period_us:
        The series' period in seconds, as AWS's ``Period``, or in microseconds (or a timedelta);
        left out, the smallest distance between two points.
    start, end:
        The stretch to show; left out, all of the data.
    rows:
        A panel for each series, above each other on the same time axis.

    Raises
    ------
    LabError
        When something given can't be read as what it should be.
    """
    if period is not None:
        period_us = period * SECOND
    found = reading.read(series, period_us=period_us, unit=unit)
    happened = tuple(_incident(one) for one in incidents or ())
    posted = None if mails is None else tuple(sorted(_mail(one) for one in mails))
    changes = _changes(states)
    start_us, end_us = _stretch(found, happened, posted, changes, start, end)
    shown = [_clipped(curve, start_us, end_us) for curve in found] or [Curve("", (), ())]
    limit = None
    if threshold is not None:
        limit = Threshold(float(threshold), comparison, shown[0].unit)
    lasting = tuple((a, end_us if b is None else b, name) for a, b, name in happened)
    bands = tuple(_band(label, one, start_us, end_us) for label, one in changes.items())
    story = _Story(
        shown, start_us, end_us, limit, bands, changes,
        None if posted is None else [at for at, _ in posted if start_us <= at <= end_us],
        lasting,
    )  # fmt: skip
    empty = not any(curve.starts for curve in shown)
    nothing = _nothing(start_us, end_us, start is not None or end_us > start_us)
    chart = Chart(
        title=title or (f"{nothing[0].upper()}{nothing[1:]}" if empty else story.title()),
        curves=tuple(shown),
        start_us=start_us,
        end_us=end_us,
        threshold=limit,
        bands=bands,
        mails=story.mails if story.mails is None else tuple(story.mails),
        incidents=lasting,
        stacked=rows,
        note=nothing if empty else "",
    )
    data = story.data() | {
        "mails": None
        if posted is None
        else [{"at": iso(at), "subject": subject} for at, subject in posted]
    }
    plain = text.plot(chart)
    if end_us <= start_us:
        return Drawing(chart.title, plain, data, body=html.card(chart.title))
    return Drawing(chart.title, plain, data, svg=chart.svg())


def _nothing(start_us: int, end_us: int, known: bool) -> str:
    if not known or end_us <= start_us:
        return "no datapoints"
    first, last = (when(us, start_us, end_us) for us in (start_us, end_us))
    return f"no datapoints between {first} and {last}"


def _clipped(curve: Curve, start_us: int, end_us: int) -> Curve:
    kept = [
        i for i, at in enumerate(curve.starts) if at < end_us and at + curve.period_us > start_us
    ]
    if len(kept) == len(curve.starts):
        return curve
    return Curve(
        curve.label,
        tuple(curve.starts[i] for i in kept),
        tuple(curve.values[i] for i in kept),
        curve.period_us,
        curve.unit,
    )


def _incident(one: Any) -> tuple[int, int | None, str]:
    if isinstance(one, Mapping):
        start, end, name = one["start"], one.get("end"), one.get("name", "incident")
    elif isinstance(one, Sequence) and not isinstance(one, str):
        start, end, *rest = one
        name = rest[0] if rest else "incident"
    else:
        start = getattr(one, "start_us", None) or one.start
        end = getattr(one, "end_us", None) or getattr(one, "end", None)
        name = getattr(one, "name", "") or getattr(one, "kind", "incident")
    return instant(start), None if end is None else instant(end), str(name)


def _mail(one: Any) -> tuple[int, str]:
    if isinstance(one, Mapping):
        return instant(one["at"]), str(one.get("subject", ""))
    if hasattr(one, "at"):
        return instant(one.at), str(getattr(one, "subject", ""))
    return instant(one), ""


#: An alarm's changes: what it was before the first one (None: not known), and (instant, state).
Changes = tuple[str | None, list[tuple[int, str]]]


def _changes(states: Any) -> dict[str, Changes]:
    if states is None:
        return {}
    if isinstance(states, Mapping) and "AlarmHistoryItems" not in states:
        out: dict[str, Changes] = {}
        for label, one in states.items():
            inner = _changes(one)
            for name, changes in inner.items():
                out[str(label) if len(inner) == 1 else f"{label} {name}"] = changes
        return out
    items = states["AlarmHistoryItems"] if isinstance(states, Mapping) else list(states)
    if all(isinstance(item, tuple | list) and len(item) == 2 for item in items):
        return {"": (None, sorted((instant(at), str(state)) for at, state in items))}
    return _from_history(items)


def _from_history(items: Sequence[Any]) -> dict[str, Changes]:
    found: dict[str, list[tuple[int, str, str]]] = {}
    for item in items:
        line = _history_line(item)
        if line["kind"] == "StateUpdate":
            data = json.loads(line["data"])
            old, new = data["oldState"]["stateValue"], data["newState"]["stateValue"]
            found.setdefault(line["alarm"], []).append((line["at_us"], old, new))
    out: dict[str, Changes] = {}
    for name, rows in found.items():
        rows.sort()
        out[name if len(found) > 1 else ""] = (rows[0][1], [(at, new) for at, _, new in rows])
    return out


def _history_line(item: Any) -> dict[str, Any]:
    if isinstance(item, Mapping):
        return {
            "at_us": instant(item["Timestamp"]),
            "alarm": item.get("AlarmName", ""),
            "kind": item.get("HistoryItemType", ""),
            "summary": item.get("HistorySummary", ""),
            "data": item.get("HistoryData", ""),
        }
    if hasattr(item, "describe"):
        return _history_line(item.describe())
    raise LabError(
        f"a {type(item).__name__} is no line of an alarm's history; states are "
        "[(instant, state), ...] or a DescribeAlarmHistory response"
    )


def _band(label: str, changes: Changes, start_us: int, end_us: int) -> Band:
    before, moves = changes
    spans: list[Span] = []
    state, since = before, start_us
    for at, new in [*moves, (end_us, "")]:
        until = min(max(at, start_us), end_us)
        if state is not None and until > since:
            if spans and spans[-1][2] == state:
                spans[-1] = (spans[-1][0], until, state)
            else:
                spans.append((since, until, state))
        state, since = new, max(since, until)
    return Band(label or "alarm", tuple(spans))


def _stretch(
    found: Sequence[Curve],
    incidents: Sequence[tuple[int, int | None, str]],
    mails: Sequence[tuple[int, str]] | None,
    changes: Mapping[str, Changes],
    start: Any,
    end: Any,
) -> tuple[int, int]:
    """The stretch to show: the data, and what happened around them."""
    firsts = [curve.starts[0] for curve in found if curve.starts]
    lasts = [curve.starts[-1] + curve.period_us for curve in found if curve.starts]
    firsts += [a for a, _, _ in incidents]
    lasts += [a if b is None else b for a, b, _ in incidents]
    moves = [at for _, ms in changes.values() for at, _ in ms]
    points = [at for at, _ in mails or ()]
    start_us = instant(start) if start is not None else min(firsts or moves or points or [0])
    later = [at for at in [*moves, *points] if at >= start_us]
    end_us = instant(end) if end is not None else max([*lasts, *later], default=start_us)
    if end_us < start_us:
        raise LabError(
            f"the stretch to show ends ({iso(end_us)}) before it starts ({iso(start_us)})"
        )
    return start_us, end_us


class _Story:
    """What a chart's data say: the parts of its title, and the same as values."""

    def __init__(
        self,
        curves: Sequence[Curve],
        start_us: int,
        end_us: int,
        limit: Threshold | None,
        bands: Sequence[Band],
        changes: Mapping[str, Changes],
        mails: list[int] | None,
        incidents: Sequence[Span],
    ) -> None:
        self.curves = curves
        self.start_us, self.end_us = start_us, end_us
        self.limit = limit
        self.bands = bands
        self.mails = mails
        self.incidents = incidents
        self.entered = {
            label: [m for m in moves if start_us <= m[0] <= end_us]
            for label, (_, moves) in changes.items()
        }
        self._said = ""
        self.gaps = reading.missing(curves, start_us, end_us)

    def title(self) -> str:
        """The finding: what the curve did, then the alarm, then the e-mail."""
        self._said = ""
        parts = [self._curves(), self._gaps(), self._alarms(), self._mailed()]
        return "; ".join(part for part in parts if part)

    def _at(self, us: int) -> str:
        """An instant; the day is said again only when it is another one."""
        day, _, clock = when(us, self.start_us, self.end_us).rpartition(" ")
        if day in ("", self._said):
            return clock
        self._said = day
        return f"{day} {clock}"

    # -- the curve
    def breach(self, curve: Curve) -> int | None:
        """Where the first bad point is."""
        if self.limit is None:
            return None
        pairs = zip(curve.starts, curve.values, strict=True)
        return next((at for at, value in pairs if self.limit.breached_by(value)), None)

    def _curves(self) -> str:
        curves = [curve for curve in self.curves if curve.starts]
        if len(curves) == 1:
            return self._one(curves[0])
        if self.limit is None:
            tops = [f"{c.label or 'a series'} up to {self._top(c)}" for c in curves[:3]]
            more = [f"{len(curves) - 3} more"] if len(curves) > 3 else []
            return joined(tops + more)
        bad = [(c, self.breach(c)) for c in curves]
        crossed = [f"{c.label} {self._verb()} at {self._at(at)}" for c, at in bad if at is not None]
        calm = [c.label for c, at in bad if at is None]
        if not crossed:
            return f"{joined(calm[:3])} never {self._verb()} {self._amount()}"
        crossed[0] = crossed[0].replace(self._verb(), f"{self._verb()} {self._amount()}", 1)
        told = ", ".join(crossed[:3])
        return f"{told}; {joined(calm[:3])} never did" if calm else told

    def _one(self, curve: Curve) -> str:
        name = curve.label or "the value"
        if self.limit is None:
            low, high = min(curve.values), max(curve.values)
            if low == high:
                return f"{name} is {quantity(low, curve.unit)} throughout"
            at = self._at(curve.starts[curve.values.index(high)])
            return (
                f"{name} between {quantity(low, curve.unit)} and {quantity(high, curve.unit)}, "
                f"highest at {at}"
            )
        first = self.breach(curve)
        if first is None:
            pick = min if self.limit.below else max
            worst = pick(curve.values)
            word = "lowest" if self.limit.below else "highest"
            at = self._at(curve.starts[curve.values.index(worst)])
            value = quantity(worst, curve.unit)
            return f"{name} never {self._verb()} {self._amount()} ({word} {value} at {at})"
        return f"{name} {self._verb()} {self._amount()} at {self._at(first)}"

    def _verb(self) -> str:
        assert self.limit is not None
        if "OrEqual" in self.limit.comparison:
            return "reached" if not self.limit.below else "fell to"
        return "fell below" if self.limit.below else "crossed"

    def _amount(self) -> str:
        assert self.limit is not None
        return quantity(self.limit.value, self.limit.unit)

    def _top(self, curve: Curve) -> str:
        return quantity(max(curve.values), curve.unit)

    def _gaps(self) -> str:
        if not self.gaps or not any(curve.starts for curve in self.curves):
            return ""
        if len(self.gaps) > 1:
            return f"{len(self.gaps)} gaps without data"
        a, b = self.gaps[0]
        if b == self.end_us:
            return f"no data from {self._at(a)}"
        if a == self.start_us:
            return f"no data before {self._at(b)}"
        return f"no data {self._at(a)} to {self._at(b)}"

    # -- the alarms
    def _alarms(self) -> str:
        if not self.bands:
            return ""
        rang, held, calm = [], [], []
        several = len(self.bands) > 1
        for band, moves in zip(self.bands, self.entered.values(), strict=True):
            red = [us for us, state in moves if state == "ALARM"]
            whose = f" for {band.label}" if several else ""
            if len(red) > 1:
                rang.append(f"ALARM{whose} {len(red)} times, first at {self._at(red[0])}")
            elif red:
                rang.append(f"ALARM{whose} at {self._at(red[0])}")
            elif any(state == "ALARM" for _, _, state in band.spans):
                held.append(f"in ALARM{whose} from the start")
            else:
                calm.append(band.label)
        if calm:
            never = f"never for {joined(calm)}" if rang or held else f"no ALARM for {joined(calm)}"
            calm = [never if several else "no ALARM"]
        told = ", ".join(rang + held + calm)
        grey = [
            us
            for moves in self.entered.values()
            for us, state in moves
            if state == "INSUFFICIENT_DATA" and us > self.start_us
        ]
        return f"{told}; INSUFFICIENT_DATA at {self._at(min(grey))}" if grey else told

    def _mailed(self) -> str:
        if self.mails is None:
            return ""
        if not self.mails:
            return "no e-mail"
        first = self.mails[0]
        if len(self.mails) == 1:
            told = f"e-mail at {self._at(first)}"
        else:
            told = f"{count(len(self.mails), 'e-mail')}, first at {self._at(first)}"
        begun = [(a, name) for a, _, name in self.incidents if a <= first]
        if begun:
            since, name = begun[-1]
            told += (
                f", {stretch((first - since) // SECOND * SECOND)} after \u201c{name}\u201d began"
            )
        return told

    # -- as values
    def data(self) -> dict[str, Any]:
        """The numbers drawn."""
        first = [at for at in map(self.breach, self.curves) if at is not None]
        alarmed = [at for ms in self.entered.values() for at, state in ms if state == "ALARM"]
        return {
            "start": iso(self.start_us),
            "end": iso(self.end_us),
            "series": [
                {
                    "label": curve.label,
                    "unit": curve.unit,
                    "period": curve.period_us / SECOND,
                    "timestamps": [iso(at) for at in curve.starts],
                    "values": [figures(value) for value in curve.values],
                }
                for curve in self.curves
            ],
            "threshold": self.limit.value if self.limit else None,
            "comparison": self.limit.comparison if self.limit else None,
            "gaps": [[iso(a), iso(b)] for a, b in self.gaps],
            "states": {
                band.label: [{"from": iso(a), "to": iso(b), "state": s} for a, b, s in band.spans]
                for band in self.bands
            },
            "incidents": [
                {"start": iso(a), "end": iso(b), "name": name} for a, b, name in self.incidents
            ],
            "first_breach": iso(min(first)) if first else None,
            "first_alarm": iso(min(alarmed)) if alarmed else None,
            "first_mail": iso(self.mails[0]) if self.mails else None,
        }
