"""How long a function took and how much memory it had: drawn from the seed, never measured.

A measured duration would be another one on each machine and in each run, and an alarm on it would
fire on a busy laptop. What a function *does* counts exactly (its sleeping, its calls); what its
code itself takes is drawn around a typical value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist

_NORMAL = NormalDist()

#: Typical values; a draw is log-normal around them (typical, spread).
HANDLER_MS = (1.6, 0.35)
CALL_MS = (14.0, 0.40)
INIT_MS = (92.0, 0.12)

#: What the runtime for Python has loaded, MB, and what a boto3 call brings in.
RUNTIME_MB = (33.0, 0.03)
SDK_MB = (41.0, 0.03)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the REPORT line says.

    Parameters
    ----------
    duration_ms, init_ms:
        Milliseconds with two decimals; ``init_ms`` is 0.0 in a warm environment.
    billed_ms:
        Whole milliseconds; since August 2025 the initialisation counts.
    memory_mb, used_mb:
        What the function has and what it used at most.
    """

    duration_ms: float
    init_ms: float
    billed_ms: int
    memory_mb: int
    used_mb: int


def draw(seed: int, typical: tuple[float, float], *names: object) -> float:
    """A value around ``typical`` that depends on the seed and the names alone."""
    text = "\x1f".join(map(str, (seed, *names)))
    number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
    quantile = _NORMAL.inv_cdf((number + 1) / (2**64 + 1))
    middle, spread = typical
    return middle * math.exp(spread * max(-3.0, min(3.0, quantile)))


def call_us(seed: int, *names: object) -> int:
    """How long one of a function's calls to AWS took, microseconds."""
    return int(draw(seed, CALL_MS, "call", *names) * 1000)


def figures(
    seed: int,
    name: str,
    *,
    elapsed_us: int,
    memory_mb: int,
    used_mb: int,
    cold: str = "",
    limit_ms: float | None = None,
) -> Figures:
    """The figures of one invocation.

    Parameters
    ----------
    seed, name:
        What they are drawn from: the lab's noise, and the invocation's own name.
    elapsed_us:
        What the function slept and its calls took.
    memory_mb, used_mb:
        The function's memory and what its environment has used.
    cold:
        The environment's name when it was made for this invocation.
    limit_ms:
        The duration when the function ran into its time limit.
    """
    duration = limit_ms
    if duration is None:
        duration = elapsed_us / 1000 + draw(seed, HANDLER_MS, "handler", name)
    init = round(draw(seed, INIT_MS, "init", cold), 2) if cold else 0.0
    duration = round(duration, 2)
    return Figures(
        duration, init, math.ceil(round(duration + init, 2)), memory_mb, min(memory_mb, used_mb)
    )


def used_mb(seed: int, environment: str, *, with_sdk: bool) -> int:
    """How much memory an environment uses at most, MB."""
    return round(draw(seed, SDK_MB if with_sdk else RUNTIME_MB, "memory", environment))
