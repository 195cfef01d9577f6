"""What an eye catches on a board: which side of a mark is bad, and since when."""

import pytest

from labkit.core.clock import MINUTE
from labkit.course.checks.c05_dashboards.screen import (
    Band,
    Signal,
    bands,
    empty_tiles,
    marks,
    named,
    signals,
)
from labkit.views.board.values import Board, Gauge, Graph, Level, Line, Notice, States, Tile, Words


def board(*contents):
    tiles = tuple(Tile(0, 6 * n, 12, 6, f"tile {n}", one) for n, one in enumerate(contents))
    return Board("on-call", tiles, 0, 10 * MINUTE)


def graph(values, *levels, states=()):
    line = Line("payment", tuple(n * MINUTE for n in range(len(values))), tuple(values), MINUTE)
    return Graph((line,), 0, 10 * MINUTE, levels=levels, states=states)


@pytest.mark.parametrize(
    ("quiet", "values", "level", "since"),
    [
        ((1, 3), [2, 2, 9, 9, 2, 9], Level(8), [2, 5]),  # each stretch by itself
        ((1, 3), [2, 2, 7, 8], Level(8), []),  # on the mark is not beyond it
        ((95, 100), [99, 99, 40], Level(80), [2]),  # a quiet day lies above: below is bad
        ((60, 100), [99, 60, 99], Level(80), [0, 2]),  # it straddles the mark: above is bad
        ((1, 3), [2, 1], Level(1.5, fill="below"), [1]),
        ((4, 6), [5, 9, 5, 1], Level(3, 7), [1, 3]),  # a band: out of it
        ((0, 1), [1, 5], Level(3, 7), [1]),  # a band: into it
        ((1, 3), [2, 9], Level(8, right=True), []),  # a mark of the other axis
    ],
)
def test_beyond_a_mark(quiet, values, level, since):
    low, high = quiet
    usual = {(0, 0): Band(low, (low + high) / 2, high)}
    found = signals(board(graph(values, level)), usual)
    assert [one.at_us // MINUTE for one in found] == since
    assert all(one.upto_us == one.at_us + MINUTE for one in found)


def test_a_gauge_says_how_it_is_now_and_not_since_when():
    gauge = Gauge(graph([2, 9]).lines, levels=(Level(8),))
    [found] = signals(board(gauge), {(0, 0): Band(1, 2, 3)})
    assert (found.value, found.tells_when) == (9, False)
    assert signals(board(Gauge(graph([9, 2]).lines, levels=(Level(8),))), {}) == []


def test_an_alarm_under_a_graph_is_a_signal_from_the_instant_at_which_it_turned_red():
    states = ((0, 3 * MINUTE, "OK"), (3 * MINUTE, 10 * MINUTE, "ALARM"))
    [found] = signals(board(graph([1] * 9, states=states)), {})
    assert (found.line, found.at_us) == (-1, 3 * MINUTE)


def test_what_could_turn_red_is_counted():
    held = board(graph([1], Level(8), Level(9)), Words("calm"), States(()), graph([1]))
    assert marks(held) == 2


def test_a_line_is_empty_only_when_it_is_empty_on_every_day():
    full, none = graph([1]), graph([])
    assert list(empty_tiles([board(none), board(full)])) == []
    [(number, _, label)] = empty_tiles([board(full, none), board(full, none)])
    assert (number, label) == (1, "payment")
    assert list(empty_tiles([board(Notice("missing", "no logs here"))])) == []
    [(_, _, told)] = empty_tiles([board(Notice("error", "ValidationError", "bad"))])
    assert told == "ValidationError bad"


def test_the_quiet_band_is_that_of_all_quiet_days():
    held = bands([board(graph([1, 2, 3])), board(graph([2, 8]))])
    assert held[0, 0] == Band(1, 2, 8)


@pytest.mark.parametrize(
    ("title", "label", "services"),
    [
        ("Can people pay?", "rate", {"payment"}),
        ("Which part?", "Cart errors", {"cart"}),
        ("Can people pay?", "checkout", {"checkout"}),  # the label counts before the title
        ("Errors", "e1", set()),
        ("cart and checkout", "rate", {"cart", "checkout"}),
    ],
)
def test_the_part_that_a_reader_finds_named(title, label, services):
    assert Signal(0, 0, title, label, 0).services == services
    assert named(title) >= (services if not named(label) else set())
