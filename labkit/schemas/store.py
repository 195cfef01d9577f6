"""What the schema registry remembers for one account and Region."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from labkit.schemas.engine.catalogue import catalogue
from labkit.schemas.records import AWS, DISCOVERED, OPENAPI, Discoverer, Registry, Schema, Version

if TYPE_CHECKING:
    from labkit.schemas.service import Schemas


class Store:
    """Registries and discoverers.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The schema registry that it belongs to.
    now_us:
        When AWS's own registry came to be.
    """

    def __init__(self, account: str, region: str, service: Schemas, now_us: int) -> None:
        self.account = account
        self.region = region
        self.service = service
        self.registries: dict[str, Registry] = {}
        self.discoverers: dict[str, Discoverer] = {}
        self.add_registry(AWS)
        self.add_registry(DISCOVERED)
        for name, content in catalogue().items():
            self.add_version(self.add_schema(AWS, name), OPENAPI, content, now_us)

    def arn(self, resource: str) -> str:
        """The ARN of something of the registry's here; AWS's own has no account."""
        account = "" if resource.partition("/")[2].split("/")[0] == AWS else self.account
        return f"arn:aws:schemas:{self.region}:{account}:{resource}"

    def add_registry(self, name: str) -> Registry:
        """Remember a new registry."""
        registry = Registry(name, self.arn(f"registry/{name}"))
        self.registries[name] = registry
        return registry

    def add_schema(self, registry: str, name: str) -> Schema:
        """Remember a new schema, without a version so far."""
        schema = Schema(name, self.arn(f"schema/{registry}/{name}"))
        self.registries[registry].schemas[name] = schema
        return schema

    @staticmethod
    def add_version(schema: Schema, kind: str, content: str, now_us: int) -> Version:
        """Give a schema its next version."""
        schema.last += 1
        version = Version(schema.last, kind, content, now_us)
        schema.versions.append(version)
        schema.modified_us = now_us
        return version

    def digest(self) -> list[Any]:
        """Everything remembered but AWS's own, as plain values."""
        told: list[Any] = []
        for name, registry in sorted(self.registries.items()):
            if name == AWS:
                continue
            shown = asdict(registry)
            for schema in shown["schemas"].values():
                schema["shapes"] = sorted(schema["shapes"])
            told.append(shown)
        return [told, [asdict(one) for _, one in sorted(self.discoverers.items())]]
