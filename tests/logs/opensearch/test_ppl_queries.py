"""OpenSearch PPL over a few lines: the commands, and what is not taken."""

import pytest
from loglines import MOMENT, table

from labkit.logs.engine import languages, ppl, ql
from labkit.logs.engine.ql.sieve import sieve_of

pytest.importorskip("pyarrow")

LINES = [
    {"level": "INFO", "ms": 5, "user": "ann", "op": "read", "tags": ["x", "y"]},
    {"level": "ERROR", "ms": 50, "user": "bob", "op": "write"},
    {"level": "ERROR", "ms": 7, "user": "ann", "op": "read"},
    {"level": "INFO", "ms": 20, "user": "cy", "op": "read", "at": {"host": "h1", "port": 3}},
    "plain text a@b.org",
]
USERS = [{"user": "ann", "team": "red", "ms": 1}, {"user": "bob", "team": "blue"}]


def tables(source, start, end):
    return table(USERS if source is not None and source.groups == ("users",) else LINES)


def run(text, **more):
    return languages.run(ppl.parse(text), tables, MOMENT, **more)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("where op = 'write' | fields user", [("bob",)]),
        ("source=g | where ms >= 20 AND NOT user = \"bob\" | fields user", [("cy",)]),
        ("search source=users team='red' | fields user", [("ann",)]),
        ("source=[lg:`/g`, `aws:fieldIndex`=\"level\", `level` = \"ERROR\"] | stats count()",
         [("2",)]),
        ("fields user, ms | sort - ms | head 2", [("bob", "50"), ("cy", "20")]),
        ("sort 2 - ms | fields ms", [("50",), ("20",)]),
        ("sort - str(ms) | head 1 | fields ms", [("7",)]),
        ("sort ms | where ms > 0 | head 1 from 1 | fields ms", [("7",)]),
        ("stats count(), avg(ms) as m by level | sort - m",
         [("2", "28.5", "ERROR"), ("2", "12.5", "INFO"), ("1", None, None)]),
        ("stats count() by level | sort - count() | head 1", [("2", "ERROR")]),
        ("stats count() as n by span(`@timestamp`, 2m)",
         [("1", "2023-11-14 22:12:00.000"), ("2", "2023-11-14 22:14:00.000"),
          ("2", "2023-11-14 22:16:00.000")]),
        ("stats count() as n by span(`@timestamp`, '1h')", [("5", "2023-11-14 22:00:00.000")]),
        ("where ms > 0 | stats sum(ms) by span(ms, 10) as s", [("12", "0"), ("20", "20"),
                                                                ("50", "50")]),
        ("stats percentile(ms, 50), distinct_count(user), max(user), min(ms), values(op)",
         [("13.5", "3", "cy", "5", '["read","write"]')]),
        ("stats count() as n by level | eval m = n * 2 | where m > 2 | stats sum(m)", [("8",)]),
        ("eval slow = ms > 10, twice = ms * 2 | where slow | fields user, slow, twice",
         [("cy", "true", "40"), ("bob", "true", "100")]),
        ("eval c = case(ms > 10, 'slow', ms > 6, 'mid' else 'fast') | stats count() by c",
         [("2", "fast"), ("1", "mid"), ("2", "slow")]),
        ("parse `@message` \"(?<mail>[a-z]+@[a-z.]+)\" | where isnotnull(mail) | fields mail",
         [("a@b.org",)]),
        ("grok `@message` '%{USERNAME:who}@%{HOSTNAME:host}' | where isnotnull(host) "
         "| fields who, host", [("a", "b.org")]),
        ("top 1 user", [("2", "ann")]),
        ("where isnotnull(level) | top 1 op by level",
         [("1", "read", "ERROR"), ("2", "read", "INFO")]),
        ("where isnotnull(user) | rare 1 user", [("1", "bob")]),
        ("dedup user | fields user, ms", [("cy", "20"), ("ann", "7"), ("bob", "50")]),
        ("dedup 2 level keepempty=true | stats count()", [("5",)]),
        ("rename user as who | where who = 'bob' | fields who, ms", [("bob", "50")]),
        ("fillnull with 'none' in user | fields user | head 1", [("none",)]),
        ("fields user, ms | fillnull value=0 ms user | head 1", [("0", "0")]),
        ("fillnull using user = concat('x', `@logStream`) | fields user | head 1", [("xs0",)]),
        ("where ms > 0 | trendline sort `@timestamp` sma(2, ms) as t wma(2, ms) "
         "| fields ms, t, ms_trendline",
         [("5", None, None), ("50", "27.5", "35"), ("7", "28.5", "21.3333"),
          ("20", "13.5", "15.6667")]),
        ("eventstats avg(ms) as a, count() as n by level | where ms > a | fields user, a, n",
         [("cy", "12.5", "2"), ("bob", "28.5", "2")]),
        ("eventstats max(ms) as m | where ms = m | fields user", [("bob",)]),
        ("expand tags as tag | fields user, tag", [("ann", "x"), ("ann", "y")]),
        ("flatten at as (h, p) | where isnotnull(h) | fields h, p", [("h1", "3")]),
        ("flatten at | where isnotnull(host) | fields host, port", [("h1", "3")]),
        ("where ms > 0 | eval a = json_object('k', ms, 'u', user) | flatten a as (b, c) "
         "| fields c, b | head 1", [("cy", "20")]),
        ("fieldsummary includefields=ms nulls=true",
         [("ms", "4", "4", "5", "50", "20.5", "20.5", "20.7605", "1", "double")]),
        ("where user in [ source=users | where team = 'red' | fields user ] | fields ms",
         [("7",), ("5",)]),
        ("where ms > [ source=users | stats max(ms) ] | stats count()", [("4",)]),
        ("where exists [ source=users | where team = 'green' ] | stats count()", [("0",)]),
        ("source=g as t1 | where exists [ source=users as t2 | where t1.user = t2.user and "
         "t2.team = 'red' ] | fields t1.ms", [("7",), ("5",)]),
        ("source=g as o | where not exists [ source=users | where user = o.user ] "
         "| fields user | sort user", [(None,), ("cy",)]),
        ("source=g as o o.ms > 7 | stats count() by o.level", [("1", "ERROR"), ("1", "INFO")]),
        ("left join left=l, right=r on l.user = r.user users | where l.ms > 7 "
         "| fields l.user, r.team | sort l.user", [("bob", "blue"), ("cy", None)]),
        ("inner join left=l right=r on l.user = r.user [ source = users | where team = 'red' ] "
         "| fields l.user, r.team, l.ms", [("ann", "red", "7"), ("ann", "red", "5")]),
        ("where `@message` like '%ERROR%' | stats count()", [("2",)]),
        ("where user like '_y' or like(user, 'b%') | fields user", [("cy",), ("bob",)]),
        ("where user regexp '^a' and ms between 6 and 20 | fields user", [("ann",)]),
        ("where ms not in (5, 50, 7) | fields user", [("cy",)]),
        ("where user = 'ann' xor ms = 7 | fields ms", [("5",)]),
        ("where ms = 50 | eval d = date_add(`@timestamp`, interval 1 day), "
         "k = timestampadd(HOUR, 1, `@timestamp`), c = cast(ms as string) | fields d, k, c",
         [("2023-11-15 22:14:20.000", "2023-11-14 23:14:20.000", "50")]),
        ("where array_length(tags) = 2 | eval t = json_extract(`@message`, '$.tags[1]') "
         "| fields t", [("y",)]),
        ("where cidrmatch(concat('10.0.0.', ms), '10.0.0.0/29') | fields ms", [("7",), ("5",)]),
        ("fields user // of all\n | head 1 /* one */ | fillnull with '-' in user", [("-",)]),
        ("eval f = md5('a') | fields f | head 1", [("0cc175b9c0f1b6a831c399e269772661",)]),
    ],
)  # fmt: skip
def test_answers(text, rows):
    assert run(text).rows == rows


def test_without_fields_a_query_shows_what_is_found():
    found = run("where user = 'cy' | eval twice = ms * 2 | fields - `@message`, level")
    assert found.columns == (
        "@timestamp", "@logStream", "@log", "@ingestionTime", "ms", "user", "op", "tags.0",
        "tags.1", "at.host", "at.port", "twice",
    )  # fmt: skip
    assert found.ptrs == [3]


@pytest.mark.parametrize(
    ("text", "matched", "scanned"),
    [
        ("fields user", 5, 5),
        ("where ms > 6 | head 1", 3, 5),
        ("where ms > 6 | stats count() by level", 3, 5),
        ("where user in [ source=users | fields user ] | fields user", 3, 7),
    ],
)
def test_statistics(text, matched, scanned):
    told = run(text).statistics
    assert (told.matched, told.scanned) == (matched, scanned)


@pytest.mark.parametrize(
    "text",
    [
        "fields field1, field2",
        "LEFT JOIN left=l, right=r on l.id = r.id `join_right_lg` | fields l.field_1, r.field_2",
        'where field1="success" | where field2 != "i-023fe0a90929d8822" | fields field3 | head 10',
        'source = [`aws:fieldIndex`="region", `region` = "us-west-2"] | where status = 200',
        "stats count(), count(field1), min(field1) as field1Alias, max(`field1`) by field2 "
        "| sort -field1Alias | head 1000",
        'parse field1 ".*/(?<field2>[^/]+$)" | where field2 = "requestId" | fields field1, field2',
        "eval field2 = field1 * 2 | fields field1, field2 | head 20",
        "where field_1 IN [ search source= `subquery_lg` | fields field_2 ] | fields id, field_1",
        "trendline sma(2, field1) as field1Alias",
        "eventstats sum(field1) by field2",
        "eval tags_array = json_array(json_extract(tags_string, '$[0]'), "
        "json_extract(tags_string, '$[1]')) | expand tags_array as color_tags",
        'fields `@timestamp`, error_code | fillnull using status_code = "UNKNOWN"',
        "eval metadata_struct = json_object('size', json_extract(metadata_string, '$.size')) "
        "| flatten metadata_struct as (meta_size)",
        "where cidrmatch(ip, '2003:db8::/32') | fields ip",
        "where field1 != 200 | fieldsummary includefields= field1 nulls=true",
        "grok email '.+@%{HOSTNAME:host}' | fields email, host",
        "eval newDate = ADDDATE(DATE('2020-08-26'), 1) | fields newDate",
        "eval field2 = isnull(field1) | fields field2, field1, field3",
        "eval field2 = ACOS(field1) | fields field1",
        "eval crypto = MD5(field) | head 1000",
        'eval valid_json = json(\'[1,2,3,{"f1":1,"f2":[5,6]},4]\') | fields valid_json',
        'source = [`aws:fieldIndex` IN ("status", "region"), `status` = 200, '
        '`region` IN ("us-west-2", "us-east-1")] | head 10',
        "search source=[ ds:`DataSource1.Type1`, lg:`/aws/lambda/my-function-1`, "
        '`aws:fieldIndex` IN ("status"), `status` = 200 ]',
    ],
)
def test_the_guides_own_examples_are_taken(text):
    query = ppl.parse(text)
    assert str(query)
    languages.check(query, table([]))


def test_sources():
    found = ppl.parse(
        'source=[ds:`S.T`, lg:`/a`, lg:`/b`, `aws:fieldIndex` IN ("status"), `status` IN (1, 2)]'
    )
    assert found.source.groups == ("/a", "/b")
    assert found.source.data_sources == ("S.T",)
    assert found.source.indexed == (("status", ("1", "2")),)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("where `@message` like '%ERROR%'", 1),
        ("where `@message` like '%ERR_R%'", None),
        ("where level = 'ERROR' | stats count()", 2),
        ("eval a = 1 | where level = 'ERROR'", None),
    ],
)
def test_a_sieve_is_made_of_what_means_the_same(text, kept):
    sieve = sieve_of(ppl.parse(text))
    assert (None if sieve is None else len(sieve.texts)) == kept


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("lookup t id", "CloudWatch Logs does not take lookup", "lookup"),
        ("describe t", "does not take describe", "describe"),
        ("feilds a", "did you mean fields?", "feilds"),
        ("fields a |", "unexpected end of the query", "|"),
        ("eval x = uper(user)", "did you mean upper?", "uper"),
        ("stats count() by level | fields user", "there are count(), level", "user"),
        ("stats avg(ms) by level | where nope > 1", "not there any more", "nope"),
        ("stats upper(ms)", "an aggregate is needed here", "upper"),
        ("where count() > 1", "it stands in stats", "count"),
        ("parse a 'x'", "names no field", "'x'"),
        ("parse a '(?<x>'", "not valid", None),
        ("grok a '%{NOPE:x}'", "no pattern NOPE", None),
        ("trendline ema(2, a)", "sma or wma", "ema"),
        ("right join left=l right=r on l.a = r.a g", "inner or left", "right"),
        ("join on a = b g", "both sides need a name", "join"),
        ("dedup a consecutive=true", "not there", None),
        ("source=[xx:`a`]", "not xx:", "xx"),
        ("where a in [ fields b ]", "unexpected symbol", "fields"),
        ("where a in [ source=g | where b in [ source=h | fields c ] ]", "no further one", None),
        ("fields a | zzz b", "a command was expected", "zzz"),
        ("where a = 'x", "no closing quote", "'"),
        ("stats count() by span(a, 0)", "above 0", "span"),
        ("eval a = 5m", "stands in span", "5m"),
        ("head 999999999", "a whole number", None),
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
