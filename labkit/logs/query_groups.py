"""Which log groups a query looks at: by name, by prefix, by index, by data source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.core.errors import AwsError
from labkit.logs.engine import languages, ql
from labkit.logs.engine.data_sources import data_source
from labkit.logs.engine.ql.plan import Source
from labkit.logs.indexes import indexed
from labkit.logs.records import STANDARD, LogGroup

if TYPE_CHECKING:
    from labkit.logs.service import Logs
    from labkit.logs.store import LogStore


def malformed(error: ql.QueryError, text: str) -> AwsError:
    """MalformedQueryException, with the place as the API models it."""
    return AwsError(
        "MalformedQueryException",
        error.message,
        extra={
            "queryCompileError": {
                "location": {"startCharOffset": error.start, "endCharOffset": error.end},
                "message": error.message,
            }
        },
    )


class QueryGroups:
    """Finds the groups that a query names.

    Parameters
    ----------
    logs:
        The service.
    """

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def indexed(self, group: LogGroup) -> dict[str, int]:
        """Fields of a group that are indexed, and since when (microseconds)."""
        store = self._logs.store(group.account, group.region)
        return indexed(self._logs.account_policies, store, group)

    def of_plan(
        self, store: LogStore, plan: languages.Plan, groups: Sequence[LogGroup]
    ) -> list[LogGroup]:
        """The groups that a query looks at: those of the call, or those that it names itself.

        The groups of its first source come first: pointers count them.
        """
        if plan.source is None:
            return list(groups)
        sources = [plan.source] if isinstance(plan, ql.Query) else plan.sources
        listed = [group for source in sources for group in self.of_source(store, source)]
        return list({group.arn: group for group in listed}.values())

    def of_source(self, store: LogStore, source: Source) -> list[LogGroup]:
        """The groups that a SOURCE names.

        Raises
        ------
        AwsError
            ResourceNotFoundException, MalformedQueryException.
        """
        if source.groups:
            named = [self.named(store, name) for name in dict.fromkeys(source.groups)]
            return [group for group in named if _of_sources(group, source.data_sources)]
        if source.indexed or source.data_sources:
            return [
                group
                for group in store.groups()
                if group.log_class == STANDARD
                and _of_sources(group, source.data_sources)
                and all(name in self.indexed(group) for name, _ in source.indexed)
            ]
        told = dict(source.filters)
        prefixes = told.get("namePrefix", ())
        classes = told.get("class", ("STANDARD",))
        accounts = told.get("accountIdentifiers", (store.account,))
        if len(prefixes) > 5:
            raise malformed(ql.QueryError("logGroups takes at most 5 prefixes"), "")
        found = [
            group
            for account in accounts
            for group in self._logs.store(account, store.region).groups()
            if (not prefixes or group.name.startswith(tuple(prefixes)))
            and group.log_class in classes
        ]
        return found

    def named(self, store: LogStore, name: str) -> LogGroup:
        """A group by its name or ARN.

        Raises
        ------
        AwsError
            ResourceNotFoundException.
        """
        if name.startswith("arn:"):
            parts = name.removesuffix(":*").split(":", 6)
            store, name = self._logs.store(parts[4], parts[3]), parts[6]
        found = store.find(name)
        if found is None:
            raise AwsError(
                "ResourceNotFoundException",
                f"Log group '{name}' does not exist for account ID '{store.account}'",
            )
        return found


def _of_sources(group: LogGroup, names: Sequence[str]) -> bool:
    """Whether a group's logs are of one of these data sources: ``name.type``, or a name alone."""
    name, kind = data_source(group.name)
    return not names or name in names or f"{name}.{kind}" in names
