"""A build specification, and what its commands do: pure, and small.

No container runs here. A command is one of a few that a lesson about builds needs, joined by
``&&``, ``||`` and ``;`` as in a shell; anything else counts as a program that runs for a second,
writes nothing and succeeds.

==================  ===========================================================================
command             what it does
==================  ===========================================================================
``echo text``       writes its line; variables (``$NAME``, ``${NAME}``) are put in
``exit N``          ends the command with that status
``false``           fails with status 1
``true``, ``:``     succeeds
``sleep N``         takes N seconds (``2m``, ``1h``)
``export A=b``      sets a variable, for the commands that follow too
==================  ===========================================================================

The first command of a phase that fails ends the phase. ``finally`` commands run in any case.

Source: CodeBuild user guide, "Build specification reference for CodeBuild".
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import Any

#: Phases with commands, as the file names them and as the API does.
PHASES = {
    "install": "INSTALL",
    "pre_build": "PRE_BUILD",
    "build": "BUILD",
    "post_build": "POST_BUILD",
}

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}


class SpecError(ValueError):
    """A build specification that is none; the text is the phase context's message."""


@dataclass(frozen=True, slots=True)
class Phase:
    """The commands of one phase."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    abort: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """A build specification: its phases by API name, and its variables."""

    phases: dict[str, Phase]
    variables: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Read YAML (or JSON, which is YAML).

        Raises
        ------
        SpecError
            When it is none, with CodeBuild's message.
        """
        import yaml

        try:
            told = yaml.safe_load(text)
        except yaml.YAMLError as problem:
            raise SpecError(f"YAML_FILE_ERROR: {problem}") from None
        if not isinstance(told, dict):
            raise SpecError("YAML_FILE_ERROR: wrong number of container tags, expected 1")
        if "version" not in told:
            raise SpecError("YAML_FILE_ERROR: This build image requires selecting a version")
        phases = told.get("phases")
        if not isinstance(phases, dict):
            raise SpecError("YAML_FILE_ERROR: This buildspec has no phases")
        unknown = sorted(set(phases) - set(PHASES))
        if unknown:
            raise SpecError(f"YAML_FILE_ERROR: Unknown phase: {unknown[0]}")
        variables = (told.get("env") or {}).get("variables") or {}
        return cls(
            {PHASES[name]: _phase(body or {}) for name, body in phases.items()},
            {str(name): str(value) for name, value in variables.items()},
        )


def _phase(body: dict[str, Any]) -> Phase:
    return Phase(
        tuple(map(str, body.get("commands") or ())),
        tuple(map(str, body.get("finally") or ())),
        str(body.get("on-failure", "CONTINUE")).upper() == "ABORT",
    )


@dataclass(slots=True)
class Ran:
    """What became of a phase.

    Parameters
    ----------
    seconds:
        How long it took.
    lines:
        (second within the phase, text, whether the container says it) in order.
    failed:
        The command that failed, and its status.
    """

    seconds: int = 0
    lines: list[tuple[int, str, bool]] = field(default_factory=list)
    failed: tuple[str, int] | None = None


def run(phase: Phase, variables: dict[str, str]) -> Ran:
    """Run a phase's commands; ``export`` changes ``variables``."""
    ran = Ran()
    for command in phase.commands:
        status = _run(command, variables, ran)
        if status:
            said = f"Command did not exit successfully {command} exit status {status}"
            ran.lines.append((ran.seconds, said, True))
            ran.failed = (command, status)
            break
    for command in phase.finally_:
        status = _run(command, variables, ran)
        if status and ran.failed is None:
            ran.failed = (command, status)
    return ran


def _run(command: str, variables: dict[str, str], ran: Ran) -> int:
    ran.lines.append((ran.seconds, f"Running command {command}", True))
    status = 0
    for joint, words in _parts(command):
        if (joint == "&&" and status) or (joint == "||" and not status):
            continue
        status, ended = _do(words, variables, ran)
        if ended:
            break
    ran.seconds += 1
    return status


def _parts(command: str) -> list[tuple[str, list[str]]]:
    """The simple commands of a line, each with what joins it to the one before."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:  # an open quote: the shell itself fails
        return [("", ["exit", "2"])]
    parts: list[tuple[str, list[str]]] = [("", [])]
    for token in tokens:
        if token in ("&&", "||", ";"):
            parts.append((token, []))
        else:
            parts[-1][1].append(token)
    return [part for part in parts if part[1]]


def _do(words: list[str], variables: dict[str, str], ran: Ran) -> tuple[int, bool]:
    """Status of a simple command, and whether it ends the line."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match.group(1) or match.group(2), "")

    name, *arguments = [_VARIABLE.sub(value, word) for word in words]
    if name == "echo":
        ran.lines.append((ran.seconds, " ".join(arguments), False))
    elif name == "false":
        return 1, False
    elif name == "exit":
        return (int(arguments[0]) & 255 if arguments and arguments[0].isdigit() else 0), True
    elif name == "sleep" and arguments:
        match = re.fullmatch(r"(\d+)([smh]?)", arguments[0])
        if match is None:
            return 1, False
        ran.seconds += int(match.group(1)) * _UNITS[match.group(2)]
    elif name == "export":
        for argument in arguments:
            key, _, text = argument.partition("=")
            variables[key] = text
    return 0, False
