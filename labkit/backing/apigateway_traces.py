"""What an API's stage sends to X-Ray of a request, when tracing is on (``tracingEnabled``).

A request that brings a decision keeps it; otherwise the sampling rules of the account decide, as of
the service type ``AWS::ApiGateway::Stage``. Source: API Gateway developer guide, "Trace user
requests to REST APIs using X-Ray".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.backing.site import Site
from labkit.core.clock import MILLISECOND, SECOND
from labkit.core.traces import Arrivals, TraceHeader, trace_id, without_rules

ORIGIN = "AWS::ApiGateway::Stage"


@dataclass(frozen=True, slots=True)
class Handled:
    """A request that a stage has answered.

    Parameters
    ----------
    account, region, api_id, api, stage:
        Where; ``api`` is the API's name.
    method, path, status, length:
        What was asked and answered.
    latency_ms, integration_ms:
        Of all, and of the integration alone; None when it was not asked.
    request_id, source_ip, user_agent:
        As the log shows them.
    trace:
        The header that the request brought.
    """

    account: str
    region: str
    api_id: str
    api: str
    stage: str
    method: str
    path: str
    status: int
    length: int
    latency_ms: int
    integration_ms: int | None
    request_id: str
    source_ip: str
    user_agent: str
    trace: str


class StageTraces:
    """The traces of a lab's stages.

    Parameters
    ----------
    site:
        Where they stand.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        #: Stage -> the requests of its last second that asked for a decision: instants, and what.
        self._asked: dict[tuple[str, str], list[tuple[int, str, str]]] = {}

    def answered(self, told: Handled) -> str:
        """A request was answered by a stage that traces; the header that its integration got."""
        now_us = self._site.clock.now_us
        said = TraceHeader.read(told.trace)
        digits = self._site.ids.digest("stage", told.request_id).hex()
        digits += self._site.ids.digest("stage, more", told.request_id).hex()
        root = said.root or trace_id(now_us, digits)
        sampled = said.sampled
        if sampled is None:
            sampled = self._decided(told, digits, now_us)
        segment, call = digits[24:40], digits[40:56]
        header = TraceHeader(root, call if told.integration_ms is not None else segment, sampled)
        if sampled and self._site.ports.answered("accept_segments"):
            document = _document(told, root, segment, call, now_us)
            if said.parent:
                document["parent_id"] = said.parent
            self._site.ports.accept_segments(told.account, told.region, [document])
        return str(header)

    def _decided(self, told: Handled, digits: str, now_us: int) -> bool:
        """By the rules; of this second's requests the last is the one in question."""
        import numpy as np

        place = told.api_id, told.stage
        before = self._asked.get(place, [])
        asked = [one for one in before if one[0] // SECOND == now_us // SECOND]
        asked.append((now_us, told.method, told.path))
        self._asked[place] = asked
        luck = int(digits[:13], 16) / 2**52
        arrivals = Arrivals(
            f"{told.api}/{told.stage}", ORIGIN, _host(told), _arn(told),
            [one[1] for one in asked], [one[2] for one in asked], np.arange(len(asked)),
            np.array([one[0] for one in asked]), np.full(len(asked), luck),
        )  # fmt: skip
        ports = self._site.ports
        decide = ports.traced if ports.answered("traced") else without_rules
        return bool(decide(told.account, told.region, arrivals)[-1])


def _host(told: Handled) -> str:
    return f"{told.api_id}.execute-api.{told.region}.amazonaws.com"


def _arn(told: Handled) -> str:
    return f"arn:aws:apigateway:{told.region}::/restapis/{told.api_id}/stages/{told.stage}"


def _document(told: Handled, root: str, segment: str, call: str, now_us: int) -> dict[str, Any]:
    """The stage's segment, the call of its integration in it."""
    end_us = now_us + told.latency_ms * MILLISECOND
    document: dict[str, Any] = {
        "trace_id": root,
        "id": segment,
        "name": f"{told.api}/{told.stage}",
        "origin": ORIGIN,
        "start_time": now_us / SECOND,
        "end_time": end_us / SECOND,
        "http": {
            "request": {
                "method": told.method,
                "url": f"https://{_host(told)}/{told.stage}{told.path}",
                "client_ip": told.source_ip,
                "user_agent": told.user_agent,
                "x_forwarded_for": True,
            },
            "response": {"status": told.status, "content_length": told.length},
        },
        "aws": {
            "api_gateway": {
                "account_id": told.account,
                "rest_api_id": told.api_id,
                "stage": told.stage,
                "request_id": told.request_id,
            }
        },
        "annotations": {"aws:api_id": told.api_id, "aws:api_stage": told.stage},
        "resource_arn": _arn(told),
    }
    flagged(document, told.status)
    if told.integration_ms is not None:
        spent_us = told.integration_ms * MILLISECOND
        begin_us = now_us + (told.latency_ms * MILLISECOND - spent_us) // 2
        part: dict[str, Any] = {
            "id": call,
            "name": "integration",
            "namespace": "remote",
            "start_time": begin_us / SECOND,
            "end_time": (begin_us + spent_us) / SECOND,
            "http": {"response": {"status": told.status}},
        }
        flagged(part, told.status)
        document["subsegments"] = [part]
    return document


def flagged(document: dict[str, Any], status: int) -> None:
    """What an HTTP status says of a segment."""
    if status >= 500:
        document["fault"] = True
    elif status >= 400:
        document["error"] = True
        if status == 429:
            document["throttle"] = True
