"""The functions of Logs Insights: one row each, with how many values it takes and its SQL.

Names are looked up without regard to case, as AWS does. Source: user guide,
CWL_QuerySyntax-operations-functions and the pages of hashing and JSON functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.logs.engine.ql.periods import Floor, floored
from labkit.logs.engine.ql.values import Value

Build = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Function:
    """A row: the name as the guide writes it, the fewest and the most values, and the SQL."""

    name: str
    fewest: int
    most: int
    build: Build
    usage: str


FUNCTIONS: dict[str, Function] = {}


def _add(usage: str, build: Build, *, most: int | None = None, fewest: int | None = None) -> None:
    name, _, inside = usage.partition("(")
    listed = [part for part in inside.rstrip(")").split(",") if part.strip()]
    needed = len([part for part in listed if "[" not in part and "..." not in part])
    FUNCTIONS[name.lower()] = Function(
        name,
        needed if fewest is None else fewest,
        len(listed) if most is None else most,
        build,
        usage,
    )


def _num(sql: str) -> Value:
    return Value(sql, "num")


def _text(sql: str) -> Value:
    return Value(sql, "text")


def _bool(sql: str) -> Value:
    return Value(sql, "bool")


def _finite(sql: str) -> Value:
    """A number, or nothing where arithmetic has no answer."""
    return Value(f"lq_finite({sql})", "num")


MANY = 10_000

# ---- numbers
_add("abs(a)", lambda a: _num(f"abs({a.num})"))
_add("ceil(a)", lambda a: _num(f"ceil({a.num})"))
_add("floor(a)", lambda a: _num(f"floor({a.num})"))
_add("greatest(a, ...)", lambda *a: _num(f"greatest({', '.join(v.num for v in a)})"), most=MANY)
_add("least(a, ...)", lambda *a: _num(f"least({', '.join(v.num for v in a)})"), most=MANY)
_add("log(a)", lambda a: _num(f"CASE WHEN {a.num} > 0 THEN ln({a.num}) END"))
_add("sqrt(a)", lambda a: _num(f"CASE WHEN {a.num} >= 0 THEN sqrt({a.num}) END"))


def _round(a: Value, digits: Value | None = None) -> Value:
    if digits is None:
        return _num(f"round({a.num})")
    return _num(f"lq_round({a.num}, CAST({digits.num} AS INTEGER))")


_add("round(a, [digits])", _round)
_add(
    "haversine(lat1, lon1, lat2, lon2)",
    lambda a, b, c, d: _num(f"lq_haversine({a.num}, {b.num}, {c.num}, {d.num})"),
)
for _name in ("toNumber", "toDouble"):
    _add(f"{_name}(a)", lambda a: _num(a.num))
for _name in ("toInt", "toLong"):
    _add(f"{_name}(a)", lambda a: _num(f"trunc({a.num})"))


# ---- time
def _floor(value: Value, period: Floor) -> Value:
    return Value(floored(value.num, period), "time")


def _ceil(value: Value, period: Floor) -> Value:
    return Value(floored(value.num, period, up=True), "time")


_add("datefloor(t, period)", _floor)
_add("dateceil(t, period)", _ceil)
_add("fromMillis(n)", lambda a: Value(f"lq_millis({a.num})", "time"))
_add("toMillis(t)", lambda a: _num(a.num))


def _parse_date(a: Value, pattern: Value, zone: Value | None = None) -> Value:
    where = zone.text if zone else "'UTC'"
    return Value(f"lq_parse_date({a.text}, {pattern.text}, {where})", "time")


def _format_date(a: Value, pattern: Value, zone: Value | None = None) -> Value:
    where = zone.text if zone else "'UTC'"
    return _text(f"lq_format_date({a.num}, {pattern.text}, {where})")


def _strftime(a: Value, pattern: Value, zone: Value | None = None) -> Value:
    where = zone.text if zone else "'UTC'"
    return _text(f"lq_strftime({a.num}, {pattern.text}, {where})")


_add("parseDate(f, pattern, [zone])", _parse_date)
_add("formatDate(t, pattern, [zone])", _format_date)
_add("strftime(t, format, [zone])", _strftime)


# ---- general
def _coalesce(*values: Value) -> Value:
    kinds = {value.kind for value in values}
    if len(kinds) == 1 and kinds <= {"num", "time", "bool"}:
        return Value(f"coalesce({', '.join(v.sql for v in values)})", values[0].kind)
    return _text(f"coalesce({', '.join(v.text for v in values)})")


def _pick(*values: Value) -> Value:
    """``case``: pairs of condition and value, then what else."""
    pairs = [(values[i], values[i + 1]) for i in range(0, len(values) - 1, 2)]
    other = values[-1] if len(values) % 2 else None
    results = [result for _, result in pairs] + ([other] if other else [])
    kinds = {result.kind for result in results}
    kind = kinds.pop() if len(kinds) == 1 else "text"
    plain = kind in ("num", "time", "bool")
    told = " ".join(
        f"WHEN {cond.condition} THEN {result.sql if plain else result.text}"
        for cond, result in pairs
    )
    rest = f" ELSE {other.sql if plain else other.text}" if other else ""
    return Value(f"CASE {told}{rest} END", kind if plain else "text")


_add("ispresent(f)", lambda a: _bool(f"({a.shown} IS NOT NULL)"))
_add("coalesce(a, ...)", _coalesce, most=MANY)
_add("if(condition, a, b)", _pick)
_add("case(condition, value, ...)", _pick, most=21)
_add("isNumeric(f)", lambda a: _bool(f"({a.num} IS NOT NULL)"))

# ---- JSON
_add("jsonParse(f)", lambda a: Value(f"lq_json({a.text})", "json"))
_add("jsonStringify(j)", lambda a: _text(f"CAST({_json(a)} AS VARCHAR)"))
_add("jsonArraySize(j)", lambda a: _num(f"lq_size({_json(a)})"))
_add(
    "jsonArrayContains(j, value)",
    lambda a, b: _bool(f"lq_contains({_json(a)}, {b.text})"),
)


def _json(value: Value) -> str:
    return value.sql if value.kind == "json" else f"lq_json({value.text})"


# ---- addresses
for _name, _sql in (
    ("isValidIp", "lq_is_ip"),
    ("isValidIpV4", "lq_is_ipv4"),
    ("isValidIpV6", "lq_is_ipv6"),
    ("isPrivateIP", "lq_is_private"),
    ("isPublicIP", "lq_is_public"),
    ("isReservedIP", "lq_is_reserved"),
):
    _add(f"{_name}(f)", lambda a, _sql=_sql: _bool(f"{_sql}({a.text})"))
for _name, _sql in (
    ("isIpInSubnet", "lq_in_subnet"),
    ("isIpv4InSubnet", "lq_in_subnet4"),
    ("isIpv6InSubnet", "lq_in_subnet6"),
):
    _add(f"{_name}(f, subnet)", lambda a, b, _sql=_sql: _bool(f"{_sql}({a.text}, {b.text})"))
_add("ipv4ToNumber(f)", lambda a: _num(f"lq_ipv4_number({a.text})"))

# ---- texts
_add("isempty(f)", lambda a: _num(f"CASE WHEN coalesce({a.text}, '') = '' THEN 1.0 ELSE 0.0 END"))
_add(
    "isblank(f)",
    lambda a: _num(
        f"CASE WHEN regexp_full_match(coalesce({a.text}, ''), '\\s*') THEN 1.0 ELSE 0.0 END"
    ),
)
_add("concat(a, ...)", lambda *a: _text(f"concat({', '.join(v.text for v in a)})"), most=MANY)


def _trimming(sql: str) -> Build:
    def build(a: Value, letters: Value | None = None) -> Value:
        return _text(f"{sql}({a.text}" + (f", {letters.text})" if letters else ")"))

    return build


for _name in ("ltrim", "rtrim", "trim"):
    _add(f"{_name}(s, [letters])", _trimming(_name))
_add("strlen(s)", lambda a: _num(f"CAST(length({a.text}) AS DOUBLE)"))
_add("toupper(s)", lambda a: _text(f"upper({a.text})"))
_add("tolower(s)", lambda a: _text(f"lower({a.text})"))


def _substr(a: Value, start: Value, length: Value | None = None) -> Value:
    begin = f"CAST(greatest({start.num}, 0) AS BIGINT) + 1"
    tail = f", CAST(greatest({length.num}, 0) AS BIGINT)" if length else ""
    return _text(f"substring({a.text}, {begin}{tail})")


_add("substr(s, start, [length])", _substr)
_add("replace(s, find, by)", lambda a, b, c: _text(f"replace({a.text}, {b.text}, {c.text})"))
_add(
    "regexReplace(s, pattern, by)",
    lambda a, b, c: _text(f"regexp_replace({a.text}, {b.text}, {c.text}, 'g')"),
)
_add(
    "strcontains(s, part)",
    lambda a, b: _num(f"CASE WHEN contains({a.text}, {b.text}) THEN 1.0 ELSE 0.0 END"),
)
_add("md5(s)", lambda a: _text(f"md5({a.text})"))
_add("sha256(s)", lambda a: _text(f"sha256({a.text})"))

#: Functions that need more than their values; the compiler has them.
OF_THE_QUERY = (
    "bin", "now", "queryStartTime", "queryEndTime", "queryTimeRange", "messageSize", "unmask",
)  # fmt: skip
