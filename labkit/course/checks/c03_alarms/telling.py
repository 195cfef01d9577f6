"""Why an incident was not heard, why somebody was woken: found in what was played, and told."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import MINUTE as MINUTE_US
from labkit.core.clock import to_datetime, to_us
from labkit.course.checks.c03_alarms.incidents import CAUGHT_MS, MINUTE, SERIES, Trouble
from labkit.course.checks.c03_alarms.playing import MARA, Played, pages
from labkit.views.timeaxis import DAYS, clock_text
from labkit.views.wording import count, number

_NAMES = {
    "restart": "is the restart of 03:00",
    "slow minute": "is one slow minute",
    "two slow minutes": "is two slow minutes, no incident",
    "gap": "is two minutes without a datapoint, no incident",
    "straggler": "is a single request that took ages",
}


def _clock(at: datetime) -> str:
    return clock_text(to_us(at))


# -- no way to the mailbox
def no_way(played: Played) -> tuple[str, str] | None:
    """(what happened, question) when an alarm moved and no letter could reach Mara, else None."""
    moved = [
        fact
        for world in (played.stormy, played.quiet)
        for fact in world.parts.post.changes
        if fact.data["state"] == "ALARM" and fact.at_us >= to_us(played.begin)
    ]
    if not moved:
        return None
    told = f"Your alarm went to ALARM {count(len(moved), 'time')}, and no e-mail reached {MARA}: "
    question = "Between the alarm and the mailbox, where does the letter stop?"
    alarm = played.alarm
    others = sorted({mail.data["to"] for mail in pages(played.stormy, played.begin, None)} - {MARA})
    if others:
        return f"{told}it went to {', '.join(others)}.", question
    if not alarm.actions("ALARM"):
        return f"{told}the alarm has no action for ALARM.", question
    if not alarm.actions_enabled:
        return f"{told}its actions are switched off.", question
    asked = [m for m in played.stormy.parts.post.mails if m.data["confirm_token"]]
    if any(mail.data["to"] == MARA for mail in asked):
        return (
            f"{told}the letter that asks for a confirmation lies in the mailbox, unanswered. Until "
            "somebody follows its link, SNS sends nothing more.",
            question,
        )
    return f"{told}nobody is subscribed under that address.", question


# -- not heard
def why_not(played: Played, trouble: Trouble) -> tuple[str, str]:
    """(what happened, one question; empty for the usual one)."""
    alarm, world = played.alarm, played.stormy
    state, since = played.state_at(world, trouble.begin)
    if alarm.series != SERIES and not alarm.rule.expression:
        where = f"{alarm.series.namespace} {alarm.series.name}" if alarm.series else "something"
        return (
            f"Your alarm watches {where}, which says nothing about the checkout: "
            f"its state was {state} all the while.",
            "Which metric does the ticket name?",
        )
    if state == "ALARM" and since is not None:
        return (
            f"Your alarm had been in ALARM since {DAYS[since.weekday()]} {_clock(since)}. An "
            "action runs when the state changes, and there was no change left.",
            "When does your alarm get back to OK?",
        )
    if trouble.kind == "silent":
        return _silence(played, trouble)
    first, last = trouble.since, trouble.end
    values = played.minutes(world, first, last)
    marks = played.marks(values)
    bad = [at for at, mark in marks if mark == "X"]
    held = _too_few(played, trouble)
    if held and bad:
        return held
    if not bad:
        return _never(played, trouble, [value for _, value in values if value == value])
    return _flapped(played, trouble, marks)


def _silence(played: Played, trouble: Trouble) -> tuple[str, str]:
    last = trouble.begin - MINUTE
    before, _ = played.state_at(played.stormy, trouble.begin)
    changed = played.changes(played.stormy, trouble.begin, trouble.end)
    states = [f"{state} from {_clock(at.replace(microsecond=0))} on" for at, state in changed[:2]]
    told = ", ".join(states) if states else f"{before} all the while"
    return (
        f"{_clock(last)} last datapoint, {_clock(trouble.end)} Lena calls: nobody has bought "
        f"anything since. Your alarm: {told}, and no e-mail. It treats missing data as "
        f"`{played.alarm.rule.treat_missing_data}`.",
        "When this metric says nothing, is that good news?",
    )


def _too_few(played: Played, trouble: Trouble) -> tuple[str, str] | None:
    rule = played.alarm.rule
    if rule.low_samples != "ignore" or not rule.samples_needed:
        return None
    store = played.stormy.world.store("cloudwatch", played.stormy.account, played.stormy.region)
    first = to_us(trouble.since)
    samples = played.stormy.parts.cloudwatch.evaluator.samples(
        store, SERIES, None, first, first + MINUTE_US
    )
    a_minute = float(samples.counts.sum()) if samples.counts is not None else 0.0
    looked_at = a_minute * rule.evaluation_periods * rule.period_us / MINUTE_US
    if looked_at >= rule.samples_needed:
        return None
    state, _ = played.state_at(played.stormy, trouble.since)
    return (
        f"At {_clock(trouble.since)} there are {number(a_minute)} requests a minute. Your alarm "
        f"ignores a {rule.statistic} of fewer than {number(rule.samples_needed)} of them, so it "
        f"did not decide at all and held its state: {state}.",
        "How many customers does it take, at night, before somebody should look?",
    )


def _never(played: Played, trouble: Trouble, values: list[float]) -> tuple[str, str]:
    rule = played.alarm.rule
    top = number(max(values, default=0.0))
    length = (trouble.end - trouble.since) // MINUTE
    if trouble.kind == "share":
        return (
            f"3 in 100 waited {CAUGHT_MS / 1000:g} s for {length} minutes; your {rule.statistic} "
            f"never passed {top} ms, and the alarm never moved.",
            "Which number of a minute notices 3 customers in 100?",
        )
    return (
        f"Your {rule.statistic} never passed {top} ms in these {length} minutes, so it stayed on "
        f"the good side of {number(rule.threshold)} ms and the alarm never moved.",
        "What do customers feel, and which number of a minute says it?",
    )


def _flapped(
    played: Played, trouble: Trouble, marks: list[tuple[datetime, str]]
) -> tuple[str, str]:
    rule = played.alarm.rule
    m, n = rule.needed, rule.evaluation_periods
    shown = "  ".join(f"{_clock(at)} {mark}" for at, mark in marks[:9])
    row = "".join(mark for _, mark in marks)
    most = max(row[k : k + n].count("X") for k in range(max(len(row) - n, 0) + 1))
    if rule.period_us > MINUTE_US:
        said = f"In windows of {rule.period_us // MINUTE_US} minutes that is not enough"
    elif m == n:
        said = f"No {_word(n)} in a row"
    else:
        said = f"Never more than {_word(most)} bad minutes in any {_word(n)}, and it takes {m}"
    dots = " \u2026" if len(marks) > 9 else ""
    return f"{shown}{dots} {said}, so the alarm never moved.", ""


def _word(n: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if n < len(words) else str(n)


# -- woken for nothing
def _cause(played: Played, at: datetime) -> tuple[str, datetime]:
    """What a false page was about, and when that began."""
    quiet, rule = played.quiet, played.alarm.rule
    back = (rule.evaluation_periods + 3) * max(rule.period_us // MINUTE_US, 1)
    minute = to_us(at) // MINUTE_US
    found = quiet.parts.latencies.hitches(
        quiet.account, quiet.region, SERIES, minute - back, minute
    )
    if found:
        return found[-1].kind, to_datetime(found[-1].minute * MINUTE_US)
    return "straggler", at.replace(second=0, microsecond=0) - MINUTE


def why_woken(played: Played, at: datetime) -> tuple[str, str]:
    """``Week 1, Tue 03:01``, ``is the restart of 03:00``."""
    kind, begin = _cause(played, at)
    week = 1 + (at - played.begin) // timedelta(days=7)
    seen = at.replace(second=0, microsecond=0) - MINUTE
    when = f"{_clock(begin)}" if seen <= begin else f"{_clock(begin)}-{_clock(seen)}"
    day = DAYS[begin.weekday()]
    marks = played.marks(played.minutes(played.quiet, begin - 3 * MINUTE, seen + 3 * MINUTE))
    row = " ".join(mark for _, mark in marks)
    return f"week {week}, {day} {when}", f"{_NAMES[kind]}: {row}"


def commonest(played: Played) -> str:
    """What the false pages were about, by how often."""
    kinds: Counter[str] = Counter(_cause(played, at)[0] for at in played.false_pages)
    what: dict[str, Any] = {
        "restart": "the restart", "slow minute": "a single slow minute",
        "two slow minutes": "two slow minutes", "gap": "a gap of two minutes",
        "straggler": "a straggler",
    }  # fmt: skip
    if len(played.false_pages) == 1:
        return ""
    told = ", ".join(f"{what[kind]} {n}" for kind, n in kinds.most_common())
    return f"Of all of them: {told}."
