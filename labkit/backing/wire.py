"""Between botocore's request and moto's answer: what the gateway's dispatch asks of the backing.

botocore hands over a request that is serialised and not yet signed or sent; moto wants HTTP and
answers HTTP; the caller wants the parsed answer. The way through bytes is on purpose: the very
same bytes come in through the HTTP door, so both doors give one answer.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from functools import cache
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from labkit.backing.backed import SERVICES
from labkit.backing.moto_dispatch import Answer as HttpAnswer
from labkit.backing.mount import MotoWorld
from labkit.backing.site import Answer
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError

#: Body, parameters and call -> the answer as it goes over the wire.
OwnAnswer = Callable[[bytes, Mapping[str, Any], Call], HttpAnswer]


class Backing:
    """The backing of one lab (``labkit.gateway.dispatch.Backing``).

    Parameters
    ----------
    world:
        moto's world of the lab.
    """

    def __init__(self, world: MotoWorld) -> None:
        self.world = world
        #: What services of this folder answer in front of moto.
        self.answers: dict[tuple[str, str], Answer] = {}
        #: Operations answered on the wire's own terms, status and headers too, and not by moto.
        self.own: dict[tuple[str, str], OwnAnswer] = {}
        self._key = ""
        self._seeded = True

    def serves(self, service: str) -> bool:
        """Whether this service is mounted."""
        return service in SERVICES

    def begin(self, key: str) -> None:
        """From here on everything moto draws derives from ``key``.

        Noted only: most calls and events never come to moto, which need not be loaded for them.
        """
        self._key = key
        self._seeded = False

    def seed(self) -> None:
        """Seed moto with the key noted last, once; for work that reaches moto without a request."""
        if not self._seeded:
            self._seeded = True
            self.world.reseed(self._key)

    def answer(
        self,
        request: dict[str, Any],
        operation_model: Any,
        params: dict[str, Any],
        call: Call,
    ) -> tuple[int, dict[str, Any]]:
        """Status and parsed answer of one request, as botocore prepared it.

        Parameters
        ----------
        request:
            botocore's request dict: method, url, headers, body. The HTTP door's has a place for the
            raw answer ("answered"), and says whether anybody reads the parsed one ("unread").
        operation_model, params:
            The operation and its parameters.
        call:
            Who calls, and where the call acts.

        Raises
        ------
        AwsError
            For what is refused here, before moto sees it.
        """
        self.seed()
        special = _SPECIAL.get((call.service, call.operation))
        if special is not None:
            told = special(self.world, params, call)
            if told is not None:
                return 200, {**told, "ResponseMetadata": _metadata(call, 200, {})}
        _sum_up(request)
        ours = self.answers.get((call.service, call.operation))
        if ours is not None:
            told = ours(params, call)
            if told is not None:
                return 200, {**told, "ResponseMetadata": _metadata(call, 200, {})}
        headers = {
            name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for name, value in request["headers"].items()
        }
        headers["Authorization"] = _authorization(call)
        outer, self.world.call = self.world.call, call
        own = self.own.get((call.service, call.operation))
        try:
            if own is not None:
                answer = own(_body(request["body"]), params, call)
            else:
                answer = self.world.respond(
                    request["method"],
                    request["url"],
                    headers,
                    _body(request["body"]),
                    account=call.account,
                    region=call.region,
                    service=call.service,
                )
        finally:
            self.world.call = outer
        if "answered" in request:  # the HTTP door sends on the very bytes
            request["answered"] = (answer.status, answer.headers, answer.body)
            if request.get("unread") and answer.status < 300:
                return answer.status, {"ResponseMetadata": _metadata(call, answer.status, {})}
        return answer.status, self._parsed(answer, operation_model, call)

    @staticmethod
    def _parsed(answer: HttpAnswer, operation_model: Any, call: Call) -> dict[str, Any]:
        """An answer of moto's as botocore would have parsed it."""
        plain = {name.lower(): value for name, value in answer.headers.items()}
        plain["x-amzn-requestid"] = call.request_id
        body: Any = answer.body
        if answer.status < 300:
            if operation_model.has_event_stream_output:
                body = _Events(answer.body)
            elif operation_model.has_streaming_output:
                body = _stream(answer.body)
        parsed: dict[str, Any] = _parser(operation_model.service_model.resolved_protocol).parse(
            {
                "headers": _headers(plain),
                "status_code": answer.status,
                "body": body,
                "context": {"operation_name": operation_model.name},
            },
            operation_model.output_shape,
        )
        if call.operation == "GetBucketLocation" and answer.status == 200:
            # botocore can't model this answer and parses it in a handler, from the raw response.
            parsed["LocationConstraint"] = ElementTree.fromstring(answer.body).text
        metadata = parsed.get("ResponseMetadata", {})
        parsed["ResponseMetadata"] = {**metadata, **_metadata(call, answer.status, plain)}
        return parsed


def _metadata(call: Call, status: int, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "RequestId": call.request_id,
        "HTTPStatusCode": status,
        "HTTPHeaders": {**headers, "x-amzn-requestid": call.request_id},
        "RetryAttempts": 0,
    }


def _authorization(call: Call) -> str:
    """A signature's form without a signature: moto reads the access key from it."""
    scope = f"{call.principal.access_key_id}/20260105/{call.region}/{call.service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=labkit"


def _sum_up(request: dict[str, Any]) -> None:
    """Add the checksum that botocore works out only after it has asked who answers the call.

    Over the wire it may come behind the body of an upload; here it is a header like any other.
    """
    checksum = request.get("context", {}).get("checksum", {})
    algorithm = checksum.get("request_algorithm")
    if isinstance(algorithm, dict) and "answered" not in request:
        from botocore.httpchecksum import apply_request_checksum

        algorithm["in"] = "header"
        apply_request_checksum(request)


def _body(body: Any) -> bytes:
    """The bytes of a body as botocore may hold it: form fields, text, bytes, a file."""
    if not body:
        return b""
    if isinstance(body, dict):
        fields = [
            (key, value.encode("utf-8") if isinstance(value, str) else value)
            for key, value in body.items()
        ]
        return urlencode(fields, doseq=True).encode("ascii")
    if hasattr(body, "read"):
        # Read from where the caller left it, and leave it there: the caller may send it again.
        place = body.tell() if hasattr(body, "seek") else None
        data = body.read()
        if place is not None:
            body.seek(place)
        return data.encode("utf-8") if isinstance(data, str) else bytes(data)
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)


def _headers(plain: dict[str, str]) -> Any:
    from botocore.compat import HTTPHeaders

    return HTTPHeaders.from_dict(plain)


def _stream(body: bytes) -> Any:
    from botocore.response import StreamingBody

    return StreamingBody(io.BytesIO(body), len(body))


class _Events(io.BytesIO):
    """What botocore reads a stream of events from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@cache
def _parser(protocol: str) -> Any:
    from botocore.parsers import create_parser

    return create_parser(protocol)


# -- answered or refused before moto --------------------------------------------------------------
def _caller(world: MotoWorld, params: dict[str, Any], call: Call) -> dict[str, Any]:
    """moto knows only keys of its own making; the gateway knows who calls."""
    who = call.principal
    return {"UserId": who.principal_id, "Account": who.account, "Arn": who.arn}


def _own_user(world: MotoWorld, params: dict[str, Any], call: Call) -> dict[str, Any] | None:
    """``iam:GetUser`` without a name means the caller; moto would answer "default_user"."""
    who = call.principal
    if params.get("UserName") or who.kind not in ("IAMUser", "Root"):
        return None
    with world.held():
        known = world.backend("iam", who.account, call.region).users.get(who.name)
        born = to_datetime(world.born_us) if known is None else known.create_date
    user = {"UserId": who.principal_id, "Arn": who.arn, "CreateDate": born.replace(tzinfo=UTC)}
    if who.kind == "IAMUser":
        user |= {"Path": "/" if known is None else known.path, "UserName": who.name}
    return {"User": user}


def _role_must_exist(world: MotoWorld, params: dict[str, Any], call: Call) -> None:
    """moto lets anybody assume a role that nobody made; AWS answers that they may not."""
    arn = str(params.get("RoleArn", ""))
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "iam":
        with world.held():
            roles = world.backend("iam", parts[4], call.region).roles.values()
            if any(role.arn == arn for role in roles):
                return
    raise AwsError(
        "AccessDenied",
        f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: "
        f"{arn}",
        status=403,
    )


_SPECIAL = {
    ("sts", "GetCallerIdentity"): _caller,
    ("sts", "AssumeRole"): _role_must_exist,
    ("iam", "GetUser"): _own_user,
}
