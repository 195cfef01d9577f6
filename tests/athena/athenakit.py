"""Tables and trail files for Athena's tests."""

import gzip
import json

ACCOUNT = "123456789012"
BUCKET = "trail-logs"
DDL = """
CREATE EXTERNAL TABLE cloudtrail_logs (
 eventversion STRING,
 useridentity STRUCT<type:STRING, principalid:STRING, arn:STRING, accountid:STRING,
  invokedby:STRING, accesskeyid:STRING, username:STRING,
  onbehalfof:STRUCT<userid:STRING, identitystorearn:STRING>,
  sessioncontext:STRUCT<attributes:STRUCT<mfaauthenticated:STRING, creationdate:STRING>,
   sessionissuer:STRUCT<type:STRING, principalid:STRING, arn:STRING, accountid:STRING,
    username:STRING>, ec2roledelivery:STRING,
   webidfederationdata:STRUCT<federatedprovider:STRING, attributes:map<string,string>>>>,
 eventtime STRING, eventsource STRING, eventname STRING, awsregion STRING,
 sourceipaddress STRING, useragent STRING, errorcode STRING, errormessage STRING,
 requestparameters STRING, responseelements STRING, additionaleventdata STRING,
 requestid STRING, eventid STRING,
 resources ARRAY<STRUCT<arn:STRING, accountid:STRING, type:STRING>>,
 eventtype STRING, apiversion STRING, readonly STRING, recipientaccountid STRING,
 serviceeventdetails STRING, sharedeventid STRING, vpcendpointid STRING, eventcategory STRING,
 tlsdetails STRUCT<tlsversion:STRING, ciphersuite:STRING, clientprovidedhostheader:STRING>)
PARTITIONED BY (region string, year string, month string, day string)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://trail-logs/AWSLogs/123456789012/CloudTrail/'
"""
PROJECTED = DDL.replace("cloudtrail_logs", "projected").replace(
    "(region string, year string, month string, day string)", "(`timestamp` string)"
).replace("CloudTrail/'\n", "CloudTrail/us-east-1'\n") + """TBLPROPERTIES (
 'projection.enabled'='true', 'projection.timestamp.type'='date',
 'projection.timestamp.format'='yyyy/MM/dd', 'projection.timestamp.interval'='1',
 'projection.timestamp.interval.unit'='DAYS', 'projection.timestamp.range'='2026/01/01,NOW',
 'storage.location.template'=
   's3://trail-logs/AWSLogs/123456789012/CloudTrail/us-east-1/${timestamp}')"""  # fmt: skip


def record(name, at, user="ada", **more):
    return {
        "eventVersion": "1.11", "eventTime": at, "eventSource": "ec2.amazonaws.com",
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "IAMUser", "userName": user,
                         "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}",
                         "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
        "requestParameters": {"bucketName": "b1"}, "responseElements": None, "readOnly": True,
        "eventID": f"{name}-{at}",
        "resources": [{"ARN": "arn:aws:s3:::b1", "accountId": ACCOUNT, "type": "AWS::S3::Bucket"}],
        **more,
    }  # fmt: skip


def put_trail(s3, day, records, region="us-east-1", number=0):
    """A trail file of one day; its size in bytes."""
    name = f"{ACCOUNT}_CloudTrail_{region}_{number}.json.gz"
    key = f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}/{name}"
    body = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return len(body)
