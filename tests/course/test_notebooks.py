"""Every notebook of the course, held to what the course promises of it."""

import os
import re
from pathlib import Path

import nbformat
import pytest

from labkit.course import chapters, release, report, worlds
from labkit.notebooks import run

ROOT = Path(__file__).parents[2]
EXERCISES = sorted((ROOT / "exercises").glob("*.ipynb"))
SOLUTIONS = release.solutions(ROOT)
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(autouse=True)
def _kernels_find_this_labkit(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def verdicts(notebook, outcome):
    """How many outputs are a verdict of this kind."""
    return sum(
        output.get("data", {}).get("text/html", "").count(f'aria-label="{outcome}')
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )


#: Each starts a kernel; the first two stand for all of them in `make test`.
UNTOUCHED = [
    pytest.param(path, marks=pytest.mark.long) if place > 1 else path
    for place, path in enumerate(EXERCISES)
]


@pytest.mark.parametrize("path", UNTOUCHED, ids=lambda p: p.stem)
def test_an_untouched_exercise_runs_and_nothing_is_attempted(path):
    notebook = nbformat.read(path, as_version=4)
    run(notebook, path.parent)  # a cell that fails raises
    assert verdicts(notebook, "Not attempted") == len(worlds.task(path.stem).checks)
    assert os.environ.get("LABKIT_LEARNER") is None


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_a_stored_solution_passes_every_check(path):
    """Its outputs are compared by nbval; here they are read."""
    notebook = nbformat.read(path, as_version=4)
    assert verdicts(notebook, "Passed") == len(worlds.task(path.stem).checks)


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_keeps_its_limits(path):
    chapter = chapters.chapter(path.stem)
    assert chapter.status != "planned", "a lesson that is there has a status"
    found = report.measure(path).complaints(shorter=chapter.number == "00")
    if chapter.status == "ready":
        assert found == []


def test_the_rows_of_the_course_are_whole():
    rows = chapters.chapters()
    assert [row.number for row in rows] == [f"{n:02}" for n in range(18)]
    for row in rows:
        assert row.status in chapters.STATUSES and set(row.exams) <= set(chapters.EXAMS)
        assert row.objectives and 15 <= row.minutes <= 45
        assert all(number < row.number for number in row.needs)
        if row.status == "ready":
            assert (ROOT / "notebooks" / f"{row.id}.ipynb").is_file()
            assert row.id in worlds.chapters_with_tasks()


def test_the_map_shows_every_chapter_and_where_one_is(tmp_path):
    from labkit.course.progress import Progress

    progress = Progress(tmp_path / "p.json", learner="anna")
    states = {row["chapter"]: row["state"] for row in chapters.map(progress).data["chapters"]}
    assert len(states) == 18 and "next" in states.values()
    assert states["00_start_here"] == "next"
    for number in range(1, len(worlds.task("01_metrics").checks) + 1):
        progress.tried("01_metrics", number, "passed")
    drawn = chapters.map(progress)
    states = {row["chapter"]: row["state"] for row in drawn.data["chapters"]}
    assert states["01_metrics"] == "done"
    assert "3/3" in str(drawn) and "\u2713 done" in drawn.html


def cell(kind, source, *outputs):
    made = getattr(nbformat.v4, f"new_{kind}_cell")(source)
    if kind == "code":
        made.outputs = [
            nbformat.v4.new_output("execute_result", data=data, execution_count=1)
            for data in outputs
        ]
    return made


def test_the_anatomy_counts_what_it_says():
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        cell("markdown", "# Three **short** words\n\nand `code` and [a link](x)"),
        cell("code", "lab = Lab()\nlab", {"text/html": "<div>card</div>"}),
        cell("markdown", "one two"),
        cell("code", "a\n\nb\nc", {"text/plain": "'i-123'"}),
        cell("code", "d", {"text/plain": "many\nlines"}),
        cell("markdown", "see"),
        cell("code", "control(f, x=handle(1, 2))"),
    ]
    found = report.anatomy(notebook)
    assert (found.cells, found.code, found.first_result) == (7, 4, 5)
    assert (found.words, found.words_median, found.words_most) == (10, 2, 7)
    assert (found.lines_median, found.run_p95, found.controls) == (1.5, 2, 1)
    assert found.followed == pytest.approx(2 / 3)
    assert found.complaints() == ["10 words of prose"]
    assert found.complaints(shorter=True) == []
    notebook.cells[4].outputs = []
    assert report.anatomy(notebook).complaints(shorter=True) == [
        "the first real result is in cell none"
    ]


@pytest.mark.parametrize(
    "path", [*LESSONS, *EXERCISES, *SOLUTIONS], ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_two_prices_in_a_paragraph_are_no_formula(path):
    r"""JupyterLab's MathJax typesets what stands between two dollars, a ``\$`` included."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.S)
            paragraphs = re.split(r"\n\s*\n|\n- |\|", prose)
            assert not [one for one in paragraphs if one.count("$") > 1], cell.id
