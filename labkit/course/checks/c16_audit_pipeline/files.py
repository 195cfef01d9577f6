"""The trail's files in S3, and Athena's table over them: what the exercise's world holds."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from labkit.core.jsontext import dumps
from labkit.course.checks.c16_audit_pipeline.calls import REGIONS
from labkit.lab import Lab

BUCKET = "teapot-trail"
TABLE = "cloudtrail_logs"

#: The table of the Athena user guide's page on CloudTrail, partitioned by projection.
DDL = """
CREATE EXTERNAL TABLE {table} (
 eventversion STRING,
 useridentity STRUCT<type:STRING, principalid:STRING, arn:STRING, accountid:STRING,
  invokedby:STRING, accesskeyid:STRING, username:STRING,
  sessioncontext:STRUCT<attributes:STRUCT<mfaauthenticated:STRING, creationdate:STRING>,
   sessionissuer:STRUCT<type:STRING, principalid:STRING, arn:STRING, accountid:STRING,
    username:STRING>>>,
 eventtime STRING, eventsource STRING, eventname STRING, awsregion STRING,
 sourceipaddress STRING, useragent STRING, errorcode STRING, errormessage STRING,
 requestparameters STRING, responseelements STRING, additionaleventdata STRING,
 requestid STRING, eventid STRING, readonly STRING, eventtype STRING, apiversion STRING,
 recipientaccountid STRING, eventcategory STRING)
PARTITIONED BY (region STRING, day STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://{bucket}/AWSLogs/{account}/CloudTrail/'
TBLPROPERTIES (
 'projection.enabled'='true',
 'projection.region.type'='enum', 'projection.region.values'='{regions}',
 'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd',
 'projection.day.range'='2025/11/01,NOW',
 'projection.day.interval'='1', 'projection.day.interval.unit'='DAYS',
 'storage.location.template'='s3://{bucket}/AWSLogs/{account}/CloudTrail/${{region}}/${{day}}')
"""


def ddl(account: str, bucket: str = BUCKET, table: str = TABLE) -> str:
    """The statement that makes the table, with the Regions of the world."""
    return DDL.format(table=table, bucket=bucket, account=account, regions=",".join(REGIONS))


def put_week(
    lab: Lab, monday: datetime, days: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]
) -> int:
    """Write a week's files where the trail would; the bytes of them together."""
    s3, size = lab.client("s3", "us-east-1"), 0
    for (region, day), records in days.items():
        date = monday + timedelta(days=day)
        name = f"{lab.account}_CloudTrail_{region}_{date:%Y%m%d}T2355Z_w.json.gz"
        body = gzip.compress(dumps({"Records": list(records)}).encode(), mtime=0)
        key = f"AWSLogs/{lab.account}/CloudTrail/{region}/{date:%Y/%m/%d}/{name}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        size += len(body)
    return size
