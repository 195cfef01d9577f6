from tests.eventbridge.patternkit import leaf, reason


def test_endings():
    assert (
        leaf([{"suffix": "i-"}], "1i-", "i-", "i", "i-x", "", 1, None, ["x", "9i-"]) == "11000001"
    )
    assert leaf([{"suffix": ""}], "", "x", 1, None) == "1100"


def test_without_capitals():
    assert leaf([{"suffix": {"equals-ignore-case": "EC2"}}], "x ec2", "Ec2", "e", 2) == "1100"
    assert leaf([{"suffix": "ec2"}], "EC2") == "0"


def test_refused():
    assert reason({"a": [{"suffix": 123}]}) == "suffix match pattern must be a string"
    assert reason({"a": [{"suffix": ["x"]}]}) == "suffix match pattern must be a string"
    assert reason({"a": [{"suffix": {"wildcard": "x"}}]}) == "Unsupported suffix pattern: wildcard"
    assert reason({"a": [{"suffix": {}}]}) == "Suffix expression name not found"
    assert (
        reason({"a": [{"suffix": "x", "prefix": "y"}]})
        == "Only one key allowed in match expression"
    )
