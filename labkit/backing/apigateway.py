"""API Gateway: REST APIs are moto's; a workload's request is measured and logged here.

:meth:`ApiGateway.request` finds the method that a path leads to, and tells what the stage tells:
the access log line by the stage's own format, execution log lines when the method's logging level
asks for them, and the metrics of the API. Whether anything reaches CloudWatch Logs depends on the
role of the account settings, which must be set first (``UpdateAccount``).

Sources: API Gateway developer guide, "Set up CloudWatch logging for REST APIs", "Variables for
access logging", "Amazon API Gateway dimensions and metrics".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from labkit.backing.apigateway_traces import Handled, StageTraces
from labkit.backing.site import Answers, Site
from labkit.core.call import Call
from labkit.core.clock import MILLISECOND, to_datetime
from labkit.core.errors import AwsError, LabError

_VARIABLE = re.compile(r"\$context\.([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*)")

_ROLE_MISSING = "CloudWatch Logs role ARN must be set in account settings to enable logging"


@dataclass(frozen=True, slots=True)
class Requested:
    """What a request to a stage was answered; ``trace`` is the header that its integration got."""

    status: int
    resource_path: str
    request_id: str
    trace: str = ""


class ApiGateway:
    """The REST APIs of a lab.

    Parameters
    ----------
    site:
        Where it stands.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._traces = StageTraces(site)

    @property
    def answers(self) -> Answers:
        """The operations that are looked at before moto sees them."""
        return {("apigateway", "UpdateStage"): self._check_stage}

    def _check_stage(self, params: dict[str, Any], call: Call) -> None:
        for change in params.get("patchOperations", ()):
            path, value = change.get("path", ""), str(change.get("value", ""))
            logs = path.startswith("/accessLogSettings/") or path.endswith("/logging/loglevel")
            if not logs or change.get("op") == "remove" or value == "OFF":
                continue
            with self._site.moto.held():
                account = self._site.moto.backend("apigateway", call.account, call.region).account
            if not getattr(account, "cloudwatch_role_arn", None):
                raise AwsError("BadRequestException", _ROLE_MISSING)
            wanted = ("$context.requestId", "$context.extendedRequestId")
            if path.endswith("/format") and not any(name in value for name in wanted):
                raise AwsError(
                    "BadRequestException",
                    "Invalid access log format: it must contain $context.requestId or "
                    "$context.extendedRequestId",
                )

    # -- what workloads call ----------------------------------------------------------------------
    def request(
        self,
        account: str,
        region: str,
        api_id: str,
        stage: str,
        method: str,
        path: str,
        *,
        status: int = 200,
        latency_ms: int = 20,
        integration_ms: int | None = None,
        length: int = 2,
        source_ip: str = "203.0.113.7",
        user_agent: str = "curl/8.5.0",
        caller: str = "-",
        user: str = "-",
        trace: str = "",
    ) -> Requested:
        """Let somebody call an API.

        Parameters
        ----------
        api_id, stage, method, path:
            Which one: ``GET``, ``/pets/7``.
        status, latency_ms, integration_ms, length:
            What the integration behind it does: status, milliseconds of all and of the integration
            alone, bytes of the answer.
        source_ip, user_agent, caller, user:
            Who calls, as the log shows it.
        trace:
            The header ``X-Amzn-Trace-Id`` that the request brings, if any.

        Returns
        -------
        Requested
            403 for a path or method that the API does not have, as API Gateway answers it.

        Raises
        ------
        LabError
            When there is no such API or stage.
        """
        with self._site.moto.held():
            api = self._site.moto.backend("apigateway", account, region).apis.get(api_id)
            found = None if api is None else api.stages.get(stage)
            if api is None or found is None:
                raise LabError(f"there is no API {api_id!r} with a stage {stage!r} in {region}")
            resource = _match(api, method, path)
        if resource is None:
            status, integration_ms, latency_ms = 403, None, min(latency_ms, 2)
        elif integration_ms is None:
            integration_ms = max(latency_ms - 3, 0)
        now_us = self._site.clock.now_us
        request_id = self._site.ids.uuid()
        context = {
            **_of_the_api(api_id, region, stage, path, resource),
            **_of_the_integration(integration_ms, status if resource is not None else "-"),
            "accountId": account,
            "extendedRequestId": f"{self._site.ids.letters(15)}=",
            "httpMethod": method,
            "identity.caller": caller,
            "identity.sourceIp": source_ip,
            "identity.user": user,
            "identity.userAgent": user_agent,
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": to_datetime(now_us).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": now_us // MILLISECOND,
            "responseLatency": latency_ms,
            "responseLength": length,
            "status": status,
        }
        self._measure(account, region, api.name, stage, status, latency_ms, integration_ms)
        self._access_log(account, region, api_id, found, context)
        self._execution_log(account, region, api_id, found, context)
        if found.tracing_enabled:
            trace = self._traces.answered(
                Handled(
                    account, region, api_id, api.name, stage, method, path, status, length,
                    latency_ms, integration_ms, request_id, source_ip, user_agent, trace,
                )
            )  # fmt: skip
        return Requested(status, context["resourcePath"], request_id, trace)

    def _measure(
        self,
        account: str,
        region: str,
        api: str,
        stage: str,
        status: int,
        latency_ms: int,
        integration_ms: int | None,
    ) -> None:
        values: list[tuple[str, float, str]] = [
            ("Count", 1.0, "Count"),
            # The average of these two is the error rate, so a good request counts as 0.
            ("4XXError", float(400 <= status < 500), "Count"),
            ("5XXError", float(status >= 500), "Count"),
            ("Latency", float(latency_ms), "Milliseconds"),
        ]
        if integration_ms is not None:
            values.append(("IntegrationLatency", float(integration_ms), "Milliseconds"))
        for dimensions in ({"ApiName": api}, {"ApiName": api, "Stage": stage}):
            for name, value, unit in values:
                self._site.emit.metric(
                    account, region, "AWS/ApiGateway", name, dimensions, value, unit
                )

    def _access_log(
        self, account: str, region: str, api_id: str, stage: Any, context: dict[str, Any]
    ) -> None:
        settings = stage.access_log_settings or {}
        arn, form = settings.get("destinationArn", ""), settings.get("format", "")
        if not arn or not form:
            return
        line = in_format(form, context)
        if ":firehose:" in arn:
            with self._site.moto.working():
                firehose = self._site.moto.backend("firehose", account, region)
                name = arn.rpartition("/")[2]
                if name in firehose.delivery_streams:
                    firehose.put_record_batch(name, [{"Data": f"{line}\n".encode()}])
            return
        if not self._may_log(account, region):
            return
        group = arn.split(":log-group:", 1)[-1].removesuffix(":*")
        if not self._site.emit.log_group_exists(account, region, group):
            return  # of an access log it is the owner's to make
        # One stream per server of API Gateway's; a lab has one.
        stream = self._site.ids.digest("apigateway", api_id, stage.name).hex()[:32]
        events = [(self._site.clock.now_us, line)]
        self._site.emit.log(account, region, "apigateway", group, stream, events)

    def _execution_log(
        self, account: str, region: str, api_id: str, stage: Any, context: dict[str, Any]
    ) -> None:
        """Execution logs at the level of all methods (``/*/*``)."""
        level = (stage.method_settings.get("*/*") or {}).get("loggingLevel", "OFF")
        failed = context["status"] >= 400
        if level not in ("INFO", "ERROR") or not self._may_log(account, region):
            return
        said = [
            f"Extended Request Id: {context['extendedRequestId']}",
            f"Starting execution for request: {context['requestId']}",
            f"HTTP Method: {context['httpMethod']}, Resource Path: {context['resourcePath']}",
            "Successfully completed execution"
            if not failed
            else f"Execution failed: status {context['status']}",
            f"Method completed with status: {context['status']}",
        ]
        if level == "ERROR":
            said = said[3:4] if failed else []
        if not said:
            return
        now_us = self._site.clock.now_us
        group = f"API-Gateway-Execution-Logs_{api_id}/{stage.name}"
        stream = self._site.ids.digest("execution", api_id, stage.name).hex()[:32]
        events = [(now_us, f"({context['requestId']}) {text}") for text in said]
        self._site.emit.log(account, region, "apigateway", group, stream, events)

    def _may_log(self, account: str, region: str) -> bool:
        """Whether the account's logging role may be assumed and may write."""
        with self._site.moto.held():
            settings = self._site.moto.backend("apigateway", account, region).account
        role = getattr(settings, "cloudwatch_role_arn", None)
        may = self._site.allowed
        return bool(
            role
            and may("apigateway.amazonaws.com", "sts:AssumeRole", role)
            and may(role, "logs:PutLogEvents", f"arn:aws:logs:{region}:{account}:log-group:any")
        )


def in_format(form: str, context: dict[str, Any]) -> str:
    """A stage's access log format, filled in; a variable that has no value is a dash."""

    def value(match: re.Match[str]) -> str:
        found = context.get(match.group(1))
        return "-" if found is None else str(found)

    return _VARIABLE.sub(value, form)


def _match(api: Any, method: str, path: str) -> Any:
    """The resource that a path leads to: literal parts before ``{id}``, ``{proxy+}`` last."""
    asked = [part for part in path.split("?")[0].split("/") if part]
    best: tuple[list[int], Any] | None = None
    for resource in api.resources.values():
        parts = [part for part in resource.get_path().split("/") if part]
        rank = _rank(parts, asked)
        if rank is None or not {method, "ANY"} & set(resource.resource_methods):
            continue
        if best is None or rank < best[0]:
            best = (rank, resource)
    return None if best is None else best[1]


def _rank(parts: list[str], asked: list[str]) -> list[int] | None:
    rank: list[int] = []
    for place, part in enumerate(parts):
        if part.endswith("+}"):
            return [*rank, 2] if len(asked) > place else None
        if place >= len(asked):
            return None
        if part.startswith("{"):
            rank.append(1)
        elif part == asked[place]:
            rank.append(0)
        else:
            return None
    return rank if len(parts) == len(asked) else None


def _of_the_api(api_id: str, region: str, stage: str, path: str, resource: Any) -> dict[str, Any]:
    """What an access log can say of the API, and of a path that it lacks (no ``resource``)."""
    lacking = "Missing Authentication Token"
    return {
        "apiId": api_id,
        "domainName": f"{api_id}.execute-api.{region}.amazonaws.com",
        "domainPrefix": api_id,
        "error.message": "-" if resource is not None else lacking,
        "error.messageString": "-" if resource is not None else f'"{lacking}"',
        "path": f"/{stage}{path}",
        "resourceId": "-" if resource is None else resource.id,
        "resourcePath": "-" if resource is None else resource.get_path(),
        "stage": stage,
    }


def _of_the_integration(took_ms: int | None, status: int | str) -> dict[str, Any]:
    """What an access log can say of the integration behind the API, under both sets of names."""
    return {
        "integration.latency": took_ms,
        "integration.status": status,
        "integrationLatency": took_ms,
        "integrationStatus": status,
    }
