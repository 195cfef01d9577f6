"""Seams of order: moto's sets are walked in the order in which things were put into them.

moto collects in plain sets what it shows in lists: the security groups of a network interface, the
associations of a route table, the ids it did not find, the addresses a subnet has free again.
Python walks a set of texts in an order that differs from process to process (``PYTHONHASHSEED``),
and a set of objects in the order of their addresses in memory. Two runs of one notebook would show
two orders, and the next machine would get another address.

So the name ``set`` means another class in those modules of moto. Displays and comprehensions
(``{a, b}``) are not reached; in moto they only serve for looking up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import seam

#: Every module of the mounted services that calls ``set``; a contract test reads the source.
MODULES = (
    "moto.apigateway.responses",
    "moto.autoscaling.models",
    "moto.cloudwatch.models",
    "moto.dynamodb.models",
    "moto.dynamodb.models.dynamo_type",
    "moto.dynamodb.models.table",
    "moto.dynamodb.parsing.key_condition_expression",
    "moto.dynamodb.responses",
    "moto.ec2.models.amis",
    "moto.ec2.models.dhcp_options",
    "moto.ec2.models.elastic_block_store",
    "moto.ec2.models.elastic_ip_addresses",
    "moto.ec2.models.elastic_network_interfaces",
    "moto.ec2.models.instance_types",
    "moto.ec2.models.instances",
    "moto.ec2.models.key_pairs",
    "moto.ec2.models.network_acls",
    "moto.ec2.models.route_tables",
    "moto.ec2.models.security_groups",
    "moto.ec2.models.subnets",
    "moto.ec2.models.vpc_service_configuration",
    "moto.ec2.models.vpcs",
    "moto.ec2.models.vpn_connections",
    "moto.ec2.utils",
    "moto.elb.models",
    "moto.elbv2.models",
    "moto.elbv2.responses",
    "moto.events.models",
    "moto.firehose.models",
    "moto.iam.config",
    "moto.iam.models",
    "moto.kinesis.models",
    "moto.s3.models",
    "moto.s3.notifications",
    "moto.sns.models",
    "moto.sns.responses",
    "moto.sqs.models",
    "moto.sqs.responses",
    "moto.ssm.models",
)


class _LikeSet(type):
    """Makes ``isinstance(x, set)`` true of real sets too, where ``set`` is :class:`OrderedSet`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, set)


class OrderedSet(set, metaclass=_LikeSet):
    """A set that is walked in the order of adding; equal to any set with the same members."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._order = dict.fromkeys(items)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._order)

    def __repr__(self) -> str:
        return f"OrderedSet({list(self._order)!r})"

    def __reduce__(self) -> Any:
        return OrderedSet, (list(self._order),)

    # -- one at a time
    def add(self, item: Any) -> None:
        """Add ``item`` at the end, unless it is there."""
        super().add(item)
        self._order.setdefault(item)

    def discard(self, item: Any) -> None:
        """Remove ``item`` if it is there."""
        super().discard(item)
        self._order.pop(item, None)

    def remove(self, item: Any) -> None:
        """Remove ``item``; KeyError when it is not there."""
        super().remove(item)
        del self._order[item]

    def pop(self) -> Any:
        """Remove and return what was added first; KeyError when nothing is left."""
        for item in self._order:
            self.remove(item)
            return item
        raise KeyError("pop from an empty set")

    def clear(self) -> None:
        """Remove everything."""
        super().clear()
        self._order.clear()

    # -- many: new sets
    def copy(self) -> OrderedSet:
        """Another set with the same members in the same order."""
        return OrderedSet(self._order)

    def union(self, *others: Iterable[Any]) -> OrderedSet:
        """What is here, then what else is there."""
        made = self.copy()
        made.update(*others)
        return made

    def intersection(self, *others: Iterable[Any]) -> OrderedSet:
        """What is here and in all of the others."""
        kept = set(self._order).intersection(*others)
        return OrderedSet(item for item in self._order if item in kept)

    def difference(self, *others: Iterable[Any]) -> OrderedSet:
        """What is here and in none of the others."""
        kept = set(self._order).difference(*others)
        return OrderedSet(item for item in self._order if item in kept)

    def symmetric_difference(self, other: Iterable[Any]) -> OrderedSet:
        """What is only here, then what is only there."""
        there = OrderedSet(other)
        return self.difference(there).union(there.difference(self._order))

    def __or__(self, other: Any) -> Any:
        return self.union(other) if isinstance(other, set | frozenset) else NotImplemented

    def __and__(self, other: Any) -> Any:
        return self.intersection(other) if isinstance(other, set | frozenset) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return self.difference(other) if isinstance(other, set | frozenset) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        if isinstance(other, set | frozenset):
            return self.symmetric_difference(other)
        return NotImplemented

    # -- many: this one
    def _become(self, other: OrderedSet) -> None:
        self.clear()
        self.update(other)

    def update(self, *others: Iterable[Any]) -> None:
        """Add what is in the others."""
        for other in others:
            for item in list(other):
                self.add(item)

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keep what is in all of the others."""
        self._become(self.intersection(*others))

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Remove what is in any of the others."""
        self._become(self.difference(*others))

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Keep what is in one of both only."""
        self._become(self.symmetric_difference(other))

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self

    def __iand__(self, other: Any) -> Any:
        self.intersection_update(other)
        return self

    def __isub__(self, other: Any) -> Any:
        self.difference_update(other)
        return self

    def __ixor__(self, other: Any) -> Any:
        self.symmetric_difference_update(other)
        return self


def _order_sets(module: ModuleType) -> None:
    module.set = OrderedSet  # type: ignore[attr-defined]


for _name in MODULES:
    seam(_name)(_order_sets)
