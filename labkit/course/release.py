"""Release: exercises/ made from solutions/, so that the two can't drift apart.

The solution notebook is the source. What differs in the exercise:

- between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` stands one comment, indented as the first
  line was;
- a cell tagged ``solution-only`` is left out (the discussion of a solution);
- there are no outputs and no execution counts.

Cell ids, prose, checks and nbgrader's metadata stay as they are, so an instructor can hand the
same folder to nbgrader.

``labkit course build`` writes the exercises, ``labkit course build --check`` says what differs.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from labkit.core.errors import LabError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
PLACEHOLDER = "# your code here"
SOLUTION_ONLY = "solution-only"

_BLOCK = re.compile(rf"^(?P<indent>[ \t]*){BEGIN}\n(?P<body>.*?)^[ \t]*{END}[ \t]*$", re.S | re.M)


def course_folder(start: Path | None = None) -> Path:
    """The checkout that holds ``solutions/``: the present folder or one above, or labkit's own.

    Raises
    ------
    LabError
        When there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "solutions").is_dir() and (folder / "labkit").is_dir():
            return folder
    raise LabError(
        "the notebooks of the course are in a checkout of the project; there is none here"
    )


def solutions(folder: Path) -> list[Path]:
    """The solution notebooks, in order."""
    return sorted((folder / "solutions").glob("[0-9][0-9]_*.ipynb"))


def read(path: Path) -> Any:
    """A notebook.

    Raises
    ------
    LabError
        When the file is no notebook.
    """
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise LabError(f"{path}: there is no such file") from None
    except Exception as problem:
        raise LabError(f"{path} can't be read as a notebook: {problem}") from problem


def stripped(source: str, where: str = "") -> str:
    """A cell without its solutions.

    Raises
    ------
    LabError
        When a begin has no end, or an end no begin.
    """
    made = _BLOCK.sub(lambda block: f"{block['indent']}{PLACEHOLDER}", source)
    for mark in (BEGIN, END):
        if mark in made:
            raise LabError(f"{where or 'a cell'}: {mark!r} has no counterpart")
    return made


def exercise_of(notebook: Any, where: str = "") -> Any:
    """The exercise notebook of a solution notebook; the latter stays as it is."""
    made = deepcopy(notebook)
    made.cells = [cell for cell in made.cells if SOLUTION_ONLY not in cell.metadata.get("tags", ())]
    for cell in made.cells:
        cell.source = stripped(cell.source, f"{where}, cell {cell.get('id', '?')}")
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return made


def text_of(path: Path) -> str:
    """What the exercise of a solution notebook must be, as text."""
    from labkit.notebooks import as_text

    return as_text(exercise_of(read(path), path.name))


def build(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Write every exercise; (path, whether it was changed)."""
    for source in solutions(folder):
        target = folder / "exercises" / source.name
        text = text_of(source)
        old = target.read_text(encoding="utf-8") if target.exists() else None
        if old != text:
            target.parent.mkdir(exist_ok=True)
            scratch = target.with_name(target.name + ".part")
            scratch.write_text(text, encoding="utf-8", newline="\n")
            os.replace(scratch, target)
        yield target, old != text


def drift(folder: Path) -> list[str]:
    """How the exercises differ from what their solutions make: empty when they don't."""
    out: list[str] = []
    wanted = {source.name: text_of(source) for source in solutions(folder)}
    have = {path.name: path for path in (folder / "exercises").glob("*.ipynb")}
    for name in sorted(set(wanted) | set(have)):
        if name not in wanted:
            out.append(f"exercises/{name} has no solution notebook")
        elif name not in have:
            out.append(f"exercises/{name} is missing: labkit course build")
        else:
            out += difflib.unified_diff(
                have[name].read_text(encoding="utf-8").splitlines(),
                wanted[name].splitlines(),
                f"exercises/{name}",
                f"made of solutions/{name}",
                lineterm="",
                n=1,
            )
    return out


def worked(chapter: str, cell: str = "") -> str:
    """The code of the solution cell called ``cell`` (the first one when empty); "" without one."""
    try:
        path = course_folder() / "solutions" / f"{chapter}.ipynb"
        notebook = read(path)
    except LabError:
        return ""
    for one in notebook.cells:
        about = one.metadata.get("nbgrader", {})
        if about.get("solution") and cell in ("", about.get("grade_id")):
            lines = [line for line in one.source.splitlines() if line.strip() not in (BEGIN, END)]
            return "\n".join(lines)
    return ""
