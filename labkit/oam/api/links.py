"""CreateLink, GetLink, ListLinks, UpdateLink, DeleteLink.

A link is made in the source account. The sink's policy must allow that account, with the kinds of
data that the link shares (``oam:ResourceTypes``).

Source: botocore oam 2022-06-10; user guide, "CloudWatch cross-account observability".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.oam.api.requests import invalid, link_of, page
from labkit.oam.engine.filter import FilterError, parse
from labkit.oam.records import LOGS, METRICS, Link
from labkit.oam.store import Store

_FILTERS = {
    "MetricConfiguration": ("Namespace", METRICS),
    "LogGroupConfiguration": ("LogGroupName", LOGS),
}
#: A lab's accounts have no names: the variables stand for the account's number.
_VARIABLES = ("$AccountEmailNoDomain", "$AccountEmail", "$AccountName")


def create_link(
    call: Call,
    /,
    *,
    LabelTemplate: str,
    ResourceTypes: Sequence[str],
    SinkIdentifier: str,
    LinkConfiguration: Mapping[str, Any] | None = None,
    Tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Share data of this account with the owner of a sink.

    Raises
    ------
    AwsError
        AccessDeniedException when the sink's policy does not allow it, ConflictException for a
        second link to a sink, InvalidParameterException, ServiceQuotaExceededException.
    """
    store: Store = call.store
    region, owner = _place(SinkIdentifier)
    if region != call.region:
        raise invalid(f"The sink {SinkIdentifier} is not in this Region ({call.region}).")
    if owner == call.account:
        raise invalid("An account cannot be linked to a sink of its own.")
    _check_permission(call, SinkIdentifier, ResourceTypes, owner)
    if any(one.sink_arn == SinkIdentifier for one in store.links.values()):
        raise AwsError("ConflictException", "A link to this sink exists already.", status=409)
    most = call.quota("links.per_account")
    if len(store.links) >= most:
        raise AwsError(
            "ServiceQuotaExceededException",
            f"An account can be linked to at most {most} monitoring accounts.",
            status=429,
        )
    configuration = _checked(LinkConfiguration, ResourceTypes)
    id_ = call.ids.uuid()
    arn = f"arn:aws:oam:{call.region}:{call.account}:link/{id_}"
    store.links[arn] = Link(
        id_, arn, call.account, call.region, SinkIdentifier, LabelTemplate,
        _label(LabelTemplate, call.account), list(ResourceTypes), configuration, dict(Tags or {}),
    )  # fmt: skip
    _tell(call, SinkIdentifier)
    return _shown(store.links[arn], tags=True)


def get_link(call: Call, /, *, Identifier: str, IncludeTags: bool = False) -> dict[str, Any]:
    """A link.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    return _shown(link_of(call, Identifier), tags=IncludeTags)


def list_links(
    call: Call, /, *, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    """The links of this source account, five a page.

    Raises
    ------
    AwsError
        InvalidParameterException.
    """
    store: Store = call.store
    size = MaxResults or call.quota("links.list_page")
    shown, more = page(list(store.links.values()), size, NextToken)
    keys = ("Arn", "Id", "Label", "ResourceTypes", "SinkArn")
    items = [_shown(one, tags=False) for one in shown]
    return {"Items": [{key: one[key] for key in keys} for one in items], **more}


def update_link(
    call: Call,
    /,
    *,
    Identifier: str,
    ResourceTypes: Sequence[str],
    LinkConfiguration: Mapping[str, Any] | None = None,
    IncludeTags: bool = False,
) -> dict[str, Any]:
    """Share other kinds of data; a configuration that is left out stays, ``*`` deletes a filter.

    Raises
    ------
    AwsError
        AccessDeniedException, InvalidParameterException, ResourceNotFoundException.
    """
    link = link_of(call, Identifier)
    _check_permission(call, link.sink_arn, ResourceTypes, _place(link.sink_arn)[1])
    changed = _checked(LinkConfiguration, ResourceTypes)
    link.configuration = {
        key: value
        for key, value in {**link.configuration, **changed}.items()
        if value["Filter"].strip() != "*"
    }
    link.types = list(ResourceTypes)
    _tell(call, link.sink_arn)
    return _shown(link, tags=IncludeTags)


def delete_link(call: Call, /, *, Identifier: str) -> dict[str, Any]:
    """Share nothing with the owner of the sink any more.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    store: Store = call.store
    link = link_of(call, Identifier)
    del store.links[link.arn]
    _tell(call, link.sink_arn)
    return {}


def _tell(call: Call, sink_arn: str) -> None:
    call.publish("link.changed", {"source": call.account, "monitoring": _place(sink_arn)[1]})


def _place(arn: str) -> tuple[str, str]:
    """Region and account of a sink's ARN."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "oam" or not parts[5].startswith("sink/"):
        raise invalid(f"The value {arn} for parameter SinkIdentifier is not the ARN of a sink.")
    return parts[3], parts[4]


def _check_permission(call: Call, arn: str, types: Sequence[str], owner: str) -> None:
    store: Store = call.store
    sink = store.service.sink(arn)
    allowed = False
    if sink is not None and sink.policy:
        context = {"oam:ResourceTypes": tuple(types)}
        verdict = call.ports.policy_allows(
            sink.policy, call.principal, f"oam:{call.operation}", arn, context, owner
        )
        allowed = verdict.value
    if not allowed:
        raise AwsError(
            "AccessDeniedException",
            f"User: {call.principal.arn} is not authorized to perform: oam:{call.operation} on "
            f"resource: {arn} because no resource-based policy allows the oam:{call.operation} "
            "action",
            status=403,
        )


def _checked(given: Mapping[str, Any] | None, types: Sequence[str]) -> dict[str, Any]:
    """The filters of a link, each of a kind of data that is shared."""
    for name, inside in (given or {}).items():
        term, kind = _FILTERS[name]
        if kind not in types:
            raise invalid(f"{name} filters {kind}, which the link does not share.")
        try:
            parse(inside["Filter"], term)
        except FilterError as problem:
            raise invalid(f"The filter of {name} is invalid: {problem}.") from problem
    return {name: dict(inside) for name, inside in (given or {}).items()}


def _label(template: str, account: str) -> str:
    for variable in _VARIABLES:
        template = template.replace(variable, account)
    return template


def _shown(link: Link, *, tags: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Arn": link.arn,
        "Id": link.id,
        "Label": link.label,
        "LabelTemplate": link.template,
        "ResourceTypes": list(link.types),
        "SinkArn": link.sink_arn,
    }
    if link.configuration:
        shown["LinkConfiguration"] = dict(link.configuration)
    return {**shown, "Tags": dict(link.tags)} if tags else shown
