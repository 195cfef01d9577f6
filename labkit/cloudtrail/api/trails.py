"""Trails: CreateTrail, StartLogging, event selectors and what they answer.

Source: botocore cloudtrail 2013-11-01; CloudTrail user guide, cloudtrail-create-and-update-a-trail
(aws-semantics 7.3, 7.5, 7.8). The codes of the errors are AWS's; the texts are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.api.trail_logs import check_logs
from labkit.cloudtrail.delivery import PRINCIPAL, stamp
from labkit.cloudtrail.engine import selectors
from labkit.cloudtrail.records import Trail
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError

if TYPE_CHECKING:
    from labkit.cloudtrail.service import CloudTrail

_NAME = re.compile(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def _service(call: Call) -> CloudTrail:
    service: CloudTrail = call.store.service
    return service


# -- which trail
def _check_name(name: str) -> None:
    if not 3 <= len(name) <= 128 or not _NAME.fullmatch(name) or _ADDRESS.fullmatch(name):
        raise AwsError(
            "InvalidTrailNameException",
            f"{name!r} is no name of a trail: 3 to 128 letters, digits, '.', '_' and '-', which "
            "begins and ends with a letter or digit, has no two signs side by side and is no IP "
            "address.",
        )


def find(call: Call, name: str) -> Trail:
    """A trail by name or ARN, as this Region sees it.

    Raises
    ------
    AwsError
        TrailNotFoundException, InvalidTrailNameException, CloudTrailARNInvalidException.
    """
    trails = _service(call).trails
    if name.startswith("arn:"):
        if not re.fullmatch(r"arn:aws:cloudtrail:[a-z0-9-]+:\d{12}:trail/.+", name):
            raise AwsError("CloudTrailARNInvalidException", f"{name!r} is no ARN of a trail.")
        trail = trails.find(name)
        if trail is not None and trails.covers(trail, call.account):
            return trail
    else:
        _check_name(name)
        for trail in trails.seen(call.account, call.region):
            if trail.name == name:
                return trail
    raise AwsError(
        "TrailNotFoundException",
        f"Unknown trail: {name} for the user: {call.account}; trails of Region {call.region} and "
        "multi-Region trails are found by name, others by ARN.",
    )


def at_home(call: Call, name: str) -> Trail:
    """A trail that may be changed from this Region.

    Raises
    ------
    AwsError
        InvalidHomeRegionException, NotOrganizationMasterAccountException, and those of
        :func:`find`.
    """
    trail = find(call, name)
    if trail.account != call.account:
        raise AwsError(
            "NotOrganizationMasterAccountException",
            f"{trail.name} is the organization's trail: only the management account changes it.",
        )
    if trail.home_region != call.region:
        raise AwsError(
            "InvalidHomeRegionException",
            f"The trail {trail.name} belongs to {trail.home_region}: call there.",
        )
    return trail


# -- what a trail needs
def _check_bucket(call: Call, trail: Trail) -> None:
    if not _BUCKET.fullmatch(trail.bucket):
        raise AwsError("InvalidS3BucketNameException", f"{trail.bucket!r} is no bucket's name.")
    if len(trail.prefix) > call.quota("trails.prefix_characters"):
        raise AwsError("InvalidS3PrefixException", "A prefix has up to 200 characters.")
    if call.ports.object_keys(trail.bucket, "AWSLogs/none") is None:
        raise AwsError("S3BucketDoesNotExistException", f"S3 bucket {trail.bucket} does not exist!")
    head = f"{trail.prefix}/" if trail.prefix else ""
    keys = [f"{head}AWSLogs/{trail.account}/CloudTrail/check"]
    if trail.organization:
        keys.append(f"{head}{trail.under}{trail.account}/CloudTrail/check")
    judged = [
        call.ports.bucket_allows(
            trail.bucket, key, PRINCIPAL, source_arn=trail.arn, account=trail.account
        )
        for key in keys
    ]
    allowed = next((one for one in judged if not one.value), judged[0])
    if not allowed.value:
        why = "; ".join(reason.text for reason in allowed.because)
        raise AwsError(
            "InsufficientS3BucketPolicyException",
            f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}"
            + (f" ({why})" if why else ""),
        )


def _topic(call: Call, name: str) -> str:
    if not name or name.startswith("arn:"):
        return name
    if len(name) > 256:
        raise AwsError("InvalidSnsTopicNameException", "A topic's name has up to 256 characters.")
    return f"arn:aws:sns:{call.region}:{call.account}:{name}"


def _organization(call: Call) -> str:
    """The id of the caller's organization, in which it may make trails for all accounts."""
    found = call.ports.organization(call.account)
    if found is None:
        raise AwsError(
            "OrganizationsNotInUseException",
            "This account is in no organization, so there are no trails of one.",
        )
    if found.management != call.account:
        raise AwsError(
            "NotOrganizationMasterAccountException",
            f"Only the management account {found.management} makes trails of the organization.",
        )
    if not found.all_features:
        raise AwsError(
            "OrganizationNotInAllFeaturesModeException",
            "The organization shares the bill alone; turn all features on.",
        )
    if PRINCIPAL not in found.trusted:
        raise AwsError(
            "CloudTrailAccessNotEnabledException",
            f"Let CloudTrail act in the organization: EnableAWSServiceAccess for {PRINCIPAL}.",
        )
    return found.id


def _key_arn(call: Call, key: str) -> str:
    if not key:
        return ""
    usable = call.ports.key_usable(key, call.account, call.region)
    if usable.value:
        at = f"arn:aws:kms:{call.region}:{call.account}:"
        return key if key.startswith("arn:") else f"{at}{'' if '/' in key else 'key/'}{key}"
    rules = {reason.rule for reason in usable.because}
    code = "KmsKeyDisabledException" if "DisabledException" in rules else "KmsKeyNotFoundException"
    raise AwsError(code, f"The KMS key {key} can't be used.")


def _shown(trail: Trail) -> dict[str, Any]:
    """What Create, Update, Get and DescribeTrails have in common."""
    shown: dict[str, Any] = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "S3KeyPrefix": trail.prefix,
        "SnsTopicName": trail.topic.rpartition(":")[2],
        "SnsTopicARN": trail.topic,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": trail.validation,
        "CloudWatchLogsLogGroupArn": trail.log_group,
        "CloudWatchLogsRoleArn": trail.log_role,
        "KmsKeyId": trail.kms_key,
        "IsOrganizationTrail": trail.organization,
    }
    return {name: value for name, value in shown.items() if value != ""}


def _described(trail: Trail) -> dict[str, Any]:
    return {
        **_shown(trail),
        "HomeRegion": trail.home_region,
        "HasCustomEventSelectors": bool(trail.selectors or trail.advanced),
        "HasInsightSelectors": bool(trail.insight_selectors),
    }


# -- operations
def create_trail(
    call: Call,
    /,
    *,
    Name: str,
    S3BucketName: str,
    S3KeyPrefix: str = "",
    SnsTopicName: str = "",
    IncludeGlobalServiceEvents: bool = True,
    IsMultiRegionTrail: bool = False,
    EnableLogFileValidation: bool = False,
    CloudWatchLogsLogGroupArn: str = "",
    CloudWatchLogsRoleArn: str = "",
    KmsKeyId: str = "",
    IsOrganizationTrail: bool = False,
    TagsList: Sequence[Mapping[str, str]] = (),
    RecursiveLogging: bool | None = None,
) -> dict[str, Any]:
    """Make a trail. It does not log before StartLogging.

    Raises
    ------
    AwsError
        InvalidTrailNameException, TrailAlreadyExistsException,
        MaximumNumberOfTrailsExceededException, S3BucketDoesNotExistException,
        InsufficientS3BucketPolicyException, InvalidParameterCombinationException,
        OrganizationsNotInUseException, and those of topics, keys and log groups.
    """
    _check_name(Name)
    organization = _organization(call) if IsOrganizationTrail else ""
    if IsMultiRegionTrail and not IncludeGlobalServiceEvents:
        raise AwsError(
            "InvalidParameterCombinationException",
            "A multi-Region trail includes the events of global services.",
        )
    trails = _service(call).trails
    there = trails.seen(call.account, call.region)
    if any(trail.name == Name and trail.home_region == call.region for trail in there):
        raise AwsError(
            "TrailAlreadyExistsException",
            f"Trail {Name} already exists for customer: {call.account}",
        )
    if len(there) >= call.quota("trails.per_region"):
        raise AwsError(
            "MaximumNumberOfTrailsExceededException",
            f"User: {call.account} already has {len(there)} trails in {call.region}.",
        )
    trail = Trail(
        name=Name,
        arn=f"arn:aws:cloudtrail:{call.region}:{call.account}:trail/{Name}",
        home_region=call.region,
        account=call.account,
        bucket=S3BucketName,
        prefix=S3KeyPrefix,
        topic=_topic(call, SnsTopicName),
        multi_region=IsMultiRegionTrail,
        global_events=IncludeGlobalServiceEvents,
        validation=EnableLogFileValidation,
        kms_key=_key_arn(call, KmsKeyId),
        log_group=CloudWatchLogsLogGroupArn,
        log_role=CloudWatchLogsRoleArn,
        organization=IsOrganizationTrail,
        organization_id=organization,
        tags={tag["Key"]: tag.get("Value", "") for tag in TagsList},
    )
    check_logs(call, trail)
    _check_bucket(call, trail)
    trails.add(trail)
    return _shown(trail)


def update_trail(
    call: Call,
    /,
    *,
    Name: str,
    S3BucketName: str | None = None,
    S3KeyPrefix: str | None = None,
    SnsTopicName: str | None = None,
    IncludeGlobalServiceEvents: bool | None = None,
    IsMultiRegionTrail: bool | None = None,
    EnableLogFileValidation: bool | None = None,
    CloudWatchLogsLogGroupArn: str | None = None,
    CloudWatchLogsRoleArn: str | None = None,
    KmsKeyId: str | None = None,
    IsOrganizationTrail: bool | None = None,
    RecursiveLogging: bool | None = None,
) -> dict[str, Any]:
    """Change a trail, in its home Region alone; what is left out stays as it is.

    Raises
    ------
    AwsError
        TrailNotFoundException, InvalidHomeRegionException, and those of CreateTrail.
    """
    trail = at_home(call, Name)
    before = dict(vars(trail))
    organization = _organization(call) if IsOrganizationTrail else ""
    given = {
        "organization": IsOrganizationTrail,
        "organization_id": None if IsOrganizationTrail is None else organization,
        "bucket": S3BucketName,
        "prefix": S3KeyPrefix,
        "topic": None if SnsTopicName is None else _topic(call, SnsTopicName),
        "global_events": IncludeGlobalServiceEvents,
        "multi_region": IsMultiRegionTrail,
        "validation": EnableLogFileValidation,
        "log_group": CloudWatchLogsLogGroupArn,
        "log_role": CloudWatchLogsRoleArn,
        "kms_key": None if KmsKeyId is None else _key_arn(call, KmsKeyId),
    }
    vars(trail).update({name: value for name, value in given.items() if value is not None})
    try:
        if trail.multi_region and not trail.global_events:
            raise AwsError(
                "InvalidParameterCombinationException",
                "A multi-Region trail includes the events of global services.",
            )
        if CloudWatchLogsLogGroupArn is not None or CloudWatchLogsRoleArn is not None:
            check_logs(call, trail)
        _check_bucket(call, trail)
    except AwsError:
        vars(trail).update(before)
        raise
    if not trail.log_group:
        trail.log_error = ""
    _service(call).trails.changed(trail, "updated")
    return _shown(trail)


def delete_trail(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Delete a trail; its files stay in the bucket."""
    _service(call).trails.remove(at_home(call, Name))
    return {}


def start_logging(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Let a trail log from now on."""
    trail = at_home(call, Name)
    if not trail.logging:
        trail.logging, trail.since_us = True, call.now_us
        _service(call).trails.changed(trail, "started")
    return {}


def stop_logging(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Let a trail log no more; what waits is still delivered."""
    trail = at_home(call, Name)
    if trail.logging:
        trail.logging, trail.stopped_us = False, call.now_us
        _service(call).trails.ended(trail)
        _service(call).trails.changed(trail, "stopped")
    return {}


def get_trail(call: Call, /, *, Name: str) -> dict[str, Any]:
    """A trail by name or ARN."""
    return {"Trail": _described(find(call, Name))}


def describe_trails(
    call: Call, /, *, trailNameList: Sequence[str] = (), includeShadowTrails: bool = True
) -> dict[str, Any]:
    """Trails of this Region, and multi-Region trails of others as their shadows."""
    trails = _service(call).trails
    found = trails.seen(call.account, call.region, shadows=includeShadowTrails)
    if trailNameList:
        named = [trails.find(name) for name in trailNameList if name.startswith("arn:")]
        found = [t for t in found if t.name in trailNameList and t not in named]
        found += [t for t in named if t is not None and trails.covers(t, call.account)]
    return {"trailList": [_described(trail) for trail in found]}


def list_trails(call: Call, /, *, NextToken: str | None = None) -> dict[str, Any]:
    """Trails of the account in every Region, in one page."""
    return {
        "Trails": [
            {"TrailARN": trail.arn, "Name": trail.name, "HomeRegion": trail.home_region}
            for trail in _service(call).trails
            if _service(call).trails.covers(trail, call.account)
        ]
    }


def get_trail_status(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Whether a trail logs, and how its last delivery went."""
    service = _service(call)
    trail = find(call, Name)
    digest_us = service.digests.delivered_us.get(trail.arn, 0)
    times = {
        "LatestDeliveryTime": trail.delivered_us,
        "LatestNotificationTime": trail.notified_us,
        "StartLoggingTime": trail.since_us,
        "StopLoggingTime": trail.stopped_us,
        "LatestCloudWatchLogsDeliveryTime": trail.logged_us,
        "LatestDigestDeliveryTime": digest_us,
    }
    texts = {
        "LatestDeliveryError": trail.delivery_error,
        "LatestNotificationError": trail.notification_error,
        "LatestCloudWatchLogsDeliveryError": trail.log_error,
        "LatestDigestDeliveryError": service.digests.errors.get(trail.arn, ""),
    }
    return {
        "IsLogging": trail.logging,
        **{name: to_datetime(at_us) for name, at_us in times.items() if at_us},
        **{name: text for name, text in texts.items() if text},
        "LatestDeliveryAttemptTime": stamp(trail.delivered_us),
        "LatestNotificationAttemptTime": stamp(trail.notified_us),
        "LatestNotificationAttemptSucceeded": stamp(trail.notified_us),
        "LatestDeliveryAttemptSucceeded": stamp(trail.delivered_us),
        "TimeLoggingStarted": stamp(trail.since_us),
        "TimeLoggingStopped": stamp(trail.stopped_us),
    }


def put_event_selectors(
    call: Call,
    /,
    *,
    TrailName: str,
    EventSelectors: Sequence[Mapping[str, Any]] = (),
    AdvancedEventSelectors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Say what a trail logs; basic selectors replace advanced ones, and the other way round.

    Raises
    ------
    AwsError
        InvalidEventSelectorsException, TrailNotFoundException, InvalidHomeRegionException.
    """
    trail = at_home(call, TrailName)
    try:
        if bool(EventSelectors) == bool(AdvancedEventSelectors):
            raise selectors.InvalidSelector("give EventSelectors or AdvancedEventSelectors")
        if EventSelectors:
            selectors.check_basic(EventSelectors)
        else:
            selectors.check_advanced(AdvancedEventSelectors)
    except selectors.InvalidSelector as problem:
        raise AwsError("InvalidEventSelectorsException", f"Invalid selectors: {problem}.") from None
    trail.selectors = [{**selectors.DEFAULT[0], **one} for one in EventSelectors]
    trail.advanced = [dict(one) for one in AdvancedEventSelectors]
    _service(call).trails.changed(trail, "selectors")
    return _selected(trail)


def get_event_selectors(call: Call, /, *, TrailName: str) -> dict[str, Any]:
    """What a trail logs."""
    return _selected(find(call, TrailName))


def _selected(trail: Trail) -> dict[str, Any]:
    if trail.advanced:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.advanced}
    chosen = trail.selectors or [dict(one) for one in selectors.DEFAULT]
    return {"TrailARN": trail.arn, "EventSelectors": chosen}
