"""Seams of time: every date that moto writes down is the lab's.

- ``moto.core.utils.utcnow`` is imported *by name* into nearly every backend, so replacing the
  attribute would reach none of them. Its ``__code__`` is replaced instead: whoever holds the
  function holds the new behaviour. ``unix_time`` and ``unix_time_millis`` likewise (a queue asks
  them twice per message at every call); the ``iso_8601_*`` functions call ``utcnow`` and follow.
- A few modules read ``datetime`` directly: bucket creation dates and access logs in S3, the state
  machine behind S3's restore, load balancers, Auto Scaling groups. Those see a ``datetime`` whose
  ``now`` is the lab's.

``tests/backing/test_moto_sources.py`` reads moto's source for clocks that this file does not know.
"""

from __future__ import annotations

import datetime as _datetime
import time as _time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import Shim, seam

_EPOCH = _datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - moto's times are naive, in UTC
_UTC = _datetime.UTC

#: The mounted world's clock in microseconds since the epoch; None while no world is mounted.
_now_us: Callable[[], int] | None = None


def tell_time(now_us: Callable[[], int] | None) -> None:
    """Let moto's clocks be ``now_us`` (microseconds since the epoch); its own again with None."""
    global _now_us
    _now_us = now_us


@contextmanager
def standing_at(us: int) -> Iterator[None]:
    """Let moto's clocks stand at an instant for a while."""
    global _now_us
    before = _now_us
    _now_us = lambda: us  # noqa: E731
    try:
        yield
    finally:
        _now_us = before


def naive_now() -> _datetime.datetime:
    """What ``utcnow`` answers: the world's present, naive and in UTC, else the machine's."""
    if _now_us is None:
        return _datetime.datetime.now(_UTC).replace(tzinfo=None)
    return _EPOCH + _datetime.timedelta(microseconds=_now_us())


class _Like(type):
    """Makes ``isinstance(x, LabDatetime)`` true of every datetime: moto asks that of real ones."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _datetime.datetime)


class LabDatetime(_datetime.datetime, metaclass=_Like):
    """``datetime.datetime`` for moto modules that call ``now`` or ``utcnow`` themselves.

    Its ``now`` answers plain datetimes, so that nothing of this class travels any further.
    """

    @classmethod
    def now(cls, tz: _datetime.tzinfo | None = None) -> Any:
        """The world's present; a naive one is in UTC, since a lab has no local time zone."""
        if _now_us is None:
            return _datetime.datetime.now(tz)
        moment = naive_now()
        return moment if tz is None else moment.replace(tzinfo=_UTC).astimezone(tz)

    @classmethod
    def utcnow(cls) -> Any:
        """The world's present, naive and in UTC."""
        return naive_now()


def _utcnow() -> _datetime.datetime:
    return _labkit_naive_now()  # type: ignore[name-defined]  # noqa: F821


def _unix_time(dt: _datetime.datetime | None = None) -> float:
    return _labkit_unix_time(dt)  # type: ignore[name-defined]  # noqa: F821


def _unix_time_millis(dt: _datetime.datetime | None = None) -> float:
    return _labkit_unix_time_millis(dt)  # type: ignore[name-defined]  # noqa: F821


def _microseconds(dt: _datetime.datetime | None) -> int:
    if dt is None and _now_us is not None:
        return _now_us()
    delta = (naive_now() if dt is None else dt) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def unix_time(dt: _datetime.datetime | None = None) -> float:
    """Seconds since the epoch of a naive UTC datetime, or of now."""
    return _microseconds(dt) / 1_000_000


def unix_time_millis(dt: _datetime.datetime | None = None) -> float:
    """Milliseconds since the epoch. moto multiplies seconds by 1000 and cuts the fraction off,
    which turns the instant .001 into .000 for every second message of a queue.
    """
    return _microseconds(dt) / 1_000


@seam("moto.core.utils")
def _replace_utcnow(module: ModuleType) -> None:
    # The code runs with the globals of the function it is put into: moto.core.utils.
    module._labkit_naive_now = naive_now  # type: ignore[attr-defined]
    module._labkit_unix_time = unix_time  # type: ignore[attr-defined]
    module._labkit_unix_time_millis = unix_time_millis  # type: ignore[attr-defined]
    module.utcnow.__code__ = _utcnow.__code__
    module.unix_time.__code__ = _unix_time.__code__
    module.unix_time_millis.__code__ = _unix_time_millis.__code__


@seam("moto.apigateway.models")
@seam("moto.secretsmanager.models")
def _replace_time(module: ModuleType) -> None:
    """For ``import time``."""
    module.time = Shim(_time, time=unix_time)  # type: ignore[attr-defined]


@seam("moto.s3.models")
@seam("moto.elb.models")
@seam("moto.opensearch.models")
def _replace_the_module(module: ModuleType) -> None:
    """For ``import datetime``."""
    module.datetime = Shim(_datetime, datetime=LabDatetime)  # type: ignore[attr-defined]


@seam("moto.moto_api._internal.managed_state_model")
@seam("moto.cloudwatch.models")
@seam("moto.autoscaling.models")
def _replace_the_class(module: ModuleType) -> None:
    """For ``from datetime import datetime``."""
    module.datetime = LabDatetime  # type: ignore[attr-defined]
