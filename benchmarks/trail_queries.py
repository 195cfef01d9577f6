"""Athena's queries over a trail's gzip files: the lab end to end, and duckdb alone on the same.

``python -m benchmarks.trail_queries [records]`` prints seconds as JSON; 20000 are a small form. The
files (10,000 records each, made once and kept in the machine's temporary folder) are objects of a
bucket in a fresh lab. Ours is from StartQueryExecution to the last page of results, through boto3.
The peer is ``read_json`` of the very files on this disk in the form that was fastest: lines,
records, and the fields that the query names given as types; one thread or as many as there are
cores, whichever took less; a connection for each query, because duckdb keeps nothing of JSON. Ours
is measured cold (the first query of a fresh lab) and warm (another over the same columns).
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import once

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RECORDS = 1_000_000
PER_FILE = 10_000
ROUNDS = 2
BUCKET = "bench-trail"
PREFIX = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/01"
ACTS = (
    ("ec2", "RunInstances", False), ("ec2", "DescribeInstances", True), ("s3", "PutObject", False),
    ("iam", "CreateUser", False), ("sts", "AssumeRole", True), ("kms", "Decrypt", True),
    ("lambda", "UpdateFunctionCode", False), ("logs", "CreateLogStream", False),
)  # fmt: skip


def _record(rng: random.Random, number: int) -> dict[str, Any]:
    source, name, read_only = ACTS[rng.randrange(len(ACTS))]
    user = f"user{rng.randrange(50)}"
    arn = f"arn:aws:iam::123456789012:user/{user}"
    second = number % 86_400
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser", "principalId": f"AIDA{rng.getrandbits(60):015X}", "arn": arn,
            "accountId": "123456789012", "accessKeyId": f"AKIA{rng.getrandbits(60):015X}",
            "userName": user,
            "sessionContext": {"attributes": {"creationDate": "2026-01-05T08:00:00Z",
                                              "mfaAuthenticated": "false"}},
        },
        "eventTime": f"2026-01-{1 + number // 86_400:02d}T{second // 3600:02d}:"
                     f"{second // 60 % 60:02d}:{second % 60:02d}Z",
        "eventSource": f"{source}.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": f"203.0.113.{rng.randrange(250)}",
        "userAgent": "aws-cli/2.15.0 Python/3.11.6 Linux/5.10 exe/x86_64 prompt/off",
        "requestParameters": {"instancesSet": {"items": [
            {"instanceId": f"i-{rng.getrandbits(64):016x}"}]}, "dryRun": False},
        "responseElements": None if read_only else {"requestId": f"{rng.getrandbits(128):032x}",
                                                    "_return": True},
        "requestID": f"{rng.getrandbits(128):032x}", "eventID": f"{rng.getrandbits(128):032x}",
        "readOnly": read_only, "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": "123456789012", "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                       "clientProvidedHostHeader": f"{source}.us-east-1.amazonaws.com"},
        **({"errorCode": "AccessDenied"} if rng.random() < 0.02 else {}),
    }  # fmt: skip


def files(records: int) -> list[Path]:
    """The trail's files, made when they are not there yet."""
    import orjson

    folder = Path(tempfile.gettempdir()) / f"labkit-bench-trail-{records}"
    folder.mkdir(exist_ok=True)
    found = []
    for first in range(0, records, PER_FILE):
        path = folder / f"{first // PER_FILE:04d}.json.gz"
        found.append(path)
        if not path.exists():
            rng = random.Random(first)
            last = min(first + PER_FILE, records)
            body = orjson.dumps({"Records": [_record(rng, n) for n in range(first, last)]})
            half = path.with_suffix(".half")
            half.write_bytes(gzip.compress(body, 6, mtime=0))
            half.rename(path)
    return found


#: All that the records hold, for the query that wants everything.
WHOLE = (
    "STRUCT(" + ", ".join(f"{name} VARCHAR" for name in (
        "eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
        "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements",
        "additionalEventData", "requestID", "eventID", "eventType", "readOnly",
        "recipientAccountId", "eventCategory"))
    + ", userIdentity STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, "
    "invokedBy VARCHAR, accessKeyId VARCHAR, userName VARCHAR, sessionContext STRUCT(attributes "
    "STRUCT(mfaAuthenticated VARCHAR, creationDate VARCHAR), sessionIssuer STRUCT(type VARCHAR, "
    "principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR))), "
    "resources STRUCT(ARN VARCHAR, accountId VARCHAR, type VARCHAR)[], "
    "tlsDetails STRUCT(tlsVersion VARCHAR, cipherSuite VARCHAR, clientProvidedHostHeader VARCHAR)"
    ")[]"
)  # fmt: skip
#: Name -> Athena's SQL, another that touches the same columns, the peer's types and SQL over ``r``.
QUERIES = {
    "count": (
        "SELECT count(*) AS n FROM trail",
        "SELECT count(*) + 0 AS n FROM trail",
        "STRUCT(\"eventID\" VARCHAR)[]",
        "SELECT count(*) FROM rows",
    ),
    "one field": (
        "SELECT eventname, count(*) AS n FROM trail GROUP BY 1 ORDER BY 2 DESC, 1",
        "SELECT eventname, count(*) AS n FROM trail WHERE eventname <> 'x' GROUP BY 1 ORDER BY 1",
        "STRUCT(\"eventName\" VARCHAR)[]",
        "SELECT r.eventName, count(*) FROM rows GROUP BY 1 ORDER BY 2 DESC, 1",
    ),
    "who was refused": (
        "SELECT useridentity.arn AS who, eventsource, eventname, count(*) AS n FROM trail "
        "WHERE errorcode = 'AccessDenied' AND eventtime >= '2026-01-03' GROUP BY 1, 2, 3 "
        "ORDER BY n DESC, 1, 2, 3 LIMIT 50",
        "SELECT useridentity.arn AS who, eventsource, eventname, count(*) AS n FROM trail "
        "WHERE errorcode = 'AccessDenied' AND eventtime < '2026-01-03' GROUP BY 1, 2, 3 "
        "ORDER BY n DESC, 1, 2, 3 LIMIT 50",
        'STRUCT("userIdentity" STRUCT(arn VARCHAR), "eventSource" VARCHAR, "eventName" VARCHAR, '
        '"errorCode" VARCHAR, "eventTime" VARCHAR)[]',
        "SELECT r.userIdentity.arn, r.eventSource, r.eventName, count(*) AS n FROM rows "
        "WHERE r.errorCode = 'AccessDenied' AND r.eventTime >= '2026-01-03' GROUP BY ALL "
        "ORDER BY n DESC, 1, 2, 3 LIMIT 50",
    ),
    "inside the parameters": (
        "SELECT count(DISTINCT json_extract_scalar(requestparameters, "
        "'$.instancesSet.items[0].instanceId')) AS n FROM trail WHERE eventname = 'RunInstances'",
        "SELECT count(DISTINCT json_extract_scalar(requestparameters, "
        "'$.instancesSet.items[0].instanceId')) AS n FROM trail WHERE eventname = 'CreateUser'",
        'STRUCT("requestParameters" VARCHAR, "eventName" VARCHAR)[]',
        "SELECT count(DISTINCT json_extract_string(r.requestParameters, "
        "'$.instancesSet.items[0].instanceId')) FROM rows WHERE r.eventName = 'RunInstances'",
    ),
    "every column of few rows": (
        "SELECT * FROM trail WHERE eventtime < '2026-01-01T00:05:00Z'",
        "SELECT * FROM trail WHERE eventtime < '2026-01-01T00:04:00Z'",
        WHOLE,
        "SELECT r.* FROM rows WHERE r.eventTime < '2026-01-01T00:05:00Z'",
    ),
}  # fmt: skip

COLUMNS = """
eventversion STRING, useridentity STRUCT<type:STRING, principalid:STRING, arn:STRING,
 accountid:STRING, invokedby:STRING, accesskeyid:STRING, username:STRING,
 sessioncontext:STRUCT<attributes:STRUCT<mfaauthenticated:STRING, creationdate:STRING>,
  sessionissuer:STRUCT<type:STRING, principalid:STRING, arn:STRING, accountid:STRING,
   username:STRING>>>,
eventtime STRING, eventsource STRING, eventname STRING, awsregion STRING, sourceipaddress STRING,
useragent STRING, errorcode STRING, errormessage STRING, requestparameters STRING,
responseelements STRING, additionaleventdata STRING, requestid STRING, eventid STRING,
resources ARRAY<STRUCT<arn:STRING, accountid:STRING, type:STRING>>, eventtype STRING,
readonly STRING, recipientaccountid STRING, eventcategory STRING,
tlsdetails STRUCT<tlsversion:STRING, ciphersuite:STRING, clientprovidedhostheader:STRING>
"""
DDL = f"""
CREATE EXTERNAL TABLE trail ({COLUMNS})
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://{BUCKET}/{PREFIX}/'
"""


def ours(paths: list[Path], cold: str, warm: str) -> tuple[float, float]:
    """Seconds of the first query of a fresh lab (it fetches the files from S3), and of another."""
    import labkit

    with labkit.Lab() as lab:
        s3 = lab.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for path in paths:
            s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.name}", Body=path.read_bytes())
        lab.athena.query(DDL)
        return (
            once(lambda: lab.athena.query(cold)),
            once(lambda: lab.athena.query(warm)),
        )


def _every_row(con: DuckDBPyConnection, sql: str) -> list[Any]:
    return con.execute(sql).fetchall()


def duckdb_alone(paths: list[Path], types: str, sql: str) -> float:
    """Seconds: the better of one thread and of all, in a fresh connection each."""
    import duckdb

    listed = "[" + ", ".join(f"'{path}'" for path in paths) + "]"
    largest = max(len(gzip.decompress(paths[0].read_bytes())), 1 << 20) + (1 << 16)
    source = (
        f"read_json({listed}, format = 'newline_delimited', records = true, "
        f"columns = {{'Records': '{types}'}}, maximum_object_size = {largest})"
    )
    asked = f"WITH rows AS (SELECT unnest(Records) AS r FROM {source}) {sql}"
    took = []
    for threads in sorted({1, os.cpu_count() or 1}):
        with duckdb.connect(config={"threads": threads}) as con:
            con.execute("SET enable_progress_bar = false")
            took.append(once(partial(_every_row, con, asked)))
    return min(took)


def main(records: int = RECORDS) -> dict[str, Any]:
    """Seconds: ``{query: {"cold", "warm", "duckdb"}}``."""
    paths = files(records)
    ours(paths[:1], "SELECT count(*) FROM trail", "SELECT 1")  # what is imported, once
    found = {}
    for name, (cold, warm, types, sql) in QUERIES.items():
        rounds = []
        for _ in range(ROUNDS):  # one after the other, so that a busy minute is everybody's
            rounds.append((duckdb_alone(paths, types, sql), *ours(paths, cold, warm)))
        alone, first, second = (min(column) for column in zip(*rounds, strict=True))
        found[name] = {"cold": first, "warm": second, "duckdb": alone}
    return found


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:]))))
