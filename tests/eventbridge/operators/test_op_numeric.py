import pytest

from tests.eventbridge.patternkit import leaf, reason

VALUES = (-1, 0, 0.5, 5, 5.0, 6, "5", None, True)


@pytest.mark.parametrize(
    ("terms", "accepted"),
    [
        (["=", 5], "000110000"),
        ([">", 0], "001111000"),
        ([">=", 0], "011111000"),
        (["<", 5], "111000000"),
        (["<=", 5], "111110000"),
        ([">", 0, "<=", 5], "001110000"),
        ([">=", 0, "<", 5], "011000000"),
        (["=", -1.0], "100000000"),
    ],
)
def test_ranges(terms, accepted):
    assert leaf([{"numeric": terms}], *VALUES) == accepted


def test_several_ranges_of_one_list_are_an_or():
    ranges = [{"numeric": [">", 0, "<", 30]}, {"numeric": [">", 100, "<", 120]}]
    assert leaf(ranges, 23, 99, 110, 120) == "1010"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("10", "Value of numeric must be an array."),
        ('[">", 0, ">", 0]', "Bad numeric range operator: >"),
        ('[">", 0, "<"]', "Value of < must be numeric"),
        ('[">", 5, "<", 5]', "Bottom must be less than top"),
        ('["<", 5, ">", 1]', "Too many elements in numeric expression"),
        ("[5]", "Invalid member in numeric match: 5"),
        ("[]", "Invalid member in numeric match: ]"),
        ('["<>", 5]', "Unrecognized numeric range operator: <>"),
        ('["=", "5"]', "Value of equals must be numeric"),
        ('[">", 1, 2]', "Bad value in numeric range: 2"),
        ('[">", 1, "<", 2, 3]', "Too many terms in numeric range expression"),
        ('["<", 2.0e422]', "Cannot compare number : 2.0e422"),
    ],
)
def test_refused(pattern, why):
    assert reason(f'{{"x": [{{"numeric": {pattern}}}]}}') == why
