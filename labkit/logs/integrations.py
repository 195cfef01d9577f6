"""The integration of an account with OpenSearch Service: made and taken down on the clock.

An account has one. Behind it AWS makes a serverless collection, an application and policies, one
after the other; it is ACTIVE when all are there (ours: a minute for each step; AWS says "a few
minutes"). Without the role that OpenSearch would use it becomes FAILED. The dashboards themselves
are not there: they belong to OpenSearch, not to CloudWatch Logs.

Source: API reference, PutIntegration, GetIntegration (OpenSearchIntegrationDetails).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import MINUTE, Phase
from labkit.core.world import World

#: The key of an account's integrations in its store.
INTEGRATIONS = "integrations"
STEP = "logs.integration"
PROVISIONING, ACTIVE, FAILED = "PROVISIONING", "ACTIVE", "FAILED"
#: What is made, in this order.
PARTS = (
    "encryptionPolicy", "networkPolicy", "accessPolicy", "lifecyclePolicy", "collection",
    "dataSource", "application", "workspace",
)  # fmt: skip


@dataclass(slots=True)
class Integration:
    """An integration; ``done``: how many of :data:`PARTS` are there."""

    name: str
    role_arn: str
    viewers: tuple[str, ...]
    retention_days: int
    kms_key: str = ""
    application_arn: str = ""
    created_us: int = 0
    done: int = 0
    failed: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """PROVISIONING, ACTIVE or FAILED."""
        if self.failed:
            return FAILED
        return ACTIVE if self.done == len(PARTS) else PROVISIONING

    def part(self, name: str) -> dict[str, Any]:
        """The status of a part."""
        place = PARTS.index(name)
        if place < self.done:
            return {"status": "ACTIVE", "statusMessage": ""}
        if self.failed and place == self.done:
            return {"status": "CREATE_FAILED", "statusMessage": self.failed}
        return {"status": "CREATING", "statusMessage": ""}


class Integrations:
    """The integrations of a lab.

    Parameters
    ----------
    world:
        Clock and ports; the handler ``logs.integration`` is registered here.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.clock.register(STEP, self._step)

    def begin(self, account: str, region: str, one: Integration) -> None:
        """Begin to make what is behind an integration."""
        self._world.store("logs", account, region).of(INTEGRATIONS)[one.name] = one
        self._plan(account, region, one)

    def _plan(self, account: str, region: str, one: Integration) -> None:
        clock = self._world.clock
        where = {"account": account, "region": region, "name": one.name, "made": one.created_us}
        clock.at(clock.now_us + MINUTE, Phase.STATE, STEP, where, cause=())

    def _step(self, payload: dict[str, Any]) -> None:
        """Clock handler: the next part is there, or can't be."""
        account, region = payload["account"], payload["region"]
        held = self._world.store("logs", account, region).of(INTEGRATIONS)
        one: Integration | None = held.get(payload["name"])
        if one is None or one.created_us != payload["made"]:
            return
        if PARTS[one.done] == "dataSource" and not self._world.ports.allowed(
            "opensearchservice.amazonaws.com", "sts:AssumeRole", one.role_arn
        ):
            one.failed = f"OpenSearch Service can't assume the role {one.role_arn}"
            return
        one.done += 1
        if one.done < len(PARTS):
            self._plan(account, region, one)
