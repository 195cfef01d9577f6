"""Policies of an account: what they are, and the two kinds whose effect is here.

A *retention policy* takes force 24 hours after it was put, and again so after each change; until
then the one before holds. It overrides what a log group says itself, and where several select one
group the longest wins (the older one at a tie). ``NEW_ONLY`` leaves groups alone that were there
before it. A *metric extraction policy* stops metrics from being made of embedded metric format.

The other kinds are kept here and read by their owners: :meth:`AccountPolicies.selecting`.

Source: API reference, PutAccountPolicy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, Phase
from labkit.core.jsontext import parse
from labkit.core.world import World
from labkit.logs.engine import criteria
from labkit.logs.records import RETENTION_DAYS, LogGroup

if TYPE_CHECKING:
    from labkit.logs.store import LogStore

DATA_PROTECTION = "DATA_PROTECTION_POLICY"
SUBSCRIPTION = "SUBSCRIPTION_FILTER_POLICY"
INDEX = "FIELD_INDEX_POLICY"
TRANSFORMER = "TRANSFORMER_POLICY"
EXTRACTION = "METRIC_EXTRACTION_POLICY"
RETENTION = "RETENTION_POLICY"

#: Under which kind a store keeps them.
KIND = "account_policies"
_HANDLER = "logs.account_retention"
#: The shortest retention that an account's policy can have, days.
_LEAST_DAYS = 30
NEVER = "NEVER_EXPIRE"
#: What a policy may select groups by, by its kind.
FIELDS = {
    SUBSCRIPTION: ("LogGroupName",),
    TRANSFORMER: ("LogGroupNamePrefix",),
    INDEX: ("LogGroupNamePrefix", "DataSourceName", "DataSourceType"),
    EXTRACTION: ("LogGroupName", "LogGroupNamePrefix"),
    RETENTION: ("LogGroupNamePrefix",),
}


@dataclass(slots=True)
class AccountPolicy:
    """A policy of an account.

    ``in_force``: of a retention policy, the document that holds at present; empty until its day.
    """

    name: str
    kind: str
    document: str
    selection: str
    created_us: int
    updated_us: int
    in_force: str = ""

    def selects(self, group: LogGroup) -> bool:
        """Whether it is for a group, by the group's name."""
        fields = FIELDS.get(self.kind, ())
        return criteria.parse(self.selection, fields).selects({"LogGroupName": group.name})


@dataclass(frozen=True, slots=True)
class Retention:
    """What a retention policy's document says; ``days`` is None for ever."""

    days: int | None
    retroactive: bool


def retention_of(document: str) -> Retention:
    """A retention policy's document.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    told = parse(document)
    if not isinstance(told, dict) or set(told) != {"retentionInDays", "enforcementMode"}:
        raise ValueError("the document has retentionInDays and enforcementMode")
    days, mode = told["retentionInDays"], told["enforcementMode"]
    if mode not in ("NEW_ONLY", "RETROACTIVE"):
        raise ValueError("enforcementMode is NEW_ONLY or RETROACTIVE")
    if days == NEVER:
        return Retention(None, mode == "RETROACTIVE")
    allowed = [one for one in RETENTION_DAYS if one >= _LEAST_DAYS]
    if not isinstance(days, int) or isinstance(days, bool) or days not in allowed:
        raise ValueError(f"retentionInDays is {NEVER} or one of {allowed}")
    return Retention(days, mode == "RETROACTIVE")


class AccountPolicies:
    """The account policies of a whole lab.

    Parameters
    ----------
    world:
        Its clock brings retention policies into force.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.clock.register(_HANDLER, self._day)

    def put(self, store: LogStore, policy: AccountPolicy) -> None:
        """Keep a policy, which has been checked, in place of the one of its kind and name."""
        held = store.of(KIND)
        key = f"{policy.kind}/{policy.name}"
        known: AccountPolicy | None = held.get(key)
        if known is not None:
            policy.created_us, policy.in_force = known.created_us, known.in_force
        held[key] = policy
        if policy.kind == RETENTION:
            payload = {
                "account": store.account, "region": store.region, "key": key,
                "put_us": policy.updated_us,
            }  # fmt: skip
            self._world.clock.at(policy.updated_us + DAY, Phase.STATE, _HANDLER, payload)

    def drop(self, store: LogStore, policy: AccountPolicy) -> None:
        """Forget a policy; groups that it kept are kept as they say themselves."""
        store.of(KIND).pop(f"{policy.kind}/{policy.name}", None)
        if policy.kind == RETENTION:
            self.settle(store)

    def _day(self, payload: dict[str, Any]) -> None:
        store: LogStore = self._world.store("logs", payload["account"], payload["region"])
        policy: AccountPolicy | None = store.of(KIND).get(payload["key"])
        if policy is not None and policy.updated_us == payload["put_us"]:
            policy.in_force = policy.document
            self.settle(store)

    def settle(self, store: LogStore) -> None:
        """Let all groups be kept as the policies in force say."""
        for group in store.groups():
            self.settle_group(store, group)

    def settle_group(self, store: LogStore, group: LogGroup) -> None:
        """Let one group be kept as the policies in force say."""
        best: tuple[float, int, AccountPolicy, Retention] | None = None
        for policy in self.selecting(store, RETENTION, group):
            if not policy.in_force:
                continue
            said = retention_of(policy.in_force)
            if not said.retroactive and group.created_us <= policy.created_us:
                continue
            rank = -float("inf") if said.days is None else -float(said.days)
            if best is None or (rank, policy.created_us) < best[:2]:
                best = (rank, policy.created_us, policy, said)
        name, days = (best[2].name, best[3].days) if best else ("", None)
        group.impose(name, days, self._world.clock.now_us)

    def selecting(self, store: LogStore, kind: str, group: LogGroup) -> Iterator[AccountPolicy]:
        """The account's policies of a kind that are for a group, by name."""
        for _, policy in sorted(store.of(KIND).items()):
            if policy.kind == kind and policy.selects(group):
                yield policy

    def extracts(self, store: LogStore, group: LogGroup) -> bool:
        """Whether metrics are made of what is embedded in a group's lines."""
        if not store.of(KIND):
            return True
        return next(self.selecting(store, EXTRACTION, group), None) is None
