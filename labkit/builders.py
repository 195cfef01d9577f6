"""Named builders: how a lab that did not begin empty is made again.

A prepared world (an exercise with its machines and its past) is the work of a function. A saved
world can't hold a function, so it holds a *name* of this table and plain arguments; ``Lab.open``,
``lab.replay`` and ``lab.reset`` look the name up and let the builder do its work again. Only names
of this table are known: a file that somebody sent must not choose what is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from labkit.core.errors import ReplayError

if TYPE_CHECKING:
    from labkit.lab import Lab

#: name -> ``module:function``; the function is called with the lab and the arguments as keywords,
#: and returns the world's handles.
BUILDERS = {
    "exercise": "labkit.course.worlds:build",
    "teapot_logs": "labkit.course.retention:teapot",
}


def build(name: str, lab: Lab, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let the builder called ``name`` prepare a lab that has just begun; the world's handles.

    Raises
    ------
    ReplayError
        When there is no builder of that name here.
    """
    try:
        module, _, function = BUILDERS[name].partition(":")
    except KeyError:
        known = ", ".join(sorted(BUILDERS))
        raise ReplayError(f"no builder is called {name!r} here; there are: {known}") from None
    handles: Mapping[str, Any] = getattr(import_module(module), function)(lab, **arguments)
    return handles
