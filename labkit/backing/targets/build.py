"""A CodeBuild project: a build starts (StartBuild)."""

from __future__ import annotations

from typing import Any

from labkit.backing.targets.errand import Errand
from labkit.core.jsontext import parse

#: What of a payload StartBuild takes, beside everything that ends in "Override".
_TAKEN = ("sourceVersion", "idempotencyToken", "debugSessionEnabled")


def hand(errand: Errand) -> None:
    """Start a build, with a role that may ``codebuild:StartBuild``.

    A payload that holds StartBuild's parameters (``environmentVariablesOverride``, ...) changes the
    build; the members of a whole event change nothing.
    """
    errand.role_needed()
    errand.call("codebuild", "StartBuild", projectName=errand.arn.name, **_overrides(errand))


def _overrides(errand: Errand) -> dict[str, Any]:
    try:
        said = parse(errand.parcel.data)
    except ValueError:
        return {}
    if not isinstance(said, dict):
        return {}
    return {
        name: value for name, value in said.items() if name in _TAKEN or name.endswith("Override")
    }
