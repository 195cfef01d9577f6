"""What Athena remembers: tables, queries, work groups, what was saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labkit.core.call import Principal

#: The catalog that every account has.
CATALOG = "AwsDataCatalog"
#: The work group that every account has.
PRIMARY = "primary"
#: What Athena answers about its engine.
ENGINE = "Athena engine version 3"


@dataclass(slots=True)
class Column:
    """A column: name in lower case, Hive type, comment."""

    name: str
    type: str
    comment: str = ""


@dataclass(slots=True)
class Table:
    """A table or a view of the catalog.

    Parameters
    ----------
    database, name:
        In lower case.
    columns, partitions:
        The columns of the files, and those that come from where a file lies.
    serde:
        The class that reads a row.
    input_format, output_format:
        The classes that read and write a file.
    location:
        ``s3://bucket/prefix/``; empty for a view.
    properties, serde_properties:
        ``TBLPROPERTIES`` and ``SERDEPROPERTIES``.
    delimiter:
        Of ``ROW FORMAT DELIMITED``.
    view:
        The view's query; empty for a table.
    values:
        Partitions that were added: values in order -> location.
    """

    database: str
    name: str
    columns: list[Column]
    partitions: list[Column] = field(default_factory=list)
    serde: str = ""
    input_format: str = ""
    output_format: str = ""
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    serde_properties: dict[str, str] = field(default_factory=dict)
    delimiter: str = ""
    view: str = ""
    values: dict[tuple[str, ...], str] = field(default_factory=dict)
    comment: str = ""
    created_us: int = 0

    @property
    def projected(self) -> bool:
        """Whether the partitions are computed from the table's properties."""
        return self.properties.get("projection.enabled", "").lower() == "true"


@dataclass(slots=True)
class WorkGroup:
    """A work group and its settings, as CreateWorkGroup took them."""

    name: str
    configuration: dict[str, Any]
    description: str = ""
    state: str = "ENABLED"
    tags: dict[str, str] = field(default_factory=dict)
    created_us: int = 0

    @property
    def output(self) -> str:
        """Where its results go; empty when nobody said."""
        where: str = self.configuration.get("ResultConfiguration", {}).get("OutputLocation", "")
        return where


@dataclass(slots=True)
class NamedQuery:
    """A saved query."""

    id: str
    name: str
    database: str
    text: str
    description: str
    workgroup: str


@dataclass(slots=True)
class Prepared:
    """A prepared statement."""

    name: str
    text: str
    description: str
    modified_us: int


@dataclass(slots=True)
class Answer:
    """What a statement answered: columns as (name, Athena's type), rows as texts or None."""

    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    scanned_bytes: int = 0
    update_count: int = 0
    #: Plain text instead of a table: SHOW, DESCRIBE, EXPLAIN.
    plain: bool = False
    #: Statements that read no data are free.
    free: bool = False


@dataclass(slots=True)
class Execution:
    """One run of a statement."""

    id: str
    text: str
    kind: str
    substatement: str
    workgroup: str
    database: str
    catalog: str
    output: str
    principal: Principal
    source_ip: str
    submitted_us: int
    parameters: list[str] = field(default_factory=list)
    state: str = "QUEUED"
    reason: str = ""
    error: tuple[int, int] | None = None
    queue_ms: int = 0
    engine_ms: int = 0
    completed_us: int | None = None
    answer: Answer | None = None
    token: str = ""
