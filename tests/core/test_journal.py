"""The journal and saved worlds: written whole or not at all, refused with the line when damaged."""

from datetime import UTC, datetime

import pytest

from labkit.core.errors import ReplayError
from labkit.core.journal import Entry, SavedWorld
from labkit.core.jsontext import dumps


@pytest.fixture
def saved():
    params = dumps({"Body": b"\x00", "When": datetime(2026, 1, 5, tzinfo=UTC)})
    return SavedWorld(
        seed=3,
        start_us=1,
        now_us=5,
        account="123456789012",
        region="us-east-1",
        noise_seed=3,
        builder="",
        builder_args="{}",
        versions={"labkit": "0"},
        entries=(
            Entry(2, "call", "AKIA", "us-east-1", "s3:PutObject", params, "Boto3/1", ""),
            Entry(4, "method", "", "", "fleet.load", "{}"),
        ),
    )


def test_a_saved_world_comes_back(saved, tmp_path):
    path = saved.write(tmp_path / "world.json")
    assert SavedWorld.read(path) == saved
    assert SavedWorld.read(path).entries[0].arguments() == {
        "Body": b"\x00",
        "When": datetime(2026, 1, 5, tzinfo=UTC),
    }
    assert [p.name for p in tmp_path.iterdir()] == ["world.json"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda lines: [lines[0], "{ broken", *lines[2:]], r"world.json, line 2, can't be read"),
        (lambda lines: [*lines[:2], '{"at_us": 1}'], r"line 3, can't be read"),
        (lambda lines: [], r"line 1, can't be read"),
        (lambda lines: ['{"format": "something else"}'], r"is no world saved by labkit"),
    ],
)
def test_damage_is_named_with_its_line(saved, tmp_path, damage, told):
    path = saved.write(tmp_path / "world.json")
    path.write_text("\n".join(damage(path.read_text().splitlines())))
    with pytest.raises(ReplayError, match=told):
        SavedWorld.read(path)
