"""Every command and function that the OpenSearch Service guide lists for CloudWatch Logs.

The lists are those of "Supported OpenSearch SQL commands and functions" and "Supported PPL
commands"; the examples' values are those that the guide shows, where it shows one.
"""

import pytest
from loglines import MOMENT, table

from labkit.logs.engine import languages, ppl, ql, sql
from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.scalars import FUNCTIONS
from labkit.logs.engine.sql.expressions import WINDOW_ONLY
from labkit.logs.engine.sql.timing import WINDOWS

pytest.importorskip("pyarrow")

LINE = {
    "s": "Feathers",
    "n": 3,
    "x": -0.1,
    "v": 3.1411,
    "l": [1, 2, 3],
    "m": [1, 3, 5],
    "w": ["b", "d", None, "c", "a"],
    "nn": [[1, 2], [3, 4]],
    "card": "8112189876",
    "big": 12454,
    "neg": -12454.8,
    "txt": "12,454.8-",
    "d": "2015-01-14",
    "f": "1997-02-28 10:30:00",
    "g": "1996-10-30",
    "js": '[{"col":0}]',
    "hi": "Hi there! Good morning.",
    "name": "Miller",
    "z": "12,454",
    "usd": "$78.12",
    "e": 78.12,
    "dig": [3, 20, 1],
}
EXAMPLES = r"""
array_append(w, 'd') = ["b","d",null,"c","a","d"]
array_prepend(l, n) = [3,1,2,3]
array_compact(w) = ["b","d","c","a"]
array_distinct(array(n, 1, 1)) = [3,1]
array_except(l, m) = [2]
array_intersect(l, m) = [1,3]
array_union(l, m) = [1,2,3,5]
arrays_overlap(l, m) = true
array_remove(l, 3) = [1,2]
array_insert(l, 5, 9) = [1,2,3,null,9]
array_insert(l, -1, 9) = [1,2,3,9]
array_insert(l, -4, 9) = [9,1,2,3]
array_join(w, ' ', ',') = b d , c a
arrays_zip(l, m) = [{"0":1,"1":1},{"0":2,"1":3},{"0":3,"1":5}]
flatten(nn) = [1,2,3,4]
get(l, 0) = 1
get(l, 3) = NULL
slice(l, 2, 2) = [2,3]
slice(l, -2, 2) = [2,3]
sort_array(w) = [null,"a","b","c","d"]
sort_array(w, false) = ["d","c","b","a",null]
array_sort(dig) = [1,3,20]
array_max(dig) = 20
array_min(dig) = 1
array_repeat(n, 2) = [3,3]
sequence(1, n) = [1,2,3]
sequence(n, 1) = [3,2,1]
sequence(1, 5, 2) = [1,3,5]
size(shuffle(l)) = 3
decode(n, 1, 'a', 3, 'b', 'c') = b
decode(encode(s, 'utf-8'), 'utf-8') = Feathers
hex(17 + n) = 14
hex(s) = 4665617468657273
unhex(hex(s)) = Feathers
to_binary(s, 'utf-8') = Feathers
levenshtein(s, 'Fea', 2) = -1
luhn_check(card) = true
sentences(hi) = [["Hi","there"],["Good","morning"]]
soundex(name) = M460
to_char(n + 451, '999') = 454
to_char(big, '99G999') = 12,454
to_char(e, '$99.99') = $78.12
to_char(neg, '99G999D9S') = 12,454.8-
to_number(z, '99,999') = 12454
to_number(usd, '$99.99') = 78.12
to_number(txt, '99,999.9S') = -12454.8
try_to_number(s, '999') = NULL
isnan(n) = false
nanvl(n, 1) = 3
bin(n + 10) = 1101
bround(n - 0.5, 0) = 2
ceil(v, 3) = 3.142
ceil(v, -3) = 1000
floor(v, 3) = 3.141
factorial(n + 2) = 120
shiftleft(n, 1) = 6
try_add(n, 1) = 4
try_divide(n, 0) = NULL
width_bucket(n + 2.3, 0.2, 10.6, 5) = 3
width_bucket(-2.1 * n, 1.3, 3.4, 3) = 0
width_bucket(n - 3.9, 5.2, 0.5, 2) = 3
int(e) = 78
string(n) = 3
boolean(n - 2) = true
schema_of_json(js) = ARRAY<STRUCT<col: BIGINT>>
convert_timezone('CET', 'America/Los_Angeles', '2021-12-06') = 2021-12-05 15:00:00.000
date_from_unix_date(1) = 1970-01-02
make_timestamp(2014, 12, 28, 6, 30, 45.887, 'CET') = 2014-12-28 05:30:45.887
months_between(f, g) = 3.9496
next_day(d, 'TU') = 2015-01-20
try_to_timestamp('foo', 'yyyy-MM-dd') = NULL
to_timestamp_ntz('2016-12-31', 'yyyy-MM-dd') = 2016-12-31 00:00:00.000
dateadd('2016-07-30', 1) = 2016-07-31
substr(s FROM 5) = hers
substr(s FROM 5 FOR 1) = h
csc(n / n) = 1.1884
sec(x - x) = 1
bround(n + 22, -1) = 20
date_diff('2009-07-31', '2009-07-30') = 1
trunc('2019-08-04', 'week') = 2019-07-29
extract(SECONDS FROM timestamp'2019-10-01 00:00:01.000001') = 1
date(make_date(2020, 1, 31) + make_interval(0, 1)) = 2020-02-29
to_timestamp(d) + make_dt_interval(1, 12, 30) = 2015-01-15 12:30:00.000
to_timestamp(d) + make_ym_interval(1, 2) = 2016-03-14 00:00:00.000
"""
CASES = [line.rpartition(" = ")[::2] for line in EXAMPLES.strip().splitlines()]


@pytest.mark.parametrize("first", range(0, len(CASES), 20))
def test_the_examples_of_the_guide(first):
    asked = CASES[first : first + 20]
    query = sql.parse(f"SELECT {', '.join(one for one, _ in asked)} FROM g")
    found = languages.run(query, lambda *_: table([LINE]), MOMENT).rows[0]
    told = {e: "NULL" if v is None else v for (e, _), v in zip(asked, found, strict=True)}
    assert told == dict(asked)


SQL_FUNCTIONS = """
ascii base64 bit_length btrim char char_length character_length chr concat_ws contains decode elt
encode endswith find_in_set format_number format_string initcap instr lcase left len length
levenshtein locate lower lpad ltrim luhn_check mask octet_length overlay position printf
regexp_count regexp_extract regexp_extract_all regexp_instr regexp_replace regexp_substr repeat
replace right rpad rtrim sentences soundex space split split_part startswith substr substring
substring_index to_binary to_char to_number to_varchar translate trim try_to_binary try_to_number
ucase unbase64 upper
add_months convert_timezone curdate current_date current_timestamp current_timezone date_add
date_diff date_format date_from_unix_date date_part date_sub date_trunc dateadd datediff datepart
day dayofmonth dayofweek dayofyear extract from_unixtime from_utc_timestamp hour last_day
localtimestamp make_date make_dt_interval make_interval make_timestamp make_timestamp_ltz
make_timestamp_ntz make_ym_interval minute month months_between next_day now quarter second
session_window timestamp_micros timestamp_millis timestamp_seconds to_date to_timestamp
to_timestamp_ltz to_timestamp_ntz to_unix_timestamp to_utc_timestamp trunc try_to_timestamp
unix_date unix_micros unix_millis unix_seconds unix_timestamp weekday weekofyear window window_time
year
coalesce if ifnull nanvl nullif nvl nvl2
from_json get_json_object json_array_length json_object_keys json_tuple schema_of_json to_json
array array_append array_compact array_contains array_distinct array_except array_insert
array_intersect array_join array_max array_min array_position array_prepend array_remove
array_repeat array_union arrays_overlap arrays_zip flatten get sequence shuffle slice sort_array
size explode
rank dense_rank percent_rank ntile row_number cume_dist lag lead nth_value first_value last_value
bigint binary boolean cast date decimal double float int smallint string timestamp tinyint
ilike isnan isnotnull isnull like regexp regexp_like rlike
abs acos acosh asin asinh atan atan2 atanh bin bround cbrt ceil ceiling conv cos cosh cot csc
degrees e exp expm1 factorial floor greatest hex hypot least ln log log10 log1p log2 mod negative
pi pmod positive pow power radians rand randn random rint round sec shiftleft sign signum sin sinh
sqrt tan tanh try_add try_divide try_multiply try_subtract unhex width_bucket
count sum avg min max percentile_cont percentile_disc
"""
#: Not there, and why.
MISSING = {
    **dict.fromkeys(("rand", "randn", "random"), "an answer would differ each time"),
    "session_window": "windows of changing length",
    "window_time": "window_end is there",
}
#: What has a form of its own in the reader of SQL.
FORMS = {"cast", "extract", "trim", "json_tuple", "explode", "percentile_disc", *WINDOWS}


def test_every_listed_function_of_sql_is_there_or_said_to_be_missing():
    there = {*FUNCTIONS, *AGGREGATES, *WINDOW_ONLY, *FORMS}
    listed = set(SQL_FUNCTIONS.split())
    assert listed - there == set(MISSING)
    for name in MISSING:
        with pytest.raises(ql.QueryError, match=f"there is no function {name}"):
            languages.run(sql.parse(f"SELECT {name}(a) FROM g"), lambda *_: table([]), MOMENT)


PPL_FUNCTIONS = """
concat concat_ws length lower ltrim position reverse right rtrim substring trim upper
day dayofmonth day_of_month dayofweek day_of_week dayofyear day_of_year dayname from_unixtime hour
hour_of_day last_day localtimestamp localtime make_date minute minute_of_hour month monthname
month_of_year now quarter second second_of_minute subdate sysdate timestamp unix_timestamp week
weekday week_of_year date_add date_sub timestampadd timestampdiff utc_timestamp current_timezone
adddate date date_format datediff current_date
if ifnull isnotnull isnull nullif
abs acos asin atan atan2 ceil ceiling conv cos cot crc32 degrees e exp floor ln log log2 log10 mod
pi pow power radians round sign sin sqrt cbrt
cidrmatch array_length json json_array json_extract json_keys json_object json_valid to_json_string
md5 sha1 sha2 like
"""


def test_every_listed_function_of_ppl_is_there():
    assert set(PPL_FUNCTIONS.split()) - set(FUNCTIONS) == set()


PPL_COMMANDS = [
    "fields s, n", "where s = 'Feathers' | where n != 4 | fields s | head 1000",
    "stats count(), count(`n`), min(`n`), max(`n`), avg(`n`) by s | head 1000",
    "parse `s` 'F(?<rest>.+)' | where rest = 'eathers' | fields rest",
    "stats min(`n`) as low by s | sort -low | head 1000",
    "eval m = `n` * 2 | fields n, m | head 20",
    "rename n as m | fields m", "fields `@message` | head 20",
    "grok s '.%{WORD:rest}' | fields rest", "top 2 s by n", "dedup s | fields s, n",
    "join left=l, right=r ON l.s = r.s orders | head 10", "rare s by n",
    "where n in [ source=users | where s = 'Feathers' | fields n ]",
    "trendline sma(1, n) as t", "eventstats sum(n) by s", "flatten nn as (a, b)",
    "where n != 200 | fieldsummary includefields=n nulls=true",
    "fields n | eval m = n | fillnull value=0 m", "expand l | stats max(l) as m by s",
    "source=g | top s // the most", "source=g | dedup 2 s /* two */ | fields s",
]  # fmt: skip


@pytest.mark.parametrize("text", PPL_COMMANDS)
def test_every_listed_command_of_ppl_runs(text):
    found = languages.run(ppl.parse(text), lambda *_: table([LINE]), MOMENT)
    assert len(found.rows) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT transform(l, x -> x + 1) FROM g", "a function of x -> ... is not taken"),
        ("SELECT exists(l, x -> x > 1) FROM g", "a function of x -> ... is not taken"),
        ("SELECT map('a', s) FROM g", "there is no function map"),
        ("WITH t AS (SELECT s FROM g) SELECT s FROM t", "WITH is not taken"),
        ("SELECT s FROM g LATERAL VIEW explode(l) t AS x", "LATERAL VIEW is not taken"),
        ("SELECT @message FROM g", "@message stands in backticks"),
        ("SELECT s, count(*) FROM g GROUP BY CUBE(s, n, x, v, d, f, e)", "128 sets of keys"),
        ("SELECT sum(n) OVER w FROM g", "there is no window w"),
        ("SELECT FROM `g`", "SELECT names what it shows"),
    ],
)
def test_what_cloudwatch_logs_does_not_take(text, said):
    with pytest.raises(ql.QueryError, match=said):
        languages.run(sql.parse(text), lambda *_: table([LINE]), MOMENT)


@pytest.mark.parametrize("word", ["patterns s", "lookup t s", "describe g", "correlate exact"])
def test_what_the_guide_lists_for_other_stores_is_refused(word):
    with pytest.raises(ql.QueryError) as told:
        ppl.parse(f"source=g | {word}")
    assert told.value.start == 11
