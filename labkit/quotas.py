"""Limits of the services, each read once from the service's own quotas.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@cache
def quotas_of(package: str) -> Mapping[str, Any]:
    """The limits of ``labkit.<package>``: nested tables, each with ``value`` and ``source``."""
    place = files("labkit") / package / "quotas.toml"
    return MappingProxyType(tomllib.loads(place.read_text(encoding="utf-8")))
