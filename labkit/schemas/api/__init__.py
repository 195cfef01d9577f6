"""The schema registry's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.schemas.api import bindings, discoverers, registries, schemas

#: The registry's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "BadRequestException"

OPERATIONS = {
    ("schemas", name): operation
    for name, operation in {
        "CreateRegistry": registries.create_registry,
        "DescribeRegistry": registries.describe_registry,
        "ListRegistries": registries.list_registries,
        "UpdateRegistry": registries.update_registry,
        "DeleteRegistry": registries.delete_registry,
        "GetResourcePolicy": registries.get_resource_policy,
        "PutResourcePolicy": registries.put_resource_policy,
        "DeleteResourcePolicy": registries.delete_resource_policy,
        "TagResource": registries.tag_resource,
        "UntagResource": registries.untag_resource,
        "ListTagsForResource": registries.list_tags_for_resource,
        "CreateSchema": schemas.create_schema,
        "UpdateSchema": schemas.update_schema,
        "DescribeSchema": schemas.describe_schema,
        "ListSchemas": schemas.list_schemas,
        "ListSchemaVersions": schemas.list_schema_versions,
        "DeleteSchema": schemas.delete_schema,
        "DeleteSchemaVersion": schemas.delete_schema_version,
        "SearchSchemas": schemas.search_schemas,
        "ExportSchema": schemas.export_schema,
        "CreateDiscoverer": discoverers.create_discoverer,
        "DescribeDiscoverer": discoverers.describe_discoverer,
        "ListDiscoverers": discoverers.list_discoverers,
        "UpdateDiscoverer": discoverers.update_discoverer,
        "StartDiscoverer": discoverers.start_discoverer,
        "StopDiscoverer": discoverers.stop_discoverer,
        "DeleteDiscoverer": discoverers.delete_discoverer,
        "GetDiscoveredSchema": discoverers.get_discovered_schema,
        "PutCodeBinding": bindings.put_code_binding,
        "DescribeCodeBinding": bindings.describe_code_binding,
        "GetCodeBindingSource": bindings.get_code_binding_source,
    }.items()
}
