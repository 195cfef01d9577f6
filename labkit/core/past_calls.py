"""Calls of a past that nobody lived through: weeks of them as columns, not as objects.

A prepared world has a month behind it, a hundred thousand calls. Made one by one through the
gateway they would take minutes; as columns they are a few arrays of numbers that point into three
short tables: what was asked (:class:`Deed`), by whom and from where (:class:`Caller`), and when.
Row ``i`` read through :meth:`PastCalls.data` has the fields of a ``call.finished`` fact, so whoever
reads records needs to know nothing of where a call came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from labkit.core.ids import shape_uuid


class Numbers(Protocol):
    """A column: an array of whole numbers, numpy's or another's."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Any: ...


class Deed(NamedTuple):
    """What was asked and how it ended: one row of the table of deeds.

    Parameters
    ----------
    service, operation:
        botocore's name of the service (``ec2``), AWS's name of the operation (``RunInstances``).
    read_only:
        Whether it only reads.
    request, response:
        JSON text, as boto3 would have sent and got it.
    error_code, error_message:
        As boto3 shows them; empty when the call went well.
    """

    service: str
    operation: str
    read_only: bool
    request: str = "null"
    response: str = "null"
    error_code: str = ""
    error_message: str = ""


class Caller(NamedTuple):
    """Who called, and from where: one row of the table of callers.

    Parameters
    ----------
    principal:
        As facts carry it (``Principal.to_dict()``).
    source_ip, user_agent:
        As CloudTrail shows them.
    """

    principal: Mapping[str, str]
    source_ip: str
    user_agent: str


@dataclass(frozen=True)
class PastCalls:
    """Calls of one account and Region, in order of time.

    Parameters
    ----------
    at_us:
        When each came back, microseconds since the epoch, ascending (array of int64).
    deed, caller:
        For each call its row in ``deeds`` and in ``callers`` (arrays of int32).
    deeds, callers:
        The tables.
    name:
        Request ids are made from it and the number of the row: two lists of one world and Region
        need two names.
    """

    at_us: Numbers
    deed: Numbers
    caller: Numbers
    deeds: Sequence[Deed]
    callers: Sequence[Caller]
    name: str

    def __len__(self) -> int:
        return len(self.at_us)

    def request_id(self, row: int) -> str:
        """The request id of a row: the same at each reading."""
        return shape_uuid(blake2b(f"{self.name}/{row}".encode(), digest_size=16).hexdigest())

    def data(self, row: int) -> dict[str, Any]:
        """The fields of the ``call.finished`` fact of a row."""
        deed, caller = self.deeds[self.deed[row]], self.callers[self.caller[row]]
        return {
            "service": deed.service,
            "operation": deed.operation,
            "category": "management",
            "read_only": deed.read_only,
            "principal": caller.principal,
            "request_id": self.request_id(row),
            "source_ip": caller.source_ip,
            "user_agent": caller.user_agent,
            "request": deed.request,
            "response": deed.response,
            "error_code": deed.error_code,
            "error_message": deed.error_message,
        }

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(instant, fields) of every call, the oldest first."""
        for row in range(len(self.at_us)):
            yield int(self.at_us[row]), self.data(row)
