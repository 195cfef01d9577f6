"""The API operations of CloudWatch Logs, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.logs.api import (
    account_policies,
    anomalies,
    data_protection,
    deliveries,
    destinations,
    events,
    exports,
    groups,
    imports,
    index_policies,
    integrations,
    keys,
    large_objects,
    #
    live_tail,
    lookup_tables,
    metric_filters,
    policies,
    protection,
    #
    queries,
    query_definitions,
    scheduled_queries,
    streams,
    #
    subscription_filters,
    syslog,
    tags,
    transformers,
)

#: The code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "InvalidParameterException"

#: One file for each kind of resource, each with its own table. One line each: several hands add.
RESOURCES = (
    groups,
    streams,
    events,
    large_objects,
    #
    live_tail,
    metric_filters,
    transformers,
    #
    subscription_filters,
    destinations,
    exports,
    data_protection,
    integrations,
    deliveries,
    imports,
    syslog,
    #
    queries,
    query_definitions,
    lookup_tables,
    index_policies,
    scheduled_queries,
    anomalies,
    keys,
    tags,
    policies,
    protection,
    account_policies,
)

OPERATIONS = {
    ("logs", name): operation
    for resource in RESOURCES
    for name, operation in resource.OPERATIONS.items()
}
