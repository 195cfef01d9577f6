"""The evaluation of a metric alarm, as a value that explains itself.

Theory of operation
-------------------
An alarm asks at a tick for its *evaluation range*: more periods than its N, so that a missing one
can be passed over. AWS publishes no number; its documented examples use N = 3 and five periods, so
the range here is N + 2 (an approximation, and a parameter). The range is reduced to a state in the
order of this table (CloudWatch user guide, "Configuring how alarms treat missing data"):

1. **enough data**: at least N periods have a datapoint. The newest N of them decide; how missing
   data is treated plays no part. M of them breaching is ALARM, else OK.
2. **fill**: fewer than N. The alarm's treatment decides.

   ============ ==========================================================================
   breaching    the missing ones count as breaching: ALARM when that makes M, else OK
   notBreaching the missing ones count as fine: ALARM when M real ones breach, else OK
   ignore       ALARM when M real ones breach; OK when a real one does not; else the state stays
   missing      ALARM when M real ones breach; INSUFFICIENT_DATA when there is no real one;
                OK when a real one does not breach; else *premature*
   ============ ==========================================================================

3. **premature** (all real ones breach, fewer than M): ALARM when the oldest of them is at least M
   periods old and everything newer is breaching or missing. A lone breaching point that has only
   just come may still be followed by a good one, so until then the state stays (undocumented).

With this, all forty cells of the documented tables come out.

**Age.** The newest period has age 1. When the window slides over sparser data, five-minute points
read each minute, the place in the window says little: one minute after it came, a single point
stands in the second-newest period, and a 2-of-2 alarm would ring on one datapoint. Age therefore
counts periods *since the point was due* (an approximation; on one-minute data both are the same).

**Few samples.** With ``EvaluateLowSampleCountPercentile=ignore`` a percentile alarm keeps its state
while the evaluated periods hold fewer samples than the percentile needs (10/(1-p), 10/p below the
median). No sample at all is missing data, which is the table's business, not this rule's.

Sources: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data" and
"Percentile-based CloudWatch alarms and low data samples"; aws-semantics 2.1-2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from labkit.cloudwatch.engine.statistics import Statistic, parse_statistic
from labkit.core.verdict import Reason

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
RETAIN = "RETAIN"

COMPARISONS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}

#: Comparisons with a band; what they say of a breaching value, and of its thresholds.
BANDS = {
    "LessThanLowerOrGreaterThanUpperThreshold": "outside of",
    "LessThanLowerThreshold": "less than the lower",
    "GreaterThanUpperThreshold": "greater than the upper",
}

#: What an alarm does with periods that have no datapoint.
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

#: Beyond N, how many further periods an alarm retrieves (AWS does not publish it).
EXTRA_PERIODS = 2


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """How an alarm decides.

    Parameters
    ----------
    comparison:
        A key of :data:`COMPARISONS` or, with a band, of :data:`BANDS`.
    threshold:
        What datapoints are compared with; NaN with a band.
    period_us:
        Length of a period, microseconds.
    evaluation_periods:
        N.
    datapoints_to_alarm:
        M; None when it was not set, then M is N and AWS words reasons differently.
    treat_missing_data:
        missing, ignore, breaching, notBreaching.
    statistic:
        As :func:`labkit.cloudwatch.engine.statistics.parse_statistic` reads it.
    low_samples:
        evaluate or ignore.
    evaluation_range:
        How many periods are retrieved; 0 for N + 2.
    expression:
        The name of the expression that is watched; '' for one metric.

    Raises
    ------
    ValueError
        When a field has none of these values. An unknown treatment, say, would otherwise pass for
        ``missing``.
    """

    comparison: str
    threshold: float
    period_us: int
    evaluation_periods: int
    datapoints_to_alarm: int | None = None
    treat_missing_data: str = "missing"
    statistic: str = "Average"
    low_samples: str = "evaluate"
    evaluation_range: int = 0
    expression: str = ""
    parsed: Statistic = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.comparison not in COMPARISONS and self.comparison not in BANDS:
            raise ValueError(f"{self.comparison} is no comparison with a threshold or a band")
        if self.treat_missing_data not in TREATMENTS:
            raise ValueError(
                f"{self.treat_missing_data!r} is no way to treat missing data; there are "
                f"{', '.join(TREATMENTS)}"
            )
        if self.low_samples not in ("evaluate", "ignore"):
            raise ValueError(f"low_samples is evaluate or ignore, not {self.low_samples!r}")
        if self.period_us <= 0 or self.evaluation_periods < 1 or self.evaluation_range < 0:
            raise ValueError("a period is longer than 0, N at least 1, the range not negative")
        m = self.datapoints_to_alarm
        if m is not None and not 1 <= m <= self.evaluation_periods:
            raise ValueError(f"M is between 1 and N = {self.evaluation_periods}, not {m}")
        if not self.evaluation_range:
            object.__setattr__(self, "evaluation_range", self.evaluation_periods + EXTRA_PERIODS)
        object.__setattr__(self, "parsed", parse_statistic(self.statistic))

    @property
    def needed(self) -> int:
        """M."""
        return self.datapoints_to_alarm or self.evaluation_periods

    def breaches(self, value: float) -> bool:
        """Whether one datapoint is on the wrong side of the threshold."""
        if self.comparison == "GreaterThanThreshold":
            return value > self.threshold
        if self.comparison == "GreaterThanOrEqualToThreshold":
            return value >= self.threshold
        if self.comparison == "LessThanThreshold":
            return value < self.threshold
        return value <= self.threshold

    def breached_by(self, period: Period) -> bool:
        """Whether the datapoint of a period is on the wrong side of the threshold or the band."""
        value = period.value
        if value is None:
            return False
        if self.comparison not in BANDS:
            return self.breaches(value)
        low, high = period.lower, period.upper
        below = low is not None and value < low
        above = high is not None and value > high
        if self.comparison == "LessThanLowerThreshold":
            return below
        return above if self.comparison == "GreaterThanUpperThreshold" else below or above

    @property
    def samples_needed(self) -> float:
        """How many samples a percentile needs under ``low_samples=ignore``; 0 for any number."""
        if self.low_samples != "ignore" or self.parsed.kind != "p":
            return 0.0
        # In fractions: 10 / (1 - 0.9) is 100.00000000000003, and a hundred samples would not do.
        percent = Fraction(repr(self.parsed.high or 0.0))
        if not 0 < percent < 100:
            return 0.0
        return float(1000 / (100 - percent if percent >= 50 else percent))


@dataclass(frozen=True, slots=True)
class Period:
    """One period of the evaluation range.

    Parameters
    ----------
    start_us:
        Its start.
    value:
        The statistic, None when there is no datapoint.
    sample_count:
        How many values it holds.
    age:
        Periods since its points were due, 1 for the newest.
    lower, upper:
        The band, where there is one.
    """

    start_us: int
    value: float | None
    sample_count: float = 1.0
    age: int = 1
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found, and why.

    Parameters
    ----------
    state:
        The alarm's state from here on.
    decision:
        OK, ALARM, INSUFFICIENT_DATA or RETAIN, before the present state came into it.
    because:
        The rules that decided, most decisive first.
    rule:
        The alarm's rule.
    periods:
        The evaluation range, oldest first.
    counted:
        The periods with a datapoint that decided, oldest first.
    filled:
        How many periods were missing among the N.
    contributors:
        The series of an alarm on several, each with its own evaluation; the other members speak of
        the one that decided.
    """

    state: str
    decision: str
    because: tuple[Reason, ...]
    rule: AlarmRule
    periods: tuple[Period, ...]
    counted: tuple[Period, ...]
    filled: int
    contributors: tuple[tuple[str, Evaluation], ...] = ()

    @property
    def rule_name(self) -> str:
        """The row of the decision table."""
        return self.because[0].rule

    @property
    def breaching(self) -> tuple[Period, ...]:
        """Those of :attr:`counted` that breach."""
        return tuple(p for p in self.counted if self.rule.breached_by(p))

    def notation(self) -> str:
        """The range in AWS's own notation, oldest first: ``0 - X - X``."""
        marks = [
            "-" if p.value is None else "X" if self.rule.breached_by(p) else "0"
            for p in self.periods
        ]
        return " ".join(marks)


def evaluate(rule: AlarmRule, periods: Sequence[Period], state: str) -> Evaluation:
    """Evaluate one tick.

    Parameters
    ----------
    rule:
        The alarm's rule.
    periods:
        The evaluation range, oldest first.
    state:
        The alarm's present state, kept where the tables say so.

    Returns
    -------
    Evaluation
        With the row of the decision table that decided (see the head of this file).
    """
    n, m = rule.evaluation_periods, rule.needed
    real = [p for p in periods if p.value is not None]
    counted = tuple(real[-n:])
    fill = max(n - len(real), 0)
    breaching = sum(rule.breached_by(p) for p in counted)
    inputs: dict[str, object] = {
        "N": n, "M": m, "datapoints": len(counted), "breaching": breaching, "missing": fill,
    }  # fmt: skip
    decision, name, text = _decide(rule, counted, breaching, fill)
    needed = rule.samples_needed
    samples = sum(p.sample_count for p in counted)
    if needed and samples < needed and counted:
        decision, name = RETAIN, "low samples: ignore"
        text = (
            f"{samples:g} samples are too few for {rule.statistic}, which needs {needed:g}: the "
            "state stays"
        )
        inputs |= {"samples": samples, "samples needed": needed}
    return Evaluation(
        state=state if decision == RETAIN else decision,
        decision=decision,
        because=(Reason(name, text, inputs),),
        rule=rule,
        periods=tuple(periods),
        counted=counted,
        filled=fill,
    )


def evaluate_series(
    rule: AlarmRule,
    series: Sequence[tuple[str, Sequence[Period]]],
    state: str,
    tick_us: int,
) -> Evaluation:
    """Evaluate one tick of an alarm on several series.

    Parameters
    ----------
    series:
        (label, evaluation range) of each.
    tick_us:
        The tick; without any series the range is that of the tick, all missing.
    """
    if not series:
        empty = [
            Period(tick_us - k * rule.period_us, None, 0.0, k)
            for k in range(rule.evaluation_range, 0, -1)
        ]
        return evaluate(rule, empty, state)
    made = [(label, evaluate(rule, periods, state)) for label, periods in series]
    order = (ALARM, OK, RETAIN, INSUFFICIENT_DATA)
    decisive = min(made, key=lambda one: order.index(one[1].decision))[1]
    decision = decisive.decision
    count = sum(one.decision == decision for _, one in made)
    inputs = {**decisive.because[0].inputs, "time series": len(made), decision: count}
    text = f"{count} of {len(made)} time series are decided {decision}"
    return replace(
        decisive,
        because=(Reason("several series", text, inputs), *decisive.because),
        contributors=tuple(made),
    )


def _decide(
    rule: AlarmRule, counted: tuple[Period, ...], breaching: int, fill: int
) -> tuple[str, str, str]:
    """(decision, row of the table, sentence)."""
    n, m = rule.evaluation_periods, rule.needed
    told = f"{breaching} of {len(counted)} datapoints breach"
    if not fill:
        if breaching >= m:
            return ALARM, "enough data", f"{told}, {m} of {n} are enough"
        return OK, "enough data", f"{told}, {m} of {n} would be needed"
    treatment = rule.treat_missing_data
    told += f" and {fill} of {n} are missing"
    if treatment == "breaching":
        if breaching + fill >= m:
            return ALARM, "breaching", f"{told}; counted as breaching they make {m}"
        return OK, "breaching", f"{told}; counted as breaching they do not make {m}"
    if treatment == "notBreaching":
        if breaching >= m:
            return ALARM, "notBreaching", f"{told}; {m} breach without them"
        return OK, "notBreaching", f"{told}; counted as fine, fewer than {m} breach"
    if breaching >= m:
        return ALARM, treatment, f"{told}; {m} breach whatever the missing ones were"
    if treatment == "missing" and not counted:
        return INSUFFICIENT_DATA, "missing", f"there is no datapoint in {n} periods and more"
    if breaching < len(counted):
        return OK, treatment, f"{told}; a datapoint that is there does not breach"
    if treatment == "ignore":
        return RETAIN, "ignore", f"{told}; missing data is ignored, so the state stays"
    oldest = counted[0].age
    if oldest >= m:
        return (
            ALARM, "missing: premature",
            f"{told}; the oldest breaching one is {oldest} periods old and nothing newer is fine",
        )  # fmt: skip
    return RETAIN, "missing: too early", f"{told}; the next datapoint may be fine, the state stays"
