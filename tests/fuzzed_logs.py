"""Good calls of what goes on from log groups, and what has to be there for each, for fuzzing."""

import json

from buskit import role
from fuzzing import attempt
from logskit import Stream

AT_MS = 1_767_603_600_000
NAMED = {"logGroupName": "kept"}


def subscribed(lab, things):
    """A stream, a destination before it, and a filter of the group ``kept``."""
    if "$stream" not in things:
        stream = Stream(lab, "fuzzed")
        things["$stream"], things["$role"] = (
            stream.arn,
            role(lab, "fuzz", service="logs.amazonaws.com"),
        )
    logs = lab.client("logs")
    logs.put_destination(
        destinationName="kept", targetArn=things["$stream"], roleArn=things["$role"]
    )
    logs.put_subscription_filter(
        logGroupName="kept", filterName="kept", filterPattern="",
        destinationArn=things["$stream"], roleArn=things["$role"],
    )  # fmt: skip


ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "logs:PutSubscriptionFilter"}]})  # fmt: skip
FILTER = NAMED | {"filterName": "kept"}
SUBSCRIPTIONS = {
    "PutSubscriptionFilter": FILTER | {
        "filterPattern": "", "destinationArn": "$stream", "roleArn": "$role"},
    "DescribeSubscriptionFilters": NAMED, "DeleteSubscriptionFilter": FILTER,
    "PutDestination": {"destinationName": "dNEW", "targetArn": "$stream", "roleArn": "$role"},
    "PutDestinationPolicy": {"destinationName": "kept", "accessPolicy": ANYBODY},
    "DescribeDestinations": {}, "DeleteDestination": {"destinationName": "kept"},
}  # fmt: skip


def exporting(lab, things):
    """A bucket that takes exports, and one task, alone."""
    s3, logs = lab.client("s3"), lab.client("logs")
    if "$bucket" not in things:
        things["$bucket"] = "fuzzed-exports"
        s3.create_bucket(Bucket="fuzzed-exports")
        allowed = {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
                   "Action": "s3:*", "Resource": "*"}  # fmt: skip
        s3.put_bucket_policy(
            Bucket="fuzzed-exports",
            Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
    lab.advance(minutes=1)
    made = attempt(logs.create_export_task, **EXPORT | {"destination": "fuzzed-exports"})
    things["$task"] = made.get("taskId", things.get("$task", ""))


def nothing_exported(lab, things):
    """As :func:`exporting`, and the task has ended."""
    exporting(lab, things)
    lab.advance(minutes=1)


EXPORT = NAMED | {"from": 0, "to": AT_MS + 10**10, "destination": "$bucket"}
EXPORTS = {
    "CreateExportTask": EXPORT, "DescribeExportTasks": {}, "CancelExportTask": {"taskId": "$task"},
}  # fmt: skip
FIRST = dict.fromkeys(SUBSCRIPTIONS, subscribed) | dict.fromkeys(EXPORTS, exporting)
FIRST["CreateExportTask"] = nothing_exported

EMAILS = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
POLICY = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": [
    {"DataIdentifier": EMAILS, "Operation": {"Audit": {"FindingsDestination": {}}}},
    {"DataIdentifier": EMAILS, "Operation": {"Deidentify": {"MaskConfig": {}}}}]})  # fmt: skip
KEPT = {"logGroupIdentifier": "kept"}
PROTECTION = {
    "PutDataProtectionPolicy": KEPT | {"policyDocument": POLICY},
    "GetDataProtectionPolicy": KEPT, "DeleteDataProtectionPolicy": KEPT,
}  # fmt: skip


def integrated(lab, things):
    """The account's integration is there."""
    attempt(lab.client("logs").put_integration, **INTEGRATION)


def not_integrated(lab, things):
    """There is none."""
    for row in lab.client("logs").list_integrations()["integrationSummaries"]:
        lab.client("logs").delete_integration(integrationName=row["integrationName"], force=True)


INTEGRATION = {
    "integrationName": "kept", "integrationType": "OPENSEARCH",
    "resourceConfig": {"openSearchResourceConfig": {
        "dataSourceRoleArn": "arn:aws:iam::123456789012:role/r",
        "dashboardViewerPrincipals": ["*"], "retentionDays": 30}},
}  # fmt: skip
ONE = {"integrationName": "kept"}
INTEGRATIONS = {
    "PutIntegration": INTEGRATION, "GetIntegration": ONE, "ListIntegrations": {},
    "DeleteIntegration": ONE | {"force": True},
}  # fmt: skip
FIRST |= dict.fromkeys(INTEGRATIONS, integrated) | {"PutIntegration": not_integrated}


def delivered(lab, things):
    """A source, a destination with a policy, and a delivery between them."""
    logs = lab.client("logs")
    logs.put_delivery_source(**SOURCE)
    made = logs.put_delivery_destination(**TARGET)["deliveryDestination"]
    logs.put_delivery_destination_policy(**TARGET_POLICY)
    things["$target"] = made["arn"]
    made = attempt(logs.create_delivery, deliverySourceName="kept",
                   deliveryDestinationArn=made["arn"])  # fmt: skip
    things["$delivery"] = made["delivery"]["id"] if made else things.get("$delivery", "")


def not_delivered(lab, things):
    """As :func:`delivered`, without the delivery."""
    delivered(lab, things)
    for one in lab.client("logs").describe_deliveries()["deliveries"]:
        lab.client("logs").delete_delivery(id=one["id"])


SOURCE = {"name": "kept", "logType": "INFO_LOGS",
          "resourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/default"}  # fmt: skip
TARGET = {"name": "kept", "deliveryDestinationConfiguration": {
    "destinationResourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:kept"}}  # fmt: skip
NAME, BY_ID = {"name": "kept"}, {"id": "$delivery"}
TARGET_NAME = {"deliveryDestinationName": "kept"}
TARGET_POLICY = TARGET_NAME | {"deliveryDestinationPolicy": ANYBODY}
DELIVERIES = {
    "PutDeliverySource": SOURCE, "GetDeliverySource": NAME, "DescribeDeliverySources": {},
    "PutDeliveryDestination": TARGET, "GetDeliveryDestination": NAME,
    "DescribeDeliveryDestinations": {}, "PutDeliveryDestinationPolicy": TARGET_POLICY,
    "GetDeliveryDestinationPolicy": TARGET_NAME, "DeleteDeliveryDestinationPolicy": TARGET_NAME,
    "UpdateDeliveryConfiguration": BY_ID, "GetDelivery": BY_ID, "DescribeDeliveries": {},
    "DeleteDelivery": BY_ID, "DescribeConfigurationTemplates": {},
}  # fmt: skip
UNDONE = {
    "DeleteDeliverySource": NAME, "DeleteDeliveryDestination": NAME,
    "CreateDelivery": {"deliverySourceName": "kept", "deliveryDestinationArn": "$target"},
}  # fmt: skip
FIRST |= dict.fromkeys(DELIVERIES, delivered) | dict.fromkeys(UNDONE, not_delivered)


def imported(lab, things):
    """An event data store, a role, and one import under way."""
    if "$store" not in things:
        made = lab.client("cloudtrail").create_event_data_store(Name="kept")
        things["$store"] = made["EventDataStoreArn"]
        things["$importer"] = role(lab, "importer", service="cloudtrail.amazonaws.com")
    logs = lab.client("logs")
    lab.advance(minutes=1)
    made = logs.create_import_task(
        importSourceArn=things["$store"], importRoleArn=things["$importer"]
    )
    things["$import"] = made["importId"]


IMPORTS = {
    "CreateImportTask": {"importSourceArn": "$store", "importRoleArn": "$importer"},
    "DescribeImportTasks": {}, "DescribeImportTaskBatches": {"importId": "$import"},
    "CancelImportTask": {"importId": "$import"},
}  # fmt: skip
FIRST |= dict.fromkeys(IMPORTS, imported)

GOOD = IMPORTS | SUBSCRIPTIONS | EXPORTS | PROTECTION | INTEGRATIONS | DELIVERIES | UNDONE

#: Those that have much to prepare: in `make test-all` alone.
SLOW = GOOD.keys() - {"PutSubscriptionFilter", "CreateExportTask", "PutDataProtectionPolicy",
                      "CreateDelivery"}  # fmt: skip
