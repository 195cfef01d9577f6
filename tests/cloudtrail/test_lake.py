"""CloudTrail Lake: event data stores and their clock, queries, imports, what belongs to them."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


@pytest.fixture
def trail(lab):
    return lab.client("cloudtrail")


@pytest.fixture
def store(trail):
    return trail.create_event_data_store(Name="audit", TerminationProtectionEnabled=False)[
        "EventDataStoreArn"
    ]


def store_id(arn):
    return arn.rpartition("/")[2]


def ask(lab, trail, sql):
    """Status, rows as lists of values, error."""
    query = trail.start_query(QueryStatement=sql)["QueryId"]
    lab.advance(seconds=5)
    told = trail.get_query_results(QueryId=query)
    rows = [[value for one in row for value in one.values()] for row in told["QueryResultRows"]]
    return told["QueryStatus"], rows, told.get("ErrorMessage", "")


def test_a_store_takes_what_happens_from_its_creation_on(lab, trail):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="before-the-store")
    arn = trail.create_event_data_store(Name="audit")["EventDataStoreArn"]
    s3.create_bucket(Bucket="after-the-store")
    found = ask(
        lab,
        trail,
        "SELECT eventName, element_at(requestParameters, 'bucketName') AS b, userIdentity.userName"
        f", readOnly FROM {store_id(arn)} WHERE eventName = 'CreateBucket' "
        "AND eventTime > '2026-01-05 00:00:00'",
    )
    assert found == ("FINISHED", [["CreateBucket", "after-the-store", "learner", "false"]], "")


def test_selectors_decide(lab, trail):
    arn = trail.create_event_data_store(
        Name="writes",
        AdvancedEventSelectors=[
            {"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]},
                                {"Field": "eventName", "NotStartsWith": ["Start"]}]}
        ],
    )["EventDataStoreArn"]  # fmt: skip
    lab.client("s3").list_buckets()
    lab.client("s3").create_bucket(Bucket="a-bucket")
    _, rows, _ = ask(lab, trail, f"SELECT eventName FROM {store_id(arn)} ORDER BY eventTime")
    assert ["CreateBucket"] in rows
    assert not {"ListBuckets", "StartQuery"} & {row[0] for row in rows}
    with pytest.raises(ClientError, match="InvalidEventSelectorsException"):
        trail.create_event_data_store(
            Name="bad", AdvancedEventSelectors=[{"FieldSelectors": [
                {"Field": "readOnly", "Equals": ["true"]}]}],
        )  # fmt: skip


def test_a_stopped_store_takes_nothing(lab, trail, store):
    trail.stop_event_data_store_ingestion(EventDataStore=store)
    lab.client("s3").create_bucket(Bucket="a-bucket")
    trail.start_event_data_store_ingestion(EventDataStore=store)
    sql = f"SELECT count(*) AS n FROM {store_id(store)} WHERE eventName = 'CreateBucket'"
    assert ask(lab, trail, sql)[1] == [["0"]]
    with pytest.raises(ClientError, match="InvalidEventDataStoreStatusException"):
        trail.start_event_data_store_ingestion(EventDataStore=store)


def test_seven_days_from_deletion_to_the_end(lab, trail, store):
    trail.delete_event_data_store(EventDataStore=store)
    assert trail.get_event_data_store(EventDataStore=store)["Status"] == "PENDING_DELETION"
    with pytest.raises(ClientError, match="InactiveEventDataStoreException"):
        trail.start_query(QueryStatement=f"SELECT 1 FROM {store_id(store)}")
    lab.advance(days=6)
    assert trail.restore_event_data_store(EventDataStore=store)["Status"] == "ENABLED"
    lab.advance(days=3)
    assert trail.get_event_data_store(EventDataStore=store)["Status"] == "ENABLED"
    trail.delete_event_data_store(EventDataStore=store)
    lab.advance(days=7, minutes=1)
    with pytest.raises(ClientError, match="EventDataStoreNotFoundException"):
        trail.get_event_data_store(EventDataStore=store)


def test_protection_and_limits(trail):
    arn = trail.create_event_data_store(Name="audit")["EventDataStoreArn"]
    with pytest.raises(ClientError, match="TerminationProtected"):
        trail.delete_event_data_store(EventDataStore=arn)
    trail.update_event_data_store(EventDataStore=arn, TerminationProtectionEnabled=False)
    trail.delete_event_data_store(EventDataStore=arn)
    with pytest.raises(ClientError, match="7 to 3653 days"):
        trail.create_event_data_store(Name="long", RetentionPeriod=4000)


def test_retention_hides_what_is_too_old(lab, trail):
    arn = trail.create_event_data_store(Name="short", RetentionPeriod=7)["EventDataStoreArn"]
    lab.client("s3").create_bucket(Bucket="a-bucket")
    sql = f"SELECT count(*) AS n FROM {store_id(arn)} WHERE eventName = 'CreateBucket'"
    assert ask(lab, trail, sql)[1] == [["1"]]
    lab.advance(days=8)
    assert ask(lab, trail, sql)[1] == [["0"]]


def test_states_errors_and_delivery(lab, trail, store):
    lab.client("s3").create_bucket(Bucket="results")
    query = trail.start_query(
        QueryStatement=f"SELECT eventName FROM {store_id(store)} WHERE eventName = 'CreateBucket'",
        DeliveryS3Uri="s3://results/lake",
    )["QueryId"]
    assert trail.describe_query(QueryId=query)["QueryStatus"] == "QUEUED"
    lab.advance(milliseconds=500)
    assert trail.describe_query(QueryId=query)["QueryStatus"] == "RUNNING"
    lab.advance(seconds=3)
    told = trail.describe_query(QueryId=query)
    assert (told["QueryStatus"], told["DeliveryStatus"]) == ("FINISHED", "SUCCESS")
    assert told["QueryStatistics"]["EventsMatched"] == 1
    key = f"lake/AWSLogs/123456789012/CloudTrail-Lake/Query/2026/01/05/{query}/result_1.csv.gz"
    body = lab.client("s3").get_object(Bucket="results", Key=key)["Body"].read()
    assert gzip.decompress(body) == b'"eventname"\n"CreateBucket"\n'
    status, _, error = ask(lab, trail, f"SELECT nope FROM {store_id(store)}")
    assert status == "FAILED"
    assert "Column 'nope' cannot be resolved" in error
    with pytest.raises(ClientError, match="InvalidQueryStatementException"):
        trail.start_query(QueryStatement=f"DROP TABLE {store_id(store)}")
    with pytest.raises(ClientError, match="InvalidQueryStatementException"):
        trail.start_query(QueryStatement="SELECT 1 FROM somewhere")
    other = trail.start_query(QueryStatement=f"SELECT 1 FROM {store_id(store)}")["QueryId"]
    assert trail.cancel_query(QueryId=other)["QueryStatus"] == "CANCELLED"
    lab.advance(seconds=5)
    assert trail.describe_query(QueryId=other)["QueryStatus"] == "CANCELLED"
    listed = trail.list_queries(EventDataStore=store, QueryStatus="FINISHED")["Queries"]
    assert [one["QueryId"] for one in listed] == [query]


def test_imports_read_trail_files(lab, trail, store):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="old-trail")
    folder = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/0"
    for day in (1, 2, 3):
        records = [{"eventTime": f"2026-01-0{day}T10:00:00Z", "eventName": "OldCall",
                    "eventCategory": "Management"}]  # fmt: skip
        s3.put_object(
            Bucket="old-trail", Key=f"{folder}{day}/a.json.gz",
            Body=gzip.compress(json.dumps({"Records": records}).encode()),
        )  # fmt: skip
    s3.put_object(Bucket="old-trail", Key=f"{folder}4/bad.json.gz", Body=b"no gzip")
    source = {"S3LocationUri": "s3://old-trail/AWSLogs/", "S3BucketRegion": "us-east-1",
              "S3BucketAccessRoleArn": "arn:aws:iam::123456789012:role/import"}  # fmt: skip
    began = trail.start_import(
        Destinations=[store], ImportSource={"S3": source}, StartEventTime="2026-01-02T00:00:00Z"
    )
    with pytest.raises(ClientError, match="AccountHasOngoingImportException"):
        trail.start_import(Destinations=[store], ImportSource={"S3": source})
    lab.advance(minutes=2)
    told = trail.get_import(ImportId=began["ImportId"])
    assert told["ImportStatus"] == "COMPLETED"
    assert told["ImportStatistics"]["EventsCompleted"] == 2
    failures = trail.list_import_failures(ImportId=began["ImportId"])["Failures"]
    assert [one["Location"] for one in failures] == [f"s3://old-trail/{folder}4/bad.json.gz"]
    sql = f"SELECT count(*) AS n FROM {store_id(store)} WHERE eventName = 'OldCall'"
    assert ask(lab, trail, sql)[1] == [["2"]]


def test_dashboards_run_their_queries(lab, trail, store):
    sql = f"SELECT count(*) AS n FROM {store_id(store)}"
    made = trail.create_dashboard(
        Name="board", Widgets=[{"QueryStatement": sql, "ViewProperties": {"Type": "bar"}}]
    )
    alias = made["Widgets"][0]["QueryAlias"]
    refresh = trail.start_dashboard_refresh(DashboardId="board")["RefreshId"]
    lab.advance(seconds=5)
    told = trail.describe_query(QueryAlias=alias, RefreshId=refresh)
    assert told["QueryStatus"] == "FINISHED"
    assert trail.get_dashboard(DashboardId="board")["LastRefreshId"] == refresh
    trail.delete_dashboard(DashboardId="board")
    assert trail.list_dashboards()["Dashboards"] == []


def test_channels_and_policies(trail, store):
    with pytest.raises(ClientError, match="InvalidEventDataStoreCategoryException"):
        trail.create_channel(
            Name="chat", Source="Custom",
            Destinations=[{"Type": "EVENT_DATA_STORE", "Location": store}],
        )  # fmt: skip
    outside = trail.create_event_data_store(
        Name="outside", TerminationProtectionEnabled=False,
        AdvancedEventSelectors=[{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}],
    )["EventDataStoreArn"]  # fmt: skip
    arn = trail.create_channel(
        Name="chat",
        Source="Custom",
        Destinations=[{"Type": "EVENT_DATA_STORE", "Location": outside}],
    )["ChannelArn"]
    with pytest.raises(ClientError, match="ChannelExistsForEDSException"):
        trail.delete_event_data_store(EventDataStore=outside)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    trail.put_resource_policy(ResourceArn=arn, ResourcePolicy=policy)
    assert trail.get_resource_policy(ResourceArn=arn)["ResourcePolicy"] == policy
    trail.delete_channel(Channel=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        trail.get_resource_policy(ResourceArn=arn)


def test_federation_configuration_and_samples(trail, store):
    trail.enable_federation(EventDataStore=store, FederationRoleArn="arn:aws:iam::1:role/fed")
    with pytest.raises(ClientError, match="EventDataStoreFederationEnabledException"):
        trail.delete_event_data_store(EventDataStore=store)
    assert trail.disable_federation(EventDataStore=store)["FederationStatus"] == "DISABLED"
    trail.put_event_configuration(
        EventDataStore=store, MaxEventSize="Large",
        ContextKeySelectors=[{"Type": "TagContext", "Equals": ["team"]}],
    )  # fmt: skip
    assert trail.get_event_configuration(EventDataStore=store)["MaxEventSize"] == "Large"
    found = trail.search_sample_queries(SearchPhrase="root user activity")["SearchResults"]
    assert found[0]["Name"] == "Root user activity"
    with pytest.raises(ClientError, match="NotImplemented"):
        trail.generate_query(EventDataStores=[store], Prompt="who did this")


def test_a_replay_has_the_same_stores(lab, trail, store):
    lab.client("s3").create_bucket(Bucket="a-bucket")
    ask(lab, trail, f"SELECT count(*) AS n FROM {store_id(store)}")
    with lab.replay() as again:
        assert again.digest() == lab.digest()
