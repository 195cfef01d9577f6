"""The dispatch's question "may they?", put together: permissions needed, policies there, the words.

Who is asked about what
-----------------------
- A **user or a role's session** is evaluated in full: identity policies, boundary, session policy,
  the resource's policy, other accounts. A user of ``lab.user`` has none of them to begin with.
- The **learner** of each account has AdministratorAccess and its **root** user needs nothing; for
  operations on resources without policies the dispatch does not even come here. On buckets, topics
  and queues it does: the resource's policy may deny them too, and another account's resource
  must allow them. Root may always read, replace and delete a bucket policy of its own account, or a
  mistake in one could never be mended (S3 user guide).
- For **services and the roles they act with** there is :meth:`Authorizer.judge`: later parts ask it
  before they deliver.

Refusals are worded as AWS words them; which service writes what stands in ``actions.toml``. S3
tells no details to another account.

What is stored is taken as it is. A stored policy that can't be parsed (moto checks those of IAM,
not those of buckets and queues) counts as one without statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from labkit.core.call import Call, Principal
from labkit.core.clock import SECOND, to_datetime
from labkit.core.errors import AwsError
from labkit.core.verdict import Reason, Verdict
from labkit.gateway.actions import Need, Plan, Where, plan_of, refusal_of
from labkit.gateway.identity import LEARNER
from labkit.gateway.policy import (
    ADMINISTRATOR,
    EXPLICIT,
    RESOURCE,
    Context,
    Policy,
    PolicyError,
    Request,
    Value,
    decide,
)

Document = tuple[str, str]

_ASSUME = "sts:AssumeRole"
_OWN_BUCKET_POLICY = frozenset(
    {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}
)


class Policies(Protocol):
    """Who knows the stored policies: names and JSON texts."""

    def of(
        self, principal: Principal
    ) -> tuple[Sequence[Document], Document | None, Document | None]:
        """The identity policies, the boundary and the session policy of a caller."""

    def resource(self, arn: str) -> tuple[str, Document | None]:
        """Whose a resource is ('' when nobody knows), and its policy."""

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource."""

    def passed_roles(self, arn: str) -> Sequence[str]:
        """The roles that an instance profile or a task definition passes on."""


@lru_cache(maxsize=1024)
def _parsed(name: str, text: str) -> Policy:
    try:
        return Policy.parse(name, text)
    except PolicyError:
        return Policy(name, ())


def _policy(document: Document | None) -> Policy | None:
    return None if document is None else _parsed(*document)


def _administrates(principal: Principal) -> bool:
    """The learner of an account, whatever key they use."""
    return principal.kind == "IAMUser" and principal.name == LEARNER


class Authorizer:
    """Decides for each call whether the caller may make it.

    Parameters
    ----------
    policies:
        Who knows the stored policies.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    # -- what the dispatch asks
    @staticmethod
    def guarded(service: str, operation: str) -> bool:
        """Whether even administrators are asked about: the resources there have policies."""
        plan = plan_of(service, operation)
        return plan.guarded and not plan.free and not plan.creates

    def __call__(self, call: Call, params: Mapping[str, Any]) -> AwsError | None:
        """The refusal of a call, worded as its service words it; None when it is allowed."""
        plan = plan_of(call.service, call.operation)
        if plan.free:
            return None
        who = call.principal
        above = who.kind == "Root" or _administrates(who)
        if above and not plan.guarded:
            return None
        if who.kind == "Root" and plan.action == _ASSUME:
            return AwsError(
                "AccessDenied", "Roles may not be assumed by root accounts.", status=403
            )
        given: dict[str, Value] | None = None
        for need in self._needs(plan, params, call):
            owner, guard = ("", None) if plan.creates else self._guard(need)
            own = above and owner in ("", who.account) and need.action != _ASSUME
            if own and (guard is None or not guard.denies):
                continue
            if given is None:
                given = self._given(call, plan, params)
            verdict = self._judge(who, need, owner, guard, given)
            if not verdict.value:
                return _refusal(call, need, verdict, owner)
        return None

    # -- what later parts ask
    def judge(
        self,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, Value] = {},
    ) -> Verdict[bool]:
        """Whether somebody may do something to a resource, with the reasons.

        For services (``Principal(kind="AWSService", name="events.amazonaws.com", ...)``), for the
        roles they act with, and for anybody who wants to know. ``context`` are the condition keys;
        a service brings ``aws:SourceArn`` and ``aws:SourceAccount``, and ``AWS:SourceOwner`` where
        a topic's default policy asks for it.
        """
        need = Need(action, resource)
        owner, guard = self._guard(need)
        return self._judge(principal, need, owner, guard, context)

    def bucket_allows(
        self,
        bucket: str,
        key: str,
        principal: str,
        *,
        source_arn: str = "",
        account: str = "",
        action: str = "s3:PutObject",
    ) -> Verdict[bool]:
        """Whether a service may put an object into a bucket (port ``bucket_allows``).

        What CloudTrail and Logs ask before they deliver: the bucket's policy must name the service
        for ``s3:PutObject`` on the key, and its conditions on ``aws:SourceArn`` and
        ``aws:SourceAccount`` must hold.
        """
        context: dict[str, Value] = {
            "s3:x-amz-acl": "bucket-owner-full-control",
            "aws:SecureTransport": "true",
        }
        if source_arn:
            context["aws:SourceArn"] = source_arn
        if account:
            context["aws:SourceAccount"] = account
        who = Principal("AWSService", account, "", principal, name=principal)
        resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        return self.judge(who, action, resource, context)

    @staticmethod
    def policy_allows(
        document: str,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, Value],
        owner: str,
    ) -> Verdict[bool]:
        """The port ``policy_allows``: what a resource policy says by itself."""
        try:
            policy = Policy.parse("resource policy", document)
        except PolicyError as problem:
            return Verdict(False, (Reason("malformed", str(problem)),))
        request = Request(action, resource, principal, Context(context), owner)
        return decide(request, (ADMINISTRATOR,), policy)

    def allowed(
        self,
        principal: str | Principal,
        action: str,
        resource: str,
        source_arn: str = "",
        account: str = "",
        context: Mapping[str, Value] = {},
    ) -> bool:
        """The port ``allowed``: :meth:`judge` for a role's ARN, a service's name or a caller."""
        if isinstance(principal, Principal):
            return principal.kind == "Root" or self.judge(principal, action, resource).value
        given: dict[str, Value] = {**context}
        if source_arn:
            given["aws:SourceArn"] = source_arn
        if account:
            given["aws:SourceAccount"] = account
        if principal.startswith("arn:"):
            account, name = principal.split(":", 5)[4], principal.rpartition("/")[2]
            session = f"arn:aws:sts::{account}:assumed-role/{name}/service"
            who = Principal("AssumedRole", account, session, name, issuer_arn=principal)
        else:
            who = Principal("AWSService", "", principal, principal, name=principal)
        return self.judge(who, action, resource, given).value

    # -- parts of an answer
    def _needs(self, plan: Plan, params: Mapping[str, Any], call: Call) -> list[Need]:
        where = Where(call.region, call.account, call.principal.name)
        needs = []
        for need in plan.needs(params, where):
            if need.action == "iam:PassRole" and ":role/" not in need.resource:
                # What is not there is the operation's own error to tell.
                needs += [
                    Need(need.action, arn) for arn in self._policies.passed_roles(need.resource)
                ]
            else:
                needs.append(need)
        return needs

    def _guard(self, need: Need) -> tuple[str, Policy | None]:
        """Whose the resource is, and its policy; a role's trust counts only for assuming it."""
        owner, document = self._policies.resource(need.resource)
        if need.resource.startswith("arn:aws:iam:") and need.action != _ASSUME:
            document = None
        return owner, _policy(document)

    def _judge(
        self,
        who: Principal,
        need: Need,
        owner: str,
        guard: Policy | None,
        given: Mapping[str, Value],
    ) -> Verdict[bool]:
        if who.kind == "Root" and need.action in _OWN_BUCKET_POLICY and owner == who.account:
            guard = None
        identity: Sequence[Policy] = ()
        boundary = session = None
        if _administrates(who):
            identity = (ADMINISTRATOR,)
        elif who.kind != "Root":
            mine, limit, begun = self._policies.of(who)
            identity = [_parsed(*document) for document in mine]
            boundary, session = _policy(limit), _policy(begun)
        request = Request(
            need.action,
            need.resource,
            who,
            Context({**_about(who), **given}, self._asker(need, owner, given)),
            owner,
        )
        # A KMS key's own policy must let the account in before any identity policy counts.
        trust = need.action == _ASSUME or (
            guard is not None and need.resource.startswith("arn:aws:kms:")
        )
        return decide(request, identity, guard, boundary, session=session, trust=trust)

    def _asker(self, need: Need, owner: str, given: Mapping[str, Value]) -> Any:
        """Answers the keys that cost something, when a policy asks: time as text, the tags."""

        def ask(key: str) -> Value | None:
            if key == "aws:currenttime" and "aws:EpochTime" in given:
                seconds = int(str(given["aws:EpochTime"]))
                return to_datetime(seconds * SECOND).isoformat().replace("+00:00", "Z")
            if key == "aws:resourceaccount":
                return owner or None
            kind, slash, _ = key.partition("/")
            if slash and kind in ("aws:resourcetag", "ec2:resourcetag"):
                tags = {k.lower(): v for k, v in self._policies.tags(need.resource).items()}
                return tags.get(key.partition("/")[2])
            return None

        return ask

    @staticmethod
    def _given(call: Call, plan: Plan, params: Mapping[str, Any]) -> dict[str, Value]:
        """The condition keys of a call."""
        found: dict[str, Value] = {
            "aws:EpochTime": str(call.now_us // SECOND),
            "aws:RequestedRegion": call.region,
            "aws:SecureTransport": "true",
            "aws:SourceIp": call.source_ip,
            "aws:UserAgent": call.user_agent,
            "aws:ViaAWSService": "false",
            **call.context,
            "ec2:Region": call.region,
        }
        passed_to = _PASSED_TO.get((call.service, call.operation))
        if passed_to is not None:
            found["iam:PassedToService"] = passed_to
        return found | plan.context(params)


#: Which service an operation passes a role to.
_PASSED_TO = {
    ("ec2", "RunInstances"): "ec2.amazonaws.com",
    ("ec2", "CreateFlowLogs"): "vpc-flow-logs.amazonaws.com",
    ("iam", "AddRoleToInstanceProfile"): "ec2.amazonaws.com",
    ("cloudtrail", "CreateTrail"): "cloudtrail.amazonaws.com",
    ("cloudtrail", "UpdateTrail"): "cloudtrail.amazonaws.com",
    ("cloudwatch", "PutMetricStream"): "streams.metrics.cloudwatch.amazonaws.com",
    ("codebuild", "CreateProject"): "codebuild.amazonaws.com",
    ("codebuild", "UpdateProject"): "codebuild.amazonaws.com",
    ("ecs", "RegisterTaskDefinition"): "ecs-tasks.amazonaws.com",
    ("ecs", "RunTask"): "ecs-tasks.amazonaws.com",
    ("ecs", "StartTask"): "ecs-tasks.amazonaws.com",
    ("events", "PutRule"): "events.amazonaws.com",
    ("events", "PutTargets"): "events.amazonaws.com",
    ("firehose", "CreateDeliveryStream"): "firehose.amazonaws.com",
    ("firehose", "UpdateDestination"): "firehose.amazonaws.com",
    ("lambda", "CreateFunction"): "lambda.amazonaws.com",
    ("lambda", "UpdateFunctionConfiguration"): "lambda.amazonaws.com",
    ("logs", "PutDestination"): "logs.amazonaws.com",
    ("logs", "PutSubscriptionFilter"): "logs.amazonaws.com",
    ("scheduler", "CreateSchedule"): "scheduler.amazonaws.com",
    ("scheduler", "UpdateSchedule"): "scheduler.amazonaws.com",
    ("stepfunctions", "CreateStateMachine"): "states.amazonaws.com",
    ("stepfunctions", "UpdateStateMachine"): "states.amazonaws.com",
}


def _about(who: Principal) -> dict[str, Value]:
    """The condition keys about the caller."""
    if who.kind == "AWSService":
        return {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": who.name,
        }
    found: dict[str, Value] = {
        "aws:PrincipalArn": who.issuer_arn or who.arn,
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": {"Root": "Account", "IAMUser": "User"}.get(who.kind, who.kind),
        "aws:userid": who.principal_id,
    }
    if who.kind == "IAMUser":
        found["aws:username"] = who.name
    if who.kind == "AssumedRole":
        found["aws:MultiFactorAuthPresent"] = "false"
    return found


# -- AWS's words ----------------------------------------------------------------------------------
_ARTICLE = {"identity-based policy": "an"}


def _refusal(call: Call, need: Need, verdict: Verdict[bool], owner: str) -> AwsError:
    refusal = refusal_of(call.service)
    if refusal.style == "s3":
        if call.operation in ("HeadObject", "HeadBucket"):
            # The answer to HEAD has no body that could say more.
            return AwsError("403", "Forbidden", status=403)
        if owner not in ("", call.account):
            return AwsError(refusal.code, "Access Denied", status=refusal.status)
    text = _sentence(call, need, verdict, refusal.style)
    if refusal.style == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    return AwsError(refusal.code, text, status=refusal.status)


def _sentence(call: Call, need: Need, verdict: Verdict[bool], style: str) -> str:
    action = need.action.lower() if style == "sqs" else need.action
    text = (
        f"User: {call.principal.arn or call.principal.name} is not authorized to perform: {action}"
    )
    if need.resource != "*":
        quote = '"' if style == "s3" else ""
        text += f" on resource: {quote}{need.resource}{quote}"
    reason = verdict.because[0]
    kind = str(reason.inputs["type"])
    if need.action == _ASSUME and kind == RESOURCE and reason.rule != EXPLICIT:
        return text  # what a trust policy lacks is not said
    if reason.rule == EXPLICIT:
        return f"{text} with an explicit deny in {_ARTICLE.get(kind, 'a')} {kind}"
    return f"{text} because no {kind} allows the {action} action"
