"""Half an hour of the shop at its usual traffic, as the traces that the rules take.

``python -m benchmarks.xray_shop`` prints seconds as JSON. The peer reads the same documents from
their JSON, which is the least that anybody has to do who does not make them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from benchmarks.measure import best

MINUTES = 30


def main() -> dict[str, Any]:
    """Seconds and counts."""
    import labkit
    from labkit.core.clock import MINUTE, to_us
    from labkit.lab import START

    with labkit.Lab(start=START + timedelta(hours=2), active=False) as lab:
        lab.shop.traces(hours=MINUTES / 60)
        source = lab.parts.shop_traces
        end_us = to_us(lab.now) // MINUTE * MINUTE
        found: list[Any] = []

        def make() -> None:
            start_us = end_us - MINUTES * MINUTE
            found[:] = source.segments(lab.account, lab.region, start_us, end_us)

        made = best(make, rounds=5)
        texts = [json.dumps(one) for one in found]
        read = best(lambda: [json.loads(one) for one in texts], rounds=5)
    return {"made": made, "read": read, "documents": len(found)}


if __name__ == "__main__":
    print(json.dumps(main()))
