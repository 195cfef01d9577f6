"""What Athena remembers for one account and Region: the catalog, queries, work groups."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from labkit.athena.records import PRIMARY, Execution, NamedQuery, Prepared, Table, WorkGroup

if TYPE_CHECKING:
    from labkit.athena.service import Athena


class Store:
    """The catalog and what was run.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The Athena that it belongs to.
    now_us:
        When the primary work group came to be.
    """

    def __init__(self, account: str, region: str, service: Athena, now_us: int) -> None:
        self.account = account
        self.region = region
        self.service = service
        #: Database -> its comment.
        self.databases: dict[str, str] = {"default": ""}
        self.tables: dict[tuple[str, str], Table] = {}
        self.executions: dict[str, Execution] = {}
        self.workgroups = {PRIMARY: WorkGroup(PRIMARY, {}, created_us=now_us)}
        self.named: dict[str, NamedQuery] = {}
        self.prepared: dict[tuple[str, str], Prepared] = {}

    def tables_of(self, database: str) -> list[Table]:
        """The tables and views of a database, by name."""
        return [one for (d, _), one in sorted(self.tables.items()) if d == database]

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values."""
        return [
            sorted(self.databases),
            [repr(table) for _, table in sorted(self.tables.items())],
            [repr(one) for _, one in sorted(self.executions.items())],
            [asdict(one) for _, one in sorted(self.workgroups.items())],
            [asdict(one) for _, one in sorted(self.named.items())],
            [asdict(one) for _, one in sorted(self.prepared.items())],
        ]
