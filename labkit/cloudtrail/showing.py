"""What a lab's CloudTrail shows of itself: one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.engine.lookup import everything, match
from labkit.cloudtrail.engine.record import error_code, event_name, user_name
from labkit.core.clock import DAY, MINUTE, SECOND, iso, to_us
from labkit.core.errors import LabError
from labkit.core.jsontext import loads
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.cloudtrail.digests import Digests
    from labkit.cloudtrail.engine.digest import Proof
    from labkit.cloudtrail.records import Event, Trail
    from labkit.cloudtrail.store import History
    from labkit.cloudtrail.trails import Trails
    from labkit.cloudtrail.views.acts import Act
    from labkit.core.verdict import Verdict
    from labkit.views.drawing import Drawing


class Showing:
    """The views of CloudTrail; account and Region are the lab's own when left out."""

    _world: World
    account: str
    region: str
    trails: Trails
    digests: Digests

    def store(self, account: str, region: str) -> History:
        """The event history of an account and Region."""
        raise NotImplementedError

    def events(
        self,
        store: History,
        attribute: tuple[str, str] | None = None,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int | None = None,
    ) -> Iterator[Event]:
        """Entries of a history."""
        raise NotImplementedError

    def record(self, event: Event) -> dict[str, Any]:
        """The record of an entry."""
        raise NotImplementedError

    # -- views
    def view_events(
        self,
        attribute: tuple[str, str] | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        region: str | None = None,
        account: str | None = None,
        limit: int = 60,
    ) -> Drawing:
        """Event history as a table, the newest ``limit`` events, oldest first.

        Parameters
        ----------
        attribute:
            Key and value as in LookupEvents (``("EventName", "DeleteSubnet")``).
        start, end:
            Aware datetimes, both included.
        region, account:
            Whose history.
        limit:
            How many events.
        """
        from labkit.views.events import events

        found: list[dict[str, Any]] = []
        for event in self._found(attribute, start, end, region, account):
            if len(found) >= limit:
                break
            found.append(self.record(event))
        return events(found[::-1])

    def view_who(
        self,
        attribute: tuple[str, str] | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        region: str | None = None,
        account: str | None = None,
    ) -> Drawing:
        """Who did what: a lane for each identity and address; the last 24 hours when left out.

        Parameters are those of :meth:`view_events`.
        """
        from labkit.cloudtrail.views.who import who_did_what

        end_us = self._world.clock.now_us + 1 if end is None else to_us(end)
        start_us = end_us - DAY if start is None else to_us(start)
        acts = self._acts(attribute, start_us, end_us, region, account)
        return who_did_what(acts, start_us, end_us)

    def view_activity(
        self,
        days: int = 7,
        *,
        event_name: str | None = None,
        end: datetime | None = None,
        region: str | None = None,
        account: str | None = None,
    ) -> Drawing:
        """Calls by hour and day, as a heat map.

        Parameters
        ----------
        days:
            How many whole days, today included.
        event_name:
            Only calls of this name.
        end:
            The last day shown, aware; today when left out.
        region, account:
            Whose history.
        """
        from labkit.cloudtrail.views.activity import activity

        end_us = self._world.clock.now_us + 1 if end is None else to_us(end)
        start_us = (end_us - 1) // DAY * DAY - (days - 1) * DAY
        attribute = ("EventName", event_name) if event_name else None
        store = self.store(account or self.account, region or self.region)
        matches = match(*attribute, store.account) if attribute else everything
        times = store.times(start_us, end_us, matches)
        what = f"{event_name} call" if event_name else "call"
        return activity(times, start_us, end_us, what)

    def view_digests(
        self, trail: str, *, region: str | None = None, start: datetime | None = None
    ) -> Drawing:
        """The chain of a trail's digests in a Region, validated; arguments as :meth:`validate`."""
        from labkit.cloudtrail.views.chain import chain

        return chain(self.validate(trail, region=region, start=start), self._trail(trail).name)

    def view_insight(
        self,
        start: Mapping[str, Any],
        end: Mapping[str, Any] | None = None,
        *,
        account: str | None = None,
    ) -> Drawing:
        """An insight with the calls around it: the spike, the baseline, the attributions.

        Parameters
        ----------
        start, end:
            Its Start record, and its End record where there is one, as CloudTrail delivers them.
        account:
            Whose history the calls are looked up in; the Region is the record's.
        """
        from labkit.cloudtrail.views.insight import AROUND, insight, span

        told = start["insightDetails"]
        store = self.store(account or self.account, start["awsRegion"])
        from_us, until_us = span(start, end)
        low_us, high_us = from_us - (AROUND + 1) * MINUTE, until_us + (AROUND + 1) * MINUTE
        attribute = ("EventName", told["eventName"])
        code = told.get("errorCode")
        if not code:
            times = store.times(low_us, high_us, match(*attribute, store.account))
        else:
            acts = self._acts(attribute, low_us, high_us, start["awsRegion"], account)
            times = [act.at_us for act in acts if act.error == code]
        return insight(start, times, end)

    def validate(
        self, trail: str, *, region: str | None = None, start: datetime | None = None
    ) -> Proof:
        """Validate a trail's files in a Region, as ``aws cloudtrail validate-logs`` does.

        Parameters
        ----------
        trail:
            Name or ARN.
        region:
            Of the files; the trail's home Region when left out.
        start:
            Aware; every digest when left out.

        Raises
        ------
        LabError
            When there is no such trail.
        """
        found = self._trail(trail)
        since = "" if start is None else iso(to_us(start))
        return self.digests.prove(found, region or found.home_region, start=since)

    def why(self, trail: str, event: str | Mapping[str, Any]) -> Verdict[bool]:
        """Whether a trail as it is now logs an event like this one, and which selector decides.

        Parameters
        ----------
        trail:
            Name or ARN.
        event:
            A record, an entry of LookupEvents, or an ``eventID`` of event history.

        Returns
        -------
        Verdict[bool]
            With the selector that wants it, or what each has against it; that the trail does not
            log at all, or not there, comes first.

        Raises
        ------
        LabError
            When there is no such trail or event.
        """
        from labkit.cloudtrail.engine import selecting, selectors
        from labkit.core.verdict import Reason, Verdict

        found = self._trail(trail)
        record = self._record(event, found.account)
        told = selecting.why(
            selecting.from_record(record), found.selectors or selectors.DEFAULT, found.advanced
        )
        region, owner = record.get("awsRegion", ""), record.get("recipientAccountId", "")
        against = []
        if not found.logging:
            against.append(Reason("logging", f"{found.name} is switched off: StartLogging."))
        if not found.multi_region and region != found.home_region:
            text = f"{found.name} logs {found.home_region} alone; this happened in {region}."
            against.append(Reason("Region", text))
        if owner and owner != found.account:
            text = f"{found.name} belongs to {found.account}, the event to {owner}."
            against.append(Reason("account", text))
        return Verdict(told.value and not against, (*against, *told.because))

    def _record(self, event: str | Mapping[str, Any], account: str) -> Mapping[str, Any]:
        if not isinstance(event, str):
            whole = event.get("CloudTrailEvent")
            record: Mapping[str, Any] = event if whole is None else loads(whole)
            return record
        for (owner, _), store in sorted(self._world.stores("cloudtrail").items()):
            if owner == account:
                for one in self.events(store, ("EventId", event)):
                    return self.record(one)
        raise LabError(f"event history of {account} has no event {event!r}")

    # -- what they read
    def _trail(self, name: str) -> Trail:
        for trail in self.trails:
            if name in (trail.name, trail.arn):
                return trail
        known = ", ".join(trail.name for trail in self.trails) or "none"
        raise LabError(f"there is no trail {name!r}; there are: {known}")

    def _found(
        self,
        attribute: tuple[str, str] | None,
        start: datetime | None,
        end: datetime | None,
        region: str | None,
        account: str | None,
    ) -> Iterator[Event]:
        return self.events(
            self.store(account or self.account, region or self.region),
            attribute,
            start_us=None if start is None else to_us(start),
            end_us=None if end is None else to_us(end),
        )

    def _acts(
        self,
        attribute: tuple[str, str] | None,
        start_us: int,
        end_us: int,
        region: str | None,
        account: str | None,
    ) -> list[Act]:
        from labkit.cloudtrail.views.acts import Act

        store = self.store(account or self.account, region or self.region)
        acts = []
        for event in self.events(store, attribute, start_us=start_us, end_us=end_us + SECOND):
            data = event.fact.data
            code = data["error_code"]
            error = error_code(data["service"], code) if code else data["error_message"]
            principal = data["principal"]
            who = user_name(principal) or principal["name"] or "a service"
            acts.append(
                Act(
                    event.fact.at_us, who, data["source_ip"],
                    event_name(data["service"], data["operation"]), data["read_only"], error,
                )
            )  # fmt: skip
        return acts
