"""moto's uses of its own Logs, CloudWatch and EventBridge, one by one: they reach labkit."""

import re
from datetime import UTC, datetime

import pytest
from backing_bench import ACCOUNT, REGION
from botocore.exceptions import ClientError
from test_moto_sources import MOTO

from labkit.backing.moto_seams import mounted

OWN = {"logs", "events", "cloudwatch", "cloudformation", "moto_server", "moto_api"}
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:dns:*"

#: file -> what of the three backends it names. Each has a test below.
USES = {
    "ec2/models/flow_logs.py": {"logs_backends"},
    "route53/models.py": {"logs_backends"},
    "awslambda/models.py": {"logs_backends"},
    "batch/models.py": {"logs_backends"},
    "stepfunctions/parser/asl/eval/event/logging.py": {"logs_backends"},
    "kinesis/models.py": {"cloudwatch_backends"},
    "applicationautoscaling/models.py": {"cloudwatch_backends"},
    "s3/notifications.py": {"events_backends"},
}


def test_these_are_all_of_motos_uses():
    found = {}
    for path in MOTO.rglob("*.py"):
        where = path.relative_to(MOTO).as_posix()
        if where.split("/")[0] in OWN or "/" not in where:
            continue
        names = set(re.findall(r"\b(?:logs|events|cloudwatch)_backends\b", path.read_text()))
        if names:
            found[where] = names
    assert found == USES


def told(bench, kind):
    return [dict(fact.data) for fact in bench.facts_of(kind)]


def moto_keeps_nothing():
    from moto.cloudwatch.models import cloudwatch_backends
    from moto.events.models import events_backends
    from moto.logs.models import logs_backends

    assert mounted() is not None
    every = (logs_backends, events_backends, cloudwatch_backends)
    return not any(dict(regions) for backends in every for regions in backends.values())


def test_flow_logs_ask_whether_the_group_is_there(bench):
    bench.ports.answer("log_group_exists", lambda account, region, name: name == "there")
    ec2 = bench.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for name in ("there", "gone"):
        ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName=name,
            DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/flow",
        )
    status = {
        one["LogGroupName"]: one["DeliverLogsStatus"]
        for one in ec2.describe_flow_logs()["FlowLogs"]
    }
    assert status == {"there": "SUCCESS", "gone": "FAILED"}
    assert moto_keeps_nothing()


def test_route_53_looks_for_the_group_of_its_query_log(bench):
    route53 = bench.client("route53")
    zone = route53.create_hosted_zone(Name="teapot.example", CallerReference="1")["HostedZone"]
    bench.ports.answer("log_group_exists", lambda account, region, name: name == "dns")
    made = route53.create_query_logging_config(
        HostedZoneId=zone["Id"], CloudWatchLogsLogGroupArn=GROUP
    )
    assert made["QueryLoggingConfig"]["CloudWatchLogsLogGroupArn"] == GROUP
    other = route53.create_hosted_zone(Name="kettle.example", CallerReference="2")["HostedZone"]
    with pytest.raises(ClientError, match="NoSuchCloudWatchLogsLogGroup"):
        route53.create_query_logging_config(
            HostedZoneId=other["Id"], CloudWatchLogsLogGroupArn=GROUP.replace("dns", "none")
        )
    assert moto_keeps_nothing()


def test_what_a_function_prints(bench):
    from moto.awslambda.models import LambdaFunction

    with bench.world.working():
        function = LambdaFunction.__new__(LambdaFunction)
        function.version = "$LATEST"
        function.logs_group_name = "/aws/lambda/checkout"
        function.logs_backend = bench.world.backend("logs", ACCOUNT, REGION)
        function.save_logs("START\nEND")
    (lines,) = told(bench, "log.emitted")
    assert (lines["source"], lines["log_group"]) == ("lambda", "/aws/lambda/checkout")
    assert lines["log_stream"].startswith("2026/01/05/[$LATEST]")
    now_us = bench.clock.now_us
    assert lines["events"] == [[now_us, "START"], [now_us, "END"]]
    assert moto_keeps_nothing()


def test_the_log_of_a_batch_job(bench):
    with bench.world.working():
        logs = bench.world.backend("batch", ACCOUNT, REGION).logs_backend
        logs.ensure_log_group("/aws/batch/job")
        logs.ensure_log_stream("/aws/batch/job", "s")
        logs.put_log_events("/aws/batch/job", "s", [{"timestamp": 5.0, "message": "done"}])
    (lines,) = told(bench, "log.emitted")
    assert (lines["log_stream"], lines["events"]) == ("s", [[5000, "done"]])


def test_the_history_of_an_execution(bench):
    from moto.stepfunctions.parser.asl.eval.event import logging

    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m:e"
    with bench.world.working():
        session = logging.CloudWatchLoggingSession(
            arn,
            logging.CloudWatchLoggingConfiguration(
                state_machine_arn=arn,
                log_level="ALL",
                log_account_id=ACCOUNT,
                log_region=REGION,
                log_group_name="/aws/states/m",
                include_execution_data=False,
            ),
        )
        session.publish_history_log(
            {
                "id": "1",
                "previous_event_id": "0",
                "event_timestamp": datetime(2026, 1, 5, 9, tzinfo=UTC),
                "type": "ExecutionStarted",
                "execution_arn": arn,
                "details": None,
            }
        )
    (lines,) = told(bench, "log.emitted")
    assert (lines["source"], lines["log_group"]) == ("states", "/aws/states/m")
    ((at_us, text),) = lines["events"]
    assert at_us == 1_767_603_600_000_000 and '"type":"ExecutionStarted"' in text.replace(" ", "")


def test_the_metrics_of_a_stream(bench):
    kinesis = bench.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.put_record(StreamName="clicks", Data=b"12345", PartitionKey="a")
    values = {
        one["metric_name"]: (one["value"], one["unit"]) for one in told(bench, "metric.emitted")
    }
    assert values["IncomingRecords"] == (1.0, "Count")
    assert values["IncomingBytes"][1] == "Bytes"
    assert told(bench, "metric.emitted")[0]["dimensions"] == [["StreamName", "clicks"]]
    assert moto_keeps_nothing()


def test_the_alarms_of_a_target_tracking_policy(bench):
    asked, gone = {}, []

    def put_alarm(account, region, parameters):
        asked[parameters["AlarmName"]] = parameters
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:{parameters['AlarmName']}"

    bench.ports.answer("put_alarm", put_alarm)
    bench.ports.answer("delete_alarms", lambda account, region, names: gone.extend(names))
    scaling = bench.client("application-autoscaling")
    where = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/orders",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=5)
    made = scaling.put_scaling_policy(
        **where,
        PolicyName="p",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "DynamoDBReadCapacityUtilization"
            },
        },
    )
    assert {one["AlarmName"] for one in made["Alarms"]} == set(asked)
    assert {one["Namespace"] for one in asked.values()} == {"AWS/DynamoDB"}
    scaling.delete_scaling_policy(**where, PolicyName="p")
    assert set(gone) == set(asked)
    assert moto_keeps_nothing()


def test_a_new_bucket_walks_over_no_buses(bench):
    bench.client("s3").create_bucket(Bucket="notes-1")
    assert told(bench, "event.emitted") == []
    assert moto_keeps_nothing()


def test_events_of_other_services(bench):
    with bench.world.working():
        bench.world.backend("events", ACCOUNT, REGION).put_events(
            [{"Source": "aws.x", "DetailType": "X", "Detail": '{"a":1}', "Resources": ["arn"]}]
        )
    assert told(bench, "event.emitted") == [
        {"source": "aws.x", "detail_type": "X", "resources": ["arn"], "detail": {"a": 1}}
    ]


def test_what_no_facade_knows_is_named(bench):
    with bench.world.working(), pytest.raises(NotImplementedError, match="logs has no put_metric"):
        bench.world.backend("logs", ACCOUNT, REGION).put_metric_filter()


def test_without_a_world_moto_has_its_own(bench):
    from moto.logs.models import LogsBackend, logs_backends

    bench.world.unmount()
    assert isinstance(logs_backends[ACCOUNT][REGION], LogsBackend)
    logs_backends.clear()
