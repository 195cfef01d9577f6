"""Calls that AWS's services make by themselves, with a role or in their own name.

A rule that starts an ECS task, a stream that gets a record: they are API calls like a learner's.
They come through the same dispatch, so the role's policies are asked, the operation happens as it
would for anybody, and CloudTrail has a record with the role's session and ``invokedBy``. What is
different: they happen inside an event of the clock or inside another call, so they take no
millisecond and stand in no journal (a replay makes them again by itself).

**Sessions.** A service assumes a role once and uses the session for an hour, as AWS's services do;
each beginning is an AssumeRole of the service, recorded like any other. The credentials are drawn
from the role, the service and the instant, not from what happened to be drawn before.

Requests are made by botocore's own serialisers, without a client: one would be needed for each
session, at ten milliseconds each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from labkit.core.call import Principal
from labkit.core.clock import HOUR
from labkit.core.errors import AwsError
from labkit.gateway.dispatch import Dispatch
from labkit.gateway.identity import Identities


class Acting:
    """Makes the calls of services in one lab.

    Parameters
    ----------
    dispatch:
        The lab's.
    identities:
        Knows whose the keys of a new session are.
    """

    def __init__(self, dispatch: Dispatch, identities: Identities) -> None:
        self._dispatch = dispatch
        self._identities = identities
        #: (role's ARN, service) -> the session and when it ends.
        self._sessions: dict[tuple[str, str], tuple[Principal, int]] = {}

    def assume(self, role_arn: str, service: str, context: Mapping[str, str]) -> Principal:
        """A session of a role, begun by a service.

        Parameters
        ----------
        role_arn:
            Which role.
        service:
            ``events.amazonaws.com``; the role's trust policy must allow it.
        context:
            Condition keys that the service brings (``aws:SourceArn``, ``aws:SourceAccount``).

        Raises
        ------
        AwsError
            ``AccessDenied`` when there is no such role or it does not trust the service.
        """
        now_us = self._dispatch.world.clock.now_us
        # A trust policy may look at what the service acts for, so each source is asked about anew.
        key = (role_arn, f"{service} {context.get('aws:SourceArn', '')}")
        found = self._sessions.get(key)
        if found is not None and found[1] > now_us:
            return found[0]
        parts = role_arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
            raise AwsError("ValidationError", f"{role_arn} is invalid")
        account = parts[4]
        caller = Principal("AWSService", account, "", service, name=service)
        session = self._dispatch.world.ids.digest("session", role_arn, *key, now_us).hex()[:32]
        answer = self.call(
            caller,
            "sts",
            "AssumeRole",
            {"RoleArn": role_arn, "RoleSessionName": session},
            "us-east-1",
            context,
        )
        issued = self._identities.by_key(answer["Credentials"]["AccessKeyId"])
        who = replace(issued, invoked_by=service)
        self._sessions[key] = (who, now_us + HOUR)
        return who

    def call(
        self,
        principal: Principal,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        region: str,
        context: Mapping[str, str],
        source_ip: str = "",
        user_agent: str = "",
    ) -> dict[str, Any]:
        """Make a call as a service or as a session of a role; or as a person, from an address.

        Returns
        -------
        The parsed answer.

        Raises
        ------
        AwsError
            What the service answered instead, or ``ValidationException`` for parameters that its
            model does not take.
        """
        model = _model(service)
        named = model.operation_model(operation)
        given = dict(params)
        shape = named.input_shape
        if shape is not None:
            from botocore.validate import ParamValidator

            report = ParamValidator().validate(given, shape)
            if report.has_errors():
                raise AwsError("ValidationException", report.generate_report())
        invoked = principal.invoked_by or principal.name
        status, answer = self._dispatch.nested(
            model,
            named,
            given,
            request=_request(service, operation, given, region),
            principal=principal,
            region=region or "us-east-1",
            source_ip=source_ip or invoked,
            user_agent=user_agent or invoked,
            context=context,
        )
        error = answer.get("Error")
        if error:
            raise AwsError(str(error.get("Code", "")), str(error.get("Message", "")), status=status)
        return answer


@cache
def _model(service: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(service)


def knows(service: str, operation: str) -> bool:
    """Whether boto3 has this operation, by AWS's name of it."""
    from botocore.exceptions import UnknownServiceError

    try:
        return operation in _model(service).operation_names
    except UnknownServiceError:
        return False


@cache
def _serialiser(protocol: str) -> Any:
    from botocore.serialize import create_serializer

    return create_serializer(protocol, include_validation=False)


def _request(service: str, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
    """A call as botocore would send it to the service's regional endpoint."""
    from botocore.awsrequest import prepare_request_dict

    model = _model(service)
    request: dict[str, Any] = _serialiser(model.resolved_protocol).serialize_to_request(
        params, model.operation_model(operation)
    )
    host = f"{model.endpoint_prefix}.{region or 'us-east-1'}.amazonaws.com"
    if service == "iam":
        host = "iam.amazonaws.com"
    prepare_request_dict(request, endpoint_url=f"https://{host}", context={})
    return request
