"""The services, entities and exceptions of root causes, as filter expressions ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: The values of a text keyword.
Values = tuple[Any, ...]


class Element:
    """A service, an entity or an exception in a root cause.

    Parameters
    ----------
    told:
        Its object in the root cause, as the API shows it.
    index, many:
        Its place in the list, from 0, and the list's length.
    """

    def __init__(self, told: Mapping[str, Any], index: int, many: int) -> None:
        self.told = told
        self.index = index
        self.first = index == 0
        self.last = index == many - 1
        self.name: Values = texts([told.get("Name")])
        self.type: Values = texts([told.get("Type")])
        self.message: Values = texts([told.get("Message")])
        self.inferred = told.get("Inferred") is True
        self.remote = told.get("Remote") is True
        self.coverage: float | None = told.get("Coverage")

    @property
    def annotations(self) -> dict[str, Values]:
        """None."""
        return {}


def elements_of(cause: Mapping[str, Any], part: str) -> list[Element]:
    """The services, entities or exceptions of a root cause, outermost first."""
    told: list[Mapping[str, Any]] = list(cause.get("Services") or ())
    if part != "service":
        told = [one for service in told for one in service.get("EntityPath") or ()]
    if part == "exception":
        told = [one for entity in told for one in entity.get("Exceptions") or ()]
    return [Element(one, index, len(told)) for index, one in enumerate(told)]


def texts(values: Iterable[Any]) -> Values:
    """Those of some values that are texts, and not empty."""
    return tuple(value for value in values if isinstance(value, str) and value)
