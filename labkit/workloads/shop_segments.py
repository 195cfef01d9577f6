"""The segment documents of the shop's parts, as their SDKs and AWS's own services send them.

Every id is derived from a request's number: a segment's from (service, number), a subsegment's from
its segment's and its place. So a callee knows its parent's id without being told.
"""

from __future__ import annotations

import numpy as np

from labkit.core.clock import MILLISECOND, SECOND
from labkit.core.traces import TraceHeader
from labkit.workloads.shop_faces import PLACE
from labkit.workloads.shop_segment_parts import (
    NAMES,
    RAISED,
    SDK,
    Document,
    Faces,
    call,
    flag,
    inherited,
    inside,
    microseconds,
    packing,
    parents_of,
    raised,
    segment,
    sql,
    table_call,
    told,
)
from labkit.workloads.shop_site import AGENTS, DOMAIN, ShopSite, version
from labkit.workloads.shop_text import fixed, hexes, uuids
from labkit.workloads.shop_trace_rows import Rows, match
from labkit.workloads.shop_web_lines import ASKED, WORK, lengths

_GOLD = 0.15


def documents(site: ShopSite, found: dict[str, Rows]) -> list[Document]:
    """All documents of the traced requests, service by service, each in order of number."""
    from labkit.workloads.shop_payment_segments import payment

    faces = {name: _faces(site, rows, found) for name, rows in found.items()}
    made: list[Document] = []
    for name, rows in found.items():
        if not len(rows):
            continue
        if name == "front":
            made += _front(site, rows, faces, found)
        elif name == "payment":
            made += payment(site, rows, faces)
        else:
            made += _task(site, rows, faces, found)
    return made


def _faces(site: ShopSite, rows: Rows, found: dict[str, Rows]) -> Faces:
    number = rows.number
    low = site.bits("trace", number)
    # A payment that lost its way has the number of a customer's request, yet is a trace of its own.
    high = site.bits("trace, first part", number) ^ (rows.root.astype(np.uint64) * PLACE)
    began_s = _began(rows, found)
    digits = fixed(hexes(high, low)[:, 8:]).to_pylist()
    traces = [f"1-{at:08x}-{rest}" for at, rest in zip(began_s, digits, strict=True)]
    who = site.customers(number)
    gold = site.share("tier", who.astype(np.uint64)) < _GOLD
    releases = site.releases_of(rows.service, number).tolist()
    orders = fixed(hexes(site.bits("order", number))[:, :10]).to_pylist()
    first, second = site.bits("id", number), site.bits("id, second half", number)
    return Faces(
        site.bits(f"segment of {rows.service}", number).tolist(), traces, who.tolist(),
        gold.tolist(), [version(one) for one in releases], releases,
        [f"o-{one}" for one in orders], uuids(first, second).to_pylist(),
        site.share("segment", number).tolist(),
    )  # fmt: skip


def _began(rows: Rows, found: dict[str, Rows]) -> list[int]:
    """The second in which the load balancer (or the service that was first) had the request."""
    at_us = np.zeros(len(rows), dtype=np.int64)
    for place in np.unique(rows.root).tolist():
        mine = np.flatnonzero(rows.root == place)
        first = found[NAMES[place]]
        at_us[mine] = first.start_us[match(rows.number[mine], first.number)]
    return ((at_us - MILLISECOND) // SECOND).tolist()


def _front(
    site: ShopSite, rows: Rows, faces: dict[str, Faces], found: dict[str, Rows]
) -> list[Document]:
    mine = faces["front"]
    size = lengths(site, rows.number, rows.status).tolist()
    made = []
    for i, (start, end, machine, status, why, asked, product) in enumerate(
        zip(
            *map(
                np.ndarray.tolist,
                (rows.start_us, rows.end_us, rows.machine, rows.status, rows.why, rows.asked,
                 rows.product),
            ),
            strict=True,
        )
    ):  # fmt: skip
        who = mine.customers[i]
        method, path = ASKED[asked].split(" ")
        document = segment("front", mine, i, start, end)
        document["user"] = f"c-{1000 + who}"
        document["http"] = {
            "request": {
                "method": method,
                "url": f"https://{DOMAIN}{path}{999 + product if product else ''}",
                "user_agent": AGENTS[who % len(AGENTS)],
                "client_ip": site.addresses[who],
                "x_forwarded_for": True,
            },
            "response": {"status": status, "content_length": size[i]},
        }
        document["aws"] = {
            "elastic_beanstalk": {
                "environment_name": "shop-front",
                "version_label": mine.versions[i],
                "deployment_id": 1 + mine.releases[i],
            },
            "ec2": {
                "instance_id": site.instances[machine],
                "availability_zone": site.zone_of(machine),
            },
            "xray": SDK,
        }
        document["annotations"] = {
            "version": mine.versions[i],
            "tier": "gold" if mine.gold[i] else "standard",
        }
        document["metadata"] = {
            "default": {
                "request_id": mine.requests[i],
                "X-Amzn-Trace-Id": TraceHeader.at_balancer("", mine.traces[i]),
            }
        }
        parts = call(site, rows, i, mine, found)
        if parts:
            document["subsegments"] = parts
        flag(document, status)
        if why:
            raised(document, mine.ids[i], "front", why)
        made.append(document)
    return made


def _task(
    site: ShopSite, rows: Rows, faces: dict[str, Faces], found: dict[str, Rows]
) -> list[Document]:
    """Segments of the catalogue, the cart or the checkout."""
    service, mine = rows.service, faces[rows.service]
    method, path = WORK[service][:2]
    tasks = {release: site.tasks(service, release) for release in set(mine.releases)}
    parents, lasting = parents_of(rows, faces), inside(site, rows)
    columns = (rows.start_us, rows.end_us, rows.machine, rows.status, rows.why)
    made: list[Document] = []
    for i, (start, end, machine, status, why) in enumerate(
        zip(*map(np.ndarray.tolist, columns), strict=True)
    ):
        document = segment(service, mine, i, start, end)
        if parents[i]:
            document["parent_id"] = parents[i]
        document["user"] = f"c-{1000 + mine.customers[i]}"
        document["http"] = {
            "request": {"method": method, "url": f"http://{service}:8080{path}"},
            "response": {"status": status},
        }
        document["aws"] = _container(site, machine, tasks[mine.releases[i]][machine])
        document["annotations"] = {"version": mine.versions[i]}
        brought = str(TraceHeader(mine.traces[i], parents[i], True)) if parents[i] else ""
        document["metadata"] = {
            "default": {"request_id": mine.requests[i], "X-Amzn-Trace-Id": brought}
        }
        parts: list[Document] = []
        if service == "checkout":
            document["annotations"]["order_id"] = mine.orders[i]
            document["annotations"]["tier"] = "gold" if mine.gold[i] else "standard"
            parts = call(site, rows, i, mine, found)
        begin_us = microseconds(parts[-1]["end_time"]) if parts else start
        table_us, sql_us, gap_us = lasting[0][i], lasting[1][i], lasting[2][i]
        begin_us += gap_us
        parts.append(table_call(site, mine.ids[i], service, begin_us, begin_us + table_us, why))
        if not parts[-1].get("error"):
            begin_us += table_us + gap_us
            parts.append(sql(mine.ids[i], service, begin_us, begin_us + sql_us, why))
        if service == "checkout" and status < 300:
            parts += told(site, mine, i, begin_us + sql_us)
            made.append(packing(site, mine, i, microseconds(parts[-1]["end_time"])))
        document["subsegments"] = parts
        flag(document, status)
        if why in RAISED:
            raised(document, mine.ids[i], service, why)
        elif why:
            inherited(document, parts)
        made.append(document)
    return made


def _container(site: ShopSite, machine: int, task: str) -> Document:
    return {
        "ecs": {
            "container": f"ip-10-0-{machine % 2}-{40 + machine}",
            "container_arn": site.arn("ecs", f"task/shop/{task}"),
            "container_id": task,
        },
        "ec2": {"availability_zone": site.zone_of(machine)},
        "xray": SDK,
    }
