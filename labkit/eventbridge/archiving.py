"""Archives and replays.

**An archive is a managed rule.** Its pattern is the archive's own, and that the event has no
``replay-name``: what is replayed is not archived again. The rule's target is the archive.

**A replay** takes the events of an archive whose own times lie in a stretch, minute by minute, and
puts them on the same bus again, with their old id and time and a ``replay-name``. AWS says no more
of its pace than that order; here the first minute comes ten seconds after the start and each
further minute that has events a second later.

Source: EventBridge user guide, eb-archive, eb-replay-archived-event; botocore events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, MINUTE, SECOND, Phase
from labkit.core.jsontext import dumps, parse
from labkit.core.world import World
from labkit.eventbridge.engine.replayed import marked, moment_of
from labkit.eventbridge.records import Archive, Kept, Replay, Rule

if TYPE_CHECKING:
    from labkit.eventbridge.service import EventBridge
    from labkit.eventbridge.store import Store

REPLAY = "events.replay"
#: Who manages the rules of archives, as AWS names it.
MANAGER = "prod.vhs.events.aws.internal"
_BEGINS_US = 10 * SECOND
_STEP_US = SECOND

#: States in which a replay has not ended.
UNDER_WAY = frozenset({"STARTING", "RUNNING", "CANCELLING"})


class Archives:
    """What archives keep, and how it comes back.

    Parameters
    ----------
    world:
        The clock, where the handler ``events.replay`` is registered.
    service:
        Where replayed events arrive.
    """

    def __init__(self, world: World, service: EventBridge) -> None:
        self._world = world
        self._service = service
        world.clock.register(REPLAY, self._step)

    # -- keeping
    def rule(self, store: Store, archive: Archive) -> Rule:
        """The managed rule of an archive, made when it is not there yet."""
        bus = archive.bus_arn.partition("event-bus/")[2]
        name = f"Events-Archive-{archive.name}"
        rule = store.buses[bus].rules.get(name)
        if rule is None:
            rule = Rule(name, store.rule_arn(bus, name), bus, store.account, managed_by=MANAGER)
            template = (
                f'{{"archive-arn": "{archive.arn}", "event": <aws.events.event.json>, '
                '"ingestion-time": <aws.events.event.ingestion-time>}'
            )
            rule.targets[name] = {
                "Id": name,
                "Arn": f"arn:aws:events:{store.region}:::",
                "InputTransformer": {"InputPathsMap": {}, "InputTemplate": template},
            }
        wanted = parse(archive.pattern) if archive.pattern else {}
        rule.pattern = dumps({**wanted, "replay-name": [{"exists": False}]})
        return rule

    def keep(
        self, store: Store, target: Mapping[str, Any], event: Mapping[str, Any], text: str,
        came_us: int,
    ) -> bool:  # fmt: skip
        """Put an event into the archive that a target stands for; whether it is one."""
        if not target["Arn"].endswith(":::"):
            return False
        archive = store.archives.get(target["Id"].removeprefix("Events-Archive-"))
        if archive is not None:
            self.forget(archive)
            archive.events.append(Kept(moment_of(event, came_us), came_us, text))
            archive.size_bytes += len(text.encode())
        return True

    def forget(self, archive: Archive) -> None:
        """Drop what is older than the archive's retention."""
        if not archive.retention_days:
            return
        oldest = self._world.clock.now_us - archive.retention_days * DAY
        old = 0
        while old < len(archive.events) and archive.events[old].came_us < oldest:
            archive.size_bytes -= len(archive.events[old].text.encode())
            old += 1
        del archive.events[:old]

    # -- replaying
    def start(self, store: Store, replay: Replay) -> None:
        """Let a replay begin."""
        self._later(store, replay, replay.start_us, _BEGINS_US)

    def _later(self, store: Store, replay: Replay, from_us: int, wait_us: int) -> None:
        clock = self._world.clock
        clock.at(
            clock.now_us + wait_us,
            Phase.DATA,
            REPLAY,
            {
                "account": store.account,
                "region": store.region,
                "replay": replay.name,
                "from_us": from_us,
            },
            cause=(f"replay {replay.name}",),
        )

    def _step(self, payload: dict[str, Any]) -> None:
        """Clock handler: the next minute of a replay."""
        store: Store = self._world.store("events", payload["account"], payload["region"])
        replay = store.replays[payload["replay"]]
        if replay.state == "CANCELLING":
            self._end(replay, "CANCELLED", "The replay was cancelled.")
            return
        archive = next((a for a in store.archives.values() if a.arn == replay.archive_arn), None)
        bus_name = replay.destination["Arn"].partition("event-bus/")[2]
        bus = store.buses.get(bus_name)
        if archive is None or bus is None:
            gone = "archive" if archive is None else "event bus"
            self._end(replay, "FAILED", f"The {gone} of the replay was deleted.")
            return
        replay.state = "RUNNING"
        self.forget(archive)
        low, high = payload["from_us"], replay.end_us
        due = sorted(
            (kept for kept in archive.events if low <= kept.at_us < high),
            key=lambda kept: kept.at_us,
        )
        if not due:
            self._end(replay, "COMPLETED", "")
            return
        end_us = due[0].at_us - due[0].at_us % MINUTE + MINUTE
        only = frozenset(replay.destination.get("FilterArns") or ())
        for kept in due:
            if kept.at_us >= end_us:
                break
            event = marked(parse(kept.text), replay.name)
            self._service.arrive(store, bus, event, only=only)
            replay.last_us = kept.at_us
        self._later(store, replay, end_us, _STEP_US)

    def _end(self, replay: Replay, state: str, reason: str) -> None:
        replay.state, replay.reason = state, reason
        replay.ended_us = self._world.clock.now_us
