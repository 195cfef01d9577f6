"""Seams of state: where moto keeps what it remembers, and how one world's is swapped for another's.

A **slot** is one such place. Mounting a world takes what lies in each slot out and puts the
world's own in; unmounting does the reverse. The slots:

=====================================  =========================================================
slot                                   what goes wrong if it stays behind
=====================================  =========================================================
every ``BackendDict``                  the resources themselves: queues of one lab in the next
``BackendDict._instances``             ``mock_aws`` of a test resets what was a world's
``s3_backends.bucket_accounts``        a bucket's name leads to an account that has no such
                                       bucket: RecursionError in the next world
``ActionAuthenticatorMixin``           counts calls until IAM is enforced, across worlds
``VPCBackend.vpc_refs`` and two more   peerings find the VPCs of other worlds, in the order of
                                       their addresses in memory
``moto_id_manager._custom_ids``        ids asked for in one world are handed out in the next
``mock_random``'s state                ids of one world depend on calls made in another
=====================================  =========================================================

``BackendDict``\\ s are swapped by *content*: they are imported by name all over moto, so the object
must stay. They are not listed but caught when they are made, since services load lazily; one that
appears while a world is mounted belongs to that world alone.

Three things are not swapped but done away with while a world is mounted, since they are memory
that moto holds on to for ever: ``BaseModel.instances_tracked`` (every object ever made, for a
dashboard), ``functools.cache`` on methods of subnets, ``lru_cache`` on methods of account backends.
With them each of a thousand replays would stay in memory whole.

A backend (EC2 in one account and region) is made by moto at its first use, and *draws* while it is
made: the ids of the default VPC, the dates of its parts. Both are taken from the world's birth and
from the backend's own name, not from the call that happened to come first: otherwise a read that
was not journaled would give a replay another default VPC.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_order import OrderedSet
from labkit.backing.moto_quick import regions_of
from labkit.backing.moto_seams import Shim, mounted, seam


class Slot(Protocol):
    """One place where moto remembers something."""

    name: str

    def take(self) -> Any:
        """What lies there."""

    def put(self, value: Any) -> None:
        """Let ``value`` lie there."""

    def fresh(self) -> Any:
        """What lies there in a new world."""


class BackendSlot:
    """The contents of one ``BackendDict``: accounts, each with its regions."""

    def __init__(self, backends: Any) -> None:
        self.name = f"backends of {backends.service_name}"
        self._backends = backends

    def take(self) -> dict[str, Any]:
        """The accounts."""
        return dict(self._backends.items())

    def put(self, value: dict[str, Any]) -> None:
        """Replace the accounts, the dictionary itself staying the same object."""
        dict.clear(self._backends)
        dict.update(self._backends, value)

    def fresh(self) -> dict[str, Any]:
        """No accounts: moto makes them when asked."""
        return {}


class AttributeSlot:
    """An attribute of a moto object, swapped by reference."""

    def __init__(self, owner: Any, attribute: str, fresh: Callable[[], Any]) -> None:
        self.name = f"{getattr(owner, '__name__', type(owner).__name__)}.{attribute}"
        self._owner = owner
        self._attribute = attribute
        self.fresh = fresh

    def take(self) -> Any:
        """The value of the attribute."""
        return getattr(self._owner, self._attribute)

    def put(self, value: Any) -> None:
        """Set the attribute."""
        setattr(self._owner, self._attribute, value)


class RandomSlot:
    """Where moto's source of chance stands in its stream."""

    name = "mock_random"

    def __init__(self, source: Any) -> None:
        self._source = source

    def take(self) -> Any:
        """The generator's state."""
        return self._source.getstate()

    def put(self, value: Any) -> None:
        """Set the generator's state."""
        self._source.setstate(value)

    def fresh(self) -> Any:
        """A fixed state: a world seeds it before anything is drawn."""
        return type(self._source)(0).getstate()


#: All slots known so far, in the order in which moto's modules came.
SLOTS: list[Slot] = []


def swap_in(state: dict[str, Any]) -> dict[str, Any]:
    """Put ``state`` into the slots, by name, and return what lay there.

    A slot that ``state`` does not know (its module was loaded later) is filled fresh, which is
    what a newly loaded module holds.
    """
    before = {}
    for slot in SLOTS:
        name = slot.name
        before[name] = slot.take()
        slot.put(state[name] if name in state else slot.fresh())
    return before


def _add(slot: Slot) -> None:
    # S3 has two backend dictionaries of one service name; names must stay apart.
    names = {known.name for known in SLOTS}
    base, number = slot.name, 2
    while slot.name in names:
        slot.name = f"{base} ({number})"
        number += 1
    SLOTS.append(slot)


@seam("moto.core.base_backend")
def _catch_backends(module: ModuleType) -> None:
    backend_dict = module.BackendDict
    account_backend = module.AccountSpecificBackend
    _add(AttributeSlot(backend_dict, "_instances", list))
    for backends in _backend_dicts_already_made(backend_dict):
        _add(BackendSlot(backends))

    make = backend_dict.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        _add(BackendSlot(self))

    look_up = account_backend.__getitem__

    def __getitem__(self: Any, region: str) -> Any:
        world = mounted()
        if world is None:
            return look_up(self, region)
        if region == "global":
            region = "aws"
        try:
            return dict.__getitem__(self, region)
        except KeyError:
            with world.birth(f"{self.service_name}|{self.account_id}|{region}"):
                return look_up(self, region)

    regions: dict[str, list[str]] = {}
    ask_boto3 = account_backend._generate_regions.__wrapped__

    def _generate_regions(self: Any, service: str) -> list[str]:
        if service not in regions:
            known = regions_of(service)
            regions[service] = ask_boto3(self, service) if known is None else known
        return regions[service]

    clear = backend_dict.reset.__func__

    def reset(cls: Any) -> None:
        # mock_aws clears whatever is there when it starts and ends; between two calls of a lab
        # that would be the lab. It steps aside, and its next call mounts it again.
        world = mounted()
        if world is not None and not world.busy:
            world.unmount()
        clear(cls)

    backend_dict.reset = classmethod(reset)
    backend_dict.__init__ = __init__
    account_backend.__getitem__ = __getitem__
    account_backend._generate_regions = _generate_regions


def _backend_dicts_already_made(backend_dict: type) -> Iterator[Any]:
    import sys

    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if not name.startswith("moto.") or module is None:
            continue
        for value in list(vars(module).values()):
            if isinstance(value, backend_dict) and id(value) not in seen:
                seen.add(id(value))
                yield value


@seam("moto.s3.models")
def _keep_bucket_owners(module: ModuleType) -> None:
    _add(AttributeSlot(module.s3_backends, "bucket_accounts", dict))


@seam("moto.organizations.models")
def _keep_memberships(module: ModuleType) -> None:
    _add(AttributeSlot(module.organizations_backends, "master_accounts", dict))


class _Spooled(tempfile.SpooledTemporaryFile):
    """A temporary file that closes itself when it is let go, and makes no warning of it."""

    def __del__(self) -> None:
        self.close()


@seam("moto.s3.models")
def _close_objects(module: ModuleType) -> None:
    """moto finds open files of deleted objects through ``instances_tracked``, which is gone."""

    def spooled(*args: Any, **kwargs: Any) -> Any:
        kind = tempfile.SpooledTemporaryFile if mounted() is None else _Spooled
        return kind(*args, **kwargs)

    module.tempfile = Shim(tempfile, SpooledTemporaryFile=spooled)  # type: ignore[attr-defined]
    complain = module.FakeKey.__del__

    def __del__(self: Any) -> None:
        if not isinstance(getattr(self, "_value_buffer", None), _Spooled):
            complain(self)

    module.FakeKey.__del__ = __del__


@seam("moto.core.authorization")
def _keep_request_count(module: ModuleType) -> None:
    _add(AttributeSlot(module.ActionAuthenticatorMixin, "request_count", int))


@seam("moto.ec2.models.vpcs")
@seam("moto.ec2.models.vpc_peering_connections")
@seam("moto.ec2.models.transit_gateway_attachments")
def _keep_references(module: ModuleType) -> None:
    """Registries of every backend ever made, kept on classes for look-ups across regions."""
    for owner, attribute in (
        ("VPCBackend", "vpc_refs"),
        ("VPCPeeringConnectionBackend", "vpc_pcx_refs"),
        ("TransitGatewayAttachmentBackend", "backend_refs"),
    ):
        backend = getattr(module, owner, None)
        if backend is not None and attribute in vars(backend):
            # Put in place at once too: the world that made moto load this is mounted already.
            setattr(backend, attribute, defaultdict(OrderedSet))
            _add(AttributeSlot(backend, attribute, lambda: defaultdict(OrderedSet)))


@seam("moto.utilities.id_generator")
def _keep_custom_ids(module: ModuleType) -> None:
    _add(AttributeSlot(module.moto_id_manager, "_custom_ids", dict))


@seam("moto.moto_api._internal")
def _keep_random(module: ModuleType) -> None:
    _add(RandomSlot(module.mock_random))


@seam("moto.core.common_models")
def _forget_instances(module: ModuleType) -> None:
    """No list of every object ever made; without it a world that is let go is freed."""
    base = module.BaseModel
    make = base.__new__

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if mounted() is None:
            return make(cls, *args, **kwargs)
        return object.__new__(cls)

    base.__new__ = staticmethod(__new__)


@seam("moto.ec2.models.subnets")
def _free_subnets(module: ModuleType) -> None:
    """``@cache`` on a method keeps every subnet, and through it every world, alive for ever."""
    iterate = module.Subnet._base_avail_ip_iterator.__wrapped__

    def _base_avail_ip_iterator(self: Any) -> Any:
        hosts = self.__dict__.get("_labkit_hosts")
        if hosts is None:
            hosts = self.__dict__["_labkit_hosts"] = iterate(self)
        return hosts

    module.Subnet._base_avail_ip_iterator = _base_avail_ip_iterator


@seam("moto.ec2.models.instances")
def _no_work_at_collection(module: ModuleType) -> None:
    """``Instance.__del__`` gives addresses back whenever the collector runs: not when time says."""
    if hasattr(module.Instance, "__del__"):
        del module.Instance.__del__
