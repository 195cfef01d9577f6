"""Settings of resources that somebody relies on: capacity, a parameter's text, open ports.

Read off what moto keeps, without a call: a question of the workload leaves no line in anybody's
event history (port ``setting``).
"""

from __future__ import annotations

from math import inf

from labkit.backing.mount import MotoWorld
from labkit.core.errors import LabError


class Settings:
    """Knows the settings of the resources of a lab."""

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto

    def value(self, account: str, region: str, what: str) -> str | float:
        """The value of a setting; of what is not there 0 or an empty text.

        Parameters
        ----------
        what:
            ``dynamodb:table/NAME`` (read capacity units, infinite on demand),
            ``ssm:parameter/NAME`` (its text) or ``ec2:security-group/ID`` (``tcp/5432 tcp/443``).

        Raises
        ------
        LabError
            For a setting of another kind.
        """
        kind, _, name = what.partition("/")
        with self._moto.held():
            if kind == "dynamodb:table":
                return self._capacity(account, region, name)
            if kind == "ssm:parameter":
                found = self._moto.backend("ssm", account, region).get_parameter(f"/{name}")
                return "" if found is None else str(found.value)
            if kind == "ec2:security-group":
                return self._open(account, region, name)
        raise LabError(f"{what!r} is no setting that can be read")

    def _capacity(self, account: str, region: str, name: str) -> float:
        table = self._moto.backend("dynamodb", account, region).tables.get(name)
        if table is None:
            return 0.0
        if table.billing_mode == "PAY_PER_REQUEST":
            return inf
        return float(table.throughput["ReadCapacityUnits"])

    def _open(self, account: str, region: str, group_id: str) -> str:
        backend = self._moto.backend("ec2", account, region)
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            return ""
        rules = {f"{one.ip_protocol}/{one.from_port}" for one in group.ingress_rules}
        return " ".join(sorted(rules))
