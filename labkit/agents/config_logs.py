"""The ``logs`` section of the agent's configuration: which files, under which names."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any

from labkit.agents.log_file import Filter, LogFile
from labkit.agents.problems import Problems
from labkit.agents.timestamps import unknown_codes

#: Days that a log group can keep its events; -1 is for ever.
RETENTIONS = (
    -1, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
FLUSH_S = 5
_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
_KEYS = {
    "file_path", "blacklist", "log_group_name", "log_stream_name", "timestamp_format", "timezone",
    "multi_line_start_pattern", "encoding", "auto_removal", "retention_in_days", "log_group_class",
    "publish_multi_logs", "filters", "trim_timestamp", "service.name", "deployment.environment",
    "backpressure_mode",
}  # fmt: skip
_TIMESTAMP = "{timestamp_format}"


def logs(problems: Problems, root: Mapping[str, Any]) -> tuple[tuple[LogFile, ...], int, str]:
    """The files of a document, the flush interval in seconds and the endpoint."""
    if "logs" not in root:
        return (), FLUSH_S, ""
    body = problems.mapping(root["logs"], "logs")
    flush_s = problems.seconds(body, "force_flush_interval", "logs", FLUSH_S, 172_800)
    endpoint = problems.text(body, "endpoint_override", "logs")
    stream = problems.text(body, "log_stream_name", "logs") or "{instance_id}"
    if "logs_collected" not in body and "metrics_collected" not in body:
        problems.add("logs.logs_collected", "is required")
    if "metrics_collected" in body:
        problems.warn("logs.metrics_collected", "is not collected here")
    collected = problems.mapping(body.get("logs_collected", {}), "logs.logs_collected")
    for key in collected:
        where = f"logs.logs_collected.{key}"
        if key in ("windows_events", "journald", "application_signals"):
            problems.warn(where, "is not collected here")
        elif key != "files":
            problems.add(where, "is not allowed here")
    if "files" not in collected:
        return (), flush_s, endpoint
    where = "logs.logs_collected.files"
    files = problems.mapping(collected["files"], where)
    entries = files.get("collect_list")
    if not isinstance(entries, list) or not entries:
        problems.add(f"{where}.collect_list", "is required: a list with at least one file")
        return (), flush_s, endpoint
    found = [
        _file(problems, one, f"{where}.collect_list[{i}]", stream) for i, one in enumerate(entries)
    ]
    return tuple(one for one in found if one is not None), flush_s, endpoint


def _file(problems: Problems, raw: Any, where: str, stream: str) -> LogFile | None:
    entry = problems.mapping(raw, where)
    for key in entry:
        if key not in _KEYS:
            problems.add(f"{where}.{key}", "is not allowed here")
    path = problems.text(entry, "file_path", where)
    if not path:
        problems.add(f"{where}.file_path", "is required")
        return None
    given = problems.text(entry, "timestamp_format", where)
    for code in unknown_codes(given):
        problems.add(f"{where}.timestamp_format", f"{code} is no code that the agent knows")
    start = problems.text(entry, "multi_line_start_pattern", where)
    if start == _TIMESTAMP and not given:
        problems.add(
            f"{where}.multi_line_start_pattern", "is {timestamp_format}, and there is none"
        )
    left_out = problems.text(entry, "blacklist", where)
    zone = problems.text(entry, "timezone", where) or "Local"
    if zone not in ("Local", "LOCAL", "UTC"):
        problems.add(f"{where}.timezone", f"is UTC or Local, not {zone!r}")
    return LogFile(
        path,
        problems.text(entry, "log_group_name", where) or path.rpartition("/")[2],
        problems.text(entry, "log_stream_name", where) or stream,
        given,
        zone == "UTC",
        None if start in ("", _TIMESTAMP) else _pattern(
            problems, start, f"{where}.multi_line_start_pattern"
        ),
        start == _TIMESTAMP,
        _encoding(problems, entry, where),
        problems.flag(entry, "auto_removal", where, default=False),
        _retention(problems, entry, where),
        _class(problems, entry, where),
        problems.flag(entry, "publish_multi_logs", where, default=False),
        filters=_filters(problems, entry, where),
        blacklist=_pattern(problems, left_out, f"{where}.blacklist") if left_out else None,
    )  # fmt: skip


def _pattern(problems: Problems, text: str, where: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error as error:
        problems.add(where, f"is no regular expression: {error}")
        return None


def _encoding(problems: Problems, entry: Mapping[str, Any], where: str) -> str:
    name = problems.text(entry, "encoding", where) or "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        problems.add(f"{where}.encoding", f"{name!r} is no encoding known here")
        return "utf-8"


def _retention(problems: Problems, entry: Mapping[str, Any], where: str) -> int | None:
    days = entry.get("retention_in_days")
    if days is None:
        return None
    if isinstance(days, bool) or days not in RETENTIONS:
        allowed = ", ".join(map(str, RETENTIONS))
        problems.add(f"{where}.retention_in_days", f"is {days!r}, not one of {allowed}")
        return None
    return None if days == -1 else int(days)


def _class(problems: Problems, entry: Mapping[str, Any], where: str) -> str:
    name = problems.text(entry, "log_group_class", where)
    if name and name not in _CLASSES:
        problems.add(f"{where}.log_group_class", f"is none of {', '.join(_CLASSES)}")
    return name


def _filters(problems: Problems, entry: Mapping[str, Any], where: str) -> tuple[Filter, ...]:
    given = entry.get("filters", [])
    if not isinstance(given, list):
        problems.add(f"{where}.filters", "is not a list")
        return ()
    found = []
    for i, raw in enumerate(given):
        spot = f"{where}.filters[{i}]"
        one = problems.mapping(raw, spot)
        kind = problems.text(one, "type", spot)
        if kind not in ("include", "exclude"):
            problems.add(f"{spot}.type", f"is include or exclude, not {kind!r}")
        text = problems.text(one, "expression", spot)
        if not text:
            problems.add(f"{spot}.expression", "is required")
        compiled = _pattern(problems, text, f"{spot}.expression")
        if compiled is not None and kind:
            found.append(Filter(kind, compiled))
    return tuple(found)
