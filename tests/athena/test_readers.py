"""SerDes beside the usual ones, MSCK REPAIR TABLE, and every type of partition projection."""

import pytest
from athenakit import ACCOUNT, BUCKET, DDL, put_trail, record

from labkit.core.errors import LabError


def rows(frame):
    return [list(row) for row in frame.itertuples(index=False)]


@pytest.fixture
def s3(lab):
    made = lab.client("s3")
    made.create_bucket(Bucket=BUCKET)
    return made


def test_the_old_serde_of_cloudtrail_reads_the_same_files(lab, s3):
    put_trail(s3, "2026/01/05", [record("RunInstances", "2026-01-05T09:00:00Z")])
    start = DDL.index("PARTITIONED")
    old = DDL[:start] + (
        "ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde' STORED AS INPUTFORMAT "
        "'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT "
        "'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' "
        f"LOCATION 's3://{BUCKET}/AWSLogs/{ACCOUNT}/'"
    )
    lab.athena.query(old)
    found = lab.athena.query(
        "SELECT eventname, useridentity.username, json_extract_scalar(requestparameters, "
        "'$.bucketName'), resources[1].arn FROM cloudtrail_logs"
    )
    assert rows(found) == [["RunInstances", "ada", "b1", "arn:aws:s3:::b1"]]


def csv(lab, s3, body, columns, more=""):
    s3.put_object(Bucket=BUCKET, Key="csv/a.csv", Body=body)
    lab.athena.query(
        f"CREATE EXTERNAL TABLE c ({columns}) ROW FORMAT SERDE "
        f"'org.apache.hadoop.hive.serde2.OpenCSVSerde' {more} LOCATION 's3://{BUCKET}/csv/' "
        "TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    return rows(lab.athena.query("SELECT * FROM c"))


def test_csv_in_quotes(lab, s3):
    body = b'a,b,n\n"x, y","say ""hi""",1\n"",plain,2\n'
    found = csv(lab, s3, body, "a string, b string, n int")
    assert found == [["x, y", 'say "hi"', 1], ["", "plain", 2]]


def test_csv_with_marks_of_its_own(lab, s3):
    more = (
        """WITH SERDEPROPERTIES ("separatorChar" = ";", "quoteChar" = "'", "escapeChar" = "\\\\")"""
    )
    body = b"a;b\n'x;y';2\n'it\\'s';3\n"
    assert csv(lab, s3, body, "a string, b int", more) == [["x;y", 2], ["it's", 3]]


def test_msck_repair_finds_folders_that_are_named_as_hive_names_them(lab, s3):
    for key, body in (
        ("h/year=2026/month=01/a.json", b'{"n":1}\n'),
        ("h/year=2026/month=02/a.json", b'{"n":2}\n'),
        ("h/2026/03/a.json", b'{"n":3}\n'),
    ):
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    lab.athena.query(
        "CREATE EXTERNAL TABLE h (n int) PARTITIONED BY (year string, month string) ROW FORMAT "
        f"SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{BUCKET}/h/'"
    )
    assert rows(lab.athena.query("SELECT n FROM h")) == []
    told = lab.athena.query("MSCK REPAIR TABLE h")
    assert [row[0] for row in rows(told)] == [
        "Repair: Added partition to metastore h:year=2026/month=01/",
        "Repair: Added partition to metastore h:year=2026/month=02/",
    ]
    assert rows(lab.athena.query("SELECT n, month FROM h ORDER BY n")) == [[1, "01"], [2, "02"]]
    assert rows(lab.athena.query("MSCK REPAIR TABLE h")) == []


PROJECTED = f"""
CREATE EXTERNAL TABLE p (n int) PARTITIONED BY (team string, shard int, who string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{BUCKET}/p/'
TBLPROPERTIES ('projection.enabled'='true',
 'projection.team.type'='enum', 'projection.team.values'='red,blue',
 'projection.shard.type'='integer', 'projection.shard.range'='0,20',
 'projection.shard.interval'='10', 'projection.shard.digits'='3',
 'projection.who.type'='injected',
 'storage.location.template'='s3://{BUCKET}/p/${{team}}/${{shard}}/${{who}}/')
"""


def test_enum_integer_and_injected_projection(lab, s3):
    for number, folder in enumerate(
        ("red/000/ada", "blue/010/ada", "blue/010/bob", "blue/005/ada", "green/000/ada")
    ):
        s3.put_object(Bucket=BUCKET, Key=f"p/{folder}/a.json", Body=b'{"n":%d}\n' % number)
    lab.athena.query(PROJECTED)
    query = lab.athena.query
    assert rows(query("SELECT n, team, shard FROM p WHERE who = 'ada' ORDER BY n")) == [
        [0, "red", 0], [1, "blue", 10],
    ]  # fmt: skip
    assert rows(query("SELECT n FROM p WHERE who IN ('ada', 'bob') AND team = 'blue' "
                      "ORDER BY n")) == [[1], [2]]  # fmt: skip
    assert rows(query("SELECT n FROM p WHERE who = 'ada' AND shard > 5")) == [[1]]
    with pytest.raises(LabError, match=r"CONSTRAINT_VIOLATION.*static equality conditions"):
        query("SELECT n FROM p")
    with pytest.raises(LabError, match="CONSTRAINT_VIOLATION"):
        query("SELECT n FROM p WHERE who LIKE 'a%'")


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"type": "integer"}, "missing projection configuration: .k."),
        ({}, "missing projection configuration: .k."),
        ({"type": "integer", "range": "a,b"}, "INVALID_TABLE_PROPERTY"),
        ({"type": "date", "range": "x,NOW", "format": "yyyy"}, "not in the column's format"),
        ({"type": "integer", "range": "0,9999999"}, "makes 10000000 partitions"),
        ({"type": "enum"}, "missing projection configuration: .k."),
    ],
)
def test_a_projection_that_is_not_whole_says_so(lab, s3, properties, problem):
    told = "".join(f", 'projection.k.{key}'='{value}'" for key, value in properties.items())
    lab.athena.query(
        "CREATE EXTERNAL TABLE bad (n int) PARTITIONED BY (k string) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{BUCKET}/bad/' "
        f"TBLPROPERTIES ('projection.enabled'='true'{told})"
    )
    with pytest.raises(LabError, match=problem):
        lab.athena.query("SELECT n FROM bad")
