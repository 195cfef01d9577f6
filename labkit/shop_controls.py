"""What a learner can do to the shop: open it, let things befall it, let it write logs, trace it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.workloads.incidents import Incident

if TYPE_CHECKING:
    from labkit.canary_runs import SiteAddress
    from labkit.lab import Lab
    from labkit.synthetics.engine.run import RunResult
    from labkit.synthetics.recording.recorder import Recorder
    from labkit.synthetics.views.record_button import RecordButton


#: How far back a shop's logs may go, and how many lines a past has at most: 200 bytes each.
MOST_HOURS, MOST_LINES = 168, 10_000_000
#: How far back traces go: X-Ray keeps them for 30 days.
MOST_TRACED, MOST_OF_ALL = 720, 2


class ShopControls:
    """What a learner can do to the shop of a lab: each is written into the journal."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def open(
        self,
        *,
        namespace: str = "Shop",
        shops: Sequence[str] = ("berlin", "bremen"),
        services: Sequence[str] | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let a shop report: requests, errors and latency by service, orders by shop.

        Parameters
        ----------
        namespace, shops:
            Of the metrics; values of their dimension ``shop``, three at most.
        services:
            Which services report here; all five when left out.
        account, region:
            Where; the lab's own when left out.
        """
        lab = self._lab
        chosen = None if services is None else list(services)
        lab._do(
            "shop.open", account=account or lab.account, region=region or lab.region,
            namespace=namespace, shops=list(shops), services=chosen,
        )  # fmt: skip

    def incident(
        self,
        kind: str,
        service: str,
        size: float = 0.0,
        *,
        start: datetime | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let something befall a service (``failing``, ``slow``, ``timeouts`` ...) or a page of the
        shop's site (``page_slow``, ``page_covered``, ``certificate`` ...).

        Parameters
        ----------
        kind, size:
            One of :data:`labkit.workloads.incidents.KINDS` that a service or a page can have, and
            how bad in its unit.
        service:
            ``front``, ``catalogue``, ``cart``, ``checkout`` or ``payment``; or a page:
            ``home``, ``search``, ``checkout``, ``pay``, ``login``, ``api`` ..., ``site`` for all.
        start, minutes:
            From when (now when left out) and for how long (for good when left out).

        Raises
        ------
        LabError
            For an incident that can't be, or one that began more than a minute ago.
        """
        begin = start or self._lab.now
        if begin < self._lab.now - timedelta(minutes=1):
            raise LabError("an incident can't begin in the past: what was measured stays so")
        end = None if minutes is None else begin + timedelta(minutes=minutes)
        incident = Incident(kind, service, begin, end, size)
        self._lab._do("shop.befall", incident=incident.as_dict())

    def _befallen(self, incident: Mapping[str, Any]) -> None:
        one, parts = Incident(**incident), self._lab.parts
        if parts.shop_visits.knows(one):
            parts.shop_visits.apply(one)
            parts.shop.hinder(one)
        else:
            parts.shop.apply(one)

    def site(self) -> SiteAddress:
        """The shop's site: its name for canaries, and where a browser on this machine finds it.

        It is served on this machine only, by this process, as the shop is at the lab's present;
        ``incident`` says what may befall its pages.
        """
        return self._lab.canary_runs.address()

    def record(self, path: str = "/", *, headless: bool = False) -> Recorder:
        """Open the shop in a browser of this machine and record what is done there.

        ``.stop()`` ends it and gives the recording, whose ``.script()`` is a canary.

        Parameters
        ----------
        path:
            The first page.
        headless:
            Whether nobody sees the window: for tests.
        """
        from labkit.synthetics.recording.recorder import Recorder

        at = self.site()
        return Recorder(at.url + path, headless=headless, site={at.url: at.name})

    def record_button(self, path: str = "/") -> RecordButton:
        """A button that opens the shop in a browser, records, and shows the canary at the end."""
        from labkit.synthetics.views.record_button import RecordButton

        return RecordButton(lambda: self.record(path))

    def visit(self, script: str | bytes, handler: str = "canary.handler", **more: Any) -> RunResult:
        """Run a canary's script once, now, without making a canary.

        Parameters
        ----------
        script:
            The text of a script, or an archive.
        handler:
            Where it begins.
        more:
            Further parts of :class:`labkit.synthetics.engine.run.RunRequest`: ``environment``,
            ``timeout_s``, ``baseline`` ...

        Examples
        --------
        >>> from labkit.synthetics import blueprints
        >>> lab.shop.visit(blueprints.script("heartbeat")).state
        'PASSED'
        """
        from labkit.synthetics.blueprints import package
        from labkit.synthetics.engine.run import RunRequest

        code = script if isinstance(script, bytes) else package(script)
        role = more.pop("role_arn", "")
        asked = RunRequest("visit", "visit", code, handler, region=self._lab.region, **more)
        return self._lab.canary_runs.run(asked, role)

    def happened(
        self, kind: str, service: str, size: float, *, start: datetime, minutes: float = 30
    ) -> Incident:
        """An incident of the time that lies behind, for :meth:`logs` and :meth:`traces`.

        Parameters
        ----------
        kind, service, size:
            As in :meth:`incident`.
        start, minutes:
            When (aware), and for how long.

        Raises
        ------
        LabError
            For an incident that can't be.
        """
        return Incident(kind, service, start, start + timedelta(minutes=minutes), size)

    def logs(
        self,
        *incidents: Incident,
        hours: float = 1,
        sources: Sequence[str] | None = None,
        live: bool = True,
        account: str | None = None,
        region: str | None = None,
    ) -> dict[str, int]:
        """Let the shop have written logs for some hours, and go on writing them as time passes.

        What is logged are the requests that the shop's metrics count, so a minute has as many lines
        with a status of 500 or more as the metric ``Errors`` says. A request has one id in all of
        nginx's, the tasks', the API's and the function's lines. Some hours of a day have a million
        lines. A shop is opened when there is none yet. What a source has written it does not write
        again, unless its group was deleted.

        ::

            ten = lab.now - timedelta(hours=1)
            lab.shop.logs(lab.shop.happened("timeouts", "payment", 40, start=ten), hours=2)
            lab.client("logs").filter_log_events(
                logGroupName="/aws/lambda/shop-payment", filterPattern="Task timed out"
            )

        Parameters
        ----------
        incidents:
            What went wrong meanwhile: see :meth:`happened`. The metrics show it too.
        hours:
            How far back; 0 for no past, but groups that lines will come to.
        sources:
            Who writes: some of :data:`labkit.workloads.shop_logs.SOURCES`; all when left out.
        live:
            Whether lines go on coming, minute by minute. A group that is deleted gets no more.
        account, region:
            Where; the lab's own when left out.

        Returns
        -------
        Log group -> how many lines it has got.

        Raises
        ------
        LabError
            For an unknown source, a stretch that can't be, or an incident outside of it.
        """
        from labkit.workloads.shop_logs import SOURCES

        lab = self._lab
        chosen = list(SOURCES) if sources is None else list(sources)
        unknown = [name for name in chosen if name not in SOURCES]
        if unknown:
            raise LabError(f"the shop's logs come from {', '.join(SOURCES)}; not {unknown[0]}")
        if not 0 <= hours <= MOST_HOURS:
            raise LabError(f"a past of logs has 0 to {MOST_HOURS} hours, not {hours}")
        start, place = (
            lab.now - timedelta(hours=hours),
            (account or lab.account, region or lab.region),
        )
        about = lab.parts.shop_logs.about(*place, chosen, to_us(start), to_us(lab.now))
        if about > MOST_LINES:
            raise LabError(
                f"that would be some {about:,} lines, {MOST_LINES:,} at most: take fewer hours or "
                "sources"
            )
        for one in incidents:
            if not start <= one.start < lab.now:
                raise LabError(f"{one.kind} at {one.start} is not within the past asked for")
            if not lab.parts.shop.knows(one):
                raise LabError(f"{one.kind} of {one.target!r} can't befall the shop")
            if lab.parts.shop_logs.written(*place, chosen, to_us(one.start)):
                raise LabError(f"what the shop did at {one.start} is written already")
            if lab.parts.shop_traces.told(*place, to_us(one.start)):
                raise LabError(f"what the shop did at {one.start} is traced already")
        written: dict[str, int] = lab._do(
            "shop.logs", incidents=[one.as_dict() for one in incidents], start=start,
            sources=chosen, live=live, account=place[0], region=place[1],
        )  # fmt: skip
        return written

    def _write_logs(
        self,
        incidents: Sequence[Mapping[str, Any]],
        start: datetime,
        sources: Sequence[str],
        live: bool,
        account: str,
        region: str,
    ) -> dict[str, int]:
        parts, clock = self._lab.parts, self._lab.world.clock
        if parts.shop.shop(account, region) is None:
            parts.shop.open(account, region)
        for one in incidents:
            parts.shop.apply(one)
        written: dict[str, int] = {}
        for where, group in parts.shop_logs.groups(account, region, sources):
            parts.logs.import_lines(account, where, group, (), (), ())
            written[group] = 0
        past = parts.shop_logs.past(account, region, sources, to_us(start), clock.now_us)
        for told in past:
            parts.logs.import_lines(
                account, told.region, told.group, told.streams, told.at_us // 1000,
                told.messages, told.stream,
            )  # fmt: skip
            written[told.group] += len(told)
        if live:
            parts.shop_logs.live(account, region, sources)
        return written

    def traces(
        self,
        *incidents: Incident,
        hours: float = 0,
        every: bool = False,
        live: bool = True,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let the shop send traces to X-Ray: of the requests that its metrics and logs tell of.

        Which requests are traced, the sampling rules of the account decide. Traces are made when
        somebody asks for them. A shop is opened when there is none yet.

        ::

            eleven = lab.now - timedelta(minutes=30)
            lab.shop.traces(lab.shop.happened("slow_table", "catalogue", 60, start=eleven), hours=1)

        Parameters
        ----------
        incidents:
            What went wrong meanwhile: see :meth:`happened`. Metrics and logs show it too.
        hours:
            How far back there are traces; 720 (X-Ray keeps none longer) at most.
        every:
            Whether all requests are traced, whatever the rules say: two hours back at most.
        live:
            Whether requests that are still to come are traced; False to stop it.
        account, region:
            Where; the lab's own when left out.

        Raises
        ------
        LabError
            For a stretch that can't be, or an incident outside of it or of a time that was traced
            before.
        """
        lab = self._lab
        place = account or lab.account, region or lab.region
        if not 0 <= hours <= MOST_TRACED:
            raise LabError(f"traces go back 0 to {MOST_TRACED} hours, not {hours}")
        if every and hours > MOST_OF_ALL:
            raise LabError(
                f"of all requests (130,000 an hour) traces go back {MOST_OF_ALL} hours at most; "
                "leave every out for those that the sampling rules take"
            )
        start = lab.now - timedelta(hours=hours)
        for one in incidents:
            if not start <= one.start < lab.now:
                raise LabError(f"{one.kind} at {one.start} is not within the past asked for")
            if not lab.parts.shop.knows(one):
                raise LabError(f"{one.kind} of {one.target!r} can't befall the shop")
            if lab.parts.shop_traces.told(*place, to_us(one.start)):
                raise LabError(f"what the shop did at {one.start} is traced already")
        lab._do(
            "shop.traces", incidents=[one.as_dict() for one in incidents], start=start,
            every=every, live=live, account=place[0], region=place[1],
        )  # fmt: skip

    def runs_on(
        self, service: str, what: str, *, account: str | None = None, region: str | None = None
    ) -> None:
        """Let a service of the shop run on a resource of the account, as far as tracing goes.

        From now on X-Ray has its segments only while the set-up there lets them through
        (``lab.xray.explain_setup(what)`` says why not); a mended set-up counts from the call that
        mends it. What other services tell of it stays: it is a node without a voice.

        Parameters
        ----------
        service:
            As its segments are called: ``front``, ``catalogue``, ``cart``, ``checkout``,
            ``shop-payment``.
        what:
            An instance id, a task definition (``"cart"`` is its newest revision), an environment or
            a function; ``""`` takes the service off again.
        account, region:
            Where; the lab's own when left out.
        """
        lab = self._lab
        lab._do(
            "shop.runs_on", service=service, what=what,
            account=account or lab.account, region=region or lab.region,
        )  # fmt: skip

    def relies_on(
        self,
        service: str,
        what: str,
        kind: str,
        size: float,
        *,
        least: float = 0.0,
        holds: str = "",
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let a service rely on a setting of the account: while it is not good, something befalls
        the service, and the call that mends the setting ends it.

        ::

            lab.shop.relies_on(
                "catalogue", "dynamodb:table/products", "throttled_table", 35, least=200)

        Parameters
        ----------
        service, kind, size:
            Whom it befalls, and what, as in :meth:`incident`.
        what:
            ``dynamodb:table/NAME`` (its read capacity units), ``ssm:parameter/NAME`` (its text) or
            ``ec2:security-group/ID`` (what it lets in, ``tcp/5432 tcp/443``).
        least, holds:
            What is good: a number that must be reached, or a word that must stand in the text.
        account, region:
            Where; the lab's own when left out.

        Raises
        ------
        LabError
            For a setting of another kind, or an incident that can't befall the service.
        """
        lab = self._lab
        lab._do(
            "shop.relies_on", account=account or lab.account, region=region or lab.region,
            service=service, what=what, kind=kind, size=size, least=least, holds=holds,
        )  # fmt: skip

    def _send_traces(
        self,
        incidents: Sequence[Mapping[str, Any]],
        start: datetime,
        every: bool,
        live: bool,
        account: str,
        region: str,
    ) -> None:
        parts, now_us = self._lab.parts, self._lab.world.clock.now_us
        if parts.shop.shop(account, region) is None:
            parts.shop.open(account, region)
        for one in incidents:
            parts.shop.apply(one)
        parts.xray.store(account, region).pull_again(to_us(start), now_us)
        parts.shop_traces.begin(account, region, to_us(start), now_us, every, live)

    def __repr__(self) -> str:
        return (
            "<shop: open(), incident(kind, service, size, start=, minutes=), "
            "logs(*incidents, hours=, sources=, live=), "
            "traces(*incidents, hours=, every=, live=), runs_on(service, what), "
            "happened(kind, service, size, start=)>"
        )
