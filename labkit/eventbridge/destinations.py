"""API destinations: the address, the connection's authorisation, the rate.

A delivery to an API destination is an HTTP request to this machine. The connection's headers, query
parameters and members of the body win over the target's; an OAuth connection fetches a token from
its authorization endpoint when it has none that is good.

A connection keeps its parameters in a secret in Secrets Manager, as AWS does, which its owner can
read there. The lab's own calls use what the connection was given, so changing that secret by hand
changes nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.core.clock import SECOND
from labkit.core.jsontext import parse
from labkit.core.world import World
from labkit.eventbridge.engine import authorization
from labkit.eventbridge.records import ApiDestination, Connection

if TYPE_CHECKING:
    from labkit.eventbridge.store import Store


class Destinations:
    """The API destinations of a lab.

    Parameters
    ----------
    world:
        The clock, and the port through which a token is fetched.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def found(self, arn: str) -> tuple[Store, ApiDestination] | None:
        """An API destination by its ARN, and the store that holds it; None when there is none."""
        _, _, _, region, account, resource = arn.split(":", 5)
        store: Store = self._world.store("events", account, region)
        destination = store.destinations.get(resource.split("/")[1])
        return None if destination is None or destination.arn != arn else (store, destination)

    def connection(self, store: Store, arn: str) -> Connection | None:
        """The connection of an ARN; None when there is none any more."""
        return next((one for one in store.connections.values() if one.arn == arn), None)

    def state(self, store: Store, destination: ApiDestination) -> str:
        """ACTIVE when the connection is authorised, else INACTIVE."""
        connection = self.connection(store, destination.connection_arn)
        authorized = connection is not None and connection.state == "AUTHORIZED"
        return "ACTIVE" if authorized else "INACTIVE"

    def slot(self, arn: str) -> int:
        """The second in which the next call may be made: now, or later when the rate is reached."""
        now_us = self._world.clock.now_us
        here = self.found(arn)
        if here is None:
            return now_us
        destination = here[1]
        second = now_us // SECOND
        if second > destination.second:
            destination.second, destination.calls = second, 0
        elif destination.calls >= destination.rate:
            destination.second, destination.calls = destination.second + 1, 0
        destination.calls += 1
        return max(now_us, destination.second * SECOND)

    def addressed(self, target: Mapping[str, Any], payload: str) -> tuple[dict[str, Any], str]:
        """The parameters of the request and its body.

        Parameters
        ----------
        target:
            The rule's target.
        payload:
            What it shall get.

        Returns
        -------
        Without an address when there is no such destination, or its connection is not authorised:
        the delivery then fails for good.
        """
        here = self.found(target["Arn"])
        if here is None:
            return {}, payload
        store, destination = here
        connection = self.connection(store, destination.connection_arn)
        if connection is None:
            return {}, payload
        if connection.kind == authorization.OAUTH and not self.authorize(connection):
            return {}, payload
        if connection.state != "AUTHORIZED":
            return {}, payload
        told = dict(target.get("HttpParameters") or {})
        common = connection.auth.get("InvocationHttpParameters")
        told["Url"], told["Method"] = destination.endpoint, destination.method
        told["HeaderParameters"] = {
            **(told.get("HeaderParameters") or {}),
            **authorization.pairs(common, "HeaderParameters"),
            **authorization.headers(connection.kind, connection.auth, connection.token),
        }
        told["QueryStringParameters"] = {
            **(told.get("QueryStringParameters") or {}),
            **authorization.pairs(common, "QueryStringParameters"),
        }
        return {"HttpParameters": told}, authorization.body(payload, common)

    def authorize(self, connection: Connection) -> bool:
        """Fetch a token for an OAuth connection, unless it has one; whether it has one now."""
        if connection.state in ("DEAUTHORIZED", "DELETING"):
            return False
        now_us = self._world.clock.now_us
        if connection.token and now_us < connection.token_until_us:
            return True
        oauth = connection.auth["OAuthParameters"]
        form, headers, query = authorization.token_request(oauth)
        status, text = self._world.ports.http_request(
            oauth["HttpMethod"], oauth["AuthorizationEndpoint"], headers, query, form
        )
        token, lasts = _token(text) if status == 200 else ("", 0)
        connection.token = token
        connection.token_until_us = now_us + lasts * SECOND
        if token:
            connection.state, connection.reason = "AUTHORIZED", ""
            connection.authorized_us = now_us
        else:
            connection.state = "AUTHORIZING"
            connection.reason = f"The authorization endpoint answered {status or 'nothing'}."
        return bool(token)


def _token(text: str) -> tuple[str, int]:
    """The access token of an answer, and for how many seconds it is good."""
    try:
        answer = parse(text)
        return str(answer["access_token"]), int(answer.get("expires_in", 3600))
    except (ValueError, TypeError, KeyError):
        return "", 0
