"""Logs Insights over a million lines, and grep, jq (or Python's json) and duckdb on the same lines.

``python -m benchmarks.logs_queries [lines]`` prints seconds as JSON; ``python -m
benchmarks.logs_queries memory [lines]`` what ten million lines take. Ours is from StartQuery to the
last row through boto3, with what the clock does in between; a query's own lines are read from the
store each time. duckdb runs with as many threads as there are cores, at most 4, where it has many
lines to read and sums of floats do not matter, and with one elsewhere; so does the peer. The search
for a text that a filter needs has one thread. grep, jq and Python have one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from itertools import count as count_from
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import beside, best, once

if TYPE_CHECKING:
    import pyarrow as pa

    from labkit import Lab

LINES, MANY = 1_000_000, 10_000_000
ROUNDS = 3
PLAIN, JSON = "/bench/plain", "/bench/json"
SPAN_MS = 3_600_000

LIKE = 'filter @message like "ERROR" | stats count(*) as n by bin(5m)'
FIELDS = "filter status = 500 and ms > 900 | stats count(*) as n"
PARSE = 'parse @message "took * ms path *" as ms, path | stats avg(ms) as a, count(*) as n by path'
PARSE_SQL = """
WITH a AS (SELECT msg, strpos(msg, 'took ') AS i FROM lines),
b AS (SELECT substr(msg, i + 5) AS rest FROM a WHERE i > 0),
c AS (SELECT rest, strpos(rest, ' ms path ') AS j FROM b)
SELECT substr(rest, j + 9) AS path, avg(try_cast(substr(rest, 1, j - 1) AS DOUBLE)), count(*)
FROM c WHERE j > 0 GROUP BY 1
"""


def plain(count: int) -> pa.Array:
    """Lines of text; 2 of 100 are errors."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(7)
    level = np.where(rng.integers(0, 50, count) == 0, "ERROR", "INFO")
    ms, path = rng.integers(1, 1000, count), rng.integers(0, 12, count)
    texts = [
        f"{one} request {n} took {took} ms path /p{where}"
        for n, (one, took, where) in enumerate(
            zip(level.tolist(), ms.tolist(), path.tolist(), strict=True)
        )
    ]
    return pa.array(texts, pa.large_string())


def documents(count: int) -> pa.Array:
    """JSON lines of six fields."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(8)
    status = np.where(rng.integers(0, 40, count) == 0, 500, 200)
    ms, user = rng.integers(1, 1000, count), rng.integers(0, 5000, count)
    texts = [
        f'{{"level":"INFO","request":"r-{n:07d}","path":"/cart","status":{code},"ms":{took},'
        f'"user":{{"id":"u-{who}"}}}}'
        for n, (code, took, who) in enumerate(
            zip(status.tolist(), ms.tolist(), user.tolist(), strict=True)
        )
    ]
    return pa.array(texts, pa.large_string())


def _times(lab: Lab, count: int) -> Any:
    import numpy as np

    now = lab.world.clock.now_us // 1000
    return now - SPAN_MS + (np.arange(count, dtype=np.int64) * SPAN_MS) // count


def ours(lab: Lab, logs: Any, group: str, text: str) -> list[dict[str, str]]:
    """The rows of a query, from StartQuery on."""
    now = lab.world.clock.now_us // 1_000_000
    query = logs.start_query(
        logGroupName=group, startTime=now - SPAN_MS // 1000 - 60, endTime=now, queryString=text
    )["queryId"]
    while True:
        found = logs.get_query_results(queryId=query)
        if found["status"] == "Complete":
            return [{c["field"]: c["value"] for c in row} for row in found["results"]]
        if found["status"] not in ("Scheduled", "Running"):
            raise RuntimeError(f"{text}: {found['status']}")
        lab.advance(milliseconds=500)


def _python_json(path: Path) -> int:
    found = 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            found += told["status"] == 500 and told["ms"] > 900
    return found


def _command(*command: str) -> Callable[[], str]:
    def run() -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


def _duckdb(lines: pa.Array) -> list[Any]:
    import duckdb
    import pyarrow as pa

    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lines", pa.table({"msg": lines}))
        return connection.execute(PARSE_SQL).fetchall()


def main(count: int = LINES) -> dict[str, Any]:
    """Seconds: ``{query: {"ours", peer...}}``; the answers of both sides are compared first."""
    import labkit

    texts, told = plain(count), documents(count)
    with tempfile.TemporaryDirectory() as held, labkit.Lab() as lab:
        files = {PLAIN: Path(held, "plain.log"), JSON: Path(held, "json.log")}
        logs = lab.client("logs")
        for group, lines in ((PLAIN, texts), (JSON, told)):
            files[group].write_text("\n".join(lines.to_pylist()) + "\n")
            lab.parts.logs.import_lines(
                "123456789012", "us-east-1", group, "s", _times(lab, count), lines
            )

        # A text that comes again is not parsed again: each round asks with a comment of its own.
        numbers = count_from(1)

        def run(group: str, text: str) -> Callable[[], Any]:
            return lambda: ours(lab, logs, group, f"{text} # {next(numbers)}")

        grep = _command("grep", "-c", "ERROR", str(files[PLAIN]))
        if sum(int(row["n"]) for row in run(PLAIN, LIKE)()) != int(grep()):
            raise RuntimeError("grep counts otherwise")
        if int(run(JSON, FIELDS)()[0]["n"]) != _python_json(files[JSON]):
            raise RuntimeError("json counts otherwise")
        if sum(int(row["n"]) for row in run(PLAIN, PARSE)()) != sum(n for *_, n in _duckdb(texts)):
            raise RuntimeError("duckdb counts otherwise")
        like = beside(run(PLAIN, LIKE), grep, rounds=4 * ROUNDS)
        cut = beside(run(PLAIN, PARSE), lambda: _duckdb(texts), rounds=ROUNDS)
        found = {
            "like": {"ours": like[0], "grep": like[1]},
            "fields": {
                "ours": best(run(JSON, FIELDS), rounds=ROUNDS),
                "python": once(lambda: _python_json(files[JSON])),
            },
            "parse": {"ours": cut[0], "duckdb": cut[1]},
        }
        if shutil.which("jq"):
            jq = _command("jq", "select(.status == 500 and .ms > 900) | 1", str(files[JSON]))
            found["fields"]["jq"] = once(jq)
        return found


def memory(count: int = MANY) -> dict[str, float]:
    """A query over many lines: its seconds, bytes of the messages, and the memory it took."""
    import psutil
    import pyarrow as pa

    import labkit

    with labkit.Lab() as lab:
        logs, size = lab.client("logs"), 0
        lines = plain(min(count, LINES))
        at = _times(lab, count)
        for begin in range(0, count, len(lines)):
            part = at[begin : begin + len(lines)]
            # A copy: ten times the same buffers would be a tenth of the memory.
            cut = pa.concat_arrays([lines.slice(0, 1), lines.slice(1, len(part) - 1)])
            lab.parts.logs.import_lines("123456789012", "us-east-1", PLAIN, "s", part, cut)
            size += cut.nbytes
        _forget_peak()
        held = psutil.Process().memory_info().rss
        took = once(lambda: ours(lab, logs, PLAIN, LIKE))
        return {
            "seconds": took,
            "messages": size,
            "held": held,
            "peak": _peak(),
            "lines": count,
        }


def _forget_peak() -> None:
    """Let Linux count the peak from here on: importing the lines had one of its own."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        print(json.dumps(memory(*map(int, sys.argv[2:]))))
    else:
        print(json.dumps(main(*map(int, sys.argv[1:]))))
