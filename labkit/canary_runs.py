"""Runs of canaries in a lab: the shop as their site, the lab behind their calls of AWS.

The one place that knows both the runner of canaries and the world that they visit. A run happens
inside one instant of the lab: the site is a snapshot of it, and calls that the script makes are
answered on the spot, nested in whatever runs the canary.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labkit.core.call import Principal
from labkit.synthetics.engine.run import RunRequest, RunResult, Site, fingerprint

if TYPE_CHECKING:
    from labkit.lab import Lab
    from labkit.synthetics.runner.browsers import Browsers
    from labkit.workloads.shop_faults import SiteSnapshot


@dataclass(frozen=True)
class SiteAddress:
    """Where the shop's site is.

    Parameters
    ----------
    name:
        For canaries: ``https://shop.teapot.example``.
    url, secure_url:
        For a browser on this machine; the second one warns, since it does not know the lab's
        authority.
    """

    name: str
    url: str
    secure_url: str

    def __str__(self) -> str:
        return f"{self.name} for canaries, {self.url} for a browser on this machine"


class CanaryRuns:
    """What runs canaries in a lab.

    Parameters
    ----------
    lab:
        Whose.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._browsers: Browsers | None = None

    # -- the two ports
    def run(
        self, request: RunRequest, role_arn: str = "", now: SiteSnapshot | None = None
    ) -> RunResult:
        """The port ``run_canary``: run a canary now, and wait for it.

        Parameters
        ----------
        request:
            What; ``now_us`` and the access key are filled in here.
        role_arn:
            The execution role, as which the script calls AWS; nobody answers without one.
        now:
            The shop that is visited; as it is at this instant when left out.
        """
        from labkit.synthetics.runner import run

        visits = self._lab.parts.shop_visits
        now = now or visits.now()
        who = self._session(request, role_arn)
        asked = replace(
            request,
            now_us=self._lab.world.clock.now_us,
            access_key=who.access_key_id if who else "",
        )
        with visits.hold(now):
            return run(
                asked, self._site(now),
                serve=None if who is None else lambda message: self._serve(message, who),
                browsers=self._kept(),
            )  # fmt: skip

    def fingerprint(self, request: RunRequest) -> str:
        """The port ``canary_fingerprint``: what a run would depend on now; see
        :func:`labkit.synthetics.engine.run.fingerprint`.
        """
        from labkit.synthetics.runner.browsers import find

        browser = find()
        site = self._site(self._lab.parts.shop_visits.now(), running=False)
        return fingerprint(request, site, "" if browser is None else browser.version)

    # -- for the learner
    def address(self) -> SiteAddress:
        """Where the shop's site is; its server is started."""
        visits = self._lab.parts.shop_visits
        plain, secure = visits.web.ports
        return SiteAddress(
            f"https://{visits.host}", f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}"
        )

    def close(self) -> None:
        """End the browsers that are kept."""
        if self._browsers is not None:
            self._end()
            self._browsers = None

    # -- inside
    def _kept(self) -> Browsers:
        if self._browsers is None:
            from labkit.synthetics.runner.browsers import Browsers

            self._browsers = Browsers()
            self._end = weakref.finalize(self, self._browsers.close)
        return self._browsers

    def _site(self, now: SiteSnapshot, *, running: bool = True) -> Site:
        visits = self._lab.parts.shop_visits
        ports = {visits.host: visits.web.ports if running else (80, 443)}
        authority = visits.web.authority.pem if running else ""
        silent = any(kind == "page_silent" for _, kind, _ in now.faults)
        key = visits.web.authority.key_hash if running else ""
        return Site(ports, now.fingerprint, authority, silent=silent, key_hash=key)

    def _session(self, request: RunRequest, role_arn: str) -> Principal | None:
        if not role_arn:
            return None
        functions = self._lab.parts.backing.functions
        return functions.session(role_arn, f"cwsyn-{request.canary}", request.region)

    def _serve(self, message: dict[str, Any], who: Principal) -> dict[str, Any]:
        try:
            status, answer = self._lab._function_door(message, who)
        except LookupError as problem:
            return {"t": "failed", "text": str(problem), "took_us": 0}
        plain = {k: v.read() if hasattr(v, "read") else v for k, v in answer.items()}
        return {"t": "answer", "status": status, "answer": plain, "took_us": 0}
