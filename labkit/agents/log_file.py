"""Which file is followed, and what becomes of its lines: one entry of ``collect_list``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """An entry of ``filters``: an event must match (``include``) or must not (``exclude``)."""

    kind: str
    expression: re.Pattern[str]

    def passes(self, text: str) -> bool:
        """Whether an event gets past this one."""
        return (self.expression.search(text) is not None) == (self.kind == "include")


@dataclass(frozen=True, slots=True)
class LogFile:
    """What to follow.

    Parameters
    ----------
    pattern:
        ``file_path``: a path, with ``*``, ``?``, ``[...]`` and ``**`` for "this folder and all
        below".
    group, stream:
        Where the events go; ``{instance_id}`` and the like still in them.
    timestamp_format:
        strftime's codes as the agent takes them; empty: an event is of when it was read.
    utc:
        Whether timestamps without a zone are UTC; else local time, the agent's default.
    start:
        What the first line of an event looks like: None, a line that does not begin with blanks.
    timestamp_starts:
        Whether an event begins where the timestamp's format matches.
    encoding:
        Of the file.
    auto_removal:
        Whether a file that has been read to its end and replaced is deleted.
    retention_days:
        Of the log group; None leaves it as it is.
    every:
        Whether all files that match are followed; else only the one changed last, as the agent
        does (``publish_multi_logs``).
    from_end:
        Whether what stands in a file already is passed over (the old agent's ``end_of_file``).
    filters:
        In order; an event must get past all of them.
    blacklist:
        File names that are left out though the pattern matches.
    """

    pattern: str
    group: str
    stream: str = "{instance_id}"
    timestamp_format: str = ""
    utc: bool = False
    start: re.Pattern[str] | None = None
    timestamp_starts: bool = False
    encoding: str = "utf-8"
    auto_removal: bool = False
    retention_days: int | None = None
    log_group_class: str = ""
    every: bool = False
    from_end: bool = False
    filters: tuple[Filter, ...] = ()
    blacklist: re.Pattern[str] | None = None

    def passes(self, text: str) -> bool:
        """Whether an event gets past every filter.

        Filters work in their order and each must let an event through: excluding ``Firefox`` and
        then including ``P(UT|OST)`` keeps the PUT and POST lines without Firefox.
        """
        return all(one.passes(text) for one in self.filters)


_PLACEHOLDER = re.compile(r"\{(instance_id|hostname|local_hostname|ip_address|date)\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """A group's or stream's name with its placeholders filled in.

    >>> filled("{hostname}/app", {"hostname": "ip-10-0-0-1"})
    'ip-10-0-0-1/app'
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1]) or match[0], text)
