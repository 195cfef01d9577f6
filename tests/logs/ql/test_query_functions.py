"""Each function and operator of section "functions" of the guide: what is written, what comes out.

Examples with their result in the user guide are marked by it; the others follow from its words.
"""

import pytest

from labkit.logs.engine import ql
from labkit.logs.engine.ql.aggregates import AGGREGATES
from labkit.logs.engine.ql.scalars import FUNCTIONS, OF_THE_QUERY

pa = pytest.importorskip("pyarrow")
START = 1_700_000_000_000  # Tue 14 Nov 2023 22:13:20 UTC
MOMENT = ql.Moment(START, START + 3_599_999, START + 7_200_000)
LINE = (
    '{"a":-7.5,"b":3,"empty":"","blank":"  ","ip":"10.1.2.3","six":"2001:db8::1"'
    ',"list":["x","y",3],"when":"2026-01-05 09:30:00","text":"Hallo Welt","yes":true}'
)


def table(lines):
    count = len(lines)
    return pa.table(
        {
            "ts": [START + 1000 * i for i in range(count)],
            "ing": [START] * count,
            "log": ["123456789012:/g"] * count,
            "stream": ["s"] * count,
            "msg": pa.array(lines, pa.large_string()),
            "region": ["us-east-1"] * count,
            "ptr": pa.array(range(count), pa.int64()),
        }
    )


def run(text, lines=(LINE,)):
    return ql.run(ql.parse(text), lambda source, start, end: table(list(lines)), MOMENT).rows


VALUES = {
    # operators
    "b + 2": "5", "b - 5": "-2", "b * 2": "6", "b / 2": "1.5", "b ^ 2": "9", "b % 2": "1",
    "b / 0": None,
    # numbers
    "abs(a)": "7.5", "ceil(a)": "-7", "floor(a)": "-8", "greatest(a, b, 1)": "3",
    "least(a, b, 1)": "-7.5", "log(1)": "0", "log(0)": None, "sqrt(9)": "3", "sqrt(-1)": None,
    "round(2.567, 2)": "2.57", "round(b)": "3", "toNumber(b)": "3", "toDouble(b)": "3",
    "toInt(a)": "-7", "toLong(a)": "-7", "round(haversine(0, 0, 0, 1))": "111",
    # time
    "fromMillis(1700000000000)": "2023-11-14 22:13:20.000", "toMillis(@timestamp)": str(START),
    "datefloor(@timestamp, 1h)": "2023-11-14 22:00:00.000",
    "dateceil(@timestamp, 1h)": "2023-11-14 23:00:00.000",
    "datefloor(@timestamp, 1w)": "2023-11-13 00:00:00.000",
    "datefloor(@timestamp, 1mo)": "2023-11-01 00:00:00.000",
    "bin(90s)": "2023-11-14 22:13:00.000",  # no more than 60 s
    "now()": "1700007200", "queryStartTime()": "2023-11-14 22:13:20.000",
    "queryEndTime()": "2023-11-14 23:13:19.999", "queryTimeRange()": "3599999",
    'parseDate(when, "yyyy-MM-dd HH:mm:ss")': "2026-01-05 09:30:00.000",
    'parseDate(when, "yyyy-MM-dd HH:mm:ss", "Europe/Berlin")': "2026-01-05 08:30:00.000",
    'formatDate(@timestamp, "dd.MM.yyyy HH:mm")': "14.11.2023 22:13",
    'strftime(@timestamp, "%d.%m.%Y %H:%M")': "14.11.2023 22:13",
    # general
    "ispresent(b)": "1", "ispresent(none)": "0", "coalesce(none, b, a)": "3",
    'if(b > 2, "many", "few")': "many", 'case(b = 1, "one", b = 3, "three", "other")': "three",
    'case(b = 1, "one")': None, "isNumeric(b)": "1", "isNumeric(text)": "0",
    "messageSize()": str(len(LINE)),
    # JSON
    "jsonStringify(jsonParse(@message).list)": '["x","y",3]',
    "jsonArraySize(jsonParse(@message).list)": "3",
    'jsonArrayContains(jsonParse(@message).list, "y")': "1",
    'jsonArrayContains(jsonParse(@message).list, "z")': "0",
    "jsonParse(@message).b": "3",
    # addresses
    "isValidIp(ip)": "1", "isValidIp(text)": "0", "isValidIpV4(six)": "0", "isValidIpV6(six)": "1",
    'isIpInSubnet(ip, "10.0.0.0/8")': "1", 'isIpv4InSubnet(ip, "10.2.0.0/16")': "0",
    'isIpv6InSubnet(six, "2001:db8::/32")': "1", "ipv4ToNumber(ip)": "167838211",
    "isPrivateIP(ip)": "1", "isPublicIP(ip)": "0", 'isReservedIP("240.0.0.1")': "1",
    # texts
    "isempty(empty)": "1", "isempty(none)": "1", "isempty(text)": "0", "isblank(blank)": "1",
    "isblank(text)": "0", 'concat("a", b, text)': "a3Hallo Welt",
    'ltrim("xyZxyfooxyZ","xyZ")': "fooxyZ", 'rtrim("xyZfooxyxyZ","xyZ")': "xyZfoo",  # the guide's
    'trim("xyZxyfooxyxyZ","xyZ")': "foo", 'trim("  a ")': "a", "strlen(text)": "10",
    'strlen("\u00e4\U0001f600")': "2", "toupper(text)": "HALLO WELT",
    "tolower(text)": "hallo welt", 'substr("xyZfooxyZ", 3)': "fooxyZ",  # the guide's
    'substr("xyZfooxyZxyZ", 3, 4)': "foox", 'replace("foo", "o", "0")': "f00",  # the guide's
    'replace("xyZfooxyZ", "Z", "")': "xyfooxy", r'regexReplace("a1b22", "[0-9]+", "#")': "a#b#",
    'strcontains("xyZfooxyZ", "foo")': "1", 'strcontains("xyZ", "foo")': "0",
    'md5("a")': "0cc175b9c0f1b6a831c399e269772661",
    'sha256("a")': "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    "yes": "1",
}  # fmt: skip


@pytest.mark.parametrize("text", VALUES)
def test_values(text):
    assert run(f"fields {text} as it | display it") == [(VALUES[text],)]


CONDITIONS = {
    "b = 3": True, 'b = "3"': True, "b != 3": False, "a < b": True, "b >= 3": True,
    "b > 3": False, "not (b = 3)": False, "b = 1 or b = 3": True, "b in [1, 3]": True,
    "b not in [1, 3]": False, 'text like "Welt"': True, 'text like "welt"': False,
    "text like /^hallo/": False, "text =~ /(?i)^hallo/": True, 'text not like "Welt"': False,
    "none = 1": False, "ispresent(none)": False, "strcontains(text, 'Welt')": True, "yes = 1": True,
    "b = 3 and text = 'Hallo Welt'": True,
}  # fmt: skip


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(text):
    assert len(run(f"filter {text}")) == CONDITIONS[text]


NUMBERS = ['{"n":1,"w":"b"}', '{"n":4,"w":"a"}', '{"n":"x","w":"b"}', '{"w":"c"}', '{"n":10}']
STATS = {
    "count()": "5", "count(*)": "5", "count(n)": "4", "count_distinct(w)": "3",
    "countDistinct(w)": "3", "sum(n)": "15", "avg(n)": "5", "min(n)": "1", "max(n)": "10",
    "variance(n)": "14", "stddev(n)": "3.7417", "median(n)": "4", "pct(n, 50)": "4",
    "percentile(n, 100)": "10", "earliest(n)": "1", "latest(n)": "10", "sortsFirst(w)": "a",
    "sortsLast(w)": "c", "values(w)": '["a","b","c"]', "collect_values(w)": '["a","b","c"]',
    "topk(1, w)": None, "rate(n, 1m)": "135", "count_over_time(n)": "4",
    "sum_over_time(n)": "15", "histogram(n, 3)": '{"1 - 4":1,"4 - 7":1,"7 - 10":1}',
}  # fmt: skip


@pytest.mark.parametrize("text", STATS)
def test_aggregates(text):
    ((found,),) = run(f"stats {text} as it", NUMBERS)
    if text.startswith("topk"):
        assert "b" in found
        assert "a" not in found.replace("value", "")
    else:
        assert found == STATS[text]


def test_every_function_stands_in_a_table():
    told = " ".join([*VALUES, *CONDITIONS]).lower()
    assert [f.name for f in FUNCTIONS.values() if f"{f.name.lower()}(" not in told] == []
    assert [name for name in OF_THE_QUERY if f"{name.lower()}(" not in told] == ["unmask"]
    told = " ".join(STATS).lower()
    assert [name for name in AGGREGATES if f"{name}(" not in told] == []


NATURAL = ["!:", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj",
           "a12345hfh", "0", "01", "1", "2", "3"]  # fmt: skip


def test_sort_is_the_guides_natural_order():
    import json

    lines = [json.dumps({"v": value}) for value in sorted(NATURAL, reverse=True)]
    assert [row[0] for row in run("display v | sort v asc", lines)] == NATURAL
    assert [row[0] for row in run("display v | sort v desc", lines)] == NATURAL[::-1]


def test_dedup_keeps_the_first_and_all_that_lack_a_field():
    lines = ['{"k":1,"i":0}', '{"k":1,"i":1}', '{"i":2}', '{"k":2,"i":3}', '{"i":4}']
    assert [row[0] for row in run("fields i | dedup k", lines)] == ["4", "3", "2", "1"]
    assert [row[0] for row in run("fields i | sort i asc | dedup k", lines)] == [
        "0", "2", "3", "4"]  # fmt: skip


def test_the_default_order_and_columns():
    found = ql.run(ql.parse("limit 2"), lambda *_: table(["one", "two", "three"]), MOMENT)
    assert found.columns == ("@timestamp", "@message")
    assert [row[1] for row in found.rows] == ["three", "two"]
