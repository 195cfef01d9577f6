"""The day of a lab on one sheet: the part of :class:`labkit.lab.Lab` that asks all who remember."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE, to_us
from labkit.core.sources import Series
from labkit.lab_state import LabState

if TYPE_CHECKING:
    from labkit.views.drawing import Drawing

#: What :class:`labkit.views.timeline.Moment` takes.
_Told = tuple[Any, ...]


class Telling(LabState):
    """``timeline``."""

    @property
    def now(self) -> datetime:
        """The virtual instant."""
        raise NotImplementedError

    def timeline(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        also: Mapping[str, Sequence[tuple[datetime, str]]] | None = None,
        calls: Sequence[str] | None = None,
    ) -> Drawing:
        """What happened, a row for each source: calls that changed something, alarms, canaries,
        rules, insights, e-mails.

        Parameters
        ----------
        start, end:
            The stretch, aware datetimes; the last 24 hours when left out.
        also:
            Further rows: what somebody found out, as ``{"X-Ray": [(instant, "first 503")]}``.
        calls:
            Names of calls to show (``["UpdateTable", "DeleteTable"]``); all that changed
            something or were refused when left out.
        """
        from labkit.views.timeaxis import instant
        from labkit.views.timeline import Moment, timeline

        end = end or self.now
        start = start or max(end - timedelta(days=1), self.start)
        start_us, end_us = to_us(start), to_us(end)
        with self.world.lock:
            told = [
                *self._told_calls(start_us, end_us, calls),
                *self._told_alarms(end_us),
                *self._told_runs(end_us),
                *self._told_rules(start_us, end_us),
                *self._told_insights(),
                *self._told_mails(),
            ]
        found = [Moment(*one) for one in told]
        for row, rows in (also or {}).items():
            found += [Moment(instant(at), row, text) for at, text in rows]
        return timeline(found, start_us, end_us)

    def _told_calls(
        self, start_us: int, end_us: int, calls: Sequence[str] | None
    ) -> Iterator[_Told]:
        cloudtrail = self.parts.cloudtrail
        store = cloudtrail.store(self.account, self.region)
        entries = cloudtrail.events(store, start_us=start_us, end_us=end_us)
        for entry in reversed(list(entries)):
            record = cloudtrail.record(entry)
            name, error = record["eventName"], record.get("errorCode")
            if (name not in calls) if calls is not None else record.get("readOnly"):
                continue
            identity = record["userIdentity"]
            who = identity.get("userName") or identity.get("arn", "").rpartition("/")[2]
            who = who or identity.get("invokedBy", "a service")
            what = f"{name} {_resource(entry.fact.data['request'])}".strip()
            kind, text = ("refused", f"{what}: {error}") if error else ("call", what)
            yield (entry.fact.at_us, f"calls of {who}", text, kind)

    def _told_alarms(self, end_us: int) -> Iterator[_Told]:
        since: dict[str, int] = {}
        for fact in self.parts.post.changes:
            if (fact.account, fact.region) != (self.account, self.region):
                continue
            name, state = fact.data["alarm_name"], fact.data["state"]
            if state == "ALARM":
                since.setdefault(name, fact.at_us)
            elif name in since:
                yield (since.pop(name), f"alarm {name}", "ALARM", "alarm", fact.at_us)
        for name, at_us in since.items():
            yield (at_us, f"alarm {name}", "ALARM", "alarm", max(end_us, at_us))

    def _told_runs(self, end_us: int) -> Iterator[_Told]:
        store = self.world.stores("synthetics").get((self.account, self.region))
        for canary in [] if store is None else store.canaries.values():
            bad: list[Any] = []
            for run in [*sorted(canary.runs, key=lambda one: one.started_us), None]:
                if run is not None and run.completed_us is None:
                    continue
                if run is not None and run.state == "FAILED":
                    bad.append(run)
                elif bad:
                    until = end_us if run is None else run.started_us
                    text = bad[0].reason.splitlines()[0] if bad[0].reason else "failed"
                    begin = bad[0].started_us
                    yield (
                        begin, f"canary {canary.name}", text, "canary", max(until, begin)
                    )  # fmt: skip
                    bad = []

    def _told_rules(self, start_us: int, end_us: int) -> Iterator[_Told]:
        parts, now_us = self.parts, self.world.clock.now_us
        store = self.world.stores("events").get((self.account, self.region))
        figures = self.world.store("cloudwatch", self.account, self.region)
        if store is None:
            return
        first = start_us - start_us % MINUTE
        for bus in store.buses.values():
            for rule in bus.rules.values():
                if rule.schedule or rule.managed_by:
                    continue
                named = [("RuleName", rule.name)]
                if bus.name != "default":
                    named.insert(0, ("EventBusName", bus.name))
                series = Series("AWS/Events", "TriggeredRules", tuple(named))
                for _, samples in parts.cloudwatch.read(
                    figures, series, None, now_us, first, end_us, 60
                ):
                    for at_us in sorted({int(one) for one in samples.timestamps}):
                        yield (at_us, f"rule {rule.name}", "matched", "rule")

    def _told_insights(self) -> Iterator[_Told]:
        for told in self.parts.cloudtrail.insights.told(self.account, self.region):
            details = told.record["insightDetails"]
            text = f"{details['insightType']} {details['eventName']} {details['state']}"
            yield (told.told_us, "insights", text, "insight")

    def _told_mails(self) -> Iterator[_Told]:
        for mail in self.parts.post.mails:
            if not mail.data["confirm_token"]:
                yield (mail.at_us, f"e-mail to {mail.data['to'].partition('@')[0]}",
                             mail.data["subject"], "mail")  # fmt: skip


def _resource(request: str) -> str:
    """What a call is about, by its request: the first short text in it, as a rule the name."""
    given = json.loads(request or "{}")
    names = (value for key, value in given.items() if isinstance(value, str) and len(value) < 80
             and key.lower().endswith(("name", "id", "arn")))  # fmt: skip
    return next(names, "").rpartition(":")[2]
