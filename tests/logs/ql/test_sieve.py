"""A sieve leaves out what cannot pass, whatever the messages; the answers are the same."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.logs.engine import ql, search
from labkit.logs.engine.ql.sieve import written
from tests.logs.ql.test_insights_queries import MOMENT, table

pa = pytest.importorskip("pyarrow")

PIECES = st.sampled_from(
    ["ERROR", "WARN", "ER", "ROR", " ", "a", "aa", "500", "5e2", "\\u0045", "ä", "€", ""]
)
DOCUMENTS = st.sampled_from(
    ['{"status":500}', '{"status":5e2}', '{"status":"500"}', '{"status":500.0,"level":"ERROR"}',
     '{"level":"\\u0045RROR"}', '{"status":404,"level":"ERRORS"}', '{"ok":true}',
     '{"status":"0500"}', '{"status":-7}', '{"status":7}']
)  # fmt: skip
LINES = st.lists(st.lists(PIECES, max_size=5).map("".join) | DOCUMENTS, max_size=30)
QUERIES = st.sampled_from(
    [
        'filter @message like "ERROR"',
        "filter @message like /WARN|ERROR/",
        "filter @message like /a+/",
        'filter @message like "ä" or @message like "€"',
        'fields @timestamp, @message | filter @message like "aa" and @message like "R"',
        'filter level = "ERROR"',
        "filter status = 500",
        "filter status in [404, 500]",
        'filter status = "007" or status = -7',
        "filter not (status = 500)",
        "filter ok = 1",
        "filter level = 'ERROR' | stats count(*) as n by status",
    ]
)


def naive(lines, text):
    return [row for row, line in enumerate(lines) if text in line.encode()]


def rows_of(lines, text):
    held = search.Messages(pa.array(["x", *lines, "y"], pa.large_string()).slice(1, len(lines)))
    places = held.places(text)
    return None if places is None else held.events(places, len(text)).tolist()


@given(LINES, st.sampled_from([b"ERROR", b"aa", b"a", "€".encode(), b"R", b"500", b"\\"]))
@settings(max_examples=60)
def test_a_text_is_found_in_the_messages_that_have_it(lines, text):
    found = rows_of(lines, text)
    expected = naive(lines, text)
    assert found == expected or (found is None and len(expected) > len(lines) // 4)


@pytest.mark.parametrize("rare", [0, 1])
def test_both_ways_to_search_agree(monkeypatch, rare):
    """Over many windows, with the text across their borders and across two messages."""
    monkeypatch.setattr(search, "_WINDOW", 64)
    monkeypatch.setattr(search, "_RARE", rare / 10)
    rng = np.random.default_rng(5)
    lines = ["".join(rng.choice(list("nedlx") + [" "] * 6, size=23)) for _ in range(800)]
    lines[17:19] = ["...need", "le..."]
    lines[40] = "xx needle needle"
    lines[799] = "needle"
    assert rows_of(lines, b"needle") == [40, 799]


def test_a_text_that_most_messages_have_is_given_up():
    assert rows_of(["request 1", "request 2"] * 400, b"request") is None


@given(LINES, QUERIES)
@settings(max_examples=60)
def test_answers_are_the_same_with_a_sieve(lines, text):
    query, events = ql.parse(text), table(lines)

    def sifted(*_):
        held = ql.sieve_of(query)
        rows = held.rows(search.Messages(events.column("msg").combine_chunks())) if held else None
        kept = events if rows is None else events.take(pa.array(rows))
        return ql.Looked(kept, len(lines), 0)

    ours = ql.run(query, sifted, MOMENT)
    whole = ql.run(query, lambda *_: events, MOMENT)
    assert ours.rows == whole.rows
    assert ours.statistics.matched == whole.statistics.matched
    assert ours.statistics.scanned == len(lines)


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('filter @message like "a" and @message like "longer"', (b"longer",)),
        ("filter @message like /ERROR|WARN/", (b"ERROR", b"WARN")),
        ('filter level = "ERROR"', (b"ERROR", b"\\")),
        ('fields @message as m | filter @message like "a"', None),
        ('parse @message "* *" as @message, b | filter @message like "a"', None),
        ('filter @message like "a" or status > 5', None),
        ('filter @message not like "a"', None),
        ("filter @message like /a.c/", None),
        ("filter ok = 1", None),
        ("filter status = 7.5", None),
        ('filter @logStream = "s"', None),
        ("stats count(*)", None),
    ],
)
def test_what_a_query_needs(text, texts):
    found = ql.sieve_of(ql.parse(text))
    assert (found and found.texts) == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), (500, "500"), (500.0, "500"), ("-12", "-12"), ("007", None), (1, None),
     ("", None), ("1e3", None), (7.5, None), ("ä", None), (10**16, None), ("-0", None)],
)  # fmt: skip
def test_how_a_value_is_written(value, text):
    assert written(value) == text


def test_statistics_and_rows_of_a_group_with_many_chunks(lab):
    logs = lab.client("logs")
    count = 40_000
    now = lab.world.clock.now_us // 1000
    at = now - 3_600_000 + np.arange(count, dtype=np.int64) * 60
    lines = [f"{'ERROR' if n % 100 == 0 else 'INFO'} {n}" for n in range(count)]
    lab.parts.logs.import_lines("123456789012", "us-east-1", "/g", "s", at, lines)
    logs.create_log_stream(logGroupName="/g", logStreamName="t")
    logs.put_log_events(
        logGroupName="/g", logStreamName="t",
        logEvents=[{"timestamp": now, "message": "ERROR now"}, {"timestamp": now, "message": "no"}],
    )  # fmt: skip
    start = now // 1000 - 1800
    query = logs.start_query(
        logGroupName="/g", startTime=start, endTime=now // 1000,
        queryString='filter @message like "ERROR" | fields @message | sort @timestamp | limit 2',
    )["queryId"]  # fmt: skip
    lab.advance(seconds=2)
    found = logs.get_query_results(queryId=query)
    inside = [n for n in range(count) if at[n] >= start * 1000]
    errors = [n for n in inside if n % 100 == 0]
    assert [row[0]["value"] for row in found["results"]] == [f"ERROR {n}" for n in errors[:2]]
    told = found["statistics"]
    assert told["recordsScanned"] == len(inside) + 2
    assert told["recordsMatched"] == len(errors) + 1
    assert told["bytesScanned"] == sum(len(lines[n]) for n in inside) + len("ERROR now") + 2


def test_of_two_texts_the_one_that_the_messages_have_less_often_is_looked_for():
    lines = [f"a text that all have {n}" + (" Q" if n == 7 else "") for n in range(400)]
    query = ql.parse('filter @message like "a text that all have" and @message like "Q"')
    held = ql.sieve_of(query)
    assert held.texts == (b"a text that all have",)
    assert held.rows(search.Messages(pa.array(lines, pa.large_string()))).tolist() == [7]


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("worth", [1, 3, 1000])
def test_a_rare_byte_is_found_wherever_the_blocks_end(monkeypatch, block, worth):
    monkeypatch.setattr(search, "_BLOCK", block)
    monkeypatch.setattr(search, "_WORTH", worth)
    monkeypatch.setattr(search, "_RARE", 1.0)
    rng = np.random.default_rng(3)
    for count in (1, 40, 333):
        lines = ["".join(rng.choice(list("abQ\0ä"), size=rng.integers(0, 9))) for _ in range(count)]
        for text in ("Q", "aQ", "Qb", "\0", "a\0", "ä", "äQ"):
            expected = naive(lines, text.encode())
            found = rows_of(lines, text.encode())
            assert found == expected or (found is None and len(expected) > count // 4), text


@pytest.mark.parametrize(
    ("text", "proves"),
    [
        ('filter @message like "ERROR"', True),
        ("filter @message like /ERROR|WARN/", True),
        ('filter @message not like "ERROR"', None),
        ('filter @message like "ERROR" and @message like "b"', False),
        ('filter @message like "ERROR" | filter @message like "b"', False),
        ('filter @message like "ERROR" or @message like "b"', False),
        ('filter level = "ERROR"', False),
    ],
)
def test_what_a_sieve_proves_is_not_filtered_again(text, proves):
    query = ql.parse(text)
    found = ql.sieve_of(query)
    assert (found and found.proves is not None) == proves


MASK = {
    "Name": "p",
    "Version": "2021-06-01",
    "Statement": [
        {
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
            "Operation": {"Audit": {"FindingsDestination": {}}},
        },
        {
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
            "Operation": {"Deidentify": {"MaskConfig": {}}},
        },
    ],
}
QUERIES_OF_A_GROUP = [
    'filter @message like "ERROR"',
    'filter @message like "ERROR" | fields @logStream, strlen(@message) as n | sort n | limit 7',
    'filter @message like "ERROR" | stats count(*) as n by bin(5m)',
    'filter @message like "ERROR" | stats count(*) as n, sum(ms) as s by @logStream',
    'filter @message like "ERROR" | stats sum(messageSize()) as n',
    'filter @message like "ERROR" and ms > 500 | stats count(*) as n',
    "filter @message like /ERROR|WARN/ | stats max(strlen(@message)) as n by bin(1h)",
    'filter @message like "ERROR" | filter @message like "9" | stats count(*) as n',
    'filter @message like "o" | stats count(*) as n by @log',
    'filter @message like "ERROR" | pattern @message',
    'filter @message like "ERROR" | dedup level',
]


@pytest.mark.parametrize("text", QUERIES_OF_A_GROUP)
def test_answers_of_groups_are_the_same_without_sieves(lab, monkeypatch, text):
    """Over several groups, bulk and put one by one, one with a mask: rows and statistics."""
    logs, now = lab.client("logs"), lab.world.clock.now_us // 1000
    kinds = ["INFO", "INFO", "INFO", "ERROR", "INFO", "WARN", "INFO", "INFO", "o"]
    for group in ("/a", "/b", "/c"):
        logs.create_log_group(logGroupName=group)
    logs.put_data_protection_policy(logGroupIdentifier="/c", policyDocument=json.dumps(MASK))
    for group, count in (("/a", 900), ("/b", 500), ("/c", 40)):
        lines = [json.dumps({"level": kinds[n % 9], "ms": n}) for n in range(count)]
        at = now - 600_000 + np.arange(count, dtype=np.int64) * 500
        lab.parts.logs.import_lines("123456789012", "us-east-1", group, "s", at, lines)
        logs.create_log_stream(logGroupName=group, logStreamName="t")
        logs.put_log_events(
            logGroupName=group, logStreamName="t",
            logEvents=[{"timestamp": now, "message": m} for m in ("ERROR put", "no o", "ERR" "OR")],
        )  # fmt: skip

    def ask():
        query = logs.start_query(
            logGroupNames=["/a", "/b", "/c"], startTime=now // 1000 - 500,
            endTime=now // 1000 + 1, queryString=text,
        )["queryId"]  # fmt: skip
        lab.advance(seconds=2)
        found = logs.get_query_results(queryId=query)
        assert found["status"] == "Complete"
        return found["results"], found["statistics"]

    ours = ask()
    monkeypatch.setattr(ql, "sieve_of", lambda _: None)
    assert ask() == ours
    assert ours[1]["recordsMatched"] > 0


def test_a_query_that_counts_reads_no_texts(lab):
    logs, now = lab.client("logs"), lab.world.clock.now_us // 1000
    lines = [f"{'ERROR' if n % 50 == 0 else 'INFO'} {n}" for n in range(1000)]
    at = now - 1000 + np.arange(1000, dtype=np.int64)
    lab.parts.logs.import_lines("123456789012", "us-east-1", "/g", "s", at, lines)
    text = 'filter @message like "ERROR" | stats count(*) as n by bin(5m)'
    logs.start_query(logGroupName="/g", startTime=0, endTime=now // 1000, queryString=text)
    lab.advance(seconds=2)
    (query,) = lab.parts.logs.store("123456789012", "us-east-1").of("queries").values()
    assert not any("msg" in sql or "WHERE" in sql for sql in query.result.statements)
    assert query.result.statistics.matched == 20


def test_an_estimate_counts_what_a_sieve_would_leave_out(lab):
    logs, now = lab.client("logs"), lab.world.clock.now_us // 1000
    at = now - 1000 + np.arange(3, dtype=np.int64)
    lab.parts.logs.import_lines(
        "123456789012", "us-east-1", "/g", "s", at, ["ERROR", "four", '{"a":1,"b":2}']
    )
    for text, row in (
        ('filter @message like "ERROR" | estimate', {"field": "estimatedBytes", "value": "22"}),
        ("relevantfields where a = 1", {"field": "@fieldName", "value": "b"}),
    ):
        query = logs.start_query(
            logGroupName="/g", startTime=0, endTime=now // 1000, queryString=text
        )["queryId"]
        lab.advance(seconds=2)
        found = logs.get_query_results(queryId=query)
        assert found["status"] == "Complete"
        assert row in [cell for cells in found["results"] for cell in cells]
