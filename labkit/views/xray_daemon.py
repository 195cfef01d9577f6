"""The way of a segment through an X-Ray daemon, with numbers: where does it get lost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.wording import count


def daemon_view(
    *,
    address: str,
    running: bool,
    role: str,
    region: str,
    counters: Mapping[str, Any],
    lines: Sequence[str],
    refused: bool = False,
) -> Drawing:
    """Draw a daemon.

    Parameters
    ----------
    address:
        ``127.0.0.1:2000``.
    running:
        Whether its ports are open.
    role:
        As whom it sends: a role's ARN, a key; the learner when empty.
    region:
        Where to.
    counters:
        received, rejected, spilled, waiting, sent, unprocessed, lost, batches, records.
    lines:
        The last lines of its log.
    refused:
        Whether X-Ray refused batches.
    """
    c = {name: int(value) for name, value in counters.items() if not isinstance(value, bool)}
    title = _finding(c, running, refused)
    sender = role.rpartition("/")[2] if role.startswith("arn:") else role or "learner"
    steps = [
        ("1 datagrams on UDP", address, c["received"], "the program that sent them never learns"),
        ("2 dropped at the door", "header, size, UTF-8", c["rejected"] - c["unprocessed"], ""),
        ("3 dropped for want of room", "oldest first", c["spilled"], ""),
        ("4 waiting", "50, or a second", c["waiting"], "lab.advance(seconds=1)"),
        ("5 refused by X-Ray", f"as {sender}", c["lost"], "policy? see daemon.log"),
        ("6 taken by X-Ray", region, c["sent"], count(c["batches"], "call")),
        ("7 unprocessed", "documents with mistakes", c["unprocessed"], ""),
    ]
    shown = [(what, how, number, hint if number else "") for what, how, number, hint in steps]
    width = max(len(what) for what, *_ in shown), max(len(how) for _, how, *_ in shown)
    text = [title, ""]
    text += [
        f"{what:{width[0]}}  {how:{width[1]}}  {number:>8,}  {hint}".rstrip()
        for what, how, number, hint in shown
    ]
    text += ["", *lines] if lines else []
    body = html.card(
        title,
        html.table(
            ("step", "how", "segments", ""),
            [(what, html.muted(how), f"{n:,}", html.muted(hint)) for what, how, n, hint in shown],
            right=(2,),
        ),
        html.letter("\n".join(lines)) if lines else "",
    )
    data = {**c, "address": address, "running": running, "sender": sender, "region": region}
    return Drawing(title, "\n".join(text), data, body=body)


def _finding(c: Mapping[str, int], running: bool, refused: bool) -> str:
    if not c["received"]:
        return "Nothing has come to this daemon" + ("" if running else ", and it is stopped")
    arrived = count(c["sent"] - c["unprocessed"], "segment")
    said = f"{arrived} of {c['received']:,} arrived at X-Ray"
    if refused:
        return f"{said}: X-Ray refused {c['lost']:,}"
    if c["waiting"]:
        return f"{said}; waiting: {c['waiting']:,}"
    if c["rejected"] or c["spilled"]:
        return f"{said}; dropped: {c['rejected'] + c['spilled']:,}"
    return said
