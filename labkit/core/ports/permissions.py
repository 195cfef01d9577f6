"""Questions about who may: policies, keys, organizations, linked accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.organization import Organization
from labkit.core.ports.asking import Asking
from labkit.core.sharing import Linked
from labkit.core.verdict import Verdict

if TYPE_CHECKING:
    from labkit.core.call import Principal


class Permissions(Asking):
    """Questions about who may: policies, keys, organizations, linked accounts."""

    def allowed(
        self,
        principal: str | Principal,
        action: str,
        resource: str,
        source_arn: str = "",
        account: str = "",
        context: Mapping[str, str] = {},
    ) -> bool:
        """Whether ``principal`` may do ``action`` to an ARN.

        It is a role's ARN, a service's name, or whoever calls. ``source_arn`` and ``account`` are
        what a service acts for (``aws:SourceArn``, ``aws:SourceAccount``); ``context`` are further
        condition keys that it brings.
        """
        ask = self._ask("allowed")
        return bool(ask(principal, action, resource, source_arn, account, context))

    def policy_allows(
        self,
        policy: str,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, Any],
        owner: str,
    ) -> Verdict[bool]:
        """Whether a resource policy, by itself, allows somebody an action.

        Parameters
        ----------
        policy:
            The document, JSON text. What is no policy allows nothing; the reason is ``malformed``.
        principal, action, resource, context:
            Who wants to do what, with which condition keys.
        owner:
            The resource's account.
        """
        answer: Verdict[bool] = self._ask("policy_allows")(
            policy, principal, action, resource, context, owner
        )
        return answer

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
        """Whether a service may put an object into a bucket, by the bucket's policy.

        Parameters
        ----------
        bucket, key:
            Where the object would go; without a key the bucket itself is asked about.
        principal:
            The service (``cloudtrail.amazonaws.com``).
        source_arn, account:
            For whom it acts: what ``aws:SourceArn`` and ``aws:SourceAccount`` in a policy say.
        action:
            Another thing than to put an object (``s3:GetBucketAcl``).
        """
        answer: Verdict[bool] = self._ask("bucket_allows")(
            bucket, key, principal, source_arn=source_arn, account=account, action=action
        )
        return answer

    def key_usable(self, key: str, account: str, region: str) -> Verdict[bool]:
        """Whether a KMS key is there and enabled.

        Parameters
        ----------
        key:
            A key's id or ARN, or an alias (``alias/name`` or its ARN).
        account, region:
            Where an id or a bare alias is looked up.

        Returns
        -------
        Verdict
            The reason's rule is KMS's own error code: NotFoundException, DisabledException,
            KMSInvalidStateException.
        """
        answer: Verdict[bool] = self._ask("key_usable")(key, account, region)
        return answer

    def organization(self, account: str) -> Organization | None:
        """The organization of an account; None when it is in none."""
        answer: Organization | None = self._ask("organization")(account)
        return answer

    def linked_accounts(
        self, account: str, region: str, kind: str = "AWS::CloudWatch::Metric"
    ) -> Sequence[Linked]:
        """The source accounts that share data of a kind with the monitoring account ``account``."""
        answer: Sequence[Linked] = self._ask("linked_accounts")(account, region, kind)
        return answer
