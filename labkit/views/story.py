"""Story: what a chart's data say, as a title, and the same as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import SECOND, iso
from labkit.views.chart import Band, Chart, Span, Threshold
from labkit.views.curves import Curve, missing
from labkit.views.drawing import printable
from labkit.views.happenings import Changes, band
from labkit.views.timeaxis import when
from labkit.views.wording import count, cut, figures, joined, quantity, stretch


def nothing(start_us: int, end_us: int) -> str:
    """What is said where there is no datapoint: ``no datapoints between 09:00 and 09:30``."""
    if end_us <= start_us:
        return "no datapoints"
    first, last = (when(us, start_us, end_us) for us in (start_us, end_us))
    return f"no datapoints between {first} and {last}"


@dataclass(frozen=True, slots=True)
class Story:
    """All that a chart tells of: what was measured, and what happened meanwhile.

    Parameters
    ----------
    curves:
        What was measured between ``start_us`` and ``end_us``.
    start_us, end_us:
        The stretch of time.
    limit:
        The threshold, if there is one.
    changes:
        The changes of state of each alarm, by label.
    mails:
        (instant, subject) of each e-mail; None where e-mails are not the subject.
    incidents:
        (from, to, name).
    envelope:
        The lower and upper bound of what is normal, where there is a band.
    """

    curves: Sequence[Curve]
    start_us: int
    end_us: int
    limit: Threshold | None = None
    changes: Mapping[str, Changes] = field(default_factory=dict)
    mails: Sequence[tuple[int, str]] | None = None
    incidents: Sequence[Span] = ()
    envelope: tuple[Curve, Curve] | None = None

    @property
    def bands(self) -> tuple[Band, ...]:
        """The alarms' states as bands."""
        return tuple(
            band(label, moves, self.start_us, self.end_us) for label, moves in self.changes.items()
        )

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Where no curve has a point."""
        return missing(self.curves, self.start_us, self.end_us)

    @property
    def empty(self) -> bool:
        """Whether nothing was measured at all."""
        return not any(curve.starts for curve in self.curves)

    @property
    def bands_only(self) -> bool:
        """Whether states alone were given: nothing was measured that could be missing."""
        named = any(curve.label for curve in self.curves)
        return bool(self.changes) and self.empty and not named and self.limit is None

    def chart(self, title: str | None = None, *, stacked: bool = False) -> Chart:
        """The chart that shows all this, under its own title unless another is given."""
        bare = self.bands_only
        return Chart(
            title=printable(title or self.title()),
            curves=tuple(self.curves),
            start_us=self.start_us,
            end_us=self.end_us,
            threshold=self.limit,
            bands=self.bands,
            mails=None if self.mails is None else tuple(at for at, _ in self.mails),
            incidents=tuple(self.incidents),
            stacked=stacked and len(self.curves) > 1,
            note=nothing(self.start_us, self.end_us) if self.empty and not bare else "",
            envelope=self.envelope,
            bands_only=bare,
        )

    def title(self) -> str:
        """The finding: what the curve did, then the alarm, then the e-mail."""
        return _Teller(self).title()

    def data(self) -> dict[str, Any]:
        """All this as plain values, and the first moments of each kind."""
        first = [at for curve in self.curves if (at := self.breach(curve)) is not None]
        alarmed = [
            at
            for _, moves in self.changes.values()
            for at, state in moves
            if state == "ALARM" and self.start_us <= at <= self.end_us
        ]
        return {
            "start": iso(self.start_us),
            "end": iso(self.end_us),
            "series": [_curve_data(curve) for curve in self.curves],
            "band": None if self.envelope is None else [_curve_data(c) for c in self.envelope],
            "threshold": self.limit.value if self.limit else None,
            "comparison": self.limit.comparison if self.limit else None,
            "gaps": [[iso(a), iso(b)] for a, b in self.gaps],
            "states": {
                one.label: [{"from": iso(a), "to": iso(b), "state": s} for a, b, s in one.spans]
                for one in self.bands
            },
            "incidents": [
                {"start": iso(a), "end": iso(b), "name": name} for a, b, name in self.incidents
            ],
            "mails": None
            if self.mails is None
            else [{"at": iso(at, millis=True), "subject": subject} for at, subject in self.mails],
            "first_breach": iso(min(first)) if first else None,
            "first_alarm": iso(min(alarmed)) if alarmed else None,
            "first_mail": iso(self.mails[0][0]) if self.mails else None,
        }

    def breach(self, curve: Curve) -> int | None:
        """Where the first bad point of a curve is."""
        if self.limit is None:
            return None
        pairs = zip(curve.starts, curve.values, strict=True)
        return next((at for at, value in pairs if self.limit.breached_by(value)), None)


def _curve_data(curve: Curve) -> dict[str, Any]:
    return {
        "label": curve.label,
        "unit": curve.unit,
        "period": curve.period_us / SECOND,
        "timestamps": [iso(at) for at in curve.starts],
        "values": [figures(value) for value in curve.values],
    }


class _Teller:
    """Puts a story into a sentence; the day is said again only when it is another one."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._said = ""

    def title(self) -> str:
        """What the curve did, where data are missing, then the alarm, then the e-mail."""
        story = self.story
        measured = [] if story.bands_only else [self._curves(), self._gaps()]
        told = "; ".join(part for part in [*measured, *self._alarms(), self._mailed()] if part)
        return told or self._curves()

    def _at(self, us: int) -> str:
        story = self.story
        text = when(us // SECOND * SECOND, story.start_us, story.end_us)
        day, _, clock = text.rpartition(" ")
        if day in ("", self._said):
            return clock
        self._said = day
        return f"{day} {clock}"

    # -- the curves
    def _curves(self) -> str:
        story = self.story
        curves = [curve for curve in story.curves if curve.starts]
        if not curves:
            names = joined([_name(curve) for curve in story.curves if curve.label][:3])
            told = nothing(story.start_us, story.end_us)
            return f"{names}: {told}" if names else told
        if story.limit is None:
            return self._range(curves)
        if len(curves) == 1:
            return self._crossing(curves[0], story.limit)
        verb, amount = _verb(story.limit), _amount(story.limit)
        bad = [(_name(curve), story.breach(curve)) for curve in curves]
        crossed = [(name, at) for name, at in bad if at is not None]
        calm = _several([name for name, at in bad if at is None])
        if not crossed:
            return f"{calm} never {verb} {amount}"
        named: list[str] = []
        for name, at in crossed:
            what = "" if named else f" {verb} {amount}"
            named.append(f"{name}{what} at {self._at(at)}")
        told = _several(named)
        return f"{told}; {calm} never did" if calm else told

    def _range(self, curves: Sequence[Curve]) -> str:
        if len(curves) > 3:
            top = max(curves, key=lambda curve: max(curve.values))
            at = self._at(top.starts[top.values.index(max(top.values))])
            value = quantity(max(top.values), top.unit)
            return f"{len(curves)} series, the highest is {_name(top)} with {value} at {at}"
        if len(curves) > 1:
            return _several([f"{_name(c)} up to {quantity(max(c.values), c.unit)}" for c in curves])
        curve = curves[0]
        low, high = min(curve.values), max(curve.values)
        if low == high:
            return f"{_name(curve)} is {quantity(low, curve.unit)} throughout"
        at = self._at(curve.starts[curve.values.index(high)])
        ends = f"{quantity(low, curve.unit)} and {quantity(high, curve.unit)}"
        return f"{_name(curve)} between {ends}, highest at {at}"

    def _crossing(self, curve: Curve, limit: Threshold) -> str:
        told = f"{_verb(limit)} {_amount(limit)}"
        first = self.story.breach(curve)
        if first is not None:
            return f"{_name(curve)} {told} at {self._at(first)}"
        worst = min(curve.values) if limit.below else max(curve.values)
        at = self._at(curve.starts[curve.values.index(worst)])
        word = "lowest" if limit.below else "highest"
        return f"{_name(curve)} never {told} ({word} {quantity(worst, curve.unit)} at {at})"

    def _gaps(self) -> str:
        story = self.story
        gaps = story.gaps
        if story.empty or not gaps:
            return ""
        if len(gaps) > 1:
            return f"{len(gaps)} gaps without data"
        begin, end = gaps[0]
        if end == story.end_us:
            return f"no data from {self._at(begin)}"
        if begin == story.start_us:
            return f"no data before {self._at(end)}"
        return f"no data {self._at(begin)} to {self._at(end)}"

    # -- the alarms
    def _alarms(self) -> list[str]:
        story = self.story
        if not story.changes:
            return []
        rang: list[str] = []
        calm: list[str] = []
        grey: list[int] = []
        several = len(story.changes) > 1
        for one, (_, changes) in zip(story.bands, story.changes.values(), strict=True):
            moves = [move for move in changes if story.start_us <= move[0] <= story.end_us]
            red = [us for us, state in moves if state == "ALARM"]
            grey += [us for us, state in moves if state == "INSUFFICIENT_DATA"]
            whose = f" for {one.label}" if several else ""
            if len(red) > 1:
                rang.append(f"ALARM{whose} {len(red)} times, first at {self._at(red[0])}")
            elif red:
                rang.append(f"ALARM{whose} at {self._at(red[0])}")
            elif any(state == "ALARM" for _, _, state in one.spans):
                rang.append(f"in ALARM{whose} from the start")
            else:
                calm.append(one.label)
        if calm and not several:
            rang.append("no ALARM")
        elif calm:
            rang.append(f"{'never' if rang else 'no ALARM'} for {_several(calm)}")
        told = [", ".join(rang)]
        later = [us for us in grey if us > story.start_us]
        return [*told, f"INSUFFICIENT_DATA at {self._at(min(later))}"] if later else told

    def _mailed(self) -> str:
        mails = self.story.mails
        if mails is None:
            return ""
        if not mails:
            return "no e-mail"
        first = mails[0][0]
        told = f"e-mail at {self._at(first)}"
        if len(mails) > 1:
            told = f"{count(len(mails), 'e-mail')}, first at {self._at(first)}"
        begun = [one for one in self.story.incidents if one[0] <= first]
        if not begun:
            return told
        since, until, name = begun[-1]
        late = stretch((first - since) // SECOND * SECOND)
        if first <= until:
            return f"{told}, {late} into \u201c{name}\u201d"
        return f"{told}, {late} after \u201c{name}\u201d began"


def _name(curve: Curve) -> str:
    return cut(curve.label, 48) or "the value"


def _several(words: Sequence[str], most: int = 3) -> str:
    if not words:
        return ""
    return joined([*words[:most], *([f"{len(words) - most} more"] if len(words) > most else [])])


def _verb(limit: Threshold) -> str:
    if "OrEqual" in limit.comparison:
        return "fell to" if limit.below else "reached"
    return "fell below" if limit.below else "crossed"


def _amount(limit: Threshold) -> str:
    return quantity(limit.value, limit.unit)
