"""CloudTrail Insights at work: counts by minute of what happens, and a record when it is unusual.

Nothing runs by the minute. Where a trail with insight selectors logs, each recorded call is counted
into its series (:mod:`labkit.cloudtrail.engine.insights`); the call that exceeds the limit plans
one entry in the clock, the end of its minute, at which the start is told, and that one plans the
next look for the end. The counts of the weeks before are read from event history when the first
call comes, as columns, so a trail has its baseline whenever Insights are switched on.

AWS needs up to 36 hours after switching on before it tells a first insight; here it is exactly
that (``Insights.warm_up_us``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.cloudtrail.delivery import Delivery
from labkit.cloudtrail.engine.categories import MANAGEMENT, service_of
from labkit.cloudtrail.engine.insights import USUAL, Insight, Settings, Watch
from labkit.cloudtrail.engine.record import error_code, event_name
from labkit.cloudtrail.records import Trail
from labkit.cloudtrail.store import RETENTION_US
from labkit.cloudtrail.trails import Trails
from labkit.core.clock import HOUR, MINUTE, Phase, iso
from labkit.core.facts import Fact
from labkit.core.ids import shape_uuid
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.cloudtrail.store import History

CALL_RATE, ERROR_RATE = "ApiCallRateInsight", "ApiErrorRateInsight"
FOLDER = "CloudTrail-Insight"
#: Values of an attribution at most.
MOST_VALUES = 5


class Series(NamedTuple):
    """What is counted together.

    Parameters
    ----------
    type:
        ``ApiCallRateInsight`` or ``ApiErrorRateInsight``.
    source, name:
        ``eventSource`` and ``eventName``.
    error:
        ``errorCode``; empty for call rates.
    """

    type: str
    source: str
    name: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An insight event as it was told: the start or the end of an insight.

    Parameters
    ----------
    at_us:
        Its ``eventTime``.
    told_us:
        When it was there to be read.
    record:
        The record.
    """

    at_us: int
    told_us: int
    record: Mapping[str, Any]


@dataclass
class _Place:
    """What is watched in one account and Region."""

    watches: dict[Series, Watch] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


class Insights:
    """Watches the rates of calls wherever a trail asks for it.

    Parameters
    ----------
    world:
        Clock, facts, ids; the handler ``cloudtrail.insight`` is registered here.
    trails, delivery:
        Who asks, and how a record gets into a trail's bucket.
    history:
        The event history of an account and Region.
    settings:
        How unusual is decided.
    """

    def __init__(
        self,
        world: World,
        trails: Trails,
        delivery: Delivery,
        history: Callable[[str, str], History],
        settings: Settings = USUAL,
    ) -> None:
        self._world = world
        self._trails = trails
        self._delivery = delivery
        self._history = history
        self.settings = settings
        #: How long after switching on the first insight may be told. AWS: up to 36 hours.
        self.warm_up_us = 36 * HOUR
        self._places: dict[tuple[str, str], _Place] = {}
        world.clock.register("cloudtrail.insight", self._due)

    # -- who asks
    def asking(self, account: str, region: str) -> list[Trail]:
        """Trails that want insights of a Region."""
        return [one for one in self._trails.logging(account, region) if one.insight_selectors]

    def changed(self, account: str) -> None:
        """A trail's selectors, or the past of an account, are others: look at it all anew.

        What was told stays; what is being watched begins again from event history.
        """
        for (owner, _), place in self._places.items():
            if owner == account:
                place.watches.clear()

    def backdate(self, trail: Trail, since_us: int) -> None:
        """Let a trail have had its insight selectors since a time in the past, for a prepared past.

        Insights of the imported calls are found and are in event history, as if they had been told
        at their time.
        """
        trail.insights_since_us = since_us
        regions = [trail.home_region]
        if trail.multi_region:
            stores = self._world.stores("cloudtrail")
            regions = sorted(region for owner, region in stores if owner == trail.account)
        for region in regions:
            self._places.pop((trail.account, region), None)
            place = self._place(trail.account, region)
            found = [(series, one) for series, w in place.watches.items() for one in w.insights]
            for series, insight in sorted(found, key=lambda pair: (pair[1].told, pair[0])):
                self._tell(trail.account, region, series, insight, "Start", past=True)
                if insight.ended is not None:
                    self._tell(trail.account, region, series, insight, "End", past=True)

    # -- what happens
    def note(self, fact: Fact, region: str) -> None:
        """Count a call that was recorded in ``region``."""
        asking = self.asking(fact.account, region)
        if not asking:
            return
        data = fact.data
        if data["category"] != MANAGEMENT and not any(
            "Data" in one.get("EventCategories", ())
            for trail in asking
            for one in trail.insight_selectors
        ):
            return
        place = self._places.get((fact.account, region))
        if place is None or not place.watches:
            # The history that is read has this call in it already; data events are never there.
            place = self._place(fact.account, region, before_us=fact.at_us)
        for series in series_of(data):
            if not any(_wants(trail, series.type, data["category"]) for trail in asking):
                continue
            watch = place.watches.get(series)
            if watch is None:
                watch = place.watches[series] = self._watch(fact.account, region)
            begun = watch.add(fact.at_us // MINUTE)
            if begun is not None:
                self._plan(fact.account, region, series, begun.told, "Start")

    def _watch(self, account: str, region: str) -> Watch:
        since_us = min((t.insights_since_us for t in self.asking(account, region)), default=0)
        clock_us = self._world.clock.now_us
        oldest_us = self._history(account, region).oldest_us or clock_us
        judged_us = since_us + self.warm_up_us
        return Watch(self.settings, min(oldest_us, since_us) // MINUTE, judged_us // MINUTE)

    def _place(self, account: str, region: str, before_us: int | None = None) -> _Place:
        """Watches of a place, with the counts of its history."""
        place = self._places.setdefault((account, region), _Place())
        now_us = self._world.clock.now_us if before_us is None else before_us
        found = self._history(account, region).rates(series_of, now_us)
        for series in sorted(found):
            minutes, counts = found[series]
            watch = place.watches[series] = self._watch(account, region)
            watch.extend(minutes, counts)
            watch.advance(now_us // MINUTE)
        return place

    # -- what is told
    def _plan(self, account: str, region: str, series: Series, minute: int, what: str) -> None:
        payload = {"account": account, "region": region, "series": list(series), "what": what}
        due_us = max(minute * MINUTE, self._world.clock.now_us)
        self._world.clock.at(due_us, Phase.DELIVERIES, "cloudtrail.insight", payload, cause=())

    def _due(self, payload: Mapping[str, Any]) -> None:
        account, region = payload["account"], payload["region"]
        series = Series(*payload["series"])
        place = self._places.get((account, region))
        if place is not None and not place.watches and self.asking(account, region):
            # The past became another while this waited: an insight that was begun still ends.
            place = self._place(account, region)
        watch = place.watches.get(series) if place is not None else None
        if watch is None or not watch.insights:
            return
        insight = watch.insights[-1]
        over = insight.over + 1 + self.settings.quiet
        if payload["what"] == "Start":
            self._tell(account, region, series, insight, "Start")
            self._plan(account, region, series, over, "End")
            return
        watch.advance(self._world.clock.now_us // MINUTE)
        if insight.ended is None:
            self._plan(account, region, series, over, "End")
        else:
            self._tell(account, region, series, insight, "End")

    def _tell(
        self, account: str, region: str, series: Series, insight: Insight, state: str,
        *, past: bool = False,
    ) -> None:  # fmt: skip
        at_start = state == "Start"
        told = insight.told if at_start else (insight.ended or insight.told)
        last = insight.told - 1 if at_start else insight.last
        at_us = (insight.start if at_start else insight.last + 1) * MINUTE
        record = {
            "eventVersion": "1.08",
            "eventTime": iso(at_us),
            "awsRegion": region,
            "eventID": self._id(state, account, region, series, insight),
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": account,
            "sharedEventID": self._id("shared", account, region, series, insight),
            "insightDetails": {
                "state": state,
                "eventSource": series.source,
                "eventName": series.name,
                "insightType": series.type,
                **({"errorCode": series.error} if series.error else {}),
                "insightContext": {
                    "statistics": {
                        "baseline": {"average": _shown(insight.limit.average)},
                        "insight": {"average": _shown(insight.average(at_start=at_start))},
                        "insightDuration": last - insight.start + 1,
                        "baselineDuration": insight.limit.minutes,
                    },
                    "attributions": self._attributions(account, region, series, insight, last),
                },
            },
            "eventCategory": "Insight",
        }
        self._places[account, region].told.append(Told(at_us, told * MINUTE, record))
        if past:
            return
        for trail in self.asking(account, region):
            if _wants(trail, series.type, None):
                self._delivery.put(trail, region, self._world.clock.now_us, record, FOLDER)
        self._world.facts.publish(
            "event.emitted",
            account,
            region,
            {
                "source": "aws.cloudtrail",
                "detail_type": "AWS Insight via CloudTrail",
                "resources": [],
                "detail": record,
            },
        )

    def _id(self, *what: object) -> str:
        *names, insight = what
        assert isinstance(insight, Insight)
        return shape_uuid(self._world.ids.digest("insight", *names, insight.start).hex())

    def _attributions(
        self, account: str, region: str, series: Series, insight: Insight, last: int
    ) -> list[dict[str, Any]]:
        """Who called, with what, and how it ended: in the insight, and in the baseline."""
        history = self._history(account, region)
        begin = insight.start - insight.limit.minutes
        tallies = [
            _tally(history.calls_of(series, series_of, low * MINUTE, high * MINUTE))
            for low, high in ((insight.start, last + 1), (begin, insight.start))
        ]
        lengths = (last + 1 - insight.start, insight.limit.minutes)
        return [
            {
                "attribute": attribute,
                **{
                    name: [
                        {"value": value or None, "average": _shown(count / minutes)}
                        for value, count in _most(tally[attribute])
                    ]
                    for name, tally, minutes in zip(
                        ("insight", "baseline"), tallies, lengths, strict=True
                    )
                },
            }
            for attribute in ("userIdentityArn", "userAgent", "errorCode")
        ]

    # -- reading
    def told(self, account: str, region: str) -> list[Told]:
        """Insight events of a place that can be read now, of the last 90 days, the newest first."""
        place = self._places.get((account, region))
        now_us = self._world.clock.now_us
        oldest_us = now_us - RETENTION_US
        found = [one for one in (place.told if place else ()) if oldest_us <= one.told_us <= now_us]
        return sorted(found, key=lambda one: one.told_us, reverse=True)

    def state(self) -> list[Any]:
        """What was told, as plain values, for the digest of a world."""
        return [
            [account, region, [[one.at_us, one.told_us, dict(one.record)] for one in place.told]]
            for (account, region), place in sorted(self._places.items())
            if place.told
        ]


def series_of(data: Mapping[str, Any]) -> tuple[Series, ...]:
    """The series that a call counts in: its rate when it writes, its error when it failed."""
    service, operation = data["service"], data["operation"]
    source, name = service_of(service).source, event_name(service, operation)
    found = []
    # Of data events reads count too.
    if not data["read_only"] or data.get("category", MANAGEMENT) != MANAGEMENT:
        found.append(Series(CALL_RATE, source, name))
    code = data["error_code"]
    if code:
        found.append(Series(ERROR_RATE, source, name, error_code(service, code)))
    return tuple(found)


def _wants(trail: Trail, kind: str, category: str | None) -> bool:
    return any(
        one["InsightType"] == kind
        and (category in (None, MANAGEMENT) or "Data" in one.get("EventCategories", ()))
        for one in trail.insight_selectors
    )


def _tally(facts: Iterable[Fact]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {
        name: Counter() for name in ("userIdentityArn", "userAgent", "errorCode")
    }
    for fact in facts:
        data = fact.data
        found["userIdentityArn"][data["principal"]["arn"]] += 1
        found["userAgent"][data["user_agent"]] += 1
        code = data["error_code"]
        found["errorCode"][error_code(data["service"], code) if code else ""] += 1
    return found


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_VALUES]


def _shown(average: float) -> float:
    """Ten significant digits, as AWS's records have them."""
    return float(f"{average:.10g}")
