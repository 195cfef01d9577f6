"""The check of exercise 03: ten of ten within seven minutes, and nobody woken for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from labkit.billing.prices import table as price_table
from labkit.cloudwatch import alarm_grid, views
from labkit.core.clock import MINUTE as MINUTE_US
from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c03_alarms import telling
from labkit.course.checks.c03_alarms.incidents import CATALOGUE, MINUTE, SERIES, Trouble
from labkit.course.checks.c03_alarms.playing import (
    MARA,
    WITHIN,
    Played,
    alarms_of,
    described,
    pages,
    play,
)
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text
from labkit.views.wording import count, joined

LONGEST_BAD_SPELL = (
    "What is the longest harmless bad spell in the sample week, and what is the shortest real one?"
)


class Awake(Check):
    """Ten incidents within seven minutes, ten quiet weeks without a page."""

    title = "awake for the right reason"
    points = 6
    hints = (
        "Look at the sample week minute by minute (`ex.diary`, `ex.look(...)`): how long is the "
        "longest harmless bad spell, and how long the shortest real one?",
        "`ExtendedStatistic` for the few who wait, `DatapointsToAlarm` smaller than "
        "`EvaluationPeriods` for what flaps, `TreatMissingData` for silence: what does it mean "
        "when *this* metric says nothing?",
        'cloudwatch.put_metric_alarm(..., ExtendedStatistic="p99", Period=60, '
        'EvaluationPeriods=____, DatapointsToAlarm=____, TreatMissingData="____"), and a topic '
        "with a *confirmed* subscription in `AlarmActions`.",
    )
    alternatives = (
        "`Average` never sees 3 in 100: 97 quick ones hide them. `Maximum` sees every straggler.",
        "1 of 1 pages for the restart, 2 of 3 for two slow minutes; 3 of 3 never sees three in a "
        "row when every third minute is good.",
        "`missing` and `notBreaching` sleep through a checkout that says nothing.",
        "A longer period waits longer: five-minute windows, three in a row, are eleven minutes.",
        "`EvaluateLowSampleCountPercentile=ignore` holds the state all night: thirty requests a "
        "minute are too few for it.",
    )
    cell = "alarm"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The alarms that there are."""
        found = alarms_of(bench.lab)
        return Attempted("; ".join(map(described, found[:3])) + ".") if found else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """No alarm."""
        return NotAttempted(
            "Nothing has been built yet: the account has no alarm.",
            start=f"a topic (`sns.create_topic`), {MARA} subscribed to it and confirmed, and "
            "`cloudwatch.put_metric_alarm` with the topic in `AlarmActions`.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play ten incidents and ten quiet weeks."""
        played = play(bench)
        built = attempted.built
        if not pages(played.stormy, played.begin) and not pages(played.quiet, played.begin):
            silent = telling.no_way(played)
            if silent is not None:
                happened, question = silent
                return NotYet(
                    f"0 of {len(CATALOGUE)} incidents heard: Mara's mailbox is empty.", built,
                    "ten incidents, one each on ten days, and ten quiet weeks.",
                    happened, question, self.grid(played),
                )  # fmt: skip
        late = [n for n, delay in enumerate(played.delays) if delay is not None and delay > WITHIN]
        unheard = [n for n, delay in enumerate(played.delays) if delay is None]
        if unheard:
            return self.not_heard(played, built, unheard, late)
        if late:
            return self.too_late(played, built, late)
        if played.false_pages:
            return self.woken(played, built)
        return self.passed_by(played, built)

    # -- not yet
    def not_heard(
        self, played: Played, built: str, unheard: Sequence[int], late: Sequence[int]
    ) -> NotYet:
        """An incident without a page: the first of them is told, minute by minute."""
        trouble = played.troubles[unheard[0]]
        happened, question = telling.why_not(played, trouble)
        others = [f"incident {n + 1} ({CATALOGUE[n][0]})" for n in unheard[1:4]]
        if len(unheard) > 4:
            others[2:] = [f"{len(unheard) - 3} more"]
        also = []
        if others:
            also.append(f"Unheard too: {joined(others)}.")
        if late:
            also.append(f"Too late: {joined([f'incident {n + 1}' for n in late])}.")
        if played.false_pages:
            also.append(f"And {count(len(played.false_pages), 'false page')} in ten quiet weeks.")
        return NotYet(
            self.finding(played), built, f"{self.named(trouble)}.", happened,
            question or LONGEST_BAD_SPELL, self.figure(played, trouble), " ".join(also),
        )  # fmt: skip

    def too_late(self, played: Played, built: str, late: Sequence[int]) -> NotYet:
        """All heard, some of them too late."""
        worst = max(late, key=lambda n: played.delays[n] or 0)
        trouble, delay = played.troubles[worst], played.delays[worst]
        rule = played.alarm.rule
        minutes = rule.period_us // MINUTE_US
        windows = (
            f"It looks at {count(rule.evaluation_periods, 'window')} of {minutes} minutes, one "
            "behind the other, and the oldest of those that it needs must be bad too."
            if minutes > 1
            else f"It waits for {rule.needed} bad minutes."
        )
        false = len(played.false_pages)
        return NotYet(
            f"Right, but {delay} minutes late at worst: {len(late)} of {len(CATALOGUE)} incidents "
            f"heard after more than {WITHIN}" + (f", {count(false, 'false page')}." if false
                                                 else ", no false page."),
            built, f"{self.named(trouble)}.",
            f"{clock_text(to_us(trouble.since))} customers begin to wait; the e-mail came "
            f"{delay} minutes later. {windows}",
            "How many minutes have to pass before your alarm can know?",
            self.figure(played, trouble),
        )  # fmt: skip

    def woken(self, played: Played, built: str) -> NotYet:
        """All heard, and pages for nothing."""
        at = played.false_pages[0]
        first, what = telling.why_woken(played, at)
        most = telling.commonest(played)
        return NotYet(
            f"{count(len(played.false_pages), 'false page')} in ten quiet weeks; all "
            f"{len(CATALOGUE)} incidents heard in time.",
            built, "ten quiet weeks, in which nothing happens that the ticket calls an incident.",
            f"The first, {first}, {what}. {most}",
            LONGEST_BAD_SPELL,
            self.figure(played, None, at),
        )  # fmt: skip

    def finding(self, played: Played) -> str:
        """``7 of 10 incidents heard in time, no false page.``"""
        false = count(len(played.false_pages), "false page")
        return f"{played.heard} of {len(CATALOGUE)} incidents heard in time, {false}."

    def named(self, trouble: Trouble) -> str:
        """``incident 3 of 10, *latency flaps ...*``."""
        return f"incident {trouble.number} of {len(CATALOGUE)}, *{trouble.name}*"

    # -- figures
    def grid(self, played: Played) -> Drawing:
        """The whole verdict."""
        names = [trouble.name for trouble in played.troubles]
        return alarm_grid.grid([played.row], incidents=names, within=WITHIN)

    def figure(
        self, played: Played, trouble: Trouble | None, woken: datetime | None = None
    ) -> Drawing:
        """The grid, and under it the counter-example minute by minute."""
        above = self.grid(played)
        if trouble is not None:
            world, first = played.stormy, trouble.begin - 10 * MINUTE
            last = min(trouble.end, trouble.begin + 60 * MINUTE) + 12 * MINUTE
        else:
            assert woken is not None
            world, first, last = played.quiet, woken - 14 * MINUTE, woken + 10 * MINUTE
        below = _minutes(played, world, first, last, trouble)
        return Drawing(
            above.title,
            f"{above.text}\n\n{below.text}",
            {"grid": above.data, "minutes": below.data},
            body=above.html + below.html,
        )

    # -- passed
    def passed_by(self, played: Played, built: str) -> Passed:
        """Ten of ten."""
        rule, alarm = played.alarm.rule, played.alarm
        often = f"{rule.needed} of {rule.evaluation_periods}"
        why = (
            f"{often} works because every real incident has {rule.needed} bad minutes in any "
            f"{rule.evaluation_periods}, and no harmless spell has."
        )
        by_silence = alarm.config.get("InsufficientDataActions")
        if rule.treat_missing_data == "breaching":
            why += " Silence counts as bad, and two quiet minutes do not fill the window."
            other = (
                f"{often} with an e-mail on INSUFFICIENT_DATA and `missing` (later by some "
                "minutes when checkout goes silent; the price is the same)."
            )
        else:
            why += " Silence has an e-mail of its own, once no minute is left to look at."
            other = (
                f"{often} with `breaching`: the same price, and silence is heard some minutes "
                "sooner."
            )
        remarks = []
        if by_silence and rule.treat_missing_data != "breaching":
            slowest = played.delays[4]
            remarks.append(
                f"When checkout went silent, the e-mail came after {slowest} minutes, of {WITHIN}: "
                "it says INSUFFICIENT_DATA, which a tired reader may take for no news."
            )
        limit = played.bench.facts["limit"]
        if not rule.expression and not 0.6 * limit <= rule.threshold <= 1.5 * limit:
            remarks.append(
                f"Your threshold is far from the {limit:,} ms of the ticket. It passes, and it is "
                "brittle."
            )
        price = float(price_table().row("cloudwatch.alarm").tiers[0].price)
        alarms = alarms_of(played.stormy)
        return Passed(
            f"{played.heard} of {len(CATALOGUE)} within {WITHIN} minutes, no false page in ten "
            "quiet weeks.",
            why=why, built=built,
            cost=f"${price * len(alarms):.2f} a month for {count(len(alarms), 'alarm')}.",
            alternative=other, remarks=tuple(remarks), figure=self.grid(played),
        )  # fmt: skip


def _minutes(
    played: Played, world: object, first: datetime, last: datetime, trouble: Trouble | None
) -> Drawing:
    """The alarm's statistic minute by minute, with its states and the e-mails."""
    lab = played.stormy if trouble is not None else played.quiet
    values = [(at, value) for at, value in played.minutes(lab, first, last) if value == value]
    rule, alarm = played.alarm.rule, played.alarm
    state, _ = played.state_at(lab, first)
    states = [(first, state), *played.changes(lab, first, last)]
    label = f"{rule.expression or rule.statistic} of {SERIES.name}"
    mails = [
        (to_us(at), mail.data["subject"])
        for mail, at in ((m, _at(m)) for m in pages(lab, first))
        if at < last
    ]
    return views.metric(
        {label: ([at for at, _ in values], [value for _, value in values])},
        threshold=None if rule.expression else rule.threshold,
        comparison=rule.comparison,
        states={alarm.name: states},
        mails=[at for at, _ in mails],
        incidents=None if trouble is None
        else [(trouble.since, min(trouble.end, last), f"incident {trouble.number}")],
        unit="Milliseconds", period=60, start=first, end=last,
    )  # fmt: skip


def _at(mail: object) -> datetime:
    from labkit.core.clock import to_datetime

    return to_datetime(mail.at_us)  # type: ignore[attr-defined]
