"""The one dispatch: every call to a lab, through whichever door, comes through here.

In order: identity, instant, policies, operation, record, and then the rest of the instant.

- An **outermost** call (a learner's line of code) opens an instant of its own on the clock, and
  what it causes at that instant has happened when it returns. A call made *while the clock runs an
  event* (a function, a canary) is nested: it takes no millisecond and is not journaled, since a
  replay makes it again by itself.
- An operation of ours is a function ``operation(call, /, **parameters) -> dict``. Everything else
  is asked of the backing at the level of HTTP.
- Who may not is refused after the call has got its instant and before anything is done, so that a
  refused call is journaled and recorded like any other. Root and the learner are only asked about
  where a resource's policy could forbid it to them too.
- What becomes a record is decided by a table of categories, looked up once per operation. A call
  that nobody selects pays one dictionary look-up for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from labkit.core.call import Call, Principal
from labkit.core.clock import SECOND
from labkit.core.errors import AwsError, NotImplementedYet
from labkit.core.ids import shape_uuid
from labkit.core.journal import Entry
from labkit.core.usage import Tally
from labkit.core.world import World
from labkit.gateway.codec import error_answer, normaliser, response_metadata
from labkit.gateway.constraints import checker
from labkit.gateway.event_stream import EventStream
from labkit.gateway.identity import Identities
from labkit.gateway.recording import DATA, MANAGEMENT, Category, finished, plain_text, text_of
from labkit.gateway.throttling import Throttles

Operation = Callable[..., dict[str, Any]]


class Backing(Protocol):
    """Whoever answers for the services that are not ours, at the level of HTTP."""

    def serves(self, service: str) -> bool:
        """Whether this service is mounted."""

    def answer(
        self,
        request: dict[str, Any],
        operation_model: Any,
        params: dict[str, Any],
        call: Call,
    ) -> tuple[int, dict[str, Any]]:
        """Status and parsed answer of one request, as botocore prepared it."""

    def begin(self, key: str) -> None:
        """From here on everything drawn is derived from ``key``."""

    def wait_seconds(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        answer: Mapping[str, Any],
        *,
        account: str,
        region: str,
    ) -> int:
        """How long the caller would wait for a better answer than this one (long polling)."""


class Authorizer(Protocol):
    """Whoever decides who may do what."""

    def guarded(self, service: str, operation: str) -> bool:
        """Whether even administrators are asked about, as resources there have policies."""

    def __call__(self, call: Call, params: Mapping[str, Any]) -> AwsError | None:
        """The refusal of a call; None when it is allowed."""


@dataclass(slots=True)
class _Entry:
    """What is known of an operation before any call: looked up once."""

    operation: Operation | None
    backed: bool
    category: Category
    normalise: Callable[[Any], Any] | None
    check: Callable[[dict[str, Any]], None] | None
    quotas: Mapping[str, Any]
    missing: str
    journaled: bool
    #: Whether its answer stands in CloudTrail's record.
    shown: bool
    guarded: bool
    #: The member of the answer that is a stream of events.
    stream: str | None
    #: ``service:Operation``, as the bill knows it, and how many units a call is if not one.
    item: str
    quantity: Callable[[Mapping[str, Any]], int] | None


class Dispatch:
    """See the head of this file.

    Parameters
    ----------
    world:
        Clock, facts, ports, ids, journal, stores.
    identities:
        The principals.
    operations:
        ``{(service, WireName): function}``.
    backing:
        Who answers for everything else.
    category:
        ``category(service, operation)``.
    pending:
        ``pending(service, operation)``: why an operation of the published table is not there yet.
    quotas:
        ``{service: limits}``.
    validation_codes:
        ``{service: error code}`` of the services that check parameters against their model.
    authorize:
        Who decides who may do what; without one everybody may do everything.
    """

    def __init__(
        self,
        world: World,
        identities: Identities,
        operations: Mapping[tuple[str, str], Operation],
        backing: Backing,
        category: Callable[[str, str], Category],
        pending: Callable[[str, str], str],
        quotas: Mapping[str, Mapping[str, Any]],
        validation_codes: Mapping[str, str],
        authorize: Authorizer | None = None,
    ) -> None:
        self.world = world
        self.identities = identities
        self._operations = operations
        self._backing = backing
        self._category = category
        self._pending = pending
        self._quotas = quotas
        self._validation_codes = validation_codes
        self._authorize = authorize
        self._entries: dict[tuple[str, str, str], _Entry] = {}
        #: What somebody throttles (``lab.throttle``).
        self.throttles = Throttles()
        #: Whether a trail of an account and Region asks for data events; nobody when None.
        self.logs_data: Callable[[str, str], bool] | None = None
        self._depth = 0
        self._calls_at_instant = 0
        #: Set by a replay: the instant at which the next outermost call happens.
        self.next_instant_us: int | None = None
        #: Whether a long poll lets time pass. Not in a replay: there the journal holds each look.
        self.polls_wait = True
        #: How time passes for a caller who waits, in seconds; in the live mode it really does.
        self.pass_seconds: Callable[[float], None] = self._pass_seconds
        #: Whether the call under way is a further look of a long poll: no request of its own.
        self.looking = False
        #: How many calls came in, and how many of them became facts.
        self.seen = 0
        self.recorded = 0
        world.clock.before_event = self.begin

    @property
    def busy(self) -> bool:
        """Whether a call or an event of the clock is under way (ask with the lock held)."""
        return self._depth > 0 or self.world.clock.running

    def is_ours(self, service: str, name: str) -> bool:
        """Whether an operation is answered here and not by the backing."""
        return (service, name) in self._operations

    def validation_code(self, service: str) -> str:
        """The error code of a service for parameters that break its model."""
        return self._validation_codes.get(service, "ValidationException")

    def begin(self, key: str) -> None:
        """Derive every id from ``key`` until the next call or event."""
        self.world.ids.begin(key)
        self._backing.begin(key)

    # -- a call
    def call(
        self,
        service_model: Any,
        operation_model: Any,
        params: dict[str, Any],
        *,
        principal: Principal,
        region: str,
        **more: Any,
    ) -> tuple[int, dict[str, Any]]:
        """:meth:`invoke`, and for a long poll let time pass until there is something to answer.

        The clock stands still while a call is answered, so a queue that is asked to wait would
        wait for ever; the caller asks again each second of virtual time instead.
        """
        status, answer = self.invoke(
            service_model, operation_model, params, principal=principal, region=region, **more
        )
        waits = operation_model.name == "ReceiveMessage" and status == 200
        if waits and self.polls_wait and not self.busy:
            left = self._backing.wait_seconds(
                service_model.service_name,
                operation_model.name,
                params,
                answer,
                account=principal.account,
                region=region,
            )
            while left > 0 and status == 200 and not answer.get("Messages"):
                self.pass_seconds(1.0)
                left -= 1
                with self.world.lock:
                    self.looking = True
                    try:
                        status, answer = self.invoke(
                            service_model,
                            operation_model,
                            params,
                            principal=principal,
                            region=region,
                            **more,
                        )
                    finally:
                        self.looking = False
        return status, answer

    def _pass_seconds(self, seconds: float) -> None:
        with self.world.lock:
            self.world.clock.run_until(self.world.clock.now_us + int(seconds * SECOND))

    def invoke(
        self,
        service_model: Any,
        operation_model: Any,
        params: dict[str, Any],
        *,
        request: dict[str, Any],
        principal: Principal,
        region: str,
        source_ip: str,
        user_agent: str,
        context: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, dict[str, Any]]:
        """Answer one call: HTTP status and the parsed answer.

        Parameters
        ----------
        service_model, operation_model:
            botocore's models.
        params:
            The parameters as the caller gave them, already validated by botocore.
        request:
            botocore's request dict, for the backing.
        principal, region, source_ip, user_agent:
            Who, where, from where, with what.
        context:
            Condition keys that a service brings for what it acts for.
        """
        world = self.world
        service: str = service_model.service_name
        name: str = operation_model.name
        entry = self._entry(service_model, operation_model, service, name)
        if (service, name) in world.urgent:
            world.urgent[service, name](params)
        with world.lock:
            self.seen += 1
            clock = world.clock
            outermost = not self.busy
            now_us, request_id = self._enter(outermost, f"{service}:{name}")
            recorded = entry.category.kind == MANAGEMENT
            watched = (
                entry.category.kind == DATA
                and self.logs_data is not None
                and self.logs_data(principal.account, region)
            )
            kept = outermost and (entry.journaled or watched)
            text, params = text_of(params, recorded, kept)
            cause = clock.cause
            clock.cause = (*cause, f"{service}:{name} by {principal.arn}")
            call = self._call_of(
                entry, service, name, now_us, request_id, principal, region, source_ip, user_agent,
                context,
            )  # fmt: skip
            self._depth += 1
            try:
                status, answer, error = self._run(entry, call, operation_model, params, request)
            finally:
                self._depth -= 1
                clock.cause = cause
            if kept:
                self._note(call, text, error)
            if status != 501 and not (outermost and self.looking):
                self._meter(entry, call, outermost, params)
            if recorded and world.facts.heard("call.finished"):
                self._record(call, entry.category, text, answer, error)
            elif watched:
                self._record(call, entry.category, plain_text(params), {}, error)
            if outermost:
                clock.drain_instant()
            return status, answer

    def _enter(self, outermost: bool, what: str) -> tuple[int, str]:
        """The instant of a call and its request id; an outermost one opens an instant."""
        world = self.world
        if outermost:
            now_us = world.clock.open_instant(self.next_instant_us)
            self.next_instant_us = None
            self._calls_at_instant = 0
        else:
            now_us = world.clock.now_us
            self._calls_at_instant += 1
        key = f"{now_us}|{what}|{self._calls_at_instant}"
        if outermost:
            self.begin(key)
        return now_us, shape_uuid(world.ids.digest("request", key).hex())

    def _call_of(
        self,
        entry: _Entry,
        service: str,
        name: str,
        now_us: int,
        request_id: str,
        principal: Principal,
        region: str,
        source_ip: str,
        user_agent: str,
        context: Mapping[str, str],
    ) -> Call:
        world = self.world
        return Call(
            service,
            name,
            principal.account,
            region,
            now_us,
            principal,
            request_id,
            source_ip,
            user_agent,
            world.clock.cause,
            world.store(service, principal.account, region),
            world.facts,
            world.ports,
            world.ids,
            entry.quotas,
            context,
        )

    def _note(self, call: Call, text: str, error: AwsError | None) -> None:
        """Write a call into the journal."""
        self.world.journal.note(
            Entry(
                call.now_us,
                "call",
                call.principal.access_key_id,
                call.region,
                f"{call.service}:{call.operation}",
                text,
                call.user_agent,
                error.code if error else "",
                self.looking,
            )
        )

    def nested(self, *models: Any, **call: Any) -> tuple[int, dict[str, Any]]:
        """:meth:`invoke` for a call that happens inside something else, whoever asks for it."""
        with self.world.lock:
            self._depth += 1
            try:
                return self.invoke(*models, **call)
            finally:
                self._depth -= 1

    def _run(
        self,
        entry: _Entry,
        call: Call,
        operation_model: Any,
        params: dict[str, Any],
        request: dict[str, Any],
    ) -> tuple[int, dict[str, Any], AwsError | None]:
        """Policies, then the operation: status, parsed answer, and the error if it is one."""
        try:
            if self.throttles:
                refused = self.throttles.refusal(operation_model, call.now_us)
                if refused is not None:
                    raise refused
            known = call.principal.access_key_id in self.identities.administrators
            if self._authorize is not None and (entry.guarded or not known):
                refused = self._authorize(call, params)
                if refused is not None:
                    raise refused
            if entry.operation is not None:
                if entry.check is not None:
                    entry.check(params)
                if entry.normalise is not None:
                    params = entry.normalise(params)
                answer = entry.operation(call, **params)
                if entry.stream is not None:
                    events = EventStream(iter(answer[entry.stream]), self, call.operation)
                    answer = {**answer, entry.stream: events}
                answer["ResponseMetadata"] = response_metadata(call.request_id)
                return 200, answer, None
            if not entry.backed:
                raise NotImplementedYet(call.service, call.operation, entry.missing)
            if "answered" in request:  # the bytes go on as they are; does anybody read them here?
                request["unread"] = not entry.shown and call.operation != "ReceiveMessage"
            status, answer = self._backing.answer(request, operation_model, params, call)
            if status < 300:
                return status, answer, None
            told = answer.get("Error", {})
            refusal = AwsError(told.get("Code", ""), told.get("Message", ""), status=status)
            return status, answer, refusal
        except AwsError as problem:
            model = operation_model.service_model
            return problem.status, error_answer(problem, model, call.request_id), problem

    def _meter(self, entry: _Entry, call: Call, outermost: bool, params: Mapping[str, Any]) -> None:
        """Count the call for the bill, apart when a replay will not make it again."""
        meters = self.world.meters
        tallies = meters.tallies if entry.journaled or not outermost else meters.reads
        key = (entry.item, call.account, call.region)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = Tally()
        if entry.quantity is None and tally.totals is None:
            tally.times.append(call.now_us)
        else:
            tally.add(call.now_us, 1 if entry.quantity is None else entry.quantity(params))

    def _record(
        self,
        call: Call,
        category: Category,
        request: str,
        answer: dict[str, Any],
        error: AwsError | None,
    ) -> None:
        self.recorded += 1
        call.publish("call.finished", finished(call, category, request, answer, error))

    def _entry(self, service_model: Any, operation_model: Any, service: str, name: str) -> _Entry:
        key = (service, name, service_model.resolved_protocol)
        entry = self._entries.get(key)
        if entry is None:
            operation = self._operations.get((service, name))
            category = self._category(service, name)
            code = self._validation_codes.get(service)
            checked = code is not None and not getattr(operation, "own_checks", False)
            entry = self._entries[key] = _Entry(
                operation=operation,
                backed=operation is None and self._backing.serves(service),
                category=category,
                normalise=normaliser(operation_model.input_shape, key[2]),
                check=checker(operation_model.input_shape, code or "") if checked else None,
                quotas=self._quotas.get(service, {}),
                missing=self._pending(service, name),
                journaled=category.kind == MANAGEMENT or not category.read_only,
                shown=category.shown,
                guarded=self._authorize is not None and self._authorize.guarded(service, name),
                stream=getattr(operation_model.output_shape, "event_stream_name", None),
                item=f"{service}:{name}",
                quantity=getattr(operation, "metered", None),
            )
        return entry
