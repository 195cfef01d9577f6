"""The API operations of Synthetics, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.synthetics.api import canaries, groups, runs, tags

#: The code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "ValidationException"

#: One file for each kind of resource, each with its own table.
RESOURCES = (canaries, runs, groups, tags)

OPERATIONS = {
    ("synthetics", name): operation
    for resource in RESOURCES
    for name, operation in resource.OPERATIONS.items()
}
