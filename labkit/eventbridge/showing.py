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
    from labkit.views.drawing import Drawing


class Showing:
    """The views of EventBridge."""

    _world: World

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

        text = pattern if isinstance(pattern, str) else dumps(pattern)
        try:
            compiled = compile_pattern(text)
        except InvalidEventPattern as problem:
            raise LabError(str(problem)) from None
        try:
            read = parse(event if isinstance(event, str) else dumps(event))
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise LabError("an event is a JSON object, as text or as a dictionary")
        return pattern_match(explain(compiled, read))

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
        from labkit.eventbridge.engine.schedules import InvalidSchedule
        from labkit.eventbridge.views import next_ones

        start = to_datetime(self._world.clock.now_us) if after is None else after
        try:
            return next_ones(expression, start, count, zone)
        except InvalidSchedule as problem:
            raise LabError(f"{problem.message} ({problem.reason})") from None
