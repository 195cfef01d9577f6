"""An attribute that is worked out once, for objects of which there are very many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class kept(Generic[T]):  # noqa: N801 - a decorator
    """An attribute worked out when it is first read; without the lock of functools'.

    Up to Python 3.11 ``functools.cached_property`` takes a lock for each first reading, which costs
    more than what is worked out here.
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, one: Any, owner: type | None = None) -> T:
        value = self._work(one)
        # Not through __dict__: asking for it would make a dictionary of each object's attributes.
        setattr(one, self._name, value)
        return value
