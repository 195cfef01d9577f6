"""The decision: the order in which the policies have their say, and the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labkit.core.verdict import Reason, Verdict
from labkit.gateway.policy.principals import ACCOUNT, NOBODY, SELF
from labkit.gateway.policy.statements import Policy
from labkit.gateway.policy.values import Request

#: The kinds of policy, as AWS's refusals name them.
IDENTITY = "identity-based policy"
RESOURCE = "resource-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"

#: Names of the rules in a verdict's reasons.
EXPLICIT, IMPLICIT, ALLOW, ROOT, MISS = (
    "explicit deny",
    "implicit deny",
    "allow",
    "root user",
    "no match",
)


def _reason(rule: str, kind: str, policy: Policy, place: int, request: Request) -> Reason:
    statement = policy.statements[place]
    told = f"statement {statement.sid or place + 1} of {policy.name}"
    does = "allows" if rule == ALLOW else "denies"
    return Reason(
        rule,
        f"{told} ({kind}) {does} {request.action} on {request.resource}",
        {"type": kind, "policy": policy.name, "sid": statement.sid},
    )


def _applying(
    kind: str, policies: Sequence[Policy], request: Request, allows: bool
) -> Iterator[tuple[int, Policy, int]]:
    """(closeness, policy, place) of the statements that apply.

    Only a resource's policy names its principals; there, a statement without any is for nobody.
    """
    for policy in policies:
        for place, statement in enumerate(policy.statements):
            if statement.allows != allows or not statement.about(request.action):
                continue
            close = statement.closeness(request.principal) if kind == RESOURCE else SELF
            if close != NOBODY and not statement.misses(request):
                yield close, policy, place


def decide(
    request: Request,
    identity_policies: Sequence[Policy],
    resource_policy: Policy | None = None,
    boundary: Policy | None = None,
    *,
    session: Policy | None = None,
    trust: bool = False,
) -> Verdict[bool]:
    """Whether a request is allowed, and which statements say so.

    Parameters
    ----------
    request:
        Who wants to do what to which resource, and the condition keys.
    identity_policies:
        Of the user (the groups' among them) or of the role.
    resource_policy:
        Of the resource, if it has one.
    boundary:
        The permissions boundary of the user or role.
    session:
        The policy with which a session was begun.
    trust:
        Whether the resource policy must allow even in one account: a role's trust policy.

    Returns
    -------
    Verdict
        Reasons name policy and Sid; the first one decided. An implicit deny names the kind of
        policy that should have allowed (``inputs["type"]``), and then the statements about this
        action that came near, with what they missed.
    """
    layers: tuple[tuple[str, Sequence[Policy]], ...] = (
        (IDENTITY, identity_policies),
        (RESOURCE, () if resource_policy is None else (resource_policy,)),
        (BOUNDARY, () if boundary is None else (boundary,)),
        (SESSION, () if session is None else (session,)),
    )
    for kind, policies in layers:
        for _, policy, place in _applying(kind, policies, request, allows=False):
            return Verdict(False, (_reason(EXPLICIT, kind, policy, place, request),))

    who = request.principal
    same_account = request.resource_account in ("", who.account)
    close, given = NOBODY, None
    for found, policy, place in _applying(*layers[1], request, allows=True):
        if found > close:
            close, given = found, _reason(ALLOW, RESOURCE, policy, place, request)

    if who.kind == "AWSService":
        # A service has no policies of its own; what it may do is said by whom it does it to.
        return _denied(RESOURCE, request, layers) if given is None else Verdict(True, (given,))
    if trust and given is None:
        return _denied(RESOURCE, request, layers)

    limits = layers[2:]
    if same_account and given is not None and close != ACCOUNT:
        # By the user's or session's own name it is not limited by boundary or session policy.
        by_itself = close == SELF or who.kind == "IAMUser"
        short = None if by_itself else _limited(request, limits)
        return Verdict(True, (given,)) if short is None else _denied(short, request, layers)

    reasons: list[Reason] = []
    if who.kind == "Root":
        reasons.append(Reason(ROOT, f"{who.arn} may do everything in its account"))
    else:
        first = next(_applying(*layers[0], request, allows=True), None)
        if first is None:
            return _denied(IDENTITY, request, layers)
        reasons.append(_reason(ALLOW, IDENTITY, first[1], first[2], request))
        short = _limited(request, limits)
        if short is not None:
            return _denied(short, request, layers)
    if given is not None:
        reasons.append(given)
    elif not same_account:
        return _denied(RESOURCE, request, layers)
    return Verdict(True, tuple(reasons))


def _limited(request: Request, limits: Sequence[tuple[str, Sequence[Policy]]]) -> str | None:
    """The kind of policy among boundary and session that is there and does not allow."""
    for kind, policies in limits:
        if policies and next(_applying(kind, policies, request, allows=True), None) is None:
            return kind
    return None


def _denied(
    kind: str, request: Request, layers: Sequence[tuple[str, Sequence[Policy]]]
) -> Verdict[bool]:
    reasons = [Reason(IMPLICIT, f"no {kind} allows {request.action}", {"type": kind})]
    for layer, policies in layers:
        if layer != kind:
            continue
        for policy in policies:
            for place, statement in enumerate(policy.statements):
                if not statement.allows or not statement.about(request.action):
                    continue
                missed = statement.misses(request)
                if kind == RESOURCE and statement.closeness(request.principal) == NOBODY:
                    missed = f"it does not name {request.principal.arn or request.principal.name}"
                if missed:
                    told = f"statement {statement.sid or place + 1} of {policy.name}: {missed}"
                    reasons.append(
                        Reason(
                            MISS,
                            told,
                            {"type": layer, "policy": policy.name, "sid": statement.sid},
                        )
                    )
    return Verdict(False, tuple(reasons))
