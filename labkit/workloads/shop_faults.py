"""What is wrong with the shop's pages at an instant: a value, made from the incidents.

A run of a canary visits the shop as it is at one virtual instant; while it runs, the lab's clock
stands still. So a run gets a *snapshot*: the same instant and the same incidents give the same one,
and two snapshots of the same fingerprint look the same to whoever visits.

Incidents come in two kinds. Those of pages (``page_slow``, ``certificate`` ...) name a page. Those
of the shop's services, which its metrics tell of, show on pages as well: a percentage of requests
that fail is drawn once for each service and minute, so that a visit finds a page whole or broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from labkit.core.clock import MINUTE, SECOND, to_us
from labkit.workloads.incidents import PAGE_KINDS, Incident

#: The shop's pages, and what a visitor does there.
PAGES = {
    "home": "the front page",
    "search": "results of a search",
    "product": "one product",
    "cart": "the cart",
    "checkout": "address and card",
    "pay": "what 'Buy now' leads to",
    "login": "the form to log in",
    "account": "a customer's orders",
    "api": "the JSON interface",
    "images": "pictures",
}
#: A target that means every page.
SITE = "site"

#: What does no harm: a good canary stays green.
HARMLESS = frozenset({"page_prices", "page_promotion", "page_order", "page_markup"})

#: The pages on the way to an order, and what lets nobody past one.
BUYING = frozenset({"cart", "checkout", "pay", SITE})
BLOCKING = frozenset(
    {
        "page_error", "page_empty", "page_covered", "page_hidden", "page_loop", "page_silent",
        "page_reset",
    }
)  # fmt: skip

#: Service -> the pages that need it.
NEEDED_BY = {
    "front": ("home", "search", "product", "cart", "checkout", "pay", "login", "account"),
    "catalogue": ("search", "product"),
    "cart": ("cart",),
    "checkout": ("checkout",),
    "payment": ("pay",),
}
_FAILING = {"failing", "bad_deploy", "bad_host", "throttled_table"}
_USUAL_MS = {"front": 60, "catalogue": 90, "cart": 110, "checkout": 180, "payment": 220}
_TIMEOUT_SECONDS = 15.0

#: How long a certificate is valid when nothing is said, days.
CERTIFICATE_DAYS = 90.0
DAY = 86_400 * SECOND


@dataclass(frozen=True)
class SiteSnapshot:
    """The shop's site at one instant.

    Parameters
    ----------
    now_us:
        The instant, microseconds.
    faults:
        (page, kind, size) of what is the matter, by page.
    certificate_days:
        For how long its certificate is still valid; negative once it has expired.
    """

    now_us: int = 0
    faults: tuple[tuple[str, str, float], ...] = ()
    certificate_days: float = CERTIFICATE_DAYS
    _index: dict[tuple[str, str], float] = field(
        default_factory=dict, compare=False, repr=False, init=False
    )

    def __post_init__(self) -> None:
        self._index.update({(page, kind): size for page, kind, size in self.faults})

    def size(self, page: str, kind: str) -> float | None:
        """The size of a fault of a page or of the whole site; None when there is none."""
        found = self._index.get((page, kind))
        return self._index.get((SITE, kind)) if found is None else found

    def has(self, page: str, kind: str) -> bool:
        """Whether a page has a fault."""
        return self.size(page, kind) is not None

    @property
    def healthy(self) -> bool:
        """Whether nothing is the matter that a visitor would mind."""
        wrong = any(kind not in HARMLESS for _, kind, _ in self.faults)
        return not wrong and self.certificate_days > 0

    @property
    def fingerprint(self) -> str:
        """The same for snapshots that no visitor can tell apart: 16 hexadecimal digits.

        The certificate counts by its whole days, since that is what a check of it asks for.
        """
        days = int(self.certificate_days // 1)
        text = repr((sorted(self.faults), days))
        return blake2b(text.encode(), digest_size=8).hexdigest()


def about_pages(incident: Incident) -> bool:
    """Whether an incident is one of the shop's pages."""
    return incident.kind in PAGE_KINDS and incident.target in (*PAGES, SITE)


def stops_orders(incident: Incident) -> bool:
    """Whether nobody can buy while an incident lasts."""
    return incident.kind in BLOCKING and incident.target in BUYING


def snapshot(incidents: Iterable[Incident], now_us: int, seed: int) -> SiteSnapshot:
    """The shop's site at an instant.

    Parameters
    ----------
    incidents:
        Of pages and of the shop's services; others are passed over.
    now_us:
        The instant, microseconds.
    seed:
        Of the draws.
    """
    faults: dict[tuple[str, str], float] = {}
    days = CERTIFICATE_DAYS
    for one in incidents:
        start = to_us(one.start)
        if now_us < start or (one.end is not None and now_us >= to_us(one.end)):
            continue
        if one.kind == "certificate":
            days = one.size - (now_us - start) / DAY
        elif about_pages(one):
            faults[one.target, one.kind] = float(one.size)
        elif one.target in NEEDED_BY:
            faults |= _of_service(one, now_us, seed)
    return SiteSnapshot(now_us, tuple(sorted((p, k, s) for (p, k), s in faults.items())), days)


def _of_service(one: Incident, now_us: int, seed: int) -> dict[tuple[str, str], float]:
    pages = NEEDED_BY[one.target]
    if one.kind in _FAILING and _draw(one, now_us, seed) < one.size:
        return {(page, "page_error"): 500.0 for page in pages}
    if one.kind == "timeouts" and _draw(one, now_us, seed) < one.size:
        found: dict[tuple[str, str], float] = {(page, "page_error"): 504.0 for page in pages}
        return found | {(page, "page_slow"): _TIMEOUT_SECONDS for page in pages}
    if one.kind == "slow":
        seconds = round(_USUAL_MS.get(one.target, 100) * one.size / 1000, 2)
        return {(page, "page_slow"): seconds for page in pages}
    return {}


def _draw(one: Incident, now_us: int, seed: int) -> float:
    """A number from 0 to 100, the same for a whole minute."""
    text = f"{seed}/{one.target}/{one.kind}/{now_us // MINUTE}"
    bits = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
    return 100.0 * bits / 2**64
