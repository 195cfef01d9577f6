"""Doing the deeds of a journal again in a fresh world."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.core.journal import Entry
from labkit.gateway.boto3_hook import HOOK, Door

if TYPE_CHECKING:
    from labkit.lab import Lab


def again(lab: Lab, door: Door, entry: Entry) -> str:
    """Do one entry of a journal again in ``lab``; the error code it ends with, '' for none.

    Parameters
    ----------
    lab:
        The fresh world.
    door:
        Its in-process door.
    entry:
        What was done, at its instant.
    """
    from botocore.exceptions import ClientError

    lab.dispatch.next_instant_us = entry.at_us
    arguments = entry.arguments()
    if entry.kind == "method":
        try:
            lab._do(entry.name, **arguments)
        except Exception as error:
            return type(error).__name__
        return ""
    service, operation = entry.name.split(":")
    client = _client(service, entry.region)
    HOOK.bind(client, door, lab.identities.by_key(entry.who), entry.agent)
    lab.dispatch.looking = entry.look
    try:
        client._make_api_call(operation, arguments)
    except ClientError as error:
        code: str = error.response["Error"]["Code"]
        return code
    finally:
        lab.dispatch.looking = False
    return ""


@cache
def session() -> Any:
    """One boto3 session for all clients that labs make: each new one reads its models anew."""
    import boto3

    return boto3.Session(aws_access_key_id="AKIALABKIT", aws_secret_access_key="labkit")


@cache
def _client(service: str, region: str) -> Any:
    """One client per service and region for all replays: making a client costs 10 ms and more."""
    return session().client(service, region_name=region)


@cache
def versions() -> dict[str, str]:
    """The versions on which a replay depends."""
    from importlib.metadata import version

    return {name: version(name) for name in ("labkit", "moto", "botocore")}
