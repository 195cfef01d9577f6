"""Where an agent's reading stands, in a file: what it begins with when it is started again.

The old agent calls it ``state_file``, the unified one keeps a folder ``state`` beside its logs.
Here it is one JSON document, replaced as a whole, so that a crash leaves the one before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from labkit.agents.tail import Tail


class StateFile:
    """The positions of an agent's tails.

    Parameters
    ----------
    path:
        Where; empty for nowhere.
    tell:
        Gets level and text of what goes wrong; nothing is raised for it.
    """

    def __init__(self, path: str, tell: Callable[[str, str], None]) -> None:
        self._path = path
        self._tell = tell
        self._known: dict[str, list[dict[str, Any]]] = {}
        self._written = ""

    def load(self, tails: Sequence[Tail]) -> None:
        """Let each tail go on where its entry says; a tail is known by its place and pattern."""
        if not self._path:
            return
        try:
            text = Path(self._path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            self._tell("E!", f"state file {self._path}: {error}")
            return
        try:
            known = json.loads(text)["files"]
            for place, tail in enumerate(tails):
                name = _name(place, tail)
                if name in known:
                    tail.resume(known[name])
                    self._known[name] = known[name]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._tell("W!", f"state file {self._path} is passed over: {error}")

    def note(self, place: int, tail: Tail) -> None:
        """Everything that a tail has given out is sent."""
        if self._path:
            self._known[_name(place, tail)] = tail.state()

    def save(self) -> None:
        """Write what changed."""
        text = json.dumps({"files": self._known})
        if not self._path or text == self._written:
            return
        self._written = text
        beside = f"{self._path}.new"
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            Path(beside).write_text(text, encoding="utf-8")
            os.replace(beside, self._path)
        except OSError as error:
            self._tell("E!", f"state file {self._path}: {error}")
            self._path = ""  # said once


def _name(place: int, tail: Tail) -> str:
    return f"{place} {tail.file.pattern}"
