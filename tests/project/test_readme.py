"""What the README shows is executed."""

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_first_alarm_in_60_seconds(capsys):
    import labkit

    (block,) = [b for b in re.findall(r"```python\n(.*?)```", README, re.S) if "put_metric" in b]
    names: dict = {}
    try:
        exec(compile(block, "README.md", "exec"), names)
    finally:
        names["lab"].close()
    printed = capsys.readouterr().out
    assert "cpu-high OK -> ALARM at 09:20:00; 1 e-mail" in printed
    assert 'Subject: ALARM: "cpu-high" in US East (N. Virginia)' in printed
    assert isinstance(names["lab"], labkit.Lab)


def test_the_folders_of_the_map_are_there():
    root = Path(__file__).parents[2]
    for name in re.findall(r"^(labkit/[a-z_]+(?:/|\.py))", README, re.M):
        assert (root / name).exists(), name
