"""LookupEvents: who did what in the last 90 days.

Source: botocore cloudtrail 2013-11-01 and the CloudTrail user guide, view-cloudtrail-events-cli
(aws-semantics 7.2, 7.8). The codes of the errors are AWS's; the wording of CloudTrail's own
messages is not published, so the texts are ours.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.engine.lookup import INSIGHT_KEYS, KEYS
from labkit.cloudtrail.insights import Told
from labkit.cloudtrail.store import History
from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime, to_us
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps, parse

if TYPE_CHECKING:
    from labkit.cloudtrail.service import CloudTrail

#: Characters of an attribute's value that count twice towards its limit.
_COUNT_TWICE = "_ ,\n"


def _parts(call: Call) -> tuple[History, CloudTrail]:
    store: History = call.store
    return store, store.service


def lookup_events(
    call: Call,
    /,
    *,
    LookupAttributes: Sequence[Mapping[str, str]] = (),
    StartTime: datetime | None = None,
    EndTime: datetime | None = None,
    EventCategory: str | None = None,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Management events of this account and Region, the newest first, up to 50 a page.

    At most one attribute can be asked for, and a time range beside it; both its ends are included,
    and event times are whole seconds. Data events are never in event history. The token of the
    next page must come with the parameters of the first; events that happen while somebody leafs
    through the pages do not shift them. The look-up is itself a management event, a read.

    AWS throttles at two look-ups a second for each account and Region. Here every call takes a
    millisecond of virtual time, so that a learner's third line would be refused: the limit holds
    once ``lab.cloudtrail.throttled`` is true.

    ``EventCategory="insight"`` answers the starts and ends of unusual rates of calls that a trail
    with insight selectors has told.

    Raises
    ------
    AwsError
        InvalidLookupAttributesException, InvalidTimeRangeException, InvalidMaxResultsException,
        InvalidNextTokenException, InvalidEventCategoryException, ThrottlingException.
    """
    store, service = _parts(call)
    if not service.may_look_up(call.account, call.region, call.quota("lookup.per_second")):
        raise AwsError("ThrottlingException", "Rate exceeded")
    if EventCategory not in (None, "insight"):
        raise AwsError(
            "InvalidEventCategoryException",
            f"{EventCategory!r} is not an event category that can be looked up: leave "
            "EventCategory out for management events, or give 'insight'.",
        )
    attribute = _attribute(call, LookupAttributes, insight=EventCategory == "insight")
    start_us, end_us = _range(StartTime, EndTime)
    most = call.quota("lookup.page")
    size = most if MaxResults is None else MaxResults
    if not 1 <= size <= most:
        raise AwsError(
            "InvalidMaxResultsException",
            f"MaxResults must be between 1 and {most}, not {size}.",
        )
    asked = [call.account, call.region, attribute, start_us, end_us, EventCategory, size]
    insight = EventCategory == "insight"
    before = None if NextToken is None or insight else _place(NextToken, asked, store.end)
    if EventCategory == "insight":
        return _insights(call, attribute, (start_us, end_us), size, NextToken, asked)
    events: list[dict[str, Any]] = []
    last = 0
    found = service.events(store, attribute, start_us=start_us, end_us=end_us, before=before)
    for event in found:
        if len(events) == size:
            return {"Events": events, "NextToken": _token(last, asked)}
        events.append(service.found(event))
        last = event.number
    return {"Events": events}


def _insights(
    call: Call,
    attribute: tuple[str, str] | None,
    when_us: tuple[int | None, int | None],
    size: int,
    token: str | None,
    asked: Sequence[object],
) -> dict[str, Any]:
    """A page of insight events, the newest first."""
    _, service = _parts(call)
    found = insight_events(service.insights.told(call.account, call.region), attribute, when_us)
    first = 0 if token is None else _place(token, asked, len(found) + 1)
    events = found[first : first + size]
    more = {"NextToken": _token(first + size, asked)} if first + size < len(found) else {}
    return {"Events": events, **more}


def insight_events(
    told: Sequence[Told],
    attribute: tuple[str, str] | None,
    when_us: tuple[int | None, int | None],
) -> list[dict[str, Any]]:
    """Insight events as LookupEvents answers them.

    Parameters
    ----------
    told:
        All that can be read.
    attribute:
        One of INSIGHT_KEYS and its value; None for all.
    when_us:
        Range of event times in microseconds, both ends included to the second, or None.
    """
    low, high = when_us
    found = []
    for one in told:
        details = one.record["insightDetails"]
        shown = {
            "EventId": one.record["eventID"],
            "EventName": details["eventName"],
            "EventSource": details["eventSource"],
        }
        if attribute is not None and shown[attribute[0]] != attribute[1]:
            continue
        if low is not None and one.at_us < low - low % SECOND:
            continue
        if high is not None and one.at_us >= high - high % SECOND + SECOND:
            continue
        found.append(
            {
                **shown,
                "EventTime": to_datetime(one.at_us),
                "Resources": [],
                "CloudTrailEvent": dumps(one.record),
            }
        )
    return found


def _attribute(
    call: Call, attributes: Sequence[Mapping[str, str]], *, insight: bool
) -> tuple[str, str] | None:
    if not attributes:
        return None
    if len(attributes) > call.quota("lookup.attributes"):
        raise _bad_attribute(
            f"A look-up takes one attribute, and {len(attributes)} were given: look up by one of "
            "them and filter the answer by the others."
        )
    key = attributes[0].get("AttributeKey", "")
    value = attributes[0].get("AttributeValue", "")
    keys = INSIGHT_KEYS if insight else KEYS
    if key not in keys:
        kind = "Insights" if insight else "Management"
        raise _bad_attribute(
            f"{kind} events can't be looked up by {key!r}; the attribute keys, with their "
            f"capitals, are {', '.join(keys)}."
        )
    longest = call.quota("lookup.value_characters")
    length = len(value) + sum(value.count(character) for character in _COUNT_TWICE)
    if not 1 <= length <= longest:
        raise _bad_attribute(
            f"AttributeValue must have 1 to {longest} characters ('_', ' ', ',' and line feeds "
            f"count twice), not {length}."
        )
    if key == "ReadOnly" and value not in ("true", "false"):
        raise _bad_attribute(f"ReadOnly is looked up by 'true' or 'false', not {value!r}.")
    return key, value


def _bad_attribute(message: str) -> AwsError:
    return AwsError("InvalidLookupAttributesException", message)


def _range(start: datetime | None, end: datetime | None) -> tuple[int | None, int | None]:
    start_us = None if start is None else to_us(start)
    end_us = None if end is None else to_us(end)
    if any(value is not None and value < 0 for value in (start_us, end_us)):
        raise AwsError("InvalidTimeRangeException", "StartTime and EndTime can't be before 1970.")
    if start_us is not None and end_us is not None and start_us > end_us:
        raise AwsError(
            "InvalidTimeRangeException",
            f"StartTime ({start:%Y-%m-%dT%H:%M:%SZ}) is after EndTime ({end:%Y-%m-%dT%H:%M:%SZ}).",
        )
    return start_us, end_us


def _mark(asked: Sequence[object]) -> str:
    return blake2b(repr(asked).encode(), digest_size=8).hexdigest()


def _token(last: int, asked: Sequence[object]) -> str:
    """The page after the entry with number ``last``, for the look-up ``asked`` alone."""
    return base64.urlsafe_b64encode(dumps([last, _mark(asked)]).encode()).decode()


def _place(token: str, asked: Sequence[object], end: int) -> int:
    try:
        last, mark = parse(base64.urlsafe_b64decode(token.encode()))
        if mark == _mark(asked) and type(last) is int and 0 <= last < end:
            return last
    except (ValueError, TypeError):
        pass
    raise AwsError(
        "InvalidNextTokenException",
        "The token is not valid: give back the NextToken of the answer before, with the same "
        "parameters.",
    )
