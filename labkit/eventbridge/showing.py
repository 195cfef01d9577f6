"""What a lab's EventBridge shows of itself: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.core.clock import to_datetime
from labkit.core.errors import LabError
from labkit.core.jsontext import dumps, parse
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.eventbridge.delivering import Deliveries
    from labkit.views.drawing import Drawing


class Showing:
    """The views of EventBridge."""

    _world: World
    deliveries: Deliveries

    def view_match(
        self, pattern: str | Mapping[str, Any], event: str | Mapping[str, Any]
    ) -> Drawing:
        """Why a pattern matches an event or does not, leaf by leaf.

        Parameters
        ----------
        pattern, event:
            JSON text, or the object.

        Raises
        ------
        LabError
            When EventBridge would refuse the pattern, or the event is no JSON object.
        """
        from labkit.eventbridge.engine.patterns import (
            InvalidEventPattern,
            compile_pattern,
            explain,
        )
        from labkit.eventbridge.views import pattern_match

        try:
            compiled = compile_pattern(_text(pattern))
        except InvalidEventPattern as problem:
            raise LabError(str(problem)) from None
        return pattern_match(explain(compiled, _event(event)))

    def view_event(self, event: str | Mapping[str, Any]) -> Drawing:
        """An event with the meaning of each member of its envelope.

        Parameters
        ----------
        event:
            JSON text, or the object.

        Raises
        ------
        LabError
            When the event is no JSON object.
        """
        from labkit.eventbridge.event_views import event_card

        return event_card(_event(event))

    def view_matrix(
        self,
        patterns: Mapping[str, str | Mapping[str, Any]],
        events: Mapping[str, str | Mapping[str, Any]],
    ) -> Drawing:
        """Which of several patterns passes which of several events.

        Parameters
        ----------
        patterns, events:
            By a name for the table; each JSON text, or the object.

        Raises
        ------
        LabError
            When EventBridge would refuse a pattern, or an event is no JSON object.
        """
        from labkit.eventbridge.engine.patterns import InvalidEventPattern
        from labkit.eventbridge.event_views import event_matrix

        try:
            return event_matrix(
                {name: _text(one) for name, one in patterns.items()},
                {name: _event(one) for name, one in events.items()},
            )
        except InvalidEventPattern as problem:
            raise LabError(str(problem)) from None

    def view_problems(self) -> Drawing:
        """What rules sent and nobody got, with the reason; newest first.

        Deliveries that failed for good, events that were not sent on to a third bus, and loops
        that were stopped.
        """
        from labkit.eventbridge.problem_views import drawn

        return drawn(list(self.deliveries.problems.kept))

    def view_schedule(
        self,
        expression: str,
        count: int = 10,
        *,
        after: datetime | None = None,
        zone: str = "UTC",
    ) -> Drawing:
        """The next firings of a schedule expression, as a calendar.

        Parameters
        ----------
        expression:
            ``rate(...)``, ``cron(...)`` or ``at(...)``.
        count:
            How many firings.
        after:
            From when on; the lab's present instant when left out.
        zone:
            The time zone of ``cron`` and ``at``, and of the calendar.

        Raises
        ------
        LabError
            When AWS would refuse the expression; with the reason, which AWS does not tell.
        """
        from labkit.eventbridge.views import next_ones
        from labkit.schedules import InvalidSchedule

        start = to_datetime(self._world.clock.now_us) if after is None else after
        try:
            return next_ones(expression, start, count, zone)
        except InvalidSchedule as problem:
            raise LabError(f"{problem.message} ({problem.reason})") from None


def _text(pattern: str | Mapping[str, Any]) -> str:
    return pattern if isinstance(pattern, str) else dumps(pattern)


def _event(event: str | Mapping[str, Any]) -> dict[str, Any]:
    try:
        read = parse(event if isinstance(event, str) else dumps(event))
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise LabError("an event is a JSON object, as text or as a dictionary")
    return read
