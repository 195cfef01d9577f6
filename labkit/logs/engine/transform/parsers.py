"""Processors that parse: the event's text, or a field of it, becomes keys."""

from __future__ import annotations

import csv as _csv
import io
import json
import re as _marks
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.logs.engine.transform import grok as _grok
from labkit.logs.engine.transform import ocsf as _ocsf
from labkit.logs.engine.transform.paths import TransformError, check_depth, get, put

Settings = Mapping[str, Any]

MESSAGE = "@message"


def _source(event: dict[str, Any], settings: Settings) -> str | None:
    found = get(event, settings.get("source") or MESSAGE)
    return found if isinstance(found, str) else None


def _place(event: dict[str, Any], settings: Settings, found: Mapping[str, Any]) -> bool:
    """Put what was found at ``destination``, or at the top."""
    destination = settings.get("destination")
    if destination:
        put(event, destination, dict(found))
    else:
        for key, value in found.items():
            event[key] = value
    return True


def parse_json(event: dict[str, Any], settings: Settings) -> bool:
    """``parseJSON``: a text that is JSON."""
    text = _source(event, settings)
    try:
        found = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and _place(event, settings, found)


def grok(event: dict[str, Any], settings: Settings) -> bool:
    """``grok``: a text by a pattern of named patterns."""
    text = _source(event, settings)
    found = _grok.match(settings["match"], text) if text is not None else None
    if found is None:
        return False
    for field, value in found.items():
        put(event, field, value)
    return True


#: Delimiters of ``csv`` that are written with two characters.
_DELIMITERS = {"\\t": "\t", "\\s": " "}


def _delimiter(settings: Settings) -> str:
    given = settings.get("delimiter") or ","
    return _DELIMITERS.get(given, given)


def csv(event: dict[str, Any], settings: Settings) -> bool:
    """``csv``: columns by a delimiter, named by ``columns`` or column_1, column_2."""
    text = _source(event, settings)
    if text is None:
        return False
    quote = settings.get("quoteCharacter") or '"'
    try:
        rows = list(_csv.reader(io.StringIO(text), delimiter=_delimiter(settings), quotechar=quote))
    except _csv.Error:
        return False
    if not rows:
        return False
    names = list(settings.get("columns") or ())
    names += [f"column_{number}" for number in range(len(names) + 1, len(rows[0]) + 1)]
    return _place(event, settings, dict(zip(names, rows[0], strict=False)))


def parse_key_value(event: dict[str, Any], settings: Settings) -> bool:
    """``parseKeyValue``: ``a=1&b=2``; a key that is there keeps its value unless told otherwise."""
    text = _source(event, settings)
    if text is None:
        return False
    between = settings.get("fieldDelimiter") or "&"
    sign = settings.get("keyValueDelimiter") or "="
    prefix, missing = settings.get("keyPrefix") or "", settings.get("nonMatchValue")
    found: dict[str, Any] = {}
    for piece in text.split(between):
        key, there, value = piece.partition(sign)
        if there:
            found[prefix + key.strip()] = value
        elif missing is not None and key.strip():
            found[prefix + key.strip()] = missing
    if not found:
        return False
    place = settings.get("destination")
    held = get(event, place) if place else event
    if not isinstance(held, dict):
        return _place(event, settings, found)
    for key, value in found.items():
        if settings.get("overwriteIfExists") or key not in held:
            held[key] = value
    return True


def _number(text: str) -> Any:
    """A number for a text that is one, else the text."""
    if text.isdigit():
        return int(text) if len(text) < 19 else text
    whole, point, rest = text.partition(".")
    if point and whole.isdigit() and rest.isdigit() and len(text) < 19:
        return float(text)
    return text


def _columns(names: str, texts: str) -> Callable[[dict[str, Any], Settings], bool]:
    columns, kept = names.split(), set(texts.split())

    def parse(event: dict[str, Any], settings: Settings) -> bool:
        text = _source(event, settings)
        cells = text.split() if text is not None else []
        if len(cells) != len(columns):
            return False
        pairs = zip(columns, cells, strict=True)
        return _place(event, {}, {k: v if k in kept else _number(v) for k, v in pairs})

    return parse


_FLOW = (
    "version accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes start "
    "end action logStatus"
)
_ROUTE53 = (
    "version queryTimestamp hostZoneId queryName queryType responseCode protocol edgeLocation "
    "resolverIp ednsClientSubnet"
)
#: ``log_line_prefix`` of RDS: time, zone, host(port), user@database, process, level.
_POSTGRES = _marks.compile(
    r"(\S+ \S+ \S+?):(\S*?):([^@:]*)@([^:]*):\[(\d+)\]:([A-Z]+\d*): ", _marks.ASCII
)
_POSTGRES_FIELDS = ("logTime", "srcIp", "userName", "dbName", "processId", "logLevel")


def parse_postgres(event: dict[str, Any], settings: Settings) -> bool:
    """``parsePostgres``: a line of RDS for PostgreSQL with its default prefix."""
    text = _source(event, settings)
    # The prefix is short; a long line is not searched for one.
    found = _POSTGRES.match(text[:1024]) if text is not None else None
    if found is None:
        return False
    return _place(event, {}, dict(zip(_POSTGRES_FIELDS, found.groups(), strict=True)))


def parse_waf(event: dict[str, Any], settings: Settings) -> bool:
    """``parseWAF``: a record of AWS WAF; headers and labels become keys of their own."""
    text = _source(event, settings)
    try:
        found = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    request = found.get("httpRequest")
    headers = request.get("headers") if isinstance(request, dict) else None
    if isinstance(request, dict) and isinstance(headers, list):
        request["headers"] = {
            one["name"]: one.get("value")
            for one in headers
            if isinstance(one, dict) and isinstance(one.get("name"), str)
        }
    labels = found.get("labels")
    if isinstance(labels, list):
        found["labels"] = _merged([one for one in labels if isinstance(one, dict)])
    return _place(event, {}, found)


def _merged(labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Labels as one map: a key that several have holds the list of their values."""
    out: dict[str, list[Any]] = {}
    for label in labels:
        for key, value in label.items():
            out.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in out.items()}


_CLOUDFRONT = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
]
_TEXTS = {"date", "time", "c-ip"}


def parse_cloudfront(event: dict[str, Any], settings: Settings) -> bool:
    """``parseCloudfront``: a line of a standard log of CloudFront, columns by tabs.

    What was copied from a page has blanks for tabs; the fields themselves have none.
    """
    text = (_source(event, settings) or "").rstrip("\n")
    cells = text.split("\t") if "\t" in text else text.split()
    if len(cells) != len(_CLOUDFRONT):
        return False
    from urllib.parse import unquote

    pairs = zip(_CLOUDFRONT, cells, strict=True)
    return _place(event, {}, {n: c if n in _TEXTS else _number(unquote(c)) for n, c in pairs})


def parse_to_ocsf(event: dict[str, Any], settings: Settings) -> bool:
    """``parseToOCSF``: a line of AWS's logs as an event of OCSF."""
    text = _source(event, settings)
    found = _ocsf.convert(text, settings["eventSource"]) if text is not None else None
    return found is not None and _place(event, {}, found)


PROCESSORS: dict[str, Callable[[dict[str, Any], Settings], bool]] = {
    "parseJSON": parse_json,
    "grok": grok,
    "csv": csv,
    "parseKeyValue": parse_key_value,
    "parseVPC": _columns(_FLOW, "accountId interfaceId"),
    "parseRoute53": _columns(_ROUTE53, "hostZoneId queryName"),
    "parsePostgres": parse_postgres,
    "parseWAF": parse_waf,
    "parseCloudfront": parse_cloudfront,
    "parseToOCSF": parse_to_ocsf,
}


#: Those that read what AWS writes.
VENDED = (
    "parseVPC", "parseRoute53", "parsePostgres", "parseWAF", "parseCloudfront", "parseToOCSF",
)  # fmt: skip


def check(name: str, settings: Settings) -> None:
    """Refuse settings that cannot be run.

    Raises
    ------
    TransformError
        With what is wrong.
    """
    for key in ("source", "destination"):
        check_depth(name, key, settings.get(key))
    if name == "grok":
        _grok.check(settings["match"])
    if name == "csv":
        quote, delimiter = settings.get("quoteCharacter") or '"', _delimiter(settings)
        if len(quote) != 1 or len(delimiter) != 1 or quote == delimiter:
            raise TransformError(
                "csv: quoteCharacter and delimiter are one character each, not the same."
            )
    if name == "parseKeyValue":
        between = settings.get("fieldDelimiter") or "&"
        if between == (settings.get("keyValueDelimiter") or "="):
            raise TransformError("parseKeyValue: the two delimiters must differ.")
    if name == "parseToOCSF":
        _ocsf.check(settings)
    elif name in VENDED and (settings.get("source") or MESSAGE) != MESSAGE:
        raise TransformError(f"{name}: source can only be @message.")
