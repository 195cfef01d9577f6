"""One or several series over time, with the alarm that watches them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from labkit.core.clock import SECOND, iso
from labkit.core.errors import LabError
from labkit.views import curves as reading
from labkit.views import html, text
from labkit.views.chart import Threshold
from labkit.views.curves import Curve
from labkit.views.drawing import Drawing
from labkit.views.happenings import Changes, changes_of, incident, mail
from labkit.views.story import Story
from labkit.views.timeaxis import instant


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
    band: Sequence[Any] | None = None,
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
        Letters that ask for a confirmation are left out.
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
    band:
        The lower and upper bound of what is normal: two of what ``series`` takes.

    Raises
    ------
    LabError
        When something given can't be read as what it should be.
    """
    if period is not None:
        period_us = period * SECOND
    curves = reading.read(series, period_us=period_us, unit=unit)
    happened = [incident(one) for one in incidents or ()]
    letters = None if mails is None else [m for m in mails if not getattr(m, "confirm_token", "")]
    posted = None if letters is None else sorted(map(mail, letters))
    changes = changes_of(states)
    start_us, end_us = _stretch(curves, happened, posted, changes, start, end)
    bounds = reading.read(tuple(band or ()), period_us=period_us, unit=unit)
    shown = [curve.within(start_us, end_us) for curve in curves] or [Curve("", (), ())]
    story = Story(
        curves=shown,
        start_us=start_us,
        end_us=end_us,
        limit=threshold if threshold is None else Threshold(threshold, comparison, shown[0].unit),
        changes=changes,
        mails=None if posted is None else [m for m in posted if start_us <= m[0] <= end_us],
        incidents=[(a, end_us if b is None else b, name) for a, b, name in happened],
        envelope=(bounds[0].within(start_us, end_us), bounds[1].within(start_us, end_us))
        if len(bounds) == 2
        else None,
    )
    chart = story.chart(title, stacked=rows)
    alt = f"{title}: {story.title()}" if title else story.title()
    if end_us == start_us:  # nothing at all: there is no time to draw
        body = html.card(chart.title)
        return Drawing(chart.title, text.plot(chart), story.data(), body=body, alt=alt)
    return Drawing(chart.title, text.plot(chart), story.data(), svg=chart.svg(alt), alt=alt)


def _stretch(
    curves: Sequence[Curve],
    incidents: Sequence[tuple[int, int | None, str]],
    mails: Sequence[tuple[int, str]] | None,
    changes: Mapping[str, Changes],
    start: Any,
    end: Any,
) -> tuple[int, int]:
    """The stretch to show: the data, and what happened around them."""
    firsts = [curve.starts[0] for curve in curves if curve.starts]
    lasts = [curve.starts[-1] + curve.period_us for curve in curves if curve.starts]
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
