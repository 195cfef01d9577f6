"""What CloudWatch Logs remembers for one account and Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.core.errors import AwsError
from labkit.logs.events import Events
from labkit.logs.records import STANDARD, LogGroup, LogStream

if TYPE_CHECKING:
    from labkit.logs.service import Logs


def no_group(name: str = "") -> AwsError:
    """There is no such group."""
    return AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def no_stream() -> AwsError:
    """There is no such stream."""
    return AwsError("ResourceNotFoundException", "The specified log stream does not exist.")


class LogStore:
    """Log groups by name, and what hangs on the account.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The Logs service that it belongs to.
    """

    def __init__(self, account: str, region: str, service: Logs) -> None:
        self.account = account
        self.region = region
        self.service = service
        self._groups: dict[str, LogGroup] = {}
        #: Things of the account by kind and name (resource policies, query definitions, ...).
        self.kept: dict[str, dict[str, Any]] = {}

    def of(self, kind: str) -> dict[str, Any]:
        """Things of a kind by their name, kept here for their owner."""
        return self.kept.setdefault(kind, {})

    def arn(self, resource: str) -> str:
        """The ARN of something here."""
        return f"arn:aws:logs:{self.region}:{self.account}:{resource}"

    def add_group(self, name: str, now_us: int, log_class: str = STANDARD) -> LogGroup:
        """Remember a new group."""
        group = LogGroup(
            self.account, self.region, name, self.arn(f"log-group:{name}"), now_us, Events(),
            log_class,
        )  # fmt: skip
        self._groups[name] = group
        if self.kept.get("account_policies"):
            self.service.account_policies.settle_group(self, group)
        return group

    def group(self, name: str) -> LogGroup:
        """A group by its name.

        Raises
        ------
        AwsError
            ResourceNotFoundException.
        """
        found = self._groups.get(name)
        if found is None:
            raise no_group(name)
        return found

    def find(self, name: str) -> LogGroup | None:
        """A group by its name, None when there is none."""
        return self._groups.get(name)

    def groups(self, prefix: str = "") -> list[LogGroup]:
        """The groups whose names begin so, by name."""
        return [self._groups[name] for name in sorted(self._groups) if name.startswith(prefix)]

    def remove(self, name: str) -> None:
        """Forget a group and its events."""
        self.service.storage.deleted(self._groups[name])
        del self._groups[name]

    def add_stream(self, group: LogGroup, name: str, now_us: int) -> LogStream:
        """Remember a new stream."""
        index = len(group.by_index)
        stream = LogStream(name, f"{group.arn}:log-stream:{name}", index, now_us)
        group.streams[name] = stream
        group.by_index.append(stream)
        return stream

    def digest(self) -> list[Any]:
        """All of it as plain values."""
        told: list[Any] = []
        for group in self.groups():
            told.append(
                [
                    group.name, group.created_us, group.log_class, group.retention_days,
                    group.key_spans, group.deletion_protection, group.bearer_token, group.gone_ms,
                    group.imposed, group.imposed_days,
                    sorted(group.tags.items()),
                    sorted((kind, repr(value)) for kind, value in group.policies.items()),
                    [[s.name, s.created_us, s.first_ms, s.last_ms] for s in group.by_index],
                    group.events.digest(), group.objects,
                    group.structured.digest(),
                ]
            )  # fmt: skip
        told.append(sorted((kind, sorted((n, repr(v)) for n, v in held.items()))
                           for kind, held in self.kept.items() if held))  # fmt: skip
        return told
