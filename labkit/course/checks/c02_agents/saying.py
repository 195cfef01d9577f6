"""Why nobody wrote: what stands in the learner's account, in a sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labkit.core.clock import to_datetime, to_us
from labkit.course.checks.c02_agents.machines import Trouble
from labkit.course.outcomes import Attempted
from labkit.lab import Lab
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, number

ALARM = "ALARM"


def moment(at: datetime) -> str:
    """``Mon 5 Jan 12:24``."""
    return f"{day_text(to_us(at))} {clock_text(to_us(at))}"


def agents(world: Lab) -> dict[str, int]:
    """Instance -> how many metrics its agent publishes now."""
    return world.parts.agents.running()


def alarms(world: Lab) -> list[Any]:
    """The learner's metric alarms."""
    # Asking for a store that is not there yet would make one, and change the learner's lab.
    store = world.world.stores("cloudwatch").get((world.account, world.region))
    return [] if store is None else list(store.alarms.values())


def attempted(world: Lab) -> Attempted | None:
    """What was built, in one line; None when there is neither an agent nor an alarm."""
    running, watching = agents(world), alarms(world)
    if not running and not watching:
        return None
    metrics = count(sum(running.values()), "metric")
    return Attempted(
        f"{count(len(running), 'agent')} with {metrics}, {count(len(watching), 'alarm')}."
    )


def why(world: Lab, trouble: Trouble) -> tuple[str, str]:
    """Why no letter came in time, and a question that points at the idea."""
    who = trouble.who
    if trouble.instance_id not in agents(world):
        return (
            f"No agent runs on {who}, and EC2 sees neither memory nor disk space.",
            "Who on that machine could have told CloudWatch?",
        )
    stuck = _stuck(world, trouble)
    if stuck:
        return stuck
    mute = _mute(world, trouble)
    if mute:
        return mute
    lost = _lost(world)
    if trouble.replaced is not None:
        return (
            f"The machine of {who} was replaced at {moment(trouble.replaced)}; the new one, "
            f"{trouble.instance_id}, has its agent, and no alarm looks at what it publishes.",
            "Which name of this machine will its successor have too?",
        )
    if lost:
        return lost
    return _unwatched(world, trouble)


def _stuck(world: Lab, trouble: Trouble) -> tuple[str, str] | None:
    """An alarm that rang long before can't ring again."""
    for alarm in alarms(world):
        since = to_datetime(alarm.transitioned_us)
        if alarm.state != ALARM or since >= trouble.start or not _about(alarm, trouble):
            continue
        points = world.cloudwatch.evaluation(alarm).counted
        value = number(points[-1].value or 0.0) if points else "nothing"
        return (
            f"Your alarm `{alarm.name}` has been in ALARM since {moment(since)}: it compares "
            f"{value} with {number(alarm.rule.threshold)}. An alarm writes when its state changes.",
            "In which unit does that metric count, and in which your threshold?",
        )
    return None


def _about(alarm: Any, trouble: Trouble) -> bool:
    series = alarm.series
    if series is None:
        return True
    section = "mem" if trouble.what == "memory" else "disk"
    return str(series.name).startswith(section)


def _mute(world: Lab, trouble: Trouble) -> tuple[str, str] | None:
    """An alarm that rang in time and wrote to nobody, or too late."""
    for item in world.cloudwatch.store(world.account, world.region).history:
        at = to_datetime(item.at_us)
        if item.kind != "StateUpdate" or not item.summary.endswith("to ALARM"):
            continue
        if not trouble.start <= at <= trouble.levels[-1][0]:
            continue
        if item.at_us > to_us(trouble.crossed) + 11 * 60_000_000:
            late = (at - trouble.crossed).total_seconds() / 60
            return (
                f"Your alarm `{item.alarm_name}` went into ALARM at {moment(at)}, {late:.0f} "
                "minutes after the limit was crossed; ten are asked for.",
                "How many minutes must pass before your alarm believes what it sees?",
            )
        return (
            f"Your alarm `{item.alarm_name}` went into ALARM at {moment(at)}, and no letter came.",
            "Whom does that alarm tell when it changes its state?",
        )
    return None


def _lost(world: Lab) -> tuple[str, str] | None:
    """An alarm on a metric that nobody publishes."""
    from labkit.cloudwatch import showing

    for alarm in alarms(world):
        for _, told in showing.missing(world.cloudwatch, alarm):
            return (
                f"Your alarm `{alarm.name}` never left INSUFFICIENT_DATA: {told}.",
                "Which dimensions does the metric carry, and which does your alarm name?",
            )
    return None


def _unwatched(world: Lab, trouble: Trouble) -> tuple[str, str]:
    section = "mem" if trouble.what == "memory" else "disk"
    looked = sorted({f"`{a.series.name}`" for a in alarms(world)
                     if a.series is not None and a.series.name.startswith(section)})  # fmt: skip
    told = f"they look at {', '.join(looked)} of other things" if looked else "none looks at it"
    return (
        f"No alarm of yours looks at {trouble.thing}: {told}.",
        "Which of the things on that machine can fill up, and which of them do you watch?",
    )
