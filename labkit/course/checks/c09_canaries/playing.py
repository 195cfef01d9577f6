"""What befalls the shop, and which runs of the learner's canaries saw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labkit.core.clock import to_datetime
from labkit.lab import Lab
from labkit.synthetics.records import Canary, Run
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing

#: Dollars a month for runs, and what one run costs.
BUDGET, RUN_PRICE = 12, 0.0012
MINUTE = timedelta(minutes=1)
_HOURS_A_MONTH = 24 * 30


@dataclass
class Episode:
    """Something that befalls the shop.

    Parameters
    ----------
    name:
        In the customers' words.
    faults:
        (kind, page, size).
    minutes:
        How long.
    bad:
        Whether a customer minds.
    question:
        What is asked of whoever got it wrong.
    begin, end:
        When it was played.
    runs:
        Runs that began meanwhile.
    """

    name: str
    faults: tuple[tuple[str, str, float], ...]
    minutes: int
    bad: bool
    question: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    runs: list[tuple[Canary, Run]] = field(default_factory=list)

    @property
    def red(self) -> list[tuple[Canary, Run]]:
        """The runs that failed."""
        return [(canary, run) for canary, run in self.runs if run.state == "FAILED"]

    @property
    def good(self) -> bool:
        """Whether the canaries said what a customer would say."""
        return bool(self.runs) and bool(self.red) == self.bad


def canaries_of(world: Lab) -> list[Canary]:
    """The canaries of a lab's own account and Region."""
    store = world.world.stores("synthetics").get((world.account, world.region))
    return [] if store is None else sorted(store.canaries.values(), key=lambda one: one.created_us)


def described(canaries: Sequence[Canary]) -> str:
    """The canaries in a few words."""
    return "; ".join(f"`{one.name}`, {one.expression}, {one.state}" for one in canaries)


def play(world: Lab, episodes: Sequence[Episode]) -> None:
    """Let the episodes happen one after the other; the world is a replay."""
    for one in episodes:
        one.begin = world.now
        for kind, page, size in one.faults:
            world.shop.incident(kind, page, size, minutes=one.minutes)
        world.advance(minutes=one.minutes)
        one.end = world.now
        world.advance(minutes=10)
    for one in episodes:
        assert one.begin is not None and one.end is not None
        one.runs = list(runs(world, one.begin, one.end))


def runs(world: Lab, begin: datetime, end: datetime) -> Iterator[tuple[Canary, Run]]:
    """The finished runs that began within a time."""
    for canary in canaries_of(world):
        for run in canary.runs:
            if run.completed_us is not None and begin <= to_datetime(run.started_us) < end:
                yield canary, run


def a_month(world: Lab, begin: datetime, end: datetime) -> float:
    """Dollars a month for runs, by how many there were within a time."""
    many = sum(1 for _ in runs(world, begin, end))
    return many / ((end - begin) / (60 * MINUTE)) * _HOURS_A_MONTH * RUN_PRICE


def table(title: str, rows: Sequence[tuple[str, str, str, bool]]) -> Drawing:
    """Episodes as a table: what, when, what came of it, and whether that was right."""
    columns = ["what befell", "when", "what came of it", ""]
    plain = [[a, b, c, "\u2713" if good else "\u2717"] for a, b, c, good in rows]
    fancy = []
    for a, b, c, sign in plain:
        face = theme.OK if sign == "\u2713" else theme.ALARM
        style = f"padding:0 5px;border-radius:3px;background:{face.fill};color:{face.ink}"
        fancy.append([a, html.whole(b), c, html.element("span", sign, style)])
    return Drawing(
        title, f"{title}\n{text.table(columns, plain)}",
        {"good": sum(row[3] for row in rows), "of": len(rows)},
        body=html.card(title, html.table(columns, fancy), alt=title),
    )  # fmt: skip
