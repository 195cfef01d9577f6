"""People at work from now on: their calls happen as time passes, each at its instant.

A past is columns; what is still to come is told call by call, as facts ``call.finished`` on the
clock, so that trails deliver it, rules match it and Insights count it like anybody's calls. The
calls of a day are made at its beginning (:func:`labkit.workloads.people.past`), and the clock holds
a line for each.

They change nothing else: a machine that ``tomas`` stops here was never there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.clock import DAY, Phase, to_datetime
from labkit.core.past_calls import PastCalls
from labkit.core.world import World
from labkit.workloads.people import Episode, past


class AtWork:
    """Lets people work.

    Parameters
    ----------
    world:
        Clock and facts; the handlers ``people.day`` and ``people.call`` are registered here.
    noise_seed:
        Of what they do.
    """

    def __init__(self, world: World, noise_seed: int) -> None:
        self._world = world
        self._seed = noise_seed
        self._today: dict[tuple[str, str], PastCalls] = {}
        self._principals: Mapping[str, Mapping[str, str]] = {}
        self._episodes: list[Episode] = []
        self._who: tuple[str, ...] = ()
        #: Which beginning is meant: what an earlier one planned is void.
        self._round = 0
        world.clock.register("people.day", self._day)
        world.clock.register("people.call", self._call)

    def begin(
        self,
        account: str,
        regions: Sequence[str],
        who: Sequence[str],
        principals: Mapping[str, Mapping[str, str]],
        episodes: Sequence[Mapping[str, Any]],
    ) -> None:
        """Let people work from now on, instead of who worked before; nobody when ``who`` is empty.

        Parameters
        ----------
        account, regions:
            Where.
        who:
            Faces whose habits are lived.
        principals:
            As records show them.
        episodes:
            What is to happen besides, their starts in microseconds.
        """
        self._round += 1
        self._who = tuple(who)
        self._principals = principals
        self._episodes = [
            Episode(**{**one, "start": to_datetime(one["start"])}) for one in episodes
        ]
        if self._who or self._episodes:
            for region in regions:
                self._day({"account": account, "region": region, "round": self._round})

    def _day(self, payload: Mapping[str, Any]) -> None:
        if payload["round"] != self._round:
            return
        account, region = payload["account"], payload["region"]
        clock = self._world.clock
        start_us, end_us = clock.now_us + 1, clock.now_us // DAY * DAY + DAY
        calls = past(
            self._seed, account, region, start_us, end_us, self._principals, self._episodes,
            who=self._who,
        )  # fmt: skip
        self._today[account, region] = calls
        named = {"account": account, "region": region, "round": self._round}
        for row in range(len(calls)):
            at_us, line = int(calls.at_us[row]), {**named, "row": row}
            clock.at(at_us, Phase.STATE, "people.call", line, cause=())
        # One day's calls are over when the next day's are made.
        clock.at(end_us, Phase.STATE, "people.day", named, cause=())

    def _call(self, payload: Mapping[str, Any]) -> None:
        if payload["round"] != self._round:
            return
        account, region = payload["account"], payload["region"]
        data = self._today[account, region].data(payload["row"])
        self._world.facts.publish("call.finished", account, region, data)
