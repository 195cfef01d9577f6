"""``labkit check``: judge a saved notebook, or the world behind a running ``labkit serve``.

**A notebook** is executed in a fresh kernel from top to bottom, without its check and graded cells;
then one more cell asks for every verdict. What counts is the file, and what the file does when it
runs alone: a name that only exists in somebody's open kernel is an error here, and the message says
in which cell. A cell that takes longer than its limit is stopped, and so is the kernel.

**An endpoint** is asked for its journal through the control path; the world is built again here,
the learner's calls are done again in it, and the judging happens on this side.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from labkit.core.clock import machine_now_us, to_datetime
from labkit.core.errors import LabError, ReplayError
from labkit.course import release, worlds
from labkit.course.exercises import OPEN, Exercise
from labkit.course.progress import progress_of
from labkit.lab import Lab

CELL_SECONDS = 60
Say = Callable[[str], Any]

#: Exit statuses: everything passed; not (yet); it could not be judged.
PASSED, NOT_PASSED, NOT_JUDGED = 0, 1, 2

_MARK = "labkit-verdicts:"
_HAND_OVER = "__import__('labkit.course.checking', fromlist=['hand_over']).hand_over()"


def check(
    what: str,
    say: Say,
    *,
    learner: str | None = None,
    endpoint: str | None = None,
    seconds: float = CELL_SECONDS,
) -> int:
    """Judge ``what`` and print each verdict; the exit status.

    Parameters
    ----------
    what:
        A notebook's path, or with ``endpoint`` a chapter.
    say:
        Prints.
    learner:
        Whose variant; left out, LABKIT_LEARNER, or whom the progress file remembers.
    endpoint:
        Of a running ``labkit serve --exercise``.
    seconds:
        The longest that one cell may take.
    """
    try:
        if endpoint is not None:
            return _check_endpoint(what, endpoint, learner, say)
        return _check_notebook(_path(what), learner, seconds, say)
    except LabError as problem:
        say(f"labkit check: {problem}")
        return NOT_JUDGED


def _path(what: str) -> Path:
    path = Path(what)
    if path.suffix == ".ipynb":
        if not path.exists():
            raise LabError(f"{what}: there is no such file")
        return path
    chapter = worlds.task(path.name).chapter
    found = release.course_folder() / "exercises" / f"{chapter}.ipynb"
    if not found.exists():
        raise LabError(f"{found} is not there; give the path of your notebook")
    return found


# -- a notebook ------------------------------------------------------------------------------------
def _check_notebook(path: Path, learner: str | None, seconds: float, say: Say) -> int:
    notebook = release.read(path)
    say(_saved_line(path))
    chapter = _chapter_of(path, notebook)
    if chapter is None:
        raise LabError(
            f'{path} opens no exercise: a cell of it has to call exercise("..."), as the notebooks '
            "in exercises/ do"
        )
    failed, verdicts, stuck = _execute(notebook, path, learner, seconds)
    for cell, words in failed:
        say(f"\u2715 cell {cell} ended in an error: {words}")
    if stuck:
        say(
            f"\u2715 cell {stuck} did not end within {seconds:g} seconds and was stopped. Is there "
            "a loop that waits? In a lab, time passes by lab.advance()."
        )
    if verdicts is None:
        if not stuck and not failed:
            say("labkit check: the notebook ran, and gave no verdict: does it open its exercise?")
        return NOT_JUDGED
    for text in verdicts["texts"]:
        say("")
        say(text)
    passed, total = verdicts["passed"], len(verdicts["texts"])
    say("")
    say(f"{chapter}: {passed} of {total} checks passed, {verdicts['points']} points.")
    return PASSED if passed == total else NOT_PASSED


def _saved_line(path: Path) -> str:
    changed_us = path.stat().st_mtime_ns // 1000
    age = max(0, machine_now_us() - changed_us) // 1_000_000
    when = to_datetime(changed_us - changed_us % 1_000_000)
    line = f"{path}, as saved {when:%Y-%m-%d %H:%M:%S} UTC ({_ago(age)})"
    if age > 600:
        line += "\n  What was typed since then is not in it: save the notebook first."
    return line


def _ago(seconds: int) -> str:
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            n = seconds // size
            return f"{n} {name}{'s' if n > 1 else ''} ago"
    return "just now"


def _chapter_of(path: Path, notebook: Any) -> str | None:
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    named = [name for name in worlds.chapters_with_tasks() if f'exercise("{name}"' in code
             or f"exercise('{name}'" in code]  # fmt: skip
    if named:
        return named[0]
    return path.stem if "exercise(" in code and path.stem in worlds.chapters_with_tasks() else None


def _execute(
    notebook: Any, path: Path, learner: str | None, seconds: float
) -> tuple[list[tuple[int, str]], dict[str, Any] | None, int]:
    """Failed cells (number, words), the verdicts, and the number of a cell that did not end."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    run = nbformat.v4.new_notebook(metadata=notebook.metadata)
    numbers = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and not _only_judges(cell):
            cell = nbformat.from_dict(cell)
            cell.outputs, cell.execution_count = [], None
            run.cells.append(cell)
            numbers.append(number)
    run.cells.append(nbformat.v4.new_code_cell(_HAND_OVER))
    client = NotebookClient(
        run,
        timeout=seconds,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # its talk about transports is nobody's business
        allow_errors=True,
        record_timing=False,
        startup_timeout=60,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    stuck = 0
    with _learner_in_environment(learner):
        try:
            client.execute()
        except CellTimeoutError:
            stuck = numbers[min(_running(run), len(numbers) - 1)]
        except DeadKernelError:
            raise LabError("the kernel died while it ran this notebook") from None
    failed = []
    for number, cell in zip(numbers, run.cells, strict=False):
        expected = "raises-exception" in cell.metadata.get("tags", ())
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and not expected:
                failed.append((number, f"{output.ename}: {output.evalue}"))
    return failed, _handed_over(run.cells[-1]), stuck


def _only_judges(cell: Any) -> bool:
    """A graded cell, or a cell that only asks for a verdict: the last cell asks for all of them."""
    if cell.metadata.get("nbgrader", {}).get("grade"):
        return True
    lines = [line.strip() for line in cell.source.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    return bool(lines) and all(".check(" in line and "=" not in line for line in lines)


def _running(notebook: Any) -> int:
    started = [n for n, cell in enumerate(notebook.cells) if cell.get("execution_count")]
    return (started[-1] + 1) if started else 0


def _handed_over(cell: Any) -> dict[str, Any] | None:
    for output in cell.get("outputs", ()):
        if output.output_type == "stream" and _MARK in output.text:
            found: dict[str, Any] = json.loads(output.text.split(_MARK, 1)[1])
            return found
    return None


@contextmanager
def _learner_in_environment(learner: str | None) -> Iterator[None]:
    """LABKIT_LEARNER for the kernel that is started in here."""
    before = os.environ.get("LABKIT_LEARNER")
    if learner:
        os.environ["LABKIT_LEARNER"] = learner
    try:
        yield
    finally:
        if learner:
            os.environ.pop("LABKIT_LEARNER", None)
            if before is not None:
                os.environ["LABKIT_LEARNER"] = before


def hand_over() -> None:
    """Print the verdicts of the exercise that this kernel has open; called by :func:`check`."""
    import sys

    if not OPEN:
        return
    exercise = list(OPEN.values())[-1]
    sys.stdout.write(_MARK + json.dumps(_verdicts(exercise)))


def _verdicts(exercise: Exercise) -> dict[str, Any]:
    judged = list(exercise.check())
    points = sum(one.points for one in judged if one.passed)
    of = sum(one.points for one in judged)
    return {
        "texts": [str(one) for one in judged],
        "passed": sum(one.passed for one in judged),
        "points": f"{points} of {of}",
    }


# -- an endpoint -----------------------------------------------------------------------------------
def _check_endpoint(chapter: str, endpoint: str, learner: str | None, say: Say) -> int:
    from labkit.core.journal import SavedWorld

    task = worlds.task(Path(chapter).stem)
    if task.needs_notebook:
        raise LabError(f"{task.chapter} can't be checked over an endpoint: {task.needs_notebook}")
    saved = SavedWorld.parse(_fetch(endpoint, "world"), endpoint)
    served = json.loads(saved.builder_args)
    if saved.builder != "exercise" or served.get("chapter") != task.chapter:
        has = served.get("chapter") or "an empty lab"
        raise LabError(
            f"{endpoint} serves {has}, not this exercise: labkit serve --exercise {task.chapter}"
        )
    if learner and learner != served["learner"]:
        raise LabError(f"{endpoint} serves the world of {served['learner']}, not {learner}'s")
    lab = Lab.of(saved)
    try:
        if lab.errors:
            entry, what = lab.errors[0]
            raise ReplayError(f"{entry.name} ended otherwise here than there: {what}")
        exercise = Exercise(task.chapter, served["learner"], progress_of(served["learner"]), lab)
        say(f"{endpoint}, {task.chapter} of {exercise.learner}, at {_moment(lab.now)}")
        told: Mapping[str, Any] = _verdicts(exercise)
    finally:
        lab.close()
    for text in told["texts"]:
        say("")
        say(text)
    total = len(told["texts"])
    say("")
    say(f"{task.chapter}: {told['passed']} of {total} checks passed, {told['points']} points.")
    return PASSED if told["passed"] == total else NOT_PASSED


def _moment(moment: datetime) -> str:
    return f"{moment:%a %Y-%m-%d %H:%M:%S} UTC"


def _fetch(endpoint: str, what: str) -> str:
    from urllib.error import URLError
    from urllib.parse import urlsplit
    from urllib.request import ProxyHandler, build_opener

    if urlsplit(endpoint).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise LabError(f"{endpoint} is not on this machine; labkit serve listens on 127.0.0.1")
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"{endpoint.rstrip('/')}/_labkit/{what}", timeout=20) as answer:
            text: str = answer.read().decode("utf-8")
            return text
    except (URLError, OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        raise LabError(
            f"{endpoint} does not answer ({reason}); is labkit serve --exercise running?"
        ) from None
