"""Who is calling: principals, found by the access key that signed.

Every account has a root user and an IAM user ``learner`` with AdministratorAccess; their keys are
made from the world's seed, so they are never anybody's real keys. Further users and role sessions
are added when they are made (``lab.user``, ``lab.assume``, ``sts:AssumeRole``,
``iam:CreateAccessKey``). A key that this world does not know, say a real one that was lying in the
environment when an old client was made, is taken for the learner's and never shown anywhere.
"""

from __future__ import annotations

from collections.abc import Callable

from labkit.core.call import Principal
from labkit.core.ids import Ids

LEARNER = "learner"


class Identities:
    """The principals of one world.

    Parameters
    ----------
    ids:
        Gives keys and principal ids.
    account:
        The account of callers who say nothing else.
    issued:
        Whom a key was issued to by IAM or STS of this world, asked for keys not seen before.
    """

    def __init__(
        self,
        ids: Ids,
        account: str,
        issued: Callable[[str], Principal | None] = lambda access_key_id: None,
    ) -> None:
        self._ids = ids
        self._issued = issued
        self.account = account
        self._by_key: dict[str, Principal] = {}
        self._learners: dict[str, Principal] = {}
        #: Keys of those who may do everything in their account: learners and root users.
        self.administrators: set[str] = set()
        #: Accounts whose learner or root user was asked for.
        self.accounts: set[str] = set()

    def letters(self, *names: object) -> str:
        """Sixteen letters for an id or a key, always the same for the same names."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        return "".join(alphabet[b & 31] for b in self._ids.digest("identity", *names)[:16])

    def secret_for(self, access_key_id: str) -> str:
        """A secret to sign with; nobody checks it, boto3 only wants one."""
        return self._ids.digest("secret", access_key_id).hex()[:40]

    def learner(self, account: str | None = None) -> Principal:
        """The IAM user ``learner`` of an account."""
        account = account or self.account
        found = self._learners.get(account)
        if found is None:
            found = self._learners[account] = self.user(LEARNER, account)
            self.administrators.add(found.access_key_id)
            self.accounts.add(account)
        return found

    def user(self, name: str, account: str | None = None) -> Principal:
        """An IAM user's principal, always the same for the same name."""
        account = account or self.account
        return self.add(
            Principal(
                kind="IAMUser",
                account=account,
                arn=f"arn:aws:iam::{account}:user/{name}",
                principal_id="AIDA" + self.letters("user-id", account, name),
                access_key_id="AKIA" + self.letters("user-key", account, name),
                name=name,
            )
        )

    def root(self, account: str | None = None) -> Principal:
        """The account's root user."""
        account = account or self.account
        root = self.add(
            Principal(
                kind="Root",
                account=account,
                arn=f"arn:aws:iam::{account}:root",
                principal_id=account,
                access_key_id="AKIA" + self.letters("root-key", account),
                name="root",
            )
        )
        self.administrators.add(root.access_key_id)
        self.accounts.add(account)
        return root

    def add(self, principal: Principal) -> Principal:
        """Remember a principal under its key."""
        return self._by_key.setdefault(principal.access_key_id, principal)

    def by_key(self, access_key_id: str | None) -> Principal:
        """Whose key this is; an unknown or missing key is taken for the learner's."""
        if access_key_id is not None:
            found = self._by_key.get(access_key_id)
            if found is not None:
                return found
            issued = self._issued(access_key_id)
            if issued is not None:
                return issued
        return self.learner()
