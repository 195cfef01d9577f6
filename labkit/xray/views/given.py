"""What views of traces take: traces, or what ``batch_get_traces`` answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from labkit.core.errors import LabError
from labkit.xray.engine.trace import Trace, assemble

Told = Trace | Mapping[str, Any]


def traces_of(given: Told | Iterable[Told]) -> list[Trace]:
    """Traces as values.

    Parameters
    ----------
    given:
        A trace, several, an answer of BatchGetTraces or one of its ``Traces``.

    Raises
    ------
    LabError
        When it is none of these.
    """
    if isinstance(given, Trace):
        return [given]
    if isinstance(given, Mapping):
        if "Traces" in given:
            return traces_of(given["Traces"])
        if "Segments" in given:
            return [_read(given)]
        raise LabError(
            "this view takes traces: what batch_get_traces answers, or one of its Traces; "
            "summaries hold no segments"
        )
    return [trace for one in given for trace in traces_of(one)]


def _read(told: Mapping[str, Any]) -> Trace:
    documents = [json.loads(one["Document"]) for one in told["Segments"]]
    # What X-Ray inferred it infers again.
    return assemble(told["Id"], [one for one in documents if one.get("inferred") is not True])


__all__ = ["Told", "traces_of"]
