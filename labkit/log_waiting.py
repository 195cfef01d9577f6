"""Waiting for a Logs Insights query, with a sign of how far it is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError
from labkit.logs.engine import ql
from labkit.views.waiting import patience

if TYPE_CHECKING:
    from labkit.lab import Lab


def waited(lab: Lab, client: Any, query_id: str) -> dict[str, Any]:
    """The first page of a query's rows: the lab's time passes until it is complete.

    Ctrl-C interrupts what is computed and stops the query.

    Raises
    ------
    LabError
        When it does not come to be complete.
    """
    from botocore.exceptions import ClientError

    with patience("running the query", ql.progress):
        try:
            told: dict[str, Any] = client.get_query_results(queryId=query_id)
            while told["status"] in ("Scheduled", "Running"):
                lab.advance(seconds=1)
                told = client.get_query_results(queryId=query_id)
        except KeyboardInterrupt:
            with suppress(ClientError):  # it may be over
                client.stop_query(queryId=query_id)
            raise
    if told["status"] != "Complete":
        raise LabError(f"the query is {told['status']}")
    return told
