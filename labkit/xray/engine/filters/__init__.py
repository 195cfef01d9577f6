"""X-Ray's filter expressions: which traces are meant.

Theory of operation
-------------------
1. A text is parsed (:mod:`parsing <labkit.xray.engine.filters.parsing>`, a grammar of its own) into
   a tree of values, each of which knows its place in the text.
2. The tree is compiled into one function (:mod:`compiling
   <labkit.xray.engine.filters.compiling>`).
3. The function is asked of a *subject* (:mod:`subjects <labkit.xray.engine.filters.subjects>`): a
   trace, and in braces its segments, calls, elements of root causes.
4. The tree also explains (:mod:`explaining <labkit.xray.engine.filters.explaining>`): predicate by
   predicate, what was looked at and why that was not enough.

Source: X-Ray developer guide, "Using filter expressions". What it leaves open (how AND and OR bind,
parentheses, several values, upper and lower case of values) is decided here: AND binds tighter,
parentheses group, values are compared letter for letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from labkit.core.verdict import Verdict
from labkit.xray.engine.filters import tree
from labkit.xray.engine.filters.compiling import Check, compiled
from labkit.xray.engine.filters.errors import SAID_BY_AWS, FilterError
from labkit.xray.engine.filters.explaining import Finding, finding, verdict
from labkit.xray.engine.filters.parsing import parse as _parse
from labkit.xray.engine.filters.parsing import parse_selector
from labkit.xray.engine.filters.subjects import TraceSubject, subject_of
from labkit.xray.engine.trace import Trace

__all__ = ["SAID_BY_AWS", "Filter", "FilterError", "Finding", "Groups", "parse", "parse_selector"]

#: A group's name or ARN -> its filter; None when there is no such group.
Groups = Callable[[str], "Filter | None"]
#: How many groups may refer to one another in a row.
_GROUPS = 10


class Filter:
    """A filter expression, ready to be asked.

    Parameters
    ----------
    text:
        As it was written.
    node:
        Its tree.
    """

    def __init__(self, text: str, node: tree.Node) -> None:
        self.text = text
        self.node = node
        self._check: Check = compiled(node)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def matches(self, trace: Trace, group: Groups | None = None, account: str = "") -> bool:
        """Whether a trace is meant.

        Parameters
        ----------
        trace:
            The trace.
        group:
            Finds the filter of a group that the expression names; without it no group is known.
        account:
            The account of segments that name none.
        """
        return bool(self._check(_asked(trace, group, account)))

    def select(
        self, traces: Iterable[Trace], group: Groups | None = None, account: str = ""
    ) -> list[Trace]:
        """The traces that are meant, in their order."""
        check = self._check
        return [one for one in traces if check(_asked(one, group, account))]

    def explain(
        self, trace: Trace, group: Groups | None = None, account: str = ""
    ) -> Verdict[bool]:
        """Whether a trace is meant, and which predicates decided it."""
        return verdict(self.finding(trace, group, account))

    def finding(self, trace: Trace, group: Groups | None = None, account: str = "") -> Finding:
        """The same for every predicate, as a tree."""
        return finding(self.text, self.node, _asked(trace, group, account))


def parse(text: str) -> Filter:
    """A filter expression out of its text.

    Parameters
    ----------
    text:
        ``service("checkout") { fault } AND annotation[version] = "2.4.1"``

    Raises
    ------
    FilterError
        With the place; X-Ray itself answers ``Invalid input symbol`` whatever is wrong.
    """
    return Filter(text, _parse(text))


def _asked(trace: Trace, group: Groups | None, account: str) -> TraceSubject:
    subject = subject_of(trace)
    subject.account = account
    subject.group = None if group is None else _member(trace, group, account, ())
    return subject


def _member(
    trace: Trace, group: Groups, account: str, above: tuple[str, ...]
) -> Callable[[str], bool]:
    """Whether a trace is in a group. Groups that refer to each other in a ring hold nothing."""

    def is_in(name: str) -> bool:
        found = None if name in above or len(above) >= _GROUPS else group(name)
        if found is None:
            return False
        subject = TraceSubject(trace)
        subject.account = account
        subject.group = _member(trace, group, account, (*above, name))
        return bool(found._check(subject))

    return is_in
