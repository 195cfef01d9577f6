"""The door through which functions call: from inside a call, through the same dispatch.

A function runs while the thread that invoked it waits. Its boto3 calls come back to that very
thread and are *nested*: they take no millisecond and stand in no journal, since a replay that
invokes the function makes them again. Policies of the function's role apply, and CloudTrail sees
the role.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from labkit.core.call import Principal
from labkit.gateway.dispatch import Dispatch
from labkit.gateway.user_agents import plain_agent

#: Where functions come from: an address of the range that documents use, and not the learner's.
SOURCE_IP = "198.51.100.24"


#: Who asks, method, host, path, body -> status and text.
Domain = Callable[[Principal, str, str, str, str], tuple[int, str]]


class FunctionDoor:
    """Answers the calls of functions.

    Parameters
    ----------
    dispatch:
        Where calls go.
    domain:
        Who answers requests to the endpoints of OpenSearch domains.
    """

    def __init__(self, dispatch: Dispatch, domain: Domain | None = None) -> None:
        self._dispatch = dispatch
        self._domain = domain

    def __call__(self, message: dict[str, Any], role: Principal) -> tuple[int, dict[str, Any]]:
        """HTTP status and parsed answer of one call.

        Parameters
        ----------
        message:
            ``service``, ``operation``, ``params``, ``request``, ``region``, ``key``, ``agent``.
        role:
            Who the function is; another key (of a role that it assumed) is somebody else.

        Raises
        ------
        LookupError
            For a service or operation that botocore does not know.
        """
        if message["service"] == "opensearch-domain":
            return self._from_domain(message, role)
        try:
            service = _service(message["service"])
            operation = service.operation_model(message["operation"])
        except Exception as problem:
            raise LookupError(f"there is no {message['service']} here: {problem}") from problem
        region = message["region"]
        if region is None or region == "aws-global":
            region = "us-east-1"
        return self._dispatch.nested(
            service,
            operation,
            message["params"],
            request=message["request"],
            principal=self._principal(message["key"], role),
            region=region,
            source_ip=SOURCE_IP,
            user_agent=plain_agent(message["agent"]),
        )

    def _from_domain(self, message: dict[str, Any], role: Principal) -> tuple[int, dict[str, Any]]:
        if self._domain is None:
            raise LookupError("there are no OpenSearch domains here")
        asked = message["request"]
        status, text = self._domain(
            role, asked["method"], asked["host"], asked["path"], asked["body"]
        )
        return status, {"Text": text}

    def _principal(self, key: str, role: Principal) -> Principal:
        if key == role.access_key_id:
            return role
        known = self._dispatch.identities.by_key(key)
        # An unknown key is the learner's at the front door; here it is nobody's but the function's.
        return known if known.access_key_id == key else role


@cache
def _service(name: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(name)
