"""The collector is eased once, and not for somebody who has decided otherwise."""

import gc

import pytest

from labkit.core import collector


@pytest.fixture(autouse=True)
def _as_it_was():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("usual", [700, 2_000])
def test_a_usual_figure_is_raised_and_the_others_stay(usual):
    gc.set_threshold(usual, 11, 7)
    collector.ease()
    assert gc.get_threshold() == (collector.FIRST, 11, 7)


@pytest.mark.parametrize("chosen", [0, 2_001, 1_000_000])
def test_a_figure_of_ones_own_stays(chosen):
    """0 switches the collector off."""
    gc.set_threshold(chosen, 10, 10)
    collector.ease()
    assert gc.get_threshold()[0] == chosen


def test_making_a_lab_eases_it():
    import labkit

    gc.set_threshold(700, 10, 10)
    with labkit.Lab(active=False):
        assert gc.get_threshold()[0] == collector.FIRST
