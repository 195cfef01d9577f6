"""Metric data query definitions: queries kept under a name, to be used again.

CloudWatch neither checks nor runs the expression when it is saved, and so does a lab.

Source: botocore cloudwatch 2010-08-01.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError


def put_metric_data_query_definition(
    call: Call,
    /,
    *,
    Path: str,
    Expression: str,
    Type: str,
    Id: str | None = None,
    Tags: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """Save a query; with the ``Id`` of one that there is, change it.

    Raises
    ------
    AwsError
        ResourceNotFoundException, ConflictException for a path in use, LimitExceededException.
    """
    store: Store = call.store
    held = store.query_definitions
    if Id is not None and Id not in held:
        raise _missing(Id)
    if any(one["Path"] == Path for id_, one in held.items() if id_ != Id):
        raise AwsError("ConflictException", f"The path {Path} is in use.", status=409)
    if Id is None and len(held) >= call.quota("query_definitions.per_region"):
        raise AwsError("LimitExceededException", "The limit of definitions is reached.")
    id_ = Id or call.ids.uuid()
    known = held.get(id_, {})
    tags = known.get("Tags", {one["Key"]: one["Value"] for one in Tags})
    place = f"arn:aws:cloudwatch:{call.region}:{call.account}"
    held[id_] = {
        "Id": id_,
        "Arn": f"{place}:metric-data-query-definition/{id_}",
        "Path": Path,
        "Expression": Expression,
        "Type": Type,
        "CreatedAt": known.get("CreatedAt", call.now_us),
        "UpdatedAt": call.now_us,
        "Tags": tags,
    }
    return _shown(held[id_])


def get_metric_data_query_definition(call: Call, /, *, Id: str) -> dict[str, Any]:
    """A saved query.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    store: Store = call.store
    if Id not in store.query_definitions:
        raise _missing(Id)
    return _shown(store.query_definitions[Id])


def list_metric_data_query_definitions(
    call: Call, /, *, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    """The saved queries of this account and Region, in order of their paths.

    Raises
    ------
    AwsError
        InvalidNextToken.
    """
    store: Store = call.store
    found = sorted(store.query_definitions.values(), key=lambda one: str(one["Path"]))
    size = MaxResults or call.quota("query_definitions.list_page")
    shown, token = page(found, size, NextToken, "query definitions")
    keys = ("Id", "Path", "Type", "UpdatedAt")
    items = [{key: _shown(one)[key] for key in keys} for one in shown]
    return {"Items": items, **({"NextToken": token.rstrip("=")} if token else {})}


def delete_metric_data_query_definition(call: Call, /, *, Id: str) -> dict[str, Any]:
    """Delete a saved query; one that is not there is deleted already."""
    store: Store = call.store
    store.query_definitions.pop(Id, None)
    return {}


def _missing(id_: str) -> AwsError:
    told = f"The metric data query definition {id_} does not exist."
    return AwsError("ResourceNotFoundException", told, status=404)


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    times = {key: to_datetime(one[key]) for key in ("CreatedAt", "UpdatedAt")}
    return {**{key: value for key, value in one.items() if key != "Tags"}, **times}
