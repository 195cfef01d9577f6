"""Filter expressions as the account's groups use them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from labkit.xray.engine.filters import Filter, Groups, parse
from labkit.xray.records import GROUPS

if TYPE_CHECKING:
    from labkit.xray.store import XRayStore


@lru_cache(maxsize=256)
def read(expression: str) -> Filter:
    """A filter out of its text; those read lately are kept.

    Raises
    ------
    FilterError
        With the place.
    """
    return parse(expression)


def groups(store: XRayStore) -> Groups:
    """Finds the filter of a group by its name or ARN, for ``group.name`` and ``group.arn``."""

    def find(name: str) -> Filter | None:
        for group in store.of(GROUPS).values():
            if name in (group.name, group.arn):
                return read(group.filter_expression) if group.filter_expression else None
        return None

    return find
