import pytest

from labkit.eventbridge.engine.patterns import InvalidEventPattern, compile_pattern
from tests.eventbridge.patternkit import leaf, reason


def test_a_star_is_any_characters():
    assert (
        leaf([{"wildcard": "dir/*.png"}], "dir/a.png", "dir/.png", "dir/a.jpg", "a.png") == "1100"
    )
    assert leaf([{"wildcard": "*"}], "", "x\ny", 1, None) == "1100"
    assert leaf([{"wildcard": "a*a"}], "a", "aa", "aba", "ab") == "0110"
    assert leaf([{"wildcard": "*foo*bar*"}], "foobar", "xfooxbarx", "barfoo", "foba") == "1100"
    assert leaf([{"wildcard": "ab*ab*c"}], "abxc", "ababc", "abxabxabc") == "011"
    assert leaf([{"wildcard": "abc"}], "abc", "abcd") == "10"
    assert leaf([{"wildcard": ""}], "", "x") == "10"


def test_escapes():
    assert leaf([{"wildcard": r"a\*b"}], "a*b", "axb") == "10"
    assert leaf([{"wildcard": "a\\\\*"}], "a\\", "a\\x", "ax") == "110"


def test_no_text_makes_it_slow():
    # Each star tried at each place would be 200,000 ** 6 steps.
    assert leaf([{"wildcard": "*a*a*a*a*a*b"}], "a" * 200_000) == "0"


def test_refused():
    with pytest.raises(InvalidEventPattern, match="Consecutive wildcard characters at pos 26"):
        compile_pattern('{"a": [{"wildcard": "%s**b"}]}' % ("x" * 25))
    assert reason({"a": [{"wildcard": "a\\b"}]}) == "Invalid escape character at pos 2"
    assert reason({"a": [{"wildcard": 123}]}) == "wildcard match pattern must be a string"
    too_complex = reason({"a": [{"wildcard": "*a" * 40}]})
    assert too_complex.startswith("Rule is too complex - try using fewer wildcard characters")
    assert reason({"a": [{"wildcard": "*" + "a" * 30 + "*"}]}) == too_complex
    assert reason({"a": [{"wildcard": "*" + "abcdefgh" * 2 + "*"}]}) is None
