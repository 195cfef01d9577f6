"""Transformers: processors that make JSON of log events, one after the other.

:func:`transform` takes an event's text and gives the JSON that queries and filters may look at, or
None when the event is not what the first processor parses; the event itself stays as it came.
:func:`check` says what is wrong with a configuration. Source: user guide,
CloudWatch-Logs-Transformation-Processors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.jsontext import dumps
from labkit.logs.engine.transform import mutators, parsers
from labkit.logs.engine.transform.paths import TransformError

#: Processors of one transformer, and those among them that parse.
MOST, MOST_PARSERS = 20, 5

PARSERS = parsers.PROCESSORS
MUTATORS = mutators.PROCESSORS
#: Parsers of logs that AWS writes: one of them at most, at the head (user guide,
#: CloudWatch-Logs-Transformation-Create).
VENDED = frozenset(parsers.VENDED)


def check(config: Sequence[Mapping[str, Any]]) -> None:
    """Look at a configuration.

    Raises
    ------
    TransformError
        With what is wrong.
    """
    if not config:
        raise TransformError("A transformer needs at least one processor.")
    if len(config) > MOST:
        raise TransformError(f"A transformer has at most {MOST} processors.")
    names = []
    for number, processor in enumerate(config, 1):
        if len(processor) != 1:
            raise TransformError(
                f"Processor {number} must be exactly one; it has {len(processor)}."
            )
        names.append(next(iter(processor)))
    if names[0] not in PARSERS:
        raise TransformError(f"The first processor has to parse; {names[0]} does not.")
    source = config[0][names[0]].get("source") or parsers.MESSAGE
    if names[0] == "parseJSON" and source != parsers.MESSAGE:
        raise TransformError("parseJSON as the first processor parses @message, the whole event.")
    vended = [name for name in names if name in VENDED]
    if len(vended) > 1:
        raise TransformError(
            f"A transformer has at most one parser of AWS's own logs, not {' and '.join(vended)}."
        )
    if vended and names[0] != vended[0]:
        raise TransformError(f"{vended[0]} has to be the first processor.")
    parsing = [name for name in names if name in PARSERS]
    if len(parsing) > MOST_PARSERS:
        raise TransformError(f"A transformer has at most {MOST_PARSERS} processors that parse.")
    for name, processor in zip(names, config, strict=True):
        settings = processor[name]
        if name in PARSERS:
            parsers.check(name, settings)
        elif name in MUTATORS:
            mutators.check(name, settings)
        else:
            raise TransformError(f"{name} is not known.")
    for name in ("grok", "copyValue", "addKeys"):
        if names.count(name) > 1 and name != "grok":
            raise TransformError(f"A transformer has at most one {name}.")
    if names.count("grok") > 5:
        raise TransformError("A transformer has at most five grok processors.")


def transform(
    config: Sequence[Mapping[str, Any]], message: str, about: Mapping[str, str] | None = None
) -> str | None:
    """The JSON of an event, None when the processors make nothing of it.

    ``about``: what ``copyValue`` may copy beside the event: ``@logGroupName``, ``@logGroupStream``,
    ``@accountId``, ``@regionName``.
    """
    event: dict[str, Any] = {"@message": message, **(about or {})}
    made = False
    for processor in config:
        name, settings = next(iter(processor.items()))
        if name in PARSERS:
            made = PARSERS[name](event, settings) or made
        else:
            MUTATORS[name](event, settings)
    for name in ("@message", *(about or ())):
        event.pop(name, None)
    return dumps(event) if made and event else None


__all__ = ["MOST", "TransformError", "check", "transform"]
