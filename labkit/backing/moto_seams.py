"""Where labkit's hands touch moto: a table of seams, each put in place when its module is loaded.

moto is imported module by module, often lazily from inside an operation (terminating an instance
imports Auto Scaling). A patch applied "at start" would miss whatever is loaded later, and importing
everything at start would cost seconds. So each seam names the moto module it belongs to and is
applied at the moment that module has been executed, whoever imported it and whenever; a module
that somebody imported before labkit gets its seams at once.

Every seam is harmless while no world is mounted: it asks who is mounted, and with nobody mounted
does what moto itself would do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_world: Any = None


def mounted() -> Any:
    """The mounted ``MotoWorld``; None while there is none, and a seam does what moto does."""
    return _world


def set_mounted(world: Any) -> None:
    """Say which world is mounted (``mount.py`` alone does)."""
    global _world
    _world = world


def listener(name: str) -> Any:
    """Who listens to moto's models in the mounted world under ``name``; None for nobody."""
    return None if _world is None else _world.listener(name)


After = Callable[[ModuleType], None]
During = Callable[[], AbstractContextManager[None]]

_AFTER: dict[str, list[After]] = {}
_DURING: dict[str, list[During]] = {}
_DONE: set[str] = set()


def seam(module: str) -> Callable[[After], After]:
    """Let the decorated function change ``module`` as soon as it has been executed."""

    def register(change: After) -> After:
        _AFTER.setdefault(module, []).append(change)
        if module in _DONE:  # a part of labkit that was imported after the module it changes
            change(sys.modules[module])
        return change

    return register


def while_loading(module: str) -> Callable[[During], During]:
    """Let the decorated context manager surround the first execution of ``module``.

    For work that moto does at import and labkit wants done otherwise (reading 30 MB of JSON to
    learn the names of the regions). It has no effect on a module that is loaded already.
    """

    def register(surrounding: During) -> During:
        _DURING.setdefault(module, []).append(surrounding)
        return surrounding

    return register


def names() -> list[str]:
    """The moto modules that have a seam; a contract test imports each of them."""
    return sorted({*_AFTER, *_DURING})


class _SeamFinder(MetaPathFinder):
    """Finds nothing itself: lets the others find, and adds the seams to what they found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _AFTER and fullname not in _DURING:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                break
        else:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            with _surroundings(fullname):
                execute(module)
            _apply(module)

        loader.exec_module = exec_module
        return spec


@contextmanager
def _surroundings(name: str) -> Iterator[None]:
    with ExitStack() as stack:
        for surrounding in _DURING.get(name, ()):
            stack.enter_context(surrounding())
        yield


def _apply(module: ModuleType) -> None:
    name = module.__name__
    if name in _DONE:
        return
    _DONE.add(name)
    for change in _AFTER.get(name, ()):
        change(module)


_FINDER = _SeamFinder()


def install() -> None:
    """Watch imports from now on, and put the seams of modules that are already there in place."""
    if _FINDER in sys.meta_path:
        return
    sys.meta_path.insert(0, _FINDER)
    for name in names():
        module = sys.modules.get(name)
        if module is not None:
            _apply(module)


class Shim(ModuleType):
    """A stand-in for a module of which a few names are ours and all others the original's.

    ``moto.s3.models.os = Shim(os, urandom=...)`` changes what one moto module sees and leaves the
    real ``os`` alone for everybody else in the process.
    """

    def __init__(self, original: ModuleType, **ours: object) -> None:
        super().__init__(original.__name__, original.__doc__)
        self.__dict__["_original"] = original
        self.__dict__.update(ours)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_original"], name)
