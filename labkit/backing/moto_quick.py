"""Seams of speed: what moto does at import or at every call, and labkit can't wait for.

Measured on two noisy cores with moto 5.2.5: importing ``moto.ec2`` takes 1.2 s, of which 0.85 s ask
boto3 for the names of the regions (botocore reads EC2's whole service model three times to answer)
and 0.2 s read offers of instance types that few lessons look at; a service model is read with
``OrderedDict``\\ s, three times slower than plain dicts; and every call lists all 800 methods of
EC2's response class by ``inspect``. None of this changes what moto answers.
"""

from __future__ import annotations

import functools
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import mounted, seam, while_loading

#: Services whose region list moto asks boto3 for and that are in every region.
_EVERYWHERE = frozenset(
    {"ec2", "sqs", "sns", "cloudwatch", "events", "autoscaling", "elb", "elbv2"}
)


# -- regions
def regions_of(service: str, partition: str | None = None) -> list[str] | None:
    """The regions of a service that is in every region, sorted by partition; None for others."""
    if service not in _EVERYWHERE:
        return None
    return [
        region
        for found in _partitions()
        if partition in (None, found["id"])
        for region in found["regions"]
        if not region.endswith("-global")
    ]


@functools.cache
def _partitions() -> Any:
    from botocore.loaders import create_loader

    return create_loader().load_data("partitions")["partitions"]


class _Regions:
    """As much of a ``boto3.Session`` as moto asks for while it loads."""

    def get_available_regions(self, service: str, partition_name: str = "aws") -> list[str]:
        return regions_of(service, partition_name) or []


@while_loading("moto.ec2.models.availability_zones_and_regions")
@contextmanager
def _regions_without_boto3() -> Iterator[None]:
    import boto3

    real = boto3.Session

    def session(*args: Any, **kwargs: Any) -> Any:
        # Another thread may ask for a session of its own in these few milliseconds.
        asking = sys._getframe(1).f_globals.get("__name__", "")
        return _Regions() if asking.startswith("moto.ec2.") else real(*args, **kwargs)

    boto3.Session = session
    try:
        yield
    finally:
        boto3.Session = real


@seam("moto.ec2.models.availability_zones_and_regions")
def _give_session_back(module: ModuleType) -> None:
    import boto3

    module.Session = boto3.session.Session  # type: ignore[attr-defined]


# -- tables of instance types
class LateList(list):
    """A list that is read from a file of moto's when somebody first looks into it."""

    def __init__(self, read: Callable[[], list[dict[str, Any]]]) -> None:
        super().__init__()
        self._read: Callable[[], list[dict[str, Any]]] | None = read

    def _fill(self) -> None:
        if self._read is not None:
            read, self._read = self._read, None
            self.extend(read())

    def __iter__(self) -> Iterator[Any]:
        self._fill()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def __getitem__(self, index: Any) -> Any:
        self._fill()
        return super().__getitem__(index)

    def __contains__(self, item: object) -> bool:
        self._fill()
        return super().__contains__(item)

    def __eq__(self, other: object) -> bool:
        self._fill()
        return super().__eq__(other)

    __hash__ = None


@while_loading("moto.ec2.models.instance_types")
@contextmanager
def _offers_late() -> Iterator[None]:
    """Ninety files of offers, one per region and kind of place, are read one by one when asked."""
    from moto.utilities import utils

    real = utils.load_resource
    path = "ec2/resources/instance_type_offerings/"

    def load_resource(resource: str) -> Any:
        if path not in resource.replace("\\", "/"):
            return real(resource)
        place = resource.replace("\\", "/").split(path)[1].split("/")[0]

        def read() -> list[dict[str, Any]]:
            offers: list[dict[str, Any]] = real(resource)
            for offer in offers:
                offer["LocationType"] = place
            return offers

        late = LateList(read)
        # moto walks over each list at once to note the kind of place; that walk finds nothing.
        return _EmptyForNow(late)

    utils.load_resource = load_resource
    try:
        yield
    finally:
        utils.load_resource = real


class _EmptyForNow:
    def __init__(self, late: LateList) -> None:
        self.late = late

    def __iter__(self) -> Iterator[Any]:
        return iter(())


@seam("moto.ec2.models.instance_types")
def _put_late_lists(module: ModuleType) -> None:
    for places in module.INSTANCE_TYPE_OFFERINGS.values():
        for region, offers in places.items():
            if isinstance(offers, _EmptyForNow):
                places[region] = offers.late


@seam("moto.ec2.models.instances")
def _find_offers_quickly(module: ModuleType) -> None:
    """A launch looks for its type among 5,000 offers, with a closure for each: 50 ms."""
    module.InstanceTypeOfferingBackend = _Offers  # type: ignore[attr-defined]


class _Offers:
    """As much of moto's ``InstanceTypeOfferingBackend`` as a launch asks for."""

    @staticmethod
    def matches_filters(offer: dict[str, str], filters: dict[str, str], _place: str) -> bool:
        """Whether an offer is of the type that is launched."""
        return offer["InstanceType"] in filters["instance-type"]


# -- service models
@seam("moto.core.loaders")
def _read_models_quickly(module: ModuleType) -> None:
    from botocore.loaders import JSONFileLoader

    loads: Callable[[bytes], Any] = json.loads
    with suppress(ImportError):
        from orjson import loads

    class QuickFileLoader(JSONFileLoader):
        """Reads JSON into plain dicts, which keep their order anyhow."""

        def load_file(self, file_path: str) -> Any:
            for suffix, reader in ((".json", open), (".json.gz", gzip.open)):
                try:
                    with reader(file_path + suffix, "rb") as stream:
                        return loads(stream.read())
                except FileNotFoundError:
                    continue
            return None

    module.Loader.FILE_LOADER_CLASS = QuickFileLoader


# -- every call
@seam("moto.core.authorization")
def _authorise_nothing(module: ModuleType) -> None:
    """Who may do what is decided at the gateway, before a call comes here.

    moto decides it too, after a number of calls that is infinite, and imports IAM's access control
    and through it S3 before it looks at that number.
    """
    mixin = module.ActionAuthenticatorMixin
    for name in (
        "_authenticate_and_authorize_normal_action",
        "_authenticate_and_authorize_s3_action",
    ):
        setattr(mixin, name, _only_without_a_world(getattr(mixin, name)))


def _only_without_a_world(decide: Callable[..., None]) -> Callable[..., None]:
    def authorise(self: Any, *args: Any, **kwargs: Any) -> None:
        if mounted() is None:
            decide(self, *args, **kwargs)

    return authorise


@seam("moto.core.responses")
def _remember_names(module: ModuleType) -> None:
    method_names = module.method_names_from_class

    @functools.cache
    def method_names_from_class(response_class: type) -> frozenset[str]:
        return frozenset(method_names(response_class))

    module.method_names_from_class = method_names_from_class  # type: ignore[attr-defined]


@seam("moto.core.utils")
def _remember_spellings(module: ModuleType) -> None:
    # Imported by name all over moto, but later than this: the seam comes right after the module.
    module.camelcase_to_underscores = functools.lru_cache(maxsize=8192)(  # type: ignore[attr-defined]
        module.camelcase_to_underscores
    )
