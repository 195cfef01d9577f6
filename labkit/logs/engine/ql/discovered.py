"""Fields that Logs Insights finds by itself: JSON, Lambda, VPC flow, Route 53, CloudTrail.

A name is turned into SQL over the event's message. Which reading applies is decided line by line by
the shape of the line, so that one query over groups of several kinds finds ``protocol`` in the flow
log and in the query log. Source: user guide, CWL_AnalyzeLogData-discoverable-fields.
"""

from __future__ import annotations

import re

from labkit.logs.engine.ql.values import quoted

#: The columns of a flow log line of version 2, by the names that Logs Insights gives them.
FLOW = [
    "version",
    "accountId",
    "interfaceId",
    "srcAddr",
    "dstAddr",
    "srcPort",
    "dstPort",
    "protocol",
    "packets",
    "bytes",
    "startTime",
    "endTime",
    "action",
    "logStatus",
]
#: Older pages write these; both are taken.
_FLOW_ALIASES = {"start": "startTime", "end": "endTime"}

#: The columns of a Route 53 query log line.
ROUTE53 = [
    "version",
    "queryTimestamp",
    "hostedZoneId",
    "queryName",
    "queryType",
    "responseCode",
    "protocol",
    "edgeLocation",
    "resolverIp",
    "ednsClientSubnet",
]
_ROUTE53_ALIASES = {"hostZoneId": "hostedZoneId"}

_IS_FLOW = "regexp_matches(msg, '^[0-9]+ ([0-9]{12}|unknown) eni-')"
_IS_ROUTE53 = "regexp_matches(msg, '^[0-9]+[.][0-9]+ [0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+ Z[0-9A-Z]+ ')"
_IS_LAMBDA = "regexp_matches(msg, '^(START|END|REPORT|INIT_START) ')"

_LAMBDA = {
    "@requestId": (
        "coalesce(nullif(regexp_extract(msg, 'RequestId: ([0-9a-f-]{36})', 1), ''), "
        "nullif(regexp_extract(msg, '^[^\\t]*\\t([0-9a-f-]{36})\\t', 1), ''))"
    ),
    "@type": "nullif(regexp_extract(msg, '^(START|END|REPORT|INIT_START) ', 1), '')",
    "@duration": "nullif(regexp_extract(msg, '\\tDuration: ([0-9.]+) ms', 1), '')",
    "@billedDuration": "nullif(regexp_extract(msg, '\\tBilled Duration: ([0-9.]+) ms', 1), '')",
    "@initDuration": "nullif(regexp_extract(msg, '\\tInit Duration: ([0-9.]+) ms', 1), '')",
    "@memorySize": "lq_megabytes(regexp_extract(msg, '\\tMemory Size: ([0-9]+) MB', 1))",
    "@maxMemoryUsed": "lq_megabytes(regexp_extract(msg, '\\tMax Memory Used: ([0-9]+) MB', 1))",
    "@xrayTraceId": "nullif(regexp_extract(msg, 'XRAY TraceId: ([0-9a-f-]+)', 1), '')",
    "@xraySegmentId": "nullif(regexp_extract(msg, 'SegmentId: ([0-9a-f]+)', 1), '')",
}

#: Fields that every event has, in SQL over the base relation, with their kind.
ALWAYS = {
    "@message": ("msg", "text"),
    "@timestamp": ("ts", "time"),
    "@ingestionTime": ("ing", "time"),
    "@logStream": ("stream", "text"),
    "@log": ("log", "text"),
    "@ptr": ("CAST(ptr AS VARCHAR)", "text"),
    "@aws.account": ("split_part(log, ':', 1)", "text"),
    "@aws.region": ("region", "text"),
}


#: Why an event could not be transformed.
FAILED = "@transformationError"


def over(sql: str, text: str) -> str:
    """SQL over the event's message, over another column instead."""
    return re.sub(r"\bmsg\b", text, sql)


def lambda_field(name: str) -> str | None:
    """SQL of a field of Lambda's lines, None when it has none of that name."""
    sql = _LAMBDA.get(name)
    if sql is None:
        return None
    if name == "@requestId":
        return f"CASE WHEN {_IS_LAMBDA} OR contains(msg, chr(9)) THEN {_tabs(sql)} END"
    return f"CASE WHEN {_IS_LAMBDA} THEN {_tabs(sql)} END"


def _tabs(sql: str) -> str:
    return sql.replace("\\t", "\t")


def column_field(name: str, text: str = "msg") -> list[str]:
    """SQL of a name in lines of columns: flow logs, query logs."""
    found = []
    flow = _FLOW_ALIASES.get(name, name)
    if flow in FLOW:
        found.append(f"CASE WHEN {_IS_FLOW} THEN split_part(msg, ' ', {FLOW.index(flow) + 1}) END")
    queried = _ROUTE53_ALIASES.get(name, name)
    if queried in ROUTE53:
        part = ROUTE53.index(queried) + 1
        found.append(f"CASE WHEN {_IS_ROUTE53} THEN split_part(msg, ' ', {part}) END")
    return [over(sql, text) for sql in found]


_KEY = re.compile(r"`([^`]+)`|([^.`]+)")


def pointers(name: str) -> tuple[str, ...]:
    """JSON pointers (RFC 6901) where a field may be: by its dots, or with dots in its last key.

    OpenTelemetry's keys have dots: ``resource.attributes.service.name`` is the key ``service.name``
    in ``resource.attributes``. A key in backticks is one key for certain:
    ``attributes.`aws.request_id` ``.
    """
    if name.startswith("@@"):
        name = name[1:]
    elif name.startswith("@"):
        return ()
    parts = [_escaped(key) for key in keys_of(name)]
    most = len(parts) - 1
    return tuple(
        "/" + "/".join((*parts[:nested], ".".join(parts[nested:])))
        for nested in range(most, most - 1 if "`" in name else -1, -1)
    )


def keys_of(name: str) -> list[str]:
    """The keys of a dotted name; what stands in backticks is not cut."""
    if "`" not in name:
        return name.split(".")
    return [quoted_key or key for quoted_key, key in _KEY.findall(name)]


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


#: The JSON of an event: the whole message, or in Lambda's logs the first fragment in braces.
JSON_OF_LINE = (
    "CASE WHEN starts_with(msg, '{') THEN msg "
    "WHEN contains(log, ':/aws/lambda/') AND contains(msg, '{') "
    "THEN regexp_extract(msg, '(?s)[{].*[}]') END"
)


def json_columns(paths: list[str], text: str = "msg") -> tuple[str, str]:
    """Two columns over the base: the leaves at those pointers, read at once, and the JSON.

    ``text``: the column in which fields are found.
    """
    listed = ", ".join(map(quoted, paths))
    return (
        f"CASE WHEN json_valid(js) THEN json_extract_string(js, [{listed}]) END",
        f"({over(JSON_OF_LINE, text)})",
    )
