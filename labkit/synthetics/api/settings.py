"""The parameters of CreateCanary, UpdateCanary and StartCanaryDryRun, checked and read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.core.errors import AwsError
from labkit.synthetics.api.requests import invalid, on, runtimes
from labkit.synthetics.engine.runtimes import lacks
from labkit.synthetics.engine.timing import BadSchedule, frequency_us
from labkit.synthetics.records import Settings
from labkit.synthetics.running import CHECKS

#: Names that Lambda sets itself; others, such as AWS_XRAY_CONTEXT_MISSING, may be given.
#: Source: Lambda developer guide, "Defined runtime environment variables".
_RESERVED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}  # fmt: skip
#: How long runs are shown, days (the API model's documentation; its shape says 1,024).
_LONGEST_RETENTION = 455


def schedule(given: Mapping[str, Any]) -> tuple[str, int, int]:
    """Expression, duration in seconds and retries.

    Raises
    ------
    AwsError
        ValidationException.
    """
    expression = given["Expression"]
    try:
        frequency_us(expression)
    except BadSchedule as problem:
        raise invalid(str(problem)) from None
    retries = (given.get("RetryConfig") or {}).get("MaxRetries", 0)
    return expression, int(given.get("DurationInSeconds") or 0), int(retries)


def changed(call: Call, before: Settings, expression: str, given: Mapping[str, Any]) -> Settings:
    """Settings with what a request gives in place of what was.

    Parameters
    ----------
    call:
        The request, for S3 and limits.
    before:
        What was.
    expression:
        The schedule, which bounds the time limit.
    given:
        Members of the request that are there, by their wire names.

    Raises
    ------
    AwsError
        ValidationException, RequestEntityTooLargeException.
    """
    # A canary of a deprecated runtime runs on, and changes only together with its runtime.
    made = replace(before, runtime=_runtime(call, given.get("RuntimeVersion") or before.runtime))
    if given.get("ExecutionRoleArn"):
        made = replace(made, role=given["ExecutionRoleArn"])
    if given.get("ArtifactS3Location"):
        made = replace(made, artifacts=_location(given["ArtifactS3Location"]))
    if given.get("Code"):
        made = _with_code(call, made, given["Code"])
    if given.get("RunConfig"):
        made = _with_run_config(call, made, given["RunConfig"])
    _check_timeout(made.timeout_s, expression)
    made = replace(
        made,
        success_days=_retention(given, "SuccessRetentionPeriodInDays", made.success_days),
        failure_days=_retention(given, "FailureRetentionPeriodInDays", made.failure_days),
    )
    if given.get("VpcConfig") is not None:
        made = replace(made, vpc=_vpc(call, given["VpcConfig"]))
    if given.get("ArtifactConfig") is not None:
        made = replace(made, encryption=_encryption(given["ArtifactConfig"]))
    if given.get("BrowserConfigs"):
        names = tuple(one.get("BrowserType", "CHROME") for one in given["BrowserConfigs"])
        made = replace(made, browsers=_browsers(names))
    if given.get("KmsKeyArn"):
        made = replace(made, kms_key=given["KmsKeyArn"])
    references: Sequence[Mapping[str, Any]] = given.get("VisualReferences") or (
        [given["VisualReference"]] if given.get("VisualReference") else []
    )
    if references:
        made = replace(made, visual=tuple(references))
    for what in ("FIREFOX", CHECKS):
        why = lacks(made.runtime, what) if what in (*made.browsers, *made.blueprints) else ""
        if why:
            raise invalid(why)
    return made


def _retention(given: Mapping[str, Any], name: str, before: int) -> int:
    days = int(given.get(name) or before)
    if days > _LONGEST_RETENTION:
        raise invalid(f"{name} is 1 to {_LONGEST_RETENTION} days, not {days}")
    return days


def _runtime(call: Call, name: str) -> str:
    found = runtimes().get(name)
    if found is None:
        raise invalid(f"Runtime version {name} is not supported")
    deprecated = found.get("deprecated")
    if deprecated is not None and to_us(on(deprecated)) <= call.now_us:
        raise invalid(f"Runtime version {name} is deprecated since {deprecated}")
    return name


def _location(text: str) -> str:
    bucket = text.removeprefix("s3://").partition("/")[0]
    if not text.startswith("s3://") or not bucket:
        raise invalid(f"ArtifactS3Location must be like s3://bucket/prefix: {text}")
    if "." in bucket:
        raise invalid(
            f"The bucket of ArtifactS3Location cannot have a period in its name: {bucket}"
        )
    return text.removeprefix("s3://").rstrip("/")


def _with_code(call: Call, settings: Settings, code: Mapping[str, Any]) -> Settings:
    zipped = code.get("ZipFile")
    if (zipped is None) == (not code.get("S3Bucket")):
        raise invalid("Exactly one of ZipFile and S3Bucket is needed in Code")
    blueprints = tuple(code.get("BlueprintTypes") or ())
    handler = code.get("Handler") or ""
    if blueprints and blueprints != (CHECKS,):
        raise invalid(f"BlueprintTypes can be {CHECKS}: {', '.join(blueprints)}")
    if bool(blueprints) == bool(handler):
        raise invalid("Handler is needed in Code, and not with BlueprintTypes")
    origin: dict[str, str] = {}
    if zipped is None:
        bucket, key = code["S3Bucket"], code.get("S3Key") or ""
        if not call.ports.allowed(call.principal, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
            raise invalid(f"Access denied to s3://{bucket}/{key}")
        found = call.ports.get_object(bucket, key)
        if found is None:
            raise invalid(f"The object s3://{bucket}/{key} does not exist")
        zipped = found[0]
        origin = {name: code[name] for name in ("S3Bucket", "S3Key", "S3Version") if code.get(name)}
    elif len(zipped) * 4 / 3 > call.quota("canaries.zip_bytes"):
        raise AwsError(
            "RequestEntityTooLargeException",
            "The zip file is larger than 225 KB: put it into S3",
            status=413,
        )
    try:
        zipfile.ZipFile(io.BytesIO(zipped)).close()
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise invalid(f"Code is no zip archive: {problem}") from None
    # What is wrong with the configuration of multi checks shows when they are run first.
    return replace(
        settings, code=zipped, handler=handler, blueprints=blueprints, code_origin=origin,
        dependencies=tuple(code.get("Dependencies") or ()),
    )  # fmt: skip


def _with_run_config(call: Call, settings: Settings, given: Mapping[str, Any]) -> Settings:
    memory = given.get("MemoryInMB", settings.memory_mb)
    if memory % 64 and memory != 1000:
        raise invalid("MemoryInMB is a multiple of 64")
    environment = given.get("EnvironmentVariables", settings.environment)
    size = sum(len(k.encode()) + len(v.encode()) for k, v in environment.items())
    if size > call.quota("canaries.environment_bytes"):
        raise invalid("EnvironmentVariables have more than 4 KB")
    reserved = sorted(_RESERVED & environment.keys())
    if reserved:
        raise invalid(f"Environment variables of reserved names: {', '.join(reserved)}")
    return replace(
        settings,
        timeout_s=given.get("TimeoutInSeconds", settings.timeout_s),
        memory_mb=memory,
        tracing=given.get("ActiveTracing", settings.tracing),
        environment=dict(environment),
        storage_mb=given.get("EphemeralStorage", settings.storage_mb),
    )


def _check_timeout(timeout_s: int | None, expression: str) -> None:
    every = frequency_us(expression)
    if timeout_s is not None and every and timeout_s * 1_000_000 > every:
        raise invalid("TimeoutInSeconds cannot be longer than the canary's frequency")


def check_retries(retries: int, timeout_s: int, runtime: str) -> None:
    """Two retries have to fit into Lambda's time, and older runtimes have none.

    Raises
    ------
    AwsError
        ValidationException.
    """
    if retries == 2 and timeout_s >= 600:
        raise invalid("MaxRetries of 2 needs a TimeoutInSeconds below 600")
    why = lacks(runtime, "RetryConfig") if retries else ""
    if why:
        raise invalid(why)


def _vpc(call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
    """``VpcConfig`` with the VPC that its subnets are in.

    What is not there is found out only while the function is made: the canary then ends in ERROR
    (``trouble``).
    """
    subnets, groups = given.get("SubnetIds") or [], given.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        raise invalid("VpcConfig needs both SubnetIds and SecurityGroupIds")
    if not subnets:
        return {}
    made = {
        "SubnetIds": list(subnets),
        "SecurityGroupIds": list(groups),
        "Ipv6AllowedForDualStack": bool(given.get("Ipv6AllowedForDualStack")),
    }
    try:
        found = _ec2(call, "DescribeSubnets", {"SubnetIds": list(subnets)})["Subnets"]
        _ec2(call, "DescribeSecurityGroups", {"GroupIds": list(groups)})
    except AwsError as problem:
        if problem.code.startswith(("AccessDenied", "Unauthorized")):
            raise invalid(problem.message) from None
        return made | {"trouble": problem.message}
    return made | {"VpcId": found[0]["VpcId"]}


def _ec2(call: Call, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    who = replace(call.principal, invoked_by="synthetics.amazonaws.com")
    told: Mapping[str, Any] = call.ports.call_as(who, "ec2", operation, params, call.region)
    return told


def _encryption(given: Mapping[str, Any]) -> dict[str, str]:
    s3 = given.get("S3Encryption") or {}
    if s3.get("KmsKeyArn") and s3.get("EncryptionMode") != "SSE_KMS":
        raise invalid("KmsKeyArn goes with EncryptionMode SSE_KMS")
    return dict(s3)


def _browsers(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise invalid("A browser is named twice in BrowserConfigs")
    return names
