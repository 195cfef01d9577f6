"""What the functions of OpenSearch SQL and PPL need of duckdb: macros by the prefix ``os_``, UDFs.

Kept apart from :mod:`labkit.logs.engine.ql.dialect`, whose names the query language of Logs
Insights uses as well.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Any

from labkit.logs.engine.opensearch import conversions, lists

MACROS = (
    r"""CREATE MACRO os_ms(x) AS epoch_ms(CAST(TRY_CAST(x AS TIMESTAMPTZ) AS TIMESTAMP))""",
    r"""CREATE MACRO os_at(ms) AS
        CASE WHEN ms BETWEEN -62135596800000 AND 253402300799999 THEN make_timestamp_ms(ms) END""",
    r"""CREATE MACRO os_date(ms) AS strftime(os_at(ms), '%Y-%m-%d')""",
    r"""CREATE MACRO os_json_text(j) AS
        CASE json_type(j) WHEN 'VARCHAR' THEN json_extract_string(j, '$') WHEN 'NULL' THEN NULL
             ELSE CAST(j AS VARCHAR) END""",
    r"""CREATE MACRO os_items(j) AS
        CASE WHEN json_type(j) = 'ARRAY' THEN json_extract_string(j, '$[*]') END""",
    # A place before the first letter counts from the end, and 0 is the first letter.
    r"""CREATE MACRO os_substring(s, p) AS
        CASE WHEN p < 0 AND -p > length(s) THEN s
             ELSE substring(s, CASE WHEN p = 0 THEN 1 ELSE p END) END""",
    r"""CREATE MACRO os_substr(s, p, n) AS
        CASE WHEN n <= 0 THEN '' ELSE left(os_substring(s, p), least(n, 1000000)) END""",
    r"""CREATE MACRO os_initcap(s) AS
        array_to_string(list_transform(string_split(lower(s), ' '),
            lambda w: upper(w[1]) || w[2:]), ' ')""",
    r"""CREATE MACRO os_many(n) AS CAST(least(greatest(n, 0), 10000) AS BIGINT)""",
    r"""CREATE MACRO os_mask(s) AS regexp_replace(regexp_replace(regexp_replace(
        s, '[A-Z]', 'X', 'g'), '[a-z]', 'x', 'g'), '[0-9]', 'n', 'g')""",
    r"""CREATE MACRO os_keys(j) AS
        CASE WHEN json_type(j) = 'OBJECT' THEN CAST(to_json(json_keys(j)) AS JSON) END""",
    # The clock of a zone at an instant, and the instant at which a zone's clock shows it.
    r"""CREATE MACRO os_to_zone(ms, zone) AS
        os_ms(lq_format_date(CAST(ms AS DOUBLE), 'yyyy-MM-dd HH:mm:ss.SSS', zone))""",
    r"""CREATE MACRO os_from_zone(ms, zone) AS lq_parse_date(
        strftime(os_at(ms), '%Y-%m-%d %H:%M:%S.%g'), 'yyyy-MM-dd HH:mm:ss.SSS', zone)""",
    # 10,000 letters at most: repeat(repeat(...)) would fill the memory.
    r"""CREATE MACRO os_repeat(s, n) AS
        repeat(s, least(os_many(n), 10000 // greatest(length(s), 1)))""",
    r"""CREATE MACRO os_replace(s, a, b) AS
        CASE WHEN length(s) * length(b) < 100000000 THEN replace(s, a, b) END""",
    r"""CREATE MACRO os_locate(part, s, p) AS
        CASE WHEN p < 1 THEN 0 WHEN strpos(substring(s, p), part) = 0 THEN 0
             ELSE strpos(substring(s, p), part) + p - 1 END""",
    *lists.MACROS,
    *conversions.MACROS,
)


def _sha2(text: str, bits: float) -> str | None:
    name = {0: "sha256", 224: "sha224", 256: "sha256", 384: "sha384", 512: "sha512"}.get(int(bits))
    return hashlib.new(name, text.encode()).hexdigest() if name else None


def _crc32(text: str) -> float:
    return float(zlib.crc32(text.encode()))


def _conv(text: str, old: float, new: float) -> str | None:
    if not (2 <= old <= 36 and 2 <= new <= 36):
        return None
    try:
        number = int(text, int(old))
    except ValueError:
        return None
    digits, left = "", abs(number)
    while left:
        left, rest = divmod(left, int(new))
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest] + digits
    return ("-" if number < 0 else "") + (digits or "0")


#: Name in SQL -> (function, SQL types of what it takes, SQL type of its answer).
UDFS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "os_sha2": (_sha2, ("VARCHAR", "DOUBLE"), "VARCHAR"),
    "os_crc32": (_crc32, ("VARCHAR",), "DOUBLE"),
    "os_conv": (_conv, ("VARCHAR", "DOUBLE", "DOUBLE"), "VARCHAR"),
    **lists.UDFS,
    **conversions.UDFS,
}
