"""A queue's URL at the HTTP door: the client sees this server's address, the lab sees AWS's.

A queue is named by a URL, and some SDKs (JavaScript's) send their requests to its host, whatever
endpoint they were given: AWS's own host in it would lead them out of the lab. So the address that
the client itself used stands in the URLs that leave, and is turned back in those that come in.
Journal, records and the other door know one URL only.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from labkit.gateway.wire_services import QUERY

_TELL = frozenset({"CreateQueue", "GetQueueUrl", "ListQueues", "ListDeadLetterSourceQueues"})
_HERE = re.compile(r"^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$")


def outward(body: bytes, operation: str, host: str, region: str) -> bytes:
    """An answer as a client that reached us as ``host`` shall see it."""
    if operation not in _TELL or not _HERE.match(host):
        return body
    return body.replace(_aws(region), f"http://{host}/".encode())


def inward(body: bytes, protocol: str, host: str, region: str) -> bytes:
    """A request with AWS's own URL of its queue."""
    if not _HERE.match(host):
        return body
    ours = f"http://{host}/"
    if protocol == QUERY:
        told = quote(ours, safe="").encode()
        return _replaced(rb"(^|&)(QueueUrl=)" + re.escape(told), quote(_aws(region), safe=""), body)
    # Inside a text the quotation marks would be escaped: this is the member itself.
    return _replaced(
        rb'(^|[^\\])("QueueUrl"\s*:\s*")' + re.escape(ours.encode()), _aws(region).decode(), body
    )


def _replaced(pattern: bytes, by: str, body: bytes) -> bytes:
    return re.sub(pattern, lambda match: match[1] + match[2] + by.encode(), body, count=1)


def _aws(region: str) -> bytes:
    return f"https://sqs.{region}.amazonaws.com/".encode()
