"""``make bench``: one table of what, ours, the peer or the limit, and the ratio."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from importlib.util import find_spec

from benchmarks import reacting, start, tracing
from benchmarks.measure import Row, in_own_process


def calls() -> list[Row]:
    """boto3 calls in process."""
    ours = in_own_process("boto3_calls", "labkit")
    moto = in_own_process("boto3_calls", "moto")
    empty = in_own_process("boto3_calls", "empty")

    def row(what: str, key: str, goal: float) -> Row:
        return Row(what, ours[key] * 1e6, "moto in process", moto[key] * 1e6, "us", goal)

    return [
        row("put_metric_data, 1 datum", "put 1", 5),
        row("put_metric_data, 20 datums", "put 20", 2.5),
        Row(
            "put_metric_data, 20 datums",
            ours["put 20"] * 1e6,
            "empty handler (limit)",
            empty["put 20"] * 1e6,
            "us",
            1.5,
            faster=False,
        ),
        row("describe_alarms, 100 alarms", "describe 100", 5),
        row("get_metric_data, a day of minutes", "get day", 50),
    ]


def starting() -> list[Row]:
    """Imports and first calls."""
    ours = start.seconds("labkit")
    bare = start.seconds("interpreter")
    return [
        Row(
            "import labkit (interpreter apart)",
            (start.seconds("import labkit") - bare) * 1e3,
            "limit",
            200,
            "ms",
            1,
            faster=False,
        ),
        Row(
            "start to first answered call", ours * 1e3, "moto", start.seconds("moto") * 1e3, "ms", 1
        ),
        Row(
            "start to first answered call",
            ours * 1e3,
            "bare boto3 client",
            start.seconds("bare boto3") * 1e3,
            "ms",
            None,
            faster=False,
        ),
    ]


def worlds() -> list[Row]:
    """Fresh worlds after the first."""
    ours = in_own_process("fresh_world", "labkit")["fresh"] * 1e3
    moto = in_own_process("fresh_world", "moto")["fresh"] * 1e3
    what = "fresh world to first backing call"
    return [
        Row(what, ours, "limit", 100, "ms", 1, faster=False),
        Row(what, ours, "moto, mock_aws anew", moto, "ms", None),
    ]


def alarms() -> list[Row]:
    """A week of a thousand alarms."""
    got = in_own_process("alarms")
    told = (
        f"{got['transitions']:.0f} transitions; peak memory {got['peak MB']:.0f} MB; the loop's "
        f"{got['naive evaluations']:.0f} evaluations took {got['naive measured']:.1f} s, scaled"
    )
    month = in_own_process("alarms", "month")
    held = (
        f"every treatment of missing data; {month['transitions']:.0f} transitions; peak memory "
        f"{month['peak MB']:.0f} MB; the loop's {month['naive evaluations']:.0f} evaluations took "
        f"{month['naive measured']:.1f} s, scaled"
    )
    return [
        Row(
            "1,000 alarms, 7 days, ingestion counted",
            got["week"],
            "naive per-minute loop",
            got["naive week"],
            "s",
            30,
            note=told,
        ),
        Row(
            "1,000 alarms, 30 days, ingestion counted",
            month["month"],
            "naive per-minute loop",
            month["naive month"],
            "s",
            50,
            note=held,
        ),
        Row(
            "step with nothing to do, 1,000 alarms",
            got["idle 1000"] * 1e6,
            "10 alarms",
            got["idle 10"] * 1e6,
            "us",
            2,
            faster=False,
            note="O(1): the same within noise",
        ),
    ]


def metric_math() -> list[Row]:
    """Expressions, percentiles, bands."""
    got = in_own_process("metric_math")
    what = {"all": "100 metrics, 10 expressions, a day", "expressions": "the 10 expressions alone"}
    rows = [
        Row(
            f"{text}: 10,000 series",
            got[f"{name} 10000"] * 1e3,
            "100 series",
            got[f"{name} 100"] * 1e3,
            "ms",
            1.5,
            faster=False,
            note="what else is in the store costs nothing: the same within noise",
        )
        for name, text in what.items()
    ]
    rows.append(
        Row(
            "p99, 1,440 buckets of 1 M values",
            got["p99"] * 1e3,
            "numpy's partition alone",
            got["partition"] * 1e3,
            "ms",
            3,
            faster=False,
        )
    )
    rows.append(
        Row("a band trained on two weeks", got["train"] * 1e3, "limit", 10, "ms", 1, faster=False)
    )
    return rows


def recording() -> list[Row]:
    """What seeing every call costs."""
    got = in_own_process("recording")
    return [
        Row(
            "recording a management call",
            got["management"] * 1e6,
            "limit",
            25,
            "us",
            1,
            faster=False,
        ),
        Row(
            "a data call that nobody selects",
            max(got["data"], 1e-8) * 1e6,
            "limit",
            3,
            "us",
            1,
            faster=False,
        ),
    ]


def history() -> list[Row]:
    """Event history with a million calls."""
    got = in_own_process("event_history")
    kept = f"{got['bytes'] / 1e6:.0f} MB for 1 M calls; imported in {got['import'] * 1e3:.0f} ms"
    return [
        Row(
            "LookupEvents over 1 M calls, a full page",
            got["page"] * 1e3,
            "a loop over dictionaries",
            got["naive"] * 1e3,
            "ms",
            1,
            note=kept,
        ),
        Row(
            "LookupEvents over 1 M calls, the oldest of all",
            got["oldest"] * 1e3,
            "a loop over dictionaries",
            got["naive"] * 1e3,
            "ms",
        ),
        Row("memory of 1 M calls", got["bytes"] / 2**20, "limit", 2048, "MiB", 1, faster=False),
    ]


def log_events() -> list[Row]:
    """Log events put through boto3 in process."""
    ours = in_own_process("put_log_events", "labkit")
    moto = in_own_process("put_log_events", "moto")
    return [
        Row(f"put_log_events, {what}", ours[key] * 1e6, "moto in process", moto[key] * 1e6, "us", 5)
        for what, key in (("1 event", "put 1"), ("1,000 events", "put 1000"))
    ]


def filter_patterns() -> list[Row]:
    """Filter patterns over 100,000 lines; the columns say microseconds of a line."""
    got = in_own_process("filter_patterns")
    peers = {"terms": "re", "regex": "re", "json": "json.loads", "columns": "re.findall"}
    return [
        Row(f"a line against a filter pattern, {kind}", 1e6 / got[kind]["ours"],
            f"{peer} by hand", 1e6 / got[kind]["peer"], "us", 1)
        for kind, peer in peers.items()
    ]  # fmt: skip


def shop_logs() -> list[Row]:
    """A world with a million lines of the shop's seven kinds of logs."""
    got = in_own_process("shop_logs")
    lines = f"{got['lines']:,} lines in {got['hours']} hours, {got['bytes'] / 2**20:.0f} MiB"
    return [
        Row("a world with a million log lines", got["world"], "limit", 2, "s", 1,
            faster=False, note=lines),
        Row("a million lines made (importing them apart)", got["made"], "str.format, the access "
            "log's lines alone", got["naive"], "s"),
        Row("a minute of live lines, about 7,000", got["minute"] * 1e3, "limit", 100, "ms", 1,
            faster=False),
    ]  # fmt: skip


def logs_queries() -> list[Row]:
    """Logs Insights over 1 M lines, and 10 M in bounded memory."""
    got = in_own_process("logs_queries")
    like, fields, parse = got["like"], got["fields"], got["parse"]
    rows = [
        Row("Insights, 1 M lines: like and bin", like["ours"] * 1e3, "grep -c (one thread)",
            like["grep"] * 1e3, "ms", 3, faster=False,
            note="ours: one thread for so few that pass, from StartQuery to the rows"),
        Row("Insights, 1 M lines: two JSON fields", fields["ours"] * 1e3,
            "jq" if "jq" in fields else "Python's json (no jq here)",
            fields.get("jq", fields["python"]) * 1e3, "ms", 5,
            note=f"Python's json: {fields['python']:.1f} s"),
        Row("Insights, 1 M lines: parse and stats", parse["ours"] * 1e3,
            "duckdb by hand (one thread both)", parse["duckdb"] * 1e3, "ms", 3, faster=False),
    ]  # fmt: skip
    many = in_own_process("logs_queries", "memory")
    rows.append(
        Row("memory of a query over 10 M lines, beside the lines",
            (many["peak"] - many["held"]) / 2**20, "bytes of the messages",
            many["messages"] / 2**20, "MiB", 1, faster=False,
            note=f"{many['seconds']:.1f} s")
    )  # fmt: skip
    return rows


def trail_queries() -> list[Row]:
    """Athena over a trail's gzip files: 1 M records, the sum of five queries."""
    got = in_own_process("trail_queries")
    rows = []
    for kind in ("cold", "warm"):
        each = ", ".join(f"{name} {one[kind] / one['duckdb']:.1f}x" for name, one in got.items())
        rows.append(
            Row(
                f"Athena over 1 M records of a trail, {kind}",
                sum(one[kind] for one in got.values()),
                "duckdb alone, best of 1 and all threads",
                sum(one["duckdb"] for one in got.values()),
                "s",
                2,
                faster=False,
                note=each,
            )
        )
    return rows


def over_http() -> list[Row]:
    """A server in a process of its own: raw requests of one keep-alive client, then boto3."""
    if find_spec("flask") is None:
        print("over HTTP: moto_server needs flask; pip install -e .[bench]")
        return []
    got = in_own_process("http_calls")
    ours, moto = got["labkit"], got["moto"]
    goals = {name: 2.0 if name.startswith("boto3") else 5.0 for name in ours}
    return [
        Row(f"HTTP {name}", ours[name] * 1e6, "moto_server", moto[name] * 1e6, "us", goal)
        for name, goal in goals.items()
    ]


def insights() -> list[Row]:
    """The detector of CloudTrail Insights: its speed, and how well it judges unseen weeks."""
    from benchmarks.insight_scenarios import FINAL_SEEDS
    from benchmarks.insights import judge, speed

    took, judged = speed(), judge(FINAL_SEEDS)
    found = (
        f"precision {judged['precision']:.3f}, of alerts {judged['precision of alerts']:.3f}; "
        f"recall {judged['recall']:.3f} of {judged['incidents']} incidents; told after "
        f"{judged['median delay']:.0f} min, {judged['longest delay']} at most"
    )
    return [
        Row(
            "30 days of 50 callers through the detector of Insights",
            took["ours"] * 1e3,
            "minute by minute in pandas",
            took["naive"] * 1e3,
            "ms",
            20,
            note=found,
        )
    ]


GROUPS = {
    "calls": calls,
    "start": starting,
    "worlds": worlds,
    "alarms": alarms,
    "math": metric_math,
    "recording": recording,
    "http": over_http,
    "deliver": reacting.deliver,
    "functions": reacting.functions,
    "events": reacting.events,
    "insights": insights,
    "history": history,
    "log_events": log_events,
    "filter_patterns": filter_patterns,
    "shop_logs": shop_logs,
    "trail": trail_queries,
    "logs_queries": logs_queries,
    "xray_segments": tracing.xray_segments,
    "xray_filters": tracing.xray_filters,
    "xray_daemon": tracing.xray_daemon,
    "xray_graph": tracing.xray_graph,
    "xray_shop": tracing.xray_shop,
    "canaries": tracing.canaries,
    "canary_weeks": tracing.canary_weeks,
}


def main(names: list[str]) -> int:
    """Run the named groups (all when none is named) and print the table."""
    odd = [name for name in names if name not in GROUPS]
    if odd:
        print(f"python -m benchmarks [group ...]; the groups: {', '.join(GROUPS)}")
        return 0 if odd == ["--help"] else 2
    print(f"{_machine()}\n")
    print(f"{'what':42} {'ours':>11} {'peer or limit':>34} {'ratio':>8}  goal")
    missed = 0
    for name, group in GROUPS.items():
        if names and name not in names:
            continue
        for row in group():
            goal = "" if row.goal is None else f"{'>=' if row.faster else '<='} {row.goal:g}"
            mark = {None: "", True: "ok", False: "MISSED"}[row.reached]
            missed += row.reached is False
            peer = f"{row.peer_name} {row.peer:,.1f} {row.unit}"
            print(
                f"{row.what:42} {row.ours:>8,.1f} {row.unit:<2} {peer:>34} {row.ratio:>7.1f}x  "
                f"{goal} {mark}".rstrip()
            )
            if row.note:
                print(f"{'':42} {row.note}")
            sys.stdout.flush()
    return 1 if missed else 0


def _machine() -> str:
    names = " ".join(f"{name} {version(name)}" for name in ("boto3", "moto", "numpy"))
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {names}"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
