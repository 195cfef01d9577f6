"""Arriving: when messages came, in the time of a place, so that lesson 11 can look at clocks.

::

    arriving.until(lab, {"rule": url}, datetime(2026, 4, 3, tzinfo=UTC), "Europe/Berlin")

A queue keeps a message for two weeks at most, so it is emptied while the time passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from labkit.lab import Lab
from labkit.views import html, theme
from labkit.views import text as plain
from labkit.views.drawing import Drawing
from labkit.views.wording import count

_STEP = timedelta(days=3)
_BEFORE, _AFTER = 3, 4


def taken(lab: Lab, url: str) -> list[datetime]:
    """When each message of a queue was sent; it is empty afterwards."""
    sqs = lab.client("sqs")
    found = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["SentTimestamp"]
        )
        for one in answer.get("Messages", ()):
            found.append(
                datetime.fromtimestamp(int(one["Attributes"]["SentTimestamp"]) // 1000, UTC)
            )
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        if not answer.get("Messages"):
            return sorted(found)


def until(lab: Lab, queues: Mapping[str, str], end: datetime, zone: str) -> Drawing:
    """Let time pass, and show when messages came, around the day on which the hour changed.

    Parameters
    ----------
    lab:
        Its clock moves.
    queues:
        Name -> URL of a queue.
    end:
        Until when.
    zone:
        In whose time; its data is local times, name -> ISO texts.
    """
    came: dict[str, list[datetime]] = {name: [] for name in queues}
    while lab.now < end:
        lab.run_until(min(end, lab.now + _STEP))
        for name, url in queues.items():
            came[name] += [at.astimezone(ZoneInfo(zone)) for at in taken(lab, url)]
    title = "; ".join(_told(name, times) for name, times in came.items()) + f" ({zone})"
    days = _days(came.values())
    rows = [
        [name, *(", ".join(f"{at:%H:%M}" for at in times if at.date() == day) or "-"
                 for day in [one.date() for one in days])]
        for name, times in came.items()
    ]  # fmt: skip
    columns = ["", *(f"{day:%a %d %b}" for day in days)]
    usual = {name: _hour(times[0]) for name, times in came.items() if times}
    fancy = [[html.element("b", row[0]), *(_cell(one, usual.get(row[0], "")) for one in row[1:])]
             for row in rows]  # fmt: skip
    body = html.card(
        title, html.table([one.replace(" ", "\u00a0") for one in columns], fancy), alt=title
    )
    data = {name: [at.isoformat() for at in times] for name, times in came.items()}
    return Drawing(title, "\n".join([title, plain.table(columns, rows)]), data, body=body)


def _hour(at: datetime) -> str:
    return f"{at:%H:%M}"


def _cell(shown: str, usual: str) -> html.Html:
    face = theme.OK if shown == usual else theme.ALARM
    style = f"padding:1px 5px;border-radius:3px;background:{face.fill};color:{face.ink}"
    return html.muted(shown) if shown == "-" else html.element("span", shown, style)


def _changed(times: Sequence[datetime]) -> datetime | None:
    """The first that came at another hour than the one before it."""
    return next((b for a, b in pairwise(times) if _hour(a) != _hour(b)), None)


def _told(name: str, times: Sequence[datetime]) -> str:
    """What became of one queue, in a few words."""
    if not times:
        return f"{name}: nothing came"
    change = _changed(times)
    if change is None:
        return f"{name}: {count(len(times), 'message')}, at {_hour(times[0])} throughout"
    return f"{name}: at {_hour(times[0])}, and at {_hour(change)} from {change:%a %d %b} on"


def _days(came: Collection[Sequence[datetime]]) -> list[datetime]:
    """The days to show: those around a change, else the last ones; each day once."""
    found: dict[str, datetime] = {}
    around: list[datetime] = []
    for times in came:
        for at in times:
            found.setdefault(f"{at:%Y-%m-%d}", at)
        change = _changed(times)
        around += [change] if change else []
    days = [found[key] for key in sorted(found)]
    if not around:
        return days[-_BEFORE - _AFTER :]
    place = next(n for n, day in enumerate(days) if day.date() == around[0].date())
    return days[max(0, place - _BEFORE) : place + _AFTER]


def by_minute(lab: Lab, url: str) -> Drawing:
    """How many messages of a queue came in each minute, as bars; it is empty afterwards."""
    times = taken(lab, url)
    counts = Counter(_hour(at) for at in times)
    title = (
        f"{count(len(times), 'message')} between {min(counts)} and {max(counts)}, at most "
        f"{max(counts.values())} in one minute"
        if times
        else "no message"
    )
    rows = [[minute, "\u2588" * counts[minute], str(counts[minute])] for minute in sorted(counts)]
    columns = ["minute (UTC)", "messages", ""]
    body = html.card(title, html.table(columns, [[r[0], html.mono(r[1]), r[2]] for r in rows]),
                     alt=title)  # fmt: skip
    text = "\n".join([title, plain.table(columns, rows)])
    return Drawing(title, text, {"minutes": dict(sorted(counts.items()))}, body=body)
