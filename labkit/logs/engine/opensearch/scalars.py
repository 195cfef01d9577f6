"""The functions of values that OpenSearch SQL and PPL have for CloudWatch Logs.

Sources: OpenSearch Service developer guide, "Supported OpenSearch SQL commands and functions" and
"Supported PPL commands" (string, date, conditional, mathematical, JSON, array and hash functions);
what they do is Spark's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labkit.logs.engine import linear_regexes
from labkit.logs.engine.opensearch.conversions import CONVERSIONS
from labkit.logs.engine.opensearch.lists import LISTS
from labkit.logs.engine.opensearch.rows import (
    MANY,
    Build,
    Function,
    Table,
    WrongValue,
    add,
    as_json,
    as_member,
    as_text,
    as_time,
    unit_of,
)
from labkit.logs.engine.ql.values import Value, quoted

FUNCTIONS: Table = {}

# ---- texts
add(
    FUNCTIONS,
    r"""
    ascii | t | num | ascii({0})
    base64 | t | text | base64(encode({0}))
    unbase64 | t | text | TRY(decode(from_base64({0})))
    bit_length | t | num | bit_length({0})
    octet_length | t | num | strlen({0})
    char_length, character_length, len, length | t | num | length({0})
    char, chr | n | text | chr(CAST({0} AS BIGINT)::INTEGER % 256)
    concat | t t* | text | {joined}
    concat | t | text | {0}
    concat_ws | t t* | text | concat_ws({all})
    contains | t t | bool | contains({0}, {1})
    startswith | t t | bool | starts_with({0}, {1})
    endswith | t t | bool | ends_with({0}, {1})
    elt | n t* | text | list_extract([{rest}], TRY_CAST({0} AS BIGINT))
    find_in_set | t t | num | coalesce(list_position(string_split({1}, ','), {0}), 0)
    initcap | t | text | os_initcap({0})
    instr | t t | num | strpos({0}, {1})
    locate, position | t t | num | strpos({1}, {0})
    locate, position | t t i | num | os_locate({0}, {1}, {2})
    lcase, lower | t | text | lower({0})
    ucase, upper | t | text | upper({0})
    left | t n | text | left({0}, os_many({1}))
    right | t n | text | right({0}, os_many({1}))
    levenshtein | t t | num | levenshtein({0}, {1})
    lpad | t n | text | lpad({0}, os_many({1})::INTEGER, ' ')
    lpad | t n t | text | CASE WHEN {2} <> '' THEN lpad({0}, os_many({1})::INTEGER, {2}) END
    rpad | t n | text | rpad({0}, os_many({1})::INTEGER, ' ')
    rpad | t n t | text | CASE WHEN {2} <> '' THEN rpad({0}, os_many({1})::INTEGER, {2}) END
    ltrim | t | text | ltrim({0})
    rtrim | t | text | rtrim({0})
    trim, btrim | t | text | trim({0})
    trim, btrim | t t | text | trim({0}, {1})
    mask | t | text | os_mask({0})
    overlay | t t i | text | substring({0}, 1, {2} - 1) || {1} || substring({0}, {2} + length({1}))
    overlay | t t i i | text | substring({0}, 1, {2} - 1) || {1} || substring({0}, {2} + {3})
    repeat | t n | text | os_repeat({0}, {1})
    replace | t t | text | replace({0}, {1}, '')
    replace | t t t | text | os_replace({0}, {1}, {2})
    reverse | t | text | reverse({0})
    space | n | text | repeat(' ', os_many({0}))
    split_part | t t i | text | CASE WHEN {2} <> 0 THEN split_part({0}, {1}, {2}) END
    substr, substring | t i | text | os_substring({0}, {1})
    substr, substring | t i i | text | os_substr({0}, {1}, {2})
    translate | t t t | text | translate({0}, {1}, {2})
    md5 | t | text | md5({0})
    sha, sha1 | t | text | sha1({0})
    sha2 | t n | text | os_sha2({0}, {1})
    crc32 | t | num | os_crc32({0})
    like | t t | bool | {0} LIKE {1} ESCAPE '\'
    ilike | t t | bool | {0} ILIKE {1} ESCAPE '\'
    cidrmatch | t t | bool | lq_in_subnet({0}, {1})
    """,
)  # fmt: skip

# ---- numbers
add(
    FUNCTIONS,
    """
    abs | n | num | abs({0})
    acos | n | num | TRY(acos({0}))
    acosh | n | num | TRY(acosh({0}))
    asin | n | num | TRY(asin({0}))
    asinh | n | num | asinh({0})
    atan | n | num | atan({0})
    atan2 | n n | num | atan2({0}, {1})
    atanh | n | num | TRY(atanh({0}))
    cbrt | n | num | cbrt({0})
    ceil, ceiling | n | num | ceil({0})
    cos | n | num | cos({0})
    cosh | n | num | cosh({0})
    cot | n | num | TRY(cot({0}))
    degrees | n | num | degrees({0})
    exp | n | num | exp({0})
    expm1 | n | num | exp({0}) - 1
    floor | n | num | floor({0})
    greatest | n n* | num | greatest({all})
    least | n n* | num | least({all})
    hypot | n n | num | sqrt({0} * {0} + {1} * {1})
    ln, log | n | num | CASE WHEN {0} > 0 THEN ln({0}) END
    log | n n | num | CASE WHEN {0} > 0 AND {0} <> 1 AND {1} > 0 THEN ln({1}) / ln({0}) END
    log10 | n | num | CASE WHEN {0} > 0 THEN log10({0}) END
    log1p | n | num | CASE WHEN {0} > -1 THEN ln({0} + 1) END
    log2 | n | num | CASE WHEN {0} > 0 THEN log2({0}) END
    mod | n n | num | {0} % nullif({1}, 0)
    pmod | n n | num | (({0} % nullif({1}, 0)) + {1}) % nullif({1}, 0)
    negative | n | num | -{0}
    positive | n | num | {0}
    pow, power | n n | num | pow({0}, {1})
    radians | n | num | radians({0})
    rint, bround | n | num | round_even({0}, 0)
    round | n | num | round({0})
    round | n n | num | lq_round({0}, {1})
    sign, signum | n | num | sign({0})
    sin | n | num | sin({0})
    sinh | n | num | sinh({0})
    sqrt | n | num | CASE WHEN {0} >= 0 THEN sqrt({0}) END
    tan | n | num | tan({0})
    tanh | n | num | tanh({0})
    conv | t n n | text | os_conv({0}, {1}, {2})
    """,
)
add(
    FUNCTIONS,
    """
    e | | num | 2.718281828459045
    pi | | num | pi()
    """,
    plain=True,
)

# ---- times
add(
    FUNCTIONS,
    """
    current_date, curdate | | text | os_date({now})
    current_timestamp, now, localtimestamp, sysdate, utc_timestamp | | time | CAST({now} AS BIGINT)
    current_timezone | | text | 'UTC'
    localtime, current_time, curtime | | text | strftime(os_at({now}), '%H:%M:%S')
    unix_timestamp | | num | floor({now} / 1000)
    unix_timestamp, to_unix_timestamp, unix_seconds | m | num | floor({0} / 1000)
    unix_timestamp, to_unix_timestamp | t t | num | floor(lq_parse_date({0}, {1}, 'UTC') / 1000)
    unix_millis | m | num | {0}
    unix_micros | m | num | {0} * 1000
    unix_date | m | num | floor({0} / 86400000)
    from_unixtime | n | time | lq_millis({0} * 1000)
    from_unixtime | n t | text | lq_format_date({0} * 1000, {1}, 'UTC')
    timestamp_seconds | n | time | lq_millis({0} * 1000)
    timestamp_millis | n | time | lq_millis({0})
    timestamp_micros | n | time | lq_millis({0} / 1000)
    to_date, date | m | text | os_date({0})
    to_date | t t | text | os_date(lq_parse_date({0}, {1}, 'UTC'))
    to_timestamp, timestamp | m | time | {0}
    to_timestamp | t t | time | lq_parse_date({0}, {1}, 'UTC')
    date_format | m t | text | lq_format_date(CAST({0} AS DOUBLE), {1}, 'UTC')
    datediff, date_diff | m m | num | date_diff('day', os_at({1}), os_at({0}))
    datediff, date_diff, timestampdiff | w m m | num | date_sub('{0}', os_at({1}), os_at({2}))
    timestampadd, dateadd, date_add | w i m | time | epoch_ms(os_at({2}) + {1} * INTERVAL 1 {0})
    date_part, datepart, extract | w m | num | date_part('{0}', os_at({1}))
    date_trunc | w m | time | epoch_ms(CAST(date_trunc('{0}', os_at({1})) AS TIMESTAMP))
    trunc | m w | text | os_date(epoch_ms(CAST(date_trunc('{1}', os_at({0})) AS TIMESTAMP)))
    add_months | m i | text | os_date(epoch_ms(os_at({0}) + {1} * INTERVAL 1 month))
    last_day | m | text | strftime(last_day(os_at({0})), '%Y-%m-%d')
    day, dayofmonth, day_of_month | m | num | day(os_at({0}))
    dayofweek, day_of_week | m | num | dayofweek(os_at({0})) + 1
    weekday | m | num | isodow(os_at({0})) - 1
    dayofyear, day_of_year | m | num | dayofyear(os_at({0}))
    dayname | m | text | left(dayname(os_at({0})), 3)
    hour, hour_of_day | m | num | hour(os_at({0}))
    minute, minute_of_hour | m | num | minute(os_at({0}))
    second, second_of_minute | m | num | second(os_at({0}))
    month, month_of_year | m | num | month(os_at({0}))
    monthname | m | text | left(monthname(os_at({0})), 3)
    quarter | m | num | quarter(os_at({0}))
    week, weekofyear, week_of_year | m | num | weekofyear(os_at({0}))
    year | m | num | year(os_at({0}))
    make_date | i i i | text | strftime(TRY(make_date({all})), '%Y-%m-%d')
    make_timestamp | i i i i i n | time | epoch_ms(TRY(make_timestamp({all})))
    from_utc_timestamp | m t | time | os_to_zone({0}, {1})
    to_utc_timestamp | m t | time | os_from_zone({0}, {1})
    """,
    plain=True,
)  # fmt: skip

# ---- JSON and lists
add(
    FUNCTIONS,
    """
    get_json_object, json_extract | j t | text | os_json_text(json_extract({0}, {1}))
    from_json, json | j | json | {0}
    from_json | j t | json | {0}
    to_json, to_json_string | j | text | CAST({0} AS VARCHAR)
    json_array_length, array_length, size, cardinality, array_size | j | num | lq_size({0})
    json_object_keys, json_keys | j | json | os_keys({0})
    json_valid | t | bool | json_valid({0})
    array_contains | j t | bool | lq_contains({0}, {1})
    array_position | j t | num | coalesce(list_position(os_items({0}), {1}), 0)
    element_at | j i | text | list_extract(os_items({0}), {1})
    split | t t | json | CAST(to_json(regexp_split_to_array({0}, {1})) AS JSON)
    regexp_extract_all | t t | json | CAST(to_json(regexp_extract_all({0}, {1})) AS JSON)
    """,
)  # fmt: skip

for _more in (LISTS, CONVERSIONS):
    for _name, _rows in _more.items():
        FUNCTIONS.setdefault(_name, []).extend(_rows)

# ---- conditions
add(
    FUNCTIONS,
    """
    isempty | t | bool | coalesce({0}, '') = ''
    isblank | t | bool | trim(coalesce({0}, '')) = ''
    isnull | t | bool | {0} IS NULL
    isnotnull, ispresent | t | bool | {0} IS NOT NULL
    """,
)


def _built(name: str, fewest: int, most: int, *, plain: bool = False) -> Callable[[Build], Build]:
    def keep(build: Build) -> Build:
        for one in name.split():
            FUNCTIONS.setdefault(one, []).append(Function(one, fewest, most, build, plain))
        return build

    return keep


def alike(values: Sequence[Value]) -> tuple[str, list[str]]:
    """Values that shall be one column: its kind, and the SQL of each. NULL is of every kind."""
    kinds = {value.kind for value in values if value.sql != "NULL"}
    kind = kinds.pop() if len(kinds) == 1 else "text"
    if kind in ("num", "time", "bool", "json"):
        return kind, [value.sql for value in values]
    return "text", [value.sql if value.sql == "NULL" else as_text(value) for value in values]


@_built("if iff", 3, 3)
def _if(values: Sequence[Value], now_ms: int) -> Value:
    kind, (yes, no) = alike(values[1:])
    return Value(f"(CASE WHEN {values[0].condition} THEN {yes} ELSE {no} END)", kind)


@_built("coalesce nvl ifnull", 1, MANY)
def _coalesce(values: Sequence[Value], now_ms: int) -> Value:
    kind, told = alike(values)
    return Value(f"coalesce({', '.join(told)})", kind)


@_built("nvl2", 3, 3)
def _nvl2(values: Sequence[Value], now_ms: int) -> Value:
    kind, (yes, no) = alike(values[1:])
    return Value(f"(CASE WHEN {as_text(values[0])} IS NOT NULL THEN {yes} ELSE {no} END)", kind)


@_built("nullif", 2, 2)
def _nullif(values: Sequence[Value], now_ms: int) -> Value:
    from labkit.logs.engine.opensearch.operators import compared

    kind = values[0].kind
    return Value(
        f"(CASE WHEN {compared('=', *values).sql} THEN NULL ELSE {values[0].sql} END)", kind
    )


def moved(value: Value, by: Value, sign: int) -> Value:
    """A time later or earlier by an interval, or a date by days."""
    plus = "+" if sign > 0 else "-"
    if by.kind == "interval":
        return Value(f"epoch_ms(os_at({as_time(value)}) {plus} {by.sql})", "time")
    days = f"TRY_CAST({by.num} AS BIGINT) * INTERVAL 1 day"
    return Value(f"os_date(epoch_ms(os_at({as_time(value)}) {plus} {days}))", "text")


@_built("date_add adddate dateadd", 2, 2, plain=True)
def _date_add(values: Sequence[Value], now_ms: int) -> Value:
    return moved(values[0], values[1], 1)


@_built("date_sub subdate", 2, 2, plain=True)
def _date_sub(values: Sequence[Value], now_ms: int) -> Value:
    return moved(values[0], values[1], -1)


@_built("array json_array", 0, MANY, plain=True)
def _array(values: Sequence[Value], now_ms: int) -> Value:
    return Value(f"json_array({', '.join(_member(one) for one in values)})", "json")


@_built("json_object named_struct", 2, MANY, plain=True)
def _object(values: Sequence[Value], now_ms: int) -> Value:
    if len(values) % 2:
        raise WrongValue("names and values come in pairs")
    told = [as_text(one) if index % 2 == 0 else _member(one) for index, one in enumerate(values)]
    return Value(f"json_object({', '.join(told)})", "json")


def _member(value: Value) -> str:
    """A value inside JSON: whole numbers without a point."""
    return value.sql if value.kind in ("json", "bool") else as_member(value)


@_built("decode", 3, MANY)
def _decode(values: Sequence[Value], now_ms: int) -> Value:
    """Pairs of what is sought and what stands for it, then what else."""
    from labkit.logs.engine.opensearch.operators import compared

    of, *rest = values
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    other = rest[-1] if len(rest) % 2 else Value("NULL", "text")
    kind, told = alike([*(result for _, result in pairs), other])
    tests = " ".join(
        f"WHEN {compared('=', of, sought).sql} THEN {then}"
        for (sought, _), then in zip(pairs, told, strict=False)
    )
    return Value(f"(CASE {tests} ELSE {told[-1]} END)", kind)


def _lengths(name: str, *units: str) -> None:
    """A function that makes an interval of numbers, a unit each."""

    def build(values: Sequence[Value], now_ms: int) -> Value:
        told = [
            f"TRY_CAST({one.num} * 1000000 AS BIGINT) * INTERVAL 1 microsecond"
            if unit == "second"
            else f"TRY_CAST({one.num} AS BIGINT) * INTERVAL 1 {unit}"
            for one, unit in zip(values, units, strict=False)
        ]
        return Value(f"({' + '.join(told) or 'INTERVAL 0 day'})", "interval")

    _built(name, 0, len(units), plain=True)(build)


_lengths("make_interval", "year", "month", "week", "day", "hour", "minute", "second")
_lengths("make_dt_interval", "day", "hour", "minute", "second")
_lengths("make_ym_interval", "year", "month")


@_built("format_number", 2, 2)
def _format_number(values: Sequence[Value], now_ms: int) -> Value:
    digits = values[1].literal
    if not isinstance(digits, int | float) or not 0 <= digits <= 15:
        raise WrongValue("format_number needs a plain number of digits from 0 to 15")
    return Value(f"format('{{:,.{int(digits)}f}}', {values[0].num})", "text")


@_built("format_string printf", 1, MANY)
def _format_string(values: Sequence[Value], now_ms: int) -> Value:
    form = values[0].literal
    if not isinstance(form, str):
        raise WrongValue("the format is a text in quotes")
    parts, left, given = [], form, list(values[1:])
    while left:
        before, percent, left = left.partition("%")
        parts.append(quoted(before))
        if not percent:
            break
        if left[:1] in ("%", "n"):
            parts.append(quoted("%" if left[0] == "%" else "\n"))
            left = left[1:]
            continue
        width = left[: len(left) - len(left.lstrip("0123456789.,-+ "))]
        kind, left = left[len(width) : len(width) + 1], left[len(width) + 1 :]
        if not given or kind not in ("d", "s", "f", "x", "X", "e") or len(width) > 6:
            raise WrongValue(f"the format %{width}{kind} is not there, or has no value")
        value = given.pop(0)
        told = {"s": as_text(value), "f": value.num, "e": value.num}.get(
            kind, f"CAST({value.num} AS BIGINT)"
        )
        parts.append(f"printf({quoted('%' + width.replace(',', '') + kind)}, {told})")
    return Value(f"({' || '.join(parts)})", "text")


@_built("substring_index", 3, 3)
def _substring_index(values: Sequence[Value], now_ms: int) -> Value:
    count = values[2].literal
    if not isinstance(count, int | float):
        raise WrongValue("substring_index needs a plain number")
    if not isinstance(values[1].literal, str):
        raise WrongValue("what stands between is a text in quotes")
    pieces = f"string_split({as_text(values[0])}, {as_text(values[1])})"
    cut = f"1, {int(count)}" if count > 0 else f"{int(count)}, -1"
    if not count:
        return Value(f"(CASE WHEN {as_text(values[0])} IS NOT NULL THEN '' END)", "text")
    return Value(f"array_to_string(list_slice({pieces}, {cut}), {as_text(values[1])})", "text")


def expression(value: Value) -> str:
    """A regular expression in quotes that RE2 takes."""
    if not isinstance(value.literal, str):
        raise WrongValue("the regular expression is a text in quotes")
    try:
        linear_regexes.compiled(value.literal)
    except linear_regexes.BadRegex as bad:
        raise WrongValue(f"the regular expression is not valid: {bad}") from None
    return value.literal


@_built("regexp rlike regexp_like", 2, 2)
def _rlike(values: Sequence[Value], now_ms: int) -> Value:
    return Value(
        f"regexp_matches({as_text(values[0])}, {quoted(expression(values[1]))})", "bool"
    )  # fmt: skip


@_built("regexp_extract", 2, 3)
def _regexp_extract(values: Sequence[Value], now_ms: int) -> Value:
    import re2

    pattern = expression(values[1])
    place = values[2].literal if len(values) > 2 else 1
    groups = re2.compile(pattern).groups
    if not isinstance(place, int | float) or not 0 <= place <= min(9, groups):
        raise WrongValue(f"the expression has {groups} groups; regexp_extract takes the first one")
    return Value(
        f"regexp_extract({as_text(values[0])}, {quoted(pattern)}, {int(place)})", "text"
    )  # fmt: skip


@_built("regexp_substr", 2, 2)
def _regexp_substr(values: Sequence[Value], now_ms: int) -> Value:
    found = f"regexp_extract({as_text(values[0])}, {quoted(expression(values[1]))}, 0)"
    return Value(f"nullif({found}, '')", "text")


@_built("regexp_instr", 2, 2)
def _regexp_instr(values: Sequence[Value], now_ms: int) -> Value:
    text = as_text(values[0])
    found = f"regexp_extract({text}, {quoted(expression(values[1]))}, 0)"
    return Value(f"CAST(CASE WHEN {found} = '' THEN 0 ELSE strpos({text}, {found}) END AS DOUBLE)",
                 "num")  # fmt: skip


@_built("regexp_count", 2, 2)
def _regexp_count(values: Sequence[Value], now_ms: int) -> Value:
    found = f"regexp_extract_all({as_text(values[0])}, {quoted(expression(values[1]))})"
    return Value(f"CAST(len({found}) AS DOUBLE)", "num")


@_built("regexp_replace", 3, 3)
def _regexp_replace(values: Sequence[Value], now_ms: int) -> Value:
    by = values[2].literal
    if not isinstance(by, str):
        raise WrongValue("what is put in is a text in quotes")
    # Java's $1 is RE2's \1.
    told = by.replace("\\", "\\\\")
    for digit in "0123456789":
        told = told.replace("$" + digit, "\\" + digit)
    pattern = quoted(expression(values[1]))
    return Value(
        f"regexp_replace({as_text(values[0])}, {pattern}, {quoted(told)}, 'g')", "text"
    )  # fmt: skip


def interval(count: float, unit: str) -> Value:
    """``INTERVAL 5 MINUTES`` as a value of its own kind.

    Raises
    ------
    WrongValue
        For a unit that there is not.
    """
    word = unit_of(unit)
    if word in ("dow", "doy", "epoch"):
        raise WrongValue(f"there is no unit of time {unit}")
    return Value(f"({count!r} * INTERVAL 1 {word})", "interval")


__all__ = ["FUNCTIONS", "alike", "as_json", "as_text", "as_time", "expression", "interval", "moved"]
