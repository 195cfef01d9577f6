"""Labels: the default ones, and dynamic ones such as ``[max: ${MAX}] ${PROP('Dim.InstanceId')}``.

AWS documents which values there are and not how they are written. Here numbers have at most three
decimals, times read ``2026-01-05 09:15:00 +0000`` in the time zone of ``LabelOptions``, and
distances in time ``2h 15m``.

Source: CloudWatch user guide, "Use dynamic labels"; aws-semantics 1.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from labkit.cloudwatch.engine.math.values import Dimensions, Floats, Ints, Metric

#: How many dynamic values a label may have (five until 2025).
MOST_VALUES = 6
_DYNAMIC = re.compile(r"\$\{([^}]*)\}")
_PROPERTY = re.compile(r"PROP\('([^']*)'\)")
_ZONE = re.compile(r"([+-])(\d\d)(\d\d)")
_SECOND = 1_000_000


class LabelError(ValueError):
    """A label that can't be written."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a label speaks of.

    Parameters
    ----------
    default:
        The default label.
    times, values:
        The points in the range, oldest first.
    metric:
        The metric behind them, if there is one.
    now_us:
        What "relative" means.
    minutes:
        The time zone, minutes ahead of UTC.
    """

    default: str
    times: Ints
    values: Floats
    metric: Metric | None
    now_us: int
    minutes: int = 0


def zone_minutes(text: str) -> int:
    """``+0130`` as 90.

    Raises
    ------
    LabelError
        When it has another form.
    """
    found = _ZONE.fullmatch(text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise LabelError(f"a time zone is + or - and four digits, as in +0130, not {text!r}")
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def is_dynamic(label: str) -> bool:
    """Whether a label has dynamic values."""
    return "${" in label


def check(label: str) -> None:
    """Refuse a label with unknown or too many dynamic values.

    Raises
    ------
    LabelError
        Naming what is wrong.
    """
    found = _DYNAMIC.findall(label)
    if len(found) > MOST_VALUES:
        raise LabelError(f"a label has at most {MOST_VALUES} dynamic values, this one {len(found)}")
    if found.count("LABEL") > 1:
        raise LabelError("${LABEL} stands at most once in a label")
    for name in found:
        property_ = _PROPERTY.fullmatch(name)
        if property_ is not None:
            if property_[1] not in _PROPERTIES and not property_[1].startswith("Dim."):
                raise LabelError(f"there is no ${{PROP('{property_[1]}')}}")
        elif name not in _VALUES and name != "LABEL":
            raise LabelError(f"there is no dynamic value ${{{name}}}")


def written(label: str, shown: Shown) -> str:
    """A label with its dynamic values put in; what there is no value for is written ``--``."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "LABEL":
            return shown.default
        property_ = _PROPERTY.fullmatch(name)
        if property_ is not None:
            return _property(property_[1], shown)
        return _VALUES[name](shown) if len(shown.values) else "--"

    return _DYNAMIC.sub(value, label)


def _property(name: str, shown: Shown) -> str:
    metric = shown.metric
    if metric is None:
        return "--"
    if name.startswith("Dim."):
        return dict(metric.dimensions).get(name[4:], "--")
    return _PROPERTIES[name](metric)


_PROPERTIES: dict[str, Callable[[Metric], str]] = {
    "AccountId": lambda metric: metric.account,
    "AccountLabel": lambda metric: metric.account_label or metric.account,
    "MetricName": lambda metric: metric.name,
    "Namespace": lambda metric: metric.namespace,
    "Period": lambda metric: str(metric.period),
    "Region": lambda metric: metric.region,
    "Stat": lambda metric: metric.stat,
}


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _moment(us: int, shown: Shown) -> str:
    zone = timezone(timedelta(minutes=shown.minutes))
    return f"{datetime.fromtimestamp(us // _SECOND, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S %z}"


def _distance(us: int) -> str:
    seconds = abs(us) // _SECOND
    parts = []
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds >= size:
            parts.append(f"{seconds // size}{letter}")
            seconds %= size
    return " ".join(parts[:2]) or "0s"


def _place(which: Callable[[Floats], object]) -> Callable[[Shown], int]:
    return lambda shown: int(shown.times[int(which(shown.values))])  # type: ignore[call-overload]


def _first(shown: Shown) -> int:
    return int(shown.times[0])


def _last(shown: Shown) -> int:
    return int(shown.times[-1])


_lowest, _highest = _place(np.argmin), _place(np.argmax)

_VALUES: dict[str, Callable[[Shown], str]] = {
    "AVG": lambda shown: _number(float(shown.values.mean())),
    "DATAPOINT_COUNT": lambda shown: str(len(shown.values)),
    "FIRST": lambda shown: _number(float(shown.values[0])),
    "FIRST_LAST_RANGE": lambda shown: _number(float(shown.values[-1] - shown.values[0])),
    "FIRST_LAST_TIME_RANGE": lambda shown: _distance(_last(shown) - _first(shown)),
    "FIRST_TIME": lambda shown: _moment(_first(shown), shown),
    "FIRST_TIME_RELATIVE": lambda shown: _distance(shown.now_us - _first(shown)),
    "LAST": lambda shown: _number(float(shown.values[-1])),
    "LAST_TIME": lambda shown: _moment(_last(shown), shown),
    "LAST_TIME_RELATIVE": lambda shown: _distance(shown.now_us - _last(shown)),
    "MAX": lambda shown: _number(float(shown.values.max())),
    "MAX_TIME": lambda shown: _moment(_highest(shown), shown),
    "MAX_TIME_RELATIVE": lambda shown: _distance(shown.now_us - _highest(shown)),
    "MIN": lambda shown: _number(float(shown.values.min())),
    "MIN_MAX_RANGE": lambda shown: _number(float(shown.values.max() - shown.values.min())),
    "MIN_MAX_TIME_RANGE": lambda shown: _distance(_highest(shown) - _lowest(shown)),
    "MIN_TIME": lambda shown: _moment(_lowest(shown), shown),
    "MIN_TIME_RELATIVE": lambda shown: _distance(shown.now_us - _lowest(shown)),
    "SUM": lambda shown: _number(float(shown.values.sum())),
}


def found_labels(found: Sequence[tuple[str, str, Dimensions]]) -> list[str]:
    """Labels for the metrics that a SEARCH found: what tells them apart.

    Parameters
    ----------
    found:
        (namespace, name, dimensions) of each.

    Returns
    -------
    list of str
        The values of the dimensions that differ, the metric's name if names differ, the namespace
        if namespaces do; the name where nothing differs. (AWS: undocumented.)
    """
    names = {name for _, name, _ in found}
    spaces = {space for space, _, _ in found}
    values: dict[str, set[str | None]] = {}
    keys = dict.fromkeys(key for _, _, dimensions in found for key, _ in dimensions)
    for _, _, dimensions in found:
        have = dict(dimensions)
        for key in keys:
            values.setdefault(key, set()).add(have.get(key))
    labels = []
    for space, name, dimensions in found:
        parts = [value for key, value in dimensions if len(values[key]) > 1]
        if len(names) > 1 or not parts:
            parts.append(name)
        if len(spaces) > 1:
            parts.insert(0, space)
        labels.append(" ".join(parts))
    return labels
