"""Log anomaly detectors: patterns that are new in a log group, or come far more often.

Theory of operation
-------------------
1. A detector trains for 15 minutes on the events of the past two weeks: the shapes of lines
   (:mod:`labkit.logs.engine.ql.patterns`) and how many of each come in a run on the average. AWS
   says "up to 15 minutes", here it is always 15.
2. Then, as often as ``evaluationFrequency`` says, it looks at the events since its last run. A
   shape that the baseline has not is an anomaly; so is one that came more than three times as often
   as usual and at least ten times. AWS's model is not published; this one is labkit's.
3. What was found once is one anomaly as long as it goes on. After ``anomalyVisibilityTime`` days it
   is baseline; a suppressed one is not touched until its time is over.
4. Each run tells the metric ``AWS/Logs AnomalyCount`` by detector and priority, for alarms.

Source: CloudWatch Logs user guide, LogsAnomalyDetection; API reference, CreateLogAnomalyDetector,
UpdateAnomaly, Anomaly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, MINUTE, Phase
from labkit.core.world import World
from labkit.logs.engine.ql.patterns import Shape, severity, shapes
from labkit.logs.masking import masked
from labkit.logs.records import LogGroup

if TYPE_CHECKING:
    from labkit.logs.service import Logs
    from labkit.logs.store import LogStore

#: Under which kind a store keeps them.
DETECTORS = "anomaly_detectors"
FREQUENCIES = {
    "ONE_MIN": 1, "FIVE_MIN": 5, "TEN_MIN": 10, "FIFTEEN_MIN": 15, "THIRTY_MIN": 30, "ONE_HOUR": 60,
}  # fmt: skip
TRAINING, ANALYZING, PAUSED = "TRAINING", "ANALYZING", "PAUSED"
TRAINS_US, TRAINED_ON_US = 15 * MINUTE, 14 * DAY
MOST_SAMPLES = 10
#: How many times the usual, and how many lines, make an anomaly.
TIMES, LEAST = 3.0, 10
_HANDLER = "logs.anomaly_detector"
#: Lines that one run or training looks at; the newest when there are more.
_MOST_LINES = 100_000


@dataclass(slots=True)
class Anomaly:
    """Something out of the ordinary; times in microseconds, ``until_us`` 0 for no end."""

    id: str
    pattern_id: str
    shape: Shape
    regex: str
    priority: str
    description: str
    first_us: int
    last_us: int
    histogram: dict[int, int] = field(default_factory=dict)
    samples: list[tuple[int, str]] = field(default_factory=list)
    active: bool = True
    baseline: bool = False
    suppressed_us: int | None = None
    until_us: int = 0
    by_pattern: bool = False

    def suppressed(self, now_us: int) -> bool:
        """Whether it is suppressed at an instant."""
        return self.suppressed_us is not None and (not self.until_us or now_us < self.until_us)


@dataclass(slots=True)
class Detector:
    """A detector; ``usual``: regex of a shape -> lines of a run on the average."""

    name: str
    arn: str
    group_arn: str
    frequency: str
    pattern: str
    visible_days: int
    kms_key: str
    created_us: int
    modified_us: int
    tags: dict[str, str] = field(default_factory=dict)
    enabled: bool = True
    usual: dict[str, float] | None = None
    seen_us: int = 0
    turn: int = 0
    anomalies: dict[str, Anomaly] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """AnomalyDetectorStatus."""
        if not self.enabled:
            return PAUSED
        return TRAINING if self.usual is None else ANALYZING

    @property
    def every_us(self) -> int:
        """How often it looks."""
        return FREQUENCIES[self.frequency] * MINUTE


class AnomalyDetectors:
    """The detectors of a lab.

    Parameters
    ----------
    logs:
        The service.
    world:
        Its clock runs them.
    """

    def __init__(self, logs: Logs, world: World) -> None:
        self._logs, self._world = logs, world
        world.clock.register(_HANDLER, self._run)

    def plan(self, store: LogStore, one: Detector) -> None:
        """Let a detector run next: at the end of its training, else after its frequency."""
        one.turn += 1
        if one.enabled:
            after_us = TRAINS_US if one.usual is None else one.every_us
            told = {"account": store.account, "region": store.region, "arn": one.arn,
                    "turn": one.turn}  # fmt: skip
            clock = self._world.clock
            clock.at(clock.now_us + after_us, Phase.SCHEDULES, _HANDLER, told, cause=())

    def _run(self, told: dict[str, Any]) -> None:
        store = self._logs.store(told["account"], told["region"])
        one: Detector | None = store.of(DETECTORS).get(told["arn"])
        if one is None or one.turn != told["turn"]:
            return
        now_us = self._world.clock.now_us
        group = store.find(one.group_arn.split(":", 6)[6])
        if one.usual is None:
            self._train(one, group, now_us)
        elif group is not None:
            self._look(store, one, group, now_us)
        one.seen_us = now_us
        self.plan(store, one)

    def _lines(
        self, one: Detector, group: LogGroup, start_us: int, end_us: int
    ) -> list[tuple[int, str]]:
        """Lines of a range, start included, as readers see them: what is masked stays so."""
        low = max(start_us // 1000, group.oldest_ms(end_us))
        seqs = group.events.seqs(low, end_us // 1000)[-_MOST_LINES:]
        matches = self._logs.matcher(one.pattern) if one.pattern.strip() else None
        return [
            (row.at_ms, masked(group, row.at_ms, row.message, False, row.ingested_ms))
            for row in group.events.rows(seqs)
            if matches is None or matches(row.message)
        ]

    def _train(self, one: Detector, group: LogGroup | None, now_us: int) -> None:
        lines = self._lines(one, group, now_us - TRAINED_ON_US, now_us) if group else []
        one.usual = {}
        if lines:
            runs = max(1.0, (now_us - lines[0][0] * 1000) / one.every_us)
            for shape in shapes(_counted(lines)):
                one.usual[regex_of(shape)] = shape.count / runs

    def _look(self, store: LogStore, one: Detector, group: LogGroup, now_us: int) -> None:
        lines = self._lines(one, group, one.seen_us, now_us)
        found: dict[str, int] = {}
        for anomaly in one.anomalies.values():
            anomaly.active = False
            if now_us - anomaly.first_us >= one.visible_days * DAY:
                self.settle(one, anomaly)
        for shape in shapes(_counted(lines)):
            anomaly_ = self._judge(one, shape, now_us)
            if anomaly_ is None or anomaly_.suppressed(now_us):
                continue
            anomaly_.active, anomaly_.last_us = True, now_us
            anomaly_.histogram[now_us // 1000] = shape.count
            kept = MOST_SAMPLES - len(anomaly_.samples)
            fits = _whole(anomaly_.regex)
            anomaly_.samples += [line for line in lines if fits.fullmatch(line[1].rstrip())][:kept]
            found[anomaly_.priority] = found.get(anomaly_.priority, 0) + 1
        self._measure(store, one, found)

    def settle(self, one: Detector, anomaly: Anomaly) -> None:
        """Take an anomaly for usual from now on, as often as it came."""
        if not anomaly.baseline:
            anomaly.baseline, anomaly.active = True, False
            assert one.usual is not None
            most = float(max(anomaly.histogram.values(), default=1))
            one.usual[anomaly.regex] = max(most, one.usual.get(anomaly.regex, 0.0))

    def _judge(self, one: Detector, shape: Shape, now_us: int) -> Anomaly | None:
        """The anomaly that a shape is, an old one or a new one; None when it is usual."""
        assert one.usual is not None
        line = shape.example.rstrip()
        usual = next(
            (often for regex, often in one.usual.items() if _whole(regex).fullmatch(line)), None
        )
        if usual is None:
            said = f"{shape.count} lines of a pattern that was not there before"
        elif shape.count > TIMES * usual and shape.count >= LEAST:
            said = f"{shape.count} lines; {usual:.1f} are usual"
        else:
            return None
        for anomaly in one.anomalies.values():
            if not anomaly.baseline and _whole(anomaly.regex).fullmatch(line):
                return anomaly
        ids, level = self._world.ids, severity(shape.example)
        priority = "HIGH" if level == "Error" else "MEDIUM" if level == "Warning" else "LOW"
        regex = regex_of(shape)
        made = Anomaly(
            ids.uuid(), ids.digest("pattern", one.arn, regex).hex()[:32], shape, regex, priority,
            said, now_us, now_us,
        )  # fmt: skip
        one.anomalies[made.id] = made
        return made

    def _measure(self, store: LogStore, one: Detector, found: dict[str, int]) -> None:
        for priority in ("HIGH", "MEDIUM", "LOW"):
            self._world.facts.publish(
                "metric.emitted",
                store.account,
                store.region,
                {
                    "namespace": "AWS/Logs",
                    "dimensions": [
                        ["LogAnomalyDetector", one.name],
                        ["LogAnomalyPriority", priority],
                    ],
                    "metric_name": "AnomalyCount",
                    "value": float(found.get(priority, 0)),
                    "unit": "Count",
                },
            )


def regex_of(shape: Shape) -> str:
    """A regular expression of the lines of a shape."""
    import re2

    return "".join(".+?" if part.startswith("\0") else re2.escape(part) for part in shape.parts)


def _whole(regex: str) -> Any:
    import re2

    return re2.compile(f"(?s){regex}")


def _counted(lines: Sequence[tuple[int, str]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for _, text in lines:
        counts[text] = counts.get(text, 0) + 1
    return list(counts.items())
