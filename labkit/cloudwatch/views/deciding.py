"""Why an alarm decided as it did: by its evaluation, or by a row in AWS's own notation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from labkit.cloudwatch.views.conditions import condition, condition_of, moment, since
from labkit.core.clock import SECOND
from labkit.core.errors import LabError
from labkit.views import html, text
from labkit.views.chart import Threshold
from labkit.views.drawing import Drawing
from labkit.views.periods import MARKS, Box, Why, box
from labkit.views.timeaxis import instant
from labkit.views.wording import joined

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
        condition=condition(
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
        condition=condition_of(entry),
        treatment=str(entry.get("TreatMissingData", "missing")),
        rule="",
        sentence=str(entry.get("StateReason", "")).rstrip("."),
        inputs={"M": int(entry.get("DatapointsToAlarm", periods)), "N": periods},
        since=moment(since(entry)),
    )


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
