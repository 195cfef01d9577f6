"""Seams of IAM and STS: AWS's own policies are there, and ids look and stay as they should.

moto knows all 1,582 managed policies of AWS (``AdministratorAccess`` and the rest) but leaves them
out unless told, since making them takes 65 ms per account. A learner attaches one in the first
minute. So they are made once per process, and each account gets copies when it first looks.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from labkit.backing.moto_quick import LateList
from labkit.backing.moto_random import digest, drawing_apart
from labkit.backing.moto_seams import mounted, seam

_AWS_POLICY = "iam::aws:policy/"


class _Policies(dict):
    """An account's managed policies by ARN; AWS's own come in when somebody looks for them.

    They stand before the account's own whenever they came in, so that ListPolicies gives one order
    in a world where somebody looked early and in one where nobody did.
    """

    def __init__(self, make: Callable[[], list[Any]]) -> None:
        super().__init__()
        self._make: Callable[[], list[Any]] | None = make

    def _fill(self) -> None:
        if self._make is not None:
            make, self._make = self._make, None
            own = list(super().items())
            super().clear()
            super().update({policy.arn: policy for policy in make()})
            super().update(own)

    def _fill_for(self, arn: object) -> None:
        if isinstance(arn, str) and _AWS_POLICY in arn:
            self._fill()

    def __contains__(self, arn: object) -> bool:
        self._fill_for(arn)
        return super().__contains__(arn)

    def __getitem__(self, arn: Any) -> Any:
        self._fill_for(arn)
        return super().__getitem__(arn)

    def get(self, arn: Any, default: Any = None) -> Any:
        self._fill_for(arn)
        return super().get(arn, default)

    def __iter__(self) -> Any:
        self._fill()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def keys(self) -> Any:
        self._fill()
        return super().keys()

    def values(self) -> Any:
        self._fill()
        return super().values()

    def items(self) -> Any:
        self._fill()
        return super().items()


@seam("moto.iam.models")
def _add_aws_policies(module: ModuleType) -> None:
    backend = module.IAMBackend
    stock = backend._init_managed_policies

    def _init_managed_policies(self: Any) -> Any:
        if mounted() is None:
            return stock(self)
        made: list[Any] = []

        def make() -> list[Any]:
            if not made:
                made.extend(_copies(module, self.account_id))
            return made

        self.aws_managed_policies = LateList(make)
        return _Policies(make)

    backend._init_managed_policies = _init_managed_policies


def _copies(module: ModuleType, account: str) -> list[Any]:
    copies = []
    for prototype in _prototypes(module):
        policy = copy.copy(prototype)
        policy.account_id = account
        policy.tags = {}
        copies.append(policy)
    return copies


@cache
def _prototypes(module: ModuleType) -> list[Any]:
    listed = json.loads(module.aws_managed_policies_data)
    # Their ids are drawn. Taken from the call that happened to look first in this process, they
    # would shift whatever else that call draws, in this one world.
    with drawing_apart("aws-policies"):
        return [
            module.AWSManagedPolicy.from_data(name, "aws", "aws", data)
            for name, data in listed.items()
        ]


@seam("moto.iam.models")
def _spell_ids(module: ModuleType) -> None:
    """A user's id begins with AIDA and a group's with AGPA, in capitals: CloudTrail shows them."""
    from moto.iam.utils import generate_access_key_id_from_account_id as generate

    for name, prefix in (("User", "AIDA"), ("Group", "AGPA")):
        _spell(getattr(module, name), prefix, generate)


def _spell(cls: Any, prefix: str, generate: Callable[..., str]) -> None:
    make = cls.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        if mounted() is not None:
            self.id = generate(self.account_id, prefix=prefix, total_length=21)

    cls.__init__ = __init__


@seam("moto.sts.models")
def _keep_role_ids(module: ModuleType) -> None:
    """The id of a role that IAM does not have is drawn anew by moto each time it is shown."""
    role = module.AssumedRole
    plain = role.user_id.fget

    def user_id(self: Any) -> str:
        if mounted() is not None:
            iam = module.iam_backends[self.account_id][self.partition]
            if not any(known.arn == self.role_arn for known in iam.roles.values()):
                letters = base64.b32encode(digest("role", self.role_arn)).decode()
                return f"AROA{letters[:17]}:{self.session_name}"
        return str(plain(self))

    role.user_id = property(user_id)
