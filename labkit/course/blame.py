"""Whose line it was: errors of the learner's code, with AWS's words, the line, and its meaning.

A check never shows its own traceback. Frames of labkit, boto3 and Python's library are left out;
what is named is the last line of the *learner's* code on the way to the error.
"""

from __future__ import annotations

import linecache
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from labkit.course.outcomes import Broken, Stumbled

_LABKIT = str(Path(__file__).resolve().parent.parent)
_LIBRARIES = tuple(
    str(Path(path).resolve())
    for path in {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    if path
)

#: What the commonest errors mean in any lab.
_MEANS = {
    "ParamValidationError": "boto3 refused the call before it left: a parameter is missing, has "
    "another name, or another type.",
    "NameError": "The line uses a name that does not exist here. After a restart of the kernel, "
    "run the cells above once more.",
    "KeyError": "The dictionary has no such key. Look at one record: its keys are what you have.",
    "MissingParameter": "A required parameter came without a value, or as an empty list.",
    "AccessDenied": "The caller may not do this: no policy allows it, or one forbids it.",
    "NotImplemented": "AWS has this operation, labkit does not have it yet; the exercise can be "
    "solved without it.",
    "ClockError": "A function that the world calls can't let time pass: time is passing already.",
    "TimeoutError": "The code did not come to an end in time: is there a loop that waits?",
}


class LearnerError(Exception):
    """An error of the learner's code (``original``), as ``bench.calling`` raises it."""

    def __init__(self, original: BaseException, function: Callable[..., Any] | None = None) -> None:
        super().__init__(str(original))
        self.original = original
        self.function = function

    @property
    def code(self) -> str:
        """AWS's error code, else the name of the exception."""
        return code_of(self.original)


def code_of(error: BaseException) -> str:
    """AWS's error code of a ClientError, else the name of the exception."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return str(response["Error"].get("Code", ""))
    return type(error).__name__


def words_of(error: BaseException) -> str:
    """AWS's or Python's own words, on one line or a few."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        operation = getattr(error, "operation_name", "")
        told = response["Error"]
        said = f"{told.get('Code', '')}: {told.get('Message', '')}".rstrip(": ")
        return f"{operation} answered {said}" if operation else said
    said = str(error).strip()
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def line_of(error: BaseException, function: Callable[..., Any] | None = None) -> str:
    """``line 7: cloudwatch.put_metric_data(``; empty when no line of the learner's took part."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"line {error.lineno}: {(error.text or '').strip()}".rstrip(": ")
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    found: tuple[FrameType, int] | None = None
    for frame, number in _frames(error.__traceback__):
        name = frame.f_code.co_filename
        if name == home or (home is None and not _is_library(name)):
            found = frame, number
    if found is None:
        return ""
    frame, number = found
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f"line {number}: `{text}`" if text else f"line {number}"


def _frames(trace: TracebackType | None) -> list[tuple[FrameType, int]]:
    return list(traceback.walk_tb(trace))


def _is_library(filename: str) -> bool:
    if filename.startswith("<frozen"):
        return True
    try:
        path = str(Path(filename).resolve())
    except OSError:
        return False
    return path.startswith((_LABKIT, *_LIBRARIES))


def broken(problem: LearnerError, means: Callable[[str], str], played: str = "") -> Broken:
    """The outcome for an error of the learner's code.

    Parameters
    ----------
    problem:
        The error, as ``bench.calling`` raised it.
    means:
        The check's own explanation of an error code; asked first.
    played:
        What was being played.
    """
    error, code = problem.original, problem.code
    name = getattr(problem.function, "__name__", "")
    return Broken(
        f"{name or 'Your code'} ended in an error." if name else "Your code ended in an error.",
        error=words_of(error),
        where=line_of(error, problem.function),
        means=means(code) or _MEANS.get(code) or _MEANS.get(type(error).__name__, ""),
        played=played,
    )


def stumbled() -> Stumbled:
    """The outcome for the exception that is being handled: a mistake in labkit."""
    error = sys.exc_info()[1]
    assert error is not None
    place = ""
    for frame, number in _frames(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if str(path.resolve()).startswith(_LABKIT):
            place = f"{path.relative_to(_LABKIT)}, line {number}"
    return Stumbled(
        "This check broke. That is a mistake in labkit, not in your work.",
        detail=f"{type(error).__name__}: {error} ({place or 'place not known'})",
    )
