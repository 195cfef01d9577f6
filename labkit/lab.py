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

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit import builders, services, wiring
from labkit.controls import Elapsed, FleetControls, Identity
from labkit.core.clock import machine_seconds, to_datetime, to_us
from labkit.core.errors import ClockError, LabClosed, LabError, ReplayError
from labkit.core.journal import ANSWER, Entry, Journal, SavedWorld
from labkit.core.jsontext import dumps, loads
from labkit.core.world import World
from labkit.gateway import notebook
from labkit.gateway.acting import Acting
from labkit.gateway.authorize import Authorizer
from labkit.gateway.boto3_hook import HOOK, Door
from labkit.gateway.dispatch import MANAGEMENT, Dispatch
from labkit.gateway.function_door import FunctionDoor
from labkit.gateway.identity import Identities
from labkit.gateway.real_hosts import RealHostGuard
from labkit.gateway.surroundings import SURROUNDINGS
from labkit.parts import Parts, Post
from labkit.repeating import again, session, versions

if TYPE_CHECKING:
    from labkit.billing.bill import Bill
    from labkit.cloudtrail.service import CloudTrail
    from labkit.cloudwatch.service import CloudWatch
    from labkit.core.call import Principal
    from labkit.views.mailbox import Mailbox
    from labkit.workloads.incidents import Incident

#: Where a lab begins when nobody says otherwise: a Monday morning.
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
REGION = "us-east-1"

_GUARD = RealHostGuard()


class Lab:
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
        self._lent: Lab | None = None
        #: Of a replay: the entries that did not end as they had ended before, with what happened.
        self.errors: list[tuple[Entry, str]] = []
        self._closed = False
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._door: Door | None = None
        self._build()
        if active:
            self._activate()

    # -- assembling
    def _build(self) -> None:
        from labkit.backing.account import Backing
        from labkit.cloudtrail.service import CloudTrail
        from labkit.cloudwatch.service import CloudWatch
        from labkit.workloads.fleet import Fleet
        from labkit.workloads.groups import Groups

        self.world = World(self.seed, to_us(self.start))
        backing = Backing(self.world, self.noise_seed)
        self.identities = Identities(self.world.ids, self.account, backing.issued_to)
        fleet = Fleet(self.noise_seed, self.world.clock, self.world.facts)
        self.parts = Parts(
            backing=backing,
            fleet=fleet,
            groups=Groups(fleet, self.world.facts),
            cloudwatch=CloudWatch(self.world, self.account, self.region),
            cloudtrail=CloudTrail(self.world),
            post=Post(),
        )
        self.authorizer = Authorizer(backing.policies)
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
        backing.act_through(self.authorizer.judge, Acting(self.dispatch, self.identities))
        backing.functions.connect(FunctionDoor(self.dispatch), self.authorizer.judge)
        if self._door is None:
            self._door = Door(self.dispatch)
        else:
            self._door.dispatch = self.dispatch
            self._door.restart()
        wiring.connect(self)
        self._methods: dict[str, Callable[..., Any]] = {
            "fleet.load": fleet.load,
            "fleet.base": fleet.base,
            "fleet.fail_check": fleet.fail_check,
            "mailbox.confirm": self.parts.backing.confirm,
            "user": self._make_user,
            "throttle": self.dispatch.throttles.set,
        }
        if self.builder:
            self.handles = dict(builders.build(self.builder, self, self.builder_args))
            self.world.journal = Journal()
            self.dispatch.seen = 0

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
        notebook.register()

    def close(self) -> None:
        """Give boto3 back to the world, or to the lab that was active before this one."""
        if self._closed:
            return
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
        self.parts.backing.unmount()
        self.errors = []
        self._build()
        return self

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

    # -- time
    @property
    def now(self) -> datetime:
        """The virtual instant; it stands still between two calls."""
        return to_datetime((self._lent or self).world.clock.now_us)

    def advance(self, **duration: float) -> Elapsed:
        """Let time pass: ``lab.advance(minutes=5)``, any of timedelta's keywords.

        Raises
        ------
        ClockError
            For a negative stretch, or when called from inside an event of the clock.
        """
        try:
            stretch = timedelta(**duration)
        except TypeError as problem:
            raise ClockError(
                f"advance takes timedelta's keywords (days, hours, minutes, seconds ...): {problem}"
            ) from None
        if stretch < timedelta(0):
            raise ClockError(f"time can't go backwards: advance({duration})")
        return self._pass_until(self.world.clock.now_us + stretch // timedelta(microseconds=1))

    def run_until(self, when: datetime | str) -> Elapsed:
        """Let time pass until an aware datetime, or until the next ``"HH:MM"`` (UTC)."""
        if isinstance(when, str):
            when = self._next_time_of_day(when)
        if when.tzinfo is None:
            raise ClockError("run_until takes an aware datetime (tzinfo=UTC) or 'HH:MM'")
        return self._pass_until(to_us(when))

    def _next_time_of_day(self, text: str) -> datetime:
        try:
            when = datetime.combine(self.now.date(), time.fromisoformat(text), tzinfo=UTC)
        except ValueError:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return when if when >= self.now else when + timedelta(days=1)

    def run_until_next_email(self, *, within: timedelta = timedelta(days=7)) -> Elapsed:
        """Let time pass until an e-mail arrives, ``within`` at most."""
        self._check_open()
        clock = self.world.clock
        limit_us = clock.now_us + within // timedelta(microseconds=1)
        mails = self.parts.post.mails
        before, start_us = len(mails), clock.now_us
        while len(mails) == before and clock.now_us < limit_us:
            due = clock.next_due(limit_us)
            self._pass_until(limit_us if due is None else due)
        return self._pass_until(clock.now_us, since_us=start_us, mails_before=before)

    def _pass_until(
        self, target_us: int, *, since_us: int | None = None, mails_before: int | None = None
    ) -> Elapsed:
        self._check_open()
        self._check_still()
        post, clock = self.parts.post, self.world.clock
        began = machine_seconds()
        with self.world.lock:
            if self.dispatch.busy:
                raise ClockError(
                    "advance() can't be called from inside an event or a call: time is passing "
                    "already"
                )
            start_us = clock.now_us if since_us is None else since_us
            mails = len(post.mails) if mails_before is None else mails_before
            changes = len(post.changes)
            if since_us is not None:
                changes = sum(fact.at_us < since_us for fact in post.changes)
            ticks = self.parts.cloudwatch.evaluator.ticks
            clock.run_until(target_us)
        return Elapsed(
            to_datetime(start_us),
            to_datetime(clock.now_us),
            tuple(post.changes[changes:]),
            len(post.mails) - mails,
            self.parts.cloudwatch.evaluator.ticks - ticks,
            machine_seconds() - began,
        )

    # -- who calls
    def client(
        self,
        service: str,
        region_name: str | None = None,
        account_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A boto3 client that belongs to this lab for life, in any region and account.

        Parameters
        ----------
        service:
            boto3's service name.
        region_name, account_id:
            Where; the lab's own when left out. In another account the caller is that account's
            IAM user ``learner``.
        kwargs:
            Further arguments of ``boto3.client``.
        """
        self._check_open()
        return self._client(service, region_name, self.identities.learner(account_id), **kwargs)

    def _client(
        self, service: str, region_name: str | None, principal: Principal, **kwargs: Any
    ) -> Any:
        assert self._door is not None
        region = region_name or self.region
        key = (service, region, principal.access_key_id)
        if not kwargs and key in self._clients:
            return self._clients[key]
        client = session().client(
            service,
            region_name=region,
            aws_access_key_id=principal.access_key_id,
            aws_secret_access_key=self.identities.secret_for(principal.access_key_id),
            **kwargs,
        )
        HOOK.bind(client, self._door, principal)
        if not kwargs:
            self._clients[key] = client
        return client

    def user(self, name: str, policy: str | Mapping[str, Any] | None = None) -> Identity:
        """An IAM user of this account, made if there is none; may do nothing until it is allowed.

        Parameters
        ----------
        name:
            The user's name.
        policy:
            What the user may do: the ARN or name of a managed policy (``"ReadOnlyAccess"``), or a
            policy document, which becomes an inline policy. Left out, nothing is added.
        """
        self._do("user", name=name, **({} if policy is None else {"policy": policy}))
        return Identity(self, self.identities.user(name))

    def _make_user(self, name: str, policy: str | Mapping[str, Any] | None = None) -> None:
        user = self.identities.user(name)
        self.parts.backing.ensure_user(user)
        if policy is not None:
            self.parts.backing.give_policy(user, policy)

    def throttle(
        self,
        service: str,
        operation: str,
        *,
        rate: float | None = None,
        burst: int | None = None,
        calls: int | None = None,
    ) -> None:
        """Let AWS throttle an operation: ``lab.throttle("cloudwatch", "PutMetricData", rate=2)``.

        Who calls too often gets the service's own error, and boto3 retries with its back-off, which
        lets the lab's time pass. Called again it takes the place of what was said before; with
        none of the figures the operation is free again.

        Parameters
        ----------
        service, operation:
            boto3's name of the service, AWS's name of the operation.
        rate, burst:
            Calls a second, and how many may come at once (as many as in a second).
        calls:
            How many of the next calls are refused whatever the rate.
        """
        figures = {"rate": rate, "burst": burst, "calls": calls}
        given = {name: value for name, value in figures.items() if value is not None}
        self._do("throttle", service=service, operation=operation, **given)

    def assume(self, role: str, session: str = "learner") -> Identity:
        """A session of a role, by name or ARN, got through ``sts:AssumeRole`` as the learner."""
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{self.account}:role/{role}"
        answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=session)
        return Identity(self, self.identities.by_key(answer["Credentials"]["AccessKeyId"]))

    def root(self, account_id: str | None = None) -> Identity:
        """The account's root user."""
        return Identity(self, self.identities.root(account_id))

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

    @property
    def cloudtrail(self) -> CloudTrail:
        """Who did what."""
        return self.parts.cloudtrail

    def bill(
        self, *, since: datetime | None = None, month: bool = False, account: str | None = None
    ) -> Bill:
        """What this world would have cost on AWS so far, line by line, free tier included.

        Parameters
        ----------
        since:
            Only what came from this instant on (aware); the lab's whole life when left out.
        month:
            Instead: what a month of 730 hours costs if everything stays as it is now.
        account:
            Whose bill; the lab's own account when left out.

        Raises
        ------
        LabError
            For a naive ``since``, one that lies ahead, or both at once.
        """
        from labkit.billing.bill import Biller
        from labkit.billing.prices import table

        if since is not None and (month or since.tzinfo is None or since > self.now):
            raise LabError(
                "since is an aware datetime that has passed (lab.start, lab.now - timedelta(...)), "
                "and goes without month"
            )
        world, parts = self.world, self.parts
        biller = Biller(
            (world.meters, parts.cloudwatch.used, parts.fleet),
            table(),
            lambda service, operation: services.category(service, operation).kind == MANAGEMENT,
        )
        account = account or self.account
        with world.lock:
            now_us = world.clock.now_us
            if month:
                return biller.projected(account, now_us)
            start_us = world.clock.start_us if since is None else to_us(since)
            return biller.so_far(account, start_us, now_us)

    # -- doing, saving, replaying
    def _do(self, name: str, /, **arguments: Any) -> Any:
        """A method that changes the world: an instant of its own, and a line in the journal."""
        self._check_open()
        self._check_still()
        world = self.world
        with world.lock:
            if self.dispatch.busy:
                return self._methods[name](**arguments)
            at_us = world.clock.open_instant(self.dispatch.next_instant_us)
            self.dispatch.next_instant_us = None
            self.dispatch.begin(f"{at_us}|{name}")
            text = dumps(arguments)
            world.clock.cause = (f"lab.{name}",)
            problem = ""
            try:
                return self._methods[name](**arguments)
            except Exception as error:
                problem = type(error).__name__
                raise
            finally:
                world.clock.cause = ()
                world.journal.note(Entry(at_us, "method", "", "", name, text, "", problem))
                world.clock.drain_instant()

    def saved(self) -> SavedWorld:
        """This world as a value: seed, start, journal, instant."""
        return SavedWorld(
            seed=self.seed,
            start_us=to_us(self.start),
            now_us=self.world.clock.now_us,
            account=self.account,
            region=self.region,
            noise_seed=self.noise_seed,
            builder=self.builder,
            builder_args=json.dumps(self.builder_args, sort_keys=True),
            versions=versions(),
            entries=tuple(self.world.journal),
            accounts=tuple(sorted(self.identities.accounts)),
            reads=dumps(self.world.meters.reads_as_text()),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write this world to a file; ``Lab.open`` builds it again."""
        return self.saved().write(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Lab:
        """The world of a file, active, at the instant at which it was saved.

        Raises
        ------
        ReplayError
            When the file is damaged, or what was done then ends otherwise now.
        """
        saved = SavedWorld.read(path)
        lab = cls.of(saved)
        if lab.errors:
            entry, what = lab.errors[0]
            raise ReplayError(
                f"{path}: {entry.name} at {to_datetime(entry.at_us):%Y-%m-%d %H:%M:%S} ended "
                f"otherwise than when it was saved ({what}). It was saved with "
                f"{saved.versions}, here is "
                f"{versions()}."
            )
        lab.parts.backing.outside.open = True
        lab._activate()
        return lab

    @classmethod
    def of(cls, saved: SavedWorld) -> Lab:
        """The world of a saved value, not active; ``errors`` holds what ended otherwise."""
        lab = cls(
            saved.seed,
            to_datetime(saved.start_us),
            account=saved.account,
            region=saved.region,
            noise_seed=saved.noise_seed,
            active=False,
            builder=saved.builder,
            builder_args=json.loads(saved.builder_args),
        )
        lab._repeat(saved)
        return lab

    def replay(
        self,
        *,
        incidents: Sequence[Incident] = (),
        seed: int | None = None,
        until: datetime | None = None,
    ) -> Lab:
        """A fresh world: what was done to this one is done again, and other things happen.

        Parameters
        ----------
        incidents:
            What else happens.
        seed:
            Other random figures; ids stay as they are.
        until:
            How long to let it run; this lab's now when left out.

        Returns
        -------
        Lab
            Never active: ask it through ``replay.client(...)``. ``replay.errors`` holds what did
            not end as it had ended here.
        """
        fresh = Lab(
            self.seed,
            self.start,
            account=self.account,
            region=self.region,
            noise_seed=self.noise_seed if seed is None else seed,
            active=False,
            builder=self.builder,
            builder_args=self.builder_args,
        )
        for incident in incidents:
            fresh.parts.fleet.apply(incident)
        fresh._repeat(self.saved())
        if until is not None and to_us(until) > fresh.world.clock.now_us:
            fresh.run_until(until)
        return fresh

    def _repeat(self, saved: SavedWorld) -> None:
        assert self._door is not None
        self.dispatch.polls_wait = False
        outside = self.parts.backing.outside
        outside.open = False
        outside.recall(saved.entries)
        for account in saved.accounts:
            self.identities.learner(account)
            self.identities.root(account)
        for entry in saved.entries:
            if entry.kind == ANSWER:
                continue  # what an endpoint answered: recalled when it is asked
            ended = again(self, self._door, entry)
            if ended != entry.error:
                self.errors.append((entry, ended or "no error"))
        self.dispatch.polls_wait = True
        self.world.meters.restore_reads(loads(saved.reads))
        if saved.now_us > self.world.clock.now_us:
            self._pass_until(saved.now_us)

    def digest(self) -> str:
        """A hash of everything this world remembers: equal worlds have equal digests."""
        parts: list[Any] = [
            self.world.clock.now_us,
            [[f.at_us, dict(f.data)] for f in self.parts.post.mails],
            self.world.clock.pending(),
            self.parts.cloudwatch.digest(),
            self.parts.cloudtrail.digest(),
        ]
        return hashlib.blake2b(dumps(parts).encode(), digest_size=16).hexdigest()

    # -- showing
    def _card(self) -> Any:
        from labkit.views.card import lab_card

        alarms: dict[str, int] = {}
        for store in self.world.stores("cloudwatch").values():
            for alarm in store.alarms.values():
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


def _sleep_in_active_lab(seconds: float) -> bool:
    """Let the active lab's time pass instead of sleeping; False when it can't."""
    if not _LABS or seconds < 0:
        return False
    lab = _LABS[-1]
    lab = lab._lent or lab
    with lab.world.lock:
        if lab.dispatch.busy:
            return False
        lab.world.clock.run_until(lab.world.clock.now_us + int(seconds * 1_000_000))
    return True


__all__ = ["ACCOUNT", "REGION", "START", "Elapsed", "Identity", "Lab"]
