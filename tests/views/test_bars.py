"""Bars: full when the work is done, and left where it stopped when it was not."""

import pytest

from labkit.views import waiting


class Shown:
    made = None

    def __init__(self, *, total, **_):
        self.n, self.total, self.closed = 0.0, total, False
        Shown.made = self

    def update(self, more):
        self.n += more

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    import tqdm.auto

    monkeypatch.setattr(tqdm.auto, "tqdm", Shown)
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setenv("LABKIT_BARS", "1")
    monkeypatch.setenv("LABKIT_LEARNER", "somebody")


def test_a_bar_whose_last_word_came_early_is_full_at_the_end():
    with waiting.bar("time passes", 660, "s") as tell:
        tell(25)
        tell(625)
        assert Shown.made.n == 625
    assert Shown.made.n == 660 and Shown.made.closed


def test_work_that_broke_off_leaves_the_bar_where_it_was():
    with pytest.raises(KeyError), waiting.bar("time passes", 660, "s") as tell:
        tell(25)
        raise KeyError
    assert Shown.made.n == 25 and Shown.made.closed
