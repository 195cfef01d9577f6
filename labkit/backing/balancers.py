"""Load balancers: moto's, active two minutes after they were made (ours: "a few minutes")."""

from __future__ import annotations

from typing import Any

from labkit.backing.site import Site
from labkit.core.clock import MINUTE

PROVISIONING_US = 2 * MINUTE


class Balancers:
    """The application and network load balancers of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handler ``elbv2.active`` is registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        site.moto.listen("elbv2", self)
        site.register("elbv2.active", self._become_active)

    def created(self, balancer: Any) -> None:
        """Told by moto's models: a load balancer was made."""
        balancer.state = "provisioning"
        self._site.after(PROVISIONING_US, "elbv2.active", {"arn": balancer.arn})

    def _become_active(self, payload: dict[str, Any]) -> None:
        """Clock handler."""
        _, _, _, region, account, _ = payload["arn"].split(":", 5)
        with self._site.moto.working():
            known = self._site.moto.backend("elbv2", account, region).load_balancers
            if payload["arn"] in known:
                known[payload["arn"]].state = "active"
