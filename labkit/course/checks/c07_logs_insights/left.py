"""Check 3: which of our addresses sent the intruder how much, out of the flow log."""

from __future__ import annotations

from typing import Any

from labkit.course.bench import Bench
from labkit.course.burglary import FLOWS
from labkit.course.checks.c07_logs_insights.asking import Asked, Asks, address_in
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count


class Left(Asks):
    """Bytes by machine, the largest first."""

    title = "what left the house, by machine"
    points = 3
    name, takes = "left", "address"
    group, source = FLOWS, "vpc-flow-logs"
    cell = "left"
    hints = (
        "A flow log record has a direction. In which of its two address fields does the intruder "
        "stand when something goes to them?",
        "`filter dstAddr = ...` and `action`, `stats sum(bytes) as sent by srcAddr`, `sort`. The "
        "fields of flow logs are discovered.",
        "filter dstAddr = '{address}' and action = '____' | stats sum(bytes) as sent by ____ | "
        "sort sent desc",
    )
    alternatives = (
        "`srcAddr` is who sent: with the intruder there, the sum is what they sent to you.",
        "The access log counts the bodies that nginx served; what a machine sends by itself passes "
        "no nginx.",
        "Records with REJECT have bytes too. Those were tried and did not leave.",
    )

    def judged(self, bench: Bench, attempted: Attempted) -> Outcome:
        """The learner's night and an unseen one."""
        asked = self.nights(bench, False, False)
        for one in asked:
            found = _wrong(one)
            if found is not None:
                happened, question = found
                return NotYet(
                    "That is not what left.", one.text,
                    f"{one.night.name}, eight hours of the flow log, for {one.night.intruder}",
                    happened, question, picture(one),
                )  # fmt: skip
        first = asked[0]
        top = max(first.night.left, key=lambda name: first.night.left[name])
        total = sum(first.night.left.values())
        return Passed(
            f"{total:,} bytes left, most of them from {top}.",
            why="Only the network sees everything that leaves: what went through nginx is a small "
            "part of it, and the machine on top of your list is the next one to be looked at.",
            built=first.text,
            cost=first.cost,
            alternative="`stats sum(bytes) as sent by srcAddr` alone: a column less to read at six "
            "in the morning."
            if "dstport" in first.text.lower()
            else "by `srcAddr, dstPort` it says over which port, too: a column more to read at six "
            "in the morning.",
            figure=picture(first),
        )


def _number(cell: Any) -> int | None:
    try:
        return int(float(cell))
    except (TypeError, ValueError):
        return None


def _listed(asked: Asked) -> list[tuple[str, int | None]]:
    """(address, bytes) of each row: the first address; the right number, or else the last."""
    truth = asked.night.left
    told = []
    for row in asked.rows:
        address = address_in(row)
        numbers = [n for cell in row if (n := _number(cell)) is not None]
        exact = [n for n in numbers if n == truth.get(address)]
        told.append((address, next(iter([*exact, *numbers[::-1]]), None)))
    return told


def _wrong(asked: Asked) -> tuple[str, str] | None:
    """What happened and the question, None when the list is right."""
    night, listed = asked.night, _listed(asked)
    truth = night.left
    if not listed:
        return (
            "Your query found nothing.",
            "What are the two address fields of a flow log record called?",
        )
    names = [name for name, _ in listed]
    if not all(names) or any(size is None for _, size in listed):
        return (
            f"Priya asked for an address of ours and its bytes in each row; your columns are "
            f"{', '.join(asked.columns)}.",
            "By what do you group, and what do you add up?",
        )
    if night.intruder in names:
        return (
            f"{night.intruder} stands among the senders: what it sent came in.",
            "Which of the two address fields is the sender?",
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        return (
            f"{twice} has {count(names.count(twice), 'row')}, Priya asked for one row an address.",
            "By what do you group?",
        )
    strange = next(((name, size) for name, size in listed if name not in truth), None)
    if strange:
        return _strange(asked, *strange)
    return _figures(listed, truth)


def _figures(listed: list[tuple[str, int | None]], truth: dict[str, int]) -> tuple[str, str] | None:
    """The addresses are right: are the bytes, and is the order?"""
    for name, size in listed:
        if size != truth[name]:
            return (
                f"{name}: you list {size:,}, and what left is {_less(size, truth[name])}.",
                "Which records do you add up, and what of each of them?",
            )
    missing = [size for name, size in truth.items() if name not in dict(listed)]
    if missing:
        return (
            f"{count(len(missing), 'address')} that sent something is not in your list: "
            f"{sum(missing):,} bytes."
            if len(missing) == 1
            else f"{len(missing)} addresses that sent something are not in your list: together "
            f"{sum(missing):,} bytes.",
            "Which of your conditions leaves out what did not come by nginx?",
        )
    sizes = [size or 0 for _, size in listed]
    if sizes != sorted(sizes, reverse=True):
        return (
            f"The numbers come as {', '.join(f'{size:,}' for size in sizes)}.",
            "What should stand on top at six in the morning?",
        )
    return None


def _less(size: int | None, truth: int) -> str:
    return "less" if (size or 0) > truth else "more"


def _strange(asked: Asked, name: str, size: int | None) -> tuple[str, str]:
    """An address in the list that sent the intruder nothing."""
    intruder = asked.night.intruder
    flows = [one for one in asked.night.tale.flows if (one.source, one.to) == (name, intruder)]
    if flows:
        return (
            f"{name} tried to send {size:,} bytes to port {flows[0].port}, and every record of it "
            f"is {flows[0].action}: none of them left.",
            "Which field says what became of a flow?",
        )
    return (
        f"{name} stands in your list with {size:,} bytes, and sent {intruder} nothing.",
        "To whom went what you add up?",
    )


def picture(asked: Asked) -> Drawing:
    """The list as it was answered, and what is wrong with each row; what it should be stays out."""
    truth, listed = asked.night.left, _listed(asked)
    rows = [[name or "none", _told(size), *_verdict(truth, name, size)] for name, size in listed]
    good = sum(row[-1] == "" for row in rows[:12])
    missing = len(set(truth) - {name for name, _ in listed})
    title = f"{good} of {len(truth)} addresses right"
    if missing:
        title += f", {missing} missing"
    strange = len({name for name, _ in listed} - set(truth))
    if strange:
        title += f", {strange} too many"
    columns = ["address", "you list", "what left", ""]
    body = html.card(title, html.table(columns, rows[:12], right=(1,)), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows[:12])}", {"right": good}, body=body)


def _verdict(truth: dict[str, int], name: str, size: int | None) -> tuple[str, str]:
    if name not in truth:
        return "nothing", "\u2717"
    if size == truth[name]:
        return "the same", ""
    return _less(size, truth[name]), "\u2717"


def _told(size: int | None) -> str:
    return "" if size is None else f"{size:,}"
