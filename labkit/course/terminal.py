"""The course in a terminal: ``labkit check``, ``labkit progress``, ``labkit course ...``.

Each command is a function here; :mod:`labkit.cli` only registers them through :func:`add_commands`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from labkit.core.errors import LabError

Say = Callable[[str], Any]


def add_commands(commands: Any) -> None:
    """Register the course's commands with argparse's ``subparsers``."""
    check = commands.add_parser("check", help="judge a saved exercise, or a running labkit serve")
    check.add_argument("what", help="exercises/01_metrics.ipynb, or 01_metrics")
    check.add_argument("--learner", help="whose variant")
    check.add_argument("--endpoint", help="http://127.0.0.1:4566 of labkit serve --exercise")
    check.add_argument("--timeout", type=float, default=60, help="seconds that one cell may take")
    check.set_defaults(run=_check)
    progress = commands.add_parser("progress", help="chapters, checks, attempts, questions due")
    progress.add_argument("--learner", help="whose")
    progress.set_defaults(run=_progress)
    course = commands.add_parser("course", help="for authors: exercises, lessons, films")
    about = course.add_subparsers(dest="course_command", required=True)
    build = about.add_parser("build", help="make exercises/ from solutions/")
    build.add_argument("--check", action="store_true", help="change nothing, fail when they differ")
    build.set_defaults(run=_build)
    report = about.add_parser("report", help="the anatomy of each notebook")
    report.add_argument("notebooks", nargs="*")
    report.add_argument(
        "--run", dest="execute", action="store_true", help="execute each one and time it"
    )
    report.set_defaults(run=_report)
    films = about.add_parser("record-films", help="record the runs that lesson 09 shows anew")
    films.add_argument("--out", help="a folder; the package's own when left out")
    films.set_defaults(run=_record_films)
    about.add_parser("map", help="the chapters, and where you are").set_defaults(run=_map)


def _check(options: argparse.Namespace, say: Say) -> int:
    from labkit.course.checking import check

    return check(
        options.what, say, learner=options.learner, endpoint=options.endpoint,
        seconds=options.timeout,
    )  # fmt: skip


def _progress(options: argparse.Namespace, say: Say) -> int:
    from labkit.course.chapters import standing
    from labkit.course.progress import progress_of
    from labkit.views.text import table

    progress = progress_of(options.learner, say)
    rows = []
    for row in standing(progress):
        one = row["chapter"]
        if one.status == "planned" and not row["attempts"]:
            continue
        checks = f"{row['passed']} of {row['checks']}" if row["checks"] else "-"
        rows.append([one.id, one.title, checks, row["attempts"], row["hints"]])
    say(f"{progress.learner}, kept in {progress.path}")
    say(table(["chapter", "", "checks passed", "attempts", "hints"], rows))
    say(_due(progress.questions))
    return 0


def _due(questions: Any) -> str:
    from labkit.core.clock import iso, machine_now_us

    now = iso(machine_now_us())
    known = [q for q in questions.values() if isinstance(q, dict) and isinstance(q.get("due"), str)]
    due = sum(one["due"][:19] <= now[:19] for one in known)
    if not questions:
        return "No exam questions answered yet."
    return f"Exam questions: {len(questions)} answered, {due} due."


def _build(options: argparse.Namespace, say: Say) -> int:
    from labkit.course import release

    folder = release.course_folder()
    if options.check:
        lines = release.drift(folder)
        for line in lines:
            say(line)
        say("exercises/ differs: run labkit course build" if lines else "exercises/ is up to date")
        return 1 if lines else 0
    for path, changed in release.build(folder):
        say(f"{path.relative_to(folder)} {'written' if changed else 'is up to date'}")
    return 0


def _report(options: argparse.Namespace, say: Say) -> int:
    from pathlib import Path

    from labkit.course import release, report

    paths = [Path(name) for name in options.notebooks]
    if not paths:
        folder = release.course_folder()
        paths = [p for shelf in report.SHELVES for p in sorted((folder / shelf).glob("*.ipynb"))]
    say(report.table(paths, run=options.execute))
    return 0


def _record_films(options: argparse.Namespace, say: Say) -> int:
    from pathlib import Path

    from labkit.course import filming

    sizes = filming.record(Path(options.out) if options.out else None)
    for name, size in sizes.items():
        say(f"{name}: {size:,} bytes")
    say(f"{len(sizes)} films, {sum(sizes.values()):,} bytes of {filming.MOST_BYTES:,} at most")
    return 0 if sum(sizes.values()) <= filming.MOST_BYTES else 1


def _map(options: argparse.Namespace, say: Say) -> int:
    from labkit.course.chapters import map as course_map

    say(str(course_map()))
    return 0


def run(options: argparse.Namespace, say: Say) -> int:
    """Run the command that was chosen; the exit status."""
    try:
        status: int = options.run(options, say)
        return status
    except LabError as problem:
        say(f"labkit: {problem}")
        return 2
