"""Connections of API destinations: CreateConnection and its kin.

A connection of kind BASIC or API_KEY is AUTHORIZED at once; an OAuth one is AUTHORIZING until it
has a token, which it asks for a moment later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from labkit.core.call import Call
from labkit.eventbridge.api.requests import (
    invalid,
    missing,
    moment,
    page,
    parts,
    shown,
    taken,
    too_many,
)
from labkit.eventbridge.delivering import PRINCIPAL
from labkit.eventbridge.engine import authorization
from labkit.eventbridge.records import Connection


def _connection(call: Call, name: str, verb: str) -> Connection:
    store, _ = parts(call)
    connection = store.connections.get(name)
    if connection is None:
        raise missing(f"Failed to {verb} the connection(s). Connection '{name}' does not exist.")
    return connection


def _told(connection: Connection) -> dict[str, Any]:
    authorized: datetime | None = None
    if connection.authorized_us is not None:
        authorized = moment(connection.authorized_us)
    return shown(
        {
            "ConnectionArn": connection.arn,
            "ConnectionState": connection.state,
            "CreationTime": moment(connection.created_us),
            "LastModifiedTime": moment(connection.modified_us),
            "LastAuthorizedTime": authorized,
        }
    )


def _keep_secret(call: Call, operation: str, **params: Any) -> dict[str, Any]:
    """A call to Secrets Manager, as the caller and on EventBridge's behalf."""
    who = replace(call.principal, invoked_by=PRINCIPAL)
    return call.ports.call_as(who, "secretsmanager", operation, params, call.region)


def _begin(call: Call, connection: Connection) -> None:
    """Let a connection become authorised: at once, or a moment later when it needs a token."""
    _, service = parts(call)
    connection.token, connection.token_until_us = "", 0
    if connection.kind != authorization.OAUTH:
        connection.state, connection.authorized_us = "AUTHORIZED", call.now_us
        return
    connection.state = "AUTHORIZING"
    service.connecting.later(call.account, call.region, connection.name)


def create_connection(
    call: Call,
    /,
    *,
    Name: str,
    AuthorizationType: str,
    AuthParameters: Mapping[str, Any],
    Description: str = "",
    InvocationConnectivityParameters: Mapping[str, Any] | None = None,
    KmsKeyIdentifier: str = "",
) -> dict[str, Any]:
    """How API destinations get leave to call, with its secret in Secrets Manager."""
    store, _ = parts(call)
    if Name in store.connections:
        raise taken(f"Connection {Name} already exists.")
    if InvocationConnectivityParameters is not None:
        raise invalid(
            "Parameter InvocationConnectivityParameters is not valid. Reason: a lab has no VPC "
            "Lattice; leave it out and use an endpoint on this machine."
        )
    why = authorization.problem(AuthorizationType, AuthParameters)
    if why:
        raise invalid(why)
    if len(store.connections) >= call.quota("connections.per_account"):
        raise too_many()
    unique = call.ids.uuid()
    connection = Connection(
        Name,
        store.arn(f"connection/{Name}/{unique}"),
        AuthorizationType,
        dict(AuthParameters),
        call.now_us,
        call.now_us,
        description=Description,
        kms_key=KmsKeyIdentifier,
    )
    answer = _keep_secret(
        call,
        "CreateSecret",
        Name=f"events!connection/{Name}/{unique}",
        SecretString=authorization.secret(AuthorizationType, AuthParameters),
    )
    connection.secret_arn = answer["ARN"]
    store.connections[Name] = connection
    _begin(call, connection)
    return _told(connection)


def describe_connection(call: Call, /, *, Name: str) -> dict[str, Any]:
    """A connection; its secrets are in Secrets Manager and not shown here."""
    connection = _connection(call, Name, "describe")
    return _told(connection) | shown(
        {
            "Name": connection.name,
            "Description": connection.description,
            "AuthorizationType": connection.kind,
            "StateReason": connection.reason,
            "SecretArn": connection.secret_arn,
            "KmsKeyIdentifier": connection.kms_key,
            "AuthParameters": authorization.shown(connection.auth),
        }
    )


def list_connections(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    ConnectionState: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The connections of an account, by name."""
    store, _ = parts(call)
    chosen = [
        connection
        for name, connection in sorted(store.connections.items())
        if name.startswith(NamePrefix) and ConnectionState in (None, connection.state)
    ]
    found, more = page(chosen, Limit, NextToken)
    told = [
        _told(one)
        | shown({"Name": one.name, "AuthorizationType": one.kind, "StateReason": one.reason})
        for one in found
    ]
    return {"Connections": told, **more}


def update_connection(
    call: Call,
    /,
    *,
    Name: str,
    Description: str | None = None,
    AuthorizationType: str | None = None,
    AuthParameters: Mapping[str, Any] | None = None,
    InvocationConnectivityParameters: Mapping[str, Any] | None = None,
    KmsKeyIdentifier: str | None = None,
) -> dict[str, Any]:
    """Change what is given of a connection, and its secret."""
    connection = _connection(call, Name, "update")
    kind = AuthorizationType or connection.kind
    before = connection.auth
    if kind != connection.kind:
        others = set(authorization.MEMBERS.values())
        before = {name: value for name, value in before.items() if name not in others}
    auth = authorization.merged(before, AuthParameters or {})
    why = authorization.problem(kind, auth)
    if why:
        raise invalid(why)
    connection.kind, connection.auth = kind, auth
    if Description is not None:
        connection.description = Description
    if KmsKeyIdentifier is not None:
        connection.kms_key = KmsKeyIdentifier
    connection.modified_us = call.now_us
    if not connection.secret_arn:
        made = _keep_secret(
            call,
            "CreateSecret",
            Name=f"events!connection/{Name}/{call.ids.uuid()}",
            SecretString=authorization.secret(kind, auth),
        )
        connection.secret_arn = made["ARN"]
    else:
        _keep_secret(
            call,
            "PutSecretValue",
            SecretId=connection.secret_arn,
            SecretString=authorization.secret(kind, auth),
        )
    _begin(call, connection)
    return _told(connection)


def deauthorize_connection(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Take a connection's leave away, its secret too; an update gives it a new one."""
    connection = _connection(call, Name, "deauthorize")
    _drop_secret(call, connection)
    connection.state, connection.token = "DEAUTHORIZED", ""
    connection.modified_us = call.now_us
    return _told(connection)


def delete_connection(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Delete a connection; API destinations that use it become INACTIVE."""
    store, _ = parts(call)
    connection = _connection(call, Name, "delete")
    _drop_secret(call, connection)
    connection.state = "DELETING"
    del store.connections[Name]
    return _told(connection)


def _drop_secret(call: Call, connection: Connection) -> None:
    if connection.secret_arn:
        _keep_secret(
            call,
            "DeleteSecret",
            SecretId=connection.secret_arn,
            ForceDeleteWithoutRecovery=True,
        )
        connection.secret_arn = ""
