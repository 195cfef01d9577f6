"""EC2's parameters and answers as CloudTrail writes them: the shape of its XML, lists as sets.

A list becomes ``{"items": [...]}`` (an empty one ``{}``) under a name of its own:
``InstanceIds=["i-1"]`` is ``instancesSet.items[].instanceId``. What one launch is about
(``ImageId``, ``MinCount``, ``MaxCount``, ``KeyName``) stands inside ``instancesSet`` too, as it did
in EC2's first API. Answers repeat the request id, and calls that answer nothing say
``_return: true``. A few operations of later years are written in another way altogether, with
their names in capitals: :data:`WRAPPED`.

Sources: CloudTrail user guide, cloudtrail-log-file-examples (StartInstances, StopInstances,
CreateKeyPair); records published by others [E] for RunInstances, CreateTags, DescribeInstances,
CreateSecurityGroup, AuthorizeSecurityGroupIngress, CreateFlowLogs. The names in answers are those
of botocore's model, which is EC2's XML; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cloudtrail.engine.shaping import Style, lower_first, scalar

#: Lists of plain values in a request: member -> (name of the set, name of each item).
_IDS: Mapping[str, tuple[str, str]] = {
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "AttributeNames": ("accountAttributeNameSet", "attributeName"),
    "ExecutableUsers": ("executableBySet", "user"),
    "GroupIds": ("securityGroupIdSet", "groupId"),
    "GroupNames": ("securityGroupSet", "groupName"),
    "Groups": ("groupSet", "groupId"),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "InstanceTypes": ("instanceTypeSet", "instanceType"),
    "InternetGatewayIds": ("internetGatewayIdSet", "internetGatewayId"),
    "KeyNames": ("keySet", "keyName"),
    "KeyPairIds": ("keyPairIdSet", "keyPairId"),
    "NetworkInterfaceIds": ("networkInterfaceIdSet", "networkInterfaceId"),
    "Owners": ("ownersSet", "owner"),
    "PublicIps": ("publicIpsSet", "publicIp"),
    "RegionNames": ("regionSet", "regionName"),
    "Resources": ("resourcesSet", "resourceId"),
    "RouteTableIds": ("routeTableIdSet", "routeTableId"),
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SecurityGroups": ("groupSet", "groupName"),
    "SnapshotIds": ("snapshotSet", "snapshotId"),
    "SubnetIds": ("subnetSet", "subnetId"),
    "VolumeIds": ("volumeSet", "volumeId"),
    "VpcIds": ("vpcSet", "vpcId"),
    "ZoneNames": ("availabilityZoneSet", "zoneName"),
}

#: Lists of structures in a request: member -> name of the set.
_STRUCTURES: Mapping[str, str] = {
    "BlockDeviceMappings": "blockDeviceMapping",
    "IpPermissions": "ipPermissions",
    "IpRanges": "ipRanges",
    "Ipv6Ranges": "ipv6Ranges",
    "NetworkInterfaces": "networkInterfaceSet",
    "PrefixListIds": "prefixListIds",
    "PrivateIpAddresses": "privateIpAddressesSet",
    "Tags": "tagSet",
    "UserIdGroupPairs": "groups",
}

#: Members of RunInstances that stand inside ``instancesSet``.
_LAUNCHED = ("ImageId", "MinCount", "MaxCount", "KeyName")

#: Members of a request with a name of their own.
_NAMES: Mapping[tuple[str, str], str] = {
    ("CreateSecurityGroup", "Description"): "groupDescription",
}

#: What EC2 writes into the record although the caller did not say it.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "RunInstances": {
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    },
    "StopInstances": {"force": False},
    "CreateKeyPair": {"keyType": "rsa", "keyFormat": "pem"},
    "DescribeAccountAttributes": {"accountAttributeNameSet": {}, "filterSet": {}},
    "DescribeAddresses": {"publicIpsSet": {}, "filterSet": {}, "allocationIdsSet": {}},
    "DescribeAvailabilityZones": {"availabilityZoneSet": {}, "filterSet": {}},
    "DescribeImages": {"executableBySet": {}, "imagesSet": {}, "ownersSet": {}, "filterSet": {}},
    "DescribeInstanceStatus": {"instancesSet": {}, "filterSet": {}},
    "DescribeInstances": {"instancesSet": {}, "filterSet": {}},
    "DescribeInternetGateways": {"internetGatewayIdSet": {}, "filterSet": {}},
    "DescribeKeyPairs": {"keySet": {}, "filterSet": {}},
    "DescribeNetworkInterfaces": {"networkInterfaceIdSet": {}, "filterSet": {}},
    "DescribeRegions": {"regionSet": {}, "filterSet": {}},
    "DescribeRouteTables": {"routeTableIdSet": {}, "filterSet": {}},
    "DescribeSecurityGroups": {"securityGroupSet": {}, "securityGroupIdSet": {}, "filterSet": {}},
    "DescribeSnapshots": {
        "snapshotSet": {}, "ownersSet": {}, "sharedUsersSet": {}, "filterSet": {},
    },
    "DescribeSubnets": {"subnetSet": {}, "filterSet": {}},
    "DescribeTags": {"filterSet": {}},
    "DescribeVolumes": {"volumeSet": {}, "filterSet": {}},
    "DescribeVpcs": {"vpcSet": {}, "filterSet": {}},
}  # fmt: skip

#: A permission always shows its four lists.
_PERMISSION: Mapping[str, Any] = {
    "groups": {},
    "ipRanges": {},
    "ipv6Ranges": {},
    "prefixListIds": {},
}

#: Operations whose parameters and answers stand in capitals inside one object [E].
WRAPPED = frozenset({"CreateFlowLogs", "DeleteFlowLogs", "DescribeFlowLogs"})

#: Lists in answers: member -> name of the set; any other list keeps its name.
ANSWER_SETS: Mapping[str, str] = {
    "AssociatedSubnets": "associatedSubnetSet",
    "Associations": "associationSet",
    "Attachments": "attachmentSet",
    "BlockDeviceMappings": "blockDeviceMapping",
    "CidrBlockAssociationSet": "cidrBlockAssociationSet",
    "ElasticGpuAssociations": "elasticGpuAssociationSet",
    "ElasticInferenceAcceleratorAssociations": "elasticInferenceAcceleratorAssociationSet",
    "Errors": "errorSet",
    "Groups": "groupSet",
    "InstanceMonitorings": "instancesSet",
    "Instances": "instancesSet",
    "Ipv4Prefixes": "ipv4PrefixSet",
    "Ipv6Addresses": "ipv6AddressesSet",
    "Ipv6Prefixes": "ipv6PrefixSet",
    "Licenses": "licenseSet",
    "MetricCategoryIds": "metricCategoryIdSet",
    "NetworkInterfaces": "networkInterfaceSet",
    "PrivateIpAddresses": "privateIpAddressesSet",
    "PropagatingVgws": "propagatingVgwSet",
    "RevokedSecurityGroupRules": "revokedSecurityGroupRuleSet",
    "Routes": "routeSet",
    "SecondaryInterfaces": "secondaryInterfaceSet",
    "SecurityGroupRules": "securityGroupRuleSet",
    "SecurityGroups": "groupSet",
    "StartingInstances": "instancesSet",
    "StoppingInstances": "instancesSet",
    "Tags": "tagSet",
    "TerminatingInstances": "instancesSet",
    "UnknownIpPermissions": "unknownIpPermissionSet",
    "UserIdGroupPairs": "groups",
}

#: Other members of answers with another name.
ANSWER_NAMES: Mapping[str, str] = {
    "ProductCodeId": "productCode",
    "ProductCodeType": "type",
    "PublicIpAddress": "ipAddress",
    "StateTransitionReason": "reason",
}

#: An instance's own names for members that other structures have too.
INSTANCE_NAMES: Mapping[str, str] = {"PublicDnsName": "dnsName", "State": "instanceState"}

#: Volumes, snapshots and attachments call their state a status.
STATUS_OPERATIONS = frozenset({"AttachVolume", "CreateSnapshot", "CreateVolume", "DetachVolume"})


def request(value: Mapping[str, Any], operation: str, style: Style) -> dict[str, Any] | None:
    """``requestParameters`` of an EC2 call; None when there is nothing to say."""
    if operation in WRAPPED:
        return {f"{operation}Request": _wrapped(value, style)} if value else None
    shaped: dict[str, Any] = {}
    launched: dict[str, Any] = {}
    for name, member in value.items():
        if operation == "RunInstances" and name in _LAUNCHED:
            launched[lower_first(name)] = member
            continue
        key, made = _request_member(name, member, style)
        shaped[_NAMES.get((operation, name), key)] = made
    if launched:
        shaped = {"instancesSet": {"items": [launched]}, **shaped}
    for name, default in _DEFAULTS.get(operation, {}).items():
        shaped.setdefault(name, default)
    return shaped or None


def _request_member(name: str, member: Any, style: Style) -> tuple[str, Any]:
    if isinstance(member, list):
        return _request_list(name, member, style)
    if isinstance(member, dict):
        return lower_first(name), _request_structure(member, style)
    return lower_first(name), scalar(member, style)


def _request_structure(value: Mapping[str, Any], style: Style) -> dict[str, Any]:
    return dict(_request_member(name, member, style) for name, member in value.items())


def _request_list(name: str, items: list[Any], style: Style) -> tuple[str, Any]:
    if name == "Filters":
        return "filterSet", _set([_filter(item) for item in items])
    if name == "TagSpecifications":
        # The one list inside a set that stays a list.
        return "tagSpecificationSet", _set([_tagged(item) for item in items])
    if name in _IDS and not any(isinstance(item, dict | list) for item in items):
        key, each = _IDS[name]
        return key, _set([{each: item} for item in items])
    if name == "IpPermissions":
        return "ipPermissions", _set(
            [{**_PERMISSION, **_request_structure(item, style)} for item in items]
        )
    if all(isinstance(item, dict) for item in items):
        key = _STRUCTURES.get(name) or f"{_singular(name)}Set"
        return key, _set([_request_structure(item, style) for item in items])
    one = _singular(name)
    return f"{one}Set", _set([{one: _request_member(name, item, style)[1]} for item in items])


def _singular(name: str) -> str:
    one = lower_first(name)
    return one[:-1] if one.endswith("s") else one


def _set(items: list[Any]) -> dict[str, Any]:
    return {"items": items} if items else {}


def _filter(item: Mapping[str, Any]) -> dict[str, Any]:
    values = [{"value": value} for value in item.get("Values", ())]
    return {"name": item.get("Name", ""), "valueSet": _set(values)}


def _tagged(item: Mapping[str, Any]) -> dict[str, Any]:
    tags = [{lower_first(k): v for k, v in tag.items()} for tag in item.get("Tags", ())]
    shaped: dict[str, Any] = {}
    if "ResourceType" in item:
        shaped["resourceType"] = item["ResourceType"]
    shaped["tags"] = tags
    return shaped


def _wrapped(value: Mapping[str, Any], style: Style) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for name, member in value.items():
        if isinstance(member, list):
            tagged: list[Any] = [
                {"tag": i, **_wrapped(item, style)}
                if isinstance(item, dict)
                else {"tag": i, "content": scalar(item, style)}
                for i, item in enumerate(member, 1)
            ]
            one = name[:-1] if name.endswith("s") else name
            shaped[one] = tagged[0] if len(tagged) == 1 else tagged
        elif isinstance(member, dict):
            shaped[name] = _wrapped(member, style)
        else:
            shaped[name] = scalar(member, style)
    return shaped


def answer(
    value: Mapping[str, Any], operation: str, style: Style, request_id: str
) -> dict[str, Any]:
    """``responseElements`` of an EC2 call that changed something."""
    if operation in WRAPPED:
        body: dict[str, Any] = {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
            "requestId": request_id,
        }
        for name, member in value.items():
            if name == "FlowLogIds":
                body["flowLogIdSet"] = {"item": member[0] if len(member) == 1 else member}
            elif name == "Unsuccessful":
                body["unsuccessful"] = _answer(member, operation, style, False) or ""
            else:
                body[lower_first(name)] = scalar(member, style)
        return {f"{operation}Response": body}
    shaped: dict[str, Any] = {"requestId": request_id}
    told = {name: member for name, member in value.items() if name != "Return"}
    if len(told) < len(value) or not told or operation == "CreateSecurityGroup":
        shaped["_return"] = value.get("Return", True)
    shaped.update(_answer(told, operation, style, False))
    return shaped


def _answer(value: Any, operation: str, style: Style, instance: bool) -> Any:
    if isinstance(value, dict):
        shaped: dict[str, Any] = {}
        for name, member in value.items():
            if isinstance(member, list):
                inside = name == "Instances"
                items = [_answer(item, operation, style, inside) for item in member]
                each = "item" if name == "PrivateIpAddresses" else "items"  # [E]
                shaped[ANSWER_SETS.get(name, lower_first(name))] = {each: items} if items else {}
                continue
            key = _answer_name(name, operation, instance)
            shaped[key] = _answer(member, operation, style, False)
        return shaped
    if isinstance(value, list):
        return _set([_answer(item, operation, style, False) for item in value])
    return scalar(value, style)


def _answer_name(name: str, operation: str, instance: bool) -> str:
    if instance and name in INSTANCE_NAMES:
        return INSTANCE_NAMES[name]
    if name == "State" and operation in STATUS_OPERATIONS:
        return "status"
    return ANSWER_NAMES.get(name) or lower_first(name)
