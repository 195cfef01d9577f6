"""A lab's card: where and when one is, and what has gathered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from labkit.core.clock import iso, to_us
from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count

_ORDER = ("ALARM", "INSUFFICIENT_DATA", "OK")


def lab_card(
    *,
    account: str,
    region: str,
    now: datetime,
    mails: int,
    alarms: Mapping[str, int],
    calls: int,
    bill: float | None = None,
    closed: bool = False,
) -> Drawing:
    """The card of a lab.

    Parameters
    ----------
    account, region:
        Of callers who say nothing else.
    now:
        The virtual instant.
    mails:
        How many e-mails have arrived.
    alarms:
        State -> how many alarms are in it.
    calls:
        How many API calls the lab has seen.
    bill:
        What the same steps would cost on AWS, in dollars; None shows no bill.
    closed:
        Whether the lab answers no calls any more.
    """
    us = to_us(now)
    moment = f"{day_text(us, year=True)} {clock_text(us // 1_000_000 * 1_000_000)} UTC"
    states = [s for s in (*_ORDER, *sorted(alarms.keys() - set(_ORDER))) if alarms.get(s)]
    in_states = ", ".join(f"{alarms[state]} {state}" for state in states)
    mailbox = count(mails, "e-mail") if mails else "empty"
    plain = [
        ("account", account),
        ("region", region),
        ("now", moment),
        ("mailbox", mailbox),
        ("alarms", in_states or "none"),
        ("API calls", f"{calls:,}"),
    ]
    if bill is not None:
        plain.append(("bill", f"${bill:,.2f}"))
    head = f"{'Closed lab' if closed else 'Lab'} on virtual time, {moment}"
    chips = html.together(
        [html.together([f"{alarms[state]} ", html.chip(state)]) for state in states], "<br>"
    )
    shown = {name: value for name, value in plain if name != "now"}
    values = [chips if name == "alarms" and states else value for name, value in shown.items()]
    body = html.card(head, html.table(list(shown), [values]), alt=head)
    lines = [head, *(f"  {name:<11}{value}" for name, value in plain if name != "now")]
    data = {
        "account": account,
        "region": region,
        "now": iso(us, millis=True),
        "mails": mails,
        "alarms": dict(alarms),
        "calls": calls,
        "bill": bill,
        "closed": closed,
    }
    return Drawing(head, "\n".join(lines), data, body=body)
