"""Reading metrics: which windows a request means, which points it may see, its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, HOUR
from labkit.core.errors import AwsError

if TYPE_CHECKING:
    import numpy as np

    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.engine.statistics import Statistic
    from labkit.core.sources import Points

#: (age, period in seconds of which a reader's period must be a multiple): older points are still
#: there, but only at this coarser grain. Asked for finer, AWS answers nothing at all, and no error.
KEPT = (
    (455 * DAY, None),
    (63 * DAY, 3600),
    (15 * DAY, 300),
    (3 * HOUR, 60),
)


def oldest_readable(now_us: int, period: int) -> int:
    """The oldest timestamp that a request with this period (in seconds) can still see."""
    age = KEPT[0][0]
    for limit, grain in KEPT[1:]:
        if grain is not None and period % grain:
            age = limit
    return now_us - age


def statistic(text: str, where: str) -> Statistic:
    """The parsed statistic.

    Raises
    ------
    AwsError
        InvalidParameterValue, naming the parameter ``where``.
    """
    from labkit.cloudwatch.engine.statistics import parse_statistic

    try:
        return parse_statistic(text)
    except ValueError as problem:
        raise AwsError(
            "InvalidParameterValue",
            f"The value {text} for parameter {where} is not supported: {problem}",
        ) from problem


def pulled(points: Points, now_us: int | None = None) -> Samples:
    """The points of a pulled source, for the engine.

    Parameters
    ----------
    points:
        Values, each of one observation or of several.
    now_us:
        Only what has arrived by then, as arrived; None for all of it, with its arrivals.
    """
    from labkit.cloudwatch.engine.samples import Samples

    stamps, values, counts = points.timestamps, points.values, points.counts
    arrivals: np.ndarray | None = points.arrivals
    if now_us is not None:
        here = points.arrivals <= now_us
        stamps, values, arrivals = stamps[here], values[here], None
        counts = None if counts is None else counts[here]
    if counts is None:
        return Samples(stamps, values, arrivals=arrivals)
    return Samples(stamps, values * counts, counts, values, values, arrivals)


def windows(samples: Samples, start_us: int, end_us: int, period_us: int) -> np.ndarray:
    """Starts of the periods, counted from ``start_us``, that hold at least one point.

    Counting only periods with points keeps a year at one-minute periods as cheap as its points.
    """
    import numpy as np

    stamps = samples.timestamps
    if not len(stamps):
        return np.empty(0, dtype=np.int64)
    numbers = (stamps - start_us) // period_us
    first = np.empty(len(numbers), dtype=bool)
    first[0] = True
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    starts: np.ndarray = start_us + numbers[first] * period_us
    return starts


def nothing() -> tuple[np.ndarray, np.ndarray]:
    """No windows and no values."""
    import numpy as np

    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)


def default_labels(queries: Sequence[Mapping[str, Any]]) -> list[str]:
    """What queries are called when they have no label: after what tells them apart.

    The metric's name; when the queries of a call differ in statistic or period, the differing
    parts behind it (``metric1 Sum 60``). Recorded from AWS, see aws-semantics 1.5. An expression is
    called as its Id.
    """
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    several_stats = len({one["Stat"] for one in stats}) > 1
    several_periods = len({one["Period"] for one in stats}) > 1
    labels = []
    for query in queries:
        asked = query.get("MetricStat")
        if asked is None:
            labels.append(query["Id"])
            continue
        parts = [asked["Metric"].get("MetricName", "")]
        if several_stats:
            parts.append(asked["Stat"])
        if several_periods:
            parts.append(str(asked["Period"]))
        labels.append(" ".join(parts))
    return labels
