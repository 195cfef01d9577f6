"""Nights of exercise 15: a stolen key, a release outside the timetable, a program in a hurry.

The three look alike in numbers; who, from where and since when tells them apart. What the thief
did is read from the world's own event history, so that the truth is the records' and no second
list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from labkit.course import unusual
from labkit.lab import Lab
from labkit.workloads.people import Episode

HOME = "us-east-1"
AWAY = ("ap-southeast-2", "sa-east-1", "eu-north-1", "ap-south-1", "ca-central-1")
VICTIMS = ("lena", "jonas", "mara")
THEFT, RELEASE, HURRY = "stolen_key", "deployment", "throttled_client"


@dataclass(frozen=True)
class Night:
    """One case of a world: what happened, and the insight that told of it.

    Parameters
    ----------
    episode:
        What happened.
    insight:
        The Start record that a learner gets.
    who:
        The caller's ARN.
    needed:
        Of a theft, each thing that was made or opened, under all names that it may have.
    allowed:
        Of a theft, every text in the records of what it changed.
    """

    episode: Episode
    insight: dict[str, Any]
    who: str
    needed: tuple[frozenset[str], ...] = ()
    allowed: frozenset[str] = field(default=frozenset())

    @property
    def attack(self) -> bool:
        """Whether it was one."""
        return self.episode.kind == THEFT


def episodes(lab: Lab, facts: Any) -> tuple[Episode, ...]:
    """The three of a world, last week."""
    monday = lab.start.replace(hour=0, minute=0)
    at = {name: monday - timedelta(minutes=facts[name]) for name in ("theft", "release", "hurry")}
    return (
        Episode(THEFT, at["theft"], 20, facts["size"], facts["victim"], facts["away"],
                facts["address"]),
        Episode(RELEASE, at["release"], 15, 60),
        Episode(HURRY, at["hurry"], 15, 40),
    )  # fmt: skip


def build(lab: Lab, facts: Any) -> None:
    """The past, and a trail that has watched it."""
    unusual.watched(lab, *episodes(lab, facts), days=30, since=9)


def nights(lab: Lab, facts: Any) -> list[Night]:
    """The cases of a world that was built, in order of time."""
    people = lab.people.principals()
    found = []
    for episode in episodes(lab, facts):
        name = "DescribeInstances" if episode.kind == HURRY else "RunInstances"
        region = episode.region
        insight = next(
            one for one in unusual.told(lab, region, "Start")
            if one["insightDetails"]["eventName"] == name
            and abs(_instant(one["eventTime"]) - episode.start) < timedelta(hours=1)
        )  # fmt: skip
        who = people[episode.whom]["arn"]
        if episode.kind != THEFT:
            found.append(Night(episode, insight, who))
            continue
        records = list(thefts(lab, episode))
        needed = tuple(_names(one) for one in records)
        allowed = frozenset(text for one in records for text in _texts(one))
        found.append(Night(episode, insight, who, needed, allowed))
    return sorted(found, key=lambda night: night.episode.start)


def thefts(lab: Lab, episode: Episode) -> Iterator[dict[str, Any]]:
    """The thief's successful writes."""
    for region in sorted({HOME, episode.region}):
        pages = lab.client("cloudtrail", region).get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": episode.whom}],
            StartTime=episode.start, EndTime=episode.start + timedelta(hours=2),
        )  # fmt: skip
        for page in pages:
            for event in page["Events"]:
                record = json.loads(event["CloudTrailEvent"])
                mine = record["sourceIPAddress"] == episode.source_ip
                if mine and not record["readOnly"] and "errorCode" not in record:
                    yield record


def _names(record: dict[str, Any]) -> frozenset[str]:
    """The names of what one call made or opened."""
    asked, made = record["requestParameters"], record["responseElements"]
    if record["eventName"] == "RunInstances":
        return frozenset(one["instanceId"] for one in made["instancesSet"]["items"])
    if record["eventName"] == "CreateAccessKey":
        return frozenset([made["accessKey"]["accessKeyId"]])
    if record["eventName"] == "CreateKeyPair":
        return frozenset(
            text for text in (asked.get("keyName"), made.get("keyPairId")) if text
        )  # fmt: skip
    return frozenset([asked["groupId"]])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
