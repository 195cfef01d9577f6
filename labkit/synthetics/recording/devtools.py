"""Recordings in the format of Chrome's DevTools Recorder, and the canary that each becomes.

What is kept of a step: ``navigate``, ``setViewport``, ``click`` and ``doubleClick``, ``change``,
``keyDown`` of Enter, ``hover``, ``waitForElement`` with its count, ``waitForExpression``; and the
frame or the other tab in which it was. The rest (scrolling, network conditions, keys that go up)
does nothing that a canary has to repeat; :attr:`Recording.left_out` counts it.

**Selectors.** A step names several ways to one element, most telling first. What holds longest is
tried first in a script: an id or a test attribute, then a name, then the text that a person reads,
and last a path that the next designer will break (:func:`frailty`).

**Secrets.** What was typed into a password field, and what looks like a payment card's number, is
not written into the script: a variable of the canary takes its place, and the value is gone. A
canary's code is readable to whoever may read the canary.

Source: the user flow format of Chrome's DevTools Recorder (Replay project's schema).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.errors import LabError

_CARD = re.compile(r"(?:\d[ -]?){12,18}\d\Z")
_STABLE = re.compile(r"#[A-Za-z][\w-]*\Z|\[data-test[\w-]*=")
_PLAYED = ("navigate", "setViewport", "click", "doubleClick", "change", "hover", "waitForElement",
           "waitForExpression")  # fmt: skip
#: Steps that a canary has no use for.
_IDLE = frozenset({"scroll", "keyUp", "emulateNetworkConditions", "close", "customStep"})
#: What a person types into.
_FIELDS = "self::input or self::textarea or self::select"


@dataclass(frozen=True)
class Recording:
    """A recording, read.

    Parameters
    ----------
    title:
        As the recorder calls it.
    start:
        The address of the first page.
    steps:
        Each a dict with ``type`` and, by type, ``selectors``, ``value``, ``url``, ``width`` and
        ``height``: what the blueprint ``recorder`` plays.
    variables:
        Names of the variables in place of what shall not be written down -> what each stands for.
    left_out:
        Type of step -> how many were left out.
    """

    title: str
    start: str
    steps: tuple[Mapping[str, Any], ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def script(self) -> str:
        """The canary, as text to read and change."""
        from labkit.synthetics.blueprints import script

        defaults = dict.fromkeys(self.variables, "")
        return script("recorder", START=self.start, STEPS=list(self.steps), DEFAULTS=defaults)

    def __str__(self) -> str:
        lines = [f"{self.title}: {len(self.steps)} steps from {self.start}"]
        for number, step in enumerate(self.steps, 1):
            what = step.get("url") or ", ".join(step.get("selectors", ())[:1])
            value = f" = {step['value']}" if "value" in step else ""
            lines.append(f"{number:3} {step['type']:15} {what}{value}")
        for name, meaning in self.variables.items():
            lines.append(f"    set the environment variable {name}: {meaning}")
        return "\n".join(lines)


def read(
    text: str | bytes | Mapping[str, Any], *, site: Mapping[str, str] | None = None
) -> Recording:
    """A recording of its JSON.

    Parameters
    ----------
    text:
        What the recorder exported, as text or parsed.
    site:
        Beginnings of addresses -> what they become: a recording made at ``http://127.0.0.1:8080``
        is played at ``https://shop.teapot.example``.

    Raises
    ------
    LabError
        For what is no recording, or has nothing to play.
    """
    if isinstance(text, Mapping):
        told: Any = text
    else:
        try:
            told = json.loads(text)
        except ValueError as problem:
            raise LabError(f"this is no recording: {problem}") from None
    steps = told.get("steps") if isinstance(told, Mapping) else None
    if not isinstance(steps, list) or not all(isinstance(one, dict) for one in steps):
        raise LabError("this is no recording of Chrome's DevTools: it has no list of steps")
    reader = _Reader(dict(site or {}))
    for step in steps:
        reader.take(step)
    if not reader.start:
        raise LabError("the recording opens no page: it has no step of type navigate")
    title = str(told.get("title") or "recording")
    return Recording(title, reader.start, tuple(reader.steps), reader.variables, reader.left_out)


class _Reader:
    def __init__(self, site: dict[str, str]) -> None:
        self._site = site
        self.start = ""
        self.steps: list[dict[str, Any]] = []
        self.variables: dict[str, str] = {}
        self.left_out: dict[str, int] = {}

    def take(self, step: dict[str, Any]) -> None:
        """One step of the export."""
        kind = str(step.get("type"))
        if kind == "keyDown" and step.get("key") == "Enter":
            self._enter()
        elif kind in _IDLE or kind == "keyDown":
            self.left_out[kind] = self.left_out.get(kind, 0) + 1
        elif kind not in _PLAYED:
            raise LabError(f"a step of type {kind!r} is not known")
        elif kind == "navigate":
            self._navigate(self._moved(str(step.get("url", ""))))
        elif kind == "setViewport":
            size = {name: int(step.get(name) or 0) for name in ("width", "height")}
            self.steps.append({"type": kind, **size})
        elif kind == "waitForExpression":
            text = str(step.get("expression", ""))
            self.steps.append({"type": kind, "expression": text, **self._place(step)})
        else:
            self._element(kind, step)

    def _moved(self, url: str) -> str:
        for begin, instead in self._site.items():
            if url.startswith(begin):
                return instead.rstrip("/") + "/" + url[len(begin) :].lstrip("/")
        return url

    def _navigate(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            return  # chrome://newtab, about:blank
        if not self.start:
            self.start = url
        else:
            self.steps.append({"type": "navigate", "url": url})

    def _enter(self) -> None:
        """Enter in a field sends its form: the field gets a line feed typed at its end."""
        if self.steps and self.steps[-1]["type"] == "change":
            self.steps[-1]["value"] += "\n"

    def _element(self, kind: str, step: dict[str, Any]) -> None:
        selectors = readable(step.get("selectors") or (), field=kind == "change")
        if not selectors:
            raise LabError(f"a step of type {kind!r} names no element that can be found again")
        made: dict[str, Any] = {"type": kind, "selectors": selectors, **self._place(step)}
        if kind == "change":
            made["value"] = self._value(str(step.get("value", "")), selectors, step)
        if kind == "waitForElement":
            made |= {name: step[name] for name in ("count", "operator", "visible") if name in step}
        self.steps.append(made)

    def _place(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """In which frame a step was, and in which tab when not in the first."""
        place: dict[str, Any] = {}
        if isinstance(step.get("frame"), list) and step["frame"]:
            place["frame"] = [int(one) for one in step["frame"]]
        target = str(step.get("target") or "main")
        if target != "main":
            place["target"] = self._moved(target)
        return place

    def _value(self, value: str, selectors: Sequence[str], step: Mapping[str, Any]) -> str:
        told = " ".join(selectors).lower()
        if step.get("secret") or "password" in told:
            return self._variable("PASSWORD", "what was typed into a password field")
        if is_card(value):
            return self._variable(
                "TEST_CARD", "a card's number: take a test card, never a real one"
            )
        return value

    def _variable(self, name: str, meaning: str) -> str:
        self.variables[name] = meaning
        return f"${name}"


def is_card(text: str) -> bool:
    """Whether a text looks like a payment card's number: its digits end in the right one (Luhn).

    >>> is_card("4242 4242 4242 4242"), is_card("4242 4242 4242 4241"), is_card("12345")
    (True, False, False)
    """
    if not _CARD.match(text.strip()):
        return False
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def readable(groups: Sequence[Any], *, field: bool = False) -> list[str]:
    """Selectors that a script can use, most durable first.

    Parameters
    ----------
    groups:
        As the recorder has them: each a selector, or a list whose parts lead through shadow roots.
    field:
        Whether something is typed into it: words then name a field, not what stands around it.
    """
    found: dict[str, None] = {}
    for group in groups:
        parts = [group] if isinstance(group, str) else list(group)
        if len(parts) != 1 or not isinstance(parts[0], str):
            continue  # through a shadow root: no selector of selenium's goes there
        selector = _selector(parts[0], field)
        if selector:
            found[selector] = None
    return sorted(found, key=frailty)


def _selector(text: str, field: bool) -> str:
    if text.startswith("xpath/"):
        return "xpath=" + text.removeprefix("xpath/")
    for kind in ("aria/", "text/"):
        if text.startswith(kind):
            words = re.sub(r"\[role=.*\]\Z", "", text.removeprefix(kind)).strip()
            return _by_words(words, field) if words else ""
    return text.removeprefix("css/").removeprefix("pierce/")


def _by_words(words: str, field: bool) -> str:
    """An element by what it says, or is called.

    A field is called by its label, which it is in or which names its id; anything else by the
    innermost element that says just this. A heading counts too: recordings wait for "Welcome back".
    """
    quoted = f"'{words}'" if "'" not in words else f'"{words}"'
    says = f"normalize-space()={quoted}"
    called = " or ".join(f"@{name}={quoted}" for name in ("aria-label", "placeholder", "title"))
    label = f"label[{says} or normalize-space(text())={quoted}]"  # what is in it may say more
    labelled = f"@id=//{label}/@for or ancestor::{label}"
    if field:
        return f"xpath=//*[{_FIELDS}][{called} or {labelled}]"
    shown = f"@alt={quoted} or (self::input and @value={quoted})"
    return f"xpath=//*[{called} or {shown} or ({says} and not(*[{says}]))]"


def frailty(selector: str) -> int:
    """How soon a selector breaks: 0 an id or test attribute, 1 a name, 2 words, 3 a path.

    >>> [frailty(one) for one in ("#buy", "[name=q]", "xpath=//*[normalize-space()='Buy']",
    ...                           "main > div:nth-of-type(2) > a")]
    [0, 1, 2, 3]
    """
    if _STABLE.match(selector):
        return 0
    if "normalize-space()" in selector:
        return 2
    if "nth-" in selector or ">" in selector or selector.startswith("xpath="):
        return 3
    return 1
