"""SQL from a notebook: ``lab.athena.query("...")`` and the cell magic ``%%athena``.

Both do what a learner's own code would: start the query, let the lab's time pass until it is done,
read the pages. Where nobody has said where results go, they go into the bucket that Athena's
console makes.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError

if TYPE_CHECKING:
    from pandas import DataFrame

    from labkit.lab import Lab

_WHOLE = {"bigint", "integer", "smallint", "tinyint"}
_REAL = {"double", "float", "decimal", "real"}


class AthenaControls:
    """Athena of a lab, for a person.

    Parameters
    ----------
    lab:
        The lab.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def query(
        self,
        sql: str,
        *,
        database: str = "default",
        output: str | None = None,
        workgroup: str = "primary",
        parameters: list[str] | None = None,
        token: str | None = None,
    ) -> DataFrame:
        """Run a statement and wait for it; the rows as a frame, NULL as None.

        ``token`` is the ClientRequestToken, 32 to 128 characters, for whoever asks in a world that
        was replayed: one that is made there may be one that the journal has used.

        The frame's ``attrs`` hold ``query_execution_id``, ``scanned_bytes`` and ``milliseconds``.

        Raises
        ------
        LabError
            With Athena's reason when the statement fails.
        """
        from pandas import DataFrame

        client = self._lab.client("athena")
        asked: dict[str, Any] = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": database},
            "WorkGroup": workgroup,
        }
        where = output or self._output(client, workgroup)
        if where:
            asked["ResultConfiguration"] = {"OutputLocation": where}
        if token:
            asked["ClientRequestToken"] = token
        if parameters:
            asked["ExecutionParameters"] = parameters
        run = client.start_query_execution(**asked)["QueryExecutionId"]
        told = client.get_query_execution(QueryExecutionId=run)["QueryExecution"]
        while told["Status"]["State"] in ("QUEUED", "RUNNING"):
            self._lab.advance(seconds=1)
            told = client.get_query_execution(QueryExecutionId=run)["QueryExecution"]
        if told["Status"]["State"] != "SUCCEEDED":
            raise LabError(told["Status"].get("StateChangeReason", told["Status"]["State"]))
        columns, rows = _read(client, run, plain=told["StatementType"] != "DML")
        frame = DataFrame(
            {n: [_value(row[n], kind) for row in rows] for n, (_, kind) in enumerate(columns)}
        )
        frame.columns = [name for name, _ in columns]
        frame.attrs = {
            "query_execution_id": run,
            "scanned_bytes": told["Statistics"]["DataScannedInBytes"],
            "milliseconds": told["Statistics"]["TotalExecutionTimeInMillis"],
        }
        return frame

    def _output(self, client: Any, workgroup: str) -> str:
        group = client.get_work_group(WorkGroup=workgroup)["WorkGroup"]
        if group["Configuration"].get("ResultConfiguration", {}).get("OutputLocation"):
            return ""
        bucket = f"aws-athena-query-results-{self._lab.account}-{self._lab.region}"
        s3 = self._lab.client("s3")
        if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket)
        return f"s3://{bucket}/"


def _read(client: Any, run: str, *, plain: bool) -> tuple[list[tuple[str, str]], list[list[Any]]]:
    columns: list[tuple[str, str]] = []
    rows: list[list[Any]] = []
    for page in client.get_paginator("get_query_results").paginate(QueryExecutionId=run):
        found = page["ResultSet"]
        columns = [(c["Name"], c["Type"]) for c in found["ResultSetMetadata"]["ColumnInfo"]]
        rows += [[one.get("VarCharValue") for one in row["Data"]] for row in found["Rows"]]
    if columns and (not plain or rows[:1] == [[name for name, _ in columns]]):
        del rows[0]
    return columns, rows


def _value(text: str | None, kind: str) -> Any:
    if text is None:
        return None
    if kind in _WHOLE:
        return int(text)
    if kind in _REAL:
        return float(text)
    if kind == "boolean":
        return text == "true"
    return text


def magic(lab: Lab, line: str, cell: str) -> DataFrame | None:
    """``%%athena [database] [>> name]``: run the cell; with ``>> name`` keep the frame under it."""
    words, name = words_of(line, "%%athena database")
    return kept(lab.athena.query(cell, database=words[0] if words else "default"), name)


def words_of(line: str, usage: str) -> tuple[list[str], str]:
    """The words of a cell magic's line, and the name behind ``>>``; empty when there is none.

    Raises
    ------
    LabError
        When what stands behind ``>>`` is no name; it quotes ``usage``.
    """
    words = shlex.split(line)
    if ">>" not in words:
        return words, ""
    at = words.index(">>")
    name = words[at + 1] if at + 1 < len(words) else ""
    if not name.isidentifier():
        raise LabError(f"{usage} >> name: a name to keep the frame under")
    return words[:at], name


def kept(frame: DataFrame, name: str) -> DataFrame | None:
    """The frame itself, or nothing when it was kept in the notebook under a name."""
    if not name:
        return frame
    from IPython import get_ipython

    get_ipython().push({name: frame})
    return None
