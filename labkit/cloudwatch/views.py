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
from dataclasses import replace
from datetime import timedelta
from typing import Any

from labkit.core.clock import SECOND, iso
from labkit.core.errors import LabError
from labkit.views import curves as reading
from labkit.views import html, text
from labkit.views.chart import Threshold
from labkit.views.curves import Curve
from labkit.views.drawing import Drawing
from labkit.views.happenings import Changes, changes_of, history_line, incident, mail, oldest_first
from labkit.views.periods import MARKS, Box, Why, box
from labkit.views.story import Story
from labkit.views.timeaxis import clock_text, day_text, instant, when
from labkit.views.wording import count, joined, stretch

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


# -- alarm: why it decided as it did ---------------------------------------------------------------

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def alarm(
    evaluation: Any,
    *,
    name: str = "",
    unit: str = "",
    title: str | None = None,
    parts: Sequence[tuple[str, str]] = (),
) -> Drawing:
    """Why an alarm is in its state: the periods it looked at, which counted, the rule that decided.

    Parameters
    ----------
    evaluation:
        An :class:`labkit.cloudwatch.engine.evaluation.Evaluation`, or one entry of
        DescribeAlarms' ``MetricAlarms`` (it carries the datapoints of its last change, not the rule
        that decided).
    name:
        The alarm's name, for the title.
    unit:
        The metric's unit.
    title:
        Replaces the title that says the decision.
    parts:
        What an expression's values are made of: (Id, values oldest first).
    """
    why = _described(evaluation) if isinstance(evaluation, Mapping) else _explained(evaluation)
    return replace(why, name=name or why.name, parts=tuple(parts)).drawing(unit, title)


def _explained(evaluation: Any) -> Why:
    rule = evaluation.rule
    counted = {id(period) for period in evaluation.counted}
    marks = evaluation.notation().split()
    because = evaluation.because[0]
    return Why(
        name="",
        state=evaluation.state,
        stays=evaluation.decision not in ("OK", "ALARM", "INSUFFICIENT_DATA"),
        boxes=tuple(
            Box(period.start_us, period.value, mark, id(period) in counted)
            for period, mark in zip(evaluation.periods, marks, strict=True)
        ),
        condition=_condition(
            rule.expression or rule.statistic, rule.comparison, rule.threshold, rule.needed,
            rule.evaluation_periods, rule.period_us,
        ),
        treatment=rule.treat_missing_data,
        rule=because.rule,
        sentence=because.text,
        inputs=because.inputs,
    )  # fmt: skip


def _described(entry: Mapping[str, Any]) -> Why:
    """From DescribeAlarms: the datapoints are in StateReasonData, as JSON text."""
    if "MetricAlarms" in entry:
        raise LabError(
            "views.alarm explains one alarm: give it response['MetricAlarms'][0]; "
            "views.alarms shows them all"
        )
    reason = json.loads(entry.get("StateReasonData") or "{}")
    periods = int(entry.get("EvaluationPeriods", 1))
    threshold = float(entry.get("Threshold", 0.0))
    comparison = str(entry.get("ComparisonOperator", "GreaterThanThreshold"))
    limit = Threshold(threshold, comparison)
    boxes = []
    for point in sorted(reason.get("evaluatedDatapoints", ()), key=lambda p: str(p["timestamp"])):
        value = point.get("value")
        mark = "-" if value is None else "X" if limit.breached_by(value) else "0"
        boxes.append(Box(instant(str(point["timestamp"])), value, mark, value is not None))
    return Why(
        name=str(entry.get("AlarmName", "")),
        state=str(entry["StateValue"]),
        stays=False,
        boxes=tuple(boxes),
        condition=_condition_of(entry),
        treatment=str(entry.get("TreatMissingData", "missing")),
        rule="",
        sentence=str(entry.get("StateReason", "")).rstrip("."),
        inputs={"M": int(entry.get("DatapointsToAlarm", periods)), "N": periods},
        since=_moment(_since(entry)),
    )


_BANDS = {
    "LessThanLowerOrGreaterThanUpperThreshold": "outside of its band",
    "LessThanLowerThreshold": "below its band",
    "GreaterThanUpperThreshold": "above its band",
}


def _condition(
    statistic: str, comparison: str, threshold: float, m: int, n: int, period_us: int
) -> str:
    """``Average above 70 for 3 of 5 periods of 1 minute``."""
    often = f"{m} of {n} periods" if n > 1 else "1 period"
    limit = _BANDS.get(comparison) or Threshold(threshold, comparison)
    return f"{statistic} {limit} for {often} of {stretch(period_us)}"


def _condition_of(entry: Mapping[str, Any]) -> str:
    if "Threshold" not in entry or "Period" not in entry:
        return str(entry.get("AlarmRule") or entry.get("ComparisonOperator") or "")
    n = int(entry.get("EvaluationPeriods", 1))
    return _condition(
        str(entry.get("Statistic") or entry.get("ExtendedStatistic") or "value"),
        str(entry["ComparisonOperator"]),
        float(entry["Threshold"]),
        int(entry.get("DatapointsToAlarm", n)),
        n,
        int(entry["Period"]) * SECOND,
    )


# -- alarm_row: AWS's own notation -----------------------------------------------------------------


def alarm_row(
    notation: str,
    *,
    N: int = 3,  # noqa: N803 - AWS's letters
    M: int | None = None,  # noqa: N803
    outcomes: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> Drawing:
    """A row of datapoints as AWS's tables write it, and what each treatment of missing data makes.

    Parameters
    ----------
    notation:
        Oldest first: ``X`` breaching, ``0`` fine, ``-`` missing.
    N, M:
        EvaluationPeriods, and DatapointsToAlarm (N when left out).
    outcomes:
        Treatment -> state (``RETAIN`` for "the state stays"), from wherever; left out, the alarm
        engine decides.
    title:
        Replaces the title that says the outcomes.
    """
    marks = _parsed(notation)
    needed = N if M is None else M
    if not 1 <= needed <= N:
        raise LabError(f"M of N: {needed} of {N} is no such pair; M is between 1 and N")
    if outcomes is None:
        found = {treatment: _decided(marks, N, M, treatment) for treatment in TREATMENTS}
    else:
        found = {treatment: (_state_of(value), "") for treatment, value in outcomes.items()}
    row = " ".join(marks)
    states = {treatment: state for treatment, (state, _) in found.items()}
    head = title or f"{row} with {needed} of {N}: {_outcomes(states)}"
    lines = [[treatment, _said(state), why] for treatment, (state, why) in found.items()]
    with_reasons = any(why for _, _, why in lines)
    columns = ["missing data is", "the alarm is", "because"][: 3 if with_reasons else 2]
    plain = "\n".join([head, text.table(columns, [r[: len(columns)] for r in lines], longest=200)])
    real = [place for place, mark in enumerate(marks) if mark != "-"][-N:]
    boxes = [box(mark, "", MARKS[mark], place in real) for place, mark in enumerate(marks)]
    body = html.card(
        head,
        html.element("div", html.together(boxes)),
        html.note(
            f"Oldest first. Solid frame: one of the newest {N} datapoints. ALARM takes {needed} of "
            f"{N} that breach."
        ),
        html.table(
            columns,
            [
                [html.mono(treatment), _state_chip(state), why][: len(columns)]
                for treatment, (state, why) in found.items()
            ],
        ),
        alt=head,
    )
    data = {"notation": row, "N": N, "M": needed, "outcomes": states}
    return Drawing(head, plain, data, body=body)


def _parsed(notation: str) -> list[str]:
    marks = [char for char in notation.upper().replace("\u2013", "-") if not char.isspace()]
    wrong = [mark for mark in marks if mark not in MARKS]
    if wrong or not marks:
        told = f"{wrong[0]!r} is not one of them" if wrong else "this row is empty"
        raise LabError(f"a row is written with X (breaching), 0 (fine) and - (missing); {told}")
    return marks


def _decided(
    marks: Sequence[str], periods: int, needed: int | None, treatment: str
) -> tuple[str, str]:
    from labkit.cloudwatch.engine.evaluation import AlarmRule, Period, evaluate

    rule = AlarmRule(
        comparison="GreaterThanThreshold",
        threshold=0.5,
        period_us=60 * SECOND,
        evaluation_periods=periods,
        datapoints_to_alarm=needed,
        treat_missing_data=treatment,
        evaluation_range=len(marks),
    )
    values = {"X": 1.0, "0": 0.0, "-": None}
    row = [
        Period(n * 60 * SECOND, values[mark], age=len(marks) - n) for n, mark in enumerate(marks)
    ]
    made = evaluate(rule, row, "OK")
    return made.decision, made.because[0].text


def _state_of(value: Any) -> str:
    return str(getattr(value, "decision", value))


def _said(state: str) -> str:
    return "as it was" if state == "RETAIN" else state


def _state_chip(state: str) -> object:
    return html.element("i", "as it was") if state == "RETAIN" else html.chip(state)


def _outcomes(states: Mapping[str, str]) -> str:
    """``ALARM with breaching; OK with missing, ignore and notBreaching``."""
    groups: dict[str, list[str]] = {}
    for treatment, state in states.items():
        groups.setdefault(_said(state), []).append(treatment)
    if len(groups) == 1:
        return f"{next(iter(groups))}, however missing data is treated"
    ordered = sorted(groups.items(), key=lambda item: (item[0] != "ALARM", item[0]))
    return "; ".join(f"{state} with {joined(names)}" for state, names in ordered)


# -- lists -----------------------------------------------------------------------------------------


def alarms(response: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Drawing:
    """The alarms of a DescribeAlarms response, each with its state, condition and since when.

    Takes the response, or a list of its alarms; composite alarms show their rule.
    """
    if isinstance(response, Mapping):
        entries = [*response.get("MetricAlarms", ()), *response.get("CompositeAlarms", ())]
    else:
        entries = list(response)
    by_state = dict.fromkeys(("ALARM", "INSUFFICIENT_DATA", "OK"), 0)
    rows = [_alarm_row(entry) for entry in entries]
    for row in rows:
        by_state[row["state"]] = by_state.get(row["state"], 0) + 1
    told = ", ".join(f"{n} {state}" for state, n in by_state.items() if n)
    head = f"{count(len(rows), 'alarm')}: {told}" if rows else "No alarms"
    data = {"alarms": rows, "by_state": by_state}
    if not rows:
        return Drawing(head, head, data, body=html.card(head))
    columns = ["state", "alarm", "rings when", "since (UTC)", "on ALARM"]
    plain: list[list[str]] = []
    shown: list[list[object]] = []
    for row in rows:
        since, acts = _moment(row["since"]), _acts(row)
        plain.append([row["state"], row["name"], _rings(row), since, acts])
        below = html.element("div", html.muted(row["watches"]))
        rings = html.together([row["condition"], below if row["watches"] else ""])
        name = html.element("b", row["name"])
        shown.append([html.chip(row["state"]), name, rings, html.whole(since), acts])
    body = html.card(head, html.table(columns, shown), alt=head)
    told = text.table(columns, plain, longest=100)
    return Drawing(head, f"{head}\n{told}", data, body=body)


def _alarm_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": str(entry["StateValue"]),
        "name": str(entry["AlarmName"]),
        "watches": _watches(entry),
        "condition": _condition_of(entry),
        "since": _since(entry),
        "actions": [str(arn).rsplit(":", 1)[-1] for arn in entry.get("AlarmActions", ())],
        "actions_enabled": entry.get("ActionsEnabled", True),
    }


def _since(entry: Mapping[str, Any]) -> str:
    at = entry.get("StateTransitionedTimestamp") or entry.get("StateUpdatedTimestamp")
    return "" if at is None else iso(instant(at))


def _rings(row: Mapping[str, Any]) -> str:
    return f"{row['condition']}, {row['watches']}" if row["watches"] else str(row["condition"])


def _acts(row: Mapping[str, Any]) -> str:
    acts = ", ".join(row["actions"]) or "nothing"
    return acts if row["actions_enabled"] else f"switched off ({acts})"


def _watches(entry: Mapping[str, Any]) -> str:
    if "MetricName" not in entry:
        return "" if "AlarmRule" in entry else "an expression"
    inside = ", ".join(f"{d['Name']}={d['Value']}" for d in entry.get("Dimensions", ()))
    return f"{entry['MetricName']} {{{inside}}}" if inside else str(entry["MetricName"])


def _moment(text_iso: str) -> str:
    if not text_iso:
        return ""
    us = instant(text_iso)
    return f"{day_text(us)} {clock_text(us // SECOND * SECOND)}"


def history(response: Mapping[str, Any] | Sequence[Any]) -> Drawing:
    """An alarm's history as a timeline, oldest first, with the reason of each change.

    Takes a DescribeAlarmHistory response, or a list of its items.
    """
    items = response["AlarmHistoryItems"] if isinstance(response, Mapping) else list(response)
    rows_of = [history_line(item) for item in items]
    answered = isinstance(response, Mapping)
    lines = oldest_first(rows_of, lambda line: line["at_us"], newest_first=answered)
    several = len({line["alarm"] for line in lines}) > 1
    rows = [_history_row(line) for line in lines]
    head = _history_title(rows)
    data = {"items": rows}
    if not rows:
        return Drawing(head, head, data, body=html.card(head))
    columns = ["when (UTC)", *(["alarm"] if several else []), "what", "why"]
    plain: list[list[str]] = []
    shown: list[list[object]] = []
    for row in rows:
        at, whose = _moment(row["at"]), [row["alarm"]] if several else []
        what, chips = row["kind"], html.markup(row["kind"])
        if row["to"]:
            what = f"{row['from']} -> {row['to']}"
            chips = html.change(row["from"], row["to"])
        plain.append([at, *whose, what, row["text"]])
        shown.append([html.whole(at), *whose, chips, row["text"]])
    body = html.card(head, html.table(columns, shown), alt=head)
    return Drawing(head, f"{head}\n{text.table(columns, plain, longest=200)}", data, body=body)


def _history_row(line: Mapping[str, Any]) -> dict[str, str]:
    old, new, why = _change(line)
    return {
        "at": iso(line["at_us"], millis=True),
        "alarm": line["alarm"],
        "kind": line["kind"],
        "from": old,
        "to": new,
        "text": why or _without_arn(line["summary"]),
    }


def _change(line: Mapping[str, Any]) -> tuple[str, str, str]:
    if line["kind"] != "StateUpdate" or not line["data"]:
        return "", "", ""
    data = json.loads(line["data"])
    old, new = data["oldState"], data["newState"]
    return old["stateValue"], new["stateValue"], new.get("stateReason", "")


def _without_arn(summary: str) -> str:
    """``Successfully executed action arn:aws:sns:...:oncall`` with the ARN's last part only."""
    head, found, arn = summary.partition("arn:")
    return f"{head}{arn.rsplit(':', 1)[-1]}" if found else summary


def _history_title(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return "No history"
    first, last = instant(rows[0]["at"]), instant(rows[-1]["at"]) + 1
    names = list(dict.fromkeys(row["alarm"] for row in rows))
    whose = f"{len(names)} alarms" if len(names) > 1 else names[0] or "the alarm"
    moves = [row for row in rows if row["to"]]
    if not moves:
        return f"{whose}: no change of state"
    told = [
        f"{row['alarm'] + ' ' if len(names) > 1 else ''}{row['to']} at "
        f"{when(instant(row['at']) // SECOND * SECOND, first, last)}"
        for row in moves[:3]
    ]
    more = f" and {len(moves) - 3} more" if len(moves) > 3 else ""
    return f"{whose}: {count(len(moves), 'change')} of state, {', '.join(told)}{more}"
