"""Sizes of entries, against the documented example (aws-semantics 10.4)."""

from datetime import UTC, datetime

from labkit.eventbridge.engine.entries import Wrong, read, size

ENTRY = {
    "Source": "com.mycompany.myapp",
    "DetailType": "myDetailType",
    "Detail": '{ "key1": "value1", "key2": "value2" }',
    "Resources": ["resource1", "resource2"],
}


def test_the_documented_size():
    assert size(ENTRY) == 87
    assert size({**ENTRY, "Time": datetime(2026, 1, 1, tzinfo=UTC)}) == 101
    assert size({"Source": "ä"}) == 2


def test_what_is_read():
    assert read(ENTRY) == {"key1": "value1", "key2": "value2"}
    assert read({**ENTRY, "Detail": '{"n": -9223372036854775808}'}) == {"n": -(2**63)}
    assert isinstance(read({**ENTRY, "Detail": '{"n": -9223372036854775809}'}), Wrong)
    # As many digits inside a text are no integer.
    assert read({**ENTRY, "Detail": '{"n": ": 99999999999999999999, "}'})
    assert isinstance(read({**ENTRY, "Source": "aws.partner/x/y"}), Wrong)
    assert read({**ENTRY, "Source": "aws.partner/x/y"}, partner=True)
