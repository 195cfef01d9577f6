"""Check 2: two bad quarters of an hour, since when, and whom they hit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c13_xray_service_graph.cases import EARLY, Case, Hit, cases, hit, play
from labkit.course.delivering import Delivers
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: How far `since` may lie behind the first that was hit.
_LATE = timedelta(seconds=60)


class Customers(Delivers):
    """Since when, and who."""

    title = "since when, and which customers, in two cases that you have not seen"
    points = 4
    name, takes = "customers", "service, start, end"
    tryout = "`ex.night` has the night to try it on."
    cell = "customers"
    hints = (
        "Who answered the customer, and who failed behind that answer?",
        '`service("x") { fault }` asks a service, `fault` the root alone. What always fails a '
        "little says the same thing in the quiet minutes and in the bad ones: the exceptions "
        "stand in FaultRootCauses.",
        "hit = those whose deepest exception's ____ is the most common one; since = the smallest "
        '____ of them; users = {user["UserName"] for one in hit for user in one["____"]}',
    )
    alternatives = (
        "`fault` asks the root, and the front answers kindly: it finds a few of them.",
        "The first fault of the period is noise: a little fails always.",
        "All users of the bad minutes: most of them were served well.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask about both."""
        function = bench.delivered[self.name]
        lab = Lab(bench.lab.seed + 132, bench.lab.start, active=False)
        try:
            told = cases(lab, *unseen(bench.facts))
            play(lab, told)
            said, truth = [], []
            for case in told:
                with bench.calling(lab, function):
                    said.append(function(case.target, case.quiet, case.end))
                truth.append(hit(lab, case))
        finally:
            lab.close()
        wrong = [_wrong(*one) for one in zip(told, said, truth, strict=True)]
        good = sum(one is None for one in wrong)
        figure = picture(told, said, truth, wrong)
        finding = f"{good} of {len(told)} cases: since when and who."
        for case, problem in zip(told, wrong, strict=True):
            if problem is not None:
                played = f"{case.quiet:%H:%M} to {case.end:%H:%M} UTC, service {case.target}"
                return NotYet(finding, attempted.built, played, *problem, figure)
        most = max(truth, key=lambda one: len(one.needed))
        return Passed(
            finding,
            why=f"The front answered kindly: of {count(len(most.needed), 'customer')} that were "
            f"hit, {len(most.root)} had a fault at the root. What fails always says something "
            "else than what fails since tonight.",
            built=attempted.built,
            cost="traces that a query looks through cost $0.50 a million, after the first million "
            "of a month.",
            alternative="an annotation that only the new release sets, and a filter on it: "
            "shorter, for releases alone.",
            remarks=(
                "Only sampled requests have a trace: Lena's list is a part of those who were hit. "
                "The shop's own log has all of them.",
            ),
            figure=figure,
        )


def unseen(facts: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """A release for some, a table for many."""
    found = [("bad_release", "catalogue", 90.0), ("throttled_table", "catalogue", 30.0)]
    return found if int(facts["seed"]) % 2 else found[::-1]


def _wrong(case: Case, answer: Any, truth: Hit) -> tuple[str, str] | None:
    """What happened and the question; None when the answer is right."""
    if not isinstance(answer, Mapping) or not {"since", "users"} <= set(answer):
        return (
            f"`customers` returned {type(answer).__name__}, without `since` or `users`.",
            "Which two things does Lena ask for?",
        )
    names = set(map(str, answer["users"] or ()))
    missing = truth.needed - names
    if missing:
        seen = len(truth.root)
        return (
            f"Your users: {len(names)}. {len(truth.needed)} were hit, {len(missing)} of them are "
            f"not in your list. For {seen} of those who were hit the front failed too; to the "
            "others it answered 200, try again.",
            "Whose fault do you ask for: the root's, or the service's?",
        )
    if names >= truth.everybody:
        return (
            f"You list {len(names)}, everybody who came; {len(truth.everybody - truth.allowed)} of "
            f"them were never failed by {case.target} in the bad minutes.",
            "Which requests went wrong?",
        )
    strange = sorted(names - truth.allowed)
    if strange:
        why = "failed before it began" if strange[0] in truth.before else "served well"
        return (
            f"{count(len(strange), 'user')} in your list had nothing of it, such as {strange[0]}: "
            f"{why}.",
            "What fails always, also in a quiet time?",
        )
    return _wrong_since(case, instant(answer["since"]), truth)


def _wrong_since(case: Case, since: datetime | None, truth: Hit) -> tuple[str, str] | None:
    if since is None:
        return ("`since` is no instant.", "Since when?")
    if since < case.start - EARLY:
        noise = " A request failed then, as one does now and then." if truth.early else ""
        return (
            f"You say since {since:%H:%M:%S}; it began at {case.start:%H:%M:%S}.{noise}",
            "What fails always, also in a quiet time?",
        )
    if since > truth.first + _LATE:
        return (
            f"You say since {since:%H:%M:%S}; the first was hit at {truth.first:%H:%M:%S}.",
            "Which of those who were hit was the first?",
        )
    return None


def instant(value: Any) -> datetime | None:
    """An instant or an ISO text; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def picture(told: list[Case], said: list[Any], truth: list[Hit], wrong: list[Any]) -> Drawing:
    """The cases, and what was said of each."""
    title = f"{sum(one is None for one in wrong)} of {len(told)} cases: since when and who"
    columns = ["case (UTC)", "you say since", "you list", "were hit", "of all", ""]
    rows = []
    for case, answer, real, problem in zip(told, said, truth, wrong, strict=True):
        fields = answer if isinstance(answer, Mapping) else {}
        since = instant(fields.get("since"))
        rows.append([
            f"{case.quiet:%H:%M} to {case.end:%H:%M}", f"{since:%H:%M:%S}" if since else "nothing",
            str(len(set(map(str, fields.get("users") or ())))), str(len(real.needed)),
            str(len(real.everybody)), "\u2713" if problem is None else "\u2717",
        ])  # fmt: skip
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
