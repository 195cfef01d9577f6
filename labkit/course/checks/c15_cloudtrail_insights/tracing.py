"""Check 1: three insights of another account, and what the learner's function says of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c15_cloudtrail_insights.nights import AWAY, VICTIMS, Night, build, nights
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

_NAME = "trace"
_SAID = {
    "stolen_key": "a stolen key", "deployment": "a release outside the timetable",
    "throttled_client": "a program that asks too often",
}  # fmt: skip


class Traces(Check):
    """Attack or not; who, from where, since when, and what is left of it."""

    title = "three insights of an account that you have not seen"
    points = 5
    hints = (
        "What did this key do before it was loud? And who else uses the same key, from where?",
        "From the insight to one of its calls (`EventName`, a time window), from the call to "
        "`accessKeyId` and `sourceIPAddress`, from these to every call of the key from that "
        "address. IAM's calls are recorded in us-east-1, machines where they run. What was made "
        "stands in `responseElements`.",
        'lookup_events(LookupAttributes=[{"AttributeKey": "____", "AttributeValue": key}]) in '
        '["us-east-1", insight["awsRegion"]]; keep those with sourceIPAddress == ip; since is '
        "the first of them; an attack when since is less than a day before the insight.",
    )
    alternatives = (
        "The user agent alone tells little: whoever steals a key can say that he is Terraform.",
        "The insight's own start is when it was loud, not when it began.",
        "The name of the call says nothing: releases start machines too.",
    )
    cell = "trace"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        return Attempted(f"`{_NAME}(insight)`") if _function(bench) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            "No function has been handed in yet.",
            start="the cell with `@ex.deliver` above `def trace(insight)`; `ex.insights` has "
            "three to try it on.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask about each of the three."""
        facts = unseen(bench.facts)
        world = Lab(bench.lab.seed + 101, bench.lab.start, account="210987654321", active=False)
        try:
            build(world, facts)
            cases = nights(world, facts)
            function, said = _function(bench), []
            for night in cases:
                with bench.calling(world, function):
                    said.append(function(dict(night.insight)))
        finally:
            world.close()
        wrong = [_wrong(night, answer) for night, answer in zip(cases, said, strict=True)]
        good = sum(one is None for one in wrong)
        figure = picture(cases, said, wrong)
        for night, problem in zip(cases, wrong, strict=True):
            if problem is not None:
                return NotYet(
                    f"{good} of {len(cases)} insights are explained.", attempted.built,
                    f"{night.insight['eventTime']} {night.insight['awsRegion']}: "
                    f"{_SAID[night.episode.kind]}",
                    *problem, figure,
                )  # fmt: skip
        theft = next(night for night in cases if night.attack)
        return Passed(
            f"3 of 3: one attack among them, and the {len(theft.needed)} things that it left.",
            why="Key and address together are one person. Where they were seen weeks ago, it is "
            "somebody's work; where they begin the same night, it is not.",
            built=attempted.built,
            cost="event history and its look-ups are free; Insights take $0.35 for 100,000 "
            "analysed events of each type.",
            alternative="the same out of the trail's bucket with Athena: slower to set up, and it "
            "reads more than 90 days back.",
            remarks=("Switch the key off first, and the new key that it made with it.",),
            figure=figure,
        )


def unseen(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Another account's nights: other people, another Region, other hours."""
    number = int(facts["seed"])
    others = [one for one in VICTIMS if one != facts["victim"]]
    away = [one for one in AWAY if one != facts["away"]]
    return {
        **facts,
        "victim": others[number % 2],
        "away": away[number % len(away)],
        "address": f"192.0.2.{200 + number % 50}",
        "theft": facts["theft"] + 37,
        "release": facts["release"] - 55,
        "hurry": facts["hurry"] + 90,
        "size": 3 if facts["size"] != 3 else 5,
    }


def _wrong(night: Night, answer: Any) -> tuple[str, str] | None:
    """What happened and the question; None when the answer is right."""
    if not isinstance(answer, Mapping) or "attack" not in answer:
        return (
            f"`{_NAME}` returned {type(answer).__name__}, and no `attack` in it.",
            "Which five things does the ticket ask for?",
        )
    who = night.who.rpartition(":")[2]
    if bool(answer["attack"]) != night.attack:
        if night.attack:
            return (
                f"You say: harmless. {who} was at work in the office that week; the machines were "
                f"started from {night.episode.source_ip}, an address that this key never used "
                "before.",
                "Had this key ever been used from there before that night?",
            )
        return (
            f"You say: an attack. {who} has called from the same address, with the same key, every "
            "working day of the weeks before.",
            "Had this key been used from there before?",
        )
    if answer.get("who") != night.who:
        return (f"You name {answer.get('who')}, it was {night.who}.",
                "Whose ARN stands in the insight's attributions?")  # fmt: skip
    return _wrong_theft(night, answer) if night.attack else None


def _wrong_theft(night: Night, answer: Mapping[str, Any]) -> tuple[str, str] | None:
    episode = night.episode
    if answer.get("address") != episode.source_ip:
        return (
            f"You name the address {answer.get('address')}; the machines were started from "
            f"{episode.source_ip}.",
            "From where did those calls come that made the insight?",
        )
    since = _instant(answer.get("since"))
    if since is None or abs(since - episode.start) > timedelta(seconds=2):
        said = f"{since:%a %H:%M}" if since else "no instant"
        if since and since > episode.start:
            late = int((since - episode.start).total_seconds() // 60)
            why = f"the key's first call from that address was {late} minutes earlier"
        else:
            why = f"the thief's first call was at {episode.start:%a %H:%M}"
        return f"Since: you say {said}; {why}.", "What did this key do before it was loud?"
    touched = answer.get("touched")
    names = {touched} if isinstance(touched, str) else set(map(str, touched or ()))
    missing = [one for one in night.needed if not one & names]
    if missing:
        doors = sum(not any(name.startswith("i-") for name in one) for one in missing)
        name = sorted(min(missing, key=lambda one: min(one)[:2] == "i-"))[0]
        return (
            f"{count(len(missing), 'thing')} of {len(night.needed)} missing from `touched`, such "
            f"as `{name}`; {doors} of them are doors through which one comes back.",
            "What did it make or open besides the machines, in which Region is that recorded, and "
            "where does the record name it?",
        )
    strange = sorted(names - night.allowed)
    if strange:
        return (
            f"`touched` has {count(len(strange), 'name')} that the thief did not change, such as "
            f"`{strange[0]}`.",
            "Which of these calls came from the office, and which went wrong?",
        )
    return None


def picture(cases: list[Night], said: list[Any], wrong: list[Any]) -> Drawing:
    """The cases, and what was said of each."""
    title = f"{sum(one is None for one in wrong)} of {len(cases)} explained"
    columns = ["insight (UTC)", "Region", "call", "it was", "you say", ""]
    rows = []
    for night, answer, problem in zip(cases, said, wrong, strict=True):
        told = answer.get("attack") if isinstance(answer, Mapping) else None
        rows.append([
            night.insight["eventTime"][:16].replace("T", " "), night.insight["awsRegion"],
            night.insight["insightDetails"]["eventName"], _SAID[night.episode.kind],
            "nothing" if told is None else "attack" if told else "harmless",
            "\u2713" if problem is None else "\u2717",
        ])  # fmt: skip
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _function(bench: Bench) -> Any:
    return bench.delivered.get(_NAME) or next(reversed(list(bench.delivered.values())), None)
