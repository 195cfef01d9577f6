"""A world with a million lines of the shop's logs: all of it, the making alone, a live minute.

``python -m benchmarks.shop_logs`` prints seconds as JSON. The peer formats the same number of lines
of one format (nginx's) one by one, which is what a loop over requests costs, without drawing them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from benchmarks.measure import best, once

HOURS = 2.5


def _naive(count: int) -> int:
    line = (
        '{} - - [{}] "GET /product/{} HTTP/1.1" {} {} "-" "Mozilla/5.0 (X11; Linux x86_64)" "{}" '
        "{:.3f} {}"
    )
    made = [
        line.format("10.0.0.11", "05/Jan/2026:09:00:03 +0000", n % 400, 200, n % 24_000,
                    "203.0.113.9", n % 90 / 1000, "7f6c3c0e-5d3a-4f0e-9a51-0123456789ab")
        for n in range(count)
    ]  # fmt: skip
    return len(made)


def main() -> dict[str, Any]:
    """Seconds, counts, bytes."""
    import labkit
    from labkit.core.clock import to_us
    from labkit.lab import START
    from labkit.workloads.shop_logs import SOURCES

    with labkit.Lab() as warm:
        warm.shop.logs(hours=0.05, live=False)
    written: dict[str, int] = {}

    def build() -> None:
        nonlocal written
        lab = labkit.Lab(start=START + timedelta(hours=2.5))
        written = lab.shop.logs(hours=HOURS, live=False)
        lab.close()

    world = best(build, rounds=3)
    with labkit.Lab(start=START + timedelta(hours=2.5)) as lab:
        lab.shop.open()
        end_us = to_us(lab.now)
        place = lab.account, lab.region
        told: list[Any] = []

        def make() -> None:
            start_us = end_us - int(HOURS * 3600e6)
            told[:] = lab.parts.shop_logs.past(*place, SOURCES, start_us, end_us)

        made = best(make, rounds=3)
        size = sum(one.messages.nbytes for one in told)
        told.clear()
        lab.shop.logs(hours=0)
        minute = once(lambda: lab.advance(minutes=5)) / 5
    lines = sum(written.values())
    return {
        "world": world, "made": made, "minute": minute,
        "naive": best(lambda: _naive(lines), rounds=3),
        "lines": lines, "hours": HOURS, "bytes": size,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main()))
