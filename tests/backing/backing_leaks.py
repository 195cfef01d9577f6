"""A day's work in another process: its digest, and what of moto's memory it has left changed.

Every global, class attribute, singleton and cache of every loaded moto module is looked at before
any world and after one has done a day's work and was closed. Printed as JSON.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from backing_scenario import Bench, scenario

from labkit.backing import moto_dispatch, moto_seams
from labkit.backing.backed import SERVICES

DEPTH = 3
#: Tables of constants, megabytes each, one of them read late.
TABLES = {"moto.ec2.models.instance_types", "moto.iam.aws_managed_policies", "moto.backend_index"}
_PLAIN = (str, int, float, bool, bytes, type(None))


def fingerprint(value: Any, depth: int = DEPTH) -> Any:
    if isinstance(value, _PLAIN):
        return value if not isinstance(value, str | bytes) else hash(value)
    if depth == 0:
        return type(value).__name__
    if isinstance(value, dict):
        items = [(fingerprint(k, 1), fingerprint(v, depth - 1)) for k, v in dict.items(value)]
        return (type(value).__name__, len(items), tuple(items))
    if isinstance(value, list | tuple | set | frozenset):
        inner = sorted(map(str, value)) if isinstance(value, set | frozenset) else value
        return (type(value).__name__, len(value), tuple(fingerprint(v, depth - 1) for v in inner))
    if type(value).__module__.startswith("moto") and hasattr(value, "__dict__"):
        return (type(value).__name__, fingerprint(vars(value), depth - 1))
    return type(value).__name__


def places() -> Iterator[tuple[str, Any]]:
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] != "moto" or name in TABLES or not isinstance(module, ModuleType):
            continue
        for attribute, value in sorted(vars(module).items()):
            if attribute.startswith("__"):
                continue
            where = f"{name}.{attribute}"
            if isinstance(value, type):
                if value.__module__ == name:
                    yield from class_places(where, value)
            elif hasattr(value, "cache_info"):
                if getattr(value, "__module__", "").startswith("moto"):
                    yield f"{where} (cache)", value.cache_info().currsize
            elif not isinstance(value, ModuleType | FunctionType):
                yield where, fingerprint(value)


def class_places(where: str, cls: type) -> Iterator[tuple[str, Any]]:
    for attribute, value in sorted(vars(cls).items()):
        if hasattr(value, "cache_info"):
            yield f"{where}.{attribute} (cache)", value.cache_info().currsize
        elif isinstance(value, dict | list | set | int) and not attribute.startswith("__"):
            yield f"{where}.{attribute}", fingerprint(value)


def look() -> dict[str, Any]:
    """The digest of a day's work, and the places that differ after it."""
    moto_seams.install()
    for late in ("moto.iam.access_control", "moto.awslambda.models"):  # imported in operations
        importlib.import_module(late)
    for service in sorted(SERVICES):
        importlib.import_module(f"moto.{moto_dispatch.folder_of(service)}.urls")
    functools.reduce(lambda _, name: importlib.import_module(name), moto_seams.names(), None)
    before = dict(places())
    bench = Bench("0")
    digest = scenario(bench)
    bench.world.close()
    after = dict(places())
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return {"digest": digest, "changed": changed}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look()))
