"""CPU credits of burstable machines (t2, t3, t3a, t4g): earned by the hour, spent by the minute.

One credit is one vCPU at 100 % for one minute. Sums are kept in millionths of a credit, as whole
numbers, so that a balance does not depend on how a stretch of time was cut.

The default credit option of a family is assumed: ``unlimited`` for t3, t3a and t4g, ``standard``
for t2. An unlimited machine without credits spends surplus credits, up to a day's earnings, and
what it earns next pays them back before its balance grows. **Simplified:** a standard machine
without credits is *not* throttled to its baseline here; its load stays what the lesson set, and its
balance stays at zero.

Source: EC2 user guide, "Key concepts for burstable performance instances" (credit table, accrual
limit, life span) and "Standard mode concepts" (launch credits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.core.clock import DAY

MILLIONTHS = 1_000_000

#: Size -> (credits earned per hour, vCPUs).
_T2 = {
    "nano": (3.0, 1), "micro": (6.0, 1), "small": (12.0, 1), "medium": (24.0, 2),
    "large": (36.0, 2), "xlarge": (54.0, 4), "2xlarge": (81.6, 8),
}  # fmt: skip
_T3 = {
    "nano": (6.0, 2), "micro": (12.0, 2), "small": (24.0, 2), "medium": (24.0, 2),
    "large": (36.0, 2), "xlarge": (96.0, 4), "2xlarge": (192.0, 8),
}  # fmt: skip

#: Launch credits of a t2 per vCPU, spent first and no part of the limit.
_LAUNCH = 30


@dataclass(frozen=True, slots=True)
class Burstable:
    """What a burstable instance type may earn and keep, in millionths of a credit.

    Parameters
    ----------
    vcpus:
        How many vCPUs spend credits.
    earned:
        Credits of each minute in which it runs.
    limit:
        How many earned credits it can keep: those of a day.
    floor:
        How deep surplus credits may take it, zero or less.
    launch:
        Credits that each start brings.
    kept_us:
        How long a stopped machine keeps its balance, microseconds.
    """

    vcpus: int
    earned: int
    limit: int
    floor: int
    launch: int
    kept_us: int


def _burstable(per_hour: float, vcpus: int, *, standard: bool) -> Burstable:
    limit = round(per_hour * 24 * MILLIONTHS)
    return Burstable(
        vcpus=vcpus,
        earned=round(per_hour * MILLIONTHS / 60),
        limit=limit,
        floor=0 if standard else -limit,
        launch=_LAUNCH * vcpus * MILLIONTHS if standard else 0,
        kept_us=0 if standard else 7 * DAY,
    )


#: Instance type -> what it may earn and keep. Other types have no credit metrics.
BURSTABLE: dict[str, Burstable] = {
    **{f"t2.{size}": _burstable(*row, standard=True) for size, row in _T2.items()},
    **{
        f"{family}.{size}": _burstable(*row, standard=False)
        for family in ("t3", "t3a", "t4g")
        for size, row in _T3.items()
    },
}


@dataclass(frozen=True, slots=True)
class Purse:
    """Credits at one instant, millionths: launch credits, and earned ones (below zero: surplus)."""

    launch: int = 0
    earned: int = 0

    @property
    def balance(self) -> int:
        """What CPUCreditBalance shows."""
        return self.launch + max(self.earned, 0)


def at_start(kind: Burstable, before: Purse, stopped_us: int | None) -> Purse:
    """The purse of a machine that starts.

    Parameters
    ----------
    kind:
        What it is now.
    before:
        The purse when it last stopped.
    stopped_us:
        For how long it was stopped; None at its launch.
    """
    if stopped_us is None or stopped_us > kind.kept_us:
        return Purse(kind.launch, 0)
    return Purse(0, min(max(before.earned, 0), kind.limit))  # a surplus is billed at the stop


def spend(
    kind: Burstable, purse: Purse, minutes: Sequence[int], used: Sequence[int]
) -> tuple[Purse, list[int]]:
    """Let five minutes after five minutes pass.

    Parameters
    ----------
    kind:
        What the machine is.
    purse:
        Its credits before.
    minutes, used:
        For each five minutes: how many of them it ran, and the millionths it used.

    Returns
    -------
    tuple[Purse, list[int]]
        The credits after, and the balance at the end of each five minutes.
    """
    launch, earned = purse.launch, purse.earned
    rate, limit, floor = kind.earned, kind.limit, kind.floor
    balances = []
    for ran, use in zip(minutes, used, strict=True):
        first = use if use < launch else launch
        launch -= first
        earned += ran * rate - use + first
        if earned > limit:
            earned = limit
        elif earned < floor:
            earned = floor
        balances.append(launch + earned if earned > 0 else launch)
    return Purse(launch, earned), balances
