"""Every leaf says what it wanted, what was there, and why."""

import json

from labkit.eventbridge.engine.patterns import compile_pattern, explain


def ask(pattern, event):
    return explain(compile_pattern(json.dumps(pattern)), event)


def test_the_leaf_that_fails_says_what_was_there():
    said = ask(
        {"source": ["aws.ec2"], "detail": {"state": ["starting", "stopping"]}},
        {"source": "aws.ec2", "detail": {"state": "pending"}},
    )
    assert not said.matched
    good, bad = said.leaves
    assert (good.matched, good.reason) == (True, '"aws.ec2" satisfies "aws.ec2"')
    assert (bad.path, bad.matched, bad.found) == ("detail.state", False, ('"pending"',))
    assert [str(reason) for reason in said.because] == [
        'leaf: detail.state: wanted "starting" or "stopping", found "pending"'
    ]


def test_hints():
    said = ask({"a": ["Running"], "b": [5], "c": ["x"], "d": ["x"]}, {"a": "running", "b": "5",
               "c": {"y": 1}})  # fmt: skip
    assert [leaf.reason for leaf in said.leaves] == [
        'wanted "Running", found "running": capitals count',
        'wanted 5, found "5": a number was wanted and a string was there',
        "the field is an object, which has no value of its own",
        "the field is not there",
    ]


def test_or_is_not_to_blame_when_another_branch_holds():
    said = ask({"$or": [{"a": ["1"]}, {"b": ["2"]}], "c": ["3"]}, {"b": "2", "c": "4"})
    assert [leaf.matched for leaf in said.leaves] == [False, True, False]
    assert [reason.inputs["path"] for reason in said.because] == ["c"]


def test_leaves_that_hold_in_different_elements():
    said = ask({"l": {"a": [1], "b": [2]}}, {"l": [{"a": 1}, {"b": 2}]})
    assert not said.matched
    assert [reason.rule for reason in said.because] == ["array consistency"]


def test_a_path_written_twice():
    said = explain(compile_pattern('{"a": ["1"], "a": ["2"]}'), {"a": "2"})
    assert said.matched
    assert [reason.rule for reason in said.because] == ["same path twice"]
