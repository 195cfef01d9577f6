"""``%aws``: the real AWS CLI, in the kernel, talking to the active lab.

::

    %aws cloudwatch list-metrics --namespace MyNameSpace
    %%aws
    s3 mb s3://teapot
    s3 ls

The CLI is Amazon's own package, run in this process: its clients are botocore's, so the in-process
door answers them like any others, waiters let the lab's time pass, and nothing leaves the machine.

Three things need care:

- awscli brings copies of botocore and s3transfer along and lets its own imports find them under
  the plain names. Whoever comes first wins, so ours are imported first; two botocores in one
  process would mean two sets of classes, and the lab's hook on one of them.
- it writes to ``sys.stdout`` as to a terminal and edits the environment; both are put back.
- ``help`` wants groff and a pager. Here the help text is printed as it is written.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime

from labkit.core.clock import machine_now_us, to_datetime
from labkit.gateway.boto3_hook import HOOK

_data_path = ""


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit status.

    Parameters
    ----------
    status:
        0 when all went well; 255 for an error of the service, 2 for a mistake in the command.
    text:
        Standard output and standard error, in order.
    """

    status: int
    text: str


def run(command: str) -> Ran:
    """Run one AWS CLI command, with or without the word ``aws`` in front.

    Parameters
    ----------
    command:
        As in a POSIX shell: quotes and backslashes work, pipes and variables do not.
    """
    words = shlex.split(command, comments=True)
    if words[:1] == ["aws"]:
        words = words[1:]
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with _surroundings(), redirect_stdout(printed), redirect_stderr(printed):
        status = _main(words)
    printed.seek(0)
    return Ran(status, _settled(printed.read()))


def _main(words: list[str]) -> int:
    _import()
    from awscli.clidriver import create_clidriver

    try:
        return int(create_clidriver().main(words) or 0)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1


def _import() -> None:
    global _data_path
    if _data_path:
        return
    import boto3  # noqa: F401 - ours first, see the head of this file
    import botocore.session  # noqa: F401
    import s3transfer.manager  # noqa: F401

    before = os.environ.get("AWS_DATA_PATH")
    import awscli
    import awscli.help

    _data_path = os.environ["AWS_DATA_PATH"]
    if before is None:
        del os.environ["AWS_DATA_PATH"]
    else:
        os.environ["AWS_DATA_PATH"] = before
    awscli.help.get_renderer = lambda *args, **kwargs: _PlainHelp()


class _PlainHelp:
    """The CLI's help, printed."""

    def render(self, contents: bytes) -> None:
        sys.stdout.write(contents.decode("utf-8"))


@contextmanager
def _surroundings() -> Iterator[None]:
    """The environment as the CLI wants it; afterwards as it was."""
    before = dict(os.environ)
    _import()
    os.environ["AWS_DATA_PATH"] = _data_path
    os.environ["AWS_PAGER"] = ""
    os.environ["COLUMNS"] = "100"
    from awscli.customizations.cloudtrail import validation

    machine, validation.get_current_datetime = validation.get_current_datetime, _now
    try:
        yield
    finally:
        validation.get_current_datetime = machine
        os.environ.clear()
        os.environ.update(before)


def _now() -> datetime:
    """The lab's instant, where a command asks for the present one (``validate-logs``)."""
    door = HOOK.active
    return to_datetime(door.dispatch.world.clock.now_us if door else machine_now_us()).replace(
        tzinfo=None
    )


def _settled(text: str) -> str:
    """Text as a terminal shows it in the end: what a carriage return overwrote is gone."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1].rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip("\n")


def aws_line(line: str) -> None:
    """The line magic ``%aws``."""
    _show(run(line))


def aws_cell(line: str, cell: str) -> None:
    """The cell magic ``%%aws``: a command a line; a backslash continues one."""
    text = cell.replace("\\\n", " ")
    for command in [line, *text.splitlines()]:
        if command.strip() and not command.lstrip().startswith("#"):
            _show(run(command))


def _show(ran: Ran) -> None:
    if ran.text:
        sys.stdout.write(ran.text + "\n")
    if ran.status:
        sys.stdout.write(f"(exit status {ran.status})\n")
