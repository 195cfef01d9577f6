"""Check 1: eight bursts wake Mara in time, six near misses do not."""

from __future__ import annotations

from datetime import datetime

from labkit.cloudwatch import views
from labkit.course.alarms_made import alarms_of, described
from labkit.course.bench import Bench
from labkit.course.checks.c08_metric_filters_and_subscriptions import built, playing
from labkit.course.checks.c08_metric_filters_and_subscriptions.lines import (
    ECHO,
    LOAD,
    MINUTE,
    NIGHT,
    OTHER,
    PAID,
    PRODUCT,
    REAL,
    RETRY,
    TEA,
)
from labkit.course.checks.c08_metric_filters_and_subscriptions.playing import Heard, Played
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count, number

#: What is asked of whoever counts a kind that does not count.
ASKS = {
    RETRY: "Which word of the line says whether anybody lost a payment?",
    LOAD: "Who is the customer of this line?",
    PRODUCT: "What on this line says that a payment failed, and what is the name of a tea?",
    ECHO: "How many payments failed, and how many lines say so?",
    PAID: "What of your pattern is left when you take this line at its word?",
    OTHER: "What of your pattern is left when you take this line at its word?",
    REAL: "What do the real ones have in common, in every form in which they come?",
}


class Pages(Check):
    """See the head of this file."""

    title = "eight bursts wake Mara, six near misses let her sleep"
    points = 4
    hints = (
        "`ex.lines` holds twelve lines of each group. Which of them count, and what sets those "
        "apart? `ex.sandbox()` shows what your filters make of them.",
        'Two metric filters may feed one metric. JSON: `{ $.a = "x" && $.b IS TRUE }`; columns: '
        '`[time, till, level, ...]` with conditions in the columns. The alarm: `Statistic="Sum"`, '
        "`Period=300`, and a treatment of missing data that takes silence for peace.",
        'For the tills: `[time, till != "____", level, event = PaymentFailed, kind = ____, ...]`, '
        'value 1; for the web shop `{ $.event = "PaymentFailed" && $.final IS ____ && $.client != '
        '"____" }` into the same metric; one alarm, GreaterThanThreshold.',
    )
    alternatives = (
        "`Average` of ones is 1, however many there are; `SampleCount` counts the zeros of a "
        "default value as well.",
        "`?PaymentFailed ?final` beside any other word means that word alone.",
        "A period of 60 seconds never sees what comes in two halves.",
    )
    cell = "page"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Filters and alarms, in one line."""
        filters = built.metric_filters(bench.copy, bench.facts)
        alarms = alarms_of(bench.copy)
        if not filters and not alarms:
            return None
        told = " and ".join(described(one) for one in alarms) or "no alarm"
        return Attempted(f"{built.told(filters)}; {told}")

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            "Nothing has been built yet: neither group has a metric filter, and there is no alarm.",
            start="`ex.lines`, twelve lines of each group; `ex.lab.logs.explain(pattern, *lines)` "
            "says which of them a pattern takes, and why.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play a day and a night."""
        played = playing.play(bench.replay(), bench.facts)
        if not played.wrong and not played.strays:
            return _passed(played, attempted)
        good = sum(one.good for one in played.heard)
        rings = sum(one.episode.rings for one in played.heard)
        caught = sum(one.good for one in played.heard if one.episode.rings)
        loose = sum(not one.good for one in played.heard if not one.episode.rings)
        loose += len(played.strays)
        false = "no false page" if not loose else count(loose, "false page")
        finding = f"{caught} of {rings} bursts heard in time, {false}."
        if not played.wrong:
            return _stray(played, finding, attempted)
        one = played.wrong[0]
        number_ = played.heard.index(one) + 1
        said = f"episode {number_} of {len(played.heard)}, {one.begin:%H:%M}: {one.episode.name}."
        happened, question, figure = _why(bench, played, one)
        others = [other.episode.name for other in played.wrong if other is not one]
        also = f"{good} of {len(played.heard)} went well, and not: {'; '.join(others)}."
        return NotYet(
            finding, attempted.built, said, happened, question, figure,
            also=also if others else "",
        )  # fmt: skip


def _why(bench: Bench, played: Played, one: Heard) -> tuple[str, str, Drawing]:
    """What happened, the question, the picture."""
    world, facts = played.world, bench.facts
    alarms = alarms_of(world)
    acting = [alarm for alarm in alarms if alarm.actions("ALARM") and alarm.actions_enabled]
    if not acting:
        told = "No alarm has an action" if alarms else "There is no alarm"
        return (
            f"{told}: {len([line for line in one.lines if line.real])} payments failed, and "
            "nobody was told.",
            "Between a number and a mailbox, what is missing?",
            _list(played),
        )
    filters = built.metric_filters(world, facts)
    series = {(a.series.namespace, a.series.name) for a in acting if a.series is not None}
    fed = [f for f in filters if f.to in series] if series else filters
    rows = built.by_kind(fed, one.lines)
    wrong = built.first_wrong(rows)
    if not fed:
        watched = ", ".join(" ".join(name) for name in sorted(series))
        return (
            f"Your alarm watches {watched}, and no filter of the two groups feeds that metric.",
            "Under which name does a filter publish, and under which does the alarm read?",
            _list(played),
        )
    if wrong is not None and (wrong.kind == REAL) == one.episode.rings:
        figure = built.table(rows, f"{one.episode.name}: what your filters counted", "counted")
        return *_miscounted(fed, wrong, one), figure
    alarm = acting[0]
    seen = playing.readings(world, alarm, one.begin, one.end + 20 * MINUTE)
    figure = _curve(played, one, alarm, seen, facts["limit"])
    return *_misread(world, alarm, one, seen, facts["limit"]), figure


def _miscounted(fed: list[built.Picked], wrong: built.Kindly, one: Heard) -> tuple[str, str]:
    where = built.named(wrong.where)
    if wrong.kind == REAL:
        mine = [f for f in fed if f.where == wrong.where]
        if not mine:
            return (
                f"{wrong.written} payments failed for good in the {where}, and no filter of yours "
                "looks at that group.",
                "How many groups write of payments?",
            )
        if wrong.missed is None:
            return (
                f"{wrong.written} payments failed for good in the {where}; your filters count them "
                f"{wrong.picked} times.",
                "Which of your filters see the same line?",
            )
        reason = mine[0].parsed.match(wrong.missed.text).reason
        return (
            f"{wrong.written} payments failed for good in the {where}, your filters counted "
            f"{wrong.picked}. Not counted: `{wrong.missed.text}` ({reason})."
            f"{built.ignored(mine)}",
            ASKS[REAL],
        )
    line = wrong.caught.text if wrong.caught else ""
    by = next(f for f in fed if wrong.caught is not None and f.matches(wrong.caught))
    what = "teas sold" if wrong.kind == PRODUCT else f"lines of kind *{wrong.kind}*"
    pages = f" and {count(len(one.pages), 'page')}" if one.pages else ""
    return (
        f"{wrong.written} {what} in the {where}{pages}. Your filter `{by.name}` counted "
        f"{wrong.picked} of them, such as `{line}`: {by.parsed.match(line).reason}.",
        ASKS[wrong.kind],
    )


def _misread(
    world: playing.Lab, alarm: playing.Alarm, one: Heard, seen: list[tuple[datetime, float]],
    limit: int,
) -> tuple[str, str]:  # fmt: skip
    """The right lines were counted; what the alarm made of them."""
    rule = alarm.rule
    values = [value for _, value in seen if value == value]
    most = number(max(values)) if values else "nothing"
    real = sum(line.real for line in one.lines)
    seconds = rule.period_us // 1_000_000
    reads = f"{rule.statistic} over {seconds} s"
    if not one.episode.rings:
        silent = _silent(one, seen)
        if silent is not None:
            return (
                f"{real} failures, which is not too many; the page came at {silent:%H:%M}, when "
                "your alarm had nothing to read. It treats missing data as "
                f"`{rule.treat_missing_data}`.",
                "What does silence mean for a count of failures?",
            )
        if alarm.series is None:
            return (f"{real} failures, and your expression took that for too many.",
                    f"Is {real} more than {limit} within five minutes?")  # fmt: skip
        more = ""
        if rule.statistic == "SampleCount":
            more = " A zero that fills a minute is a sample as well."
        return (
            f"{real} failures in {count(len(one.episode.minutes), 'minute')}, never more than "
            f"{limit} within five. Your alarm read {most} ({reads}) and rang.{more}",
            f"What does it take to be more than {limit}, and within which time?",
        )
    state, since = playing.state_at(world, alarm, one.begin)
    if state == "ALARM" and since is not None:
        return (
            f"{real} failures, and the state was ALARM already, since {since:%H:%M}, when the "
            "burst before it had long been over. An action runs when a state changes.",
            "What does silence mean for a count of failures?",
        )
    if one.pages:
        return (
            f"The limit was passed at {one.over:%H:%M}, the page came at {one.pages[0]:%H:%M}.",
            "How much of the bad time must have passed until your alarm may decide?",
        )
    if rule.statistic in ("Average", "Minimum", "Maximum") or rule.statistic[:1] == "p":
        return (
            f"{real} failures, and the {rule.statistic} of many ones is one, or less with zeros "
            f"among them: your alarm read {most} at most and never moved.",
            "What is the average of fifty ones?",
        )
    if not values:
        return (
            "Your alarm's metric has no points at all.",
            "Does the alarm name the metric with its dimensions, as it is published?",
        )
    return (
        f"{real} failures within five minutes; your alarm ({reads}, {rule.needed} of "
        f"{rule.evaluation_periods}) read {most} at most and did not ring.",
        "How long is the time that the ticket speaks of, and how long is yours?",
    )


def _silent(one: Heard, seen: list[tuple[datetime, float]]) -> datetime | None:
    """When the page came, if the alarm read nothing then; None when it read something."""
    at = one.pages[0]
    value = dict(seen).get(at.replace(second=0, microsecond=0), 0.0)
    return at if value != value else None


def _curve(
    played: Played, one: Heard, alarm: playing.Alarm, seen: list[tuple[datetime, float]], limit: int
) -> Drawing:
    """Real failures of the last five minutes, and what the alarm read, above each other."""
    begin, end = one.begin - 5 * MINUTE, one.end + 20 * MINUTE
    times = [playing.to_datetime(line.at_us) for line in one.lines if line.real]
    ends = [begin + n * MINUTE for n in range((end - begin) // MINUTE)]
    truth = [float(sum(at - 5 * MINUTE <= time < at for time in times)) for at in ends]
    read = [(at, value) for at, value in seen if value == value]
    series = {"failures in the last five minutes": (ends, truth)}
    if read:
        seconds = alarm.rule.period_us // 1_000_000
        label = f"what your alarm read: {alarm.rule.statistic}, {seconds} s"
        series[label] = ([at for at, _ in read], [value for _, value in read])
    top = number(max((value for _, value in read), default=0.0))
    title = f"{one.episode.name}: {len(times)} failures, your alarm read {top}"
    return views.metric(
        series, title=title, threshold=alarm.rule.threshold,
        comparison=alarm.rule.comparison, period=60, unit="Count", rows=True,
        states=playing.changes(played.world, alarm), start=begin, end=end,
        mails=[at for at in one.pages],
    )  # fmt: skip


def _stray(played: Played, finding: str, attempted: Attempted) -> NotYet:
    at = played.strays[0]
    before = [one for one in played.heard if one.end <= at]
    return NotYet(
        finding,
        attempted.built,
        f"the quiet between the episodes; the last one had ended at {before[-1].end:%H:%M}."
        if before
        else "the quiet before the first episode.",
        f"A page at {at:%H:%M}, when nothing was written in either group.",
        "What does silence mean for a count of failures?",
        _list(played),
    )


def _list(played: Played, title: str = "") -> Drawing:
    """The episodes as a table."""
    good = sum(one.good for one in played.heard)
    title = title or f"{good} of {len(played.heard)} episodes as wanted"
    columns = ["when", "what happened", "failed for good", "wanted", "came", ""]
    rows = [
        [f"{one.begin:%H:%M}", one.episode.name, str(sum(line.real for line in one.lines)),
         "page" if one.episode.rings else "sleep", one.words, "\u2713" if one.good else "\u2717"]
        for one in played.heard
    ]  # fmt: skip
    body = html.card(title, html.table(columns, rows, right=(2,)), alt=title)
    data = {"good": good, "delays": [one.delay for one in played.heard]}
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", data, body=body)


def _passed(played: Played, attempted: Attempted) -> Passed:
    delays = [one.delay or 0 for one in played.heard if one.episode.rings]
    remarks = []
    day = [one for one in played.heard if len(one.pages) > 1 and one.episode.after < NIGHT]
    if day:
        remarks.append(
            f"{day[0].episode.name}: {len(day[0].pages)} pages for one burst. After it come "
            "minutes without a point, and an alarm that finds none looks at older ones, which are "
            "bad. A default value of 0 closes the gap as long as lines come in; at night, when "
            "none come, `FILL(failures, 0)` in a metric math alarm would."
        )
    alarms = alarms_of(played.world)
    if any(one.rule.treat_missing_data == "missing" for one in alarms):
        remarks.append(
            "after the last failure the alarm turns to INSUFFICIENT_DATA, not to OK: it still "
            "rings, and its colour says less. A failure counter's silence is good news: "
            "notBreaching."
        )
    return Passed(
        f"Every burst heard within {count(max(*delays, 1), 'minute')}, and nobody woken for {TEA}.",
        why="Each line that counts is worth 1, whatever its form, and the alarm adds them up over "
        "the five minutes that the ticket names. Retries, the load test and an echo differ in one "
        "word of the line, and the pattern names that word.",
        built=attempted.built,
        cost="one metric $0.30 and one alarm $0.10 a month; metric filters are free.",
        alternative="a metric for each group and an alarm on their sum (metric math): one metric "
        "more and one alarm metric more, $0.40, and one sees at once which of the two it is.",
        remarks=tuple(remarks),
        figure=_list(played, f"{len(played.heard)} episodes, {len(delays)} pages"),
    )
