"""What the guide lists of OpenSearch SQL beside the usual: formats, encodings, parts of dates.

Source: OpenSearch Service developer guide, "Supported OpenSearch SQL commands and functions": the
string, date, conversion, predicate and mathematical functions. What they do is Spark's.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from labkit.logs.engine.opensearch.rows import Table, add

CONVERSIONS: Table = {}
add(
    CONVERSIONS,
    """
    encode, decode | t t | text | {0}
    unhex | t | text | TRY(decode(unhex({0})))
    hex | t | text | coalesce(CASE WHEN lq_num({0}) = trunc(lq_num({0})) THEN upper(to_hex(TRY_CAST(lq_num({0}) AS BIGINT))) END, upper(hex(encode({0}))))
    to_binary, try_to_binary | t | text | TRY(decode(unhex({0})))
    to_binary, try_to_binary | t t | text | CASE lower({1}) WHEN 'hex' THEN TRY(decode(unhex({0}))) WHEN 'utf-8' THEN {0} WHEN 'utf8' THEN {0} WHEN 'base64' THEN TRY(decode(from_base64({0}))) END
    levenshtein | t t n | num | CASE WHEN levenshtein({0}, {1}) > {2} THEN -1 ELSE levenshtein({0}, {1}) END
    luhn_check | t | bool | os_luhn({0})
    sentences | t | json | CAST(os_sentences({0}) AS JSON)
    soundex | t | text | os_soundex({0})
    to_char, to_varchar | n t | text | os_to_char({0}, {1})
    to_number, try_to_number | t t | num | os_to_number({0}, {1})
    isnan | t | bool | coalesce(lower({0}) = 'nan', FALSE)
    nanvl | n n | num | coalesce({0}, {1})
    bin | n | text | bin(TRY_CAST(trunc({0}) AS BIGINT))
    bround | n n | num | round_even({0}, CAST(least(greatest({1}, -15), 15) AS INTEGER))
    ceil, ceiling | n n | num | ceil({0} * pow(10, {1})) / pow(10, {1})
    floor | n n | num | floor({0} * pow(10, {1})) / pow(10, {1})
    csc | n | num | TRY(1 / sin({0}))
    sec | n | num | TRY(1 / cos({0}))
    factorial | n | num | CASE WHEN {0} BETWEEN 0 AND 20 THEN factorial(CAST({0} AS INTEGER)) END
    shiftleft | n n | num | CASE WHEN {1} BETWEEN 0 AND 62 THEN TRY(CAST({0} AS HUGEINT) * CAST(pow(2, {1}) AS HUGEINT)) END
    try_add | n n | num | {0} + {1}
    try_subtract | n n | num | {0} - {1}
    try_multiply | n n | num | {0} * {1}
    try_divide | n n | num | {0} / nullif({1}, 0)
    width_bucket | n n n n | num | os_bucket({0}, {1}, {2}, {3})
    bigint, int, smallint, tinyint | n | num | trunc({0})
    double, float, decimal | n | num | {0}
    string, binary | t | text | {0}
    boolean | t | bool | CASE WHEN lower({0}) IN ('true', 't', '1', 'yes', 'y') THEN TRUE WHEN lower({0}) IN ('false', 'f', '0', 'no', 'n') THEN FALSE END
    schema_of_json | t | text | os_schema({0})
    """,  # noqa: E501
)  # fmt: skip
add(
    CONVERSIONS,
    """
    convert_timezone | t m | time | os_to_zone({1}, {0})
    convert_timezone | t t m | time | os_to_zone(os_from_zone({2}, {0}), {1})
    date_from_unix_date | i | text | os_date({0} * 86400000)
    make_timestamp_ltz, make_timestamp_ntz | i i i i i n | time | epoch_ms(TRY(make_timestamp({all})))
    make_timestamp, make_timestamp_ltz | i i i i i n t | time | os_from_zone(epoch_ms(TRY(make_timestamp({0}, {1}, {2}, {3}, {4}, {5}))), {6})
    months_between | m m | num | os_months(CAST({0} AS DOUBLE), CAST({1} AS DOUBLE), 1.0)
    months_between | m m b | num | os_months(CAST({0} AS DOUBLE), CAST({1} AS DOUBLE), CASE WHEN {2} THEN 1.0 ELSE 0.0 END)
    next_day | m t | text | os_next_day(CAST({0} AS DOUBLE), {1})
    to_timestamp_ltz, to_timestamp_ntz, try_to_timestamp | m | time | {0}
    to_timestamp_ltz, to_timestamp_ntz, try_to_timestamp | t t | time | lq_parse_date({0}, {1}, 'UTC')
    """,  # noqa: E501
    plain=True,
)  # fmt: skip

MACROS = (
    r"""CREATE MACRO os_bucket(v, low, high, n) AS
        CASE WHEN n < 1 OR low = high THEN NULL
             WHEN low < high AND v < low OR low > high AND v > low THEN 0
             WHEN low < high AND v >= high OR low > high AND v <= high THEN n + 1
             ELSE floor((v - low) * n / (high - low)) + 1 END""",
)


def _luhn(text: str) -> bool:
    if not re.fullmatch(r"[0-9]+", text):
        return False
    digits = [int(one) for one in reversed(text)]
    doubled = [n * 2 - 9 if n > 4 else n * 2 for n in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _soundex(text: str) -> str:
    codes = {letter: str(n) for n, group in enumerate(
        ("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in group}  # fmt: skip
    word = text.upper()
    if not word[:1].isascii() or not word[:1].isalpha():
        return text
    out, last = word[0], codes.get(word[0], "")
    for letter in word[1:]:
        code = codes.get(letter, "")
        if code and code != last:
            out += code
        if letter not in "HW":
            last = code
    return (out + "000")[:4]


def _sentences(text: str) -> str:
    parts = [re.findall(r"[\w']+", one) for one in re.split(r"[.!?]+(?:\s+|$)", text)]
    return json.dumps([words for words in parts if words], separators=(",", ":"))


#: What stands in a number's format: digits and marks, with a currency before and a sign around.
_FORM = re.compile(r"(S|MI)?(\$)?([09GD.,]+)(S|MI|PR)?", re.IGNORECASE)


def _form(text: str) -> tuple[str, int, bool, str] | None:
    """Digits before the point, how many behind it, whether $ stands before, and the sign."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[3].upper().replace("D", ".").replace("G", ",")
    if digits.count(".") > 1:
        return None
    whole, _, part = digits.partition(".")
    sign = "before" if found[1] else (found[4] or "").upper()
    return whole, len(part), bool(found[2]), sign


def _to_char(number: float, form: str) -> str | None:
    told = _form(form)
    if told is None:
        return None
    whole, behind, money, sign = told
    text = f"{abs(number):.{behind}f}"
    digits, _, part = text.partition(".")
    room = whole.replace(",", "")
    if len(digits) > len(room):
        # Spark fills a number that does not fit.
        return "#" * (len(whole) + (behind + 1 if behind else 0))
    digits = digits.rjust(len(room), "0" if room.startswith("0") else " ")
    out, left = "", list(digits)
    for mark in whole:
        if mark == ",":
            out += "," if out.strip() else " "
        else:
            out += left.pop(0)
    out = out.lstrip() if money else out
    out = ("$" if money else "") + out + ("." + part if behind else "")
    minus = number < 0
    if sign == "before" or (minus and not sign):
        return ("-" if minus else "+" if sign else "") + out.strip()
    if sign in ("S", "MI"):
        return out + ("-" if minus else "+" if sign == "S" else " ")
    if sign == "PR":
        return f"<{out.strip()}>" if minus else out
    return out


def _to_number(text: str, form: str) -> float | None:
    told = _form(form)
    if told is None:
        return None
    whole, behind, money, sign = told
    left = text.strip()
    minus = "-" in left or (sign == "PR" and left.startswith("<"))
    left = left.strip("+-<> ")
    if money and not left.startswith("$"):
        return None
    left = left.removeprefix("$")
    digits, _, part = left.partition(".")
    room = whole.replace(",", "")
    plain = digits.replace(",", "")
    groups = [len(one) for one in digits.split(",")[1:]]
    if not plain.isdigit() or (part and not part.isdigit()):
        return None
    wanted = [len(one) for one in whole.split(",")[1:]]
    if (
        len(plain) > len(room)
        or len(part) > behind
        or groups != wanted[len(wanted) - len(groups) :]
    ):
        return None
    number = float(f"{plain}.{part or 0}")
    return -number if minus else number


def _months(first: float, second: float, rounded: float) -> float | None:
    try:
        one, two = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (first, second))
    except (OverflowError, OSError, ValueError):
        return None
    months = (one.year - two.year) * 12 + one.month - two.month
    ends = [at.day == calendar.monthrange(at.year, at.month)[1] for at in (one, two)]
    if one.day == two.day or all(ends):
        return float(months)
    seconds = [at.day * 86400 + at.hour * 3600 + at.minute * 60 + at.second for at in (one, two)]
    told = months + (seconds[0] - seconds[1]) / (31 * 86400)
    return round(told, 8) if rounded else told


def _next_day(ms: float, name: str) -> str | None:
    days = ("mo", "tu", "we", "th", "fr", "sa", "su")
    low = name.strip().lower()
    names = [day.lower() for day in calendar.day_name]
    place = next((n for n, day in enumerate(days) if low in (day, names[n][:3], names[n])), None)
    if place is None:
        return None
    try:
        at = date.fromordinal(719163 + int(ms // 86_400_000))
        return str(at + timedelta(days=(place - at.weekday() - 1) % 7 + 1))
    except (OverflowError, ValueError):
        return None


def _schema(text: str) -> str | None:
    try:
        return _ddl(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _ddl(value: Any) -> str:
    if isinstance(value, dict):
        told = ", ".join(f"{key}: {_ddl(value[key])}" for key in sorted(value))
        return f"STRUCT<{told}>"
    if isinstance(value, list):
        kinds = {_ddl(one) for one in value}
        return f"ARRAY<{kinds.pop() if len(kinds) == 1 else 'STRING'}>"
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT"
    return "DOUBLE" if isinstance(value, float) else "STRING"


UDFS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "os_luhn": (_luhn, ("VARCHAR",), "BOOLEAN"),
    "os_soundex": (_soundex, ("VARCHAR",), "VARCHAR"),
    "os_sentences": (_sentences, ("VARCHAR",), "VARCHAR"),
    "os_to_char": (_to_char, ("DOUBLE", "VARCHAR"), "VARCHAR"),
    "os_to_number": (_to_number, ("VARCHAR", "VARCHAR"), "DOUBLE"),
    "os_months": (_months, ("DOUBLE", "DOUBLE", "DOUBLE"), "DOUBLE"),
    "os_next_day": (_next_day, ("DOUBLE", "VARCHAR"), "VARCHAR"),
    "os_schema": (_schema, ("VARCHAR",), "VARCHAR"),
}
