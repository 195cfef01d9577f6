"""The in-process door: boto3 clients of this process talk to the active lab.

``botocore``'s ``before-call`` event comes after a request was validated and serialised and before
it is signed; a handler that answers it ends the call there. So parameter errors are botocore's
own, and no credentials are ever needed.

The handler is attached by wrapping ``BaseClient._make_api_call`` once. Patching the *creation* of
clients would miss every client, session and module-level ``boto3.resource`` made before the lab.

Which lab answers: a client made by ``lab.client`` belongs to that lab for life; any other client
belongs to whichever lab is active at the moment of the call. The active lab is a process global
and no context variable, since s3transfer calls from threads of its own.

A client whose endpoint was set by hand to something that is not AWS (a local DynamoDB, a
``labkit serve``) goes over the wire as it was told to.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labkit.core.errors import LabClosed
from labkit.core.ids import shape_uuid
from labkit.gateway import client_making, retries
from labkit.gateway.endpoints import KeptEndpoints
from labkit.gateway.long_lists import shortened
from labkit.gateway.real_hosts import is_aws_host
from labkit.gateway.user_agents import KeptAgent, plain_agent

if TYPE_CHECKING:
    from labkit.core.call import Principal
    from labkit.gateway.dispatch import Dispatch

_LAB_MARK = "_labkit_door"
_PRINCIPAL_MARK = "_labkit_principal"
_AGENT_MARK = "_labkit_agent"
_ATTACHED = "_labkit_attached"


class Door:
    """One lab's in-process door.

    Parameters
    ----------
    dispatch:
        Where calls go.
    """

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch
        self.open = True
        #: The learner's laptop, an address of the range that documents use.
        self.source_ip = "203.0.113.10"
        self._tokens = 0

    def restart(self) -> None:
        """Count tokens from the beginning, for a lab that begins again."""
        self._tokens = 0

    def token(self) -> str:
        """An idempotency token: the same in the same notebook, never the same twice.

        It counts, since two threads may ask at one instant and EC2 takes a repeated token for a
        repeated call. A replay does not ask: its calls carry the tokens of the journal.
        """
        self._tokens += 1
        ids = self.dispatch.world.ids
        return shape_uuid(ids.digest("token", self._tokens).hex())


class Frame:
    """One call under way: the client, its parameters, and the door that answers on the wire."""

    __slots__ = ("client", "params", "stays", "wire")

    def __init__(self, client: Any, params: dict[str, Any]) -> None:
        self.client = client
        self.params = params
        #: Nobody reads the bytes that botocore makes of it.
        self.stays = False
        #: Set for a call that goes on to ``before-send`` (:mod:`labkit.gateway.retries`).
        self.wire: Door | None = None


class _Frames(threading.local):
    """The calls under way in this thread, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Frame] = []


class Hook:
    """Wraps botocore once per process and knows the open doors, newest last."""

    def __init__(self) -> None:
        self.doors: list[Door] = []
        self._frames = _Frames()
        self._original: Any = None

    # -- doors
    @property
    def active(self) -> Door | None:
        """The door of the newest open lab."""
        return self.doors[-1] if self.doors else None

    def open(self, door: Door) -> None:
        """Make ``door`` the active one."""
        self._install()
        self.doors.append(door)

    def close(self, door: Door) -> None:
        """Close ``door``; the one opened before it is active again."""
        door.open = False
        if door in self.doors:
            self.doors.remove(door)

    def bind(
        self, client: Any, door: Door, principal: Principal | None = None, agent: str | None = None
    ) -> Any:
        """Let ``client`` belong to ``door`` (and speak for ``principal``) until bound anew.

        ``agent`` replaces the user agent: a replay repeats the one that was journaled.
        """
        setattr(client, _LAB_MARK, door)
        setattr(client, _PRINCIPAL_MARK, principal)
        setattr(client, _AGENT_MARK, agent)
        self._install()
        return client

    # -- botocore
    def _install(self) -> None:
        if self._original is not None:
            return
        from botocore.client import BaseClient

        original = self._original = BaseClient._make_api_call
        frames = self._frames
        hook = self

        def _make_api_call(client: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
            if not hook.doors and not hasattr(client, _LAB_MARK):
                return original(client, operation_name, api_params)
            if not hasattr(client, _ATTACHED):
                events = client.meta.events
                events.register_first("before-call", hook._before_call)
                events.register_first("choose-signer", hook._choose_signer)
                # Last: the adaptive mode holds a request back here.
                events.register_last("before-send", hook._before_send)
                client._user_agent_creator = KeptAgent(client._user_agent_creator, hook._staying)
                if client._ruleset_resolver is not None:
                    kept = KeptEndpoints(client._ruleset_resolver, hook._staying)
                    client._ruleset_resolver = kept
                setattr(client, _ATTACHED, True)
            api_params = hook._with_tokens(client, operation_name, api_params)
            frame = Frame(client, api_params)
            frames.stack.append(frame)
            if hook._stays_here(client):
                frame.stays = True
                api_params = shortened(operation_name, api_params)
            try:
                return original(client, operation_name, api_params)
            finally:
                frames.stack.pop()

        BaseClient._make_api_call = _make_api_call
        client_making.install()
        retries.install(lambda: frames.stack[-1] if frames.stack else None, lambda: hook.active)

    def _stays_here(self, client: Any) -> bool:
        """Whether nobody reads the bytes that botocore makes of a client's calls.

        They are read where operations are throttled (:mod:`labkit.gateway.retries`), and by whoever
        listens at an endpoint of the client's own.
        """
        door: Door | None = getattr(client, _LAB_MARK, None) or self.active
        return (
            door is not None
            and not door.dispatch.throttles
            and _is_aws_url(client.meta.endpoint_url)
        )

    def _staying(self) -> bool:
        """Whether the call under way stays in the kernel."""
        stack = self._frames.stack
        return bool(stack) and stack[-1].stays

    def _with_tokens(
        self, client: Any, operation_name: str, api_params: dict[str, Any]
    ) -> dict[str, Any]:
        """Fill in the idempotency tokens that botocore would draw from the machine's chance."""
        model = client._service_model.operation_model(operation_name)
        missing = [name for name in model.idempotent_members if name not in api_params]
        door: Door | None = getattr(client, _LAB_MARK, None) or self.active
        if not missing or door is None:
            return api_params
        return api_params | {name: door.token() for name in missing}

    def _before_call(
        self, model: Any, params: dict[str, Any], request_signer: Any, **_: Any
    ) -> tuple[LabResponse, dict[str, Any]] | None:
        stack = self._frames.stack
        if not stack:
            return None  # the client outlived its lab and no lab is active: the wire it is
        frame = stack[-1]
        client = frame.client
        door: Door | None = getattr(client, _LAB_MARK, None) or self.active
        if door is None or not _is_aws_url(params["url"]):
            return None
        if not door.open:
            raise LabClosed(
                "this client belongs to a lab that is closed; make a new one with lab.client(...)"
            )
        dispatch = door.dispatch
        if (
            dispatch.throttles
            and dispatch.polls_wait  # in a replay each attempt is a line of the journal
            and dispatch.throttles.concerns(model.service_model.service_name, model.name)
        ):
            frame.wire = door
            return None
        status, answer = call_from_botocore(
            door, client, model, params, frame.params, request_signer
        )
        if (client.meta.config.user_agent or "").startswith("aws-cli/"):
            answer = _as_on_the_wire(answer, client.meta.service_model.resolved_protocol)
        return LabResponse(status, answer), answer

    def _choose_signer(self, **_: Any) -> Any:
        stack = self._frames.stack
        if not stack or stack[-1].wire is None:
            return None
        from botocore import UNSIGNED

        return UNSIGNED

    def _before_send(self, request: Any, event_name: str, **_: Any) -> Any:
        stack = self._frames.stack
        if not stack or stack[-1].wire is None:
            return None
        frame = stack[-1]
        model = frame.client._service_model.operation_model(event_name.rpartition(".")[2])
        return retries.send(frame, request, model)


def principal_of(client: Any, door: Door, request_signer: Any) -> Principal:
    """Who calls: whom the client is bound to, or whose credentials it has."""
    bound: Principal | None = getattr(client, _PRINCIPAL_MARK, None)
    if bound is not None:
        return bound
    credentials = request_signer._credentials
    return door.dispatch.identities.by_key(
        credentials.access_key if credentials is not None else None
    )


def region_of(client: Any) -> str:
    """The region of a client's calls."""
    region: str | None = client.meta.region_name
    return "us-east-1" if region is None or region == "aws-global" else region


def call_from_botocore(
    door: Door,
    client: Any,
    model: Any,
    request: dict[str, Any],
    api_params: dict[str, Any],
    request_signer: Any,
) -> tuple[int, dict[str, Any]]:
    """Hand one call, as botocore prepared it, to the door's dispatch."""
    dispatch = door.dispatch
    if model.has_streaming_input:
        api_params = _with_body_read(model, request, api_params)
    agent = getattr(client, _AGENT_MARK, None) or request["headers"].get("User-Agent", "")
    return dispatch.call(
        model.service_model,
        model,
        api_params,
        request=request,
        principal=principal_of(client, door, request_signer),
        region=region_of(client),
        source_ip=door.source_ip,
        user_agent=plain_agent(
            agent if isinstance(agent, str) else agent.decode("ascii", "replace")
        ),
    )


def _as_on_the_wire(value: Any, protocol: str) -> Any:
    """An answer whose times and blobs are what the wire carries.

    The AWS CLI leaves times alone, prints them as they came, and parses them itself where it needs
    them: a datetime would stop ``aws s3 ls``. Blobs it takes as base64 text in the same way.
    """
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, datetime):
        if protocol in ("query", "ec2", "rest-xml"):
            text = value.replace(tzinfo=None).isoformat(timespec="milliseconds")
            return (text.removesuffix(".000") if protocol == "query" else text) + "Z"
        return value.timestamp()
    if isinstance(value, dict):
        return {key: _as_on_the_wire(one, protocol) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_on_the_wire(one, protocol) for one in value]
    return value


@lru_cache(maxsize=512)
def _is_aws_url(url: str) -> bool:
    return is_aws_host(urlsplit(url).hostname)


def _with_body_read(
    model: Any, request: dict[str, Any], api_params: dict[str, Any]
) -> dict[str, Any]:
    """Read a stream that can be read only once: journal and backing both need it."""
    member = model.input_shape.serialization.get("payload")
    body = api_params.get(member)
    if body is None or not hasattr(body, "read") or hasattr(body, "seek"):
        return api_params
    data = body.read()
    request["body"] = data
    return {**api_params, member: data}


class LabResponse:
    """What botocore's ``after-call`` handlers see in place of an HTTP response."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        self.status_code = status
        self.headers: dict[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.content = b""
        self.text = ""
        # botocore's handler of GetBucketLocation reads the raw answer when there is one.
        self.raw = None


#: The one hook of this process.
HOOK = Hook()
