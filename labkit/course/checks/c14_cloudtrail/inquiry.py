"""Check 2: who was it on Friday night."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c14_cloudtrail.night import night, sessions, wrong
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views import html, text
from labkit.views.drawing import Drawing

_NAME = "friday"
_KEYS = ("person", "address", "touched", "failed")


class Inquiry(Check):
    """The person behind the role, from where, what was touched, what failed."""

    title = "Friday night: who, from where, what, and what failed"
    points = 3
    hints = (
        "Who wears a role stands in the record of the call that hands the role out.",
        "`LookupEvents` by EventName `DeleteSubnet`: look at errorCode and at "
        "`userIdentity.arn`. Then EventName `AssumeRole`, `requestParameters.roleSessionName`; "
        "then everything of that session's AccessKeyId.",
        "calls = lookup(AccessKeyId=record['userIdentity']['____']); "
        "failed = sum('errorCode' in one for one in calls)",
    )
    alternatives = (
        "`Username` of a role's event is the name of the session: whoever takes the role on "
        "chooses it.",
        "A list of the calls that went well shows what was changed, not how long somebody tried.",
    )
    cell = "friday"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        return Attempted(f"`{_NAME}()`") if _function(bench) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            "No answer has been handed in yet.",
            start="`lookup_events` with EventName DeleteSubnet in us-east-1; the day is "
            "`ex.friday`.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask the function, in a world like the learner's."""
        world = bench.replay()
        found = night(bench.lab.start, bench.facts)
        function = _function(bench)
        with bench.calling(world, function):
            said = function()
        played = f"the calls of Friday, {found.at:%d %B}, up to midnight (UTC)"
        if not isinstance(said, Mapping) or set(_KEYS) - set(said):
            have = ", ".join(map(str, said)) if isinstance(said, Mapping) else type(said).__name__
            return NotYet(
                "The answer has not the four keys.", attempted.built, played,
                f"`{_NAME}` returned {have or 'nothing'}.",
                f"Which of {', '.join(_KEYS)} are missing?",
            )  # fmt: skip
        problem = wrong(found, said)
        if problem is not None:
            return NotYet(
                "That is not what event history says.", attempted.built, played, *problem,
                _picture(found, shown=False),
            )  # fmt: skip
        return Passed(
            f"{found.person}, as `{found.session}`, from {found.address}: "
            f"{len(found.touched)} things changed, {found.failed} calls refused.",
            why="A role has no face. The record of AssumeRole has one, and the access key that it "
            "hands out is on every call that follows.",
            built=attempted.built,
            cost="LookupEvents costs nothing; two questions a second, one attribute each.",
            alternative="a query over the trail's files joins the two records at once, also after "
            "90 days (chapter 16).",
            figure=_picture(found, shown=True),
        )


def _picture(found: Any, *, shown: bool) -> Drawing:
    """Who wore the role that night; the answer only once it was found."""
    title = "Four sessions of one role on Friday night"
    columns = ["session", "worn by", ""]
    rows = [
        [
            name,
            user if shown else "?",
            "deleted the subnet" if shown and name == found.session else "",
        ]
        for name, user in sessions(found)
    ]
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)


def _function(bench: Bench) -> Any:
    return bench.delivered.get(_NAME) or next(reversed(list(bench.delivered.values())), None)
