"""OpenSearch SQL over a few lines: the clauses, and what is not taken."""

import pytest
from loglines import MOMENT, table

from labkit.logs.engine import languages, ql, sql

pytest.importorskip("pyarrow")

LINES = [
    {"level": "INFO", "ms": 5, "user": "ann", "op": "read", "tags": ["x", "y"]},
    {"level": "ERROR", "ms": 50, "user": "bob", "op": "write"},
    {"level": "ERROR", "ms": 7, "user": "ann", "op": "read"},
    {"level": "INFO", "ms": 20, "user": "cy", "op": "read", "at": {"host": "h1"}},
    "plain text",
]
USERS = [{"user": "ann", "team": "red", "ms": 1}, {"user": "bob", "team": "blue"}]


def tables(source, start, end):
    return table(USERS if source.groups == ("users",) else LINES)


def run(text, **more):
    return languages.run(sql.parse(text), tables, MOMENT, **more)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT user FROM `g` WHERE op = 'write'", [("bob",)]),
        ("SELECT user FROM g WHERE ms >= 20 AND NOT user = \"bob\"", [("cy",)]),
        ("SELECT `@logStream`, COUNT(*) AS n FROM `g` GROUP BY `@logStream`",
         [("s0", "3"), ("s1", "2")]),
        ("SELECT level, COUNT(*) AS n FROM g GROUP BY level HAVING n > 1 ORDER BY level DESC",
         [("INFO", "2"), ("ERROR", "2")]),
        ("SELECT level, max(ms) AS ms FROM g GROUP BY 1 HAVING ms > 20", [("ERROR", "50")]),
        ("SELECT count(*), count(ms), sum(ms), avg(ms), min(user), max(ms) FROM g",
         [("5", "4", "82", "20.5", "ann", "50")]),
        ("SELECT count(DISTINCT user) FROM g", [("3",)]),
        ("SELECT DISTINCT level FROM g ORDER BY level DESC", [("INFO",), ("ERROR",), (None,)]),
        ("SELECT user FROM g ORDER BY ms DESC LIMIT 2", [("bob",), ("cy",)]),
        ("SELECT user FROM g ORDER BY ms DESC LIMIT 1 OFFSET 1", [("cy",)]),
        ("SELECT upper(level) l FROM g GROUP BY l ORDER BY l", [(None,), ("ERROR",), ("INFO",)]),
        ("SELECT A.user, B.team FROM `g` AS A INNER JOIN `users` AS B ON A.user = B.user "
         "WHERE A.level = 'ERROR' ORDER BY A.ms", [("ann", "red"), ("bob", "blue")]),
        ("SELECT A.user, B.team FROM g A LEFT OUTER JOIN users B ON A.user = B.user "
         "WHERE A.op IS NOT NULL ORDER BY A.ms DESC LIMIT 2", [("bob", "blue"), ("cy", None)]),
        ("SELECT user FROM g WHERE user IN (SELECT user FROM users WHERE team = 'red') "
         "ORDER BY ms", [("ann",), ("ann",)]),
        ("SELECT user, ms FROM g WHERE ms > (SELECT avg(ms) FROM g)", [("bob", "50")]),
        ("SELECT user FROM g WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user = g.user) "
         "AND user IS NOT NULL", [("cy",)]),
        ("SELECT t.op, t.n FROM (SELECT op, count(*) n FROM g GROUP BY op) t WHERE t.n > 2",
         [("read", "3")]),
        ("SELECT CASE WHEN ms > 10 THEN 'slow' ELSE 'quick' END k, count(*) n FROM g "
         "WHERE ms IS NOT NULL GROUP BY k ORDER BY k", [("quick", "2"), ("slow", "2")]),
        ("SELECT CASE op WHEN 'read' THEN 'R' ELSE 'W' END FROM g WHERE ms IN (50, 20)",
         [("R",), ("W",)]),
        ("SELECT user FROM g WHERE user LIKE '_y'", [("cy",)]),
        ("SELECT user FROM g WHERE user NOT LIKE '%n%' ORDER BY user", [("bob",), ("cy",)]),
        ("SELECT count(*) FROM g WHERE `@message` NOT LIKE '%ERROR%'", [("3",)]),
        ("SELECT user FROM g WHERE user NOT ILIKE ANY ('A%', 'B%')", [("cy",)]),
        ("SELECT count(*) FROM g WHERE user LIKE ALL ('a%', '%n')", [("2",)]),
        ("SELECT count(*) FROM g WHERE `@message` LIKE '%!_%' ESCAPE '!'", [("0",)]),
        ("SELECT user FROM g WHERE user RLIKE '^b'", [("bob",)]),
        ("SELECT level, op, count(*) n, grouping(op) FROM g WHERE op IS NOT NULL "
         "GROUP BY ROLLUP(level, op) ORDER BY level, op, n",
         [(None, None, "4", "1"), ("ERROR", None, "2", "1"), ("ERROR", "read", "1", "0"),
          ("ERROR", "write", "1", "0"), ("INFO", None, "2", "1"), ("INFO", "read", "2", "0")]),
        ("SELECT level, user, sum(ms) FROM g WHERE ms > 5 "
         "GROUP BY level, GROUPING SETS ((user), ()) ORDER BY 1, 2",
         [("ERROR", None, "57"), ("ERROR", "ann", "7"), ("ERROR", "bob", "50"),
          ("INFO", None, "20"), ("INFO", "cy", "20")]),
        ("SELECT level, op, count(*) FROM g WHERE ms > 5 GROUP BY level, op WITH CUBE "
         "ORDER BY 1, 2 LIMIT 4",
         [(None, None, "3"), (None, "read", "2"), (None, "write", "1"), ("ERROR", None, "2")]),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) c, percentile_disc(0.25) "
         "WITHIN GROUP (ORDER BY ms DESC) d, count(*) FILTER (WHERE op = 'read') r, "
         "sum(ms) FILTER (WHERE level = 'ERROR') e FROM g", [("13.5", "50", "3", "57")]),
        ("SELECT user, sum(ms) OVER w s, row_number() OVER (w) r FROM g WHERE ms > 5 "
         "WINDOW w AS (PARTITION BY level ORDER BY ms) ORDER BY user, r",
         [("ann", "7", "1"), ("bob", "57", "2"), ("cy", "20", "1")]),
        ("SELECT user FROM g WHERE ms BETWEEN 6 AND 8", [("ann",)]),
        ("SELECT user FROM g WHERE op = 'write' UNION SELECT team FROM users ORDER BY user",
         [("blue",), ("bob",), ("red",)]),
        ("SELECT user FROM g EXCEPT SELECT user FROM users", [("cy",), (None,)]),
        ("SELECT user, RANK() OVER (PARTITION BY level ORDER BY ms DESC) r FROM g "
         "WHERE ms > 5 ORDER BY user, r", [("ann", "2"), ("bob", "1"), ("cy", "1")]),
        ("SELECT user, lag(user) OVER (ORDER BY ms) before FROM g WHERE ms > 5 ORDER BY ms",
         [("ann", None), ("cy", "ann"), ("bob", "cy")]),
        ("SELECT user, sum(ms) OVER (ORDER BY ms ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) s "
         "FROM g WHERE ms > 5 ORDER BY ms", [("ann", "7"), ("cy", "27"), ("bob", "70")]),
        ("SELECT level, row_number() OVER (ORDER BY max(ms) DESC) r FROM g "
         "WHERE ms > 0 GROUP BY level", [("ERROR", "1"), ("INFO", "2")]),
        ("SELECT date_trunc('hour', `@timestamp`) h, count(*) FROM g GROUP BY h",
         [("2023-11-14 22:00:00.000", "5")]),
        ("SELECT window_start, window_end, count(*) FROM g GROUP BY window(`@timestamp`, "
         "'2 minutes') LIMIT 1", [("2023-11-14 22:12:00.000", "2023-11-14 22:14:00.000", "1")]),
        ("SELECT count(*) FROM g WHERE `@timestamp` > '2023-11-14T22:15:00Z'", [("3",)]),
        ("SELECT size(tags), array_contains(tags, 'x'), tags.1 FROM g WHERE size(tags) > 0"
         .replace("tags.1", "`tags.1`"), [("2", "true", "y")]),
        ("SELECT explode(tags) t FROM g", [("x",), ("y",)]),
        ("SELECT `at.host`, get_json_object(`@message`, '$.at.host') FROM g WHERE user = 'cy'",
         [("h1", "h1")]),
        ("SELECT j.at.host FROM (SELECT from_json(`@message`, 'STRUCT<at: STRUCT<>>') j FROM g "
         "WHERE user = 'cy') t", [("h1",)]),
        ("SELECT json_tuple(`@message`, 'user', 'op') FROM g LIMIT 1 OFFSET 1", [("cy", "read")]),
        ("SELECT user FROM `filterIndex('level' = 'ERROR', 'user' IN ['ann', 'x'])`", [("ann",)]),
        ("SELECT l.user FROM `logGroups(logGroupIdentifier: ['a', 'b'])` AS l WHERE l.ms = 50",
         [("bob",)]),
        ("SELECT ms + 1, -ms, ms % 2, ms / 0, ms > 5, user || '!' FROM g WHERE ms = 7;",
         [("8", "-7", "1", None, "true", "ann!")]),
        ("SELECT `@timestamp` + INTERVAL 1 HOUR FROM g WHERE user = 'bob'",
         [("2023-11-14 23:14:20.000",)]),
    ],
)  # fmt: skip
def test_answers(text, rows):
    assert run(text).rows == rows


def test_a_star_is_what_every_event_has_and_what_is_found_in_some():
    found = run("SELECT * FROM g WHERE user = 'cy'")
    assert found.columns[:5] == (
        "@timestamp", "@message", "@logStream", "@log", "@ingestionTime",
    )  # fmt: skip
    row = dict(zip(found.columns, found.rows[0], strict=True))
    assert row["at.host"] == "h1"
    assert row["tags.0"] is None


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("SELECT upper(user), COUNT(*) FROM g GROUP BY user", ("upper(user)", "count(1)")),
        ("SELECT user AS `who is it` FROM g", ("who is it",)),
        ("SELECT A.user, B.user FROM g A INNER JOIN users B ON A.user = B.user",
         ("A.user", "B.user")),
        ("SELECT A.user, B.team FROM g A INNER JOIN users B ON A.user = B.user",
         ("user", "team")),
    ],
)  # fmt: skip
def test_names_of_columns(text, columns):
    assert run(text).columns == columns


@pytest.mark.parametrize(
    ("text", "matched", "scanned"),
    [
        ("SELECT user FROM g", 5, 5),
        ("SELECT user FROM g WHERE ms > 6 LIMIT 1", 3, 5),
        ("SELECT level, count(*) FROM g WHERE ms > 6 GROUP BY level", 3, 5),
        ("SELECT A.user FROM g A INNER JOIN users B ON A.user = B.user", 3, 7),
        ("SELECT level, op, count(*) FROM g WHERE ms > 6 GROUP BY CUBE(level, op)", 3, 5),
        ("SELECT t.n FROM (SELECT count(*) n FROM g WHERE ms > 6) t", 3, 5),
    ],
)
def test_statistics(text, matched, scanned):
    told = run(text).statistics
    assert (told.matched, told.scanned) == (matched, scanned)
    assert told.bytes_scanned > 0


def test_rows_of_events_have_pointers_and_others_none():
    assert run("SELECT user FROM g ORDER BY ms DESC LIMIT 2").ptrs == [1, 3]
    assert run("SELECT level FROM g GROUP BY level").ptrs == []
    assert run("SELECT DISTINCT level FROM g").ptrs == []


def test_the_limit_of_the_call_is_the_most():
    assert len(run("SELECT user FROM g", limit=2).rows) == 2
    assert len(run("SELECT user FROM g LIMIT 4", limit=3).rows) == 3
    assert len(run("SELECT DISTINCT user FROM g", limit=1).rows) == 1


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("SELECT a FROM g, h", "one table stands after FROM", "h"),
        ("SELECT A.a FROM g A JOIN h B ON A.a = B.a", "INNER JOIN or LEFT OUTER JOIN", None),
        ("SELECT A.a FROM g A RIGHT JOIN h B ON A.a = B.a", "INNER JOIN or LEFT OUTER", None),
        ("SELECT A.a FROM g A INNER JOIN h B ON A.a > B.a", "needs an equality", None),
        ("SELECT A.a FROM g A INNER JOIN h B ON A.a = B.a INNER JOIN i C ON A.a = C.a",
         "one JOIN at most", None),
        ("WITH x AS (SELECT a FROM g) SELECT a FROM x", "WITH is not taken", None),
        ("SELECT a FROM g WHERE b IN (SELECT c FROM h WHERE d IN (SELECT e FROM i))",
         "one level of nested subqueries", None),
        ("SELECT a FROM g; SELECT b FROM g", "one statement", None),
        ("SELECT Id, ID FROM g", "differ in case only", "ID"),
        ("SELECT cos(10) FROM g", "needs a field", None),
        ("SELECT a FROM g ORDER BY b OFFSET 3", "OFFSET stands beside LIMIT", None),
        ("SELECT a FROM g LATERAL VIEW explode(b) x AS y", "LATERAL", None),
        ("SELECT 1", "needs FROM", None),
        ("DELETE FROM g", "only SELECT is taken", "DELETE"),
        ("DROP TABLE g", "only SELECT is taken", "DROP"),
        ("SELECT uper(a) FROM g", "did you mean upper?", "uper"),
        ("SELECT level, ms FROM g GROUP BY level", "neither in GROUP BY", "ms"),
        ("SELECT a FROM g WHERE count(*) > 1", "an aggregate cannot stand here", "count"),
        ("SELECT user FROM g A INNER JOIN users B ON A.user = B.user", "either side", "user"),
        ("SELECT t.x FROM (SELECT user FROM g) t", "no column t.x", "t.x"),
        ("SELECT upper(a, b) FROM g", "upper takes 1 values; 2 were given", None),
        ("SELECT a FROM g WHERE (b = 1", "unexpected end of the query", None),
        ("SELECT 'a FROM g", "not closed", None),
        ("SELECT a FROM `logGroups(logGroupIdentifer: ['a'])`", "unexpected logGroupIdentifer",
         None),
        ("SELECT a FROM `logGroups(logGroupIdentifier: [" + ",".join(["'x'"] * 51) + "])`",
         "at most 50 log groups", None),
        ("SELECT rank() FROM g", "rank needs OVER", None),
        ("SELECT regexp_extract(a, '(') FROM g", "not valid", None),
        ("", "empty", None),
    ],
)  # fmt: skip
def test_what_is_not_taken_is_said_with_its_place(text, said, where):
    with pytest.raises(ql.QueryError) as caught:
        run(text)
    assert said in caught.value.message
    assert 0 <= caught.value.start <= caught.value.end <= max(1, len(text))
    if where is not None:
        assert text[caught.value.start : caught.value.end].startswith(where)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT read_text('/etc/passwd') FROM g",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT getenv(user) FROM g",
        "SELECT glob(user) FROM g",
        "SELECT current_setting(user) FROM g",
        "SELECT lq_num(user) FROM g",
        "SELECT pg_sleep(ms) FROM g",
        "SELECT user FROM g WHERE query(user)",
        "COPY g TO '/x'",
        "ATTACH 'x.db'",
        "PRAGMA database_list",
        "SET threads = 1",
        "INSTALL httpfs",
    ],
)
def test_nothing_reaches_past_the_events(text):
    with pytest.raises(ql.QueryError):
        run(text)


def test_a_file_is_no_table():
    # A name is a log group's name, whatever it looks like: nobody opens /etc/passwd.
    assert sql.parse("SELECT a FROM '/etc/passwd'").source.groups == ("/etc/passwd",)
