"""Why an alarm is in its state, in AWS's own words.

Two families of texts exist (aws-semantics 2.5): with DatapointsToAlarm set, as the console does,
``3 out of the last 5 datapoints [...] were greater than the threshold (50.0) (minimum 3 datapoints
for OK -> ALARM transition).``; without it the short ``1 datapoint [21.5 (05/01/26 09:15:00)] was
greater than the threshold (21.0).`` Dates are DD/MM/YY; numbers are written as Java writes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from labkit.cloudwatch.engine.evaluation import (
    ALARM,
    BANDS,
    COMPARISONS,
    INSUFFICIENT_DATA,
    AlarmRule,
    Evaluation,
    Period,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def java_double(value: float) -> str:
    """A number as Java's ``Double.toString`` writes it: ``50.0``, ``1.0E7``, ``1.0E-4``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    exact = Decimal(repr(float(value)))
    sign, digits, _ = exact.as_tuple()
    power = exact.adjusted() if value else 0
    if -3 <= power < 7:
        text = format(exact, "f")
        return text if "." in text else f"{text}.0"
    figures = "".join(map(str, digits)).rstrip("0")
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:] or '0'}E{power}"


def _moment(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).strftime("%d/%m/%y %H:%M:%S")


def _iso(us: int) -> str:
    moment = (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "+0000"


def _plural(count: int, noun: str = "datapoint") -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def reason_text(evaluation: Evaluation, old_state: str) -> str:
    """StateReason of the state that an evaluation led to.

    Datapoints are listed newest first. The least number for the way back to OK is N - M + 1: with
    that many fine ones, M can no longer breach.

    Parameters
    ----------
    evaluation:
        An evaluation that decided on a state. One that retains it (RETAIN) changes no alarm, so
        AWS has no text for it.
    old_state:
        The state before it. AWS writes ``OK -> ALARM`` and ``ALARM -> OK`` whatever it was, also
        out of INSUFFICIENT_DATA, so it has no say.
    """
    rule, state = evaluation.rule, evaluation.state
    n, m = rule.evaluation_periods, rule.needed
    if state == INSUFFICIENT_DATA:
        verb = "was" if n == 1 else "were"
        return f"Insufficient Data: {_plural(n)} {verb} unknown."
    if evaluation.contributors:
        count = sum(one.decision == evaluation.decision for _, one in evaluation.contributors)
        total = len(evaluation.contributors)
        return f"{count} out of {total} time series evaluated to {state}"
    if evaluation.filled and rule.treat_missing_data in ("breaching", "notBreaching"):
        return _filled_text(evaluation)
    in_alarm = state == ALARM
    told = _listed(evaluation, in_alarm)
    relation = _relation(evaluation, told, in_alarm)
    crossed = "Thresholds Crossed" if rule.comparison in BANDS else "Threshold Crossed"
    verb = "was" if len(told) == 1 else "were"
    points = ", ".join(
        f"{java_double(p.value)} ({_moment(p.start_us)})" for p in told if p.value is not None
    )
    if rule.datapoints_to_alarm is None:
        return f"{crossed}: {_plural(len(told))} [{points}] {verb} {relation}."
    least = m if in_alarm else n - m + 1
    arrow = f"{'OK' if in_alarm else 'ALARM'} -> {'ALARM' if in_alarm else 'OK'}"
    return (
        f"{crossed}: {len(told)} out of the last {_plural_bare(n)} [{points}] {verb} "
        f"{relation} (minimum {_plural(least)} for {arrow} transition)."
    )


def contributor_text(evaluation: Evaluation) -> str:
    """StateReason of one series of an alarm on several, which is in ALARM."""
    rule = evaluation.rule
    if evaluation.filled and rule.treat_missing_data == "breaching":
        return _filled_text(evaluation)
    told = _listed(evaluation, True)
    verb = "was" if len(told) == 1 else "were"
    newest = told[0]
    value = java_double(newest.value) if newest.value is not None else ""
    return (
        f"Threshold Crossed: {_plural(len(told))} {verb} {_relation(evaluation, told, True)}. The "
        f"most recent datapoint which crossed the threshold: [{value} "
        f"({_moment(newest.start_us)})]."
    )


def _relation(evaluation: Evaluation, told: Sequence[Period], in_alarm: bool) -> str:
    """``not greater than the threshold (50.0)``; of a band, with the bounds of each datapoint."""
    rule = evaluation.rule
    negated = "" if in_alarm else "not "
    if rule.comparison not in BANDS:
        relation = COMPARISONS[rule.comparison]
        return f"{negated}{relation} the threshold ({java_double(rule.threshold)})"
    parts = []
    if rule.comparison != "GreaterThanUpperThreshold":
        bounds = ", ".join(java_double(p.lower) for p in told if p.lower is not None)
        parts.append(f"{negated}less than the lower thresholds [{bounds}]")
    if rule.comparison != "LessThanLowerThreshold":
        bounds = ", ".join(java_double(p.upper) for p in told if p.upper is not None)
        parts.append(f"{negated}greater than the upper thresholds [{bounds}]")
    return " or ".join(parts)


def _plural_bare(count: int) -> str:
    # AWS writes "1 out of the last 1 datapoints": the noun stays plural.
    return f"{count} datapoints"


def _listed(evaluation: Evaluation, in_alarm: bool) -> Sequence[Period]:
    """The datapoints that speak for the state, newest first."""
    rule = evaluation.rule
    chosen = [
        p for p in evaluation.counted
        if p.value is not None and rule.breached_by(p) == in_alarm
    ]  # fmt: skip
    return (chosen or list(evaluation.counted))[::-1]


def _filled_text(evaluation: Evaluation) -> str:
    rule = evaluation.rule
    n, filled, got = rule.evaluation_periods, evaluation.filled, len(evaluation.counted)
    treated = "Breaching" if rule.treat_missing_data == "breaching" else "NonBreaching"
    if got == 0:
        received = "no datapoints were received"
    else:
        received = f"{_plural(got)} {'was' if got == 1 else 'were'} received"
    missing = _plural(filled, "missing datapoint")
    verb = "was" if filled == 1 else "were"
    return (
        f"Threshold Crossed: {received} for {_plural(n, 'period')} and {missing} {verb} treated as "
        f"[{treated}]."
    )


def reason_data(evaluation: Evaluation, query_us: int, unit: str | None = None) -> dict[str, Any]:
    """StateReasonData as a dict, keys in AWS's order.

    Parameters
    ----------
    evaluation:
        The evaluation.
    query_us:
        When it was made.
    unit:
        The alarm's Unit, when it has one.

    Returns
    -------
    dict
        version, queryDate, startDate (absent without any datapoint), unit, statistic (absent with
        an expression), period in seconds, recentDatapoints oldest first, threshold (with a band
        recentLowerThresholds, recentUpperThresholds), evaluatedDatapoints newest first (a missing
        one is its timestamp alone).
    """
    rule = evaluation.rule
    counted = evaluation.counted
    data: dict[str, Any] = {"version": "1.0", "queryDate": _iso(query_us)}
    if counted:
        data["startDate"] = _iso(counted[0].start_us)
    if unit is not None:
        data["unit"] = unit
    if not rule.expression:
        data["statistic"] = rule.statistic
    data["period"] = rule.period_us // 1_000_000
    data["recentDatapoints"] = [p.value for p in counted]
    if rule.comparison in BANDS:
        if rule.comparison != "GreaterThanUpperThreshold":
            data["recentLowerThresholds"] = [p.lower for p in counted]
        if rule.comparison != "LessThanLowerThreshold":
            data["recentUpperThresholds"] = [p.upper for p in counted]
    else:
        data["threshold"] = float(rule.threshold)
    data["evaluatedDatapoints"] = [
        _evaluated_point(rule, p) for p in reversed(_evaluated(evaluation))
    ]
    return data


def _evaluated_point(rule: AlarmRule, period: Period) -> dict[str, Any]:
    """A period of evaluatedDatapoints: an expression's has no sample count, a bound its value."""
    point: dict[str, Any] = {"timestamp": _iso(period.start_us)}
    if period.value is None:
        return point
    if not rule.expression:
        point["sampleCount"] = period.sample_count
    point["value"] = period.value
    if rule.comparison == "GreaterThanUpperThreshold":
        point["threshold"] = period.upper
    elif rule.comparison == "LessThanLowerThreshold":
        point["threshold"] = period.lower
    return point


def _evaluated(evaluation: Evaluation) -> Sequence[Period]:
    """The periods that an evaluation looked at, oldest first.

    N datapoints where there are as many. Else the newest N periods, missing ones among them, and
    from further back whatever decided: in ``- X - - -`` the three newest are missing, and a list
    without the X would explain an ALARM with nothing.
    """
    n, counted, periods = evaluation.rule.evaluation_periods, evaluation.counted, evaluation.periods
    if len(counted) >= n:
        return counted
    first = max(len(periods) - n, 0)
    if counted:
        first = min(first, next(i for i, p in enumerate(periods) if p is counted[0]))
    return periods[first:]
