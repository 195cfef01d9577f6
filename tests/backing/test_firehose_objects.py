"""Names of Firehose's objects, as its developer guide has them."""

from datetime import UTC, datetime

import pytest

from labkit.backing.firehose_objects import in_java, object_key, pack, wrong_prefix

AT = datetime(2018, 8, 7, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        ("", "2018/08/07/03/s-1-2018-08-07-03-04-05-u"),
        ("logs/", "logs/2018/08/07/03/s-1-2018-08-07-03-04-05-u"),
        ("logs", "logs2018/08/07/03/s-1-2018-08-07-03-04-05-u"),  # nothing is put between
        ("y=!{timestamp:yyyy}/", "y=2018/s-1-2018-08-07-03-04-05-u"),
        ("!{firehose:random-string}/", "abc/s-1-2018-08-07-03-04-05-u"),
    ],
)
def test_prefixes(prefix, key):
    assert object_key(prefix, "s", "1", AT, "u", random_string=lambda: "abc") == key


def test_error_prefixes_and_time_zones():
    key = object_key("e/!{firehose:error-output-type}/", "s", "1", AT, "u", error_type="failed")
    assert key == "e/failed/s-1-2018-08-07-03-04-05-u"
    assert object_key("e/", "s", "1", AT, "u", error_type="failed").startswith("e/failed/2018/")
    tokyo = object_key("", "s", "1", AT, "u", zone="Asia/Tokyo", extension=".gz")
    assert tokyo == "2018/08/07/12/s-1-2018-08-07-12-04-05-u.gz"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy/MM/dd/HH", "2018/08/07/03"),
        ("yy-M-d", "18-8-7"),
        ("MMM E", "Aug Tue"),
        ("'year='yyyy", "year=2018"),
        ("DDD mm:ss.SSS", "219 04:05.678"),
    ],
)
def test_java_letters(pattern, text):
    assert in_java(pattern, AT) == text


def test_wrong_ones():
    assert wrong_prefix("!{firehose:error-output-type}/", error=False)
    assert wrong_prefix("x/!{timestamp:yyyy}/", error=True)
    assert wrong_prefix("x/", error=True) == ""
    assert wrong_prefix("!{firehose:hostname}/", error=False)


def test_packing_is_the_same_every_time():
    assert pack(b"x", "GZIP") == pack(b"x", "GZIP") and pack(b"x", "ZIP") == pack(b"x", "ZIP")
    assert pack(b"x", "UNCOMPRESSED") == b"x"
