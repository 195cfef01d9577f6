"""The ``metrics`` array of a widget: shorthand read, each entry as a query.

``["AWS/EC2", "CPUUtilization", "InstanceId", "i-1", {"stat": "Maximum"}]`` is a metric;
``[".", ".", ".", "i-2"]`` takes from the entry above what stands at the same place, and
``["...", "i-3"]`` everything that is not said again. ``[{"expression": "m1 + m2", "id": "e1"}]`` is
an expression.

Source: API reference, "Metric Widget: Format for Each Metric in the Array".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.cloudwatch.engine.dashboard import schema
from labkit.cloudwatch.engine.dashboard.schema import Check, Problem

MOST_METRICS, MOST_DIMENSIONS = 500, 30

COLOUR = schema.pattern("#[0-9a-fA-F]{6}")
ACCOUNT = schema.either(schema.pattern("[0-9]{12}"), schema.one_of("LOCAL"))
PERIOD = schema.whole(1)

#: The members of the object at an entry's end.
RENDERING: Mapping[str, Check] = {
    "accountId": ACCOUNT,
    "color": COLOUR,
    "expression": schema.text,
    "id": schema.pattern("[a-z][a-zA-Z0-9_]*"),
    "label": schema.text,
    "period": PERIOD,
    "region": schema.text,
    "stat": schema.text,
    "visible": schema.boolean,
    "yAxis": schema.one_of("left", "right"),
}

_RENDERING = schema.fields(RENDERING)

ARRAY_OF_ARRAYS = (
    'Field "metrics" has to be an array of array of strings, with an optional metricRenderer '
    "object as last element"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, its shorthand written out.

    Parameters
    ----------
    namespace, name, dimensions:
        The metric; empty for an expression.
    rendering:
        The object at its end.
    """

    namespace: str = ""
    name: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    rendering: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expression(self) -> str:
        """The expression, empty for a metric."""
        return str(self.rendering.get("expression", ""))


def split(entry: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The names of an entry, and the object at its end (empty when there is none)."""
    if entry and isinstance(entry[-1], dict):
        return list(entry[:-1]), entry[-1]
    return list(entry), {}


def written_out(names: Sequence[str], above: Sequence[str]) -> list[str]:
    """An entry's names with ``.`` and ``...`` replaced by what the entry above says.

    >>> written_out(["...", "i-2"], ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"])
    ['AWS/EC2', 'CPUUtilization', 'InstanceId', 'i-2']
    """
    out: list[str] = []
    for place, name in enumerate(names):
        if name == "...":
            following = len(names) - place - 1
            out += above[len(out) : max(len(above) - following, len(out))]
        elif name == "." and len(out) < len(above):
            out.append(above[len(out)])
        else:
            out.append(name)
    return out


def entries(metrics: Sequence[Sequence[Any]]) -> list[Entry]:
    """The entries of a ``metrics`` array that :func:`check` has found nothing wrong with."""
    above: list[str] = []
    found: list[Entry] = []
    for one in metrics:
        names, rendering = split(one)
        if rendering.get("expression") or not names:
            found.append(Entry(rendering=rendering))
            continue
        above = written_out(names, above)
        pairs = tuple(sorted(zip(above[2::2], above[3::2], strict=True)))
        found.append(Entry(above[0], above[1], pairs, rendering))
    return found


def check(metrics: Any, path: str) -> Iterator[Problem]:
    """What is wrong with a ``metrics`` array."""
    if not isinstance(metrics, list):
        yield Problem(path, "Should be array")
        return
    if len(metrics) > MOST_METRICS:
        yield Problem(path, f"Should NOT have more than {MOST_METRICS} items")
    above: list[str] = []
    ids: set[str] = set()
    for place, one in enumerate(metrics):
        here = f"{path}/{place}"
        if not isinstance(one, list):
            yield Problem(here, "Should be array")
            yield Problem(here, ARRAY_OF_ARRAYS)
            continue
        names, rendering = split(one)
        problems = list(_check_entry(names, rendering, above, here))
        yield from problems
        if not problems and names and "expression" not in rendering:
            above = written_out(names, above)
        id_ = rendering.get("id")
        if isinstance(id_, str) and id_ in ids:
            yield Problem(here, f"The id {id_} is used by another metric of this widget")
        elif isinstance(id_, str):
            ids.add(id_)


def _check_entry(
    names: Sequence[Any], rendering: Mapping[str, Any], above: Sequence[str], path: str
) -> Iterator[Problem]:
    wrong = [place for place, name in enumerate(names) if not isinstance(name, str)]
    for place in wrong:
        yield Problem(f"{path}/{place}", "Invalid metric field type, only 'String' type is allowed")
    if wrong:
        return
    if schema.unknown(rendering, RENDERING) or any(True for _ in _RENDERING(rendering)):
        # An object that is no rendering is an item too many to AWS's checker, which is all it says
        # (to a colour called "red", to a "dimensions" object).
        yield Problem(path, f"Should NOT have more than {len(names)} items")
        return
    if "expression" in rendering:
        return
    full = written_out(names, above)
    if len(full) < 2:
        yield Problem(path, "Should NOT have less than 2 items")
    elif len(full) % 2 or len(full) > 2 + 2 * MOST_DIMENSIONS:
        most = min(len(full) - 1, 2 + 2 * MOST_DIMENSIONS)
        yield Problem(path, f"Should NOT have more than {most} items")
    elif any(name in (".", "...") for name in full):
        yield Problem(path, "There is no entry above that this shorthand could take from")
