"""Replays of archives: StartReplay and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.core.errors import AwsError
from labkit.eventbridge.api.requests import (
    invalid,
    missing,
    moment,
    page,
    parts,
    shown,
    taken,
    too_many,
)
from labkit.eventbridge.archiving import UNDER_WAY
from labkit.eventbridge.records import Replay


def start_replay(
    call: Call,
    /,
    *,
    ReplayName: str,
    EventSourceArn: str,
    EventStartTime: datetime,
    EventEndTime: datetime,
    Destination: Mapping[str, Any],
    Description: str = "",
) -> dict[str, Any]:
    """Put an archive's events of a stretch of time on their bus once more.

    EventStartTime is included, EventEndTime is not; what counts is each event's own time.
    """
    store, service = parts(call)
    if ReplayName in store.replays:
        raise taken(f"Replay {ReplayName} already exists.")
    archive = next((a for a in store.archives.values() if a.arn == EventSourceArn), None)
    if archive is None:
        name = EventSourceArn.rpartition("/")[2]
        raise invalid(
            f"Parameter EventSourceArn is not valid. Reason: Archive {name} does not exist."
        )
    if Destination["Arn"] != archive.bus_arn:
        raise invalid(
            "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not "
            "permitted."
        )
    if to_us(EventEndTime) <= to_us(EventStartTime):
        raise invalid(
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
            "EventEndTime."
        )
    running = [one for one in store.replays.values() if one.state in UNDER_WAY]
    if len(running) >= call.quota("replays.concurrent"):
        raise too_many()
    replay = Replay(
        ReplayName,
        store.arn(f"replay/{ReplayName}"),
        EventSourceArn,
        dict(Destination),
        to_us(EventStartTime),
        to_us(EventEndTime),
        call.now_us,
        description=Description,
    )
    store.replays[ReplayName] = replay
    service.archives.start(store, replay)
    return {
        "ReplayArn": replay.arn,
        "State": replay.state,
        "ReplayStartTime": moment(replay.begun_us),
    }


def _replay(call: Call, name: str) -> Replay:
    store, _ = parts(call)
    replay = store.replays.get(name)
    if replay is None:
        raise missing(f"Replay {name} does not exist.")
    return replay


def _told(replay: Replay) -> dict[str, Any]:
    def when(us: int | None) -> datetime | None:
        return None if us is None else moment(us)

    return shown(
        {
            "ReplayName": replay.name,
            "EventSourceArn": replay.archive_arn,
            "State": replay.state,
            "StateReason": replay.reason,
            "EventStartTime": moment(replay.start_us),
            "EventEndTime": moment(replay.end_us),
            "EventLastReplayedTime": when(replay.last_us),
            "ReplayStartTime": moment(replay.begun_us),
            "ReplayEndTime": when(replay.ended_us),
        }
    )


def describe_replay(call: Call, /, *, ReplayName: str) -> dict[str, Any]:
    """A replay and how far it has come."""
    replay = _replay(call, ReplayName)
    more = {
        "ReplayArn": replay.arn,
        "Description": replay.description,
        "Destination": replay.destination,
    }
    return _told(replay) | shown(more)


def list_replays(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    State: str | None = None,
    EventSourceArn: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The replays of an account, by name."""
    store, _ = parts(call)
    chosen = [
        replay
        for name, replay in sorted(store.replays.items())
        if name.startswith(NamePrefix)
        and State in (None, replay.state)
        and EventSourceArn in (None, replay.archive_arn)
    ]
    found, more = page(chosen, Limit, NextToken)
    return {"Replays": [_told(replay) for replay in found], **more}


def cancel_replay(call: Call, /, *, ReplayName: str) -> dict[str, Any]:
    """Stop a replay that has not ended; what it has put already stays put."""
    replay = _replay(call, ReplayName)
    if replay.state not in ("STARTING", "RUNNING"):
        raise AwsError(
            "IllegalStatusException", f"Replay {ReplayName} is not in a valid state for this "
            f"operation: it is {replay.state}.",
        )  # fmt: skip
    replay.state = "CANCELLING"
    return {"ReplayArn": replay.arn, "State": replay.state}
