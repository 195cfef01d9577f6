"""S3's parameters as CloudTrail writes them: what went over the wire as REST and XML.

The bucket is ``bucketName``, the host stands beside it, the sub-resource of the URL is a member
with an empty value (``"policy": ""``), headers keep their names (``x-amz-acl``) and XML bodies
their capitals and their ``xmlns``. A bucket policy is shown as JSON. ``responseElements`` of the
operations on buckets are null.

Sources: S3 user guide, cloudtrail-logging-understanding-s3-entries; records published by others [E]
for ``Host``, ``bucketPolicy`` and ``additionalEventData`` as they look since 2021.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labkit.cloudtrail.engine.shaping import Style, scalar
from labkit.core.jsontext import loads

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
_VERB = re.compile("^(Get|Put|Delete|List)")

#: Operation (its tail after Get, Put, Delete, List) -> sub-resource of the URL.
_SUB_RESOURCES: Mapping[str, str] = {
    "BucketAccelerateConfiguration": "accelerate",
    "BucketAcl": "acl",
    "BucketAnalyticsConfiguration": "analytics",
    "BucketCors": "cors",
    "BucketEncryption": "encryption",
    "BucketIntelligentTieringConfiguration": "intelligent-tiering",
    "BucketInventoryConfiguration": "inventory",
    "BucketLifecycle": "lifecycle",
    "BucketLifecycleConfiguration": "lifecycle",
    "BucketLocation": "location",
    "BucketLogging": "logging",
    "BucketMetricsConfiguration": "metrics",
    "BucketNotification": "notification",
    "BucketNotificationConfiguration": "notification",
    "BucketOwnershipControls": "ownershipControls",
    "BucketPolicy": "policy",
    "BucketPolicyStatus": "policyStatus",
    "BucketReplication": "replication",
    "BucketRequestPayment": "requestPayment",
    "BucketTagging": "tagging",
    "BucketVersioning": "versioning",
    "BucketWebsite": "website",
    "ObjectAcl": "acl",
    "ObjectLegalHold": "legal-hold",
    "ObjectLockConfiguration": "object-lock",
    "ObjectRetention": "retention",
    "ObjectTagging": "tagging",
    "PublicAccessBlock": "publicAccessBlock",
}

#: Parameters that travel as headers or in the query.
_WIRE: Mapping[str, str] = {
    "ACL": "x-amz-acl",
    "BypassGovernanceRetention": "x-amz-bypass-governance-retention",
    "ContentType": "Content-Type",
    "CopySource": "x-amz-copy-source",
    "Delimiter": "delimiter",
    "EncodingType": "encoding-type",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "GrantFullControl": "x-amz-grant-full-control",
    "GrantRead": "x-amz-grant-read",
    "GrantReadACP": "x-amz-grant-read-acp",
    "GrantWrite": "x-amz-grant-write",
    "GrantWriteACP": "x-amz-grant-write-acp",
    "Id": "id",
    "Key": "key",
    "MaxKeys": "max-keys",
    "ObjectLockEnabledForBucket": "x-amz-bucket-object-lock-enabled",
    "ObjectOwnership": "x-amz-object-ownership",
    "PartNumber": "partNumber",
    "Prefix": "prefix",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "StorageClass": "x-amz-storage-class",
    "UploadId": "uploadId",
    "VersionId": "versionId",
}

#: Lists of an XML body: boto3's member -> the element that is repeated.
_ELEMENTS: Mapping[str, str] = {
    "AllowedHeaders": "AllowedHeader",
    "AllowedMethods": "AllowedMethod",
    "AllowedOrigins": "AllowedOrigin",
    "CORSRules": "CORSRule",
    "Events": "Event",
    "ExposeHeaders": "ExposeHeader",
    "FilterRules": "FilterRule",
    "LambdaFunctionConfigurations": "CloudFunctionConfiguration",
    "QueueConfigurations": "QueueConfiguration",
    "Rules": "Rule",
    "TopicConfigurations": "TopicConfiguration",
    "Transitions": "Transition",
}

#: Lists with an element around them: member -> (the element around, the element repeated).
_WRAPPED: Mapping[str, tuple[str, str]] = {
    "Grants": ("AccessControlList", "Grant"),
    "TagSet": ("TagSet", "Tag"),
}

#: ``additionalEventData`` of every call.
ADDITIONAL: Mapping[str, str] = {
    "SignatureVersion": "SigV4",
    "CipherSuite": "TLS_AES_128_GCM_SHA256",
    "AuthenticationMethod": "AuthHeader",
}

#: Members that botocore adds and S3's records do not show.
_SILENT = frozenset({"ChecksumAlgorithm", "ContentMD5", "ChecksumMode", "Body", "Metadata"})


def host(bucket: str, region: str) -> str:
    """The host that boto3 talks to: the bucket's own, or the service's when there is no bucket."""
    place = f"s3.{region}.amazonaws.com"
    return f"{bucket}.{place}" if bucket else place


def request(value: Mapping[str, Any], operation: str, style: Style, region: str) -> dict[str, Any]:
    """``requestParameters`` of an S3 call; there is always a host."""
    bucket = value.get("Bucket", "")
    shaped: dict[str, Any] = {}
    for name, member in value.items():
        if name == "Bucket" or name in _SILENT:
            continue
        if name == "Policy" and isinstance(member, str):
            shaped["bucketPolicy"] = _policy(member)
        elif isinstance(member, dict):
            shaped[name] = {**_element(member, style), "xmlns": _XMLNS}
        else:
            shaped[_WIRE.get(name, name)] = scalar(member, style)
    if bucket:
        shaped["bucketName"] = bucket
    shaped["Host"] = host(bucket, region)
    sub_resource = _SUB_RESOURCES.get(_VERB.sub("", operation))
    if sub_resource:
        shaped[sub_resource] = ""
    return shaped


def _policy(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text


def _element(value: Mapping[str, Any], style: Style) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for name, member in value.items():
        if isinstance(member, list):
            items = [_inner(item, style) for item in member]
            # XML knows no lists: an element that comes once is no list in the record.
            content = items[0] if len(items) == 1 else items
            if name in _WRAPPED:
                around, each = _WRAPPED[name]
                shaped[around] = {each: content}
            else:
                shaped[_ELEMENTS.get(name, name)] = content
        else:
            shaped[name] = _inner(member, style)
    return shaped


def _inner(value: Any, style: Style) -> Any:
    if isinstance(value, dict):
        return _element(value, style) or ""
    if isinstance(value, list):
        return [_inner(item, style) for item in value]
    return scalar(value, style)
