from tests.eventbridge.patternkit import leaf, reason


def test_beginnings():
    assert (
        leaf([{"prefix": "i-"}], "i-1", "i-", "i", "xi-", "", 1, None, ["x", "i-9"]) == "11000001"
    )
    assert leaf([{"prefix": ""}], "", "x", 1, None) == "1100"


def test_without_capitals():
    assert leaf([{"prefix": {"equals-ignore-case": "EC2"}}], "ec2 x", "Ec2", "e", 2) == "1100"
    assert leaf([{"prefix": "ec2"}], "EC2") == "0"


def test_refused():
    assert reason({"a": [{"prefix": 123}]}) == "prefix match pattern must be a string"
    assert reason({"a": [{"prefix": ["x"]}]}) == "prefix match pattern must be a string"
    assert reason({"a": [{"prefix": {"wildcard": "x"}}]}) == "Unsupported prefix pattern: wildcard"
    assert reason({"a": [{"prefix": {}}]}) == "Prefix expression name not found"
    assert (
        reason({"a": [{"prefix": "x", "suffix": "y"}]})
        == "Only one key allowed in match expression"
    )
