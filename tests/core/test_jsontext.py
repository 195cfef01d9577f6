"""JSON text that comes back as it went in."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core import jsontext
from labkit.core.jsontext import dumps, dumps_call, dumps_exact, loads

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture(params=["orjson", "json"])
def either(request, monkeypatch):
    if request.param == "json":
        monkeypatch.setattr(jsontext, "orjson", None)
    return request.param


@given(plain)
def test_what_boto3_takes_comes_back(value):
    assert loads(dumps(value)) == value


def test_with_and_without_orjson_the_meaning_is_the_same(either):
    value = {
        "when": datetime(2026, 1, 5, 10, tzinfo=timezone(timedelta(hours=1))),
        "bytes": b"\x00\xff",
        "big": 2**80,
        "set": {"b", "a"},
        "tuple": (1, 2.5),
    }
    assert loads(dumps(value)) == {
        "when": datetime(2026, 1, 5, 9, tzinfo=UTC),
        "bytes": b"\x00\xff",
        "big": 2**80,
        "set": ["a", "b"],
        "tuple": [1, 2.5],
    }


def test_a_stream_is_kept_as_its_bytes_and_stays_readable():
    stream = io.BytesIO(b"hello")
    assert loads(dumps({"Body": stream})) == {"Body": b"hello"}
    assert stream.read() == b"hello"


def test_what_has_no_json_form_says_so():
    with pytest.raises(TypeError, match="object has no JSON form"):
        dumps({"x": object()})


def test_the_text_is_json():
    assert json.loads(dumps({"a": [1, 2.0, "ü", None, True]})) == {"a": [1, 2.0, "ü", None, True]}


@given(st.recursive(st.floats() | st.none() | st.text(), st.lists, max_leaves=8))
def test_the_exact_form_keeps_what_json_has_no_form_for(value):
    again = loads(dumps_exact(value))
    assert repr(again) == repr(value)


def test_the_form_of_a_call_has_times_as_text():
    moment = datetime(2026, 1, 5, 9, tzinfo=UTC)
    call = {"Timestamp": moment, "Body": b"x", "Value": float("inf")}
    assert loads(dumps_call({"Timestamp": moment})) == {"Timestamp": "2026-01-05T09:00:00+00:00"}
    assert loads(dumps_call(call)) == call
    with pytest.raises(UnicodeEncodeError):
        dumps_call({"Namespace": "a\ud800"})


def test_what_no_wire_can_carry_is_refused():
    with pytest.raises(UnicodeEncodeError):
        dumps_exact({"Namespace": "a\ud800"})
