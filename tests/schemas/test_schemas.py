"""The schema registry: AWS's own, one's own, and what discoverers learn from live events."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, BUS, Queue, put, rule

EC2 = "aws.ec2@EC2InstanceStateChangeNotification"
DOCUMENT = json.dumps({"openapi": "3.0.0", "info": {"version": "1", "title": "T"}, "paths": {},
                       "components": {"schemas": {"Order": {"type": "object"}}}})  # fmt: skip


@pytest.fixture
def schemas(lab):
    return lab.client("schemas")


@pytest.fixture
def events(lab):
    return lab.client("events")


def content(schemas, name, registry="discovered-schemas", **more):
    told = schemas.describe_schema(RegistryName=registry, SchemaName=name, **more)
    return json.loads(told["Content"])


def test_ec2s_schema_is_the_published_one(schemas):
    text = {"type": "string"}
    assert content(schemas, EC2, "aws.events") == {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "EC2InstanceStateChangeNotification"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": {
                    "type": "object",
                    "required": ["detail-type", "resources", "detail", "id", "source", "time",
                                 "region", "version", "account"],
                    "x-amazon-events-detail-type": "EC2 Instance State-change Notification",
                    "x-amazon-events-source": "aws.ec2",
                    "properties": {
                        "detail": {
                            "$ref": "#/components/schemas/EC2InstanceStateChangeNotification"
                        },
                        "detail-type": text,
                        "resources": {"type": "array", "items": text},
                        "id": text,
                        "source": text,
                        "time": {"type": "string", "format": "date-time"},
                        "region": text,
                        "version": text,
                        "account": text,
                    },
                },
                "EC2InstanceStateChangeNotification": {
                    "type": "object",
                    "required": ["instance-id", "state"],
                    "properties": {"instance-id": text, "state": text},
                },
            }
        },
    }  # fmt: skip


def test_awss_registry_is_read_only(schemas):
    for call, params in (
        (schemas.create_schema, {"SchemaName": "x", "Content": DOCUMENT, "Type": "OpenApi3"}),
        (schemas.delete_schema, {"SchemaName": EC2}),
        (schemas.delete_registry, {}),
    ):
        with pytest.raises(ClientError, match="ForbiddenException"):
            call(RegistryName="aws.events", **params)


def test_a_discoverer_learns_from_live_events(lab, events, schemas):
    made = schemas.create_discoverer(SourceArn=BUS)
    assert made["State"] == "STARTED" and made["CrossAccount"] is True
    put(events, {"n": 1, "item": {"name": "teapot"}}, source="shop")
    name = "shop@Order"
    first = content(schemas, name)["components"]["schemas"]
    assert first["Order"]["properties"]["n"] == {"type": "integer"}
    assert first["Order"]["properties"]["item"] == {"$ref": "#/components/schemas/Item"}
    assert first["Order"]["required"] == ["item", "n"]
    put(events, {"n": 2, "item": {"name": "cup"}}, source="shop")
    versions = schemas.list_schema_versions
    one = versions(RegistryName="discovered-schemas", SchemaName=name)["SchemaVersions"]
    assert [version["SchemaVersion"] for version in one] == ["1"]
    put(events, {"n": "three", "item": {"name": "cup"}, "gift": True}, source="shop")
    two = versions(RegistryName="discovered-schemas", SchemaName=name)["SchemaVersions"]
    assert [version["SchemaVersion"] for version in two] == ["2", "1"]
    second = content(schemas, name)["components"]["schemas"]["Order"]
    assert second["properties"]["n"] == {"oneOf": [{"type": "integer"}, {"type": "string"}]}
    assert "gift" not in second["required"] and "gift" in second["properties"]
    assert content(schemas, name, SchemaVersion="1")["components"]["schemas"] == first


def test_a_stopped_discoverer_learns_nothing(lab, events, schemas, ec2):
    from machines import launch

    name = schemas.create_discoverer(SourceArn=BUS)["DiscovererId"]
    schemas.stop_discoverer(DiscovererId=name)
    put(events, {"n": 1})
    assert schemas.list_schemas(RegistryName="discovered-schemas")["Schemas"] == []
    schemas.start_discoverer(DiscovererId=name)
    launch(ec2)
    (found,) = schemas.list_schemas(RegistryName="discovered-schemas")["Schemas"]
    assert found["SchemaName"] == EC2
    assert content(schemas, EC2) == content(schemas, EC2, "aws.events")
    schemas.delete_discoverer(DiscovererId=name)
    assert schemas.list_discoverers()["Discoverers"] == []


def test_schemas_of_ones_own(schemas):
    schemas.create_registry(RegistryName="mine", Tags={"a": "1"})
    made = schemas.create_schema(
        RegistryName="mine", SchemaName="order", Type="OpenApi3", Content=DOCUMENT
    )
    assert made["SchemaVersion"] == "1"
    same = schemas.update_schema(RegistryName="mine", SchemaName="order", Content=DOCUMENT)
    assert same["SchemaVersion"] == "1"
    other = DOCUMENT.replace("Order", "Bill")
    assert schemas.update_schema(
        RegistryName="mine", SchemaName="order", Content=other
    )["SchemaVersion"] == "2"  # fmt: skip
    (hit,) = schemas.search_schemas(RegistryName="mine", Keywords="bill")["Schemas"]
    assert [one["SchemaVersion"] for one in hit["SchemaVersions"]] == ["2"]
    assert schemas.search_schemas(RegistryName="mine", Keywords="teapot")["Schemas"] == []
    schemas.delete_schema_version(RegistryName="mine", SchemaName="order", SchemaVersion="2")
    assert "Order" in content(schemas, "order", "mine")["components"]["schemas"]
    with pytest.raises(ClientError, match="still has schemas"):
        schemas.delete_registry(RegistryName="mine")
    schemas.delete_schema(RegistryName="mine", SchemaName="order")
    schemas.delete_registry(RegistryName="mine")
    names = [one["RegistryName"] for one in schemas.list_registries()["Registries"]]
    assert names == ["aws.events", "discovered-schemas"]


def test_an_export_is_draft_4(schemas):
    told = schemas.export_schema(RegistryName="aws.events", SchemaName=EC2, Type="JSONSchemaDraft4")
    document = json.loads(told["Content"])
    assert document["$schema"] == "http://json-schema.org/draft-04/schema#"
    name = "EC2InstanceStateChangeNotification"
    assert document["properties"]["detail"] == {"$ref": f"#/definitions/{name}"}
    import jsonschema

    event = {"detail-type": "x", "resources": [], "detail": {"instance-id": "i", "state": "s"},
             "id": "1", "source": "aws.ec2", "time": "t", "region": "r", "version": "0",
             "account": ACCOUNT}  # fmt: skip
    jsonschema.Draft4Validator(document).validate(event)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(document).validate({**event, "detail": {"state": 1}})


def test_code_for_python_reads_an_event(lab, schemas):
    where = {"RegistryName": "aws.events", "SchemaName": EC2, "Language": "Python36"}
    assert schemas.put_code_binding(**where)["Status"] == "CREATE_IN_PROGRESS"
    lab.advance(seconds=10)
    assert schemas.describe_code_binding(**where)["Status"] == "CREATE_COMPLETE"
    body = schemas.get_code_binding_source(**where)["Body"]
    packed = zipfile.ZipFile(io.BytesIO(body if isinstance(body, bytes) else body.read()))
    (path,) = packed.namelist()
    import sys
    import types

    module = types.ModuleType("bound")
    sys.modules["bound"] = module  # dataclasses look their module up
    try:
        exec(compile(packed.read(path), path, "exec"), module.__dict__)
    finally:
        del sys.modules["bound"]
    detail = {"instance-id": "i-1", "state": "running"}
    made = module.EC2InstanceStateChangeNotification.from_dict(detail)
    assert made.instance_id == "i-1" and made.to_dict() == detail
    script = {**where, "Language": "TypeScript3"}
    schemas.put_code_binding(**script)
    with pytest.raises(ClientError, match="being made"):
        schemas.get_code_binding_source(**script)
    with pytest.raises(ClientError, match="Go1 is not supported"):
        schemas.put_code_binding(**{**where, "Language": "Go1"})


def test_events_can_be_tried_without_a_discoverer(schemas):
    told = [json.dumps({"source": "s", "detail-type": "d e", "detail": {"a": n}}) for n in (1, 2.5)]
    found = json.loads(schemas.get_discovered_schema(Events=told, Type="OpenApi3")["Content"])
    assert found["components"]["schemas"]["DE"]["properties"] == {"a": {"type": "number"}}
    with pytest.raises(ClientError, match="one source"):
        schemas.get_discovered_schema(Events=[told[0], "{}"], Type="OpenApi3")


def test_a_registrys_policy_guards_it(lab, schemas):
    schemas.create_registry(RegistryName="mine")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "schemas:CreateSchema", "Resource": "*"}
    put_ = schemas.put_resource_policy(
        RegistryName="mine", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    with pytest.raises(ClientError, match="explicit deny"):
        schemas.create_schema(
            RegistryName="mine", SchemaName="x", Type="OpenApi3", Content=DOCUMENT
        )
    assert schemas.get_resource_policy(RegistryName="mine")["RevisionId"] == put_["RevisionId"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        schemas.put_resource_policy(RegistryName="mine", Policy="{}", RevisionId="other")
    schemas.delete_resource_policy(RegistryName="mine")
    with pytest.raises(ClientError, match="no resource policy"):
        schemas.get_resource_policy(RegistryName="mine")


def test_tags(schemas):
    arn = schemas.create_registry(RegistryName="mine", Tags={"a": "1"})["RegistryArn"]
    schemas.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    schemas.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert schemas.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}


@pytest.mark.parametrize(
    ("call", "params", "text"),
    [
        ("describe_registry", {"RegistryName": "no"}, "Registry with name no does not exist"),
        ("describe_schema", {"RegistryName": "aws.events", "SchemaName": "no"},
         "Schema with name no does not exist"),
        ("create_schema", {"RegistryName": "discovered-schemas", "SchemaName": "x",
                           "Type": "OpenApi3", "Content": "{}"}, "openapi 3"),
        ("create_schema", {"RegistryName": "discovered-schemas", "SchemaName": "x",
                           "Type": "OpenApi3", "Content": "no"}, "Content is not valid"),
        ("create_discoverer", {"SourceArn": "arn:aws:sqs:us-east-1:1:queue-x"}, "no event bus"),
        ("export_schema", {"RegistryName": "aws.events", "SchemaName": EC2, "Type": "OpenApi3"},
         "JSONSchemaDraft4 only"),
    ],
)  # fmt: skip
def test_what_is_refused(schemas, call, params, text):
    with pytest.raises(ClientError, match=text):
        getattr(schemas, call)(**params)


def test_a_new_version_is_told_to_the_default_bus(lab, events, schemas):
    queue = Queue(lab, "told")
    rule(events, {"source": ["aws.schemas"]}, queue.arn)
    events.create_event_bus(Name="orders")
    schemas.create_discoverer(SourceArn=BUS.replace("default", "orders"))
    for detail in ({"n": 1}, {"n": 2}, {"amount": 3}):
        put(events, detail, source="shop", EventBusName="orders")
    schemas.create_registry(RegistryName="own")
    schemas.create_schema(RegistryName="own", SchemaName="cup", Type="OpenApi3", Content=DOCUMENT)
    told = queue.events()
    seen = [(one["detail-type"], one["detail"]["SchemaName"], one["detail"]["Version"])
            for one in told]  # fmt: skip
    assert sorted(seen) == [
        ("Schema Created", "cup", "1"),
        ("Schema Created", "shop@Order", "1"),
        ("Schema Version Created", "cup", "1"),
        ("Schema Version Created", "shop@Order", "1"),
        ("Schema Version Created", "shop@Order", "2"),
    ]
    first = next(one for one in told if one["detail"]["SchemaName"] == "shop@Order")
    assert first["detail"]["RegistryName"] == "discovered-schemas"
    assert first["resources"] == [
        f"arn:aws:schemas:us-east-1:{ACCOUNT}:schema/discovered-schemas/shop@Order"
    ]
