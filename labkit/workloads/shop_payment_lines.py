"""Lines of the shop's payment: an API's access log, and the function behind it.

The access log has the format that API Gateway's console offers as JSON, with the two latencies::

    {"requestId":"7f6c3c0e-...","extendedRequestId":"K3yP...=","ip":"203.0.113.9",...}

The function is Lambda's: START, what it says itself (the API's request id in it), END, REPORT. A
call of it has an id of its own, as in AWS; that of the API is the one that leads on.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from labkit.core.clock import MILLISECOND, MINUTE
from labkit.workloads.shop_figures import TIMEOUT_MS
from labkit.workloads.shop_requests import WHY, Requests
from labkit.workloads.shop_site import Lines, ShopSite, sorted_lines
from labkit.workloads.shop_text import (
    decimals,
    fixed,
    hexes,
    lines,
    pick,
    stamps,
    times_of_day,
)

#: What the API answers, by why the payment failed (:data:`WHY`).
STATUS = np.array([200, 502, 504, 502, 502, 503, 503, 503, 502])
_TIMED = WHY.index("timeouts")
_BROKEN = (WHY.index("bad_deploy"), WHY.index("bad_release"))
_RUNTIME = (
    "INIT_START Runtime Version: python:3.13.v68\tRuntime Version ARN: arn:aws:lambda:{region}::"
    "runtime:{digits}\n"
)
#: How many environments run side by side, and how many minutes each lives.
ENVIRONMENTS, LIFE = 8, 120
_MEMORY = 256


def apigateway(site: ShopSite, served: Requests) -> Lines:
    """The access log of the stage in front of the payment."""
    number = served.number
    took = served.ms.astype(np.int64)
    messages = lines(
        '{"requestId":"',
        site.request_ids(number),
        '","extendedRequestId":"',
        fixed(hexes(site.bits("extended", number))[:, :14]),
        '=","ip":"',
        pick(site.addresses, site.customers(number)),
        '","caller":"-","user":"-","requestTime":"',
        times_of_day(served.start_us, "%d/%b/%Y:%H:%M:", " +0000"),
        '","httpMethod":"POST","resourcePath":"/payments","status":"',
        STATUS[served.why],
        '","protocol":"HTTP/1.1","responseLength":"',
        np.where(served.why > 0, 36, site.whole("answer", number, 180, 260)),
        '","responseLatency":"',
        took + 3,
        '","integrationLatency":"',
        took,
        '"}',
    )
    at_us = served.end_us + 3 * MILLISECOND
    none = np.zeros(len(served), dtype=np.int64)
    stream = site.digits("access log", size=32)
    return sorted_lines("apigateway", site.region, (stream,), [(at_us, none, messages)])


def function(site: ShopSite, served: Requests) -> Lines:
    """The log of the payment's function."""
    streams, stream, fresh = _environments(site, served)
    ids = site.invocation_ids(served.number)
    start_us, end_us = served.start_us, served.end_us
    parts: list[tuple[np.ndarray, np.ndarray, pa.Array]] = []
    cold = np.flatnonzero(fresh)
    if len(cold):
        said = _RUNTIME.format(region=site.region, digits=site.digits("runtime", size=64))
        parts.append((start_us[cold], stream[cold], pa.array([said] * len(cold), pa.string())))
    begin = lines("START RequestId: ", ids, " Version: $LATEST\n")
    parts.append((start_us, stream, begin))
    parts += _own(site, served, ids, stream)
    late = np.flatnonzero(served.why == _TIMED)
    if len(late):
        limit = f" Task timed out after {TIMEOUT_MS / 1000:.2f} seconds\n\n"
        told = lines(stamps(end_us[late]), " ", ids.take(late), limit)
        parts.append((end_us[late], stream[late], told))
    parts.append((end_us, stream, lines("END RequestId: ", ids, "\n")))
    parts.append((end_us, stream, _report(site, served, ids, stream, fresh)))
    return sorted_lines("lambda", site.region, streams, parts)


def _environments(
    site: ShopSite, served: Requests
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Streams, the stream of each invocation, and which of them began an environment."""
    minute = served.minute
    low = int(minute[0]) if len(minute) else 0
    order = np.argsort((minute - low) * float(MINUTE) + served.start_us % MINUTE, kind="stable")
    begin = np.searchsorted(minute[order], minute[order])
    turn = np.empty(len(minute), dtype=np.int64)
    turn[order] = np.arange(len(minute)) - begin
    place, block = turn % ENVIRONMENTS, minute // LIFE
    first = int(block[0]) if len(block) else 0
    last = int(block[-1]) if len(block) else first
    streams = tuple(
        f"{_day(one)}/[$LATEST]{site.environment(one, n)}"
        for one in range(first, last + 1)
        for n in range(ENVIRONMENTS)
    )
    fresh = (minute % LIFE == 0) & (turn < ENVIRONMENTS)
    return streams, (block - first) * ENVIRONMENTS + place, fresh


def _day(block: int) -> str:
    from labkit.core.clock import iso

    return iso(block * LIFE * MINUTE)[:10].replace("-", "/")


_SAID = {
    "usual": "the acquirer declined the card",
    "timeouts": "waiting for the acquirer",
    "bad_host": "the acquirer answered nonsense",
    "failing": "the acquirer refuses connections",
    "throttled_table": "could not store the payment: ProvisionedThroughputExceededException",
}
_TRACE = (
    "\tKeyError: 'eur'\nTraceback (most recent call last):\n"
    '\u00a0\u00a0File "/var/task/payment.py", line 34, in handler\n'
    '\u00a0\u00a0\u00a0\u00a0amount = event["eur"]\n'
)


def _own(
    site: ShopSite, served: Requests, ids: pa.Array, stream: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, pa.Array]]:
    """What the function's code says: one line for each call."""
    slow = (served.why == 0) & (served.ms > 1000)
    level = np.where(served.why > 0, 2, slow.astype(np.int64))
    level[served.why == _TIMED] = 1
    said = ["payment made", *(_SAID.get(kind, "") for kind in WHY[1:]), "the acquirer was slow"]
    what = np.where(slow, len(WHY), served.why)
    # Who waits says so when it begins to wait; everybody else when it is done.
    waits = served.why == _TIMED
    at_us = np.where(waits, served.start_us + 4 * MILLISECOND, served.end_us - MILLISECOND)
    texts = lines(
        pick(["[INFO]\t", "[WARNING]\t", "[ERROR]\t"], level),
        stamps(at_us),
        "\t",
        ids,
        "\t",
        pick(said, what),
        " apiRequestId=",
        site.request_ids(served.number),
        " cents=",
        site.whole("cents", served.number, 900, 24_000),
        pick(["", _TRACE], np.isin(served.why, _BROKEN).astype(np.int64)),
        "\n",
    )
    return [(at_us, stream, texts)]


def _report(
    site: ShopSite, served: Requests, ids: pa.Array, stream: np.ndarray, fresh: np.ndarray
) -> pa.Array:
    environment = served.minute // LIFE * ENVIRONMENTS + stream % ENVIRONMENTS
    hundredths = (served.ms * 100).astype(np.int64)
    start = site.whole("cold start", served.number, 31_000, 52_000)
    cold = pick(["", "\tInit Duration: "], fresh.astype(np.int64))
    cold_ms = _where(fresh, lines(decimals(start, 2), " ms"))
    return lines(
        "REPORT RequestId: ",
        ids,
        "\tDuration: ",
        decimals(hundredths, 2),
        " ms\tBilled Duration: ",
        np.ceil(hundredths / 100 + np.where(fresh, start / 100, 0)).astype(np.int64),
        f" ms\tMemory Size: {_MEMORY} MB\tMax Memory Used: ",
        78 + environment % 7 * 3,
        " MB",
        cold,
        cold_ms,
        "\t",
        pick(["", "Status: timeout\t"], (served.why == _TIMED).astype(np.int64)),
        "\n",
    )


def _where(mask: np.ndarray, texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(mask), texts, "")
