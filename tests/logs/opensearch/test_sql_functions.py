"""The functions of OpenSearch SQL by the values that Spark's documentation shows."""

import pytest
from loglines import MOMENT, table

from labkit.logs.engine import languages, sql
from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.scalars import FUNCTIONS

pytest.importorskip("pyarrow")

LINE = {
    "s": "Feathers", "p": "   SparkSQL   ", "sql": "Spark SQL", "csv": "abc,b,ab,c,def",
    "n": 3, "x": -1.5, "big": 12332.123456, "no": None, "t": "2016-07-30 10:20:30",
    "d": "2009-07-30", "l": [1, 2, 3], "o": {"a": {"b": "c"}}, "bad": "x{", "zero": 0,
    "url": "www.apache.org", "mix": "100-200",
}  # fmt: skip

ROWS = """
ascii(s) = 70
base64(s) = RmVhdGhlcnM=
unbase64(concat('U3BhcmsgU1FM', left(s, 0))) = Spark SQL
bit_length(s) = 64
btrim(p) = SparkSQL
char(n + 62) = A
char_length(sql) = 9
concat(s, '-', n) = Feathers-3
concat_ws(' ', s, no, n) = Feathers 3
contains(sql, 'Spark') = true
startswith(sql, 'SQL') = false
endswith(sql, 'SQL') = true
elt(n, 'a', 'b', 'c') = c
find_in_set('ab', csv) = 3
format_number(big, 4) = 12,332.1235
format_string('%s has %d, %.1f', s, n, x) = Feathers has 3, -1.5
initcap(lower(sql)) = Spark Sql
instr(sql, 'SQL') = 7
lcase(s) = feathers
ucase(s) = FEATHERS
left(sql, 3) = Spa
right(sql, 3) = SQL
levenshtein(s, 'Feather') = 1
locate('t', s) = 4
locate('e', s, 3) = 6
lpad(n, 5, '??') = ????3
length(rpad(n, 3)) = 3
mask(concat(s, n)) = Xxxxxxxxn
overlay(sql, '_', 6) = Spark_SQL
regexp_count(mix, '(\\\\d+)') = 2
regexp_extract(mix, '(\\\\d+)-(\\\\d+)', 2) = 200
regexp_replace(mix, '(\\\\d+)', 'num') = num-num
regexp_substr(mix, '[0-9]+$') = 200
regexp_instr(url, 'a') = 5
mix rlike '^1' = true
repeat(n, 2) = 33
replace(sql, 'S', 's') = spark sQL
reverse(sql) = LQS krapS
split(csv, ',') = ["abc","b","ab","c","def"]
split_part(url, '.', 2) = apache
substr(sql, 5) = k SQL
substring(sql, -3) = SQL
substring(sql, 5, 1) = k
substring_index(url, '.', 2) = www.apache
substring_index(url, '.', -1) = org
translate(s, 'eth', 'EXY') = FEaXYErs
trim(p) = SparkSQL
trim(BOTH 'F' FROM s) = eathers
length(trim(LEADING FROM p)) = 11
md5(concat('Spark', left(s, 0))) = 8cde774d6f7333752ed72cacddb05126
sha1(concat('Spark', left(s, 0))) = 85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c
length(sha2(s, 512)) = 128
crc32(concat('Spark', left(s, 0))) = 1557323817
abs(x) = 1.5
ceil(x) = -1
floor(x) = -2
round(big, 1) = 12332.1
sqrt(n + 1) = 2
pow(n, 2) = 9
mod(n, 2) = 1
log10(n + 97) = 2
log(2, n + 5) = 3
ln(zero) = NULL
sqrt(x) = NULL
acos(n) = NULL
sign(x) = -1
greatest(n, x, 10) = 10
least(n, x) = -1.5
conv('ff', 16, n + 7) = 255
n DIV 2 = 1
n / 2 = 1.5
if(n > 2, 'many', 'few') = many
coalesce(no, s) = Feathers
ifnull(no, 'none') = none
nvl2(no, 'a', 'b') = b
nullif(n, 3) = NULL
isnull(no) = true
isnotnull(s) = true
no <=> no = true
cast(x as int) = -1
cast(n as string) = 3
cast(s as int) = NULL
cast('true' as boolean) and n > 0 = true
date_add(d, 1) = 2009-07-31
date_sub(d, 1) = 2009-07-29
datediff(d, '2009-07-31') = -1
date_format(t, 'yyyy/MM') = 2016/07
date_trunc('HOUR', t) = 2016-07-30 10:00:00.000
trunc(d, 'MM') = 2009-07-01
to_date(t) = 2016-07-30
to_date('30.07.2016', 'dd.MM.yyyy') = 2016-07-30
to_timestamp(t) = 2016-07-30 10:20:30.000
unix_timestamp(t) = 1469874030
from_unixtime(n) = 1970-01-01 00:00:03.000
year(t) = 2016
month(d) = 7
day(d) = 30
hour(t) = 10
minute(t) = 20
second(t) = 30
dayofweek(d) = 5
weekday(d) = 3
dayofyear(d) = 211
weekofyear(d) = 31
quarter(d) = 3
last_day(d) = 2009-07-31
add_months(d, 1) = 2009-08-30
extract(YEAR FROM t) = 2016
timestampadd(MONTH, 1, d) = 2009-08-30 00:00:00.000
timestampdiff(DAY, d, t) = 2557
make_date(2013, 7, 15) = 2013-07-15
from_utc_timestamp(t, 'Asia/Seoul') = 2016-07-30 19:20:30.000
to_utc_timestamp(t, 'Asia/Seoul') = 2016-07-30 01:20:30.000
now() = 2023-11-14 23:13:20.000
current_date() = 2023-11-14
year(bad) = NULL
get_json_object(o, '$.a.b') = c
get_json_object(`@message`, '$.l[1]') = 2
to_json(o) = {"a":{"b":"c"}}
json_array_length(l) = 3
json_object_keys(o) = ["a"]
size(l) = 3
array_contains(l, 2) = true
array_max(l) = 3
array_join(l, '-') = 1-2-3
element_at(l, 2) = 2
l[0] = 1
size(array(n, x)) = 2
json_valid(bad) = false
json_object('k', n + 0) = {"k":3}
"""


CASES = [line.rpartition(" = ")[::2] for line in ROWS.strip().splitlines()]
#: Functions of one query.
_AT_ONCE = 20


def answers(expressions, lines):
    query = sql.parse(f"SELECT {', '.join(expressions)} FROM g")
    return languages.run(query, lambda *_: table(lines), MOMENT).rows[0]


@pytest.mark.parametrize("first", range(0, len(CASES), _AT_ONCE))
def test_functions(first):
    asked = CASES[first : first + _AT_ONCE]
    found = answers([expression for expression, _ in asked], [LINE])
    told = {e: "NULL" if v is None else v for (e, _), v in zip(asked, found, strict=True)}
    assert told == dict(asked)


AGGREGATED = """
count(DISTINCT a) = 2
sum(n) = 10
sum(DISTINCT n) = 10
avg(n) = 2.5
stddev_pop(n) = 1.118
stddev(n) = 1.291
variance(n) = 1.6667
median(n) = 2.5
percentile(n, 0.5) = 2.5
approx_count_distinct(a) = 2
mode(a) = x
min(a) = x
max(n) = 4
first(n) = 1
last(n) = 3
max_by(a, n) = y
min_by(a, n) = y
collect_set(a) = ["x","y"]
count_if(n > 2) = 2
bool_or(n > 3) = true
every(n > 3) = false
corr(n, n) = 1
sum(n) / count(*) = 2.5
"""


def test_aggregates():
    asked = [line.rsplit(" = ", 1) for line in AGGREGATED.strip().splitlines()]
    lines = [{"a": "x", "n": 3}, {"a": "y", "n": 4}, {"a": "x", "n": 2}, {"a": "y", "n": 1}]
    found = answers([expression for expression, _ in asked], lines)
    assert {e: v for (e, _), v in zip(asked, found, strict=True)} == dict(asked)


def test_every_function_runs_over_no_events():
    """Each row of the tables is SQL that duckdb takes."""
    known = {
        "format_number": "a, 2", "format_string": "'%s', a", "printf": "'%s', a",
        "substring_index": "a, ',', 2", "regexp_extract": "a, 'x(y)'", "trunc": "a, 'MM'",
        "regexp_replace": "a, 'x', 'y'", "get_json_object": "a, '$.b'",
        "json_extract": "a, '$.b'", "array_join": "a, '-'", "split": "a, 'x'", "extract": "",
        **dict.fromkeys(("regexp", "rlike", "regexp_like", "regexp_substr", "regexp_instr",
                         "regexp_count", "regexp_extract_all"), "a, 'x'"),
    }  # fmt: skip
    units = {"timestampadd", "timestampdiff", "dateadd", "date_part", "datepart", "date_trunc"}
    told = ["extract(DAY FROM a)"]
    for name, rows in FUNCTIONS.items():
        for row in rows:
            args = known.get(name, ", ".join("abcdef"[: row.fewest]))
            if name in units or (name in ("datediff", "date_diff", "date_add") and row.fewest == 3):
                args = ", ".join(["'DAY'", *"abc"[: row.fewest - 1]])
            # Operators and words of SQL; and an interval is no column.
            if name not in ("like", "ilike", "if", "extract") and "interval" not in name:
                told.append(f"{name}({args})")
    for place in range(0, len(told), 40):
        query = f"SELECT {', '.join(told[place : place + 40])} FROM g"
        languages.run(sql.parse(query), lambda *_: table([]), MOMENT)


def test_every_aggregate_runs_over_no_events():
    told = []
    for name, one in AGGREGATES.items():
        args = ", ".join("ab"[: one.fewest]) if one.fewest else "*"
        if name not in ("some", "any", "list", "values"):  # words of PPL
            told.append(f"{name}({'a, 0.5' if 'percentile' in name else args})")
    languages.run(sql.parse(f"SELECT {', '.join(told)} FROM g"), lambda *_: table([]), MOMENT)
