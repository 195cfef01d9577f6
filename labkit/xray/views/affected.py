"""Who was hit: users, annotations and zones of the requests that went wrong, against the others.

For each value of an annotation stands what part of its requests was hit, and what part of the
requests with another value. The value that tells the two apart best comes first; a version that
fails three times in ten while the others fail four times in a thousand needs no statistics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING, Any

from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.text import folded, table
from labkit.views.wording import count, cut, figures
from labkit.xray.engine.trace import Trace
from labkit.xray.views.words import percent

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Values and users shown at most; all are in the data.
MOST, MOST_USERS = 10, 40
#: From this log-likelihood ratio on a value tells the hit from the others.
_TELLS = 2.0
_TOP, _STEP, _SMALL = 72.0, 30.0, theme.SMALLEST_TEXT


@dataclass(frozen=True, slots=True)
class Request:
    """One request as this view needs it.

    Parameters
    ----------
    id:
        Of its trace.
    hit:
        Whether it went wrong.
    users:
        For whom.
    marks:
        Annotations, and the zone in which each service ran: (name, value as text).
    """

    id: str
    hit: bool
    users: frozenset[str] = frozenset()
    marks: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of an annotation.

    Parameters
    ----------
    name, value:
        The annotation.
    hit, total:
        Requests with it that went wrong, and all with it.
    rest_hit, rest_total:
        The same of requests in which it has another value.
    """

    name: str
    value: str
    hit: int
    total: int
    rest_hit: int
    rest_total: int
    weight: float = field(default=0.0, compare=False)

    @property
    def share(self) -> float:
        """What part of its requests was hit."""
        return self.hit / self.total if self.total else 0.0

    @property
    def rest(self) -> float:
        """What part of the others was hit."""
        return self.rest_hit / self.rest_total if self.rest_total else 0.0


def of_trace(trace: Trace, hit: bool) -> Request:
    """A trace as a request."""
    users, marks = set(), set()
    for span in trace.spans.values():
        if span.user:
            users.add(span.user)
        marks |= {(name, _text(value)) for name, value in span.annotations.items()}
        machine = span.aws.get("ec2")
        zone = machine.get("availability_zone") if isinstance(machine, dict) else None
        if isinstance(zone, str) and zone:
            marks.add((f"zone of {span.name}", zone))
    return Request(trace.id, hit, frozenset(users), frozenset(marks))


def of_summary(summary: Mapping[str, Any], hit: bool | None = None) -> Request:
    """One of ``get_trace_summaries``' ``TraceSummaries`` as a request.

    It was hit when the client got a fault, or a fault anywhere has a root cause.
    """
    if hit is None:
        hit = bool(summary.get("HasFault") or summary.get("FaultRootCauses"))
    marks = {
        ("zone", one["Name"]) for one in summary.get("AvailabilityZones") or () if one.get("Name")
    }
    marks |= {
        (name, _text(next(iter(one["AnnotationValue"].values()))))
        for name, values in (summary.get("Annotations") or {}).items()
        for one in values
        if one.get("AnnotationValue")
    }
    users = {one["UserName"] for one in summary.get("Users") or () if one.get("UserName")}
    return Request(summary["Id"], hit, frozenset(users), frozenset(marks))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def failed(trace: Trace) -> bool:
    """Whether anything in a trace failed or was throttled."""
    return any(one.fault or one.throttle for one in trace.spans.values())


def affected(
    given: Iterable[Trace | Mapping[str, Any] | Request],
    hit: Callable[[Any], bool] | Collection[str] | None = None,
    *,
    what: str = "went wrong",
) -> Drawing:
    """Who was hit, and what they have in common.

    Parameters
    ----------
    given:
        All requests of a time: traces, or ``TraceSummaries``.
    hit:
        Whether one was hit: a function of it, or the ids of the traces that were (those that a
        filter expression finds). Left out: a fault or a throttle anywhere in it.
    what:
        What it means to be hit, for the title.
    """
    requests = [_request(one, hit) for one in given]
    struck = [one for one in requests if one.hit]
    marks, users = _marks(requests), _users(struck)
    title = _title(requests, struck, marks, users, what)
    data = {
        "requests": len(requests),
        "hit": len(struck),
        "users": [[name, n] for name, n in users],
        "marks": [
            {
                "annotation": one.name,
                "value": one.value,
                "hit": one.hit,
                "requests": one.total,
                "share": figures(one.share),
                "others": one.rest_total,
                "share_of_the_others": figures(one.rest),
            }
            for one in marks
        ],
    }
    shown = [one for one in marks if one.weight >= _TELLS][:MOST] or marks[:3]
    rows = [
        [
            one.name,
            one.value,
            f"{one.hit:,} of {one.total:,}",
            percent(one.share),
            percent(one.rest),
        ]
        for one in shown
    ]
    head = ["annotation", "value", "hit", "share", "of the others"]
    lines = [title, *([table(head, rows)] if rows else [])]
    named = _named(users)
    if named:
        lines.append(folded(named))
    if not struck:
        return Drawing(title, title, data, body=f"<div>{title}</div>")
    return Drawing(title, "\n".join(lines), data, svg=_picture(title, shown, named))


def _request(
    one: Trace | Mapping[str, Any] | Request, hit: Callable[[Any], bool] | Collection[str] | None
) -> Request:
    if isinstance(one, Request):
        return one
    name = one.id if isinstance(one, Trace) else one["Id"]
    if hit is None:
        struck = failed(one) if isinstance(one, Trace) else None
    else:
        struck = hit(one) if callable(hit) else name in hit
    if isinstance(one, Trace):
        return of_trace(one, bool(struck))
    return of_summary(one, struck)


def _marks(requests: Sequence[Request]) -> list[Mark]:
    """Values of annotations that enough requests have, the most telling first.

    An annotation that has another value in nearly every request (an order's number) tells nothing.
    """
    total: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    for one in requests:
        total.update(one.marks)
        if one.hit:
            bad.update(one.marks)
    several = Counter(name for name, _ in total)
    carried: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    for (name, value), n in total.items():
        carried[name] += n
        struck[name] += bad[name, value]
    found = []
    for (name, value), n in total.items():
        if name.startswith("aws:"):  # X-Ray's own
            continue
        if several[name] > 50 and several[name] > carried[name] / 3:
            continue
        hit = bad[name, value]
        rest_hit, rest = struck[name] - hit, carried[name] - n
        weight = _weight(hit, n, rest_hit, rest)
        found.append(Mark(name, value, hit, n, rest_hit, rest, weight))
    return sorted(found, key=lambda one: (-round(one.weight, 6), one.name, one.value))


def _weight(hit: int, total: int, rest_hit: int, rest_total: int) -> float:
    """How much a value tells: the log-likelihood ratio (G), negative when it is hit less."""
    everything = total + rest_total
    struck = hit + rest_hit
    if not everything or not total or not rest_total:
        return 0.0
    found = 0.0
    for seen, row, column in (
        (hit, total, struck),
        (total - hit, total, everything - struck),
        (rest_hit, rest_total, struck),
        (rest_total - rest_hit, rest_total, everything - struck),
    ):
        if seen:
            found += seen * log(seen * everything / (row * column))
    return found if hit * rest_total > rest_hit * total else -found


def _users(struck: Sequence[Request]) -> list[tuple[str, int]]:
    hits = Counter(user for one in struck for user in one.users)
    return sorted(hits.items(), key=lambda pair: (-pair[1], pair[0]))


def _named(users: Sequence[tuple[str, int]]) -> str:
    if not users:
        return ""
    names = [name for name, _ in users[:MOST_USERS]]
    more = f" and {len(users) - MOST_USERS:,} more" if len(users) > MOST_USERS else ""
    return f"{count(len(users), 'user')}: {', '.join(names)}{more}"


def _title(
    requests: Sequence[Request],
    struck: Sequence[Request],
    marks: Sequence[Mark],
    users: Sequence[tuple[str, int]],
    what: str,
) -> str:
    if not requests:
        return "No request was traced in this time."
    if not struck:
        return f"None of {count(len(requests), 'request')} {what}."
    said = f"{len(struck):,} of {count(len(requests), 'request')} {what}"
    if users:
        said += f", {count(len(users), 'user')} hit"
    best = marks[0] if marks else None
    if best is not None and best.weight > 5 and best.share > 2 * best.rest:
        said += (
            f": {percent(best.share)} where {best.name} is {cut(best.value, 30)}, "
            f"{percent(best.rest)} where it is another"
        )
    return said + "."


def _picture(title: str, marks: Sequence[Mark], named: str) -> str:
    from labkit.views.sheet import WIDTH, draw, fit, text_width, wrap

    titles = wrap(title, WIDTH - 32, 14, True)
    top = _TOP + 19.0 * (len(titles) - 1)
    users = wrap(named, WIDTH - 32, _SMALL)
    labels = [f"{one.name} = {one.value}" for one in marks]
    left = min(320.0, 28 + max((text_width(label, _SMALL, True) for label in labels), default=0.0))
    right = WIDTH - 262.0
    bottom = top + _STEP * len(marks) + (8 if marks else -14)
    most = max((max(one.share, one.rest) for one in marks), default=1.0) or 1.0

    def paint(sheet: Sheet) -> None:
        for n, line in enumerate(titles):
            sheet.text(16, 26 + 19 * n, line, size=14, bold=True)
        if marks:
            sheet.box(16, top - 26, 16, 10, theme.ERRORS)
            sheet.text(38, top - 17, "share of its requests that was hit", colour=theme.MUTED)
            sheet.box(300, top - 26, 16, 10, theme.LINE)
            sheet.text(322, top - 17, "of those with another value", colour=theme.MUTED)
        for n, one in enumerate(marks):
            y = top + _STEP * n
            sheet.text(
                left - 10, y + 14, fit(labels[n], left - 24, _SMALL), size=_SMALL, anchor="end",
                bold=not n,
            )  # fmt: skip
            wide = (right - left) * one.share / most
            rest = (right - left) * one.rest / most
            sheet.box(left, y, max(wide, 1.0), 12, theme.ERRORS)
            sheet.box(left, y + 13, max(rest, 1.0), 6, theme.LINE)
            said = (
                f"{percent(one.share)} ({one.hit:,} of {one.total:,}); others {percent(one.rest)}"
            )
            sheet.text(left + max(wide, rest) + 8, y + 13, said, size=_SMALL)
        for n, line in enumerate(users):
            sheet.text(16, bottom + 12 + 16 * n, line, size=_SMALL)

    return draw(bottom + 16 * len(users) + 14, paint, title)


__all__ = ["Mark", "Request", "affected", "failed", "of_summary", "of_trace"]
