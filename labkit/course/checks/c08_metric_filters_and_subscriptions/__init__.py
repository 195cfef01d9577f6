"""Exercise 08: from lines to a page, and from lines to Priya.

Metric filters and an alarm hear a day and a night of payments (:mod:`.paging`); a destination in
another account and two subscription filters bring each failure to Priya (:mod:`.copying`); a
function unpacks what arrives there (:mod:`.unpacking`). What is written is in :mod:`.lines`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from labkit.course.checks.c08_metric_filters_and_subscriptions import built
from labkit.course.checks.c08_metric_filters_and_subscriptions.copying import (
    SEARCH,
    SECURITY,
    STREAM,
    TRIAL,
    Copies,
)
from labkit.course.checks.c08_metric_filters_and_subscriptions.lines import (
    GROUPS,
    TEA,
    TILL,
    WEB,
    dozen,
    emit,
    sample,
)
from labkit.course.checks.c08_metric_filters_and_subscriptions.paging import Pages
from labkit.course.checks.c08_metric_filters_and_subscriptions.playing import WITHIN
from labkit.course.checks.c08_metric_filters_and_subscriptions.unpacking import Unpacks, records
from labkit.course.streaming import Stream, role
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views.drawing import Drawing

_SENDS = "search-sender"


class MetricFiltersAndSubscriptions(Task):
    """See the head of this file."""

    chapter = "08_metric_filters_and_subscriptions"
    title = "Fifty-one real ones, and a tea"
    minutes = 35
    checks = (Pages(), Copies(), Unpacks())
    needs_notebook = (
        "its third check judges your function `unpack`, and a function can't be handed over an "
        "endpoint; use labkit check exercises/08_metric_filters_and_subscriptions.ipynb"
    )

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Groups, the load test's names, the limit."""
        place = variant.pick("place", ("shop", "teapot", "prod"))
        return {
            "seed": variant.seed() % 1_000_000,
            WEB: f"/{place}/{variant.pick('web', ('web', 'checkout', 'front'))}",
            TILL: f"/{place}/{variant.pick('till', ('tills', 'counter', 'stores'))}",
            "limit": variant.pick("limit", (40, 45, 50, 55, 60)),
            "loadtest": variant.pick("loadtest", ("k6", "gatling", "locust", "artillery")),
            "testtill": f"till-{variant.number('testtill', 90, 99)}",
            "address": f"mara{variant.pick('mara', ('', '.k', '.oncall'))}@teapot.example",
            "minute": variant.number("minute", 3, 27),
            "task": f"{variant.number('task', 1 << 40, (1 << 44) - 1):x}",
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Two groups with an hour of lines, Mara's topic, Priya's stream, two old subscriptions."""
        logs, sns = lab.client("logs"), lab.client("sns")
        for where in GROUPS:
            logs.create_log_group(logGroupName=facts[where])
        topic = sns.create_topic(Name="on-call")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=facts["address"])
        lab.mailbox[-1].confirm()
        search, trial = Stream(lab, SEARCH), Stream(lab, TRIAL)
        sender = role(lab, _SENDS, "logs")
        for name, stream in (("to-search", search), ("trial", trial)):
            logs.put_subscription_filter(
                logGroupName=facts[WEB], filterName=name, filterPattern="",
                destinationArn=stream.arn, roleArn=sender,
            )  # fmt: skip
        hers = Stream(lab, STREAM, SECURITY)
        into = role(lab, "into-failures", "logs", SECURITY)
        emit(lab, facts, sample(facts, lab.start - timedelta(hours=1)))
        return {
            "topic": topic,
            "security": SECURITY,
            "stream": hers.arn,
            "role": into,
            "web": facts[WEB],
            "till": facts[TILL],
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Tomas and Priya want."""
        return Ticket(
            who="Tomas, developer, and Priya, security",
            text=f"(1) Tomas: page Mara ({facts['address']}) when more than {facts['limit']} "
            "payments fail for good within five minutes, web shop and tills counted together, and "
            f"not later than {WITHIN} minutes after the one that is too many. For good means "
            "final: a retry may still succeed. Not the load test's "
            f"(client `{facts['loadtest']}`, till `{facts['testtill']}`). Not the echo that my "
            "debug module writes in lower case after each failure. And not every *Failure*: we "
            f"sell *{TEA}*, a black tea. At night both may be silent for hours: that is no reason "
            "to wake her, a burst is.\n"
            f"(2) Priya: I want the same lines, all of them, in my stream in account {SECURITY} "
            "within a minute, and no others: they hold what people bought. Lena's search needs "
            "`to-search`; `trial` leads to a stream that nobody has read since October.\n"
            "(3) Priya: and somebody has to tell me what is in a record. It looks like noise.",
            deliver="metric filters and an alarm; a destination in her account and what leads "
            "there; and `unpack(data)` with `@ex.deliver` above it, which gets the `Data` of one "
            "record of her stream and returns the lines in it, a list of texts.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.web, ex.till": f"the two log groups, {facts[WEB]} and {facts[TILL]}; the last hour "
            "is in them",
            "ex.lines": 'twelve lines of each group to try patterns on: `ex.lines["web"]`, '
            '`ex.lines["till"]`',
            "ex.sandbox()": "these lines, and which of your filters pick them",
            "ex.topic": "ARN of a topic; Mara has confirmed",
            "ex.security": 'Priya\'s account; `ex.lab.client("logs", account_id=ex.security)`',
            "ex.stream, ex.role": "ARNs in her account: the stream `failures`, and a role that "
            "CloudWatch Logs may take on to put records into it",
            "ex.record": "the `Data` of one record of such a stream",
            "ex.lab": "the lab; it is Monday, 5 January 2026, 09:00 UTC",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.lines``, ``ex.sandbox()``, ``ex.record``."""
        facts, lab = exercise._facts, exercise.lab
        lines = {where: dozen(facts, where) for where in GROUPS}

        def sandbox() -> Drawing:
            """Which of your filters pick which of the twenty-four lines."""
            with lab.replay() as world:
                return built.sandbox(
                    built.metric_filters(world, facts), built.subscriptions(world, facts),
                    [*lines[WEB], *lines[TILL]],
                )  # fmt: skip

        return {
            "lines": {where: [one.text for one in some] for where, some in lines.items()},
            "sandbox": sandbox,
            "record": records(facts, 1_767_603_600_000_000, lab.account)[-1].data,
        }


TASK = MetricFiltersAndSubscriptions()
