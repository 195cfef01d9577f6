"""How an HTTP check authenticates: the four kinds of the guide, and secrets in their fields.

Source: user guide, "Creating multi checks blueprint canary", sections on authentication. A bearer
token is kept until its time is over, and asked for again after 401 or 407. Secrets and the role of
SIGV4 come from AWS with the canary's own role, so from the lab.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from labkit.synthetics.engine.checks import CheckFailed

#: Kind -> fields that it has to have.
KINDS: Mapping[str, tuple[str, ...]] = {
    "NONE": (),
    "BASIC": ("username", "password"),
    "API_KEY": ("apiKey",),
    "OAUTH_CLIENT_CREDENTIALS": ("tokenUrl", "clientId", "clientSecret"),
    "SIGV4": ("service", "region", "roleArn"),
}
_KEEP_SECONDS = 3600


class Authentication:
    """What a run's checks authenticate with.

    Parameters
    ----------
    ask:
        Makes an HTTP request (``http_step.ask``).
    seconds:
        A monotonic clock.
    """

    def __init__(self, ask: Callable[[Mapping[str, Any]], Any], seconds: Callable[[], float]):
        self._ask, self._seconds = ask, seconds
        self._tokens: dict[str, tuple[str, float]] = {}
        self._secrets: dict[str, str] = {}

    def secret(self, name: str) -> str:
        """A secret of Secrets Manager: ``name`` or ``name:key``; each is read once.

        Raises
        ------
        CheckFailed
            When it can't be read, or has no such key.
        """
        secret_id, _, key = name.partition(":")
        if secret_id.startswith("arn"):
            # arn:aws:secretsmanager:region:account:secret:name, and a key behind it
            parts = name.split(":")
            secret_id, key = ":".join(parts[:7]), ":".join(parts[7:])
        if secret_id not in self._secrets:
            import boto3

            try:
                told = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
            except Exception as problem:
                raise CheckFailed(f"the secret {secret_id} cannot be read: {problem}") from None
            self._secrets[secret_id] = str(told.get("SecretString", ""))
        text = self._secrets[secret_id]
        if not key:
            return text
        try:
            return str(json.loads(text)[key])
        except (ValueError, KeyError, TypeError):
            raise CheckFailed(f"the secret {secret_id} has no key {key!r}") from None

    def headers(self, given: Any, request: Mapping[str, Any], *, again: bool = False) -> dict:
        """The headers that authenticate a request.

        Parameters
        ----------
        given:
            ``authentication`` of the check, its variables and secrets filled in.
        request:
            The request: ``url``, ``method``, ``headers``, ``body``.
        again:
            Whether a token was refused just now, so that another is needed.

        Raises
        ------
        CheckFailed
            For a kind that there is not, a missing field, or a token or role that can't be had.
        """
        held = dict(given or {})
        kind = str(held.get("type", "NONE"))
        if kind not in KINDS:
            raise CheckFailed(f"authentication is one of {', '.join(KINDS)}, not {kind}")
        missing = [name for name in KINDS[kind] if not held.get(name)]
        if missing:
            raise CheckFailed(f"authentication of type {kind} needs {', '.join(missing)}")
        if kind == "BASIC":
            return {"Authorization": f"Basic {_pair(held['username'], held['password'])}"}
        if kind == "API_KEY":
            # The guide calls it headerName on one page and header on the other.
            name = held.get("headerName") or held.get("header") or "X-API-Key"
            return {str(name): str(held["apiKey"])}
        if kind == "OAUTH_CLIENT_CREDENTIALS":
            return {"Authorization": f"Bearer {self._token(held, again)}"}
        return _signed(held, request) if kind == "SIGV4" else {}

    def _token(self, held: Mapping[str, Any], again: bool) -> str:
        key = json.dumps(held, sort_keys=True)
        kept = self._tokens.get(key)
        if kept is not None and not again and self._seconds() < kept[1]:
            return kept[0]
        fields = {"grant_type": "client_credentials"}
        fields |= {name: str(held[name]) for name in ("scope", "audience", "resource")
                   if held.get(name)}  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if "REQUEST_BODY" in (held.get("tokenApiAuth") or ()):
            fields |= {"client_id": held["clientId"], "client_secret": held["clientSecret"]}
        else:
            headers["Authorization"] = f"Basic {_pair(held['clientId'], held['clientSecret'])}"
        answer = self._ask({"url": held["tokenUrl"], "method": "POST", "headers": headers,
                            "body": urllib.parse.urlencode(fields)})  # fmt: skip
        try:
            token = str(json.loads(answer.body)["access_token"])
        except (ValueError, KeyError, TypeError):
            raise CheckFailed(
                f"{held['tokenUrl']} answered {answer.status} and no access_token"
            ) from None
        keep = float(held.get("tokenCacheTtl") or _KEEP_SECONDS)
        self._tokens[key] = (token, self._seconds() + keep)
        return token


def _pair(name: Any, secret: Any) -> str:
    return base64.b64encode(f"{name}:{secret}".encode()).decode()


def _signed(held: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, str]:
    """Headers of Signature Version 4, with the credentials of the role that is to be assumed."""
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    try:
        got = boto3.client("sts").assume_role(
            RoleArn=held["roleArn"], RoleSessionName="synthetics-multi-checks"
        )["Credentials"]
    except Exception as problem:
        raise CheckFailed(f"the role {held['roleArn']} cannot be assumed: {problem}") from None
    plain = AWSRequest(
        str(request["method"]), str(request["url"]), dict(request["headers"]), request.get("body")
    )
    who = Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    SigV4Auth(who, str(held["service"]), str(held["region"])).add_auth(plain)
    return {name: str(value) for name, value in plain.headers.items()}
