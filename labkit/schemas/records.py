"""What the schema registry remembers: registries, schemas with their versions, discoverers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

AWS, DISCOVERED = "aws.events", "discovered-schemas"
OPENAPI, DRAFT4 = "OpenApi3", "JSONSchemaDraft4"


@dataclass(slots=True)
class Version:
    """One version of a schema; versions never change."""

    number: int
    kind: str
    content: str
    created_us: int
    #: Language -> when its code binding was asked for.
    bindings: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Schema:
    """A schema.

    Parameters
    ----------
    versions:
        The oldest first; deleted ones are gone, numbers are not used again.
    inferred:
        Of a discovered schema: the JSON Schema of all details seen so far.
    shapes:
        Of a discovered schema: hashes of the shapes of events that it covers.
    """

    name: str
    arn: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    last: int = 0
    modified_us: int = 0
    inferred: dict[str, Any] | None = None
    shapes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Registry:
    """A registry and its schemas."""

    name: str
    arn: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)
    policy: str = ""
    revision: str = ""


@dataclass(slots=True)
class Discoverer:
    """Who looks at the events of a bus."""

    id: str
    arn: str
    source_arn: str
    cross_account: bool
    description: str = ""
    state: str = "STARTED"
    tags: dict[str, str] = field(default_factory=dict)
