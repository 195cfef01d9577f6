"""Tables of events for tests of the query languages."""

import json

from labkit.logs.engine import ql

START = 1_700_000_000_000
MOMENT = ql.Moment(START, START + 3_600_000, START + 3_600_000)


def table(lines, log="123456789012:/g"):
    """Events a minute apart, in two streams; what is no text becomes JSON."""
    import pyarrow as pa

    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    count = len(texts)
    return pa.table(
        {
            "ts": pa.array([START + 60_000 * i for i in range(count)], pa.int64()),
            "ing": pa.array([START] * count, pa.int64()),
            "log": pa.array([log] * count, pa.string()),
            "stream": pa.array([f"s{i % 2}" for i in range(count)], pa.string()),
            "msg": pa.array(texts, pa.large_string()),
            "region": pa.array(["us-east-1"] * count, pa.string()),
            "ptr": pa.array(range(count), pa.int64()),
        }
    )
