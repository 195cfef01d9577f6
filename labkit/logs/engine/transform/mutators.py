"""Processors that change keys and values of an event that was parsed."""

from __future__ import annotations

import re as _marks
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from labkit.logs.engine import linear_regexes
from labkit.logs.engine.batch import clean
from labkit.logs.engine.ql.datepatterns import format_date, parse_date, zone
from labkit.logs.engine.transform.locales import english, known
from labkit.logs.engine.transform.paths import (
    TransformError,
    check_depth,
    drop,
    get,
    has,
    put,
    steps,
)

Settings = Mapping[str, Any]

_BACK = _marks.compile(r"\$(?:(\d)|\{(\w+)\})")
_ISO = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"


def add_keys(event: dict[str, Any], settings: Settings) -> None:
    """``addKeys``: constants, or ``${other.key}``."""
    for one in settings["entries"]:
        value: Any = one["value"]
        if value.startswith("${") and value.endswith("}"):
            value = get(event, value[2:-1])
            if value is None:
                continue
        put(event, one["key"], value, bool(one.get("overwriteIfExists", False)))


def delete_keys(event: dict[str, Any], settings: Settings) -> None:
    """``deleteKeys``."""
    for key in settings["withKeys"]:
        drop(event, key)


def move_keys(event: dict[str, Any], settings: Settings) -> None:
    """``moveKeys``: into a target that is a map the key goes with its name."""
    for one in settings["entries"]:
        source, target = one["source"], one["target"]
        if not has(event, source):
            continue
        if isinstance(get(event, target), dict):
            target = f'{target}."{steps(source)[-1]}"'
        _move(event, source, target, one)


def rename_keys(event: dict[str, Any], settings: Settings) -> None:
    """``renameKeys``: the value goes to ``renameTo``."""
    for one in settings["entries"]:
        if has(event, one["key"]):
            _move(event, one["key"], one["renameTo"], one)


def _move(event: dict[str, Any], source: str, target: str, one: Settings) -> None:
    """Move a value, unless its new key is taken and may not be overwritten."""
    if has(event, target) and not one.get("overwriteIfExists"):
        return
    value = get(event, source)
    drop(event, source)
    put(event, target, value)


def copy_value(event: dict[str, Any], settings: Settings) -> None:
    """``copyValue``: within an event, or what is known of it (``@logGroupName``, ...)."""
    for one in settings["entries"]:
        if has(event, one["source"]):
            overwrite = bool(one.get("overwriteIfExists", False))
            put(event, one["target"], deepcopy(get(event, one["source"])), overwrite)


def list_to_map(event: dict[str, Any], settings: Settings) -> None:
    """``listToMap``: a list of objects becomes a map by one of their keys."""
    items = get(event, settings["source"])
    if not isinstance(items, list):
        return
    out: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict) or settings["key"] not in item:
            continue
        value = item.get(settings["valueKey"]) if settings.get("valueKey") else item
        out.setdefault(str(item[settings["key"]]), []).append(value)
    if settings.get("flatten"):
        last = -1 if settings.get("flattenedElement") == "last" else 0
        out = {key: values[last] for key, values in out.items()}
    if settings.get("target"):
        put(event, settings["target"], out)
    else:
        event.update(out)


def _each(change: Callable[[str], str]) -> Callable[[dict[str, Any], Settings], None]:
    def run(event: dict[str, Any], settings: Settings) -> None:
        for key in settings["withKeys"]:
            value = get(event, key)
            if isinstance(value, str):
                put(event, key, change(value))

    return run


def split_string(event: dict[str, Any], settings: Settings) -> None:
    """``splitString``: a text becomes a list."""
    for one in settings["entries"]:
        value = get(event, one["source"])
        if isinstance(value, str):
            put(event, one["source"], value.split(one["delimiter"]))


def substitute_string(event: dict[str, Any], settings: Settings) -> None:
    """``substituteString``: by a regular expression."""
    for one in settings["entries"]:
        value = get(event, one["source"])
        if isinstance(value, str):
            made = _compiled(one["from"]).sub(_named(one["to"]), clean(value))
            put(event, one["source"], made)


def _named(to: str) -> str:
    """``$1`` and ``${name}`` of the guide as RE2's ``\\1`` and ``\\g<name>``."""
    out, at = [], 0
    for mark in _BACK.finditer(to):
        out.append(to[at : mark.start()].replace("\\", "\\\\"))
        out.append(f"\\g<{mark.group(1) or mark.group(2)}>")
        at = mark.end()
    return "".join([*out, to[at:].replace("\\", "\\\\")])


def _check_substitution(pattern: str, to: str) -> None:
    groups = _compiled(pattern)
    told = [mark.group(1) or mark.group(2) for mark in _BACK.finditer(to)]
    for name in told:
        there = int(name) <= groups.groups if name.isdigit() else name in groups.groupindex
        if not there:
            raise TransformError(f"substituteString: {pattern} has no group {name}.")
    if len(told) > 10:
        raise TransformError("substituteString: at most ten references to groups.")
    if any(told.count(name) > 2 for name in told):
        raise TransformError("substituteString: each group at most twice.")


def _compiled(pattern: str) -> Any:
    try:
        return linear_regexes.compiled(pattern)
    except linear_regexes.BadRegex as bad:
        raise TransformError(f"substituteString: {bad}") from None


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise ValueError(text)


_TYPES: dict[str, Callable[[Any], Any]] = {
    "integer": lambda value: int(float(value)),
    "double": float,
    "boolean": _boolean,
    "string": lambda value: value if isinstance(value, str) else str(value).lower()
    if isinstance(value, bool) else str(value),
}  # fmt: skip


def type_converter(event: dict[str, Any], settings: Settings) -> None:
    """``typeConverter``: what cannot be converted stays as it is."""
    for one in settings["entries"]:
        value = get(event, one["key"])
        if value is None or isinstance(value, dict | list):
            continue
        try:
            put(event, one["key"], _TYPES[one["type"]](value))
        except (ValueError, OverflowError):
            continue


def date_time_converter(event: dict[str, Any], settings: Settings) -> None:
    """``dateTimeConverter``: by the first pattern that fits; ``epoch`` is a plain number."""
    value = get(event, settings["source"])
    if value is None or isinstance(value, dict | list):
        return
    where = settings.get("sourceTimezone") or "UTC"
    if isinstance(value, str):
        value = english(value, settings.get("locale") or "en")
    for pattern in settings["matchPatterns"]:
        ms = _moment(value, pattern, where)
        if ms is not None:
            target = settings.get("targetTimezone") or "UTC"
            shown = format_date(ms, settings.get("targetFormat") or _ISO, target)
            if shown is not None:
                put(event, settings["target"], shown)
            return


def _moment(value: Any, pattern: str, where: str) -> float | None:
    if pattern == "epoch":
        try:
            number = float(value)
        except ValueError:
            return None
        while abs(number) < 1e11 and number:
            return number * 1000
        return number if abs(number) < 1e15 else number / 1000
    if isinstance(value, str) and pattern == "ISO8601":
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000
    return parse_date(str(value), pattern, where)


PROCESSORS: dict[str, Callable[[dict[str, Any], Settings], None]] = {
    "addKeys": add_keys,
    "deleteKeys": delete_keys,
    "moveKeys": move_keys,
    "renameKeys": rename_keys,
    "copyValue": copy_value,
    "listToMap": list_to_map,
    "lowerCaseString": _each(str.lower),
    "upperCaseString": _each(str.upper),
    "trimString": _each(str.strip),
    "splitString": split_string,
    "substituteString": substitute_string,
    "typeConverter": type_converter,
    "dateTimeConverter": date_time_converter,
}


def check(name: str, settings: Settings) -> None:
    """Refuse settings that cannot be run.

    Raises
    ------
    TransformError
        With what is wrong.
    """
    for key, path in _paths(settings):
        check_depth(name, key, path)
    if name == "substituteString":
        for one in settings["entries"]:
            _check_substitution(one["from"], one["to"])
    if name == "listToMap" and settings.get("flatten") and not settings.get("flattenedElement"):
        raise TransformError("listToMap: flatten needs flattenedElement, first or last.")
    if name == "dateTimeConverter":
        _check_dates(settings)


def _paths(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every path to a key that a processor has."""
    for one in (settings, *settings.get("entries", ())):
        for key in ("source", "target", "key", "renameTo"):
            if one.get(key):
                yield key, one[key]
    for path in settings.get("withKeys", ()):
        yield "withKeys", path


def _check_dates(settings: Settings) -> None:
    for key in ("sourceTimezone", "targetTimezone"):
        if settings.get(key) and zone(settings[key]) is None:
            raise TransformError(f"dateTimeConverter: there is no time zone {settings[key]}.")
    form = settings.get("targetFormat")
    if form and format_date(0, form) is None:
        raise TransformError(f"dateTimeConverter: {form} is no format of dates.")
    locale = settings.get("locale") or "en"
    if not known(locale):
        raise TransformError(f"dateTimeConverter: the locale {locale} is not in labkit.")
