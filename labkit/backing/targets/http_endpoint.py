"""An HTTP endpoint: an API destination, or the address of a topic's subscriber.

Requests leave the lab only for this machine (``127.0.0.1``, ``localhost``, ``::1``); every other
host is refused, loudly. See :mod:`labkit.backing.outside` for what a replay does.

What is tried again: EventBridge retries 401, 407, 409, 429 and 5xx (API destinations of the user
guide; 409 and the two of authentication since 2024), SNS retries 429 and 5xx.
``Retry-After`` is not waited for beyond the schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from labkit.backing.outside import Unreachable
from labkit.backing.targets.errand import Errand, Refusal

_AGAIN = frozenset({401, 407, 409, 429})
_AGAIN_OF_SNS = frozenset({429})


def hand(errand: Errand) -> None:
    """Send the payload.

    Parameters of the target, under ``HttpParameters``: ``Url``, ``Method`` (POST),
    ``HeaderParameters``, ``QueryStringParameters``, ``PathParameterValues`` (one for each ``*`` of
    the path). An API destination's URL, method and the connection's secrets are put there by who
    delivers; the connection's values win over the target's.
    """
    if errand.arn.service == "events":
        errand.role_needed()
        errand.need("events:InvokeApiDestination", errand.arn.text, code="AccessDeniedException")
    told = errand.parameters("HttpParameters")
    url = str(told.get("Url") or errand.arn.text)
    if not url.startswith(("http://", "https://")):
        raise Refusal("InvalidParameter", f"no address for {errand.arn.text}", retryable=False)
    headers = {str(k): str(v) for k, v in _mapping(told.get("HeaderParameters")).items()}
    headers.setdefault("Content-Type", "application/json; charset=utf-8")
    full = _filled(url, told)
    method = str(told.get("Method", "POST"))
    try:
        reply = errand.desk.outside.request(method, full, headers, errand.parcel.data)
    except Unreachable as problem:
        raise Refusal(
            problem.code, str(problem), retryable=problem.retryable, failure=problem.failure
        ) from None
    if not 200 <= reply.status < 300:
        again = _AGAIN if errand.parcel.acting != "sns.amazonaws.com" else _AGAIN_OF_SNS
        raise Refusal(
            f"Http{reply.status}",
            f"{urlsplit(full).netloc} answered {reply.status}",
            retryable=reply.status in again or reply.status >= 500,
            failure="THROTTLING" if reply.status == 429 else "SDK_CLIENT_ERROR",
        )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _filled(url: str, told: Mapping[str, object]) -> str:
    """The address with its stars filled and its query lengthened."""
    parts = urlsplit(url)
    path = parts.path
    values = told.get("PathParameterValues")
    for value in values if isinstance(values, list | tuple) else ():
        path = path.replace("*", quote(str(value), safe=""), 1)
    query = urlencode([(k, v) for k, v in _mapping(told.get("QueryStringParameters")).items()])
    whole = "&".join(part for part in (parts.query, query) if part)
    return urlunsplit((parts.scheme, parts.netloc, path, whole, ""))
