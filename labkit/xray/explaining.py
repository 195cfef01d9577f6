"""What X-Ray explains of itself: filters and sampling. Read past the API, as all views are."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from labkit.core.clock import SECOND
from labkit.core.errors import LabError
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.views.drawing import Drawing
    from labkit.xray.store import XRayStore

#: Requests that are decided at once, at most.
_MOST = 1_000


class Explaining:
    """Why a trace is found, why a request is traced."""

    world: World
    account: str
    region: str

    def store(self, account: str, region: str) -> XRayStore:
        """What is remembered for an account and Region."""
        raise NotImplementedError

    def explain_filter(
        self, expression: str, trace_id: str, *, account: str = "", region: str = ""
    ) -> Drawing:
        """Why a filter expression finds a trace or does not, predicate by predicate.

        Parameters
        ----------
        expression:
            ``service("checkout") { fault }``
        trace_id:
            Of the trace.
        account, region:
            Where it is; the lab's own when left out.

        Raises
        ------
        LabError
            When X-Ray would refuse the expression, with the place; when there is no such trace.
        """
        from labkit.xray.engine.filters import FilterError
        from labkit.xray.filtering import groups, read
        from labkit.xray.views.filtering import filter_match

        store = self.store(account or self.account, region or self.region)
        try:
            wanted = read(expression)
        except FilterError as problem:
            raise LabError(f"X-Ray refuses this expression:\n{problem.pointed}") from None
        trace = store.trace(trace_id)
        if trace is None:
            raise LabError(f"there is no trace {trace_id}")
        return filter_match(
            expression, wanted.finding(trace, groups(store), store.account), trace_id
        )

    def explain_sampling(
        self,
        path: str = "",
        method: str = "",
        host: str = "",
        service: str = "",
        service_type: str = "",
        *,
        resource_arn: str = "",
        attributes: Mapping[str, str] | None = None,
        requests: int = 3,
        quota: int | None = None,
        account: str = "",
        region: str = "",
    ) -> Drawing:
        """Which sampling rule decides about a request, and what about the first few of a second.

        A program that has just begun is imagined. With ``attributes`` or ``resource_arn`` it is one
        that reads these, as API Gateway does; the X-Ray SDKs do not.

        Parameters
        ----------
        path, method, host, service, service_type, resource_arn, attributes:
            What is known of the request; what is left out fits every rule.
        requests:
            How many of them come in one second.
        quota:
            Requests a second that X-Ray has given the program; None before it has given any: then
            it borrows one a second.
        account, region:
            Whose rules; the lab's own when left out.
        """
        from labkit.xray.engine.sampling import Asked, Client
        from labkit.xray.sampling import ordered
        from labkit.xray.views.sampling import decisions

        if not 1 <= requests <= _MOST:
            raise LabError(f"requests: 1 to {_MOST}")
        store = self.store(account or self.account, region or self.region)
        known = dict(attributes or {})
        asked = Asked(service, service_type, host, method, path, resource_arn, known)
        everything = bool(known or resource_arn)
        luck = Random(f"{self.world.seed} {asked}")
        client = Client(draw=luck.random, reads_everything=everything)
        rules, now_s = ordered(store), self.world.clock.now_us // SECOND
        client.load_rules(rules, now_s)
        if quota is not None:
            client.load_targets(
                {"RuleName": rule.name, "FixedRate": rule.rate, "ReservoirQuota": quota,
                 "ReservoirQuotaTTL": now_s + 300}
                for rule in rules
            )  # fmt: skip
        made = [client.decide(asked, now_s) for _ in range(requests)]
        return decisions(rules, asked, made, reads_everything=everything)

    def sampled_figures(
        self,
        requests_per_second: float,
        rate: float = 0.05,
        reservoir: float = 1,
        *,
        one_in: float = 500,
        minutes: float = 10,
    ) -> Drawing:
        """What sampling comes to: traces a minute, dollars a month, the chance to catch a fault.

        Parameters
        ----------
        requests_per_second:
            That come, evenly.
        rate, reservoir:
            Of the rule.
        one_in:
            One request in so many fails.
        minutes:
            How long one waits for a trace of it.
        """
        from labkit.xray.engine.sampling.figures import yielded
        from labkit.xray.views.sampling import figures

        if requests_per_second < 0 or not 0 <= rate <= 1 or reservoir < 0 or one_in < 1:
            raise LabError("rate is 0 to 1, one_in at least 1, and nothing is negative")
        return figures(yielded(requests_per_second, rate, reservoir, one_in, minutes))

    def view_sampling(self, *, account: str = "", region: str = "") -> Drawing:
        """The sampling rules, and how programs have used them in the last ten minutes."""
        from labkit.xray.sampling import ordered, summaries
        from labkit.xray.views.sampling import use

        store = self.store(account or self.account, region or self.region)
        return use(ordered(store), summaries(store))
