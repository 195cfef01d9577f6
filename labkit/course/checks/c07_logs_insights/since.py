"""Check 2: since when it was in, and with whose account, out of the tasks' JSON lines."""

from __future__ import annotations

from labkit.core.clock import SECOND, to_datetime
from labkit.course.bench import Bench
from labkit.course.burglary import APP
from labkit.course.checks.c07_logs_insights.asking import Asked, Asks, moment_in, picture
from labkit.course.checks.c07_logs_insights.nights import ACCOUNTS, LOGIN
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed


class Since(Asks):
    """The first sign-in that was accepted."""

    title = "since when it was in, and with whose account"
    points = 3
    name, takes = "since", "address"
    group, source = APP, "ecs"
    cell = "since"
    hints = (
        "Look at all lines of that address in their order: which of them is the first that only "
        "somebody with a password gets?",
        "Fields of JSON need no `parse`. Without a `sort` the newest line comes first: `sort "
        "@timestamp asc`, then `limit 1`.",
        "filter clientIp = '{address}' and path = '/admin/login' and method = '____' and status = "
        "200 | sort @timestamp ____ | limit 1 | display @timestamp, user",
    )
    alternatives = (
        "The first line with status 200 is the form itself, and that is shown to everybody.",
        "Without `sort` the newest line is the first: a later visit, when it was in already.",
    )

    def judged(self, bench: Bench, attempted: Attempted) -> Outcome:
        """The learner's night and an unseen one."""
        asked = self.nights(bench, False, False)
        good = [_wrong(one) is None for one in asked]
        figure = picture(
            f"{sum(good)} of {len(asked)} nights answered rightly",
            [[one.night.name, _answered(one),
              _truth(one) if fine or not one.own else "something else", "" if fine else "\u2717"]
             for one, fine in zip(asked, good, strict=True)],
        )  # fmt: skip
        for one in asked:
            found = _wrong(one)
            if found is not None:
                happened, question = found
                return NotYet(
                    "The first row is not the moment at which the door opened.", one.text,
                    f"{one.night.name}, eight hours of the tasks' lines, for "
                    f"{one.night.intruder}",
                    happened, question, figure,
                )  # fmt: skip
        first = asked[0]
        return Passed(
            f"In since {_truth(first)}; in another night since {_truth(asked[1])}.",
            why="The status alone does not say it: the form is answered with 200 too. The first of "
            "the accepted sign-ins is the moment from which on nothing that account did is its "
            "owner's.",
            built=first.text,
            cost=first.cost,
            alternative="`stats min(@timestamp) as since, earliest(user) as account` over the "
            "accepted sign-ins: one row without `sort` and `limit`.",
            figure=figure,
        )


def _truth(asked: Asked) -> str:
    night = asked.night
    return f"{to_datetime(night.since_us):%H:%M:%S} as {night.account}"


def _account(asked: Asked) -> str:
    return next((str(cell) for cell in asked.first if str(cell) in ACCOUNTS), "")


def _answered(asked: Asked) -> str:
    if not asked.rows:
        return "no row"
    at_us, account = moment_in(asked.first), _account(asked)
    when = f"{to_datetime(at_us):%H:%M:%S}" if at_us is not None else "no time"
    return f"{when} as {account}" if account else f"{when}, no account"


def _wrong(asked: Asked) -> tuple[str, str] | None:
    """What happened and the question, None when the first row is right."""
    night = asked.night
    if not asked.rows:
        return (
            "Your query found no line of that address.",
            "What is the field called that holds the visitor's address in these lines?",
        )
    at_us = moment_in(asked.first)
    if at_us is None:
        return (
            f"The first row has no time; its columns are {', '.join(asked.columns)}.",
            "Which field says when?",
        )
    if abs(at_us - night.since_us) > SECOND:
        return _at_another_time(asked, at_us)
    if _account(asked) != night.account:
        return (
            f"{_answered(asked)}: the time is right; the row does not say whose account it was.",
            "Which field of the line names it?",
        )
    return None


def _at_another_time(asked: Asked, at_us: int) -> tuple[str, str]:
    visit, when = asked.night.at(at_us), f"{to_datetime(at_us):%H:%M:%S}"
    if visit is None:
        return (
            f"Your first row says {when}: at that moment the address did nothing.",
            "Which time of the line do you show?",
        )
    did = f"At {when} it sent `{visit.ask}`, answered with {visit.status}."
    if visit.status == 401:
        return f"{did} It was refused.", "Which answer says that it was let in?"
    if at_us > asked.night.since_us:
        return (
            f"{did} By then it had been in for a while.",
            "Which row comes first when a query does not say how to sort?",
        )
    if visit.ask != LOGIN:
        return (
            f"{did} The form is shown to everybody who asks for it.",
            "Which request can only be answered with 200 when the password was right?",
        )
    return did, "Is that the first time?"
