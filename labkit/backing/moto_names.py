"""Seams of Route 53, API Gateway and load balancers: their clocks, and what leaks.

- Route 53 and API Gateway read the machine's clock by ``datetime.now``; ids of zones begin with Z.
- A deployment of an API registers answers for its URL with the library ``responses``, for the whole
  process and for ever; a lab's requests come through :meth:`ApiGateway.request` instead.
- moto's load balancer is active as soon as it has been looked at.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_seams import listener, mounted, seam
from labkit.backing.moto_time import LabDatetime


class BalancerListener(Protocol):
    """Whom the hook on load balancers tells."""

    def created(self, balancer: Any) -> None:
        """moto made a load balancer."""


@seam("moto.route53.models")
@seam("moto.apigateway.models")
def _tell_the_labs_time(module: ModuleType) -> None:
    module.datetime = LabDatetime  # type: ignore[attr-defined]


@seam("moto.route53.models")
def _begin_with_z(module: ModuleType) -> None:
    """Ids of hosted zones begin with Z."""
    identifier = module.HostedZoneIdentifier
    generate = identifier.generate

    def generated(self: Any, *args: Any, **kwargs: Any) -> str:
        made = str(generate(self, *args, **kwargs))
        return made if mounted() is None else f"Z{made[1:]}"

    identifier.generate = generated


@seam("moto.apigateway.models")
def _register_no_urls(module: ModuleType) -> None:
    api = module.RestAPI
    register = api.update_integration_mocks

    def update_integration_mocks(self: Any, stage_name: str) -> None:
        if mounted() is None:
            register(self, stage_name)

    api.update_integration_mocks = update_integration_mocks


@seam("moto.elbv2.models")
def _hook_balancers(module: ModuleType) -> None:
    balancer = module.FakeLoadBalancer
    make, activate = balancer.__init__, balancer.activate

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        balancers = listener("elbv2")
        if balancers is not None:
            balancers.created(self)

    balancer.__init__ = __init__
    balancer.activate = lambda self: activate(self) if listener("elbv2") is None else None
