"""Whose key is it: the access keys that IAM and STS of a world have issued.

moto keeps all keys of an account in its IAM backend, those of users and those of role sessions; who
stands behind one is spread over IAM's users, IAM's roles and STS's sessions. Here it is one look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.call import Principal
from labkit.core.clock import to_us

_PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """An access key that a world has issued.

    Parameters
    ----------
    principal:
        The user or role session that it belongs to, ready for a call.
    secret_access_key:
        To sign with; nobody in a lab checks it.
    session_token:
        Of a role session; empty for a user.
    active:
        Whether IAM would take it: a user's key can be set inactive, a session's expires.
    expires_us:
        When a session's key expires, microseconds since the epoch; None for a user's.
    """

    principal: Principal
    secret_access_key: str
    session_token: str
    active: bool
    expires_us: int | None


def issued_key(world: MotoWorld, access_key_id: str) -> IssuedKey | None:
    """Whose key ``access_key_id`` is; None for one that this world has not issued.

    Costs a few dictionary look-ups per account that exists; it draws nothing and changes nothing.
    """
    if not access_key_id.startswith(("AKIA", "ASIA")) or world.untouched("iam"):
        return None
    with world.held():
        from moto.iam.models import iam_backends
        from moto.sts.models import sts_backends

        for account in list(iam_backends):
            iam = iam_backends[account][_PARTITION]
            key = iam.access_keys.get(access_key_id)
            if key is None:
                continue
            for session in sts_backends[account][_PARTITION].assumed_roles:
                if session.access_key_id == access_key_id:
                    return _of_session(world, iam, session)
            return _of_user(iam, key)
    return None


def _of_user(iam: Any, key: Any) -> IssuedKey | None:
    user = iam.users.get(key.user_name)
    if user is None:
        return None
    principal = Principal(
        kind="IAMUser",
        account=iam.account_id,
        arn=user.arn,
        principal_id=user.id,
        access_key_id=key.access_key_id,
        name=user.name,
    )
    return IssuedKey(principal, key.secret_access_key, "", key.status == "Active", None)


def _of_session(world: MotoWorld, iam: Any, session: Any) -> IssuedKey:
    role = next((r for r in iam.roles.values() if r.arn == session.role_arn), None)
    role_id = role.id if role is not None else session.user_id.split(":")[0]
    expires_us = to_us(session.expiration)
    principal = Principal(
        kind="AssumedRole",
        account=session.account_id,
        arn=session.arn,
        principal_id=f"{role_id}:{session.session_name}",
        access_key_id=session.access_key_id,
        name=session.session_name,
        issuer_arn=session.role_arn,
        issuer_id=role_id,
    )
    return IssuedKey(
        principal,
        session.secret_access_key,
        session.session_token,
        world.now_us() < expires_us,
        expires_us,
    )
