"""May they? AWS's policy evaluation as a pure function: a request and policies in, a verdict out.

Theory of operation
-------------------
A **policy** is a list of statements. A statement *applies* to a request when its action, its
resource, its principal (resource policies only) and every one of its conditions match. Then, in
AWS's order ("Policy evaluation logic" of the IAM user guide):

1. A ``Deny`` that applies, in whichever policy, ends the matter.
2. In one account an ``Allow`` of either side is enough: the resource's policy when it names the
   caller (or everybody), else the identity's policies. A resource policy that names only the
   *account* hands the decision to that account's identity policies.
3. Between accounts both sides must allow.
4. A permissions boundary and a session policy give nothing; they only limit what the identity side
   gives. What a resource policy gives to a user or to a role's session by its own name is not
   limited by them; what it gives to a role is.
5. A role's trust policy (``trust=True``) must allow in any case.
6. Nothing applies: denied, implicitly.

The account's root user needs no identity policy. Services (``AWSService``) have none: for them the
resource's policy decides alone.

Matching follows the reference of policy elements: actions without regard to case, ARNs with regard
to it, ``*`` and ``?`` as wildcards, ``${aws:username}`` replaced by a literal (only in policies of
Version 2012-10-17), an unknown variable without a default making the statement not apply. A
condition on a key that the request does not have is false, except for the operators that say
"not", ``...IfExists`` and ``ForAllValues``.

Everything here is parsed once and can be kept; what a set of action names says about one action is
remembered, since ReadOnlyAccess lists three thousand of them.
"""

from labkit.gateway.policy.decision import (
    ALLOW,
    BOUNDARY,
    EXPLICIT,
    IDENTITY,
    IMPLICIT,
    MISS,
    RESOURCE,
    ROOT,
    SESSION,
    decide,
)
from labkit.gateway.policy.statements import ADMINISTRATOR, Policy, Statement
from labkit.gateway.policy.values import Context, PolicyError, Request, Value
from labkit.gateway.policy.wildcards import matches

__all__ = [
    "ADMINISTRATOR", "ALLOW", "BOUNDARY", "EXPLICIT", "IDENTITY", "IMPLICIT", "MISS", "RESOURCE",
    "ROOT", "SESSION", "Context", "Policy", "PolicyError", "Request", "Statement", "Value",
    "decide", "matches",
]  # fmt: skip
