"""``labkit record``: a browser is opened, what is done in it becomes a canary."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkit.core.errors import LabError


def add_command(commands: Any) -> None:
    """Add ``record`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "record", help="record clicks and typing in a browser as a canary"
    )
    parser.add_argument("url", nargs="?", help="the first page")
    parser.add_argument("--from", dest="source", metavar="FILE",
                        help="read a recording of Chrome's DevTools (JSON) instead")  # fmt: skip
    parser.add_argument("--out", default="canary.py", help="the script (canary.py)")
    parser.add_argument("--json", metavar="FILE", help="keep the recording too")
    parser.add_argument("--as", dest="site", metavar="URL",
                        help="the address at which the canary shall find the site")  # fmt: skip
    parser.add_argument("--headless", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run_record=record)


def record(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Record, or read a recording, and write the canary's script."""
    if bool(arguments.url) == bool(arguments.source):
        say("labkit record: name the first page, or a recording with --from FILE")
        return 2
    try:
        told = _told(arguments, say)
        found = _read(told, arguments)
    except (LabError, OSError) as problem:
        say(f"labkit record: {problem}")
        return 1
    Path(arguments.out).write_text(found.script(), encoding="utf-8")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    say(str(found))
    say(f"{arguments.out}: a canary with handler {Path(arguments.out).stem}.handler")
    return 0


def _told(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    if arguments.source:
        text = Path(arguments.source).read_text(encoding="utf-8")
        try:
            told: dict[str, Any] = json.loads(text)
        except ValueError as problem:
            raise LabError(f"{arguments.source} is no recording: {problem}") from None
        return told
    from labkit.synthetics.recording.recorder import Recorder

    recorder = Recorder(arguments.url, headless=arguments.headless)
    say(f"recording {arguments.url}: close the window (or press Ctrl-C here) to end it")
    with suppress(KeyboardInterrupt):
        recorder.wait()
    recorder.stop()
    return recorder.export()


def _read(told: dict[str, Any], arguments: argparse.Namespace) -> Any:
    from urllib.parse import urlsplit

    from labkit.synthetics.recording.devtools import read

    site: dict[str, str] = {}
    first = read(told)
    if arguments.site:
        here = urlsplit(first.start)
        site[f"{here.scheme}://{here.netloc}"] = arguments.site
    return read(told, site=site)
