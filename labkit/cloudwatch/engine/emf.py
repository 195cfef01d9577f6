"""Embedded Metric Format: metrics inside a log event.

Theory of operation
-------------------
A log event that is one JSON object with a root member ``_aws`` is a document::

    {"_aws": {"Timestamp": 1767603600000, "CloudWatchMetrics": [
        {"Namespace": "Teapot", "Dimensions": [["Shop"], []],
         "Metrics": [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 60}]}]},
     "Shop": "Porto", "Latency": [120, 240]}

1. A **directive** (an entry of ``CloudWatchMetrics``) names root members: those that are values
   (``Metrics``) and those that tell them apart (``Dimensions``, a list of sets of keys). A name
   with a dot is a name with a dot; nothing is looked up in nested objects.
2. **Each set of keys publishes each metric**: two sets and three metrics make six.
3. A value is a number or a list of up to 100 numbers; the list's numbers are one datum.
4. What breaks the schema spoils its directive, not the document: the others are published, and the
   event itself is kept whatever is in it. A text that is no JSON, or has no ``_aws``, is no
   document and no error either; ``_aws`` that can't be read at all is a **parsing** error, a
   directive against the schema a **validation** error.

Source: CloudWatch user guide, "Specification: Embedded metric format" (aws-semantics 1.12).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METRICS = 100
VALUES = 100
DIMENSIONS = 30
_LONGEST_VALUE = 1_024
_LONGEST_NAME = 1_024
_LONGEST_NAMESPACE = 1_024
_LONGEST_KEY = 250
#: CloudWatch's own bound of a value.
_LIMIT = 2.0**360

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Embedded:
    """One metric of a document under one set of dimensions.

    Parameters
    ----------
    namespace, name, unit:
        As CloudWatch has them.
    dimensions:
        Sorted by name.
    values:
        One or more.
    resolution:
        1 or 60.
    timestamp_us:
        Microseconds since the epoch.
    """

    namespace: str
    name: str
    dimensions: Dimensions
    values: tuple[float, ...]
    unit: str
    resolution: int
    timestamp_us: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found in a log event.

    Parameters
    ----------
    metrics:
        In the order of the document.
    parsing, validation:
        What was wrong, in words with the place in the document.
    """

    metrics: tuple[Embedded, ...] = ()
    parsing: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()


NOTHING = Extracted()


def extract(text: str, units: Sequence[str]) -> Extracted:
    """The metrics of a log event's text.

    Parameters
    ----------
    text:
        The event.
    units:
        CloudWatch's units.
    """
    if '"_aws"' not in text or not text.lstrip().startswith("{"):
        return NOTHING
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Extracted(parsing=(f"the event is no JSON: {error}",))
    meta = document.get("_aws")
    if not isinstance(meta, Mapping):
        return Extracted(parsing=("_aws is not an object",)) if "_aws" in document else NOTHING
    if "CloudWatchMetrics" not in meta:
        return NOTHING  # _aws of something else
    stamp = meta.get("Timestamp")
    if isinstance(stamp, bool) or not isinstance(stamp, int) or stamp < 0:
        return Extracted(
            validation=("_aws.Timestamp is not a whole number of milliseconds since 1970",)
        )
    directives = meta["CloudWatchMetrics"]
    if not isinstance(directives, list):
        return Extracted(validation=("_aws.CloudWatchMetrics is not a list",))
    found: list[Embedded] = []
    wrong: list[str] = []
    for i, directive in enumerate(directives):
        problem = _wrong(directive, document, f"_aws.CloudWatchMetrics[{i}]", units)
        if problem:
            wrong.append(problem)
        else:
            found += _of(directive, document, stamp * 1_000)
    return Extracted(tuple(found), (), tuple(wrong))


def _of(directive: Mapping[str, Any], document: Mapping[str, Any], stamp_us: int) -> list[Embedded]:
    found = []
    for keys in directive["Dimensions"]:
        dimensions = tuple(sorted((key, document[key]) for key in set(keys)))
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = tuple(map(float, value if isinstance(value, list) else [value]))
            if values:
                found.append(
                    Embedded(
                        directive["Namespace"],
                        metric["Name"],
                        dimensions,
                        values,
                        metric.get("Unit", "None"),
                        metric.get("StorageResolution", 60),
                        stamp_us,
                    )
                )
    return found


# -- what can be wrong: one sentence, the first that is
def _wrong(directive: Any, document: Mapping[str, Any], where: str, units: Sequence[str]) -> str:
    if not isinstance(directive, Mapping):
        return f"{where} is not an object"
    namespace = directive.get("Namespace")
    if not isinstance(namespace, str) or not 1 <= len(namespace) <= _LONGEST_NAMESPACE:
        return f"{where}.Namespace is not a text of 1 to {_LONGEST_NAMESPACE} characters"
    if namespace.startswith("AWS/"):
        return f"{where}.Namespace begins with AWS/"
    sets = directive.get("Dimensions")
    if not isinstance(sets, list) or not sets:
        return f"{where}.Dimensions is not a list with at least one set of keys"
    for i, keys in enumerate(sets):
        problem = _wrong_set(keys, document, f"{where}.Dimensions[{i}]")
        if problem:
            return problem
    metrics = directive.get("Metrics")
    if not isinstance(metrics, list) or len(metrics) > METRICS:
        return f"{where}.Metrics is not a list of at most {METRICS} metrics"
    for i, metric in enumerate(metrics):
        problem = _wrong_metric(metric, document, f"{where}.Metrics[{i}]", units)
        if problem:
            return problem
    return ""


def _wrong_set(keys: Any, document: Mapping[str, Any], where: str) -> str:
    if not isinstance(keys, list) or len(keys) > DIMENSIONS:
        return f"{where} is not a list of at most {DIMENSIONS} keys"
    for key in keys:
        if not isinstance(key, str) or not 1 <= len(key) <= _LONGEST_KEY:
            return f"{where} holds a key that is not a text of 1 to {_LONGEST_KEY} characters"
        if key not in document:
            return f"{where} names {key!r}, which is no member of the document's root"
        value = document[key]
        if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_VALUE:
            return f"{key!r} is a dimension, and its value is not a text of 1 to 1,024 characters"
    return ""


def _wrong_metric(
    metric: Any, document: Mapping[str, Any], where: str, units: Sequence[str]
) -> str:
    if not isinstance(metric, Mapping):
        return f"{where} is not an object"
    name = metric.get("Name")
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        return f"{where}.Name is not a text of 1 to {_LONGEST_NAME} characters"
    if metric.get("Unit", "None") not in units:
        return f"{where}.Unit is no unit of CloudWatch's: {metric['Unit']!r}"
    resolution = metric.get("StorageResolution", 60)
    if isinstance(resolution, bool) or resolution not in (1, 60):
        return f"{where}.StorageResolution is 1 or 60"
    if name not in document:
        return f"{where} names {name!r}, which is no member of the document's root"
    value = document[name]
    values = value if isinstance(value, list) else [value]
    if len(values) > VALUES:
        return f"{name!r} has more than {VALUES} values"
    if not all(map(_is_number, values)):
        return f"{name!r} is a metric, and its value is neither a number nor a list of numbers"
    return ""


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (isinstance(value, int) and abs(value) <= 2**360) or (
        isinstance(value, float) and math.isfinite(value) and abs(value) <= _LIMIT
    )
