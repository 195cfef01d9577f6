"""One attempt to hand something over: the parcel, who may, and the tools of a target.

A target is a function that gets an :class:`Errand` and hands its payload over, or raises
:class:`Refusal` with the target's own error code. Everything that targets have in common is here:
who acts, whether the policies let them, and whether another try could help.

**Who acts.** A *service* acts by itself where the target has a policy of its own (topic, queue,
function, key, bus, log group): that policy must allow the service, and may ask what it is for
(``aws:SourceArn``, ``aws:SourceAccount``). Elsewhere it acts with a *role*: the role's trust policy
must allow the service, the role's identity policies the action; such calls go through the lab's
dispatch like anybody's, so that they are recorded, with ``invokedBy``.

**AWS:SourceOwner** is how CloudWatch alarms come through a topic's default policy, which allows
everybody whose source belongs to the topic's owner. Most services do not send it: an EventBridge
rule needs a statement of its own, and that is the commonest reason why a rule's topic stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from labkit.backing.mount import MotoWorld
from labkit.backing.outside import Outside
from labkit.core.call import Principal
from labkit.core.delivery import Delivery, Parcel
from labkit.core.errors import AwsError
from labkit.core.ids import Ids
from labkit.core.jsontext import parse
from labkit.core.ports import Ports
from labkit.core.verdict import Verdict

#: Services that tell a topic whose source they act for in ``AWS:SourceOwner``.
_TELL_OWNER = frozenset({"cloudwatch.amazonaws.com", "autoscaling.amazonaws.com"})

#: Error codes of AWS's services after which another try can help.
_PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceException",
        "KMSThrottling",
        "KMS.ThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

#: Parts of error codes -> the name of the failure in a dead letter (EventBridge user guide,
#: eb-rule-dlq, lists these names as a sample).
_FAILURES = (
    (("AccessDenied", "AuthorizationError", "Unauthorized"), "NO_PERMISSIONS"),
    (("NotFound", "NonExistent", "DoesNotExist", "NotExist", "ClusterNotFound"), "NO_RESOURCE"),
    (("AlreadyExists",), "RESOURCE_ALREADY_EXISTS"),
    (("Thrott", "TooManyRequests", "Throughput", "RequestLimit"), "THROTTLING"),
    (("LimitExceeded",), "RESOURCE_LIMIT_EXCEEDED"),
    (("Timeout",), "TIMEOUT"),
    (("ConnectionFailure",), "CONNECTION_FAILURE"),
    (("InvalidJson",), "INVALID_JSON"),
    (("Internal", "ServiceUnavailable", "ServiceException"), "INTERNAL_ERROR"),
    (("Invalid", "Missing", "Validation", "Malformed"), "INVALID_PARAMETER"),
    (("Unsupported", "NotImplemented"), "SDK_CLIENT_ERROR"),
)


def retryable(code: str, status: int = 400) -> bool:
    """Whether trying again could help after this error of a target.

    What labkit has not (``NotImplemented``, 501) it will not have tomorrow either: tried again for
    24 hours, the reason would come a day late.
    """
    if code == "NotImplemented":
        return False
    return status == 429 or status >= 500 or code in _PASSING


def failure_of(code: str) -> str:
    """The name of a failure in a dead letter (``NO_PERMISSIONS``), of the target's error code."""
    for parts, name in _FAILURES:
        if any(part in code for part in parts):
            return name
    return "ERROR_FROM_TARGET"


class Refusal(Exception):
    """A target did not take it.

    Parameters
    ----------
    code, message:
        The target's own.
    retryable:
        Whether another try could help; by the code when left out.
    failure:
        The name of the failure in a dead letter; by the code when left out.
    because:
        Why the policies said no.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool | None = None,
        failure: str = "",
        because: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable
        self.failure = failure
        self.because = because

    def delivery(self) -> Delivery:
        """The refusal as an answer."""
        again = retryable(self.code) if self.retryable is None else self.retryable
        failure = self.failure or failure_of(self.code)
        return Delivery(False, self.code, again, self.message, failure, self.because)


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN's parts."""

    text: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def of(cls, text: str) -> Arn:
        """The parts of a text; all empty when it is no ARN."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            return cls(text, "", "", "", "")
        return cls(text, *parts[2:])

    @property
    def name(self) -> str:
        """What stands after the resource's kind (``cluster/main`` -> ``main``)."""
        return self.resource.partition("/")[2]


class Judge(Protocol):
    """Who decides who may do what (``Authorizer.judge``)."""

    def __call__(
        self,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, str | tuple[str, ...]] = ...,
    ) -> Verdict[bool]:
        """Whether somebody may do something to a resource."""


class Calls(Protocol):
    """Who makes API calls for services, through the lab's one dispatch."""

    def assume(self, role_arn: str, service: str, context: Mapping[str, str]) -> Principal:
        """A session of a role, begun by a service; AwsError when the role does not trust it."""

    def call(
        self,
        principal: Principal,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        region: str,
        context: Mapping[str, str],
    ) -> dict[str, Any]:
        """Make a call; AwsError when it is refused."""


class Functions(Protocol):
    """Who runs functions."""

    def invoke(self, arn: str, payload: bytes, *, principal: str, asynchronous: bool = ...) -> Any:
        """Run a function, or let it run."""


@dataclass(slots=True)
class Desk:
    """What targets work with.

    Parameters
    ----------
    world, ports, ids, outside:
        The lab's.
    judge:
        Who decides who may; everybody may without one.
    calls:
        Who makes the calls of roles.
    functions:
        Who runs functions.
    key_of:
        The ARN of the KMS key of an id, ARN or alias in an account and Region; '' for AWS's own.
    """

    world: MotoWorld
    ports: Ports
    ids: Ids
    outside: Outside
    judge: Judge | None = None
    calls: Calls | None = None
    functions: Callable[[], Functions | None] = lambda: None
    key_of: Callable[[str, str, str], str] = lambda key, account, region: ""


@dataclass(slots=True)
class Errand:
    """One attempt.

    Parameters
    ----------
    parcel:
        What is handed over.
    arn:
        Its target's parts.
    desk:
        The tools.
    """

    parcel: Parcel
    arn: Arn
    desk: Desk
    _who: Principal | None = field(default=None, repr=False)

    # -- who
    @property
    def by_role(self) -> bool:
        """Whether a role acts, not the service itself."""
        return self.parcel.principal.startswith("arn:")

    @property
    def context(self) -> dict[str, str]:
        """The condition keys that the service brings."""
        parcel = self.parcel
        found = {}
        if parcel.source_arn:
            found["aws:SourceArn"] = parcel.source_arn
        if parcel.account:
            found["aws:SourceAccount"] = parcel.account
        return found

    @property
    def who(self) -> Principal:
        """Who acts: the service, or a session of the role.

        Raises
        ------
        Refusal
            When the role is not there or does not trust the service.
        """
        if self._who is None:
            self._who = self._session() if self.by_role else self._service()
        return self._who

    def acting_as(self, principal: Principal) -> None:
        """Let somebody else act: the sender's account on another account's bus."""
        self._who = principal

    def _service(self) -> Principal:
        name = self.parcel.principal
        return Principal("AWSService", self.parcel.account, "", name, name=name)

    def _session(self) -> Principal:
        role, service = self.parcel.principal, self.parcel.acting
        calls = self.desk.calls
        if calls is None:
            return Principal("AssumedRole", Arn.of(role).account, role, "", issuer_arn=role)
        try:
            return calls.assume(role, service, self.context)
        except AwsError as problem:
            raise Refusal(
                problem.code,
                problem.message,
                retryable=retryable(problem.code, problem.status),
                failure="FAILED_TO_ASSUME_ROLE",
            ) from None

    def need(
        self, action: str, resource: str, *, code: str = "AccessDenied", **context: str
    ) -> None:
        """Ask the policies whether the one who acts may do this.

        Parameters
        ----------
        action, resource:
            ``sqs:SendMessage`` on an ARN.
        code:
            The service's own code of a refusal.
        context:
            Further condition keys (underscores are no colons: pass ``**{"iam:...": ...}``).

        Raises
        ------
        Refusal
        """
        judge = self.desk.judge
        if judge is None:
            return
        who = self.who
        given = {**self.context, **context}
        if who.kind == "AWSService" and who.name in _TELL_OWNER and self.parcel.account:
            given["AWS:SourceOwner"] = self.parcel.account
        verdict = judge(who, action, resource, given)
        if not verdict.value:
            raise Refusal(
                code,
                self._sentence(action, resource, verdict),
                retryable=False,
                failure="NO_PERMISSIONS",
                because=tuple(str(reason.text) for reason in verdict.because),
            )

    def _sentence(self, action: str, resource: str, verdict: Verdict[bool]) -> str:
        """AWS's words; an alarm's history names the alarm where others name who calls."""
        who = self.who
        asked = f"is not authorized to perform: {action} on resource: {resource}"
        if who.name == "cloudwatch.amazonaws.com" and self.parcel.source_arn:
            return f"Resource: {self.parcel.source_arn} {asked}"
        reason = verdict.because[0]
        kind = str(reason.inputs["type"])
        name = who.name if who.kind == "AWSService" else who.arn
        if reason.rule == "explicit deny":
            article = "an" if kind.startswith("identity") else "a"
            return f"User: {name} {asked} with an explicit deny in {article} {kind}"
        return f"User: {name} {asked} because no {kind} allows the {action} action"

    def need_key(self, key: str, what: str, code: str) -> None:
        """Ask the policy of the KMS key with which a topic or queue is encrypted.

        AWS's own key (``alias/aws/sns``) lets no service through: its policy can't be changed, and
        an alarm's mail that never comes is how one learns it.
        """
        if not key or self.desk.judge is None:
            return
        account, region = self.arn.account, self.arn.region
        arn = self.desk.key_of(key, account, region)
        if not arn and not self.by_role:
            raise Refusal(
                code,
                f"{self.parcel.acting} does not have authorization to access the {what} "
                f"encryption key {key}: the policy of AWS's own key can't allow it. Encrypt with a "
                "customer managed key.",
                retryable=False,
                failure="NO_PERMISSIONS",
            )
        if arn:
            self.need("kms:GenerateDataKey", arn, code=code)
            self.need("kms:Decrypt", arn, code=code)

    # -- what
    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Make an API call in the target's Region as the one who acts.

        Raises
        ------
        Refusal
            With the code that the service answered.
        """
        calls = self.desk.calls
        if calls is None:
            raise Refusal("NotImplemented", f"nobody makes {service} calls here", retryable=False)
        who = self.who
        given = {name: value for name, value in params.items() if value is not None}
        try:
            # The ARN of a universal target has no Region: there it is the schedule's.
            region = self.arn.region or Arn.of(self.parcel.source_arn).region
            return calls.call(who, service, operation, given, region, self.context)
        except AwsError as problem:
            raise Refusal(
                problem.code, problem.message, retryable=retryable(problem.code, problem.status)
            ) from None

    def role_needed(self) -> None:
        """Refuse a service that comes without a role where there is no policy to ask."""
        if not self.by_role:
            raise Refusal(
                "ValidationException",
                f"RoleArn is required for target {self.arn.text}.",
                retryable=False,
                failure="NO_PERMISSIONS",
            )

    def parameters(self, name: str) -> Mapping[str, Any]:
        """The parameters of one kind (``EcsParameters``); none when there are none."""
        found = (self.parcel.parameters or {}).get(name)
        return found if isinstance(found, Mapping) else {}

    def document(self) -> Any:
        """The payload as JSON.

        Raises
        ------
        Refusal
            When it is none.
        """
        try:
            return parse(self.parcel.data)
        except ValueError as problem:
            raise Refusal(
                "InvalidJson", f"the payload is no JSON: {problem}", retryable=False
            ) from None
