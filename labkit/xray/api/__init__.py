"""The API operations of X-Ray, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.xray.api import (
    encryption,
    graph,
    groups,
    indexing,
    insights,
    policies,
    retrieval,
    sampling,
    segments,
    tags,
    traces,
)

#: The code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "InvalidRequestException"

#: One file for each kind of resource, each with its own table. One line each: several hands add.
RESOURCES = (
    segments,
    traces,
    groups,
    encryption,
    policies,
    tags,
    indexing,
    retrieval,
    sampling,
    graph,
    insights,
)

OPERATIONS = {
    ("xray", name): operation
    for resource in RESOURCES
    for name, operation in resource.OPERATIONS.items()
}
