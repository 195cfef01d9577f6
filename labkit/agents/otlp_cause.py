"""Exceptions of a span as X-Ray's ``cause``: the stack traces of six languages, taken apart.

A span tells of an exception as an event with type, message and the stack trace as one text, in the
words of its language. X-Ray wants frames (path, line, label) and, for an exception that another one
caused, a chain of exceptions that name each other by id.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from labkit.agents.otlp_wire import CLIENT, ERROR, PRODUCER, Event, Span

#: Frames of one exception that are kept.
FRAMES = 50

_JAVA = re.compile(r"\tat ([^(]*)\(([^:)]*)(?::(\d+))?\)$")
_JAVA_CAUSE = "Caused by: "
_PYTHON = re.compile(r'  File "(.*)", line (\d+)(?:, in (.*))?$')
_PYTHON_NEXT = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_NODE = re.compile(r"    at (?:(.*?) \()?(.*?)(?::(\d+))?(?::\d+)?\)?$")
_DOTNET = re.compile(r"\s*at (.*?\))(?: in (.*?)(?::line (\d+))?)?\s*$")
_GO_PLACE = re.compile(r"\t(.+):(\d+)(?: \+0x[0-9a-f]+)?$")

Frames = list[dict[str, Any]]
#: (type, message, frames) of each exception, the one that surfaced first.
Chain = list[tuple[str, str, Frames]]


def cause_of(span: Span) -> dict[str, Any] | None:
    """X-Ray's ``cause`` of a span: its exceptions, else the message of its error status."""
    remote = span.kind in (CLIENT, PRODUCER)
    found: list[dict[str, Any]] = []
    for number, event in enumerate(span.events):
        if event.name == "exception":
            found += _exceptions(span, number, event, remote)
    if not found and span.status_code == ERROR:
        message = span.status_message or str(span.attributes.get("http.status_text", ""))
        if message:
            found = [{"id": made_id(span, "status"), "type": "", "message": message}]
    return {"exceptions": found} if found else None


def made_id(span: Span, *what: object) -> str:
    """Sixteen digits for something that a span has no id for, always the same for the same span."""
    text = "|".join(map(str, (span.trace_id, span.span_id, *what)))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _exceptions(span: Span, number: int, event: Event, remote: bool) -> list[dict[str, Any]]:
    kind = str(event.attributes.get("exception.type", ""))
    message = str(event.attributes.get("exception.message", ""))
    stack = str(event.attributes.get("exception.stacktrace", ""))
    language = str(span.resource.get("telemetry.sdk.language", ""))
    reader = _READERS.get(language)
    chain = reader(stack) if reader and stack else []
    _, _, frames = chain[0] if chain else ("", "", [])
    chain = [(kind, message, frames), *chain[1:]]
    found: list[dict[str, Any]] = []
    for place, (its_type, its_message, its_frames) in enumerate(chain):
        one: dict[str, Any] = {
            "id": made_id(span, "exception", number, place),
            "type": its_type,
            "message": its_message,
            "remote": remote,
        }
        if its_frames:
            one["stack"] = its_frames[:FRAMES]
            if len(its_frames) > FRAMES:
                one["truncated"] = len(its_frames) - FRAMES
        if found:
            found[-1]["cause"] = one["id"]
        found.append(one)
    return found


def _frame(path: str, line: str | None, label: str) -> dict[str, Any]:
    return {"path": path, "line": int((line or "0")[:9]), "label": label}


def java(stack: str) -> Chain:
    """A stack trace of Java or PHP: the first line is the message, causes follow below."""
    chain: Chain = [("", "", [])]
    for line in stack.split("\n")[1:]:
        line = line.rstrip("\r")
        if line.startswith(_JAVA_CAUSE):
            kind, _, message = line.removeprefix(_JAVA_CAUSE).partition(": ")
            chain.append((kind, message, []))
            continue
        match = _JAVA.match(line)
        if match:
            # before a slash stand the class loader and the module
            label = match[1].rpartition("/")[2]
            chain[-1][2].append(_frame(match[2], match[3], label))
        elif len(chain) > 1 and not chain[-1][2] and not line.startswith("\t"):
            kind, message, frames = chain[-1]  # a message of several lines
            chain[-1] = (kind, message + line, frames)
    return chain


def python(stack: str) -> Chain:
    """A traceback of Python: the exception that surfaced stands last, its causes above."""
    lines = stack.rstrip("\n").split("\n")
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith(_PYTHON_NEXT):
            parts.append([])
        else:
            parts[-1].append(line)
    chain: Chain = []
    for part in reversed(parts):
        frames: Frames = []
        last = -1
        for number, line in enumerate(part):
            match = _PYTHON.match(line)
            if match:
                frames.append(_frame(match[1], match[2], match[3] or ""))
                last = number
        tail = [line for line in part[last + 1 :] if line and not line.startswith("    ")]
        kind, _, message = "\n".join(tail).partition(": ")
        frames.reverse()  # X-Ray wants the innermost frame first
        chain.append((kind, message, frames))
    return chain


def node(stack: str) -> Chain:
    """A stack of V8: ``at label (path:line:column)``, or without a label."""
    frames: Frames = []
    for line in stack.split("\n")[1:]:
        match = _NODE.match(line.rstrip("\r"))
        if match and (match[1] or match[2]):
            path = "native" if "native" in match[2] and not match[3] else match[2]
            frames.append(_frame(path, match[3], match[1] or ""))
    return [("", "", frames)]


def dotnet(stack: str) -> Chain:
    """A stack of .NET: ``at label in path:line n``, or a label alone."""
    frames: Frames = []
    for line in stack.split("\n")[1:]:
        match = _DOTNET.match(line.rstrip("\r"))
        if match:
            frames.append(_frame(match[2] or "", match[3], match[1]))
    return [("", "", frames)]


def go(stack: str) -> Chain:
    """A stack of Go: a line with the function, the next with its place."""
    frames: Frames = []
    label = ""
    for line in stack.split("\n"):
        line = line.rstrip("\r")
        match = _GO_PLACE.match(line)
        if match and label:
            frames.append(_frame(match[1], match[2], label))
            label = ""
        elif line and not line.startswith(("\t", "goroutine ")):
            label = line
    return [("", "", frames)]


_READERS: dict[str, Callable[[str], Chain]] = {
    "java": java,
    "php": java,
    "python": python,
    "nodejs": node,
    "javascript": node,
    "webjs": node,
    "dotnet": dotnet,
    "go": go,
}
