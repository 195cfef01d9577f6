"""Dashboard variables: what a reader can choose, and the body with the choices put in.

A *property* variable replaces the value of one property in every widget (``region``, ``stat``,
``InstanceId``); a *pattern* variable replaces a text wherever it stands in the widgets.

Source: API reference, "Variables Array Structure".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.cloudwatch.engine.dashboard.metrics import split
from labkit.cloudwatch.engine.search import Candidate, parse_search
from labkit.cloudwatch.widgets.frame import Frame
from labkit.core.clock import DAY

_RENDERED = ("region", "accountId", "stat", "period")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable and what it can be."""

    id: str
    label: str
    default: str
    values: tuple[str, ...]


def variables(frame: Frame, body: Mapping[str, Any]) -> list[Variable]:
    """The variables of a body, their values listed or found by a search."""
    found = []
    for one in body.get("variables", ()):
        values = [str(each["value"]) for each in one.get("values", ())]
        if "search" in one and "populateFrom" in one:
            values += _searched(frame, str(one["search"]), str(one["populateFrom"]))
        default = str(one.get("defaultValue") or (values[0] if values else ""))
        if default == "__FIRST":
            default = values[0] if values else ""
        if default and default not in values:
            values.insert(0, default)
        if one.get("visible") is not False and values:
            label = str(one.get("label") or one.get("property") or one["id"])
            found.append(Variable(str(one["id"]), label, default, tuple(dict.fromkeys(values))))
    return found


def _searched(frame: Frame, text: str, key: str) -> list[str]:
    wanted = parse_search(text)
    store = frame.store(frame.region)
    values = set()
    for series in frame.service.series(store, frame.now_us, frame.now_us - 14 * DAY):
        have = dict(series.dimensions)
        one = Candidate(series.namespace, series.name, have, store.account)
        if key in have and wanted.finds(one):
            values.add(have[key])
    return sorted(values)


def chosen(body: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, Any]:
    """The body with the values of its variables put into its widgets."""
    widgets: Any = list(body.get("widgets", ()))
    for one in body.get("variables", ()):
        value = choices.get(str(one["id"]))
        if not value:
            continue
        if one["type"] == "pattern" and one.get("pattern"):
            widgets = _replaced(widgets, str(one["pattern"]), value)
        elif one.get("property"):
            widgets = [_with_property(w, str(one["property"]), value) for w in widgets]
    return {**body, "widgets": widgets}


def _replaced(value: Any, pattern: str, by: str) -> Any:
    if isinstance(value, str):
        return value.replace(pattern, by)
    if isinstance(value, list):
        return [_replaced(one, pattern, by) for one in value]
    if isinstance(value, dict):
        return {key: _replaced(one, pattern, by) for key, one in value.items()}
    return value


def _with_property(widget: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    properties = dict(widget["properties"])
    said: Any = int(value) if name == "period" and value.isdigit() else value
    if name in _RENDERED and (name in properties or name == "region"):
        properties[name] = said
    if isinstance(properties.get("metrics"), list) and widget["type"] == "metric":
        properties["metrics"] = [_entry(one, name, said) for one in properties["metrics"]]
    return {**widget, "properties": properties}


def _entry(entry: Sequence[Any], name: str, value: Any) -> list[Any]:
    names, rendering = split(entry)
    # In ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"] a dimension's value follows its name.
    for place in range(2, len(names) - 1, 2):
        if names[place] == name:
            names[place + 1] = value
    if name in rendering:
        rendering = {**rendering, name: value}
    if "expression" in rendering:
        rendering = {**rendering, "expression": _named(rendering["expression"], name, value)}
    return [*names, *([rendering] if rendering else [])]


def _named(expression: str, name: str, value: Any) -> str:
    import re

    found = re.compile(rf"\b{re.escape(name)}(\s*=\s*)([\"']?)[^\"'\s)]*\2")
    return found.sub(lambda match: f"{name}{match[1]}{match[2]}{value}{match[2]}", expression)
