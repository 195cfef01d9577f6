"""What a trail needs before it may write into a log group.

Source: botocore cloudtrail 2013-11-01 for the codes; the texts about group and role are those that
CloudTrail answers [K].
"""

from __future__ import annotations

import re

from labkit.cloudtrail.log_delivery import group_of, refused, stream_of
from labkit.cloudtrail.records import Trail
from labkit.core.call import Call
from labkit.core.errors import AwsError

_LOG_GROUP = re.compile(r"arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:[^:*]+(:\*)?")
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/.+")


def check_logs(call: Call, trail: Trail) -> None:
    """Refuse a log group or a role that a trail can not use; a trail without both is fine.

    Raises
    ------
    AwsError
        InvalidParameterCombinationException, InvalidCloudWatchLogsLogGroupArnException,
        InvalidCloudWatchLogsRoleArnException, CloudWatchLogsDeliveryUnavailableException.
    """
    group, role = trail.log_group, trail.log_role
    if bool(group) != bool(role):
        raise AwsError(
            "InvalidParameterCombinationException",
            "CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn go together.",
        )
    if not group:
        return
    if not _LOG_GROUP.fullmatch(group):
        raise AwsError(
            "InvalidCloudWatchLogsLogGroupArnException",
            f"{group!r} is no log group: arn:aws:logs:<region>:<account>:log-group:<name>:*",
        )
    if not _ROLE.fullmatch(role):
        raise AwsError("InvalidCloudWatchLogsRoleArnException", f"{role!r} is no role's ARN.")
    ports = call.ports
    if not (ports.answered("put_log_lines") and ports.answered("log_group_exists")):
        raise AwsError(
            "CloudWatchLogsDeliveryUnavailableException",
            "Cannot set a CloudWatch Logs delivery for this Region.",
        )
    region, account, name = group_of(group)
    here = (region, account) == (trail.home_region, trail.account)
    if not here or not ports.log_group_exists(account, region, name):
        raise AwsError(
            "InvalidCloudWatchLogsLogGroupArnException",
            "CloudTrail cannot validate the specified log group ARN.",
        )
    why = refused(ports, trail, stream_of(account, region))
    if why:
        raise AwsError("InvalidCloudWatchLogsRoleArnException", why)
