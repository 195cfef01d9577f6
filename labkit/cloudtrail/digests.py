"""Digest files on the clock: each hour, for each trail that validates its log files, by Region.

A trail's chain begins when it logs and validates. From then on there is a digest each hour for the
trail's Region and for every Region of the account where the lab has had calls, also when nothing
was delivered; AWS writes one for all its Regions, also for those in which an account never did
anything (approximated: thirty empty files an hour would say nothing). When logging stops, or
validation is switched off, a last digest names what was delivered until then, and the chain ends;
the next begins with a digest that names none before it.

Source: CloudTrail user guide, cloudtrail-log-file-validation-intro and
cloudtrail-log-file-validation-digest-file-structure (aws-semantics 7.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.engine import digest, signing
from labkit.core.clock import HOUR, Phase, to_datetime
from labkit.core.facts import Fact
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.cloudtrail.records import Trail

#: Longest that a public key serves; ListPublicKeys answers with its range.
KEY_YEARS = 5


@dataclass
class _Region:
    """Where the chain of one Region stands."""

    since_us: int
    before: digest.Link | None = None
    waiting: list[digest.LogFile] = field(default_factory=list)


@dataclass
class _Chain:
    """The chains of a trail, by account and Region."""

    account: str
    next_us: int
    regions: dict[tuple[str, str], _Region] = field(default_factory=dict)


class Digests:
    """Writes digest files.

    Parameters
    ----------
    world:
        Clock, ids and ports; the handler ``cloudtrail.digest`` is registered here.
    find:
        The trail of an ARN; None when it is gone.
    regions:
        Regions of an account in which CloudTrail has recorded something.
    """

    def __init__(
        self,
        world: World,
        find: Callable[[str], Trail | None],
        regions: Callable[[str], Iterable[str]],
    ) -> None:
        self._world = world
        self._find = find
        self._regions = regions
        self._chains: dict[str, _Chain] = {}
        #: Digest files that could not be written, with S3's error code, by trail.
        self.errors: dict[str, str] = {}
        #: When the newest digest of a trail was written, by ARN; GetTrailStatus tells.
        self.delivered_us: dict[str, int] = {}
        world.clock.register("cloudtrail.digest", self._hour)

    def key(self, account: str, region: str) -> signing.SigningKey:
        """The signing key of an account and Region of this world."""
        return signing.key_of(self._world.ids.seed, account, region)

    def key_range(self) -> tuple[datetime, datetime]:
        """From and until when the keys serve."""
        year = to_datetime(self._world.clock.start_us).year - 1
        return datetime(year, 1, 1, tzinfo=UTC), datetime(year + KEY_YEARS, 1, 1, tzinfo=UTC)

    # -- what happens to trails
    def on_delivered(self, fact: Fact) -> None:
        """A log file was delivered: the next digest names it."""
        data = fact.data
        chain = self._chains.get(data["trail_arn"])
        if chain is None:
            return
        one = digest.LogFile(
            data["bucket"], data["key"], data["sha256"], data["newest_us"], data["oldest_us"]
        )
        self._region(chain, fact.account, fact.region).waiting.append(one)

    def _region(self, chain: _Chain, account: str, region: str) -> _Region:
        key = (account, region)
        if key not in chain.regions:
            chain.regions[key] = _Region(chain.next_us - HOUR)
        return chain.regions[key]

    def on_changed(self, fact: Fact) -> None:
        """A trail was started, stopped, changed or deleted: its chain begins or ends."""
        arn = fact.data["trail_arn"]
        trail = self._find(arn)
        wanted = trail is not None and trail.logging and trail.validation
        chain = self._chains.get(arn)
        if wanted and chain is None and trail is not None:
            now_us = self._world.clock.now_us
            start_us = now_us - now_us % 1_000_000
            self._chains[arn] = _Chain(trail.account, start_us + HOUR)
            self._plan(arn, start_us + HOUR)
        elif not wanted and chain is not None:
            if trail is not None:
                self._write(trail, chain, self._world.clock.now_us)
            del self._chains[arn]

    def _plan(self, arn: str, at_us: int) -> None:
        payload = {"trail_arn": arn, "at_us": at_us}
        self._world.clock.at(at_us, Phase.DELIVERIES, "cloudtrail.digest", payload, cause=())

    def _hour(self, payload: dict[str, Any]) -> None:
        arn, at_us = payload["trail_arn"], payload["at_us"]
        chain, trail = self._chains.get(arn), self._find(arn)
        if chain is None or trail is None or chain.next_us != at_us:
            return  # the chain that planned this has ended
        self._write(trail, chain, at_us)
        chain.next_us = at_us + HOUR
        self._plan(arn, chain.next_us)

    # -- writing
    def _write(self, trail: Trail, chain: _Chain, end_us: int) -> None:
        self._region(chain, trail.account, trail.home_region)
        if trail.multi_region:
            for region in self._regions(trail.account):
                self._region(chain, trail.account, region)
        for (account, region), state in sorted(chain.regions.items()):
            if end_us - end_us % 1_000_000 > state.since_us:
                self._one(trail, account, region, state, end_us - end_us % 1_000_000)

    def _one(self, trail: Trail, account: str, region: str, state: _Region, end_us: int) -> None:
        place = digest.key_of(
            trail.prefix, account, region, trail.name, trail.home_region, end_us, trail.under
        )
        made = digest.make(
            account, trail.bucket, place, state.since_us, end_us, state.waiting, state.before,
            self.key(account, region),
        )  # fmt: skip
        ports = self._world.ports
        principal = "cloudtrail.amazonaws.com"
        allowed = ports.bucket_allows(
            trail.bucket, place, principal, source_arn=trail.arn, account=trail.account
        )
        problem = "" if allowed.value else "AccessDenied"
        problem = problem or ports.put_object(
            trail.bucket,
            place,
            made.body,
            metadata=made.metadata,
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
        if problem:
            # What could not be written is named by the next digest: nothing is lost.
            self.errors[trail.arn] = problem
            return
        self.errors.pop(trail.arn, None)
        self.delivered_us[trail.arn] = end_us
        state.before, state.since_us, state.waiting = made.link, end_us, []

    # -- proof
    def prove(
        self, trail: Trail, region: str, *, account: str = "", start: str = ""
    ) -> digest.Proof:
        """Walk through the digests of a trail in a Region and judge every file.

        Parameters
        ----------
        trail:
            Whose files.
        region, account:
            Of the files; the trail's own account when left out.
        start:
            ISO time: only digests since then.
        """
        account = account or trail.account
        ports = self._world.ports
        head = f"{trail.prefix}/" if trail.prefix else ""
        folder = f"{head}{trail.under}{account}/CloudTrail-Digest/{region}/"
        mine = f"_CloudTrail-Digest_{region}_{trail.name}_{trail.home_region}_"
        listed = ports.object_keys(trail.bucket, folder) or ()
        keys = sorted((key for key in listed if mine in key), key=lambda key: key[-24:-8])
        # The digest that ends in an hour may end after `start` and begin before it.
        stamp = start.replace("-", "").replace(":", "")
        keys = [key for key in keys if not stamp or key[-24:-8] + "Z" >= stamp]
        public = self.key(account, region).public
        return digest.validate(
            keys, trail.bucket, self._fetch, {public.fingerprint: public}, start=start
        )

    def _fetch(self, bucket: str, key: str) -> digest.Stored | None:
        found = self._world.ports.get_object(bucket, key)
        return None if found is None else digest.Stored(*found)

    def state(self) -> list[Any]:
        """The chains as plain values, for the digest of a world."""
        return [
            [arn, chain.next_us, [
                [account, region, one.since_us, list(one.before or ()),
                 [list(f) for f in one.waiting]]
                for (account, region), one in sorted(chain.regions.items())
            ]]
            for arn, chain in sorted(self._chains.items())
        ]  # fmt: skip
