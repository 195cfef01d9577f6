"""The console's sign-in, as CloudTrail records it and EventBridge tells it.

Source: CloudTrail user guide, "AWS Management Console sign-in events" (aws-semantics 5.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.clock import iso
from labkit.eventbridge.engine.envelope import Told


def told(data: Mapping[str, Any], account: str, region: str, at_us: int, event_id: str) -> Told:
    """The event of a fact ``sign_in``: ``user`` is ``root`` or an IAM user's name."""
    identity: dict[str, Any]
    if data["user"] == "root":
        identity = {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root"}
    else:
        arn = f"arn:aws:iam::{account}:user/{data['user']}"
        identity = {"type": "IAMUser", "arn": arn, "userName": data["user"]}
    return Told(
        "aws.signin",
        "AWS Console Sign In via CloudTrail",
        {
            "eventVersion": "1.08",
            "userIdentity": {**identity, "accountId": account},
            "eventTime": iso(at_us),
            "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin",
            "awsRegion": region,
            "requestParameters": None,
            "responseElements": {"ConsoleLogin": data["outcome"]},
            "additionalEventData": {"MFAUsed": "Yes" if data["mfa"] else "No"},
            "eventID": event_id,
            "readOnly": False,
            "eventType": "AwsConsoleSignIn",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        },
    )
