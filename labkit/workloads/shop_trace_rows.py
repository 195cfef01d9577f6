"""Which of the shop's requests are traced, and the instants of what each part did with them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from labkit.core.clock import MILLISECOND
from labkit.core.traces import Arrivals, Sampling, all_of_them
from labkit.workloads.shop_faces import PLACE
from labkit.workloads.shop_payment_lines import STATUS
from labkit.workloads.shop_requests import Requests, waited_us
from labkit.workloads.shop_site import DOMAIN, ShopSite
from labkit.workloads.shop_web_lines import ASKED, WORK, pages, statuses

#: The services in the order of calls, and who calls each.
CALLER = {"front": "", "catalogue": "front", "cart": "front", "checkout": "front",
          "payment": "checkout"}  # fmt: skip
#: service -> its type as X-Ray and its sampling rules name it.
ORIGIN = {
    "front": "AWS::ElasticBeanstalk::Environment",
    "catalogue": "AWS::ECS::Container",
    "cart": "AWS::ECS::Container",
    "checkout": "AWS::ECS::Container",
    "payment": "AWS::ApiGateway::Stage",
}
STAGE = "shop-payment/prod"
#: An answer is on its way for so long.
WAY_US = MILLISECOND
#: What API Gateway takes on top of the function, as its access log has it.
GATEWAY_US = 3 * MILLISECOND
#: How much of that is before the function has the request.
BEFORE_US = MILLISECOND


@dataclass(slots=True)
class Rows:
    """The traced requests of one service, a row for each; times in microseconds.

    Parameters
    ----------
    service:
        Which.
    number, machine, why, status:
        As in :class:`Requests`, and the HTTP status of the answer.
    root:
        Where its trace began: a row of :data:`CALLER`.
    start_us, end_us:
        Of the service's segment.
    own_us:
        Its own time, which is what figures and logs call its duration.
    called:
        Whether a caller's call led here: the caller's row of it, or -1.
    asked, product:
        Of the front: what it was asked (see :func:`pages`).
    calls, call:
        Which service it called: a row of :data:`CALLER`, and the row there; -1 when it called none.
    tried:
        How often the call got no connection, microseconds spent so.
    """

    service: str
    number: np.ndarray
    machine: np.ndarray
    why: np.ndarray
    status: np.ndarray
    root: np.ndarray
    start_us: np.ndarray
    end_us: np.ndarray
    own_us: np.ndarray
    called: np.ndarray
    asked: np.ndarray
    product: np.ndarray
    bad_machine: int
    calls: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    call: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    waited_us: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def minute(self) -> np.ndarray:
        """The minute of each since the epoch."""
        return (self.number >> PLACE).astype(np.int64)

    def __len__(self) -> int:
        return len(self.number)


def chosen(
    site: ShopSite,
    served: dict[str, Requests],
    sampling: Sampling,
    start_us: int,
    end_us: int,
) -> dict[str, Rows]:
    """service -> those of its requests that are traced.

    Parameters
    ----------
    site, served:
        Whose requests, of whole minutes.
    sampling:
        Decides where a trace begins; :func:`all_of_them` for all, whatever a caller has decided.
    start_us, end_us:
        Only traces that begin within ``[start_us, end_us)``.
    """
    names = list(CALLER)
    picked: dict[str, np.ndarray] = {}
    roots: dict[str, np.ndarray] = {}
    found: dict[str, Rows] = {}
    for place, (name, caller) in enumerate(CALLER.items()):
        if name not in served:
            continue
        those = served[name]
        mine = np.full(len(those), place)
        led = np.zeros(len(those), dtype=bool)
        behind = np.full(len(those), -1)
        if caller in served:
            behind = match(those.number, served[caller].number)
            led = behind >= 0
            mine = np.where(led, roots[caller][behind], place)
        picks = led & picked[caller][behind] if caller in served else led.copy()
        begins = np.flatnonzero(~led & (those.start_us >= start_us) & (those.start_us < end_us))
        asked, product, status = _asked(site, name, those)
        # Other programs that call a service of the shop have decided: they do not trace.
        if len(begins) and (caller not in served or sampling is all_of_them):
            order = begins[np.argsort(those.start_us[begins], kind="stable")]
            arrivals = _arrivals(site, name, those, asked, product, order)
            picks[order] = sampling(site.account, site.region, arrivals)
        picked[name], roots[name] = picks, mine
        rows = np.flatnonzero(picks)
        called = np.full(len(rows), -1)
        if caller in found:
            called = np.where(led[rows], match(those.number[rows], found[caller].number), -1)
        found[name] = Rows(
            name, those.number[rows], those.machine[rows], those.why[rows].astype(np.int64),
            status[rows], mine[rows], those.start_us[rows], those.end_us[rows],
            (those.end_us - those.start_us)[rows], called, asked[rows], product[rows],
            those.bad_machine,
        )  # fmt: skip
    _lasting(site, found, names)
    return found


def match(wanted: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The row of each wanted number among others, which are in order; -1 where it is not."""
    if not len(among):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return np.where(among[place] == wanted, place, -1)


def _asked(site: ShopSite, name: str, those: Requests) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was asked, which product, and the status of the answer."""
    if name == "front":
        return pages(site, those)
    none = np.zeros(len(those), dtype=np.int64)
    if name == "payment":
        return none, none, STATUS[those.why]
    return none, none, statuses(site, those, np.full(len(those), WORK[name][2]))


def _arrivals(
    site: ShopSite,
    name: str,
    those: Requests,
    asked: np.ndarray,
    product: np.ndarray,
    order: np.ndarray,
) -> Arrivals:
    """The requests that a service has first, as sampling rules see them."""
    host, arn = f"{name}:8080", ""
    if name == "front":
        host = DOMAIN
        kinds = [one.split("?")[0].split(" ") for one in ASKED]
        kinds += [["GET", f"/product/{1000 + n}"] for n in range(400)]
        kind = np.where(product > 0, len(ASKED) - 1 + product, asked)[order]
    elif name == "payment":
        host, kinds, kind = site.api_host, [["POST", "/payments"]], asked[order]
        arn = site.stage_arn
    else:
        kinds, kind = [list(WORK[name][:2])], asked[order]
    methods, paths = zip(*kinds, strict=True)
    return Arrivals(
        STAGE if name == "payment" else name, ORIGIN[name], host, arn, methods, paths, kind,
        those.start_us[order], site.share(f"trace from {name}", those.number[order]),
    )  # fmt: skip


def _lasting(site: ShopSite, found: dict[str, Rows], names: list[str]) -> None:
    """When each segment ends, from the last that is called to the first that calls."""
    for name in reversed(names):
        if name not in found:
            continue
        rows = found[name]
        rows.calls, rows.call = np.full(len(rows), -1), np.full(len(rows), -1)
        rows.waited_us = np.zeros(len(rows), dtype=np.int64)
        if name == "payment":
            rows.start_us = rows.start_us - BEFORE_US
            rows.end_us = rows.end_us + GATEWAY_US - BEFORE_US
        for callee, caller in CALLER.items():
            if caller != name or callee not in found:
                continue
            there = found[callee]
            led = np.flatnonzero(there.called >= 0)
            mine = there.called[led]
            rows.calls[mine], rows.call[mine] = names.index(callee), led
            late_us = waited_us(site, callee, there.number[led])
            if callee == "payment":
                late_us -= waited_us(site, name, there.number[led])
            rows.waited_us[mine] = late_us
            begin_us = there.start_us[led] - WAY_US - late_us
            rows.end_us[mine] += there.end_us[led] + WAY_US - begin_us
