"""What a function prints and logs, as log events.

``print`` and everything else that goes through ``sys.stdout`` and ``sys.stderr`` becomes one event
per line; what goes through ``logging`` becomes one event per record, however many lines it has, in
the form that Lambda's runtime gives it. What bypasses Python (``os.write(1, ...)``, a child's
output) arrives through a pipe of its own and stands behind the rest.

A function that prints for ever fills nobody's memory: after a megabyte per invocation the rest is
dropped, and the last line says so.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable
from typing import Any

#: How much of one invocation's output is kept, characters.
MOST = 1_000_000
CUT = "labkit: more than 1,000,000 characters were logged; the rest of this invocation is dropped\n"

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"


class Output:
    """Where log events of a worker go.

    Parameters
    ----------
    tell:
        Sends one event's text to the kernel.
    paths:
        ``(here, on Lambda)``: directories as they are called on Lambda, so that the same function
        prints the same lines on every machine.
    """

    def __init__(self, tell: Callable[[str], None], paths: list[tuple[str, str]]) -> None:
        self._tell = tell
        self._paths = paths
        self._told = 0

    def begin(self) -> None:
        """An invocation begins: it may print as much as the one before."""
        self._told = 0

    def event(self, text: str) -> None:
        """One log event."""
        if self._told >= MOST:
            return
        self._told += len(text)
        if self._told >= MOST:
            self._tell(self.named(text[: MOST // 4]))
            text = CUT
        self._tell(self.named(text))

    def named(self, text: str) -> str:
        """A text with directories as they are called on Lambda."""
        for here, there in self._paths:
            if here in text:
                text = text.replace(here, there)
        return text


class Stream(io.TextIOBase):
    """``sys.stdout`` and ``sys.stderr``: lines become events."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, output: Output, number: int) -> None:
        self._output = output
        self._number = number
        self._begun = ""
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        """Take text; whole lines leave at once."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._output.event(line + "\n")
        if len(self._begun) > MOST:
            self.finish()
        return len(text)

    def finish(self) -> None:
        """What was printed without a line's end becomes an event too."""
        begun, self._begun = self._begun, ""
        if begun:
            self._output.event(begun + "\n")

    def fileno(self) -> int:
        """The descriptor that a child process would inherit."""
        return self._number

    def writable(self) -> bool:
        """It is."""
        return True


class _Bytes(io.RawIOBase):
    """``sys.stdout.buffer``."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        """Take bytes as UTF-8."""
        self._stream.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def writable(self) -> bool:
        """It is."""
        return True


class Handler(logging.Handler):
    """The root logger's handler, as Lambda's runtime for Python installs it.

    Parameters
    ----------
    output:
        Where events go.
    as_json:
        Whether the function's log format is JSON.
    """

    def __init__(self, output: Output, as_json: bool) -> None:
        super().__init__()
        self._output = output
        self.request_id = ""
        if as_json:
            self.setFormatter(_Json(self))
        else:
            form = logging.Formatter(TEXT_FORMAT, "%Y-%m-%dT%H:%M:%S")
            form.converter = time.gmtime
            self.setFormatter(form)

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one event."""
        record.aws_request_id = self.request_id
        try:
            text = self.format(record)
        except Exception:  # logging.error("%d", "x"): told on stderr, as anywhere
            self.handleError(record)
            return
        self._output.event(text)


class _Json(logging.Formatter):
    """Structured records (Lambda developer guide, "Using structured JSON log format")."""

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler
        self._plain = set(vars(logging.makeLogRecord({}))) | {"aws_request_id", "message"}

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line of JSON."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told: dict[str, Any] = {
            "timestamp": at + "Z",
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        told |= {k: v for k, v in vars(record).items() if k not in self._plain}
        if record.exc_info and record.exc_info[0] is not None:
            told["stackTrace"] = self.formatException(record.exc_info).splitlines()
            told["errorType"] = record.exc_info[0].__name__
            told["errorMessage"] = str(record.exc_info[1])
            told["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        if self._handler.request_id:
            told["requestId"] = self._handler.request_id
        return json.dumps(told, ensure_ascii=False, default=str) + "\n"
