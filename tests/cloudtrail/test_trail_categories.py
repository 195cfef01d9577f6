"""Which calls are recorded, and as what: against botocore's models and AWS's pages.

Page names in brackets are those of docs.aws.amazon.com, as mirrored 2025-26.
"""

import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest
from botocore.session import get_session

from labkit.cloudtrail.engine import categories
from labkit.cloudtrail.engine.categories import category_of, service_of

TABLE = tomllib.loads((files("labkit") / "cloudtrail" / "categories.toml").read_text("utf-8"))
READS = tuple(TABLE.pop("reads").split())
LISTS = ("data", "none", "read", "write", "answered")

ASKED_FOR = {
    "cloudwatch", "logs", "events", "scheduler", "schemas", "synthetics", "xray", "cloudtrail",
    "oam", "ec2", "s3", "sns", "sqs", "sts", "iam", "lambda", "dynamodb", "kinesis", "firehose",
    "kms", "autoscaling", "ecs", "elasticbeanstalk", "codebuild", "route53", "apigateway",
    "secretsmanager", "ssm", "athena", "elbv2",
}  # fmt: skip


@pytest.fixture(scope="module")
def models():
    session = get_session()
    return {name: session.get_service_model(name) for name in TABLE}


def words(service, key):
    return TABLE[service].get(key, "").split()


def test_the_services_of_this_kit_are_listed():
    assert ASKED_FOR <= set(TABLE) == set(categories.listed())


def test_every_operation_of_the_listed_services_has_an_answer(models):
    for service, model in models.items():
        for operation in model.operation_names:
            found = category_of(service, operation)
            assert found.kind in {"management", "data", "none"}, (service, operation)
            assert isinstance(found.read_only, bool)
            assert found.answered or found.read_only


def test_the_lists_name_operations_of_the_models_once_and_in_order(models):
    for service in TABLE:
        for key in LISTS:
            listed = words(service, key)
            unknown = set(listed) - set(models[service].operation_names)
            assert not unknown, f"{service}.{key}: {unknown}"
            assert listed == sorted(set(listed), key=str.lower), f"{service}.{key}"


def test_no_operation_is_in_two_lists_that_contradict_one_another():
    for service in TABLE:
        assert not set(words(service, "data")) & set(words(service, "none")), service
        assert not set(words(service, "read")) & set(words(service, "write")), service


def test_exceptions_are_exceptions():
    """``read`` names no operation that already begins like a read, ``write`` only such."""
    for service in TABLE:
        assert not [name for name in words(service, "read") if name.startswith(READS)], service
        assert all(name.startswith(READS) for name in words(service, "write")), service


def test_versions_and_endpoints_are_those_of_botocore(models):
    for service, model in models.items():
        known = service_of(service)
        assert known.version == model.api_version, service
        if known.fixed_endpoint:
            assert known.fixed_endpoint == model.metadata["globalEndpoint"], service
        else:
            assert known.host == model.endpoint_prefix, service
        assert known.doc, f"{service} names no page"


# -- spot checks: one row for each sentence of a page
@pytest.mark.parametrize(
    ("page", "service", "operations", "kind", "read_only"),
    [
        ("logging_cw_api_calls: data events", "cloudwatch",
         "GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics", "data", True),
        ("logging_cw_api_calls: data events", "cloudwatch", "PutMetricData", "data", False),
        ("logging_cw_api_calls: actions", "cloudwatch",
         "DeleteAlarms PutMetricAlarm SetAlarmState PutDashboard TagResource", "management", False),
        ("logging_cw_api_calls: actions", "cloudwatch",
         "DescribeAlarms DescribeAlarmHistory GetDashboard ListDashboards", "management", True),
        ("logging_cw_api_calls: Synthetics", "synthetics",
         "CreateCanary StartCanary UpdateCanary", "management", False),
        ("logging_cw_api_calls: Synthetics", "synthetics",
         "DescribeCanaries GetCanaryRuns", "management", True),
        ("logging_cw_api_calls: OAM", "oam", "CreateSink PutSinkPolicy", "management", False),
        ("logging_cw_api_calls: RUM", "rum", "PutRumEvents", "data", False),
        ("logging_cw_api_calls_cwl", "logs",
         "CreateLogGroup PutRetentionPolicy CreateExportTask StopQuery", "management", False),
        ("logging_cw_api_calls_cwl", "logs",
         "FilterLogEvents GetLogEvents GetQueryResults TestMetricFilter", "management", True),
        ("logging_cw_api_calls_cwl: not on the page", "logs", "PutLogEvents", "none", False),
        ("eventbridge logging-using-cloudtrail: data events", "events",
         "PutEvents PutPartnerEvents", "data", False),
        ("eventbridge logging-using-cloudtrail", "events",
         "PutRule PutTargets DeleteRule", "management", False),
        ("eventbridge logging-using-cloudtrail", "events",
         "ListRules DescribeEventBus TestEventPattern", "management", True),
        ("scheduler logging-using-cloudtrail", "scheduler",
         "CreateSchedule UpdateSchedule DeleteSchedule", "management", False),
        ("xray-api-cloudtrail: data events", "xray",
         "PutTraceSegments PutTelemetryRecords", "data", False),
        ("xray-api-cloudtrail: data events", "xray",
         "GetTraceSummaries GetTraceGraph GetServiceGraph BatchGetTraces GetSamplingTargets "
         "GetTimeSeriesServiceStatistics", "data", True),
        ("xray-api-cloudtrail: management events", "xray",
         "GetGroups GetInsightSummaries GetSamplingStatisticSummaries", "management", True),
        ("xray-api-cloudtrail: on neither list", "xray", "GetSamplingRules", "none", True),
        ("cloudtrail-logging-s3-info: data events", "s3",
         "GetObject HeadObject ListObjects ListObjectsV2 GetObjectAcl", "data", True),
        ("cloudtrail-logging-s3-info: data events", "s3",
         "PutObject DeleteObject DeleteObjects CopyObject UploadPart RestoreObject", "data", False),
        ("cloudtrail-logging-s3-info: bucket level", "s3",
         "CreateBucket DeleteBucket PutBucketPolicy PutBucketTagging", "management", False),
        ("cloudtrail-logging-s3-info: bucket level", "s3",
         "ListBuckets GetBucketPolicy GetBucketLocation", "management", True),
        ("lambda logging-using-cloudtrail: data events", "lambda", "Invoke", "data", False),
        ("lambda logging-using-cloudtrail", "lambda",
         "CreateFunction AddPermission UpdateFunctionCode", "management", False),
        ("dynamodb logging-using-cloudtrail: data plane", "dynamodb",
         "PutItem UpdateItem DeleteItem BatchWriteItem TransactWriteItems", "data", False),
        ("dynamodb logging-using-cloudtrail: data plane", "dynamodb",
         "GetItem Query Scan BatchGetItem TransactGetItems", "data", True),
        ("dynamodb logging-using-cloudtrail: control plane", "dynamodb",
         "CreateTable DeleteTable UpdateTimeToLive", "management", False),
        ("dynamodb logging-using-cloudtrail: Streams", "dynamodbstreams",
         "GetRecords GetShardIterator", "data", True),
        ("sns logging-using-cloudtrail: data events", "sns", "Publish PublishBatch", "data", False),
        ("sns logging-using-cloudtrail: management events", "sns",
         "CreateTopic Subscribe ConfirmSubscription", "management", False),
        ("sns logging-using-cloudtrail: management events", "sns",
         "ListTopics GetTopicAttributes CheckIfPhoneNumberIsOptedOut", "management", True),
        ("SQS logging-using-cloudtrail: data events", "sqs",
         "SendMessage SendMessageBatch DeleteMessage ChangeMessageVisibility ReceiveMessage",
         "data", False),
        ("SQS logging-using-cloudtrail: data events, the surprising ones", "sqs",
         "ListQueues GetQueueUrl GetQueueAttributes ListQueueTags", "data", True),
        ("SQS logging-using-cloudtrail: management events", "sqs",
         "CreateQueue DeleteQueue PurgeQueue SetQueueAttributes TagQueue", "management", False),
        ("cloudtrail-concepts: Kinesis stream", "kinesis", "PutRecord PutRecords", "data", False),
        ("cloudtrail-concepts: Kinesis stream", "kinesis", "GetRecords GetShardIterator", "data",
         True),
        ("streams logging-using-cloudtrail", "kinesis", "CreateStream SplitShard", "management",
         False),
        ("cloudtrail-concepts: Data Firehose", "firehose", "PutRecord PutRecordBatch", "data",
         False),
        ("IAM cloudtrail-integration: table of STS", "sts",
         "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity GetCallerIdentity",
         "management", True),
        ("IAM cloudtrail-integration: table of STS", "sts",
         "AssumeRoot GetFederationToken GetSessionToken", "management", False),
        ("logging-management-events-with-cloudtrail", "iam", "AttachRolePolicy", "management",
         False),
        ("logging-management-events-with-cloudtrail: KMS reads", "kms",
         "Encrypt Decrypt GenerateDataKey ReEncrypt DescribeKey", "management", True),
        ("logging-management-events-with-cloudtrail: KMS writes", "kms",
         "DisableKey ScheduleKeyDeletion CreateGrant", "management", False),
        ("secretsmanager cloudtrail_log_entries", "secretsmanager", "GetSecretValue", "management",
         True),
        ("logging-management-events-with-cloudtrail: read and write", "ec2",
         "DescribeSecurityGroups DescribeSubnets", "management", True),
        ("logging-management-events-with-cloudtrail: read and write", "ec2",
         "RunInstances TerminateInstances CreateSubnet CreateDefaultVpc", "management", False),
        ("logging-management-events-with-cloudtrail", "cloudtrail", "CreateTrail DeleteTrail",
         "management", False),
        ("record contents: readOnly", "cloudtrail", "DescribeTrails LookupEvents", "management",
         True),
        ("step-functions procedure-cloud-trail", "stepfunctions",
         "GetActivityTask", "data", True),
    ],
)  # fmt: skip
def test_as_the_page_says(page, service, operations, kind, read_only):
    for operation in operations.split():
        found = category_of(service, operation)
        assert (found.kind, found.read_only) == (kind, read_only), f"{operation} [{page}]"


def test_assume_role_is_a_read_that_is_answered():
    """[IAM cloudtrail-integration: "Response elements information: Included"]"""
    for operation in ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"):
        assert category_of("sts", operation).answered
    assert not category_of("sts", "GetCallerIdentity").answered
    assert category_of("ec2", "StopInstances").answered


@pytest.mark.parametrize(
    ("service", "source"),
    [
        ("cloudwatch", "monitoring.amazonaws.com"),
        ("events", "events.amazonaws.com"),
        ("logs", "logs.amazonaws.com"),
        ("xray", "xray.amazonaws.com"),
        ("elbv2", "elasticloadbalancing.amazonaws.com"),
        ("dynamodbstreams", "dynamodb.amazonaws.com"),
        ("stepfunctions", "states.amazonaws.com"),
        ("opensearch", "es.amazonaws.com"),
        ("application-autoscaling", "autoscaling.amazonaws.com"),
    ],
)
def test_event_sources(service, source):
    assert service_of(service).source == source


@pytest.mark.parametrize("service", ["iam", "route53", "cloudfront"])
def test_global_services_are_recorded_in_us_east_1(service):
    assert service_of(service).region == "us-east-1"
    assert service_of(service).endpoint("eu-west-1") == f"{service}.amazonaws.com"


def test_regional_services_stay_where_they_are():
    """STS too, through its regional endpoints [IAM cloudtrail-integration]."""
    assert service_of("sts").region == ""
    assert service_of("sts").endpoint("eu-north-1") == "sts.eu-north-1.amazonaws.com"


def test_a_service_of_no_list_gets_the_usual_names():
    assert service_of("polly").source == "polly.amazonaws.com"
    assert category_of("polly", "DescribeVoices").read_only
    assert not category_of("polly", "SynthesizeSpeech").read_only
    assert category_of("polly", "SynthesizeSpeech").kind == "management"


def test_the_list_is_read_when_first_asked_for_and_not_at_import():
    lines = (
        "from labkit.cloudtrail.engine import categories as c",
        "assert c._table.cache_info().currsize == 0",
        "c.category_of('s3', 'GetObject')",
        "assert c._table.cache_info().currsize == 1",
        "import sys",
        "assert 'botocore' not in sys.modules and 'numpy' not in sys.modules",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=60)
