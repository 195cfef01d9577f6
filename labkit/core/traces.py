"""Traces that are pulled, and who decides whether a request is traced.

Like figures (:mod:`labkit.core.sources`), the traces of a workload are made when somebody looks: a
source is a pure function of the world's seed, of what befell the world, and of the sampling rules
that were in force when a request came in. It says nothing else about the past, however often and
whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

#: What everybody does who knows no rule: the first request of a second, and 5 % of the others.
RESERVOIR, RATE = 1, 0.05
_MICROSECONDS = 1_000_000


class TraceSource(Protocol):
    """Somebody who has traces of the world."""

    def segments(
        self, account: str, region: str, start_us: int, end_us: int
    ) -> list[dict[str, Any]]:
        """The segment documents of the requests that came in within ``[start_us, end_us)``.

        All documents of such a request are among them, also those of what it caused later.
        """

    def arrivals(self, account: str, region: str, start_us: int, end_us: int) -> list[Arrivals]:
        """The requests that came in then and that sampling rules decided about."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Requests at the door of a service that begins their traces, in order of time.

    Parameters
    ----------
    service, service_type, host, resource_arn:
        What sampling rules go by, the same for all of them.
    methods, paths:
        Method and path of each different kind of request.
    kind:
        int64[n]: of which kind each is, a row of ``methods`` and ``paths``.
    at_us:
        int64[n], microseconds, ascending.
    luck:
        float64[n] in [0, 1): what a rate is compared with. A rate of 0.05 takes what is below 0.05.
    """

    service: str
    service_type: str
    host: str
    resource_arn: str
    methods: Sequence[str]
    paths: Sequence[str]
    kind: np.ndarray
    at_us: np.ndarray
    luck: np.ndarray


#: (account, region, arrivals) -> bool[n]: which of them are traced.
Sampling = Callable[[str, str, Arrivals], "np.ndarray"]


def without_rules(account: str, region: str, arrivals: Arrivals) -> np.ndarray:
    """Who is traced where nobody knows rules: :data:`RESERVOIR` a second, and :data:`RATE`."""
    return taken(arrivals.at_us, arrivals.luck, RESERVOIR, RATE)


def all_of_them(account: str, region: str, arrivals: Arrivals) -> np.ndarray:
    """Everybody is traced."""
    import numpy as np

    return np.ones(len(arrivals.at_us), dtype=bool)


def taken(at_us: np.ndarray, luck: np.ndarray, reservoir: int, rate: float) -> np.ndarray:
    """Which requests one rule takes: ``reservoir`` of each second, of the others the lucky ones.

    >>> import numpy as np
    >>> taken(np.array([0, 5, 9, 1_000_000]), np.array([0.9, 0.9, 0.01, 0.9]), 1, 0.05).tolist()
    [True, False, True, True]
    """
    import numpy as np

    second = at_us // _MICROSECONDS
    turn = np.arange(len(second)) - np.searchsorted(second, second)
    return (turn < reservoir) | (luck < rate)


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """What ``X-Amzn-Trace-Id`` says.

    Parameters
    ----------
    root, parent:
        The trace, and the segment or subsegment that asks; empty when it is not said.
    sampled:
        Whether it was decided that the request is traced; None while nobody has decided.
    """

    root: str = ""
    parent: str = ""
    sampled: bool | None = None

    @classmethod
    def read(cls, text: str) -> TraceHeader:
        """The header's value. Other keys (``Self``, ``Lineage``) are passed over.

        >>> TraceHeader.read("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1").sampled
        True
        """
        parts = dict(part.strip().partition("=")[::2] for part in text.split(";") if "=" in part)
        said = {name.lower(): value.strip() for name, value in parts.items()}
        decided = {"1": True, "0": False}.get(said.get("sampled", ""))
        return cls(said.get("root", ""), said.get("parent", ""), decided)

    @staticmethod
    def at_balancer(brought: str, own: str) -> str:
        """What a load balancer makes of the header of a request.

        Parameters
        ----------
        brought:
            The header that the request brings; empty for none.
        own:
            A trace id that the balancer has made.

        >>> TraceHeader.at_balancer("", "1-5759e988-bd862e3fe1be46a994272793")
        'Root=1-5759e988-bd862e3fe1be46a994272793'
        """
        rest = [part for part in brought.split(";") if part and not part.startswith("Self=")]
        if not any(part.startswith("Root=") for part in rest):
            return ";".join([f"Root={own}", *rest])
        return ";".join([f"Self={own}", *rest])

    def __str__(self) -> str:
        parts = [f"Root={self.root}"]
        if self.parent:
            parts.append(f"Parent={self.parent}")
        if self.sampled is not None:
            parts.append(f"Sampled={int(self.sampled)}")
        return ";".join(parts)


def trace_id(at_us: int, digits: str) -> str:
    """A trace id: its request's second, and 24 hexadecimal digits.

    >>> trace_id(1465510280_000_000, "bd862e3fe1be46a994272793")
    '1-5759e988-bd862e3fe1be46a994272793'
    """
    return f"1-{at_us // _MICROSECONDS:08x}-{digits[:24]}"
