"""Check 1: the address, out of nginx's lines: another one each night, nobody on a quiet one."""

from __future__ import annotations

from labkit.course.bench import Bench
from labkit.course.burglary import ACCESS
from labkit.course.checks.c07_logs_insights.asking import Asked, Asks, address_in, picture
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.views.drawing import Drawing
from labkit.views.wording import count
from labkit.workloads.shop_site import BALANCER


class Who(Asks):
    """One address a night, and none on a quiet night."""

    title = "who it was: another address every night, and nobody on a quiet one"
    points = 4
    name = "who"
    group, source = ACCESS, "elasticbeanstalk"
    cell = "who"
    hints = (
        "What does an intruder do that a canary, a lost customer and a forgetful one do not do?",
        "Many refusals at one place, and then a success there: `parse` the line, `filter` on the "
        "path, `stats` by address with two counts, `sum(if(status = 401, 1, 0))` and its like, and "
        "a `filter` after the `stats`.",
        'parse @message \'* - - [*] "* * *" * * "*" "*" "*" *\' as node, t, verb, path, proto, '
        "status, size, referer, agent, ip, rest | filter path = '/admin/login' and verb = 'POST' | "
        "stats sum(if(status = 401, 1, 0)) as refused, sum(if(status = 200, 1, 0)) as accepted by "
        "ip | filter refused > ____ and accepted > 0",
    )
    alternatives = (
        "The most requests are our own canary's, the most 404 a customer's with an old bookmark: "
        "neither number says that somebody got in.",
        "The most refusals are those of somebody who never got in.",
        "An address in the query finds last Sunday's intruder, and nobody else, ever.",
    )

    def judged(self, bench: Bench, attempted: Attempted) -> Outcome:
        """The learner's night, an unseen one, and a quiet one."""
        asked = self.nights(bench, False, False, True)
        good = [_good(one) for one in asked]
        figure = picture(
            f"{sum(good)} of {len(asked)} nights answered rightly",
            [[one.night.name, address_in(one.first) or _rows(one), _truth(one, fine),
              "" if fine else "\u2717"]
             for one, fine in zip(asked, good, strict=True)],
        )  # fmt: skip
        if all(good):
            return self._passed(asked, figure)
        wrong = asked[good.index(False)]
        happened, question = _wrong(wrong, asked[0].night.intruder)
        return NotYet(
            f"{sum(good)} of {len(asked)} nights answered rightly.", wrong.text,
            f"{wrong.night.name}, eight hours of nginx's lines", happened, question, figure,
        )  # fmt: skip

    def _passed(self, asked: list[Asked], figure: Drawing) -> Passed:
        first = asked[0]
        remarks: tuple[str, ...] = ()
        if "limit 1" in first.text.lower():
            remarks = (
                "`limit 1` hides a second intruder of the same night; without it the answer is as "
                "short, as long as there is one.",
            )
        return Passed(
            f"{first.night.intruder} in your night, {asked[1].night.intruder} in another one, "
            "nobody in a quiet one.",
            why="Numbers alone name the busy; an intruder is who is refused again and again at one "
            "door and then let in there. The second `filter` works on the columns of `stats`.",
            built=first.text,
            cost=first.cost,
            alternative="a scheduled query with the same text each morning at six; or a metric "
            "filter on the refusals (chapter 08), which rings while it happens and cannot say "
            "whether they got in.",
            remarks=remarks,
            figure=figure,
        )


def _good(asked: Asked) -> bool:
    if not asked.night.intruder:
        return not asked.rows
    return address_in(asked.first) == asked.night.intruder


def _truth(asked: Asked, found: bool) -> str:
    """Who it was; of the learner's own night that is for the learner to find."""
    if not asked.night.intruder:
        return "quiet: nobody"
    return asked.night.intruder if found or not asked.own else "somebody else"


def _rows(asked: Asked) -> str:
    return count(len(asked.rows), "row") if asked.rows else "no row"


def _wrong(asked: Asked, own: str) -> tuple[str, str]:
    """What happened, and the question."""
    night, named = asked.night, address_in(asked.first)
    if not night.intruder:
        who = f"{named}, {night.who(named)}" if named else f"{_rows(asked)} without an address"
        return (
            f"Nobody came in that night, and your query names {who}.",
            "What has to be true of an address besides being at the top of the list?",
        )
    if not asked.rows:
        if own in asked.text and own != night.intruder:
            return (
                f"Your query found nobody. It looks for {own}, the intruder of another night.",
                "What did the intruder do, that the next one will do too?",
            )
        return (
            f"Your query found nobody. Somebody was refused at /admin/login, "
            f"{_tries(asked)} times, and then let in.",
            "Which of your conditions leaves them out?",
        )
    if not named:
        return (
            f"The first row has no address; its columns are {', '.join(asked.columns)}.",
            "Which part of nginx's line is the visitor's address?",
        )
    if named in BALANCER:
        return (
            f"Your query names {named}: {night.who(named)}.",
            "Which of the line's two addresses is the visitor's?",
        )
    place = next(
        (n for n, row in enumerate(asked.rows, 1) if address_in(row) == night.intruder), None
    )
    there = " The intruder is in your answer, further down." if place else ""
    return (
        f"Your query names {named}: {night.who(named)}.{there}",
        "What does an intruder do that this one did not do?",
    )


def _tries(asked: Asked) -> int:
    night = asked.night
    return sum(
        one.address == night.intruder and one.status == 401 and one.ask == "POST /admin/login"
        for one in night.tale.visits
    )
