"""How a connection authorises the calls of API destinations.

A connection's parameters are what CreateConnection took. What is shown of them leaves the secrets
out; what a call gets of them are headers, query parameters and members of a JSON body, which win
over those of the rule's target.

Source: EventBridge user guide, eb-target-connection-auth; botocore
events/CreateConnectionAuthRequestParameters.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from labkit.core.jsontext import dumps, parse

BASIC, API_KEY, OAUTH = "BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"

#: Kind -> the member of AuthParameters that goes with it.
MEMBERS = {
    BASIC: "BasicAuthParameters",
    API_KEY: "ApiKeyAuthParameters",
    OAUTH: "OAuthParameters",
}
_LISTS = ("HeaderParameters", "QueryStringParameters", "BodyParameters")


def problem(kind: str, auth: Mapping[str, Any]) -> str:
    """What is wrong with a connection's parameters; empty when nothing is."""
    given = [member for member in MEMBERS.values() if member in auth]
    if given != [MEMBERS[kind]]:
        return (
            f"Parameter AuthParameters is not valid. Reason: AuthorizationType {kind} goes with "
            f"{MEMBERS[kind]} alone."
        )
    return ""


def merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters after an update: members that are given win, those left out stay."""
    found = dict(before)
    for name, value in change.items():
        inner = isinstance(value, Mapping) and isinstance(found.get(name), Mapping)
        found[name] = merged(found[name], value) if inner else value
    return found


# -- what is shown ---------------------------------------------------------------------------------
def shown(auth: Mapping[str, Any]) -> dict[str, Any]:
    """AuthParameters as DescribeConnection answers them: no password, key or secret value."""
    found: dict[str, Any] = {}
    if "BasicAuthParameters" in auth:
        found["BasicAuthParameters"] = {"Username": auth["BasicAuthParameters"]["Username"]}
    if "ApiKeyAuthParameters" in auth:
        found["ApiKeyAuthParameters"] = {"ApiKeyName": auth["ApiKeyAuthParameters"]["ApiKeyName"]}
    if "OAuthParameters" in auth:
        oauth = auth["OAuthParameters"]
        found["OAuthParameters"] = {
            "ClientParameters": {"ClientID": oauth["ClientParameters"]["ClientID"]},
            "AuthorizationEndpoint": oauth["AuthorizationEndpoint"],
            "HttpMethod": oauth["HttpMethod"],
        }
        if "OAuthHttpParameters" in oauth:
            found["OAuthParameters"]["OAuthHttpParameters"] = _open(oauth["OAuthHttpParameters"])
    if "InvocationHttpParameters" in auth:
        found["InvocationHttpParameters"] = _open(auth["InvocationHttpParameters"])
    return found


def _open(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """HTTP parameters without the values that are secrets."""
    return {
        name: [
            {k: v for k, v in one.items() if k != "Value" or not one.get("IsValueSecret")}
            for one in parameters[name]
        ]
        for name in _LISTS
        if name in parameters
    }


def secret(kind: str, auth: Mapping[str, Any]) -> str:
    """What the connection's secret in Secrets Manager holds, as JSON."""
    found: dict[str, Any] = {}
    if kind == BASIC:
        basic = auth["BasicAuthParameters"]
        found = {"username": basic["Username"], "password": basic["Password"]}
    elif kind == API_KEY:
        key = auth["ApiKeyAuthParameters"]
        found = {"api_key_name": key["ApiKeyName"], "api_key_value": key["ApiKeyValue"]}
    else:
        oauth = auth["OAuthParameters"]
        found = {
            "client_id": oauth["ClientParameters"]["ClientID"],
            "client_secret": oauth["ClientParameters"]["ClientSecret"],
            "authorization_endpoint": oauth["AuthorizationEndpoint"],
            "http_method": oauth["HttpMethod"],
        }
    if "InvocationHttpParameters" in auth:
        found["invocation_http_parameters"] = auth["InvocationHttpParameters"]
    return dumps(found)


# -- what a call gets ------------------------------------------------------------------------------
def headers(kind: str, auth: Mapping[str, Any], token: str) -> dict[str, str]:
    """The headers that authorise a call.

    Parameters
    ----------
    kind, auth:
        The connection's.
    token:
        The access token of an OAuth connection.
    """
    if kind == BASIC:
        basic = auth["BasicAuthParameters"]
        pair = f"{basic['Username']}:{basic['Password']}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    if kind == API_KEY:
        key = auth["ApiKeyAuthParameters"]
        return {key["ApiKeyName"]: key["ApiKeyValue"]}
    return {"Authorization": f"Bearer {token}"}


def pairs(parameters: Mapping[str, Any] | None, name: str) -> dict[str, str]:
    """A list of HTTP parameters as a mapping."""
    return {one["Key"]: one["Value"] for one in (parameters or {}).get(name, ())}


def body(payload: str, parameters: Mapping[str, Any] | None) -> str:
    """The body of a call, with the connection's own members; only an object can have them."""
    more = pairs(parameters, "BodyParameters")
    if not more:
        return payload
    try:
        document = parse(payload)
    except ValueError:
        return payload
    return dumps({**document, **more}) if isinstance(document, dict) else payload


def token_request(oauth: Mapping[str, Any]) -> tuple[str, dict[str, str], dict[str, str]]:
    """What an OAuth connection asks its authorization endpoint: form, headers, query.

    The client credentials grant: who asks is the client itself.
    """
    client = oauth["ClientParameters"]
    more = oauth.get("OAuthHttpParameters")
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
        **pairs(more, "BodyParameters"),
    }
    from urllib.parse import urlencode

    told = {"Content-Type": "application/x-www-form-urlencoded", **pairs(more, "HeaderParameters")}
    return urlencode(form), told, pairs(more, "QueryStringParameters")
