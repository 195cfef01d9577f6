"""Incidents: what goes wrong, as values that a replay can be given.

There is one fault type for the whole world. An exercise's judge builds incidents that the learner
has not seen, hands them to ``lab.replay(incidents=...)`` and watches the mailbox.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from labkit.core.errors import LabError

#: kind -> what befalls the target, and what ``size`` means.
KINDS = {
    "cpu": "a machine runs at `size` percent of its CPU",
    "status_check_system": "a machine's system status check fails (the host); `size` means nothing",
    "status_check_instance": "a machine's instance status check fails; `size` means nothing",
    "slow": "every request that a latency metric tells of takes `size` times as long",
    "slow_share": "`size` percent of the requests that a latency metric tells of wait four seconds",
    "failing": "`size` percent of the requests of a shop's service fail",
    "timeouts": "`size` percent of the requests of a shop's service run into its time limit",
    "bad_deploy": "a release of a shop's service fails `size` percent of its requests, until it is "
    "taken back",
    "bad_host": "one of the machines of a shop's service fails `size` percent of its requests",
    "slow_table": "every call to the table of a shop's service takes `size` times as long",
    "throttled_table": "the table of a shop's service has too little capacity: `size` percent of "
    "the service's requests fail of it",
    "bad_release": "a release of a shop's service, which one customer in ten gets, fails `size` "
    "percent of their requests",
    "bad_zone": "the machines of a shop's service in one availability zone fail `size` percent of "
    "their requests",
    "retry_storm": "`size` percent of the calls to a shop's service get no connection three times "
    "before they do; no service's own figures show it, traces do",
    "scan": "somebody tries the ports in front of a shop's service, `size` a minute; nothing fails",
    "silence": "a latency metric says nothing; `size` means nothing",
    "memory": "a program leaks: after half an hour a machine's memory is full to `size` percent",
    "disk": "a file system of a machine (target `i-0abc:/var`) fills up to `size` percent in an "
    "hour",
}
#: The same for a page of the shop (target `search`, `checkout` ...; `site` for all of them).
PAGE_KINDS = {
    "page_slow": "a page takes `size` seconds",
    "page_error": "a page answers with the status `size`, 500 when that is none of an error",
    "page_empty": "a page answers 200 with nothing in it",
    "page_link": "one of the links on a page leads nowhere; `size` means nothing",
    "page_covered": "a banner lies over what is to be clicked; `size` means nothing",
    "page_hidden": "what is to be clicked is not there to be seen; `size` means nothing",
    "page_unstyled": "a page has lost its style sheet, and no word; `size` means nothing",
    "page_loop": "a page redirects to itself; `size` means nothing",
    "page_silent": "a page never answers; `size` means nothing",
    "page_reset": "the connection is cut; `size` means nothing",
    "page_huge": "a page sends `size` megabytes",
    "certificate": "the site's certificate expires `size` days after the start, and is renewed at "
    "the end",
    "page_prices": "prices change by `size` percent, which does no harm",
    "page_promotion": "a promotion stands on top, which does no harm; `size` means nothing",
    "page_order": "products stand in another order, which does no harm; `size` means nothing",
    "page_markup": "a page is built of other elements, and its ids stay; `size` means nothing",
}
KINDS |= PAGE_KINDS

#: Kinds whose size is a percentage.
PERCENT = frozenset({"cpu", "memory", "disk"})
#: Kinds whose size is a share of the requests, in percent.
SHARES = frozenset(
    {
        "failing", "slow_share", "timeouts", "bad_deploy", "bad_host", "throttled_table",
        "bad_release", "bad_zone", "retry_storm",
    }
)  # fmt: skip
#: Kinds whose size says how many times as slow.
TIMES = frozenset({"slow", "slow_table"})


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that befalls a part of the world.

    Parameters
    ----------
    kind:
        One of :data:`KINDS`.
    target:
        What it befalls: an instance id (it need not run yet), a latency metric as
        ``namespace name``, or a shop's service by its name. Of a disk the instance id with a path
        behind it: ``i-0abc:/var``.
    start, end:
        From and to, aware datetimes; ``end=None`` when it does not pass.
    size:
        How bad, in the unit of its kind.

    Raises
    ------
    LabError
        For a kind that there is not, naive datetimes, an end that is not after the start, or a
        size that the kind can't have.
    """

    kind: str
    target: str
    start: datetime
    end: datetime | None = None
    size: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise LabError(f"no incident is called {self.kind!r}; there are {', '.join(KINDS)}")
        if self.start.tzinfo is None or (self.end is not None and self.end.tzinfo is None):
            raise LabError("an incident's start and end are aware datetimes (tzinfo=UTC)")
        if self.end is not None and self.end <= self.start:
            raise LabError(f"an incident ends after it starts, not {self.start} to {self.end}")
        if self.kind in TIMES and self.size <= 0:
            raise LabError(
                f"a {self.kind} incident is so many times as slow, more than 0: {self.size}"
            )
        if self.kind in SHARES and not 0 < self.size <= 100:
            raise LabError(f"the size of a {self.kind} is a percentage, above 0: {self.size}")
        if self.kind in ("page_slow", "page_huge") and not 0 < self.size <= 600:
            raise LabError(f"the size of a {self.kind} is above 0 and at most 600: {self.size}")
        if self.kind == "page_error" and not 0 <= self.size <= 599:
            raise LabError(f"the size of a page_error is a status: {self.size}")
        if self.kind == "scan" and not 0 < self.size <= 10_000:
            raise LabError(f"a scan tries 1 to 10,000 ports a minute, not {self.size}")
        if self.kind in PERCENT and not 0 <= self.size <= 100:
            raise LabError(
                f"the size of a {self.kind} incident is a percentage from 0 to 100: {self.size}"
            )

    def as_dict(self) -> dict[str, Any]:
        """The fields, for the journal; ``Incident(**fields)`` is the incident again."""
        return asdict(self)
