"""TIME_SERIES."""

from mathrows import calc


def test_the_number_in_every_period_that_has_begun():
    assert calc("TIME_SERIES(10)", m1="- - -") == "10 10 10"
    assert calc("TIME_SERIES(5 * AVG(m1))", m1="2 -") == "5 5"
    assert calc("TIME_SERIES(1)", m1="1 - - -", now=3) == "1 1 1 -"
