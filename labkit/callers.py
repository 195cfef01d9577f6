"""Who calls a lab, and how often they may: the half of :class:`labkit.lab.Lab` with clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from labkit.controls import Identity
from labkit.gateway.boto3_hook import HOOK
from labkit.lab_state import LabState
from labkit.repeating import session

if TYPE_CHECKING:
    from labkit.core.call import Principal
    from labkit.lab import Lab
    from labkit.opensearch import Domain
    from labkit.partner import Partner


class Callers(LabState):
    """``client``, ``user``, ``assume``, ``root``, ``partner``, ``throttle``."""

    def client(
        self,
        service: str,
        region_name: str | None = None,
        account_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A boto3 client that belongs to this lab for life, in any region and account.

        Parameters
        ----------
        service:
            boto3's service name.
        region_name, account_id:
            Where; the lab's own when left out. In another account the caller is that account's
            IAM user ``learner``.
        kwargs:
            Further arguments of ``boto3.client``.
        """
        self._check_open()
        return self._client(service, region_name, self.identities.learner(account_id), **kwargs)

    def _client(
        self, service: str, region_name: str | None, principal: Principal, **kwargs: Any
    ) -> Any:
        assert self._door is not None
        region = region_name or self.region
        key = (service, region, principal.access_key_id)
        if not kwargs and key in self._clients:
            return self._clients[key]
        client = session().client(
            service,
            region_name=region,
            aws_access_key_id=principal.access_key_id,
            aws_secret_access_key=self.identities.secret_for(principal.access_key_id),
            **kwargs,
        )
        HOOK.bind(client, self._door, principal)
        if not kwargs:
            self._clients[key] = client
        return client

    def user(self, name: str, policy: str | Mapping[str, Any] | None = None) -> Identity:
        """An IAM user of this account, made if there is none; may do nothing until it is allowed.

        Parameters
        ----------
        name:
            The user's name.
        policy:
            What the user may do: the ARN or name of a managed policy (``"ReadOnlyAccess"``), or a
            policy document, which becomes an inline policy. Left out, nothing is added.
        """
        self._do("user", name=name, **({} if policy is None else {"policy": policy}))
        return Identity(cast("Lab", self), self.identities.user(name))

    def _make_user(self, name: str, policy: str | Mapping[str, Any] | None = None) -> None:
        user = self.identities.user(name)
        self.parts.backing.ensure_user(user)
        if policy is not None:
            self.parts.backing.give_policy(user, policy)

    def sign_in(
        self,
        user: str,
        *,
        ok: bool = True,
        mfa: bool = False,
        source_ip: str = "203.0.113.10",
        user_agent: str = "Mozilla/5.0 (X11; Linux x86_64)",
        reason: str = "",
        region_name: str | None = None,
    ) -> None:
        """Let somebody sign in to the console, or fail to; CloudTrail writes a ConsoleLogin.

        Parameters
        ----------
        user:
            The user's name, or ``"root"``, whose sign-ins are us-east-1's.
        ok:
            Whether the password was right.
        mfa:
            Whether a second factor was asked.
        source_ip, user_agent:
            From where and with what.
        reason:
            AWS's message when it failed; ``"No username found in supplied account"`` hides the
            name that was typed.
        region_name:
            Where; the lab's own when left out.
        """
        region = "us-east-1" if user == "root" else region_name or self.region
        self._do(
            "sign_in", user=user, ok=ok, mfa=mfa, source_ip=source_ip, user_agent=user_agent,
            reason=reason, region=region,
        )  # fmt: skip

    def _signed_in(
        self,
        user: str,
        ok: bool,
        mfa: bool,
        source_ip: str,
        user_agent: str,
        reason: str,
        region: str,
    ) -> None:
        root = user == "root"
        principal = self.identities.root() if root else self.identities.user(user)
        told = {
            "user": "" if root else user,
            "arn": principal.arn,
            "principal_id": principal.principal_id,
            "ok": ok,
            "mfa": mfa,
            "source_ip": source_ip,
            "user_agent": user_agent,
            "reason": "" if ok else reason or "Failed authentication",
        }
        self.world.facts.publish("sign_in", self.account, region, told)

    def opensearch(self, domain: str) -> Domain:
        """A look into an OpenSearch domain: ``lab.opensearch("logs").search("ERROR")``."""
        from labkit.opensearch import Domain

        return Domain(cast("Lab", self), domain)

    def stream_to_opensearch(self, group: str, domain: str, pattern: str = "") -> str:
        """Let a log group go on into an OpenSearch domain, as the console's button does.

        It makes a role, a Lambda function, its permission and the subscription filter; the
        function's ARN.
        """
        from labkit.opensearch import stream

        return stream(cast("Lab", self), group, domain, pattern)

    def partner(self, name: str, *, region_name: str | None = None) -> Partner:
        """A company outside AWS that sends events: ``lab.partner("aws.partner/zendesk.com/1/t")``.

        Its ``offer()`` puts the source before this account, ``send()`` tells an event.

        Parameters
        ----------
        name:
            The event source's name, which the customer's bus has too.
        region_name:
            Where; the lab's own when left out.

        Raises
        ------
        LabError
            When the name is none of a partner's event source.
        """
        from labkit.partner import Partner

        return Partner(cast("Lab", self), name, region_name or self.region)

    def throttle(
        self,
        service: str,
        operation: str,
        *,
        rate: float | None = None,
        burst: int | None = None,
        calls: int | None = None,
    ) -> None:
        """Let AWS throttle an operation: ``lab.throttle("cloudwatch", "PutMetricData", rate=2)``.

        Who calls too often gets the service's own error, and boto3 retries with its back-off, which
        lets the lab's time pass. Called again it takes the place of what was said before; with
        none of the figures the operation is free again.

        Parameters
        ----------
        service, operation:
            boto3's name of the service, AWS's name of the operation.
        rate, burst:
            Calls a second, and how many may come at once (as many as in a second).
        calls:
            How many of the next calls are refused whatever the rate.
        """
        figures = {"rate": rate, "burst": burst, "calls": calls}
        given = {name: value for name, value in figures.items() if value is not None}
        self._do("throttle", service=service, operation=operation, **given)

    def assume(self, role: str, session: str = "learner") -> Identity:
        """A session of a role, by name or ARN, got through ``sts:AssumeRole`` as the learner."""
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{self.account}:role/{role}"
        answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=session)
        return Identity(
            cast("Lab", self), self.identities.by_key(answer["Credentials"]["AccessKeyId"])
        )

    def root(self, account_id: str | None = None) -> Identity:
        """The account's root user."""
        return Identity(cast("Lab", self), self.identities.root(account_id))
