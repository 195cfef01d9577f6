"""Which modules a function finds: its own, its layers', the standard library, and boto3.

A function that imports pandas works on the machine of somebody who has pandas, and fails on Lambda
with the best known of its errors: ``Unable to import module 'app': No module named 'pandas'``. So
of what is installed here only what Lambda's own runtime brings is found.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

#: What Lambda's runtimes for Python bring along (developer guide, "Runtime-included SDK versions").
BROUGHT = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"})


def _installed() -> list[str]:
    paths = sysconfig.get_paths()
    return list(dict.fromkeys(paths[name] for name in ("purelib", "platlib")))


class _RuntimeModules:
    """Finds what the runtime brings, where it is installed on this machine."""

    def __init__(self, places: list[str]) -> None:
        self._places = places

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module ``name`` when it is one of :data:`BROUGHT`."""
        if path is not None or name.partition(".")[0] not in BROUGHT:
            return None
        return PathFinder.find_spec(name, self._places, target)


def install(task_root: str, layer_root: str) -> None:
    """Let imports of this process find what a function of ``task_root`` finds on Lambda."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    layers = [
        os.path.join(layer_root, "python"),
        os.path.join(layer_root, "python", "lib", version, "site-packages"),
    ]
    standard = {os.path.realpath(sysconfig.get_paths()[name]) for name in ("stdlib", "platstdlib")}
    kept = [
        place
        for place in sys.path
        if os.path.realpath(place) in standard
        or (
            os.path.realpath(os.path.dirname(place)) in standard
            and os.path.basename(place) == "lib-dynload"
        )
        or place.endswith(".zip")
    ]
    sys.path[:] = [task_root, *(place for place in layers if os.path.isdir(place)), *kept]
    # Editable installs and the like have finders of their own: only Python's own three stay.
    finders = [f for f in sys.meta_path if getattr(f, "__module__", "").startswith("_frozen")]
    sys.meta_path[:] = [*finders, _RuntimeModules(_installed())]
    for name in [name for name in sys.modules if not _keeps(name)]:
        del sys.modules[name]


def _keeps(name: str) -> bool:
    top = name.partition(".")[0]
    if top in BROUGHT or top in sys.stdlib_module_names or top == "__main__":
        return True
    origin = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None) or ""
    return not any(origin.startswith(place) for place in _installed())


def names_on_lambda(task_root: str, layer_root: str, home: str) -> list[tuple[str, str]]:
    """Directories of this machine and what they are called on Lambda, longest first."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    there = f"/var/lang/lib/{version}"
    named = {
        task_root: "/var/task",
        layer_root: "/opt",
        home: "/tmp",
        sysconfig.get_paths()["stdlib"]: there,
    }
    named |= dict.fromkeys(_installed(), f"{there}/site-packages")
    named |= {os.path.realpath(here): name for here, name in named.items()}
    return sorted(named.items(), key=lambda pair: -len(pair[0]))
