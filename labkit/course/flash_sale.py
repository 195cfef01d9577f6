"""The day of lesson 17: what happens on it, what a watch hears of it, and the note afterwards.

::

    flash_sale.plan(lab)                       # three acts are on the clock
    heard = flash_sale.rehearse({"nothing": lambda lab, topic: None, ...})
    heard                                      # a table: who is heard when, and how many letters

The same day can be played unattended with any watch, so that two of them can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import to_datetime
from labkit.course import gameday
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: Who is on call, and the stranger with Lena's key.
MARA, STRANGER = "mara@teapot.example", "192.0.2.66"
#: Name of an act -> when it begins and when whoever mends it unattended does so.
ACTS = {
    "a table": ("10:41", "11:11"),
    "one in ten": ("12:20", "13:00"),
    "a stolen key": ("14:20", "15:20"),
}
#: When Lena writes that a customer can't pay.
LETTER = "12:31"
_SUBJECT = "A customer can't pay"
_TEXT = (
    "A customer writes: I press Pay, and it says that something went wrong. Since half past "
    "twelve, each time. My neighbour can pay. Are you sure that all is well? Lena"
)


def at(clock: str) -> datetime:
    """An instant of the day: ``at("10:41")``."""
    hour, minute = clock.split(":")
    return gameday.DAY.replace(hour=int(hour), minute=int(minute))


def prepare(lab: Lab) -> str:
    """The account, whatever the shop relies on, and Mara's topic; the topic's ARN."""
    topic = gameday.topic(lab, "on-call", MARA)
    causes = gameday.open_shop(lab, hours=0.5)["causes"]
    gameday.rely(lab, causes["products"], "throttled_table", 35)
    gameday.rely(lab, causes["checkout"], "bad_release", 90)
    lab.user("lena", "AdministratorAccess")
    return topic


def plan(lab: Lab, topic: str) -> None:
    """Put the three acts onto the clock."""
    deed, causes = lab.people.deed, gameday.causes("")
    causes["products"].begin(lab, "jonas", at("10:41"))
    causes["checkout"].begin(lab, "deploy/tomas", at("12:20"))
    deed("tomas", "dynamodb", "UpdateTable", at=at("10:35"), **gameday.units("sessions", 250))
    deed("chiara", "dynamodb", "UpdateTable", at=at("12:12"), **gameday.units("carts", 250))
    deed("lena", "sns", "Publish", at=at(LETTER), TopicArn=topic, Subject=_SUBJECT, Message=_TEXT)
    deed("lena", "iam", "ListUsers", at=at("13:50"))
    for minute, operation, given in (
        (16, "GetCallerIdentity", {}),
        (17, "ListUsers", {}),
        (18, "CreateUser", {"UserName": "backup-2"}),
        (19, "AttachUserPolicy", {"UserName": "backup-2", "PolicyArn": _ADMIN}),
        (20, "CreateAccessKey", {"UserName": "backup-2"}),
    ):
        service = "sts" if operation == "GetCallerIdentity" else "iam"
        deed("lena", service, operation, at=at(f"14:{minute}"), source_ip=STRANGER, **given)
    for minute in (52, 53):
        name, given = (("CreateUser", {"UserName": "backup-3"}), ("ListUsers", {}))[minute - 52]
        deed("backup-2", "iam", name, at=at(f"14:{minute}"), source_ip=STRANGER, **given)


_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

#: A watch: it gets a lab and the topic of whoever is on call, and builds.
Watch = Callable[[Lab, str], Any]


@dataclass(frozen=True)
class Heard:
    """What a watch made of the day.

    Parameters
    ----------
    name:
        Of the watch.
    minutes:
        Act -> minutes until its first letter; None when none came while it lasted.
    letters, calm:
        How many in the whole day, and how many of them when nothing was wrong.
    """

    name: str
    minutes: Mapping[str, int | None]
    letters: int
    calm: int


def rehearse(watches: Mapping[str, Watch]) -> Drawing:
    """Play the day unattended under several watches; a table of what each of them hears.

    Parameters
    ----------
    watches:
        Name -> a function that builds it, called with a lab and the ARN of Mara's topic.
    """
    heard = [_played(name, watch) for name, watch in watches.items()]
    columns = ["watch", *ACTS, "letters", "when all was well"]
    rows = [
        [one.name, *[_late(one.minutes[act]) for act in ACTS], str(one.letters), str(one.calm)]
        for one in heard
    ]
    best = min(heard, key=lambda one: (one.calm, -_found(one), one.letters))
    others = [one for one in heard if one.calm]
    title = f"{best.name} hears {_found(best)} of {len(ACTS)}, with {count(best.letters, 'letter')}"
    if others:
        worst = max(others, key=lambda one: one.calm)
        title += f"; {worst.name} writes {worst.calm} when all is well"
    data = {one.name: {**one.minutes, "letters": one.letters, "calm": one.calm} for one in heard}
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", data, body=body)


def _found(one: Heard) -> int:
    return sum(minutes is not None for minutes in one.minutes.values())


def _late(minutes: int | None) -> str:
    return "not heard" if minutes is None else f"after {minutes} min"


def _played(name: str, watch: Watch) -> Heard:
    with Lab(start=gameday.DAY, active=False) as lab:
        topic = prepare(lab)
        watch(lab, topic)
        plan(lab, topic)
        causes = gameday.causes("")
        causes["products"].end(lab, "chiara", at(ACTS["a table"][1]))
        causes["checkout"].end(lab, "chiara", at(ACTS["one in ten"][1]))
        lab.run_until(at("15:30"))
        mails = [
            to_datetime(one.at_us)
            for one in lab.parts.post.mails
            if not one.data["confirm_token"] and one.data["subject"] != _SUBJECT
            and not one.data["subject"].startswith("OK")
        ]  # fmt: skip
    minutes, calm = {}, len(mails)
    for act, (begin, end) in ACTS.items():
        mine = [one for one in mails if at(begin) <= one < at(end)]
        minutes[act] = (mine[0] - at(begin)) // timedelta(minutes=1) if mine else None
        calm -= len(mine)
    return Heard(name, minutes, len(mails), calm)


def note(day: Drawing, **causes: str) -> str:
    """A post-incident note, written from a timeline: what was changed, heard, and put back.

    Parameters
    ----------
    day:
        What ``lab.timeline(...)`` returned.
    causes:
        What only a person can write: ``cause=``, ``change=`` and whatever else.
    """
    told = day.data["moments"]
    lines = [f"{day.data['start'][:10]}: {day.title}."]
    for one in told:
        if one["kind"] == "mail":
            continue
        until = f" until {one['until'][11:16]}" if one["until"] else ""
        lines.append(f"{one['at'][11:16]}{until}  {one['row']}: {one['text']}")
    lines += [f"{name}: {said}" for name, said in causes.items()]
    return "\n".join(lines)
