"""The segments of the shop's payment: API Gateway's stage, Lambda, and the function's own.

The stage takes three milliseconds longer than the function, as its access log has it;
``Invocation`` begins with the START line and lasts exactly what the REPORT line calls its duration.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.workloads.shop_faces import PLACE
from labkit.workloads.shop_figures import TABLE_SHARE
from labkit.workloads.shop_requests import WHY
from labkit.workloads.shop_segment_parts import (
    ACQUIRER,
    CAUSE,
    CHARGE,
    HANDLER,
    INIT,
    INVOCATION,
    SDK,
    Document,
    Faces,
    cause,
    exception,
    flag,
    parents_of,
    seconds,
    slower,
    sub_id,
    table_call,
)
from labkit.workloads.shop_site import AGENTS, ShopSite
from labkit.workloads.shop_trace_rows import BEFORE_US, GATEWAY_US, STAGE, Rows

_W = {kind: place for place, kind in enumerate(WHY)}
FUNCTION = "shop-payment"
_SERVICE, _OWN = 0x4CF5AD432745937F, 0x52DCE729DA3ED7A5
#: why -> status that the acquirer answers, if it does, and the exception that follows.
_CHARGE: dict[int, tuple[int, tuple[str, str] | None]] = {
    _W["usual"]: (402, None),
    _W["timeouts"]: (0, ("ReadTimeout", "no answer from the acquirer")),
    _W["bad_host"]: (200, ("ValueError", "the acquirer answered nonsense")),
    _W["failing"]: (0, ("ConnectionError", "the acquirer refuses connections")),
}
_BROKEN = (_W["bad_deploy"], _W["bad_release"])


def payment(site: ShopSite, rows: Rows, faces: dict[str, Faces]) -> list[Document]:
    """The three documents of each payment."""
    mine, parents = faces["payment"], parents_of(rows, faces)
    share = TABLE_SHARE["payment"]
    minute = (rows.number >> PLACE).astype(np.int64)
    times = slower(site, "slow_table", "payment", minute)
    usual = np.minimum(rows.own_us / (1 + share * (times - 1)), 400_000.0)
    table = (usual * share * times).astype(np.int64)
    invocations = site.invocation_ids(rows.number).to_pylist()
    cents = site.whole("cents", rows.number, 900, 24_000).tolist()
    columns = (rows.start_us, rows.end_us, rows.status, rows.why, table)
    made: list[Document] = []
    for i, (start, end, status, why, table_us) in enumerate(
        zip(*map(np.ndarray.tolist, columns), strict=True)
    ):
        stage = _stage(site, mine, i, start, end, status)
        if parents[i]:
            stage["parent_id"] = parents[i]
        begin_us, done_us = start + BEFORE_US, end - GATEWAY_US + BEFORE_US
        unhandled = why in _BROKEN or why == _W["timeouts"]
        service = _service(site, mine, i, begin_us - 400, done_us, invocations[i])
        own = _function(site, mine, i, begin_us, done_us, invocations[i])
        parts = own["subsegments"][0]["subsegments"][0]
        parts["annotations"]["cents"] = cents[i]
        parts["subsegments"] = _inside(site, mine.ids[i], begin_us, done_us, table_us, why)
        if unhandled:
            for one in (service, own, own["subsegments"][0], parts):
                one["fault"] = True
            own["cause"] = _why(mine.ids[i], why)
        made += [stage, service, own]
    return made


def _stage(
    site: ShopSite, mine: Faces, i: int, start_us: int, end_us: int, status: int
) -> Document:
    segment, who = mine.ids[i], mine.customers[i]
    api = site.api_host.partition(".")[0]
    length = 36 if status >= 400 else 210
    call: Document = {
        "id": sub_id(segment, INVOCATION), "name": "Lambda", "namespace": "aws",
        "start_time": seconds(start_us + 300), "end_time": seconds(end_us - 1000),
        "http": {
            "request": {"method": "POST", "url": invocation_url(site)},
            "response": {"status": 200, "content_length": length},
        },
        "aws": {
            "operation": "Invoke", "function_name": FUNCTION, "region": site.region,
            "resource_names": [FUNCTION],
        },
    }  # fmt: skip
    document: Document = {
        "trace_id": mine.traces[i],
        "id": f"{segment:016x}",
        "name": STAGE,
        "origin": "AWS::ApiGateway::Stage",
        "start_time": seconds(start_us),
        "end_time": seconds(end_us),
        "http": {
            "request": {
                "method": "POST",
                "url": f"https://{site.api_host}/prod/payments",
                "user_agent": AGENTS[who % len(AGENTS)],
                "client_ip": site.addresses[who],
                "x_forwarded_for": True,
            },
            "response": {"status": status, "content_length": length},
        },
        "aws": {
            "api_gateway": {
                "account_id": site.account,
                "rest_api_id": api,
                "stage": "prod",
                "request_id": mine.requests[i],
            }
        },
        "annotations": {"aws:api_id": api, "aws:api_stage": "prod"},
        "metadata": {"default": {"request_id": mine.requests[i]}},
        "resource_arn": site.stage_arn,
        "subsegments": [call],
    }
    flag(document, status)
    return document


def invocation_url(site: ShopSite) -> str:
    """Where API Gateway invokes the function."""
    arn = site.arn("lambda", f"function:{FUNCTION}")
    return f"https://lambda.{site.region}.amazonaws.com/2015-03-31/functions/{arn}/invocations"


def _service(
    site: ShopSite, mine: Faces, i: int, start_us: int, end_us: int, invocation: str
) -> Document:
    """The segment of Lambda, the service."""
    return {
        "trace_id": mine.traces[i],
        "id": f"{mine.ids[i] ^ _SERVICE:016x}",
        "parent_id": sub_id(mine.ids[i], INVOCATION),
        "name": FUNCTION,
        "origin": "AWS::Lambda",
        "start_time": seconds(start_us),
        "end_time": seconds(end_us + 500),
        "http": {"response": {"status": 200}},
        "aws": {"request_id": invocation},
        "resource_arn": site.arn("lambda", f"function:{FUNCTION}"),
    }


def _function(
    site: ShopSite, mine: Faces, i: int, start_us: int, end_us: int, invocation: str
) -> Document:
    """The segment of the function, its handler in it."""
    segment, arn = mine.ids[i], site.arn("lambda", f"function:{FUNCTION}")
    handler: dict[str, Any] = {
        "id": sub_id(segment, HANDLER), "name": "## handler",
        "start_time": seconds(start_us + 400), "end_time": seconds(end_us - 200),
        "annotations": {
            "order_id": mine.orders[i], "version": mine.versions[i],
            "tier": "gold" if mine.gold[i] else "standard",
        },
    }  # fmt: skip
    return {
        "trace_id": mine.traces[i],
        "id": f"{segment ^ _OWN:016x}",
        "parent_id": f"{segment ^ _SERVICE:016x}",
        "name": FUNCTION,
        "origin": "AWS::Lambda::Function",
        "start_time": seconds(start_us),
        "end_time": seconds(end_us),
        "aws": {"function_arn": arn, "account_id": site.account, "request_id": invocation,
                "xray": SDK},
        "resource_arn": arn,
        "subsegments": [
            {
                "id": f"{segment ^ _OWN ^ 1:016x}", "name": "Invocation",
                "start_time": seconds(start_us), "end_time": seconds(end_us),
                "aws": {"function_arn": arn}, "subsegments": [handler],
            }
        ],
    }  # fmt: skip


def _inside(
    site: ShopSite, segment: int, start_us: int, end_us: int, table_us: int, why: int
) -> list[Document]:
    """What the function does: it charges the card, then it stores the payment."""
    begin_us, stored_us = start_us + 2_000, end_us - 1_000
    throttled = why == _W["throttled_table"]
    fails = why > 0 and not throttled
    charged_us = stored_us if fails else stored_us - table_us - 500
    status, problem = _CHARGE.get(why, (200, None))
    charge: Document = {
        "id": sub_id(segment, CHARGE), "name": ACQUIRER, "namespace": "remote",
        "start_time": seconds(begin_us), "end_time": seconds(charged_us),
        "http": {"request": {"method": "POST", "url": f"https://{ACQUIRER}/v2/charges"}},
    }  # fmt: skip
    if status:
        charge["http"]["response"] = {"status": status}
        flag(charge, status)
    if problem:
        charge["fault"] = True
        charge["cause"] = cause("payment", exception(f"{segment ^ INIT ^ 5:016x}", *problem))
    if fails:
        return [charge]
    begin_us = stored_us - table_us
    return [charge, table_call(site, segment, "payment", begin_us, stored_us, why)]


def _why(segment: int, why: int) -> Document:
    """The exception that ended the function."""
    identity = sub_id(segment, CAUSE)
    if why in _BROKEN:
        stack = [{"path": "/var/task/payment.py", "line": 34, "label": "handler"}]
        return cause("payment", exception(identity, "KeyError", "'eur'", stack))
    return cause("payment", exception(identity, "Sandbox.Timedout", "Task timed out after 15.00 s"))
