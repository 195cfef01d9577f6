"""How time passes in a lab: the half of :class:`labkit.lab.Lab` that moves the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from labkit.controls import Elapsed
from labkit.core.clock import SECOND, machine_seconds, to_datetime, to_us
from labkit.core.errors import ClockError
from labkit.lab_state import LabState
from labkit.views.waiting import bar


class Passing(LabState):
    """``now``, ``advance``, ``run_until``, ``run_until_next_email``."""

    @property
    def now(self) -> datetime:
        """The virtual instant; it stands still between two calls."""
        return to_datetime((self._lent or self).world.clock.now_us)

    def advance(self, **duration: float) -> Elapsed:
        """Let time pass: ``lab.advance(minutes=5)``, any of timedelta's keywords.

        Raises
        ------
        ClockError
            For a negative stretch, or when called from inside an event of the clock.
        """
        try:
            stretch = timedelta(**duration)
        except TypeError as problem:
            raise ClockError(
                f"advance takes timedelta's keywords (days, hours, minutes, seconds ...): {problem}"
            ) from None
        if stretch < timedelta(0):
            raise ClockError(f"time can't go backwards: advance({duration})")
        self._hear()
        return self._pass_until(self.world.clock.now_us + stretch // timedelta(microseconds=1))

    def run_until(self, when: datetime | str) -> Elapsed:
        """Let time pass until an aware datetime, or until the next ``"HH:MM"`` (UTC)."""
        if isinstance(when, str):
            when = self._next_time_of_day(when)
        if when.tzinfo is None:
            raise ClockError("run_until takes an aware datetime (tzinfo=UTC) or 'HH:MM'")
        goal_us = to_us(when)
        if goal_us > self.world.clock.now_us:
            self._hear()  # takes an instant of its own, perhaps the very one that was meant
            goal_us = max(goal_us, self.world.clock.now_us)
        return self._pass_until(goal_us)

    def _next_time_of_day(self, text: str) -> datetime:
        try:
            when = datetime.combine(self.now.date(), time.fromisoformat(text), tzinfo=UTC)
        except ValueError:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return when if when >= self.now else when + timedelta(days=1)

    def run_until_next_email(self, *, within: timedelta = timedelta(days=7)) -> Elapsed:
        """Let time pass until an e-mail arrives, ``within`` at most."""
        self._check_open()
        self._hear()
        clock = self.world.clock
        limit_us = clock.now_us + within // timedelta(microseconds=1)
        mails = self.parts.post.mails
        before, start_us = len(mails), clock.now_us
        while len(mails) == before and clock.now_us < limit_us:
            due = clock.next_due(limit_us)
            self._pass_until(limit_us if due is None else due)
        return self._pass_until(clock.now_us, since_us=start_us, mails_before=before)

    def _pass_until(
        self, target_us: int, *, since_us: int | None = None, mails_before: int | None = None
    ) -> Elapsed:
        self._check_open()
        self._check_still()
        post, clock = self.parts.post, self.world.clock
        began = machine_seconds()
        with self.world.lock:
            if self.dispatch.busy:
                raise ClockError(
                    "advance() can't be called from inside an event or a call: time is passing "
                    "already"
                )
            start_us = clock.now_us if since_us is None else since_us
            mails = len(post.mails) if mails_before is None else mails_before
            changes = len(post.changes)
            if since_us is not None:
                changes = sum(fact.at_us < since_us for fact in post.changes)
            ticks = self.parts.cloudwatch.evaluator.ticks
            with bar("time passes", (target_us - clock.now_us) / SECOND, "s") as tell:
                begin_us = clock.now_us
                clock.watch = lambda at_us: tell((at_us - begin_us) / SECOND)
                try:
                    clock.run_until(target_us)
                finally:
                    clock.watch = None
        return Elapsed(
            to_datetime(start_us),
            to_datetime(clock.now_us),
            tuple(post.changes[changes:]),
            len(post.mails) - mails,
            self.parts.cloudwatch.evaluator.ticks - ticks,
            machine_seconds() - began,
        )
