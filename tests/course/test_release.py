"""Exercises are made from solutions, and nobody's nbgrader stumbles over them."""

import json
from copy import deepcopy
from pathlib import Path

import jsonschema
import nbformat
import pytest

from labkit import LabError, cli
from labkit.course import release, worlds

ROOT = Path(__file__).parents[2]
SOLUTIONS = release.solutions(ROOT)

#: nbgrader's cell metadata, schema version 3.
NBGRADER = {
    "type": "object",
    "properties": {
        "grade": {"type": "boolean"},
        "solution": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "task": {"type": "boolean"},
        "grade_id": {"type": "string", "pattern": "^[a-zA-Z0-9_-]+$"},
        "points": {"type": "number", "minimum": 0},
        "schema_version": {"const": 3},
    },
    "required": ["grade", "solution", "locked", "task", "grade_id", "schema_version"],
    "additionalProperties": False,
    "if": {"properties": {"grade": {"const": True}}},
    "then": {"required": ["points"]},
}


def test_the_committed_exercises_are_what_their_solutions_make():
    assert release.drift(ROOT) == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_an_exercise_holds_no_solution_and_no_output(path):
    exercise = nbformat.read(ROOT / "exercises" / path.name, as_version=4)
    nbformat.validate(exercise)
    solution = nbformat.read(path, as_version=4)
    for cell in exercise.cells:
        assert "SOLUTION" not in cell.source
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
    kept = [cell.id for cell in exercise.cells]
    assert kept == [cell.id for cell in solution.cells if cell.id in kept], "the same, in order"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_nbgraders_metadata_is_whole(path):
    notebook = nbformat.read(path, as_version=4)
    about = [c.metadata.nbgrader for c in notebook.cells if "nbgrader" in c.metadata]
    for one in about:
        jsonschema.validate(dict(one), NBGRADER)
    assert len({one.grade_id for one in about}) == len(about), "each id once"
    task = worlds.task(path.stem)
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert [c.metadata.nbgrader.points for c in graded] == [check.points for check in task.checks]
    for number, cell in enumerate(graded, 1):
        assert cell.metadata.nbgrader.locked and f"ex.grade({number})" in cell.source
    assert any(one.solution and not one.locked for one in about)
    cells = {one.grade_id for one in about if one.solution}
    assert {check.cell for check in task.checks if check.cell} <= cells


def test_a_solution_becomes_one_comment_at_its_indent():
    source = (
        "def f(x):\n    ### BEGIN SOLUTION\n    y = 1\n    return y\n    ### END SOLUTION\n\n"
        "### BEGIN SOLUTION\nf(2)\n### END SOLUTION"
    )
    assert release.stripped(source) == "def f(x):\n    # your code here\n\n# your code here"
    assert release.stripped("a = 1") == "a = 1"


@pytest.mark.parametrize("source", ["### BEGIN SOLUTION\nx", "x\n### END SOLUTION"])
def test_half_a_pair_of_marks_is_refused(source):
    with pytest.raises(LabError, match="no counterpart"):
        release.stripped(source, "01, cell 7")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "labkit").mkdir()
    for path in SOLUTIONS[:1]:
        (tmp_path / "solutions" / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_build_writes_once_and_check_finds_drift(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert cli.main(["course", "build", "--check"]) == 1
    assert "is missing" in capsys.readouterr().out
    assert cli.main(["course", "build"]) == 0
    assert "written" in capsys.readouterr().out
    [target] = (folder / "exercises").iterdir()
    before = target.read_bytes()
    assert cli.main(["course", "build"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert target.read_bytes() == before
    assert cli.main(["course", "build", "--check"]) == 0

    text = target.read_text().replace("# your code here", "# my code here")
    target.write_text(text)
    assert cli.main(["course", "build", "--check"]) == 1
    assert "# my code here" in capsys.readouterr().out
    (folder / "exercises" / "99_orphan.ipynb").write_text("{}")
    assert any("no solution notebook" in line for line in release.drift(folder))


def test_cells_for_the_solution_alone_are_left_out():
    notebook = nbformat.read(SOLUTIONS[0], as_version=4)
    talk = deepcopy(notebook.cells[0])
    talk.id, talk.metadata["tags"], talk.source = "talk", ["solution-only"], "Why it works"
    notebook.cells.append(talk)
    made = release.exercise_of(notebook)
    assert "talk" not in [cell.id for cell in made.cells]
    assert "talk" in [cell.id for cell in notebook.cells], "the source stays as it is"


def test_every_exercise_has_a_row_of_the_course_and_a_shelf_each():
    for name in worlds.chapters_with_tasks():
        for shelf in ("solutions", "exercises"):
            assert (ROOT / shelf / f"{name}.ipynb").is_file()
        assert (ROOT / "tests/course/answers" / f"c{name}.py").is_file()
    assert json.loads(SOLUTIONS[0].read_text())["nbformat"] == 4
