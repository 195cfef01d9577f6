"""A recording of the Chrome DevTools' Recorder, as a canary.

The Recorder panel exports JSON ("Export as a JSON file"): a title and steps, each with several ways
to find its element. Source: the format's published schema (``@puppeteer/replay``, "UserFlow").

What a canary keeps of a step's selectors are those that last: ids, then accessible names, then the
others as they come, paths through the page last. Typed text goes into the script as it is, except
what looks like a password or a card: that becomes a variable of the canary, since a script lies in
the open (in S3, in the Lambda function).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import LabError
from labkit.synthetics.blueprints import script

#: Kinds of steps that a canary does not need: what they do is part of the next one.
PASSED_OVER = frozenset(
    {"keyDown", "keyUp", "scroll", "hover", "close", "emulateNetworkConditions"}
)
_CLICKS = frozenset({"click", "doubleClick"})
_SECRET = re.compile(r"pass|secret|pin\b|token|cvc|cvv|card", re.IGNORECASE)
_CARD = re.compile(r"(?:\d[ -]?){13,19}")


@dataclass(frozen=True)
class Recorded:
    """What became of a recording.

    Parameters
    ----------
    title:
        The recording's.
    text:
        The canary's script.
    secrets:
        Variables that the canary wants, and what was typed: for its environment, not its script.
    passed_over:
        Kinds of steps that were left out.
    """

    title: str
    text: str
    secrets: Mapping[str, str]
    passed_over: tuple[str, ...]


def from_recording(recording: str | bytes | Mapping[str, Any]) -> Recorded:
    """Make a canary of a recording.

    Parameters
    ----------
    recording:
        The exported JSON, as text or parsed.

    Raises
    ------
    LabError
        For what is no recording, or one that opens no page.
    """
    told = _parsed(recording)
    steps: list[dict[str, Any]] = []
    secrets: dict[str, str] = {}
    passed_over: list[str] = []
    start = ""
    for number, one in enumerate(told["steps"], 1):
        if not isinstance(one, Mapping) or not isinstance(one.get("type"), str):
            raise LabError(f"step {number} of the recording has no type")
        kind = one["type"]
        if kind == "navigate" and not start:
            start = str(one.get("url", ""))
        elif kind in PASSED_OVER:
            passed_over.append(kind)
        else:
            steps.append(_step(number, kind, one, secrets))
    if not start:
        raise LabError("the recording opens no page: it has no step of type 'navigate'")
    defaults: dict[str, str] = {}
    text = script("recorder", START=start, STEPS=steps, DEFAULTS=defaults)
    return Recorded(str(told.get("title", "")), text, secrets, tuple(dict.fromkeys(passed_over)))


def _parsed(recording: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(recording, str | bytes):
        try:
            recording = json.loads(recording)
        except ValueError as problem:
            raise LabError(f"the recording is no JSON: {problem}") from None
    if not isinstance(recording, Mapping) or not isinstance(recording.get("steps"), list):
        raise LabError("a recording is a JSON object with a list of steps")
    return recording


def _step(
    number: int, kind: str, one: Mapping[str, Any], secrets: dict[str, str]
) -> dict[str, Any]:
    if kind == "navigate":
        return {"type": "navigate", "url": str(one.get("url", ""))}
    if kind == "setViewport":
        return {"type": kind, "width": int(one["width"]), "height": int(one["height"])}
    if kind not in {*_CLICKS, "change", "waitForElement"}:
        raise LabError(
            f"step {number} of the recording is of type {kind!r}, which a canary can't do"
        )
    selectors = selectors_of(one.get("selectors") or [])
    if not selectors:
        raise LabError(f"step {number} of the recording ({kind}) names no element")
    if kind in _CLICKS:
        return {"type": "click", "selectors": selectors}
    if kind == "waitForElement":
        return {"type": kind, "selectors": selectors}
    value = str(one.get("value", ""))
    if _SECRET.search(" ".join(selectors)) or _CARD.fullmatch(value.strip()):
        name = _variable(selectors[0], secrets)
        secrets[name] = value
        value = f"${name}"
    return {"type": "change", "selectors": selectors, "value": value}


def _variable(selector: str, taken: Mapping[str, str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "_", selector).strip("_").upper() or "VALUE"
    name = plain if plain[0].isalpha() else f"VALUE_{plain}"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def selectors_of(recorded: Any) -> list[str]:
    """The selectors of a step that selenium understands, those that last first.

    Parameters
    ----------
    recorded:
        As recorded: a list of selectors, each a text or a list with one text (several are a way
        through shadow roots, which is left out).
    """
    found: list[tuple[int, str]] = []
    for one in recorded if isinstance(recorded, list) else [recorded]:
        parts = one if isinstance(one, list) else [one]
        if len(parts) != 1 or not isinstance(parts[0], str):
            continue
        rated = _rated(parts[0])
        if rated is not None and rated not in found:
            found.append(rated)
    return [text for _, text in sorted(found, key=lambda pair: pair[0])]


def _rated(selector: str) -> tuple[int, str] | None:
    """How well a selector lasts (less is better), and how selenium writes it."""
    if selector.startswith("aria/"):
        name = selector[5:].partition("[role=")[0]
        return (1, _by_name(name)) if name and '"' not in name else None
    if selector.startswith("text/"):
        name = selector[5:]
        return (2, f'xpath=//*[normalize-space(text())="{name}"]') if '"' not in name else None
    if selector.startswith("xpath/"):
        path = selector[6:].lstrip("/")
        return 4, f"xpath=//{path}"
    if selector.startswith("pierce/"):
        selector = selector[7:]
    if re.fullmatch(r"#[\w-]+", selector):
        return 0, selector
    return (5 if ":nth" in selector or ">" in selector else 3), selector


def _by_name(name: str) -> str:
    """An element by its accessible name: what it is labelled, says, or shows while it is empty."""
    return (
        f'xpath=//*[@aria-label="{name}" or @placeholder="{name}" or @alt="{name}" or '
        f'(self::a or self::button) and normalize-space(.)="{name}" or '
        f'@id=//label[normalize-space(.)="{name}"]/@for]'
    )
