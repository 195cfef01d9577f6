"""Lab: one AWS account (or several) on virtual time, driven by the real boto3.

::

    import boto3, labkit
    lab = labkit.Lab()                      # active at once for every boto3 client of this process
    boto3.client("ec2").run_instances(...)
    lab.advance(minutes=30)                 # thirty minutes happen, in milliseconds
    lab.mailbox                             # what arrived

A lab is small: it assembles parts, lets time pass, and writes down what was done to it, so that it
can be saved, opened and replayed. What AWS does is in the services; who knows whom is in
:mod:`labkit.wiring`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labkit import builders, services, wiring
from labkit.callers import Callers
from labkit.canary_runs import CanaryRuns
from labkit.charging import Charging
from labkit.controls import Elapsed, FleetControls, Identity
from labkit.core import collector
from labkit.core.clock import to_datetime, to_us
from labkit.core.errors import LabClosed, LabError
from labkit.core.journal import Entry, Journal
from labkit.core.world import World
from labkit.gateway import notebook
from labkit.gateway.acting import Acting
from labkit.gateway.authorize import Authorizer
from labkit.gateway.boto3_hook import HOOK, Door
from labkit.gateway.dispatch import Dispatch
from labkit.gateway.function_door import FunctionDoor
from labkit.gateway.identity import Identities
from labkit.gateway.real_hosts import RealHostGuard
from labkit.gateway.surroundings import SURROUNDINGS
from labkit.keeping import Keeping
from labkit.passing import Passing
from labkit.people import People
from labkit.shop_controls import ShopControls
from labkit.telling import Telling
from labkit.tracing import Tracing

if TYPE_CHECKING:
    from labkit.backing.account import Backing
    from labkit.cloudtrail.service import CloudTrail
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.widgets.showing import DashboardView
    from labkit.eventbridge.service import EventBridge
    from labkit.log_controls import LogControls
    from labkit.parts import Parts
    from labkit.querying import AthenaControls
    from labkit.synthetics.service import Synthetics
    from labkit.views.mailbox import Mailbox
    from labkit.xray.service import XRay

#: Where a lab begins when nobody says otherwise: a Monday morning.
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
REGION = "us-east-1"

_GUARD = RealHostGuard()


class Lab(Passing, Callers, Tracing, Telling, Charging, Keeping):
    """One world: an AWS of its own, on virtual time.

    Parameters
    ----------
    seed:
        Decides every id and, unless ``noise_seed`` says otherwise, every random figure.
    start:
        The first instant (aware datetime); Monday 2026-01-05 09:00 UTC when left out.
    account, region:
        Of callers who say nothing else.
    noise_seed:
        Other figures, same ids: for replays.
    active:
        Whether boto3 clients that belong to no lab shall be answered by this one.
    builder, builder_args:
        Who prepares the world before it is handed over: a name of :data:`labkit.builders.BUILDERS`
        and its arguments, plain values. What a builder did stands in no journal; it is done again.
    """

    world: World
    identities: Identities
    parts: Parts
    authorizer: Authorizer
    dispatch: Dispatch
    acting: Acting
    canary_runs: CanaryRuns

    def __init__(
        self,
        seed: int = 0,
        start: datetime | None = None,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        noise_seed: int | None = None,
        active: bool = True,
        builder: str = "",
        builder_args: Mapping[str, Any] | None = None,
    ) -> None:
        if start is not None and start.tzinfo is None:
            raise LabError("start must be an aware datetime: datetime(2026, 1, 5, 9, tzinfo=UTC)")
        collector.ease()
        self.seed = seed
        self.start = start or START
        self.account = account
        self.region = region
        self.noise_seed = seed if noise_seed is None else noise_seed
        self.builder = builder
        self.builder_args = dict(builder_args or {})
        #: What a builder prepared, by name.
        self.handles: dict[str, Any] = {}
        self.fleet = FleetControls(self)
        self.shop = ShopControls(self)
        self.people = People(self)
        self._lent: Lab | None = None
        #: Of a replay: the entries that did not end as they had ended before, with what happened.
        self.errors: list[tuple[Entry, str]] = []
        self._closed = False
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._door: Door | None = None
        self._daemons, self._receivers = [], []
        self._build()
        if active:
            self._activate()

    # -- assembling
    def _build(self) -> None:
        from labkit.assembling import assembled
        from labkit.backing.account import Backing

        self.world = World(self.seed, to_us(self.start))
        backing = Backing(self.world, self.noise_seed)
        self.identities = Identities(self.world.ids, self.account, backing.issued_to)
        self.parts = assembled(self.world, backing, self.account, self.region, self.noise_seed)
        self.authorizer = Authorizer(backing.policies)
        self._open_gateway(backing)
        self.canary_runs = CanaryRuns(self)
        if self._door is None:
            self._door = Door(self.dispatch)
        else:
            self._door.dispatch = self.dispatch
            self._door.restart()
        wiring.connect(self)
        self.world.clock.register("people.deed", self.people._do_deed)
        self._methods = self._journal_methods()
        if self.builder:
            self.handles = dict(builders.build(self.builder, self, self.builder_args))
            self.world.journal = Journal()
            self.dispatch.seen = 0

    def _open_gateway(self, backing: Backing) -> None:
        """Calls come in; who acts for others, and whose policies are asked, is known."""
        self.dispatch = Dispatch(
            self.world,
            self.identities,
            services.operations(),
            self.parts.backing,
            services.category,
            services.pending,
            services.limits(),
            services.validation_codes(),
            self.authorizer,
        )
        self.dispatch.logs_data = self.parts.cloudtrail.logs_data
        self.parts.shop_traces.sampling = self.parts.xray.sampled
        self.parts.shop_traces.places = self.parts.traced_places
        self.acting = Acting(self.dispatch, self.identities)
        backing.act_through(self.authorizer.judge, self.acting)
        backing.policies.kept_by("events", self.parts.eventbridge.policy)
        backing.policies.kept_by("schemas", self.parts.schemas.policy)
        backing.policies.kept_by("logs", self.parts.logs.policy)
        self._function_door = FunctionDoor(self.dispatch, backing.domains.ask)
        backing.functions.connect(self._function_door, self.authorizer.judge)

    def _journal_methods(self) -> dict[str, Callable[..., Any]]:
        """What beside calls and time stands in the journal, by name."""
        fleet = self.parts.fleet
        return {
            "fleet.load": fleet.load,
            "fleet.base": fleet.base,
            "fleet.fail_check": fleet.fail_check,
            "fleet.group_load": self.parts.group_loads.load,
            "fleet.fill": fleet.fill,
            "fleet.agent": self.parts.agents.install,
            "fleet.write_log": self.parts.agents.write_log,
            "fleet.remove_agent": self.parts.agents.remove,
            "shop.open": self.parts.shop.open,
            "shop.befall": self.shop._befallen,
            "shop.logs": self.shop._write_logs,
            "shop.traces": self.shop._send_traces,
            "shop.runs_on": self.parts.traced_places.put,
            "shop.relies_on": self.parts.shop_settings.rely,
            "logs.import_file": self.logs._import_file,
            "mailbox.confirm": self.parts.backing.confirm,
            "people.past": self.people._make_past,
            "people.work": self.people._begin_work,
            "people.deed": self.people._plan_deed,
            "sign_in": self._signed_in,
            "user": self._make_user,
            "throttle": self.dispatch.throttles.set,
            **self._trace_methods(),
        }

    def _activate(self) -> None:
        assert self._door is not None
        principal = self.identities.learner()
        HOOK.open(self._door)
        _GUARD.up()
        SURROUNDINGS.set_environment(
            principal.access_key_id,
            self.identities.secret_for(principal.access_key_id),
            self.region,
        )
        SURROUNDINGS.up(_sleep_in_active_lab)
        _LABS.append(self)
        notebook.MAGICS.setdefault("athena", _athena_cell)
        notebook.MAGICS.setdefault("insights", _insights_cell)
        notebook.register()

    def close(self) -> None:
        """Give boto3 back to the world, or to the lab that was active before this one."""
        if self._closed:
            return
        self._close_ports()
        self._close_visits()
        self._closed = True
        assert self._door is not None
        HOOK.close(self._door)
        if self in _LABS:
            _LABS.remove(self)
        self.parts.backing.unmount()
        if _LABS:
            newest = _LABS[-1]
            principal = newest.identities.learner()
            SURROUNDINGS.set_environment(
                principal.access_key_id,
                newest.identities.secret_for(principal.access_key_id),
                newest.region,
            )
        else:
            SURROUNDINGS.down()
            SURROUNDINGS.restore_environment()
            _GUARD.down()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def reset(self) -> Lab:
        """Begin again: the same seed and start, nothing done yet. Clients made before stay good."""
        self._check_open()
        self._check_still()
        self._close_ports()
        self._close_visits()
        self.parts.backing.unmount()
        self.errors = []
        self._build()
        return self

    def _close_visits(self) -> None:
        self.canary_runs.close()
        self.parts.shop_visits.close()

    @contextmanager
    def elsewhere(self, other: Lab) -> Iterator[None]:
        """For a while, let ``other`` answer every call that this lab's clients make.

        A judge plays the learner's code in a world that the learner has not seen. That code calls
        clients made for this lab (a global ``cloudwatch``, as at work), so it is the door that
        leads elsewhere, not the code that is changed. This lab stands still meanwhile.
        """
        self._check_open()
        door = self._door
        assert door is not None
        before = door.dispatch, door._tokens
        door.dispatch = other.dispatch
        self._lent = other
        try:
            yield
        finally:
            self._lent = None
            door.dispatch, door._tokens = before

    def _check_still(self) -> None:
        if self._lent is not None:
            raise LabError(
                "a check is playing your code in another world: this lab stands still meanwhile"
            )

    def _check_open(self) -> None:
        if self._closed:
            raise LabClosed("this lab is closed; make a new one with labkit.Lab()")

    # -- what is there
    @property
    def mailbox(self) -> Mailbox:
        """The e-mails that have arrived, oldest first."""
        from labkit.views.mailbox import Mail, Mailbox

        return Mailbox(
            [
                Mail(
                    to=fact.data["to"],
                    subject=fact.data["subject"],
                    body=fact.data["body"],
                    at=to_datetime(fact.at_us),
                    topic_arn=fact.data["topic_arn"],
                    confirm_token=fact.data["confirm_token"],
                    on_confirm=self._confirm,
                )
                for fact in self.parts.post.mails
            ]
        )

    def _confirm(self, token: str) -> str:
        """Follow the link of a subscription confirmation."""
        arn: str = self._do("mailbox.confirm", token=token)
        return arn

    @property
    def cloudwatch(self) -> CloudWatch:
        """Metrics and alarms, and their views."""
        return self.parts.cloudwatch

    def dashboard(
        self,
        name: str,
        *,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        account: str | None = None,
        width: int = 900,
    ) -> DashboardView:
        """A dashboard, drawn: its widgets in their places, with handles for the range of time.

        Parameters
        ----------
        name:
            Of the dashboard, as ``put_dashboard`` called it.
        start, end:
            The range, aware datetimes or texts such as ``"-PT6H"``; what the dashboard's body says
            when left out, else the last three hours.
        account:
            Whose dashboard; the lab's own account when left out.
        width:
            Of the picture in pixels.
        """
        from labkit.cloudwatch.widgets.showing import show

        cloudwatch, ports = self.parts.cloudwatch, self.world.ports
        with self.world.lock:
            return show(
                cloudwatch, ports, account or self.account, self.region, name, start, end, width
            )

    @property
    def cloudtrail(self) -> CloudTrail:
        """Who did what."""
        return self.parts.cloudtrail

    @property
    def athena(self) -> AthenaControls:
        """SQL over files in S3: ``lab.athena.query("SELECT ...")``."""
        from labkit.querying import AthenaControls

        return AthenaControls(self)

    @property
    def logs(self) -> LogControls:
        """CloudWatch Logs: ``lab.logs.query("fields @message", "/shop/access")``."""
        from labkit.log_controls import LogControls

        return LogControls(self)

    @property
    def xray(self) -> XRay:
        """Traces, the service graph and what they show: ``lab.xray.service_map()``."""
        return self.parts.xray

    @property
    def synthetics(self) -> Synthetics:
        """Canaries, their runs and pictures: ``lab.synthetics.film_strip("shop")``."""
        return self.parts.synthetics

    @property
    def eventbridge(self) -> EventBridge:
        """Buses, rules and what came over them."""
        return self.parts.eventbridge

    # -- showing
    def _card(self) -> Any:
        from labkit.views.card import lab_card

        alarms: dict[str, int] = {}
        for store in self.world.stores("cloudwatch").values():
            for alarm in (*store.alarms.values(), *store.composites.values()):
                alarms[alarm.state] = alarms.get(alarm.state, 0) + 1
        return lab_card(
            account=self.account,
            region=self.region,
            now=self.now,
            mails=len(self.parts.post.mails),
            alarms=alarms,
            calls=self.dispatch.seen,
            closed=self._closed,
        )

    def __repr__(self) -> str:
        return str(self._card())

    def _repr_html_(self) -> str:
        html: str = self._card()._repr_html_()
        return html


#: Open labs, newest last.
_LABS: list[Lab] = []


def _athena_cell(line: str, cell: str) -> Any:
    """The cell magic ``%%athena [database] [>> name]``: run the cell's SQL in the active lab."""
    from labkit.querying import magic

    return magic(_LABS[-1], line, cell)


def _insights_cell(line: str, cell: str) -> Any:
    """The cell magic ``%%insights group [last=6h] [>> name]``: a Logs Insights query."""
    from labkit.log_controls import magic

    return magic(_LABS[-1], line, cell)


def _sleep_in_active_lab(seconds: float) -> bool:
    """Let the active lab's time pass instead of sleeping; False when it can't."""
    if not _LABS or seconds < 0:
        return False
    lab = _LABS[-1]
    lab = lab._lent or lab
    lab._hear()
    with lab.world.lock:
        if lab.dispatch.busy:
            return False
        lab.world.clock.run_until(lab.world.clock.now_us + int(seconds * 1_000_000))
    return True


__all__ = ["ACCOUNT", "REGION", "START", "Elapsed", "Identity", "Lab"]
