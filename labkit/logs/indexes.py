"""Field indexes: which fields of a log group are indexed, and what a query need not look at.

Theory of operation
-------------------
1. A group's own policy decides; without one the account's policies that select the group do. Some
   fields are indexed in every Standard group.
2. An index knows events that were ingested after its policy was put. What came before is looked at
   as ever by ``filter``, and left out by ``filterIndex``, which returns indexed data only.
3. A query profits where a filter before any other command that makes names says ``field = value``
   or ``field in [...]``, alone or joined by ``and``. Events that cannot have the value are not
   handed to the query: they are neither scanned nor charged. The filter still runs, so an answer
   never differs.
4. "Cannot" is told by the text: a value stands in the message as it is written, unless the message
   has escapes or powers of ten; such messages are always looked at.

Sources: API reference, PutIndexPolicy; CloudWatch Logs user guide, CWL_QuerySyntax-FilterIndex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.jsontext import parse
from labkit.logs.account_policies import INDEX, AccountPolicies
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.sieve import written
from labkit.logs.records import STANDARD, LogGroup

if TYPE_CHECKING:
    import pyarrow as pa

    from labkit.logs.engine.languages import Plan
    from labkit.logs.store import LogStore

#: The key of a group's policy in its policies.
POLICY = "index"
#: Indexed in every group (PutIndexPolicy).
DEFAULT = ("@logStream", "@aws.region", "@aws.account", "@source.log", "traceId")
MOST_FIELDS, MOST_LETTERS = 20, 100
FACET, FIELD_INDEX = "FACET", "FIELD_INDEX"
#: Since when a default field is indexed: ever.
_EVER = -(2**62)


@dataclass(slots=True)
class IndexPolicy:
    """A policy of one group; ``fields``: name -> FACET or FIELD_INDEX."""

    document: str
    fields: dict[str, str]
    updated_us: int


@dataclass(slots=True)
class Skipped:
    """What a query was spared: events, their bytes, whole groups."""

    records: int = 0
    bytes: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field and the values that a filter asks for; ``indexed`` for ``filterIndex``."""

    name: str
    values: tuple[str, ...]
    indexed: bool


def fields_of(document: str) -> dict[str, str]:
    """The fields of a policy's document, with their type.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    told = parse(document)
    if not isinstance(told, dict):
        raise ValueError("the document is no JSON object")
    first, second = told.get("Fields", []), told.get("FieldsV2", {})
    if not isinstance(first, list) or not all(isinstance(one, str) for one in first):
        raise ValueError("Fields is a list of names")
    if not isinstance(second, dict):
        raise ValueError("FieldsV2 is an object of names")
    found = dict.fromkeys(first, FIELD_INDEX)
    for name, one in second.items():
        kind = one.get("type", FIELD_INDEX) if isinstance(one, dict) else None
        if kind not in (FACET, FIELD_INDEX):
            raise ValueError(f"the type of {name} is {FIELD_INDEX} or {FACET}")
        found[name] = kind
    if not found:
        raise ValueError("the document needs Fields or FieldsV2 with one field at least")
    if len(found) > MOST_FIELDS:
        raise ValueError(f"a policy has at most {MOST_FIELDS} fields; this one has {len(found)}")
    for name in found:
        if not 1 <= len(name) <= MOST_LETTERS:
            raise ValueError(f"the name of a field has 1 to {MOST_LETTERS} characters")
    return found


def policies_of(
    policies: AccountPolicies, store: LogStore, group: LogGroup
) -> list[tuple[str, str, int]]:
    """The policies that hold for a group: name ("" for its own), document, when it was put."""
    own: IndexPolicy | None = group.policies.get(POLICY)
    if own is not None:
        return [("", own.document, own.updated_us)]
    return [
        (policy.name, policy.document, policy.updated_us)
        for policy in policies.selecting(store, INDEX, group)
    ]


def indexed(policies: AccountPolicies, store: LogStore, group: LogGroup) -> dict[str, int]:
    """Field -> since when it is indexed (microseconds, by ingestion); none outside Standard."""
    if group.log_class != STANDARD:
        return {}
    found = dict.fromkeys(DEFAULT, _EVER)
    for _, document, since_us in policies_of(policies, store, group):
        try:
            names = fields_of(document)
        except ValueError:  # an account's policy may hold what is read by nobody here
            continue
        for name in names:
            found[name] = min(since_us, found.get(name, since_us))
    return found


def wanted_values(query: Plan) -> list[Wanted]:
    """The fields that a query asks equality of, before anything makes names of its own."""
    found: list[Wanted] = []
    for command in query.commands:
        if isinstance(command, plan.Filter):
            found += _equalities(command.condition, command.indexed)
        elif isinstance(command, plan.Fields):
            if any(not isinstance(one.expr, plan.Name) or one.name != one.expr.text
                   for one in command.columns):  # fmt: skip
                break
        else:
            break
    return found


def _equalities(condition: plan.Expr, forced: bool) -> list[Wanted]:
    if not isinstance(condition, plan.Op):
        return []
    if condition.op == "and":
        return [one for arg in condition.args for one in _equalities(arg, forced)]
    if condition.op not in ("=", "in") or not condition.args:
        return []
    name, *values = condition.args
    if not isinstance(name, plan.Name) or not values:
        return []
    told: list[str] = []
    for value in values:
        if not isinstance(value, plan.Literal):
            return []
        if isinstance(value.value, float) and not value.value.is_integer():
            return []
        told.append(str(int(value.value) if isinstance(value.value, float) else value.value))
    return [Wanted(name.name, tuple(told), forced)]


def spared(
    table: pa.Table,
    since: Mapping[str, int],
    wanted: Sequence[Wanted],
    skipped: Skipped | None,
) -> pa.Table | None:
    """A group's events without those that its indexes rule out; None when the group is left out.

    Parameters
    ----------
    table:
        The events (``stream``, ``msg``, ``ing`` are read).
    since:
        From :func:`indexed`.
    wanted:
        From :func:`wanted_values`.
    skipped:
        Counts what is left out.
    """
    import numpy as np
    import pyarrow.compute as pc

    skipped = skipped if skipped is not None else Skipped()
    keep = np.ones(table.num_rows, bool)
    left_out = False
    for one in wanted:
        if one.name not in since:
            left_out = left_out or one.indexed
            continue
        after_ms = since[one.name] // 1000
        fresh = table.column("ing").to_numpy() >= after_ms
        may = _may_have(table, one)
        if may is None:
            continue
        keep &= (may & fresh) if one.indexed else (may | ~fresh)
    if left_out:
        skipped.groups += 1
        keep[:] = False
    if keep.all():
        return table
    import pyarrow as pa

    lengths = pc.binary_length(table.column("msg")).to_numpy()
    skipped.records += int((~keep).sum())
    skipped.bytes += int(lengths[~keep].sum())
    return None if left_out else table.filter(pa.array(keep))


def _may_have(table: pa.Table, wanted: Wanted) -> Any:
    """Which events may have one of the values; None when the text does not tell."""
    import numpy as np
    import pyarrow.compute as pc

    if wanted.name == "@logStream":
        streams = pc.cast(table.column("stream"), "string").to_numpy(zero_copy_only=False)
        return np.isin(streams.astype(object), list(wanted.values))
    if wanted.name.startswith("@"):
        return None
    message = table.column("seen" if "seen" in table.column_names else "msg")
    may = pc.match_substring(message, "\\")
    for value in wanted.values:
        if written(value) is None:
            return None
        may = pc.or_(may, pc.match_substring(message, value))
        if value.lstrip("-").isdigit():
            may = pc.or_(may, pc.match_substring_regex(message, "[0-9][eE]"))
    return may.to_numpy(zero_copy_only=False).astype(bool)
