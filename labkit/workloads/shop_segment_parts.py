"""What the shop's segment documents are made of: ids, faces, calls, tables, exceptions.

An id is a number of 64 bits until it is written; a subsegment's is its segment's, with some bits
turned that depend on its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.core.clock import MILLISECOND
from labkit.core.traces import trace_id
from labkit.workloads.latencies import CAUGHT_MS, STRAGGLER_MS
from labkit.workloads.shop_faces import PLACE
from labkit.workloads.shop_figures import TABLE_SHARE, TIMEOUT_MS
from labkit.workloads.shop_requests import TRIES, WHY
from labkit.workloads.shop_site import ShopSite
from labkit.workloads.shop_trace_rows import CALLER, ORIGIN, WAY_US, Rows
from labkit.workloads.shop_web_lines import WORK

Document = dict[str, Any]

NAMES = list(CALLER)
#: What the i-th subsegment of a segment is called internally: its id is the segment's, turned so.
_TURN = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93,
         0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3,
         0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x2545F4914F6CDD1D)  # fmt: skip
#: Subsegments: the call of another service and its tries, the table, SQL, SNS, SQS, others.
CALL, TABLE, SQL, TOPIC, QUEUE, INVOCATION, HANDLER, CHARGE, CAUSE, INIT, PACKING = range(11)
_TRY = 0x632BE59BD9B4E019

SDK = {"sdk": "X-Ray for Python", "sdk_version": "2.15.0"}
_RUNTIME = {"runtime": "CPython", "runtime_version": "3.13.1"}
#: service -> its table, what it does there, and what it asks the SQL database.
TABLES = {"catalogue": "products", "cart": "carts", "checkout": "orders", "payment": "payments"}
_OPERATION = {"catalogue": "GetItem", "cart": "UpdateItem", "checkout": "PutItem",
              "payment": "PutItem"}  # fmt: skip
_QUERY = {
    "catalogue": "SELECT price, stock FROM prices WHERE product = %s",
    "cart": "SELECT tier FROM customers WHERE id = %s",
    "checkout": "UPDATE stock SET reserved = reserved + %s WHERE product = %s",
}
ACQUIRER = "api.acquirer.example"
_W = {kind: place for place, kind in enumerate(WHY)}

#: What a service says when it fails as on every day.
_USUAL = {
    "front": "the page could not be made",
    "catalogue": "the search index was busy",
    "cart": "could not store the cart",
    "checkout": "the payment was not made",
}
#: why -> (type, message) of the exception that a service's own code raises.
RAISED = {
    _W["usual"]: ("ServiceError", ""),
    _W["bad_deploy"]: ("KeyError", "'eur'"),
    _W["bad_release"]: ("KeyError", "'eur'"),
    _W["bad_host"]: ("OSError", "[Errno 28] No space left on device"),
    _W["bad_zone"]: ("OSError", "[Errno 113] No route to host"),
}
THROTTLED = (
    "ProvisionedThroughputExceededException",
    "The level of configured provisioned throughput for the table was exceeded. Consider "
    "increasing your provisioning level with the UpdateTable API.",
)
_REFUSED = ("OperationalError", "connection refused by the database")
_LATE = ("OperationalError", "no answer within 15 s, given up")


@dataclass(slots=True)
class Faces:
    """What hangs on the numbers of some rows, as lists: ids, customers, releases.

    Parameters
    ----------
    ids:
        Each segment's id as a number; subsegments' derive from it.
    traces:
        Trace ids.
    """

    ids: list[int]
    traces: list[str]
    customers: list[int]
    gold: list[bool]
    versions: list[str]
    releases: list[int]
    orders: list[str]
    requests: list[str]
    luck: list[float]


def seconds(at_us: int) -> float:
    """Microseconds as the float of seconds that documents have."""
    return at_us / 1_000_000


def microseconds(at_s: float) -> int:
    """Such a float as microseconds again."""
    return round(at_s * 1_000_000)


def sub_id(segment: int, which: int) -> str:
    """The id of a segment's subsegment."""
    return f"{segment ^ _TURN[which]:016x}"


def segment(name: str, mine: Faces, i: int, start_us: int, end_us: int) -> Document:
    """The beginning of a service's document."""
    return {
        "trace_id": mine.traces[i],
        "id": f"{mine.ids[i]:016x}",
        "name": name,
        "origin": ORIGIN[name],
        "start_time": seconds(start_us),
        "end_time": seconds(end_us),
        "service": {"version": mine.versions[i], **_RUNTIME},
    }


def parents_of(rows: Rows, faces: dict[str, Faces]) -> list[str]:
    """The id of the subsegment that called each; empty where the trace begins."""
    caller = CALLER[rows.service]
    if caller not in faces:
        return [""] * len(rows)
    ids = faces[caller].ids
    return [sub_id(ids[row], CALL) if row >= 0 else "" for row in rows.called.tolist()]


def flag(document: Document, status: int) -> None:
    """What an HTTP status says of a segment or subsegment."""
    if status >= 500:
        document["fault"] = True
    elif status >= 400:
        document["error"] = True
        if status == 429:
            document["throttle"] = True


def exception(identity: str, kind: str, message: str, stack: list[Document] | None = None,
              *, remote: bool = False) -> Document:  # fmt: skip
    """One exception of a cause."""
    made: Document = {"id": identity, "type": kind, "message": message, "remote": remote}
    if stack:
        made["stack"] = stack
    return made


def cause(service: str, *exceptions: Document) -> Document:
    """The cause of a segment or subsegment."""
    where = "/var/task" if service == "payment" else f"/app/{service}"
    return {"working_directory": where, "exceptions": list(exceptions)}


def raised(document: Document, segment: int, service: str, why: int) -> None:
    """The exception that a service's own code raised."""
    document["fault"] = True
    kind, message = RAISED.get(why, ("ServiceError", ""))
    text = message or _USUAL[service]
    stack = [{"path": f"{service}/server.py", "line": 61, "label": "answer"}]
    if kind == "KeyError":
        stack.insert(0, {"path": f"{service}/prices.py", "line": 87, "label": "total"})
    made = exception(sub_id(segment, CAUSE), kind, text, stack)
    document["cause"] = cause(service, made)


def inherited(document: Document, parts: list[Document]) -> None:
    """A service fails because something that it called did: the cause is that exception's id."""
    for part in reversed(parts):
        if isinstance(part.get("cause"), dict):
            document["cause"] = part["cause"]["exceptions"][0]["id"]
            return


def call(site: ShopSite, rows: Rows, i: int, mine: Faces, found: dict[str, Rows]) -> list[Document]:
    """The call of another service; what it waits for a connection is a part of it."""
    row = int(rows.call[i])
    if row < 0:
        return []
    callee = found[NAMES[int(rows.calls[i])]]
    name = callee.service
    if name == "payment":
        name, method, url = site.api_host, "POST", f"https://{site.api_host}/prod/payments"
    else:
        method, url = WORK[name][0], f"http://{name}:8080{WORK[name][1]}"
    segment, status = mine.ids[i], int(callee.status[row])
    late_us = int(rows.waited_us[i])
    begin_us = int(callee.start_us[row]) - WAY_US - late_us
    made: Document = {
        "id": sub_id(segment, CALL), "name": name, "namespace": "remote",
        "start_time": seconds(begin_us), "end_time": seconds(int(callee.end_us[row]) + WAY_US),
        "http": {
            "request": {"method": method, "url": url, "traced": True},
            "response": {"status": status},
        },
    }  # fmt: skip
    flag(made, status)
    if late_us:
        made["subsegments"] = [
            _try(rows.service, name, segment, turn, begin_us + turn * late_us // TRIES, late_us)
            for turn in range(TRIES)
        ]
    return [made]


def _try(service: str, name: str, segment: int, turn: int, begin_us: int, late_us: int) -> Document:
    """A connection that was not to be had: a part of the call, and nobody's request."""
    identity = f"{segment ^ (_TRY + turn):016x}"
    told = exception(identity[::-1], "ConnectTimeoutError", f"no connection to {name} within 1.2 s")
    return {
        "id": identity, "name": f"connect {name} #{turn + 1}",
        "start_time": seconds(begin_us), "end_time": seconds(begin_us + late_us // TRIES),
        "fault": True, "cause": cause(service, told),
    }  # fmt: skip


def inside(site: ShopSite, rows: Rows) -> tuple[list[int], list[int], list[int]]:
    """How long a service's table and its database took, and what it does between, microseconds.

    What an incident made slow is slow here: the table (``slow_table``); the service's own work
    (``slow``); the database, which holds those who are caught (``slow_share``) and lets those wait
    that run into their time limit.
    """
    own, share = rows.own_us.astype(np.float64), TABLE_SHARE[rows.service]
    slow, table_slow = (_times(site, kind, rows) for kind in ("slow", "slow_table"))
    base = own / (slow * (1 + share * (table_slow - 1)))
    special = np.isin(rows.own_us, [int(ms * 1000) for ms in (CAUGHT_MS, STRAGGLER_MS, TIMEOUT_MS)])
    base = np.where(special, 60_000.0, base)
    table, gap, sql = base * share * table_slow, base * 0.05, base * 0.22
    table = np.where(special, base * share, table)
    held = np.isin(rows.own_us, [int(CAUGHT_MS * 1000), int(TIMEOUT_MS * 1000)])
    sql = np.where(held, own - table - 2 * gap - 30 * MILLISECOND, sql)
    whole = [part.astype(np.int64).tolist() for part in (table, sql, gap)]
    return whole[0], whole[1], whole[2]


def _times(site: ShopSite, kind: str, rows: Rows) -> np.ndarray:
    """How many times as slow an incident of a kind made each request."""
    return slower(site, kind, rows.service, (rows.number >> PLACE).astype(np.int64))


def slower(site: ShopSite, kind: str, service: str, minute: np.ndarray) -> np.ndarray:
    """How many times as slow an incident of a kind made a service in some minutes; 1 without."""
    found = np.ones(len(minute))
    for start, end, size in site.spans(kind, service):
        found[(minute >= start) & (minute < end)] = size
    return found


def table_call(
    site: ShopSite, segment: int, service: str, begin_us: int, end_us: int, why: int
) -> Document:
    """The call of a service's table; one that has too little capacity throttles it."""
    operation, table = _OPERATION[service], TABLES[service]
    made: Document = {
        "id": sub_id(segment, TABLE), "name": "DynamoDB", "namespace": "aws",
        "start_time": seconds(begin_us), "end_time": seconds(end_us),
        "http": {"response": {"status": 200}},
        "aws": {
            "operation": operation, "region": site.region, "table_name": table,
            "request_id": (f"{segment ^ _TURN[TABLE]:016X}" * 4)[:52], "retries": 0,
        },
    }  # fmt: skip
    if why == _W["throttled_table"]:
        made["http"]["response"]["status"] = 400
        made["error"] = made["throttle"] = True
        made["aws"]["retries"] = 2
        told = exception(f"{segment ^ _TURN[INIT]:016x}", *THROTTLED, remote=True)
        made["cause"] = cause(service, told)
    return made


def sql(segment: int, service: str, begin_us: int, end_us: int, why: int) -> Document:
    """A service's query of the database, which may refuse it or never answer."""
    host = "db.shop.internal"
    made: Document = {
        "id": sub_id(segment, SQL), "name": f"shop@{host}", "namespace": "remote",
        "start_time": seconds(begin_us), "end_time": seconds(end_us),
        "sql": {
            "url": f"postgresql://{host}:5432/shop", "user": service,
            "database_type": "PostgreSQL", "database_version": "16.4",
            "sanitized_query": _QUERY[service],
        },
    }  # fmt: skip
    problem = {_W["failing"]: _REFUSED, _W["timeouts"]: _LATE}.get(why)
    if problem:
        made["fault"] = True
        made["cause"] = cause(service, exception(f"{segment ^ _TURN[INIT]:016x}", *problem))
    return made


def told(site: ShopSite, mine: Faces, i: int, begin_us: int) -> list[Document]:
    """An order is told: to a topic, and to the queue that the packing reads."""
    segment = mine.ids[i]
    parts = (
        (TOPIC, "SNS", "Publish", 6_000, {"topic_arn": site.arn("sns", "order-placed")}),
        (QUEUE, "SQS", "SendMessage", 5_000, {"queue_url": queue_url(site)}),
    )
    made: list[Document] = []
    at_us = begin_us
    for which, name, operation, took_us, where in parts:
        made.append({
            "id": sub_id(segment, which), "name": name, "namespace": "aws",
            "start_time": seconds(at_us), "end_time": seconds(at_us + took_us),
            "http": {"response": {"status": 200}},
            "aws": {
                "operation": operation, "region": site.region, **where,
                "request_id": mine.requests[i], "retries": 0,
            },
        })  # fmt: skip
        at_us += took_us
    return made


def queue_url(site: ShopSite) -> str:
    """The URL of the queue of orders to pack."""
    return f"https://sqs.{site.region}.amazonaws.com/{site.account}/orders-to-pack"


def packing(site: ShopSite, mine: Faces, i: int, sent_us: int) -> Document:
    """Somebody takes the order out of the queue, up to three seconds later.

    A trace of its own: a queue breaks the line, and leaves a link.
    """
    start_us = sent_us + 150_000 + int(mine.luck[i] * 2_800_000)
    task = site.digits("task", "packing", size=32)
    return {
        "trace_id": trace_id(start_us, f"{mine.traces[i][11:19]}{mine.ids[i] ^ _TRY:016x}"),
        "id": f"{mine.ids[i] ^ _TURN[PACKING]:016x}",
        "name": "packing",
        "origin": "AWS::ECS::Container",
        "start_time": seconds(start_us),
        "end_time": seconds(start_us + 40_000 + mine.ids[i] % 50_000),
        "service": {"version": "1.8.0", **_RUNTIME},
        "aws": {
            "ecs": {
                "container": "ip-10-0-0-60",
                "container_arn": site.arn("ecs", f"task/shop/{task}"),
                "container_id": task,
            },
            "xray": SDK,
        },
        "annotations": {"order_id": mine.orders[i]},
        "links": [
            {
                "trace_id": mine.traces[i],
                "id": sub_id(mine.ids[i], QUEUE),
                "attributes": {"ReferenceType": "parent"},
            }
        ],
    }
