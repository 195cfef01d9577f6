"""Who answers which port of a lab, and how one is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.core.errors import WiringError
from labkit.core.ports.table import PORTS


class Asking:
    """Who answers which port, and how one is asked."""

    def __init__(self) -> None:
        self._answers: dict[str, Callable[..., Any]] = {}

    def answer(self, name: str, answerer: Callable[..., Any]) -> None:
        """Let ``answerer`` answer the port ``name``; each port has exactly one."""
        if name not in PORTS:
            raise WiringError(f"no port is called {name!r}")
        if name in self._answers:
            raise WiringError(f"the port {name!r} has an answerer already")
        self._answers[name] = answerer

    def answered(self, name: str) -> bool:
        """Whether somebody answers this port."""
        return name in self._answers

    def _ask(self, name: str) -> Callable[..., Any]:
        try:
            return self._answers[name]
        except KeyError:
            raise WiringError(
                f"nobody answers the port {name!r} yet ({PORTS[name].answered_by})"
            ) from None
