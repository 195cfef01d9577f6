"""CloudTrail as the lab assembles it: it hears every recorded call and answers who did what.

Every account has its event history without doing anything for it: 90 days of management events, a
history for each Region. Trails, which keep more and for longer, come with their own part.

What is recorded where:

- management events in the Region of the call; those of IAM, Route 53 and CloudFront in us-east-1,
  wherever the client was (``region`` in categories.toml);
- failed calls too. An operation that labkit itself does not have (501) leaves no record: AWS would
  have carried it out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from labkit.cloudtrail.delivery import Delivery
from labkit.cloudtrail.digests import Digests
from labkit.cloudtrail.engine import lookup, record, service_events, sign_in
from labkit.cloudtrail.engine.categories import MANAGEMENT, service_of
from labkit.cloudtrail.insights import Insights
from labkit.cloudtrail.lake import Lake
from labkit.cloudtrail.past import Past
from labkit.cloudtrail.records import Event
from labkit.cloudtrail.showing import Showing
from labkit.cloudtrail.store import RETENTION_US, History
from labkit.cloudtrail.trails import Trails
from labkit.core.clock import SECOND, to_datetime
from labkit.core.errors import LabError
from labkit.core.facts import Fact
from labkit.core.ids import shape_uuid
from labkit.core.jsontext import dumps, loads
from labkit.core.past_calls import PastCalls
from labkit.core.world import World

#: How long after a call its event shows. AWS: about five minutes on average, not guaranteed
#: (CloudTrail user guide, cloudtrail-tutorial). Here at once, so that a look-up on the next line
#: finds what the line before did; ``lab.cloudtrail.delivery_delay_us = 300 * SECOND`` shows the
#: delay.
DELIVERY_DELAY_US = 0


class CloudTrail(Showing):
    """Event histories of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts and stores of the lab.
    account, region:
        Whose events views show when nobody says otherwise.
    """

    def __init__(
        self, world: World, account: str = "123456789012", region: str = "us-east-1"
    ) -> None:
        self.account, self.region = account, region
        self._world = world
        self.delivery_delay_us = DELIVERY_DELAY_US
        #: Whether more than two look-ups a second are refused, as AWS does.
        self.throttled = False
        self._looked_up: dict[tuple[str, str], list[int]] = {}
        self._appends: dict[tuple[str, str, str], Callable[[Fact], None]] = {}
        #: Access key of a role's session -> when the session was first heard of.
        #: Access key -> when sessions with it began, in order.
        self._sessions: dict[str, list[int]] = {}
        #: The trails of the lab, what they deliver, and what proves it.
        self.trails = Trails(world)
        self.delivery = Delivery(world, self.trails, self.record_of)
        self.digests = Digests(world, self.trails.find, self._regions)
        self.insights = Insights(world, self.trails, self.delivery, self.store)
        #: Event data stores and their queries.
        self.lake = Lake(world, self.record_of)
        world.remember("cloudtrail", lambda account, region: History(account, region, self))

    def store(self, account: str, region: str) -> History:
        """The event history of an account and Region."""
        store: History = self._world.store("cloudtrail", account, region)
        return store

    # -- recording
    def on_call_finished(self, fact: Fact) -> None:
        """Write a finished call into the history of its account and Region."""
        data = fact.data
        if data["error_code"] == "NotImplemented":
            return
        service = data["service"]
        home = service_of(service).region or fact.region
        self.delivery.note(fact, home)
        self.lake.note(fact, home)
        if data["category"] != MANAGEMENT:
            self.insights.note(fact, home)
            return
        key = (fact.account, fact.region, service)
        append = self._appends.get(key)
        if append is None:
            region = service_of(service).region or fact.region
            append = self._appends[key] = self.store(fact.account, region).append
        append(fact)
        self.insights.note(fact, home)
        principal = data["principal"]
        if principal["kind"] == "AssumedRole":
            self._sessions.setdefault(principal["access_key_id"], [fact.at_us])
        if service == "sts" and data["response"] != "null":
            self._note_session(fact, [fact.at_us])

    def on_sign_in(self, fact: Fact) -> None:
        """Write a sign-in to the console into the history; the root user's in us-east-1."""
        for entry in self._sign_in(fact):
            self.store(fact.account, entry.region).append(entry)
            self.delivery.note(entry, entry.region)
            self.lake.note(entry, entry.region)

    def on_service_event(self, fact: Fact) -> None:
        """Write what a service did by itself into the history of the account."""
        entry = self._service_event(fact)
        self.store(fact.account, fact.region).append(entry)
        self.delivery.note(entry, fact.region)
        self.lake.note(entry, fact.region)

    def _service_event(self, fact: Fact) -> Fact:
        """A service event as history keeps it, with the fields of a finished call."""
        data = fact.data
        told = ("service event", data["name"], data["resource"], fact.account, fact.at_us)
        number = shape_uuid(self._world.ids.digest(*told).hex())
        call = service_events.call(data, fact.account, number)
        return Fact("call.finished", fact.at_us, fact.account, fact.region, fact.cause, call)

    def _sign_in(self, fact: Fact) -> list[Fact]:
        """A sign-in as history keeps it, with the fields of finished calls; ConsoleLogin last."""
        region = fact.region if fact.data["user"] else sign_in.ROOT_REGION
        digest = self._world.ids.digest
        ids = [
            shape_uuid(digest("sign_in", what, fact.account, fact.at_us, fact.data["user"]).hex())
            for what in ("ConsoleLogin", "CheckMfa")
        ]
        return [
            Fact("call.finished", fact.at_us, fact.account, region, fact.cause, data)
            for data in sign_in.calls(fact.data, fact.account, (ids[0], ids[1]))
        ]

    def import_calls(self, account: str, region: str, calls: PastCalls) -> None:
        """Write calls of a past into the history of an account and Region.

        Parameters
        ----------
        account, region:
            Where the calls were made. Records of a global service go to the history of its own
            Region.
        calls:
            In order of time. What is older than 90 days is left out.
        """
        import numpy as np

        past = Past(calls, account, region)
        homes = [service_of(deed.service).region or region for deed in calls.deeds]
        at_us = np.asarray(calls.at_us, np.int64)
        young = at_us >= self._world.clock.now_us - RETENTION_US
        for home in dict.fromkeys(homes):
            here = np.array([one == home for one in homes], bool)[past.deed]
            self.store(account, home).extend(past, np.flatnonzero(here & young))
        self.insights.changed(account)
        for number, deed in enumerate(calls.deeds):
            if deed.service != "sts":
                continue
            # All rows of a deed have one answer, and so one key; each of them began a session.
            rows = np.flatnonzero((past.deed == number) & young)
            if rows.size:
                self._note_session(past.fact(int(rows[0])), at_us[rows].tolist())

    def _regions(self, account: str) -> list[str]:
        """Regions of an account whose event history has something."""
        stores = self._world.stores("cloudtrail").items()
        return sorted(region for (owner, region), store in stores if owner == account and store)

    def trail_logs(self, fact: Fact) -> str:
        """In which Region a trail logs a call or sign-in, '' when none (port ``trail_logs``)."""
        if fact.kind == "sign_in":
            region = fact.region if fact.data["user"] else sign_in.ROOT_REGION
            if not self.trails.logging(fact.account, region):
                return ""
            fact = self._sign_in(fact)[-1]
        elif fact.kind == "service.event":
            region, fact = fact.region, self._service_event(fact)
        elif fact.data["error_code"] == "NotImplemented":
            return ""
        else:
            region = service_of(fact.data["service"]).region or fact.region
        return region if self.delivery.logged_by(fact, region) else ""

    def logs_data(self, account: str, region: str) -> bool:
        """Whether a trail there asks for data events: only then are such calls told."""
        return self.trails.logs_data(account, region)

    def _note_session(self, fact: Fact, at_us: Sequence[int]) -> None:
        answer = loads(fact.data["response"])
        credentials = answer.get("Credentials") if isinstance(answer, dict) else None
        if isinstance(credentials, dict) and "AccessKeyId" in credentials:
            begun = self._sessions.setdefault(credentials["AccessKeyId"], [])
            begun[:] = sorted({*begun, *at_us})

    def _session_since(self, fact: Fact) -> int | None:
        """When the caller's session began: the last beginning up to the call, if it is known."""
        begun = self._sessions.get(fact.data["principal"]["access_key_id"], [])
        place = bisect_right(begun, fact.at_us)
        return begun[place - 1] if place else None

    # -- reading
    def may_look_up(self, account: str, region: str, per_second: int) -> bool:
        """Whether a look-up is within the rate, which counts those that were; always unless
        :attr:`throttled`."""
        if not self.throttled:
            return True
        now_us = self._world.clock.now_us
        recent = [at for at in self._looked_up.get((account, region), ()) if at > now_us - SECOND]
        free = len(recent) < per_second
        self._looked_up[account, region] = [*recent, now_us] if free else recent
        return free

    def events(
        self,
        store: History,
        attribute: tuple[str, str] | None = None,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int | None = None,
    ) -> Iterator[Event]:
        """Entries that AWS would show at this instant, the newest first.

        Parameters
        ----------
        store:
            The history of an account and Region.
        attribute:
            Key and value of a look-up attribute (``("EventName", "StopInstances")``).
        start_us, end_us:
            Both included, to the second: event times are whole seconds.
        before:
            Only entries with a smaller number.
        """
        now_us = self._world.clock.now_us
        low = now_us - RETENTION_US
        high = now_us - self.delivery_delay_us + 1
        if start_us is not None:
            low = max(low, start_us - start_us % SECOND)
        if end_us is not None:
            high = min(high, end_us - end_us % SECOND + SECOND)
        if attribute is None:
            return store.newest_first(low, high, before=before)
        matches = lookup.match(*attribute, store.account)
        found = store.newest_first(low, high, matches, before=before)
        # There is one event of an id: no need to look on.
        return islice(found, 1) if attribute[0] == "EventId" else found

    def record(self, event: Event) -> dict[str, Any]:
        """The record of an entry, made anew at each reading."""
        fact = event.fact
        return record.build(
            fact.at_us,
            fact.account,
            fact.region,
            fact.data,
            session_since_us=self._session_since(fact),
        )

    def record_of(self, fact: Fact) -> dict[str, Any]:
        """The record of a call, a sign-in or a service event (port ``call_record``)."""
        if fact.kind == "service.event":
            fact = self._service_event(fact)
        if fact.kind == "sign_in":
            fact = self._sign_in(fact)[-1]
        return self.record(Event(0, fact))

    def found(self, event: Event) -> dict[str, Any]:
        """An entry as LookupEvents answers it; ``ReadOnly`` is text, as in AWS's model."""
        made = self.record(event)
        principal = event.fact.data["principal"]
        shown: dict[str, Any] = {
            "EventId": made["eventID"],
            "EventName": made["eventName"],
            "ReadOnly": "true" if made["readOnly"] else "false",
            "AccessKeyId": principal["access_key_id"],
            "EventTime": to_datetime(event.fact.at_us - event.fact.at_us % SECOND),
            "EventSource": made["eventSource"],
            "Username": record.user_name(principal),
            "Resources": lookup.resources_of(event.fact.data),
            "CloudTrailEvent": dumps(made),
        }
        # Calls of AWS services have neither a key nor a user.
        return {name: value for name, value in shown.items() if value != ""}

    def history(
        self,
        account: str,
        region: str,
        *,
        attribute: tuple[str, str] | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Records of an account and Region, the newest first, for views.

        Parameters
        ----------
        account, region:
            Whose history.
        attribute:
            Key and value as in LookupEvents; everything when left out.
        start_us, end_us:
            Both included, to the second.
        limit:
            At most so many.

        Raises
        ------
        LabError
            When there is no look-up attribute of that name.
        """
        if attribute is not None and attribute[0] not in lookup.KEYS:
            keys = ", ".join(lookup.KEYS)
            raise LabError(f"events are not looked up by {attribute[0]!r}; there are: {keys}")
        found: list[dict[str, Any]] = []
        events = self.events(
            self.store(account, region), attribute, start_us=start_us, end_us=end_us
        )
        for event in events:
            if limit is not None and len(found) >= limit:
                break
            found.append(self.record(event))
        return found

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        now_us = self._world.clock.now_us
        kept: list[Any] = [self.trails.state(), self.delivery.state(), self.digests.state()]
        kept += [self.lake.state(), self.insights.state()]
        return kept + [
            [
                account,
                region,
                [
                    [event.number, event.fact.at_us, dict(event.fact.data)]
                    for event in store.newest_first(now_us - RETENTION_US, now_us + 1)
                ],
            ]
            for (account, region), store in sorted(self._world.stores("cloudtrail").items())
        ]
