import pytest

from tests.eventbridge.patternkit import answer, leaf, reason

VALUES = ("x", "y", "X", "", 1, 2, None, True, ["x"], ["x", "y"], [])


@pytest.mark.parametrize(
    ("inside", "accepted"),
    [
        ("x", "01111111010"),
        (["x", "y"], "00111111000"),
        (1, "11110111110"),
        ([1, 2], "11110011110"),
        ({"prefix": "x"}, "01111111010"),
        ({"suffix": ["x", "y"]}, "00111111000"),
        ({"equals-ignore-case": "x"}, "01011111010"),
        ({"wildcard": "*x*"}, "01111111010"),
        ({"wildcard": ["x", "*y"]}, "00111111000"),
    ],
)
def test_anything_but(inside, accepted):
    assert leaf([{"anything-but": inside}], *VALUES) == accepted


def test_the_field_has_to_be_there():
    assert not answer({"a": [{"anything-but": "x"}]}, {"b": 1})


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ({"prefix": 123}, "prefix/suffix match pattern must be a string"),
        ({"prefix": ""}, "Null prefix/suffix not allowed"),
        (
            {"prefix": {"equals-ignore-case": "x"}},
            "Value of anything-but must be an array or single string/number value.",
        ),
        (None, "Value of anything-but must be an array or single string/number value."),
        (["a", None], "Inside anything but list, start|null|boolean is not supported."),
        (
            {"equals-ignore-case": 123},
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not "
            "supported.",
        ),
        ({"numeric": 1}, "Unsupported anything-but pattern: numeric"),
        (
            ["a", 1],
            "Inside anything but list, either all values are number or string, mixed type is not "
            "supported",
        ),
    ],
)
def test_refused(inside, why):
    assert reason({"a": [{"anything-but": inside}]}) == why
