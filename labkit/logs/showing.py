"""What a lab's log groups show of themselves, read past the API: no call, no instant, no bill."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from labkit.logs.engine.severity import severity
from labkit.logs.masking import PROTECTED, masked
from labkit.logs.records import LogGroup
from labkit.logs.service import Logs
from labkit.logs.subscriptions import FILTERS, SUBSCRIPTIONS
from labkit.logs.views import lines as views
from labkit.logs.views import onward

if TYPE_CHECKING:
    from labkit.views.drawing import Drawing

#: Events that are looked at at once.
_STEP = 16_384
#: Kinds of things that hang on a group -> how a person calls one.
_ATTACHED = (
    ("metric_filters", "metric filter"),
    ("subscription_filters", "subscription filter"),
    ("data_protection", "data protection"),
    ("transformer", "transformer"),
    ("index", "field index"),
)


def view_events(
    logs: Logs, group: LogGroup, start_us: int, end_us: int, pattern: str, most: int
) -> Drawing:
    """The lines of a group that match a pattern, as every reader sees them."""
    wanted = logs.pattern(pattern) if pattern.strip() else None
    oldest = group.oldest_ms(logs.world.clock.now_us)
    seqs = group.events.seqs(max(-(-start_us // 1000), oldest), end_us // 1000 + 1)
    plain = not group.policies.get(PROTECTED)
    times: list[int] = []
    kinds: list[str] = []
    last: deque[views.Line] = deque(maxlen=most)
    for begin in range(0, len(seqs), _STEP):
        rows = group.events.rows(seqs[begin : begin + _STEP])
        hits = None if wanted is None else wanted.mask([row.message for row in rows])
        for place, row in enumerate(rows):
            if hits is not None and not hits[place]:
                continue
            text = row.message
            if not plain:
                text = masked(group, row.at_ms, text, False, row.ingested_ms)
            times.append(row.at_ms)
            kinds.append(severity(text))
            last.append(views.Line(row.at_ms, group.by_index[row.stream].name, text))
    return views.lines(group.name, times, kinds, list(last), start_us, end_us, pattern)


def view_groups(logs: Logs, account: str, region: str, prefix: str) -> Drawing:
    """The log groups of an account and Region, and what hangs on each."""
    rows = []
    for group in logs.store(account, region).groups(prefix):
        oldest = group.oldest_ms(logs.world.clock.now_us)
        attached = []
        for kind, word in _ATTACHED:
            held = group.policies.get(kind)
            if held:
                many = len(held) if isinstance(held, dict) and kind.endswith("filters") else 1
                attached.append(word if many == 1 else f"{many} {word}s")
        if group.kms_key:
            attached.append("KMS key")
        lasts = [s.last_ms for s in group.streams.values() if s.last_ms is not None]
        last = max(lasts, default=None)
        rows.append(
            {
                "name": group.name,
                "events": len(group.events.seqs(oldest, 2**61)),
                "bytes": group.events.stored_bytes(oldest),
                "retention": f"{group.kept_days} days" if group.kept_days else "for ever",
                "class": group.log_class,
                "last_ms": None if last is None or last < oldest else last,
                "attached": ", ".join(attached),
            }
        )
    return views.groups(rows)


def view_subscriptions(logs: Logs, account: str, region: str) -> Drawing:
    """The subscription filters of an account and Region, its policies among them."""
    store, subscriptions = logs.store(account, region), logs.subscriptions
    every = [
        (one, group.name)
        for group in store.groups()
        for one in group.policies.get(FILTERS, {}).values()
    ]
    every += [(one, "") for one in store.of(SUBSCRIPTIONS).values()]
    rows = []
    for one, group_name in every:
        mine = [
            sent
            for (a, r, g, f), sent in subscriptions.sent.items()
            if (a, r, f) == (account, region, one.name) and (one.policy or g == group_name)
        ]
        rows.append(
            {
                "filter": one.name,
                "group": group_name or one.selection or "all of the account",
                "pattern": one.pattern,
                "to": one.destination_arn,
                "forwarded": sum(sent.forwarded for sent in mine),
                "waiting": sum(sent.waiting for sent in mine),
                "dropped": sum(sent.failed for sent in mine),
                "last": next((sent.last for sent in mine if sent.last), ""),
            }
        )
    return onward.subscriptions(rows, account)
