"""Whether the actions of a composite alarm are held back by its suppressor: a small state machine.

::

                     the composite alarm changes,
                     suppressor not in ALARM
      (none) ───────────────────────────────────> WaitPeriod ──expires──> act, (none)
        │                                             │
        │ suppressor goes into ALARM                  │ suppressor goes into ALARM
        v                                             v
      Alarm <─────────────────────────────────────────┘
        │ suppressor leaves ALARM
        v
      ExtensionPeriod ──expires──> act, (none)
        │ the composite alarm changes
        v
      WaitPeriod, from the beginning

What is done when a period ends are the actions of the state *at that moment*, and only if a change
waits to be acted on: a suppressor that comes and goes while nothing happens causes nothing.

Source: CloudWatch user guide, "Composite alarms: suppressing actions" (aws-semantics 2.7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ALARM, WAIT, EXTENSION = "Alarm", "WaitPeriod", "ExtensionPeriod"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Who holds the actions back, if anybody does.

    Parameters
    ----------
    by:
        Alarm, WaitPeriod, ExtensionPeriod, or empty.
    until_us:
        When a period ends; 0 where there is none.
    waits:
        Whether a change has not been acted on yet.
    """

    by: str = ""
    until_us: int = 0
    waits: bool = False

    @property
    def reason(self) -> str:
        """ActionsSuppressedReason."""
        return f"Actions suppressed by {self.by}" if self.by else ""

    @property
    def acts(self) -> bool:
        """Whether what waits is to be done now."""
        return self.waits and not self.by

    def done(self) -> Suppression:
        """The same, what waited being done."""
        return replace(self, waits=False)


NONE = Suppression()


def changed(now_us: int, suppressor_in_alarm: bool, wait_us: int) -> Suppression:
    """After a change of the composite alarm, which begins a new WaitPeriod whatever was before.

    Parameters
    ----------
    now_us:
        The instant of the change.
    suppressor_in_alarm:
        Whether the suppressor is in ALARM.
    wait_us:
        The WaitPeriod; 0 lets the actions run at once.
    """
    if suppressor_in_alarm:
        return Suppression(ALARM, 0, True)
    if wait_us:
        return Suppression(WAIT, now_us + wait_us, True)
    return Suppression("", 0, True)


def suppressor_changed(
    before: Suppression, now_us: int, in_alarm: bool, extension_us: int
) -> Suppression:
    """After the suppressor went into ALARM, or left it.

    Parameters
    ----------
    before:
        What was.
    now_us:
        The instant.
    in_alarm:
        Whether the suppressor is in ALARM now.
    extension_us:
        The ExtensionPeriod.
    """
    if in_alarm:
        return Suppression(ALARM, 0, before.waits)
    if before.by != ALARM:
        return before
    if extension_us:
        return Suppression(EXTENSION, now_us + extension_us, before.waits)
    return Suppression("", 0, before.waits)


def expired(before: Suppression, now_us: int) -> Suppression:
    """After a period may have ended."""
    if before.by in (WAIT, EXTENSION) and before.until_us <= now_us:
        return Suppression("", 0, before.waits)
    return before


def replaced(before: Suppression, suppressor_in_alarm: bool) -> Suppression:
    """After the suppressor was replaced or taken away: a running period ends."""
    return Suppression(ALARM if suppressor_in_alarm else "", 0, before.waits)
