"""The commands of the guide of 2026: the guide's own examples, and what they must not do."""

import json

import pytest

from labkit.logs.engine import ql
from labkit.logs.engine.ql.commands.relevantfields import relevance

pa = pytest.importorskip("pyarrow")

START = 1_700_000_000_000 - 1_700_000_000_000 % 3_600_000
HOUR = 3_600_000
MOMENT = ql.Moment(START, START + HOUR - 1, START + HOUR)


def events(*rows, log="123456789012:/g"):
    """(minute, message) as the base relation."""
    return pa.table(
        {
            "ts": [START + int(minute * 60_000) for minute, _ in rows],
            "ing": [START] * len(rows),
            "log": [log] * len(rows),
            "stream": ["s"] * len(rows),
            "msg": pa.array(
                [m if isinstance(m, str) else json.dumps(m) for _, m in rows], pa.large_string()
            ),
            "region": ["us-east-1"] * len(rows),
            "ptr": pa.array(range(len(rows)), pa.int64()),
        }
    )


def run(text, *rows, others=(), **more):
    """Rows of the answer; ``others`` are the events of any SOURCE, the range is respected."""

    def tables(source, start, end):
        whole = events(*rows) if source is None else events(*others)
        keep = [start <= ts <= end for ts in whole.column("ts").to_pylist()]
        return whole.filter(pa.array(keep, pa.bool_()))

    return ql.run(ql.parse(text), tables, MOMENT, **more)


NUMBERS = [(0, {"a": 1, "b": 10, "h": "x"}), (1, {"a": 2, "h": None}), (2, {"a": 4, "b": 30})]


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("fields a, b | addtotals", "a b Total", ["4 30 34", "2 - 2", "1 10 11"]),
        ("fields a, b | addtotals a", "a b Total", ["4 30 4", "2 - 2", "1 10 1"]),
        ("fields a | addtotals fieldname=Sum", "a Sum", ["4 4", "2 2", "1 1"]),
        ("fields a | addtotals col=true row=false a", "a", ["4", "2", "1", "7"]),
        ("fields a, b | addtotals col=true", "a b Total", ["4 30 34", "2 - 2", "1 10 11",
                                                           "7 40 47"]),
        ("fields a | accum a AS t", "a t", ["4 4", "2 6", "1 7"]),
        ("fields a | sort a asc | accum a AS t", "a t", ["1 1", "2 3", "4 7"]),
        ("fields a, b | accum b", "a b", ["4 30", "2 30", "1 40"]),
        ("fields a | autoregress a p=1-2", "a a_p1 a_p2", ["4 - -", "2 4 -", "1 2 4"]),
        ("fields a | autoregress a as before", "a before", ["4 -", "2 4", "1 2"]),
        ("stats sum(a) as n by bin(1m) as t | sort t | accum n as so_far | display n, so_far",
         "n so_far", ["1 1", "2 3", "4 7"]),
        ("fields a, h | sort a asc | filldown h", "a h", ["1 x", "2 x", "4 x"]),
        ("fields a, b | sort a asc | filldown b*", "a b", ["1 10", "2 10", "4 30"]),
        ("fields a, b | sort a asc | filldown", "a b", ["1 10", "2 10", "4 30"]),
        ("countFrequent h", "h _approxcount", ["x 1"]),
        ("fields a | autoregress a | filter a_p1 > 3", "a a_p1", ["2 4"]),
    ],
)  # fmt: skip
def test_over_rows(text, columns, rows):
    answer = run(text, *NUMBERS)
    assert " ".join(answer.columns) == columns
    assert [" ".join(v or "-" for v in row) for row in answer.rows] == rows


def test_the_row_of_sums_is_no_event():
    answer = run("fields a | addtotals col=true", *NUMBERS)
    assert answer.ptrs == [2, 1, 0, None]


def test_most_frequent_first():
    said = [(0, {"m": "GET", "s": 200})] * 3 + [(1, {"m": "PUT", "s": 500})] + [(2, "no field")]
    answer = run("fields m, s | count_frequent m, s", *said)
    assert answer.rows == [("GET", "200", "3"), ("PUT", "500", "1")]


def test_a_list_becomes_rows():
    answer = run(
        "expand items | stats count(*) by items, host",
        (0, {"items": ["apple", "banana", "cherry"], "host": "web-01"}),
        (1, {"items": ["apple"], "host": "web-01"}),
        (2, {"items": "fig", "host": "web-02"}),
    )
    assert answer.rows == [
        ("apple", "web-01", "2"), ("banana", "web-01", "1"), ("cherry", "web-01", "1"),
        ("fig", "web-02", "1"),
    ]  # fmt: skip


def test_columns_of_another_query_beside_each_other():
    mine = [(0, {"svc": "a"}), (1, {"svc": "b"}), (2, {"svc": "b"})]
    theirs = [(0, {"svc": "a", "latency": 10}), (1, {"svc": "b", "latency": 30})]
    text = (
        "fields svc | stats count(*) as cnt by svc "
        "| appendcols override=true ( SOURCE lg | stats avg(latency) as avgLat by svc )"
    )
    answer = run(text, *mine, others=theirs)
    assert answer.columns == ("svc", "cnt", "avgLat")
    assert answer.rows == [("a", "1", "10"), ("b", "2", "30")]
    kept = run(text.replace("stats avg(latency) as avgLat", "stats avg(latency) as cnt").replace(
        "override=true", ""), *mine, others=theirs)  # fmt: skip
    assert kept.rows == [("a", "1"), ("b", "2")]
    few = run(text.replace("override=true", "max=1"), *mine, others=theirs)
    assert few.rows == [("a", "1", "10"), ("b", "2", None)]


NETWORKS = {
    "cidr": ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"],
    "region": ["all of ten", "ten one", "six"],
    "owner": ["Mara", "Lena", "Priya"],
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("cidrlookup net srcAddr OUTPUT region, owner",
         ["ten one Lena", "all of ten Mara", "six Priya", "- -"]),
        ("cidrlookup net srcAddr as cidr OUTPUT owner as who", ["Lena", "Mara", "Priya", "-"]),
        ("cidrlookup net srcAddr OUTPUTNEW owner", ["Lena", "Mara", "Priya", "Tomas"]),
        ("cidrlookup net srcAddr OUTPUT owner", ["Lena", "Mara", "Priya", "-"]),
    ],
)  # fmt: skip
def test_networks(text, rows):
    said = [
        (0, {"srcAddr": "10.1.2.3"}), (1, {"srcAddr": "10.2.0.1"}),
        (2, {"srcAddr": "2001:db8::1"}), (3, {"srcAddr": "192.0.2.1", "owner": "Tomas"}),
    ]  # fmt: skip
    shown = "region, owner" if "region" in text else "who" if "who" in text else "owner"
    answer = run(f"fields srcAddr | sort @timestamp asc | {text} | display {shown}", *said,
                 lookups={"net": pa.table(NETWORKS)})  # fmt: skip
    assert [" ".join(v or "-" for v in row) for row in answer.rows] == rows


def test_nothing_is_scanned_for_an_estimate():
    answer = run("filter @message like /x/ | estimate", (0, "four"), (1, "fives"))
    assert answer.rows == [("9",)]
    assert answer.statistics.bytes_scanned == 0
    with pytest.raises(ql.QueryError, match="last command"):
        run("estimate | limit 1", (0, "x"))


def test_empty_bins_get_rows():
    said = [(0, {"ms": 10}), (1, {"ms": 30}), (45, {"ms": 5})]
    answer = run(
        "stats avg(ms) as avg_ms by bin(15m) as t | fillmissing with 0 for avg_ms | sort t", *said
    )
    assert [row[1] for row in answer.rows] == ["20", "0", "0", "5"]
    bare = run("stats count(*) as n by bin(15m) as t | fillmissing | sort t", *said)
    assert [row[1] for row in bare.rows] == ["2", None, None, "1"]
    grouped = run(
        "stats count(*) as n by bin(30m), who | fillmissing with 0 for n | sort who, bin(30m) "
        "| display who, n",
        (0, {"who": "a"}), (31, {"who": "b"}),
    )  # fmt: skip
    assert grouped.rows == [("a", "1"), ("a", "0"), ("b", "0"), ("b", "1")]
    silent = run("stats count(*) as n by bin(30m) | fillmissing with 0 for n | display n")
    assert silent.rows == [("0",), ("0",)]


def test_months_are_filled_too():
    answer = run("stats count(*) as n by bin(1mo) | fillmissing with 0 for n", (0, "x"))
    assert [row[1] for row in answer.rows] == ["1"]


def test_patterns_against_a_week_before():
    week = 7 * 24 * 60
    answer = run(
        "logcompare timeshift 7d",
        (1, "took 3 ms"), (2, "took 4 ms"), (3, "no route"), (1 - week, "took 9 ms"),
    )  # fmt: skip
    found = {row[0]: row[1:5] for row in answer.rows}
    assert found["took <Number-1> ms"] == ("2", "1", "1", "+100%")
    assert found["no route"] == ("1", "0", "1", "NEW")


SPREAD = [(i, {"cpu": cpu}) for i, cpu in enumerate((10, 11, 12, 13, 14, 200))]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("outlier action=remove cpu", ["10", "11", "12", "13", "14"]),
        ("outlier cpu", ["10", "11", "12", "13", "14", "20"]),
        ("outlier param=1000 cpu", ["10", "11", "12", "13", "14", "200"]),
        (
            "outlier action=remove param=3.0 uselower=true mark=true cpu",
            ["10 0", "11 0", "12 0", "13 0", "14 0"],
        ),
        ("outlier mark=true cpu | filter cpu_outlier = 1", ["20 1"]),
        ("outlier action=remove uselower=true param=0 cpu", ["12", "13"]),
    ],
)
def test_outliers(text, rows):
    answer = run(f"fields cpu | sort cpu asc | {text}", *SPREAD)
    assert [" ".join(row) for row in answer.rows] == rows


def test_sessions_end_with_a_pause():
    said = [
        (0, {"u": "ann"}), (20, {"u": "ann"}), (45, {"u": "bo"}), (51, {"u": "ann"}), (52, "none"),
    ]  # fmt: skip
    answer = run("fields u | sort @timestamp asc | sessionize u", *said)
    assert [row[1] for row in answer.rows] == ["ann/1", "ann/1", "bo/1", "ann/2", None]
    longer = run("fields u | sort @timestamp asc | sessionize u maxspan 1h as s", *said)
    assert [row[1] for row in longer.rows] == ["ann/1", "ann/1", "bo/1", "ann/1", None]


def test_what_slow_requests_have_in_common():
    said = [
        (i % 60, {"Time": 500 if slow else 100, "Path": "/pay" if slow else "/home", "id": f"r{i}",
                  "size": 1000 + i if slow else i, "host": f"h{i % 2}"})
        for i in range(80)
        for slow in [i % 4 == 0]
    ]  # fmt: skip
    answer = run("relevantfields where Time > 400", *said)
    assert answer.columns == (
        "@fieldName", "@relevanceScore", "@topRelevanceContributors", "@conditionalMedian",
        "@baselineMedian",
    )  # fmt: skip
    rows = {row[0]: row[1:] for row in answer.rows}
    assert "Time" not in rows
    assert rows["Path"][0] == "1" and '"/pay"' in rows["Path"][1]
    assert rows["size"][0] == "1" and float(rows["size"][2]) > 1000 > float(rows["size"][3])
    assert rows["id"][0] == "0"
    assert [row[0] for row in run("relevantfields host where Time > 400", *said).rows] == ["host"]


@pytest.mark.parametrize(
    ("counts", "score"),
    [
        ([("a", 5, 5), ("b", 5, 5)], 0.0),
        ([("a", 10, 0), ("b", 0, 10)], 1.0),
        ([("a", 8, 2), ("b", 2, 8)], 0.6),
        ([("a", 5, 0)], 0.0),
        ([(None, 10, 0), ("a", 0, 10)], 1.0),
        ([(str(n), 1, 0) for n in range(20)] + [(str(n), 0, 1) for n in range(100, 120)], 1.0),
    ],
)
def test_relevance(counts, score):
    assert relevance("f", counts).score == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("stats rate(n, 1m)", [("10",)]),
        ("stats rate(n, 1h) by svc", [("a", "600")]),
        ("stats count_over_time(n) as c, sum_over_time(n) as s by bin(5m) as t | display c, s",
         [("5", "100"), ("1", "50")]),
        ("stats histogram(n, 2) as h", [('{"0 - 25":3,"25 - 50":3}',)]),
        ("stats count(*) as n by bin(15m) offset 1h | display n", [("2",), ("1",)]),
        ("stats rate(svc, 1m) as r", [(None,)]),
    ],
)  # fmt: skip
def test_over_time(text, rows):
    grown = [(minute, {"n": minute * 10, "svc": "a"}) for minute in range(6)]
    before = [(-60, "x"), (-50, "y"), (-20, "z")] if "offset" in text else []
    assert run(text, *grown, *before).rows == rows


def test_an_offset_moves_the_bins_with_it():
    answer = run("stats count(*) as n by bin(15m) offset 1h", (-60, "x"), (0, "y"))
    assert answer.rows == [(run("stats count(*) by bin(15m)", (0, "y")).rows[0][0], "1")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accum", "expected a field"),
        ("addtotals size=3", "addtotals has fieldname, row, col, not size"),
        ("addtotals row=yes", "row is true or false"),
        ("appendcols max=0 (SOURCE x | fields a)", "from 1 to 100000"),
        ("appendcols (fields a)", "expected"),
        ("autoregress a p=3-1", "distances are from 1"),
        ("autoregress a as x p=1-2", "one alias cannot name several"),
        ("cidrlookup nets ip OUTPUT a", "there is no lookup table nets"),
        ("fillmissing", "fillmissing stands after stats ... by bin()"),
        ("stats count(*) by bin(1ms) | fillmissing", "would insert more than 100,000 bins"),
        ("stats count(*) by bin(1h) | fillmissing with 0 for nothing", "nothing is not there"),
        ("logcompare timeshift 0d", "timeshift needs a duration"),
        ("logcompare", "unexpected"),
        ("outlier action=drop a", "action is remove or transform"),
        ("outlier param=big a", "a number is needed"),
        ("stats count(*) | sessionize a", "is not there any more"),
        ("expand", "expected a field"),
    ],
)
def test_mistakes(text, said):
    with pytest.raises(ql.QueryError, match="(?i)" + __import__("re").escape(said)):
        run(text, (0, {"a": 1}))


@pytest.mark.parametrize(
    "text",
    [
        "addtotals fieldname=Total row=true col=false a, b",
        "accum a as t",
        "appendcols override=true max=10 (SOURCE \"lg\"\n| fields a)",
        "autoregress a p=1-4",
        "cidrlookup net ip as cidr OUTPUTNEW region as r",
        "countFrequent a, b",
        "estimate",
        "expand items",
        "filldown host cpu*",
        "fillmissing with 0 for n",
        "logcompare timeshift 7d",
        "outlier action=remove param=3.0 uselower=true mark=true cpu memory",
        "relevantfields a, b where t > 1",
        "sessionize u maxspan 1h as s",
        "stats count(*) by bin(5m) offset 1h",
    ],
)  # fmt: skip
def test_a_plan_reads_as_it_was_written(text):
    assert str(ql.parse(text)) == text
    assert ql.parse(str(ql.parse(text))) == ql.parse(text)
