"""Rows of the table: X-Ray and canaries."""

from __future__ import annotations

from benchmarks.measure import Row, in_own_process


def xray_segments() -> list[Row]:
    """Segments through PutTraceSegments, fifty at a time."""
    ours = in_own_process("xray_segments", "labkit")["batch"]
    moto = in_own_process("xray_segments", "moto")["batch"]
    return [
        Row("put_trace_segments, 50 segments", ours * 1e6, "moto, which does not read them",
            moto * 1e6, "us", note=f"{50 / ours:,.0f} segments a second"),
    ]  # fmt: skip


def canary_weeks() -> list[Row]:
    """A virtual week of ten canaries."""
    got = in_own_process("canary_weeks")
    if not got:
        return []
    told = f"{got['real']:,.0f} real runs of {got['runs']:,.0f}"
    return [
        Row("a week of ten canaries, every 5 minutes", got["seconds"], "limit", 60, "s", 1,
            faster=False, note=told),
    ]  # fmt: skip


def xray_filters() -> list[Row]:
    """Filter expressions of X-Ray, ten predicates each, over 100,000 traces."""
    got = in_own_process("xray_filters")
    return [
        Row("a million filter predicates (X-Ray)", got["again"] * 1e3, "limit", 1000, "ms", 1,
            faster=False, note=f"traces never asked about before: {got['first'] * 1e3:,.0f} ms"),
        Row("a million filter predicates (X-Ray)", got["again"] * 1e3, "the condition by hand",
            got["naive"] * 1e3, "ms"),
        Row('service("x") { fault }, 100,000 traces', got["services again"] * 1e3, "limit", 1000,
            "ms", 1, faster=False),
    ]  # fmt: skip


def xray_shop() -> list[Row]:
    """Traces of the shop, made when somebody asks."""
    got = in_own_process("xray_shop")
    what = f"half an hour of the shop, {got['documents']:,} documents"
    return [
        Row(what, got["made"] * 1e3, "limit", 1000, "ms", 1, faster=False),
        Row(what, got["made"] * 1e3, "reading them as JSON", got["read"] * 1e3, "ms"),
    ]


def xray_graph() -> list[Row]:
    """The service graph of 100,000 segments, and asked again after 1,000 more."""
    got = in_own_process("xray_graph")
    return [
        Row("service graph of 100,000 segments", got["ask"] * 1e3, "pandas group-by of its edges",
            got["peer"] * 1e3, "ms", 5, faster=False),
        Row("the same after 1,000 more segments", got["again"] * 1e3, "the first time",
            got["first"] * 1e3, "ms", 10),
    ]  # fmt: skip


def xray_daemon() -> list[Row]:
    """Segments over UDP from another process, at a rate, and what a lab does with each."""
    got = in_own_process("xray_daemon")
    return [
        Row("UDP, 5,000 segments/s: sent for each kept", got["sent"] / got["kept"], "limit", 1, "",
            1, faster=False),
        Row("a segment from its datagram into X-Ray", got["segment"] * 1e6, "limit (5,000/s)",
            200, "us", 1, faster=False),
    ]  # fmt: skip


def canaries() -> list[Row]:
    """A canary's run against a bare selenium script, processes and browser included."""
    found = in_own_process("canary_runs")
    if not found:
        print("no Chromium here: canary runs left out")
        return []
    bare, picture = found["bare"] * 1e3, found["picture"] * 1e3
    return [
        Row("heartbeat, cold process", found["cold"] * 1e3, "bare selenium script", bare, "ms", 1.3,
            faster=False),
        Row("heartbeat, cold process", found["cold"] * 1e3, "bare, with a picture", picture, "ms",
            faster=False),
        Row("heartbeat, browser kept", found["warm"] * 1e3, "bare selenium script", bare, "ms",
            faster=False),
    ]  # fmt: skip
