"""Memory: who in an account still knows a call after so many days, for lessons 14 and 16.

How long each remembers is CloudTrail's and EventBridge's documented behaviour; the lessons work
each of them by hand before they move these pictures.
"""

from __future__ import annotations

from labkit.views import html, text
from labkit.views.drawing import Drawing

#: Days that event history keeps.
HISTORY_DAYS = 90
_COLUMNS = ["who", "remembers", "knows it?", "what it takes"]

#: What is asked, and whether it is asked of a data event.
QUESTIONS = {
    "who deleted the subnet": False,
    "who signed in to the console": False,
    "who read the object": True,
}
#: What a trail logged on that day, from nothing to everything.
LOGGED = ("nothing", "management events", "management and data events")


def who_knows(days: int, trail: bool = True) -> Drawing:
    """Whom to ask for a management event of ``days`` days ago.

    Parameters
    ----------
    days:
        How long ago the call was.
    trail:
        Whether a trail logged on that day.
    """
    history = days <= HISTORY_DAYS
    rows = [
        ["a rule of EventBridge", "the moment", "yes" if days == 0 and trail else "no",
         "a trail that logs, and the rule before the call"],
        ["event history", f"{HISTORY_DAYS} days", "yes" if history else "no",
         "nothing; one attribute a question"],
        ["Athena over the trail's bucket", "as long as the files stay", "yes" if trail else "no",
         "a trail that logged on that day; $5 a TB read"],
    ]  # fmt: skip
    knows = [row[0] for row in rows if row[2] == "yes"]
    told = " and ".join(knows) if len(knows) < 3 else "all three"
    verb = "knows" if len(knows) == 1 else "know"
    title = f"Day {days}: {told} {verb}" if knows else f"Day {days}: nobody knows any more"
    return Drawing(
        title, f"{title}\n{text.table(_COLUMNS, rows)}", {"days": days, "knows": knows},
        body=html.card(title, html.table(_COLUMNS, rows), alt=title),
    )  # fmt: skip


def where_to_ask(days: int, question: str, logged: str) -> Drawing:
    """Where a question about a call of ``days`` days ago can be answered.

    Parameters
    ----------
    days:
        How long ago the call was.
    question:
        One of :data:`QUESTIONS`.
    logged:
        What a trail logged on that day, one of :data:`LOGGED`.
    """
    data, level = QUESTIONS[question], LOGGED.index(logged)
    rows = [
        ["event history", f"management events of {HISTORY_DAYS} days",
         "no" if data or days > HISTORY_DAYS else "yes"],
        ["the trail's files", "what the trail logged, as long as the bucket keeps it",
         "yes" if level > data else "no"],
    ]  # fmt: skip
    knows = [row[0] for row in rows if row[2] == "yes"]
    told = " and ".join(knows) if knows else "nowhere"
    title = f"Day {days}, {question}: {told}"
    columns = ["where", "has", "answers?"]
    return Drawing(
        title, f"{title}\n{text.table(columns, rows)}", {"days": days, "knows": knows},
        body=html.card(title, html.table(columns, rows), alt=title),
    )  # fmt: skip
