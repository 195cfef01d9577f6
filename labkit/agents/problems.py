"""What is wrong with a configuration: collected on the way, told together, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.errors import LabError


class ConfigError(LabError):
    """A configuration that an agent can't run with.

    Parameters
    ----------
    problems:
        One line each: the path in the document, and what is wrong there.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n  ".join(self.problems)
        super().__init__(f"the agent can't run with this configuration:\n  {lines}")


class Problems:
    """Looks at values of a document and notes what is wrong with them."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.warnings: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Something is wrong."""
        line = f"{where}: {what}"
        if line not in self.found:
            self.found.append(line)

    def warn(self, where: str, what: str) -> None:
        """Something has no effect."""
        line = f"{where}: {what}"
        if line not in self.warnings:
            self.warnings.append(line)

    def raise_if_any(self) -> None:
        """Raise ConfigError when something is wrong."""
        if self.found:
            raise ConfigError(self.found)

    def mapping(self, value: Any, where: str) -> Mapping[str, Any]:
        """An object; an empty one in place of anything else."""
        if isinstance(value, Mapping):
            return value
        self.add(where, "is not an object {...}")
        return {}

    def text(self, body: Mapping[str, Any], key: str, where: str) -> str:
        """A text; empty when there is none."""
        value = body.get(key, "")
        if isinstance(value, str):
            return value
        self.add(f"{where}.{key}", "is not a text")
        return ""

    def texts(self, body: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
        """A list of texts."""
        value = body.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self.add(f"{where}.{key}", "is not a list of texts")
        return ()

    def flag(self, body: Mapping[str, Any], key: str, where: str, *, default: bool) -> bool:
        """True or false."""
        value = body.get(key, default)
        if isinstance(value, bool):
            return value
        self.add(f"{where}.{key}", "is neither true nor false")
        return default

    def seconds(
        self, body: Mapping[str, Any], key: str, where: str, default: int, most: int
    ) -> int:
        """A whole number of seconds, at least one."""
        value = body.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self.add(f"{where}.{key}", f"is not a whole number of seconds from 1 to {most}")
            return default
        return value
