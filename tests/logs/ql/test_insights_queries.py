"""Logs Insights queries over a few lines of every shape."""

import pytest

from labkit.logs.engine import ql

pa = pytest.importorskip("pyarrow")

FLOW = (
    "2 123456789012 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1 7 "
    "REJECT OK"
)
ACCESS = '10.0.0.1 - - [01/Jan/2027:00:00:00 +0000] "GET /x HTTP/1.1" 200 512'
REPORT = (
    "REPORT RequestId: 8f507cfc-0aaa-4697-b07a-ac58fc914c95\tDuration: 3.45 ms\t"
    "Billed Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t\n"
)
LINES = [
    '{"status":404,"path":"/a","user":{"id":"u1"},"ok":true,"items":[{"n":1},{"n":2}],"ms":12.5}',
    '{"status":200,"path":"/b","ok":false,"ms":7}',
    ACCESS,
    FLOW,
    REPORT,
    "[INFO] Request time: 327 ms",
    "[INFO] Request time: 9 ms",
    "ERROR: 400 user ann",
]
START = 1_700_000_000_000
MOMENT = ql.Moment(START, START + 3_600_000, START + 3_600_000)


def table(lines):
    count = len(lines)
    return pa.table(
        {
            "ts": [START + 60_000 * i for i in range(count)],
            "ing": [START] * count,
            "log": ["123456789012:/g"] * count,
            "stream": [f"s{i % 2}" for i in range(count)],
            "msg": pa.array(lines, pa.large_string()),
            "region": ["us-east-1"] * count,
            "ptr": pa.array(range(count), pa.int64()),
        }
    )


def run(text, lines=LINES, **more):
    return ql.run(ql.parse(text), lambda source, start, end: table(lines), MOMENT, **more)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("filter status = 404 | fields path, user.id, ok, items.1.n", [("/a", "u1", "1", "2")]),
        ("stats count(*) as n", [("8",)]),
        ("filter @message like /(?i)error/ | fields @logStream", [("s1",)]),
        ('filter @message like "ERROR" | stats count()', [("1",)]),
        ('filter action = "REJECT" | fields srcAddr, dstPort', [("172.31.16.139", "22")]),
        ('filter @type = "REPORT" | fields @duration, @memorySize', [("3.45", "128000000")]),
        (
            r"parse @message /time: (?<ms>\d+)/ | stats avg(ms), max(ms), count(ms)",
            [("168", "327", "2")],
        ),
        (
            'parse @message "* - - [*] \\"* * *\\" * *" as ip, t, verb, path, proto, st, bytes '
            "| filter ispresent(ip) | display ip, verb, st, bytes",
            [("10.0.0.1", "GET", "200", "512")],
        ),
        ("stats count(*) as c by bin(5m) | stats max(c)", [("5",)]),
        ("fields status | sort status desc | limit 2", [("404",), ("200",)]),
        ('filter status in (SOURCE "x" | fields status) | stats count(*)', [("2",)]),
        (
            "fields jsonParse(@message) as j | filter j.status = 404 | display j.items[1].n",
            [("2",)],
        ),
        (
            "pattern @message | limit 1",
            [("[INFO] Request time: <Number-1> ms", "0.25", "2", "Info")],
        ),
        ("stats sum(ms) / 2 as half by @logStream", [("s0", "6.25"), ("s1", "3.5")]),
        (
            "stats count(*) as n by bin(5m) | sort @timestamp desc | display n",
            [("2",), ("5",), ("1",)],
        ),
        # A key with dots in it, below another key and in a structure.
        (
            "filter user.`id` = 'u1' or a.`b.c` = 1 | fields jsonParse(@message) as j "
            "| display user.`id`, j.user.`id`, a.`b.c`",
            [("u1", "u1", None)],
        ),
        # The guide's own sample: two slashes are two divisions, not a regular expression.
        (
            'filter @type = "REPORT" '
            "| stats max(@memorySize / 1000 / 1000) as provisonedMemoryMB, "
            "max(@maxMemoryUsed / 1000 / 1000) as maxMemoryUsedMB, "
            "provisonedMemoryMB - maxMemoryUsedMB as overProvisionedMB",
            [("128", "40", "88")],
        ),
        ("filter status = 404 | fields status / 2/ 2, (status)/4/ 101", [("101", "1")]),
        # parse shows its fields, and looks into the message when it names no field.
        ("parse /time: (?<t>[0-9]+)/ | filter t > 9", [("327",)]),
        (
            "fields status | parse path '/*' as letter | filter status > 0",
            [("200", "b"), ("404", "a")],
        ),
        ("fields ms * 2 as twice, twice + 1 as more | filter more > 20", [("25", "26")]),
        # As people write: an exclamation mark, "group by", a sort before the only stats.
        ("filter !ispresent(status) and !(@message like /INFO/) | stats count(*)", [("4",)]),
        ("sort ms | stats count(*) group by ispresent(status) as j", [("0", "6"), ("1", "2")]),
        # Written so in the guide's samples of Lambda and in many dashboards.
        ("filter ispresent(ms) | fields ms | sort by ms desc", [("12.5",), ("7",)]),
    ],
)
def test_answers(text, rows):
    assert run(text).rows == rows


@pytest.mark.parametrize(
    ("text", "groups", "filters"),
    [
        ("SOURCE 'a' | SOURCE \"b\" | stats count()", ("a", "b"), ()),
        ("SOURCE 'a' | SOURCE 'b'", ("a", "b"), ()),
        ("SOURCE logGroups(namePrefix: [], class: \"STANDARD\") START=-1h END=0s | limit 1", (),
         (("namePrefix", ()), ("class", ("STANDARD",)))),
    ],
)  # fmt: skip
def test_sources_as_the_console_writes_them(text, groups, filters):
    source = ql.parse(text).source
    assert (source.groups, source.filters) == (groups, filters)


def test_seconds_are_capped_at_sixty():
    assert len(run("stats count(*) by bin(300s)").rows) == 8
    assert len(run("stats count(*) by bin(5m)").rows) == 3


def test_groups_with_one_count_stay_in_the_order_of_their_names():
    lines = [f'{{"ip":"203.0.113.{n % 50}"}}' for n in range(200)]
    rows = run("stats count(*) as n by ip | sort n desc | limit 12", lines).rows
    assert rows == [(f"203.0.113.{n}", "4") for n in range(12)]
    twice = run("fields ip | sort @timestamp asc | sort ip desc | limit 2", lines)
    assert twice.ptrs == [49, 99]


def test_a_field_that_stats_did_not_carry_is_an_error_with_its_place():
    text = "stats count(*) by status | display path"
    with pytest.raises(ql.QueryError, match="path is not there any more") as told:
        run(text)
    assert text[told.value.start : told.value.end] == "path"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feilds @message", "did you mean fields"),
        ("fields a | filtr x", "did you mean filter"),
        ("filter a && b", "words and, or, not"),
        ("fields foo(a)", "did you mean floor"),
        ('parse @message "* *" as a', "2 \\* and there are 1 names"),
        ("filter x like /(/", "missing \\)"),
        ("limit 5 | stats count(*)", "after the last stats"),
        ("stats count() by status | sort status | stats count()", "after the last stats"),
        ("stats count(*) as n by path | filter n > ms", "ms is not there any more"),
    ],
)
def test_mistakes(text, said):
    with pytest.raises(ql.QueryError, match=said):
        run(text)


def test_a_join_compares_keys_in_a_way_that_can_be_hashed():
    lines = [f'{{"id":"r{n}","ms":{n % 7}}}' for n in range(4000)]
    join = "fields id | join type=inner left=l right=r where l.id = r.id (SOURCE 'b' | fields id)"
    found = run(f"{join} | stats count(*)", lines)
    assert found.rows == [("4000",)]
    # One by one, 200,000 lines and 200,000 others would take a quarter of an hour.
    (on,) = [part for part in found.statements[0].split(" ON ") if "r0" in part.split("\n")[0]][-1:]
    assert "CASE" not in on.split("\n")[0]
    with pytest.raises(ql.QueryError, match="needs an equality of the sides"):
        run("join left=l right=r where l.id > r.id (SOURCE 'b')", lines)


def test_how_much_was_looked_at():
    found = run("filter status = 404")
    assert found.statistics.scanned == 8
    assert found.statistics.matched == 1
    assert found.ptrs == [0]
