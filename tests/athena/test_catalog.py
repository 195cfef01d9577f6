"""Databases, work groups, saved queries, and what the model has."""

import pytest
from botocore.exceptions import ClientError

from labkit.core.errors import LabError


def test_every_operation_is_there_or_pending():
    from botocore.session import get_session

    from labkit.services import operations, pending_of

    names = set(get_session().get_service_model("athena").operation_names)
    built = {name for service, name in operations() if service == "athena"}
    assert built | set(pending_of("athena")) == names
    assert not built & set(pending_of("athena"))


def test_metadata(lab, trail):
    athena = lab.client("athena")
    told = athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName="default", TableName="cloudtrail_logs"
    )["TableMetadata"]
    assert [one["Name"] for one in told["PartitionKeys"]] == ["region", "year", "month", "day"]
    lab.athena.query("CREATE DATABASE audit")
    names = athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert [one["Name"] for one in names] == ["audit", "default"]
    with pytest.raises(ClientError, match="MetadataException"):
        athena.get_database(CatalogName="AwsDataCatalog", DatabaseName="nope")
    with pytest.raises(LabError, match="is not empty"):
        lab.athena.query("DROP DATABASE default")


def test_a_work_group_says_where_results_go_and_how_much_is_read(lab, trail):
    athena = lab.client("athena")
    athena.create_work_group(
        Name="audit",
        Configuration={"ResultConfiguration": {"OutputLocation": "s3://trail-logs/w/"}},
    )
    run = athena.start_query_execution(
        QueryString="SELECT 1 AS one", WorkGroup="audit",
        ResultConfiguration={"OutputLocation": "s3://elsewhere/"},
    )["QueryExecutionId"]  # fmt: skip
    lab.advance(seconds=3)
    one = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]
    assert one["Status"]["State"] == "SUCCEEDED"
    assert one["ResultConfiguration"]["OutputLocation"] == f"s3://trail-logs/w/{run}.csv"
    assert athena.list_query_executions(WorkGroup="audit")["QueryExecutionIds"] == [run]
    with pytest.raises(ClientError, match="is not empty"):
        athena.delete_work_group(WorkGroup="audit")
    athena.delete_work_group(WorkGroup="audit", RecursiveDeleteOption=True)
    with pytest.raises(ClientError, match="WorkGroup audit is not found"):
        athena.get_work_group(WorkGroup="audit")


def test_named_queries(lab):
    athena = lab.client("athena")
    made = athena.create_named_query(Name="n", Database="default", QueryString="SELECT 1")
    query_id = made["NamedQueryId"]
    athena.update_named_query(NamedQueryId=query_id, Name="m", QueryString="SELECT 2")
    assert athena.get_named_query(NamedQueryId=query_id)["NamedQuery"]["QueryString"] == "SELECT 2"
    assert athena.list_named_queries()["NamedQueryIds"] == [query_id]
    athena.delete_named_query(NamedQueryId=query_id)
    with pytest.raises(ClientError, match="was not found"):
        athena.get_named_query(NamedQueryId=query_id)
