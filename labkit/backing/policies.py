"""Which policies there are: what IAM and the resources of a world have stored, as text.

Only read here, never judged: the gateway evaluates them (``labkit.gateway.policy``). Nothing is
drawn and nothing is made, so that asking whether somebody may do something changes no world.

moto keeps the policies of users, groups and roles in its IAM backend, a session's in STS, and a
resource's with the resource. A service that no call has reached yet is not even loaded for this.

Resources that are labkit's own (an event bus, a log destination) keep their policies in their own
part, which lends its reader: :meth:`Policies.kept_by`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from labkit.backing.moto_dispatch import folder_of
from labkit.backing.mount import MotoWorld
from labkit.core.call import Principal

#: A policy's name and its JSON text.
Document = tuple[str, str]

_PARTITION = "aws"


class Policies:
    """The stored policies of one world.

    Parameters
    ----------
    world:
        moto's world of the lab.
    """

    def __init__(self, world: MotoWorld) -> None:
        self._world = world
        #: Service of an ARN -> who reads the policies of its resources.
        self._readers: dict[str, Callable[[str], Document | None]] = {}

    # -- identities
    def of(self, principal: Principal) -> tuple[list[Document], Document | None, Document | None]:
        """The identity policies, the boundary and the session policy of a user or role's session.

        The identity policies of a user are the inline ones, the attached ones and those of the
        groups. One question for the three, since each costs a turn at moto's lock.
        """
        if principal.kind not in ("IAMUser", "AssumedRole"):
            return [], None, None
        with self._world.held():
            iam = self._iam(principal.account)
            if principal.kind == "IAMUser":
                holder = iam.users.get(principal.name)
                session = None
            else:
                roles = iam.roles.values()
                holder = next((role for role in roles if role.arn == principal.issuer_arn), None)
                session = self._session(principal)
            if holder is None:
                return [], None, session
            found = _of(holder)
            if principal.kind == "IAMUser":
                for group in iam.groups.values():
                    if holder in group.users:
                        found += _of(group)
            return found, _boundary(iam, holder), session

    def _session(self, principal: Principal) -> Document | None:
        """The policy with which a role's session was begun (``AssumeRole(Policy=...)``)."""
        if self._world.untouched("sts"):
            return None
        from moto.sts.models import sts_backends

        if principal.account not in sts_backends:
            return None
        for session in sts_backends[principal.account][_PARTITION].assumed_roles:
            if session.access_key_id == principal.access_key_id:
                return ("session policy", session.policy) if session.policy else None
        return None

    # -- resources
    def resource(self, arn: str) -> tuple[str, Document | None]:
        """Whose a resource is ('' when nobody knows), and its policy.

        Parameters
        ----------
        arn:
            Of a bucket or object, topic, queue, function, key or role (whose policy is its trust
            policy), or of what :meth:`kept_by` knows.
        """
        parts = arn.split(":", 5)
        if len(parts) != 6:
            return "", None
        _, _, service, region, account, rest = parts
        # ``aws`` stands where AWS itself is the owner: its own managed policies.
        account = account if account.isdigit() else ""
        reader = self._readers.get(service)
        if reader is not None:
            return account, reader(arn)
        read = _READERS.get(service)
        if read is None or self._world.untouched({"es": "opensearch"}.get(service, service)):
            return account, None
        with self._world.held():
            return read(arn, region, account, rest)

    def kept_by(self, service: str, reader: Callable[[str], Document | None]) -> None:
        """Let ``reader`` tell the policies of a service's resources.

        Parameters
        ----------
        service:
            As ARNs write it (``events``, ``logs``).
        reader:
            A resource's ARN -> name and JSON text of its policy; None when it has none. It must
            change nothing.
        """
        self._readers[service] = reader

    def key_arn(self, key: str, account: str, region: str) -> str:
        """The ARN of a customer's KMS key.

        Parameters
        ----------
        key:
            Its id, its ARN, an alias or an alias's ARN.
        account, region:
            Where a bare name is looked up.

        Returns
        -------
        '' for AWS's own keys (``alias/aws/sns``), whose policies nobody can change, and for a key
        that is not there.
        """
        parts = key.split(":", 5)
        if len(parts) == 6:
            region, account, key = parts[3], parts[4], parts[5]
        key = key.removeprefix("key/")
        if key.startswith("alias/aws/") or self._world.untouched("kms"):
            return ""
        with self._world.held():
            backend = _existing("kms", account, region)
            if backend is None:
                return ""
            if key.startswith("alias/"):
                named = (one for one in backend.keys.values() if key in one.aliases)
                found = next(named, None)
            else:
                found = backend.keys.get(key)
            return "" if found is None or found.key_manager != "CUSTOMER" else str(found.arn)

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of an EC2 resource: what ``aws:ResourceTag/...`` looks at."""
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "ec2" or self._world.untouched("ec2"):
            return {}
        with self._world.held():
            from moto.ec2.models import ec2_backends

            if parts[4] not in ec2_backends:
                return {}
            ec2 = ec2_backends[parts[4]].get(parts[3])
            return {} if ec2 is None else dict(ec2.tags.get(parts[5].rpartition("/")[2], {}))

    def passed_roles(self, arn: str) -> list[str]:
        """The ARNs of the roles that an instance profile or an ECS task definition passes on."""
        parts = arn.split(":", 5)
        if len(parts) != 6:
            return []
        _, _, service, region, account, rest = parts
        if service == "ecs":
            return self._task_roles(account, region, rest.partition("/")[2])
        if self._world.untouched("iam"):
            return []
        with self._world.held():
            name = rest.rpartition("/")[2]
            for profile in self._iam(account).instance_profiles.values():
                if profile.name == name:
                    return [role.arn for role in profile.roles]
        return []

    def _task_roles(self, account: str, region: str, definition: str) -> list[str]:
        """Task role and execution role of ``family:revision``, the newest when no revision says."""
        if self._world.untouched("ecs"):
            return []
        with self._world.held():
            backend = _existing("ecs", account, region)
            if backend is None:
                return []
            family, _, revision = definition.partition(":")
            revisions = backend.task_definitions.get(family) or {}
            newest = max(revisions, default=0)
            found = revisions.get(int(revision) if revision.isdigit() else newest)
            named = (getattr(found, name, None) for name in ("task_role_arn", "execution_role_arn"))
            return sorted({str(role) for role in named if role})

    def _iam(self, account: str) -> Any:
        return self._world.backend("iam", account, "us-east-1")


def _boundary(iam: Any, holder: Any) -> Document | None:
    """The permissions boundary of a user or role; moto has none for users so far."""
    arn = getattr(holder, "permissions_boundary_arn", None)
    if not arn:
        return None
    policy = iam.managed_policies.get(arn)
    # A boundary whose policy is gone allows nothing.
    return (arn, _text(policy) if policy is not None else '{"Statement":[]}')


def _of(holder: Any) -> list[Document]:
    inline = [(name, text) for name, text in holder.policies.items()]
    return inline + [(arn, _text(policy)) for arn, policy in holder.managed_policies.items()]


def _text(policy: Any) -> str:
    """The version of a managed policy that counts."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return str(version.document)
    return '{"Statement":[]}'


def _bucket(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    from moto.s3.models import s3_backends

    name = rest.partition("/")[0]
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return "", None
    partition, account = owner
    bucket = s3_backends[account][partition].buckets.get(name)
    if bucket is None or not bucket.policy:
        return account, None
    return account, (f"policy of bucket {name}", bucket.policy.decode("utf-8", "replace"))


def _existing(service: str, account: str, region: str) -> Any:
    """moto's backend of a service in a Region; None where there is none, and none is made."""
    folder = import_module(f"moto.{folder_of(service)}.models")
    backends = getattr(folder, f"{service}_backends")
    return backends[account].get(region) if account in backends else None


def _topic(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    backend = _existing("sns", account, region)
    if backend is None:
        return account, None
    topic = backend.topics.get(arn)
    return account, None if topic is None else (f"policy of topic {rest}", topic.policy)


def _queue(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    backend = _existing("sqs", account, region)
    if backend is None:
        return account, None
    queue = backend.queues.get(rest)
    if queue is None or not queue._policy_json.get("Statement"):
        return account, None
    return account, (f"policy of queue {rest}", json.dumps(queue._policy_json))


def _function(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    """A function's policy; a statement made for a version or an alias names it in its resource."""
    backend = _existing("lambda", account, region)
    name = rest.removeprefix("function:").partition(":")[0]
    base = f"arn:aws:lambda:{region}:{account}:function:{name}"
    found = None if backend is None else backend._lambdas.get_arn(base)
    statements = [] if found is None else found.policy.statements
    if not statements:
        return account, None
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return account, (f"policy of function {name}", text)


def _role(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    from moto.iam.models import iam_backends

    if not rest.startswith("role/") or account not in iam_backends:
        return account, None
    for role in iam_backends[account][_PARTITION].roles.values():
        if role.arn == arn:
            trust = role.assume_role_policy_document
            return account, (f"trust policy of role {role.name}", trust)
    return account, None


def _key(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    backend = _existing("kms", account, region)
    if backend is None:
        return account, None
    name = rest.removeprefix("key/")
    key = backend.keys.get(name)
    if key is None:
        key = next((one for one in backend.keys.values() if name in one.aliases), None)
    return account, None if key is None else (f"policy of key {key.id}", key.policy)


def _secret(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    backend = _existing("secretsmanager", account, region)
    if backend is None:
        return account, None
    name = rest.removeprefix("secret:")
    for secret in backend.secrets.values():
        policy = getattr(secret, "policy", None)  # a replica has none
        if policy and (secret.arn == arn or secret.name == name):
            return account, (f"policy of secret {secret.name}", policy)
    return account, None


def _domain(arn: str, region: str, account: str, rest: str) -> tuple[str, Document | None]:
    from moto.opensearch.models import opensearch_backends

    name = rest.removeprefix("domain/").partition("/")[0]
    backend = opensearch_backends[account].get(region) if account in opensearch_backends else None
    domain = None if backend is None else backend.domains.get(name)
    if domain is None or not domain.access_policies:
        return account, None
    return account, (f"access policy of domain {name}", domain.access_policies)


_READERS = {
    "es": _domain,
    "lambda": _function,
    "s3": _bucket,
    "sns": _topic,
    "sqs": _queue,
    "iam": _role,
    "kms": _key,
    "secretsmanager": _secret,
}
