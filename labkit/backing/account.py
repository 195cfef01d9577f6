"""The backing as a lab assembles it: moto's world, what lives in it, and the ports it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.backing import function_api, sqs
from labkit.backing.apigateway import ApiGateway
from labkit.backing.autoscaling import AutoScaling
from labkit.backing.balancers import Balancers
from labkit.backing.beanstalk import Beanstalk
from labkit.backing.codebuild import CodeBuild
from labkit.backing.deliver import Deliver
from labkit.backing.ec2 import Ec2
from labkit.backing.ecs import Ecs
from labkit.backing.emitting import Emitters
from labkit.backing.firehose import Firehose
from labkit.backing.function_api import InvokeApi
from labkit.backing.functions import AlreadyAsked, Functions
from labkit.backing.identity import issued_key
from labkit.backing.kinesis import Kinesis
from labkit.backing.kms import Kms
from labkit.backing.mount import MotoWorld
from labkit.backing.opensearch import Domains
from labkit.backing.organizations import Organizations
from labkit.backing.outside import Outside
from labkit.backing.policies import Policies
from labkit.backing.route53 import Route53
from labkit.backing.s3 import S3
from labkit.backing.s3_reading import S3Reading
from labkit.backing.s3_writing import S3Writing
from labkit.backing.settings import Settings
from labkit.backing.site import Site
from labkit.backing.sns import Sns
from labkit.backing.sns_traces import TopicTraces
from labkit.backing.targets.errand import Calls, Desk, Judge
from labkit.backing.tracing import TracedResources
from labkit.backing.vpc import Vpc
from labkit.backing.wire import Backing as Wire
from labkit.core.call import Call, Principal
from labkit.core.errors import LabError
from labkit.core.jsontext import dumps
from labkit.core.world import World


class Backing:
    """Everything behind a lab that is not labkit's own.

    Parameters
    ----------
    world:
        The lab's clock, facts and ids.
    noise_seed:
        What random figures are drawn from; the world's seed when left out.
    """

    def __init__(self, world: World, noise_seed: int | None = None) -> None:
        self.moto = MotoWorld(str(world.seed), lambda: world.clock.now_us)
        self._wire = Wire(self.moto)
        #: How resources write to CloudWatch, Logs and EventBridge.
        self.emit = Emitters(self.moto, world.facts, world.ports)
        #: HTTP that really leaves.
        self.outside = Outside(lambda: world.clock.now_us, world.journal)
        #: The ports ``deliver`` and ``deliver_reliably``.
        self.deliver = Deliver(
            Desk(self.moto, world.ports, world.ids, self.outside),
            world.clock,
            world.facts,
            self._wire.seed,
        )
        self.ec2 = Ec2(self.moto, world.clock, world.facts)
        self.kms = Kms(self.moto, world.clock, world.facts)
        self.organizations = Organizations(self.moto)
        self.autoscaling = AutoScaling(self.moto, world, self.emit, self._wire.seed)
        self.s3 = S3(self.moto, world, self.emit)
        self.objects = S3Reading(self.moto)
        self.s3_writing = S3Writing(self.moto)
        self.sns = Sns(self.moto, world.clock, world.facts, self.deliver.reliably)
        site = Site(
            self.moto,
            world.clock,
            world.facts,
            world.ids,
            world.ports,
            self.emit,
            self._wire.seed,
        )
        self.kinesis = Kinesis(site)
        self.firehose = Firehose(site, self.kinesis, lambda: getattr(self, "functions", None))
        self.codebuild = CodeBuild(site)
        self.ecs = Ecs(site)
        self.beanstalk = Beanstalk(site)
        #: Settings that workloads rely on.
        self.settings = Settings(self.moto)
        self.traced = TracedResources(self.moto, self.ec2, self.beanstalk)
        self.route53 = Route53(site)
        self.apigateway = ApiGateway(site)
        self.vpc = Vpc(site)
        self.balancers = Balancers(site)
        for service in (
            self.kinesis,
            self.firehose,
            self.codebuild,
            self.ecs,
            self.beanstalk,
            self.apigateway,
            self.route53,
        ):
            self._wire.answers.update(service.answers)
        #: Lambda functions, which really run.
        self.functions = Functions(self.moto, world, noise_seed, self._wire.seed)
        self.sns.traces = TopicTraces(world, self.functions.tracer)
        asked = AlreadyAsked(self.functions)
        self.deliver.desk.functions = lambda: asked
        invoke = InvokeApi(self.functions)
        self._wire.own[("lambda", "Invoke")] = invoke.invoke
        self._wire.own[("lambda", "InvokeAsync")] = invoke.invoke_async
        #: What is in OpenSearch domains.
        self.domains = Domains(self.moto)
        #: The policies that are stored, for whoever decides who may do what.
        self.policies = Policies(self.moto)
        self.deliver.desk.key_of = self.policies.key_arn

    # -- what the dispatch asks
    def serves(self, service: str) -> bool:
        """Whether this service is mounted."""
        return self._wire.serves(service)

    def begin(self, key: str) -> None:
        """From here on everything drawn derives from ``key``."""
        self._wire.begin(key)

    def answer(
        self, request: dict[str, Any], operation_model: Any, params: dict[str, Any], call: Call
    ) -> tuple[int, dict[str, Any]]:
        """Status and parsed answer of one request, as botocore prepared it."""
        if call.service == "sqs":
            # moto looks for a queue in the caller's account only, whatever the URL says.
            owner = sqs.owner_of(params)
            if owner and owner != call.account:
                call = replace(call, account=owner)
        elif call.service == "lambda":
            owner, region = function_api.owner_of(params)
            if owner:
                call = replace(call, account=owner, region=region or call.region)
        return self._wire.answer(request, operation_model, params, call)

    def wait_seconds(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        answer: Mapping[str, Any],
        *,
        account: str,
        region: str,
    ) -> int:
        """How long the caller would wait for a better answer than this one (long polling)."""
        if service != "sqs" or operation != "ReceiveMessage" or answer.get("Messages"):
            return 0
        return sqs.take_wait_seconds(self.moto, operation, params, account=account, region=region)

    # -- ports and identities
    def act_through(self, judge: Judge, calls: Calls) -> None:
        """Let deliveries ask the policies, and make the calls of roles through the dispatch."""
        self.deliver.desk.judge = judge
        self.domains.judge = judge
        self.deliver.desk.calls = calls

    def issued_to(self, access_key_id: str) -> Principal | None:
        """Whom IAM or STS of this world gave an access key; None for a key of nobody here."""
        found = issued_key(self.moto, access_key_id)
        return found.principal if found is not None else None

    def confirm(self, token: str) -> str:
        """Confirm the subscription that ``token`` was mailed for; its ARN."""
        self._wire.seed()
        return self.sns.confirm(token)

    def ensure_user(self, principal: Principal) -> None:
        """Let IAM know a user that the lab made, if it does not yet."""
        self._wire.seed()
        with self.moto.working():
            iam = self.moto.backend("iam", principal.account, "us-east-1")
            if principal.name not in iam.users:
                user = iam.create_user("us-east-1", principal.name)
                user.id = principal.principal_id

    def give_policy(self, principal: Principal, policy: str | Mapping[str, Any]) -> None:
        """Attach a managed policy to a user, by ARN or name, or put an inline one there.

        Raises
        ------
        LabError
            When there is no policy of that name, or IAM would refuse the document.
        """
        self._wire.seed()
        with self.moto.working():
            from moto.core.exceptions import ServiceException

            iam = self.moto.backend("iam", principal.account, "us-east-1")
            try:
                if isinstance(policy, str):
                    arn = _managed_policy(iam, policy)
                    iam.attach_user_policy(arn, principal.name)
                else:
                    iam.put_user_policy(principal.name, f"{principal.name}-policy", dumps(policy))
            except ServiceException as problem:
                raise LabError(f"IAM refuses this policy: {problem.message}") from None

    def unmount(self) -> None:
        """Let moto be as it was before this lab, and end what functions run in."""
        self.functions.close()
        self.moto.close()


def _managed_policy(iam: Any, name: str) -> str:
    """The ARN of a managed policy; AWS's own come before the account's of the same name."""
    if name.startswith("arn:"):
        return name
    plain = f"arn:aws:iam::aws:policy/{name}"
    if plain in iam.managed_policies:
        return plain
    for arn, policy in iam.managed_policies.items():
        if policy.name == name:
            return str(arn)
    raise LabError(
        f"there is no managed policy called {name!r}; give its ARN, one of AWS's names "
        "(ReadOnlyAccess), or a policy document as a dict"
    )
