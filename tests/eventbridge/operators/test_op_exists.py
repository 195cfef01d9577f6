from tests.eventbridge.patternkit import answer, leaf, reason


def test_there():
    assert leaf([{"exists": True}], "", None, 0, False, "x", [], [None], {}) == "11111010"
    assert not answer({"a": [{"exists": True}]}, {"b": 1})


def test_not_there():
    assert leaf([{"exists": False}], "", None, 0, [], [1], {}) == "000101"
    assert answer({"a": [{"exists": False}]}, {"b": 1})
    assert answer({"a": [{"exists": False}]}, {})


def test_only_leaves_exist():
    assert not answer({"a": [{"exists": True}]}, {"a": {"b": 1}})
    assert answer({"a": [{"exists": False}]}, {"a": {"b": 1}})


def test_beside_other_alternatives():
    either = {"a": [{"exists": False}, "x"], "b": ["1"]}
    assert answer(either, {"b": "1"})
    assert answer(either, {"a": "x", "b": "1"})
    assert not answer(either, {"a": "y", "b": "1"})


def test_refused():
    assert (
        reason({"a": [{"exists": "yes"}]}) == "exists match pattern must be either true or false."
    )
    assert reason({"a": [{"exists": True, "b": 1}]}) == "Only one key allowed in match expression"
    assert reason({"a": [{"EXISTS": True}]}) == "Unrecognized match type EXISTS"
