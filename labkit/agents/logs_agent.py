"""The old CloudWatch Logs agent (awslogs): its INI file, and what it comes to in the unified one.

The old agent collects log files and nothing else, and AWS has deprecated it. Its configuration is
read, so that an old machine's file can be tried and carried over: :func:`read` gives the files for
the same engine, :func:`unified` the JSON that the unified agent takes for them.

Source: CloudWatch Logs user guide, "CloudWatch Logs agent reference".
"""

from __future__ import annotations

import codecs
import configparser
import re
from collections.abc import Mapping
from typing import Any

from labkit.agents.config import Config
from labkit.agents.log_file import LogFile
from labkit.agents.problems import ConfigError, Problems
from labkit.agents.timestamps import unknown_codes

_GENERAL = {"logging_config_file", "use_gzip_http_content_encoding", "queue_size"}
_KEYS = {
    "file", "log_group_name", "log_stream_name", "datetime_format", "time_zone", "encoding",
    "multi_line_start_pattern", "initial_position", "file_fingerprint_lines", "buffer_duration",
    "batch_count", "batch_size", "max_retries", "raise_errors", "dry_run",
}  # fmt: skip
_FORMAT = "{datetime_format}"
#: The figures of a section and what they may be.
_BOUNDS = {
    "buffer_duration": (5_000, 2**31),
    "batch_count": (1, 10_000),
    "batch_size": (1, 1_048_576),
}


def read(text: str) -> Config:
    """The configuration of an ``awslogs.conf``.

    Raises
    ------
    ConfigError
        With every problem, each naming its section and key.
    """
    problems = Problems()
    files = []
    state_file = ""
    for name, body in _sections(text).items():
        if name == "general":
            state_file = body.get("state_file", "")
            for key in body:
                if key not in {*_GENERAL, "state_file"}:
                    problems.warn(f"[general] {key}", "is read over")
        else:
            files.append(_file(problems, f"[{name}]", body))
    if not files and not problems.found:
        problems.add("awslogs.conf", "names no file to collect")
    problems.raise_if_any()
    problems.warn("awslogs.conf", "belongs to the CloudWatch Logs agent, which is deprecated")
    return Config(
        logs=tuple(f for f in files if f is not None),
        state_file=state_file,
        warnings=tuple(problems.warnings),
    )


def _sections(text: str) -> Mapping[str, Mapping[str, str]]:
    parser = configparser.RawConfigParser(strict=True)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ConfigError([f"awslogs.conf: {' '.join(str(error).split())}"]) from None
    return {name: dict(parser[name]) for name in parser.sections()}


def _file(problems: Problems, where: str, body: Mapping[str, str]) -> LogFile | None:
    for key in body:
        if key not in _KEYS:
            problems.warn(f"{where} {key}", "is read over")
    for key in ("file", "log_group_name", "log_stream_name"):
        if not body.get(key):
            problems.add(f"{where} {key}", "is required")
    for key, (least, most) in _BOUNDS.items():
        value = body.get(key)
        if value is not None and not (value.isdigit() and least <= int(value) <= most):
            problems.add(f"{where} {key}", f"is a whole number from {least} to {most}")
    given = body.get("datetime_format", "")
    for code in unknown_codes(given):
        problems.add(f"{where} datetime_format", f"{code} is no code that the agent knows")
    zone = body.get("time_zone", "LOCAL")
    if zone not in ("LOCAL", "UTC"):
        problems.add(f"{where} time_zone", f"is LOCAL or UTC, not {zone}")
    position = body.get("initial_position", "start_of_file")
    if position not in ("start_of_file", "end_of_file"):
        problems.add(f"{where} initial_position", "is start_of_file or end_of_file")
    start = body.get("multi_line_start_pattern", "")
    if problems.found:
        return None
    return LogFile(
        body["file"],
        body["log_group_name"],
        body["log_stream_name"],
        given,
        zone == "UTC",
        _pattern(problems, where, start),
        start == _FORMAT,
        _encoding(problems, where, body.get("encoding", "utf-8")),
        from_end=position == "end_of_file",
    )


def _pattern(problems: Problems, where: str, text: str) -> re.Pattern[str] | None:
    if text in ("", _FORMAT):
        return None
    try:
        return re.compile(text)
    except re.error as error:
        problems.add(f"{where} multi_line_start_pattern", f"is no regular expression: {error}")
        return None


def _encoding(problems: Problems, where: str, name: str) -> str:
    try:
        return codecs.lookup(name.replace("utf_", "utf-")).name
    except LookupError:
        problems.add(f"{where} encoding", f"{name!r} is no encoding known here")
        return "utf-8"


def unified(text: str) -> dict[str, Any]:
    """The unified agent's configuration for the same files.

    What has no place there is gone: ``initial_position`` (the unified agent reads from the start),
    ``file_fingerprint_lines``, the sizes of buffers and batches.
    """
    entries = []
    for name, body in _sections(text).items():
        if name == "general":
            continue
        entry: dict[str, Any] = {
            "file_path": body.get("file", ""),
            "log_group_name": body.get("log_group_name", ""),
            "log_stream_name": body.get("log_stream_name", ""),
        }
        if body.get("datetime_format"):
            entry["timestamp_format"] = body["datetime_format"]
            entry["timezone"] = "UTC" if body.get("time_zone") == "UTC" else "Local"
        if body.get("multi_line_start_pattern"):
            entry["multi_line_start_pattern"] = body["multi_line_start_pattern"].replace(
                _FORMAT, "{timestamp_format}"
            )
        if body.get("encoding"):
            entry["encoding"] = body["encoding"].replace("_", "-")
        entries.append(entry)
    return {"logs": {"logs_collected": {"files": {"collect_list": entries}}}}
