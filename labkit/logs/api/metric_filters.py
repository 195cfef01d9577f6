"""Metric filters, and trying a pattern on a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid, not_found, page, shown, too_many
from labkit.logs.engine import criteria
from labkit.logs.engine.pattern import Pattern
from labkit.logs.metric_filters import KIND, MetricFilter, number_of
from labkit.logs.records import STANDARD, LogGroup
from labkit.logs.service import Logs
from labkit.logs.store import LogStore

#: Filters of one group that have a regular expression.
MOST_WITH_REGEX = 5
#: Dimensions of one metric.
MOST_DIMENSIONS = 3
SYSTEM_FIELDS = ("@aws.account", "@aws.region", "@source.log")


def _filters(group: LogGroup) -> dict[str, MetricFilter]:
    found: dict[str, MetricFilter] = group.policies.setdefault(KIND, {})
    return found


def _value(pattern: Pattern, text: str) -> None:
    """A metric's value is a number, or something that the pattern names."""
    if number_of(text) is not None:
        return
    if not text.startswith("$"):
        raise invalid(f"Invalid metric transformation: metricValue {text} is no number and no $.")
    if text not in pattern.selectors:
        named = ", ".join(pattern.selectors) or "none"
        raise invalid(
            f"Invalid metric transformation: the pattern does not name {text}; it names {named}."
        )


def _dimensions(pattern: Pattern, given: Mapping[str, str], default: float | None) -> None:
    if not given:
        return
    if default is not None:
        raise invalid(
            "Invalid metric transformation: dimensions and default value are mutually exclusive "
            "properties."
        )
    if len(given) > MOST_DIMENSIONS:
        raise invalid(
            f"Invalid metric transformation: at most {MOST_DIMENSIONS} dimensions are allowed."
        )
    if pattern.kind not in ("json", "space"):
        raise invalid(
            "Invalid metric transformation: dimensions need a JSON or a space-delimited pattern."
        )
    for selector in given.values():
        _value(pattern, selector if selector.startswith("$") else f"${selector}")


def put_metric_filter(
    call: Call,
    /,
    *,
    logGroupName: str,
    filterName: str,
    filterPattern: str,
    metricTransformations: Sequence[Mapping[str, Any]],
    applyOnTransformedLogs: bool = False,
    fieldSelectionCriteria: str = "",
    emitSystemFieldDimensions: Sequence[str] = (),
) -> dict[str, Any]:
    """Make a filter, or change it; it looks at what comes in from now on."""
    group = group_of(call, logGroupName)
    if group.log_class != STANDARD:
        raise invalid(f"Log groups of class {group.log_class} have no metric filters.")
    pattern = Logs.pattern(filterPattern)
    told = metricTransformations[0]
    default = told.get("defaultValue")
    _value(pattern, told["metricValue"])
    _dimensions(pattern, told.get("dimensions", {}), default)
    for name in emitSystemFieldDimensions:
        if name not in SYSTEM_FIELDS:
            raise invalid(f"The system field {name} is none of {', '.join(SYSTEM_FIELDS)}.")
    if fieldSelectionCriteria:
        try:
            criteria.parse(fieldSelectionCriteria, SYSTEM_FIELDS)
        except ValueError as error:
            raise invalid(f"Invalid fieldSelectionCriteria: {error}") from None
    held = _filters(group)
    if filterName not in held:
        if len(held) >= call.quota("filters.metric"):
            raise too_many()
        regexes = sum(one.parsed.regexes > 0 for one in held.values())
        if pattern.regexes and regexes >= MOST_WITH_REGEX:
            raise AwsError(
                "LimitExceededException",
                f"A log group has at most {MOST_WITH_REGEX} filters with regular expressions.",
            )
    held[filterName] = MetricFilter(
        filterName, filterPattern, told["metricName"], told["metricNamespace"],
        told["metricValue"], default, dict(told.get("dimensions", {})), told.get("unit", "None"),
        call.now_us, applyOnTransformedLogs, fieldSelectionCriteria,
        tuple(emitSystemFieldDimensions),
    )  # fmt: skip
    return {}


def _told(group: LogGroup, one: MetricFilter) -> dict[str, Any]:
    return shown(
        {
            "filterName": one.name,
            "filterPattern": one.pattern,
            "metricTransformations": [
                shown(
                    {
                        "metricName": one.metric_name,
                        "metricNamespace": one.namespace,
                        "metricValue": one.value,
                        "defaultValue": one.default,
                        "dimensions": one.dimensions or None,
                        "unit": one.unit if one.unit != "None" else None,
                    }
                )
            ],
            "creationTime": one.created_us // 1000,
            "logGroupName": group.name,
            "applyOnTransformedLogs": one.transformed,
            "fieldSelectionCriteria": one.selection or None,
            "emitSystemFieldDimensions": list(one.system_fields) or None,
        }
    )


def describe_metric_filters(
    call: Call,
    /,
    *,
    logGroupName: str | None = None,
    filterNamePrefix: str = "",
    nextToken: str | None = None,
    limit: int | None = None,
    metricName: str | None = None,
    metricNamespace: str | None = None,
) -> dict[str, Any]:
    """The filters of a group, or of all groups, by name; those of one metric."""
    if (metricName is None) != (metricNamespace is None):
        raise invalid("metricName and metricNamespace are given together.")
    if filterNamePrefix and not logGroupName:
        raise invalid("filterNamePrefix needs a logGroupName.")
    store: LogStore = call.store
    groups = [group_of(call, logGroupName)] if logGroupName else store.groups()
    found = [
        (group, one)
        for group in groups
        for name, one in sorted(group.policies.get(KIND, {}).items())
        if name.startswith(filterNamePrefix)
        and (not metricName or (one.metric_name, one.namespace) == (metricName, metricNamespace))
    ]
    rows, more = page(found, limit, nextToken)
    return {"metricFilters": [_told(group, one) for group, one in rows], **more}


def delete_metric_filter(call: Call, /, *, logGroupName: str, filterName: str) -> dict[str, Any]:
    """Delete a filter; the points that it made stay."""
    group = group_of(call, logGroupName)
    if _filters(group).pop(filterName, None) is None:
        raise not_found("The specified metric filter does not exist.")
    return {}


def test_metric_filter(
    call: Call, /, *, filterPattern: str, logEventMessages: Sequence[str]
) -> dict[str, Any]:
    """Which of some lines match a pattern, and what it extracts."""
    pattern = Logs.pattern(filterPattern)
    found = []
    for number, message in enumerate(logEventMessages, 1):
        match = pattern.match(message)
        if match:
            found.append(
                {
                    "eventNumber": number,
                    "eventMessage": message,
                    "extractedValues": dict(match.extracted),
                }
            )
    return {"matches": found}


OPERATIONS = {
    "PutMetricFilter": put_metric_filter,
    "DescribeMetricFilters": describe_metric_filters,
    "DeleteMetricFilter": delete_metric_filter,
    "TestMetricFilter": test_metric_filter,
}
