"""Lambda functions that really run: which, who may, and every way that leads to one.

======================================  =========  ===============================================
way                                     waits      in
======================================  =========  ===============================================
``lambda:Invoke``, RequestResponse      yes        ``function_api.py``
``lambda:Invoke``, Event                no         ``function_events.py``: tries, destinations
alarms, rules and whoever delivers      no         :meth:`Functions.invoke`
topics and buckets                      no         :meth:`Functions.notified`
queues and streams                      polled     ``event_sources.py``
moto's own services (secrets)           yes        :meth:`Functions.internal`
======================================  =========  ===============================================

What runs is in ``function_invocation.py``; how, in ``function_workers.py``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from labkit.backing import moto_lambda
from labkit.backing.event_sources import Sources
from labkit.backing.function_environments import Environments, Function
from labkit.backing.function_events import Events
from labkit.backing.function_invocation import CallBack, Invocation, Runner
from labkit.backing.function_traces import Tracer
from labkit.backing.mount import MotoWorld
from labkit.core.call import Principal
from labkit.core.clock import Handler
from labkit.core.errors import AwsError
from labkit.core.traces import TraceHeader
from labkit.core.verdict import Verdict
from labkit.core.world import World

Judge = Callable[[Principal, str, str, Mapping[str, Any]], Verdict[bool]]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Functions:
    """The functions of one lab.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    world:
        Clock, facts, ports, ids.
    noise_seed:
        What durations are drawn from; the world's seed when left out.
    reseed:
        Lets moto draw from the call or event under way, if it does not already.
    """

    def __init__(
        self,
        moto: MotoWorld,
        world: World,
        noise_seed: int | None = None,
        reseed: Callable[[], None] = lambda: None,
    ) -> None:
        self._moto = moto
        self._world = world
        self._reseed = reseed
        self._environments = Environments()
        seed = world.seed if noise_seed is None else noise_seed
        self._runner = Runner(world, seed, self._environments)
        self._runner.tell = moto.afterwards
        self._runner.may_log = self._may_log
        self._runner.tracer.may_trace = self._may_trace
        self._judge: Judge | None = None
        self._events = Events(self, world)
        self._sources = Sources(self, moto, world)
        moto.listen("lambda", self)
        # A lab that nobody closes shall not leave processes behind.
        self._closed = weakref.finalize(self, self._environments.close)

    def register(self, name: str, handler: Handler) -> None:
        """Make a handler known to the clock; when it runs, moto draws from the event."""

        def run(payload: dict[str, Any]) -> None:
            self._reseed()
            handler(payload)

        self._world.clock.register(name, run)

    def connect(self, call_back: CallBack, judge: Judge) -> None:
        """Who answers functions' own calls, and who decides what somebody may do."""
        self._runner.call_back = call_back
        self._judge = judge

    def close(self) -> None:
        """End all workers."""
        self._environments.close()

    @property
    def tracer(self) -> Tracer:
        """What is sent to X-Ray of invocations."""
        return self._runner.tracer

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers that live."""
        return self._environments.workers()

    @property
    def guard_seconds(self) -> float:
        """How long a function may compute, in the machine's time, before it counts as hanging."""
        return self._runner.guard_seconds

    @guard_seconds.setter
    def guard_seconds(self, seconds: float) -> None:
        self._runner.guard_seconds = seconds

    # -- invoking
    def invoke(
        self,
        arn: str,
        payload: bytes,
        *,
        principal: str,
        asynchronous: bool = False,
        source_arn: str = "",
    ) -> Invocation:
        """Invoke a function for a service or a role.

        Parameters
        ----------
        arn:
            Of the function, with or without a version or alias.
        payload:
            The event, JSON.
        principal:
            A service's name (``lambda.alarms.cloudwatch.amazonaws.com``), which the function's
            policy must allow, or a role's ARN, whose policies must. Empty for nobody to ask.
        asynchronous:
            Whether the event is only taken here, and run (up to three times) afterwards.
        source_arn:
            On whose account a service comes: what the policy's ``AWS:SourceArn`` is compared with.

        Returns
        -------
        Invocation
            ``error_type`` ``ResourceNotFoundException`` and ``AccessDenied`` say why it was not
            run; other errors are the function's own.
        """
        try:
            function = self.find(arn)
        except AwsError as problem:
            return Invocation(False, error_type=problem.code, error_message=problem.message)
        refused = self._refused(arn, principal, source_arn)
        if refused:
            return Invocation(False, error_type="AccessDenied", error_message=refused)
        request_id = self._world.ids.uuid()
        text = payload.decode("utf-8", "replace") or "{}"
        if asynchronous:
            return self.accept(arn, text, request_id)
        return self.run(function, text, request_id=request_id, invoked_arn=arn)

    def accept(self, arn: str, payload: str, request_id: str) -> Invocation:
        """Take an event that is run afterwards."""
        self._events.accept(arn, payload, request_id)
        return Invocation(True, request_id=request_id)

    def run(
        self,
        function: Function,
        payload: str,
        *,
        request_id: str,
        invoked_arn: str,
        attempt: int = 0,
        waits: bool = True,
        client_context: str = "",
        trace: str = "",
        links: Sequence[TraceHeader] = (),
    ) -> Invocation:
        """Run a function once: see :meth:`Runner.run`."""
        return self._runner.run(
            function,
            payload,
            request_id=request_id,
            invoked_arn=invoked_arn,
            role=self.role_of(function),
            attempt=attempt,
            waits=waits,
            client_context=client_context,
            trace=trace,
            links=links,
        )

    def measure(self, function: Function, name: str, value: float, unit: str = "Count") -> None:
        """One metric of a function."""
        self._runner.measure(function, [(name, value, unit)])

    # -- which function
    def find(self, arn: str, qualifier: str | None = None) -> Function:
        """The version that an ARN means, an alias resolved.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException`` when there is none.
        """
        parts = arn.split(":")
        if len(parts) < 7 or parts[2] != "lambda" or parts[5] != "function":
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", status=404)
        account, region, name = parts[4], parts[3], parts[6]
        qualifier = parts[7] if len(parts) > 7 else qualifier
        with self._moto.held():
            from moto.awslambda.exceptions import UnknownFunctionException

            found = None
            with suppress(UnknownFunctionException, KeyError):  # a region that there is not
                backend = self._moto.backend("lambda", account, region)
                found = backend.get_function(name, self._weighted(backend, name, qualifier))
            if found is None:
                raise AwsError(
                    "ResourceNotFoundException", f"Function not found: {arn}", status=404
                )
            return _function(backend, found)

    def _weighted(self, backend: Any, name: str, qualifier: str | None) -> str | None:
        """The qualifier, or by chance another version that an alias sends a share to."""
        if qualifier is None or qualifier == "$LATEST" or qualifier.isdigit():
            return qualifier
        aliases = backend._lambdas._get_function_aliases(name)
        alias = aliases.get(qualifier)
        weights = (alias.routing_config or {}).get("AdditionalVersionWeights") if alias else None
        if not weights:
            return qualifier
        place = int(self._world.ids.hex(8), 16) / 0x1_0000_0000
        for version, weight in sorted(weights.items()):
            place -= weight
            if place < 0:
                return str(version)
        return qualifier

    def event_config(self, arn: str) -> dict[str, Any]:
        """How a function wants its asynchronous events tried (EventInvokeConfig)."""
        parts = arn.split(":")
        with self._moto.held():
            backend = self._moto.backend("lambda", parts[4], parts[3])
            known = backend.get_function(parts[6]).event_invoke_config
            return dict(known[0].config) if known else {}

    # -- who may
    def role_of(self, function: Function) -> Principal:
        """Who a function is when it calls: a session of its role, named after the function."""
        return self.session(function.role, function.name, function.region, function.arn)

    def session(self, role: str, session: str, region: str, of: str = "") -> Principal:
        """A session of a role, for what runs in its name: a function, a canary.

        Parameters
        ----------
        role, session, region:
            The role's ARN, the session's name, where.
        of:
            Whose key it gets; the session's when left out.
        """
        ids = self._world.ids
        account, name = role.split(":")[4], role.rpartition("/")[2]
        with self._moto.held():
            roles = self._moto.backend("iam", account, region).roles.values()
            role_id = next((str(one.id) for one in roles if one.arn == role), "")
        role_id = role_id or "AROA" + _letters(ids.digest("role", role))
        return Principal(
            kind="AssumedRole",
            account=account,
            arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            principal_id=f"{role_id}:{session}",
            access_key_id="ASIA" + _letters(ids.digest("function", of or session, role)),
            name=session,
            issuer_arn=role,
            issuer_id=role_id,
        )

    def may(self, who: Principal, action: str, resource: str, source_arn: str = "") -> bool:
        """Whether somebody may do something; everybody may while nobody judges."""
        if self._judge is None:
            return True
        given: dict[str, Any] = {}
        if source_arn:
            given["aws:SourceArn"] = source_arn
            account = source_arn.split(":")[4] if source_arn.count(":") > 4 else ""
            if account:
                given["aws:SourceAccount"] = account
        return bool(self._judge(who, action, resource, given).value)

    def _refused(self, arn: str, principal: str, source_arn: str) -> str:
        if not principal or self.may(_who(principal), "lambda:InvokeFunction", arn, source_arn):
            return ""
        return (
            f"{principal} is not authorized to perform: lambda:InvokeFunction on resource: {arn}; "
            "give it permission with AddPermission"
        )

    def _may_log(self, who: Principal, function: Function, stream: str) -> bool:
        resource = (
            f"arn:aws:logs:{function.region}:{function.account}:log-group:{function.log_group}"
            f":log-stream:{stream}"
        )
        ports, needed = self._world.ports, ["logs:CreateLogStream", "logs:PutLogEvents"]
        place = function.account, function.region, function.log_group
        if ports.answered("log_group_exists") and not ports.log_group_exists(*place):
            needed.append("logs:CreateLogGroup")
        return all(self.may(who, action, resource) for action in needed)

    def _may_trace(self, who: Principal) -> bool:
        return self.may(who, "xray:PutTraceSegments", "*")

    # -- told and asked by moto's models (moto_lambda.LambdaListener)
    def internal(self, function: Any, body: str) -> tuple[bytes, bool]:
        """One of moto's services invokes a function and waits: payload, and whether it failed."""
        arn = str(function.function_arn)
        done = self.run(self.find(arn), body, request_id=self._world.ids.uuid(), invoked_arn=arn)
        return done.payload, not done.ok

    def notified(self, arn: str, payload: str, principal: str, source_arn: str) -> str:
        """A service invokes a function and does not wait; the error code when it may not."""
        taken = self.invoke(
            arn,
            payload.encode(),
            principal=principal,
            asynchronous=True,
            source_arn=source_arn,
        )
        return taken.error_type

    def trusted(self, role_arn: str) -> bool:
        """Whether Lambda may assume a role."""
        return self.may(_who("lambda.amazonaws.com"), "sts:AssumeRole", role_arn)

    def traces(self, role_arn: str) -> bool:
        """Whether a role may send segments to X-Ray."""
        return self._may_trace(_who(role_arn))

    def changed(self, function_arn: str) -> None:
        """A function has changed or is gone: its environments are."""
        plain = ":".join(function_arn.split(":")[:7])
        self._environments.forget(plain)

    def mapped(self, mapping: Any) -> None:
        """An event source mapping was made or changed; raise to refuse it."""
        self._sources.mapped(mapping)

    def unmapped(self, uuid: str) -> None:
        """An event source mapping is gone."""
        self._sources.unmapped(uuid)

    def arrived(self, source_arn: str) -> None:
        """Something arrived in a queue or stream."""
        self._sources.arrived(source_arn)


class AlreadyAsked:
    """Functions for whoever has asked the policies before: a target of ``deliver``.

    Parameters
    ----------
    functions:
        The lab's.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def invoke(
        self, arn: str, payload: bytes, *, principal: str, asynchronous: bool = False
    ) -> Invocation:
        """:meth:`Functions.invoke`, without asking again whether ``principal`` may."""
        return self._functions.invoke(arn, payload, principal="", asynchronous=asynchronous)


def _letters(digest: bytes) -> str:
    return "".join(_LETTERS[byte & 31] for byte in digest[:16])


def _who(principal: str) -> Principal:
    """A service by its name, or a session of a role by the role's ARN."""
    if not principal.startswith("arn:"):
        return Principal("AWSService", "", "", principal, name=principal)
    account = principal.split(":")[4]
    return Principal("AssumedRole", account, principal, principal, issuer_arn=principal)


def _function(backend: Any, found: Any) -> Function:
    """moto's object as a value: it may change or go while the function runs."""
    logging = getattr(found, "labkit_logging", {})
    layers = []
    for layer in found.layers:
        version = backend.layers_versions_by_arn(layer["Arn"])
        if version is not None:
            layers.append((str(version.code_digest), bytes(version.code_bytes)))
    image = found.package_type == "Image"
    reserved = found.reserved_concurrency
    if reserved is None:  # a published version shares the function's reservation
        latest = backend._lambdas._functions.get(found.function_name, {}).get("latest")
        reserved = getattr(latest, "reserved_concurrency", None)
    return Function(
        arn=":".join(str(found.function_arn).split(":")[:7]),
        name=str(found.function_name),
        account=str(found.account_id),
        region=str(found.region),
        version=str(found.version),
        revision=str(getattr(found, "labkit_revision", "")),
        runtime=str(found.run_time or ""),
        handler=str(found.handler or ""),
        role=str(found.role),
        timeout_s=int(found.timeout),
        memory_mb=int(found.memory_size),
        variables={str(k): str(v) for k, v in found.environment_vars.items()},
        code=("", b"") if image else (str(found.code_digest), bytes(found.code_bytes)),
        layers=tuple(layers),
        log_group=str(logging.get("LogGroup") or f"/aws/lambda/{found.function_name}"),
        log_format=str(logging.get("LogFormat", "Text")),
        log_level=str(logging.get("ApplicationLogLevel", "")),
        dead_letter=str(getattr(found, "labkit_dead_letter", "")),
        reserved=None if reserved is None else int(reserved),
        image=image,
        tracing=str((found.tracing_config or {}).get("Mode", "PassThrough")),
    )


_SEAMS = moto_lambda
