"""Queries over a trail's files: partitions, records, errors in Athena's words."""

import gzip

import pytest
from athenakit import BUCKET, PROJECTED
from botocore.exceptions import ClientError

from labkit.core.errors import LabError

NAMELESS = "cannot be resolved or requester is not authorized to access requested resources"


def rows(frame):
    return [list(row) for row in frame.itertuples(index=False)]


def test_a_partition_filter_reads_fewer_bytes(lab, trail):
    whole = lab.athena.query("SELECT count(*) FROM cloudtrail_logs")
    day = lab.athena.query("SELECT count(*) FROM cloudtrail_logs WHERE day = '04'")
    assert (rows(whole), rows(day)) == ([[9]], [[3]])
    assert whole.attrs["scanned_bytes"] == sum(trail.values())
    assert day.attrs["scanned_bytes"] == trail[4]


def test_a_filter_on_what_is_in_the_files_reads_them_all(lab, trail):
    found = lab.athena.query(
        "SELECT count(*) AS n FROM cloudtrail_logs WHERE eventtime >= '2026-01-05'"
    )
    assert rows(found) == [[3]]
    assert found.attrs["scanned_bytes"] == sum(trail.values())


def test_projection_needs_no_partitions_and_moves_with_the_clock(lab, trail):
    lab.athena.query(PROJECTED)
    found = lab.athena.query("SELECT eventname FROM projected WHERE \"timestamp\" >= '2026/01/05'")
    assert len(found) == 3
    assert found.attrs["scanned_bytes"] == trail[5]
    told = lab.athena.query("SHOW PARTITIONS projected")
    assert rows(told)[-1] == ["timestamp=2026/01/05"]
    lab.advance(days=1)
    assert rows(lab.athena.query("SHOW PARTITIONS projected"))[-1] == ["timestamp=2026/01/06"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "SELECT useridentity.username, count(*) c FROM cloudtrail_logs GROUP BY 1 "
            "ORDER BY c DESC",
            [["ada", 6], ["bob", 3]],
        ),
        (
            "SELECT json_extract_scalar(requestparameters, '$.bucketName'), responseelements, "
            "readonly FROM cloudtrail_logs LIMIT 1",
            [["b1", None, "true"]],
        ),
        (
            "SELECT DISTINCT r.arn FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS t(r)",
            [["arn:aws:s3:::b1"]],
        ),
        (
            "SELECT DISTINCT k FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS t(a, b, k)",
            [["AWS::S3::Bucket"]],
        ),
        (
            "SELECT count(*) FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) "
            "BETWEEN timestamp '2026-01-04 00:00:00 UTC' AND now()",
            [[6]],
        ),
        (
            "SELECT date_diff('day', date '2026-01-01', current_date), "
            "date_diff('day', timestamp '2026-01-01 00:00:00', localtimestamp)",
            [[4, 4]],
        ),
        (
            "WITH runs AS (SELECT * FROM cloudtrail_logs WHERE eventname = 'RunInstances') "
            "SELECT day, count(*) FROM runs GROUP BY day ORDER BY day",
            [["03", 2], ["04", 2], ["05", 2]],
        ),
        (
            "SELECT useridentity.sessioncontext.attributes.mfaauthenticated FROM cloudtrail_logs "
            "LIMIT 1",
            [["false"]],
        ),
    ],
)
def test_styles_of_query(lab, trail, sql, expected):
    assert rows(lab.athena.query(sql)) == expected


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT nope FROM cloudtrail_logs",
            f"COLUMN_NOT_FOUND: line 1:8: Column 'nope' {NAMELESS}",
        ),
        (
            "SELECT eventname,\n  sourceip FROM cloudtrail_logs",
            f"COLUMN_NOT_FOUND: line 2:3: Column 'sourceip' {NAMELESS}",
        ),
        (
            "SELECT * FROM nope",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nope' does not exist",
        ),
        ("SELECT * FROM no.t", "SCHEMA_NOT_FOUND: line 1:18: Schema 'no' does not exist"),
        (
            "SELECT 1 FROM cloudtrail_logs WHERE day = 3",
            "TYPE_MISMATCH: line 1:37: Cannot apply operator: varchar = integer",
        ),
        ("SELECT f(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'f' not registered"),
        ("SELEC 1", "line 1:7: mismatched input '1'. Expecting: <expression>"),
        (
            "SELECT eventname, count(*) FROM cloudtrail_logs",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'eventname' must be an aggregate expression or "
            "appear in GROUP BY clause",
        ),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"),
    ],
)
def test_errors_name_the_place(lab, trail, sql, reason):
    with pytest.raises(LabError) as told:
        lab.athena.query(sql)
    assert str(told.value) == reason


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT getenv('HOME')",
        "SELECT today()",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT current_setting('allowed_directories')",
        "COPY (SELECT 1) TO '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "PRAGMA database_list",
    ],
)
def test_the_machine_can_not_be_reached(lab, sql):
    with pytest.raises(LabError):
        lab.athena.query(sql)


def test_states_move_on_the_clock(lab, trail):
    athena = lab.client("athena")
    run = athena.start_query_execution(
        QueryString="SELECT eventname, errorcode FROM cloudtrail_logs WHERE day = '03'",
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/out/"},
    )["QueryExecutionId"]
    seen = []
    for _ in range(12):
        one = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]
        seen.append(one["Status"]["State"])
        lab.advance(milliseconds=100)
    assert list(dict.fromkeys(seen)) == ["QUEUED", "RUNNING", "SUCCEEDED"]
    assert one["StatementType"] == "DML"
    assert one["Statistics"]["DataScannedInBytes"] == trail[3]
    where = one["ResultConfiguration"]["OutputLocation"]
    assert where == f"s3://{BUCKET}/out/{run}.csv"
    s3 = lab.client("s3")
    body = s3.get_object(Bucket=BUCKET, Key=f"out/{run}.csv")["Body"].read().decode()
    assert body.splitlines()[:2] == ['"eventname","errorcode"', '"RunInstances",']
    s3.head_object(Bucket=BUCKET, Key=f"out/{run}.csv.metadata")
    first = athena.get_query_results(QueryExecutionId=run, MaxResults=2)
    assert first["ResultSet"]["Rows"][0]["Data"][0] == {"VarCharValue": "eventname"}
    assert first["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": "RunInstances"}, {}]
    rest = athena.get_query_results(QueryExecutionId=run, NextToken=first["NextToken"])
    assert len(rest["ResultSet"]["Rows"]) == 2


def test_what_is_stopped_has_no_result(lab, trail):
    athena = lab.client("athena")
    run = athena.start_query_execution(
        QueryString="SELECT 1", ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/out/"}
    )["QueryExecutionId"]
    with pytest.raises(ClientError, match="Current state: QUEUED"):
        athena.get_query_results(QueryExecutionId=run)
    athena.stop_query_execution(QueryExecutionId=run)
    lab.advance(seconds=5)
    one = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]
    assert one["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        athena.get_query_results(QueryExecutionId=run)


def test_without_an_output_location_nothing_starts(lab):
    with pytest.raises(ClientError, match="No output location provided"):
        lab.client("athena").start_query_execution(QueryString="SELECT 1")


def test_a_table_whose_bucket_is_gone(lab, trail):
    lab.athena.query(
        "CREATE EXTERNAL TABLE gone (a string) ROW FORMAT SERDE "
        "'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://gone-bucket/x/'"
    )
    with pytest.raises(LabError, match="The specified bucket does not exist: gone-bucket"):
        lab.athena.query("SELECT * FROM gone")


def test_whoever_may_not_read_the_files_reads_nothing(lab, trail):
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["athena:*", "s3:PutObject"], "Resource": "*"}],
    }
    athena = lab.user("eve", policy=policy).client("athena")
    run = athena.start_query_execution(
        QueryString="SELECT count(*) FROM cloudtrail_logs",
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/out/"},
    )["QueryExecutionId"]
    lab.advance(seconds=5)
    status = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]["Status"]
    assert status["State"] == "FAILED"
    assert "AccessDenied" in status["StateChangeReason"]


def test_other_formats(lab, trail):
    s3 = lab.client("s3")
    s3.put_object(
        Bucket=BUCKET, Key="flow/a.log.gz",
        Body=gzip.compress(b"version dstport action\n2 443 ACCEPT\n2 - NODATA\n"),
    )  # fmt: skip
    s3.put_object(Bucket=BUCKET, Key="json/a", Body=b'{"Ab":{"Cd":1},"n":5}\n{"n":"x"}\n')
    lab.athena.query(
        "CREATE EXTERNAL TABLE flow (version int, dstport int, action string) ROW FORMAT DELIMITED "
        f"FIELDS TERMINATED BY ' ' LOCATION 's3://{BUCKET}/flow/' "
        "TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    lab.athena.query(
        "CREATE EXTERNAL TABLE js (ab struct<cd:int>, n int) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{BUCKET}/json/'"
    )
    found = lab.athena.query("SELECT * FROM flow ORDER BY action")
    assert found.iloc[0].tolist() == [2, 443, "ACCEPT"]
    assert found["dstport"].isna().tolist() == [False, True]
    found = lab.athena.query("SELECT ab.cd, n FROM js ORDER BY n")
    assert found.iloc[0].tolist() == [1, 5]


def test_a_trail_file_that_somebody_has_indented_is_read_too(lab, trail):
    import json

    from athenakit import record

    body = json.dumps({"Records": [record("Indented", "2026-01-04T09:00:00Z")]}, indent=2)
    key = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/04/indented.json"
    lab.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())
    found = lab.athena.query("SELECT eventname FROM cloudtrail_logs WHERE day = '04' ORDER BY 1")
    assert rows(found) == [["Indented"], ["RunInstances"], ["RunInstances"], ["StopInstances"]]


def test_tables_made_from_queries_views_and_inserts(lab, trail):
    query = lab.athena.query
    query("CREATE VIEW runs AS SELECT day d, eventname n FROM cloudtrail_logs")
    assert rows(query("SELECT count(*) FROM runs WHERE n = 'StopInstances'")) == [[3]]
    for form in ("PARQUET", "JSON"):
        query(
            f"CREATE TABLE t_{form} WITH (format = '{form}') AS SELECT n, count(*) c FROM runs "
            "GROUP BY n"
        )
        query(f"INSERT INTO t_{form} VALUES ('Other', 7)")
        assert rows(query(f"SELECT * FROM t_{form} ORDER BY c")) == [
            ["StopInstances", 3],
            ["RunInstances", 6],
            ["Other", 7],
        ]
    assert rows(query("SHOW TABLES")) == [["cloudtrail_logs"], ["runs"], ["t_json"], ["t_parquet"]]
    query("DROP TABLE t_json")
    with pytest.raises(LabError, match="TABLE_NOT_FOUND"):
        query("SELECT * FROM t_json")


def test_prepared_statements_and_parameters(lab, trail):
    query = lab.athena.query
    sql = "SELECT count(*) FROM cloudtrail_logs WHERE eventname = ?"
    assert rows(query(sql, parameters=["'StopInstances'"])) == [[3]]
    query(f"PREPARE by_name FROM {sql}")
    assert rows(query("EXECUTE by_name USING 'RunInstances'")) == [[6]]
    with pytest.raises(LabError, match="expected 1 but found 2"):
        query("EXECUTE by_name USING 'a', 'b'")


def test_the_bill_counts_ten_megabytes_at_least(lab, trail):
    for _ in range(3):
        lab.athena.query("SELECT count(*) FROM cloudtrail_logs")
    line = next(one for one in lab.bill().lines if one.service == "Athena")
    assert line.quantity == 30_000_000


def test_the_same_lab_twice_gives_the_same_bytes(lab, trail):
    first = lab.athena.query("SELECT * FROM cloudtrail_logs").to_csv()
    with lab.replay() as again:
        assert again.digest() == lab.digest()
    assert lab.athena.query("SELECT * FROM cloudtrail_logs").to_csv() == first
