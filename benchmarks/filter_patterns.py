"""Filter patterns over 100,000 lines, beside what one writes by hand with Python's re and json.

The peer tests the same condition: a word with its edges, the same expression, JSON loaded and
compared, a line cut into columns by an expression and one column compared. Both must agree.
``python -m benchmarks.filter_patterns`` prints lines per second as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from benchmarks.measure import beside
from labkit.logs.engine.pattern import parse

LINES = 100_000


def lines() -> dict[str, list[str]]:
    """Kind -> lines, each fiftieth of which is an error."""
    text, documents, access = [], [], []
    for n in range(LINES):
        bad = n % 50 == 0
        level, status = ("ERROR", 500) if bad else ("INFO", 200)
        text.append(f"2026-01-05T09:00:00Z {level} order {n} of customer {n % 97} in {n % 900} ms")
        documents.append(json.dumps({"level": level, "status": status, "path": f"/pay/{n}"}))
        access.append(
            f"127.0.0.1 Prod frank [05/Jan/2026:09:00:00 +0000] "
            f'"GET /{n}.html HTTP/1.0" {status} {n}'
        )
    return {"terms": text, "regex": text, "json": documents, "columns": access}


def main() -> dict[str, dict[str, float]]:
    """Kind -> lines per second of labkit and of the peer."""
    word, order = re.compile(r"\bERROR\b"), re.compile("order [0-9]+7 of")
    cell = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')

    def document(line: str) -> bool:
        value = json.loads(line)
        return value.get("status", 0) >= 500 and value.get("path", "").startswith("/pay")

    def columns(line: str) -> bool:
        cells = cell.findall(line)
        return len(cells) >= 2 and cells[-2][2] == "500"

    peers: dict[str, tuple[str, Callable[[str], bool]]] = {
        "terms": ("ERROR", lambda line: word.search(line) is not None),
        "regex": ("%order [0-9]+7 of%", lambda line: order.search(line) is not None),
        "json": ('{ $.status >= 500 && $.path = "/pay*" }', document),
        "columns": ("[..., status = 500, bytes]", columns),
    }
    held, told = lines(), {}
    for kind, (text, peer) in peers.items():
        pattern, these = parse(text), held[kind]
        if pattern.mask(these).tolist() != [peer(line) for line in these]:
            raise AssertionError(f"{kind}: the peer tests something else")
        ours, theirs = beside(
            lambda p=pattern, t=these: p.mask(t),  # type: ignore[misc]
            lambda j=peer, t=these: [j(line) for line in t],  # type: ignore[misc]
            rounds=5,
        )
        told[kind] = {"ours": LINES / ours, "peer": LINES / theirs}
    return told


if __name__ == "__main__":
    print(json.dumps(main()))
