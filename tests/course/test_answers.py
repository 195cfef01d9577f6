"""Every exercise has a file of answers."""

from pathlib import Path

from labkit.course import worlds


def test_no_chapter_goes_without_answers():
    files = {path.stem for path in Path(__file__).parent.glob("test_answers_??.py")}
    assert files == {f"test_answers_{name[:2]}" for name in worlds.chapters_with_tasks()}
