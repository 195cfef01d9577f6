from tests.eventbridge.patternkit import leaf, reason


def test_whatever_the_capitals():
    assert leaf([{"equals-ignore-case": "aBc"}], "ABC", "abc", "abcd", "ab", 1, None) == "110000"
    assert leaf([{"equals-ignore-case": "STRASSE"}], "stra\u00dfe", "strasse") == "01"
    assert leaf([{"equals-ignore-case": "\u00c4"}], "\u00e4") == "1"


def test_refused():
    why = "equals-ignore-case match pattern must be a string"
    assert reason({"a": [{"equals-ignore-case": ["x"]}]}) == why
    assert reason({"a": [{"equals-ignore-case": 5}]}) == why
