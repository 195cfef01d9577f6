"""What a notebook is told when a lab opens: the magic ``%aws``, and how AWS's refusals look.

A refusal is a teacher: its code and its sentence are what a learner has to read. IPython shows them
below forty lines of botocore's insides, with the paths of this machine, which no committed notebook
may hold. So refusals of AWS, botocore's own complaints about parameters and labkit's errors are
shown as what they say and the learner's own line; every other exception looks as ever.
"""

from __future__ import annotations

import linecache
import sys
import traceback
from textwrap import wrap
from types import TracebackType
from typing import Any

from labkit.core.errors import LabError
from labkit.gateway.aws_cli import aws_cell, aws_line

#: Characters in a line of a notebook's output, on a page 900 pixels wide.
_WIDE = 88
#: Cell magics of other parts, by name; who assembles the lab puts them here.
MAGICS: dict[str, Any] = {}
# Bold and no colour: a notebook puts pink or dark red behind an error, where red can't be read.
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def register() -> None:
    """Tell the IPython that runs us, if one does; idempotent."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return
    shell.register_magic_function(aws_line, "line", "aws")
    shell.register_magic_function(aws_cell, "cell", "aws")
    for name, magic in MAGICS.items():
        shell.register_magic_function(magic, "cell", name)
    from botocore.exceptions import ClientError, ParamValidationError

    shell.set_custom_exc((ClientError, ParamValidationError, LabError), _show)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> list[str]:
    """IPython's handler: shows the error, and returns what it showed."""
    # What %tb and %debug look at.
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    shown = told(error, trace)
    shell._showtraceback(kind, error, shown)
    return shown


def told(error: BaseException, trace: TracebackType | None) -> list[str]:
    """The error as lines: its name and sentence, and the notebook's lines that led to it."""
    # A notebook's page breaks long lines in the middle of a word.
    name, sentence = type(error).__name__, f"{type(error).__name__}: {error}"
    text = "\n".join(fold for line in sentence.splitlines() for fold in wrap(line, _WIDE) or [""])
    lines = [f"{_BOLD}{name}{_PLAIN}{text.removeprefix(name)}"]
    for frame, number in traceback.walk_tb(trace):
        place = frame.f_code.co_filename
        if "ipykernel" not in place and not place.startswith("<ipython-input"):
            continue
        function = frame.f_code.co_name
        where = "of this cell" if function == "<module>" else f"of the cell that made {function}"
        source = linecache.getline(place, number).strip()
        if source:
            lines.append(f"{_BOLD}line {number} {where}:{_PLAIN} {_cut(source)}")
    return lines


def _cut(source: str, longest: int = _WIDE - 40) -> str:
    return source if len(source) <= longest else source[: longest - 4] + " ..."
