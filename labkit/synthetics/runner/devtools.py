"""Talking to a Chromium over its debugging pipe: commands, and what it tells of its own accord.

Chromium reads commands from file descriptor 3 and writes to 4, JSON texts with a zero byte behind
each (``--remote-debugging-pipe``). The driver has a connection of its own; this one belongs to the
runner: it makes and ends the contexts of runs, and sees every request, whatever the script does.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

#: What one event handler gets: method, parameters, the session it came from ('' for the browser).
Heard = Callable[[str, dict[str, Any], str], None]


class BrowserGone(Exception):
    """The browser does not answer any more."""


class DevTools:
    """The runner's own connection to a browser.

    Parameters
    ----------
    commands, answers:
        File descriptors: where commands are written, where answers are read. They are closed here.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._lock = threading.Lock()
        self._number = 0
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self._gone = False
        #: Who hears events; called on the reading thread, which must not wait for an answer.
        self.heard: Heard | None = None
        self._reader = threading.Thread(target=self._read, name="devtools", daemon=True)
        self._reader.start()

    def send(self, method: str, session: str = "", **params: Any) -> int:
        """Send a command and do not wait; its number.

        Raises
        ------
        BrowserGone
            When nobody reads it.
        """
        with self._lock:
            self._number += 1
            return self._write(self._number, method, session, params)

    def ask(
        self, method: str, session: str = "", *, timeout: float = 20, **params: Any
    ) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises
        ------
        BrowserGone
            When there is none in time, or the browser refuses.
        """
        box: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = box
            self._write(number, method, session, params)
        try:
            answer = box.get(timeout=timeout)
        except queue.Empty:
            answer = None
        finally:
            self._waiting.pop(number, None)
        if answer is None:
            raise BrowserGone(f"the browser does not answer {method}")
        if "error" in answer:
            raise BrowserGone(f"{method}: {answer['error'].get('message', answer['error'])}")
        result: dict[str, Any] = answer.get("result", {})
        return result

    def close(self) -> None:
        """End the connection; the browser leaves when its pipe ends."""
        with self._lock:
            if self._commands >= 0:
                with suppress(OSError):
                    os.close(self._commands)
                self._commands = -1
        if threading.current_thread() is not self._reader:
            self._reader.join(5)

    def _write(self, number: int, method: str, session: str, params: dict[str, Any]) -> int:
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        if self._commands < 0 or self._gone:
            raise BrowserGone("the browser has ended")
        try:
            while data:
                data = data[os.write(self._commands, data) :]
        except OSError as problem:
            raise BrowserGone(f"the browser has ended: {problem}") from problem
        return number

    def _read(self) -> None:
        rest = b""
        try:
            while data := os.read(self._answers, 1 << 18):
                *whole, rest = (rest + data).split(b"\0")
                for text in whole:
                    self._take(text)
        except OSError:
            pass
        finally:
            self._gone = True
            with suppress(OSError):
                os.close(self._answers)
            for box in list(self._waiting.values()):
                box.put(None)

    def _take(self, text: bytes) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        if "id" in message:
            box = self._waiting.get(message["id"])
            if box is not None:
                box.put(message)
            return
        if self.heard is not None:
            # An event of another shape than known is passed over: the run goes on without it.
            with suppress(BrowserGone, KeyError, TypeError, ValueError):
                self.heard(
                    message["method"], message.get("params", {}), message.get("sessionId", "")
                )
