"""Canaries over real boto3, with a runner that plays: states, schedules, runs, what they leave."""

import json

import pytest
from botocore.exceptions import ClientError
from playerkit import GOOD, MAY, TRUST, made, package, runs, state

from labkit.core.clock import MINUTE, iso


def test_a_canary_walks_through_its_states(lab, synthetics):
    assert synthetics.create_canary(**GOOD)["Canary"]["Status"]["State"] == "CREATING"
    with pytest.raises(ClientError, match="CREATING"):
        synthetics.start_canary(Name="shop")
    lab.advance(seconds=20)
    assert state(synthetics) == "READY"
    synthetics.start_canary(Name="shop")
    assert state(synthetics) == "STARTING"
    lab.advance(seconds=5)
    assert state(synthetics) == "RUNNING"
    with pytest.raises(ClientError, match="cannot be deleted"):
        synthetics.delete_canary(Name="shop")
    synthetics.update_canary(Name="shop", SuccessRetentionPeriodInDays=7)
    assert state(synthetics) == "UPDATING"
    lab.advance(seconds=10)
    assert state(synthetics) == "RUNNING"
    synthetics.stop_canary(Name="shop")
    assert state(synthetics) == "STOPPING"
    lab.advance(seconds=5)
    assert state(synthetics) == "STOPPED"
    synthetics.delete_canary(Name="shop")
    with pytest.raises(ClientError, match="Canary not found"):
        synthetics.get_canary(Name="shop")


def test_a_role_that_lambda_may_not_assume_ends_in_error_and_can_be_mended(lab, synthetics):
    lab.client("iam").update_assume_role_policy(
        RoleName="canary", PolicyDocument=TRUST.replace("lambda", "ec2")
    )
    made(lab, synthetics, start=False)
    status = synthetics.get_canary(Name="shop")["Canary"]["Status"]
    assert status["State"] == "ERROR" and "assumed by Lambda" in status["StateReason"]
    lab.client("iam").update_assume_role_policy(RoleName="canary", PolicyDocument=TRUST)
    synthetics.update_canary(Name="shop", RunConfig={"TimeoutInSeconds": 60})
    lab.advance(seconds=20)
    assert state(synthetics) == "READY"


def test_the_first_run_is_at_once_and_then_one_every_five_minutes(lab, synthetics, player):
    made(lab, synthetics)
    started = lab.world.clock.now_us
    lab.advance(minutes=11)
    found = runs(synthetics)
    assert [one["Status"]["State"] for one in found] == ["PASSED"] * 3
    held = lab.synthetics.canary("shop").runs
    assert [run.started_us - started for run in held] == [0, 5 * MINUTE, 10 * MINUTE]
    assert found[0]["Timeline"]["Started"] > found[1]["Timeline"]["Started"]
    # Nothing has changed: only the first of them was a real one.
    assert len(player.requests) == 1
    assert [bool(run.replayed) for run in held] == [False, True, True]
    assert {run.artifacts for run in held} == {held[0].artifacts}
    assert held[1].duration_ms != held[0].duration_ms


def test_replays_can_be_turned_off_and_whatever_changes_runs_for_real(lab, synthetics, player):
    lab.synthetics.replays = False
    made(lab, synthetics)
    lab.advance(minutes=6)
    assert len(player.requests) == 2
    lab.synthetics.replays = True
    lab.advance(minutes=5)
    assert len(player.requests) == 2
    changed = {"EnvironmentVariables": {"TARGET": "https://shop.teapot.example"}}
    synthetics.update_canary(Name="shop", RunConfig=changed)
    lab.advance(minutes=6)
    assert len(player.requests) == 3
    player.repeatable = False
    synthetics.update_canary(Name="shop", Code={"ZipFile": package("x = 1\n"),
                                               "Handler": "shop.handler"})  # fmt: skip
    lab.advance(minutes=11)
    assert len(player.requests) == 5


def test_a_run_leaves_artifacts_a_log_metrics_and_events(lab, synthetics):
    events, sqs = lab.client("events"), lab.client("sqs")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:told"
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
         "Principal": {"Service": "events.amazonaws.com"}, "Resource": arn}]})})  # fmt: skip
    events.put_rule(Name="canaries", EventPattern='{"source": ["aws.synthetics"]}')
    events.put_targets(Rule="canaries", Targets=[{"Id": "1", "Arn": arn}])
    made(lab, synthetics)
    lab.advance(seconds=30)
    run = runs(synthetics)[0]
    bucket, _, prefix = run["ArtifactS3Location"].partition("/")
    keys = lab.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    assert [one["Key"].rpartition("/")[2] for one in keys] == [
        "01-home-loaded.png", "SyntheticsReport-PASSED.json",
    ]  # fmt: skip
    assert prefix.startswith("shop/2026/01/05/09/00-")
    group = lab.synthetics.canary("shop").log_group
    lines = lab.client("logs").filter_log_events(logGroupName=group)["events"]
    assert [one["message"] for one in lines] == ["Start Canary", "End Canary"]
    figures = lab.client("cloudwatch").get_metric_statistics(
        Namespace="CloudWatchSynthetics", MetricName="SuccessPercent",
        Dimensions=[{"Name": "CanaryName", "Value": "shop"}], StartTime=lab.start,
        EndTime=lab.now, Period=60, Statistics=["Average"],
    )["Datapoints"]  # fmt: skip
    assert [one["Average"] for one in figures] == [100.0]
    told = [json.loads(one["Body"]) for one in
            sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]  # fmt: skip
    kinds = [one["detail-type"].removeprefix("Synthetics Canary ") for one in told]
    assert kinds.count("Status Change") == 3 and kinds.count("TestRun Successful") == 1
    done = next(one for one in told if one["detail-type"].endswith("Successful"))["detail"]
    assert done["canary-run-id"] == run["Id"] and done["state-reason"] == "null"
    assert lab.world.meters.tallies[("synthetics.run", lab.account, lab.region)]


def test_a_failing_canary_raises_an_alarm_and_an_email(lab, synthetics, player, topic):
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="Synthetics-Alarm-shop-1", Namespace="CloudWatchSynthetics",
        MetricName="SuccessPercent", Dimensions=[{"Name": "CanaryName", "Value": "shop"}],
        Statistic="Average", Period=300, EvaluationPeriods=2, Threshold=100,
        ComparisonOperator="LessThanThreshold", AlarmActions=[topic],
        TreatMissingData="breaching",
    )  # fmt: skip
    made(lab, synthetics)
    lab.advance(minutes=20)
    before = len(lab.mailbox)
    player.ending = lambda request: "TimeoutException: no button 'buy'"
    synthetics.update_canary(Name="shop", RunConfig={"TimeoutInSeconds": 50})
    lab.advance(minutes=15)
    assert [mail.subject.split('"')[1] for mail in lab.mailbox[before:]] == [
        "Synthetics-Alarm-shop-1"
    ]
    failed = [one["Status"] for one in runs(synthetics) if one["Status"]["State"] == "FAILED"]
    assert failed and failed[0]["StateReason"].startswith("TimeoutException")
    assert "no button" in str(lab.synthetics.view_runs("shop"))


def test_a_failed_run_is_tried_again_and_only_the_last_try_is_measured(lab, synthetics, player):
    calls = iter(["flaky", "", ""])
    player.ending = lambda request: next(calls, "")
    made(lab, synthetics, Schedule={"Expression": "rate(0 minute)",
                                    "RetryConfig": {"MaxRetries": 2}},
         RunConfig={"TimeoutInSeconds": 60})  # fmt: skip
    lab.advance(minutes=2)
    first, second = reversed(runs(synthetics))
    assert (first["Status"]["State"], second["Status"]["State"]) == ("FAILED", "PASSED")
    assert second["RetryAttempt"] == 1 and second["ScheduledRunId"] == first["Id"]
    held = lab.synthetics.canary("shop").runs
    assert held[1].metric_us == held[0].started_us
    assert state(synthetics) == "STOPPED"
    figures = lab.client("cloudwatch").get_metric_statistics(
        Namespace="CloudWatchSynthetics", MetricName="SuccessPercent",
        Dimensions=[{"Name": "CanaryName", "Value": "shop"}], StartTime=lab.start,
        EndTime=lab.now, Period=60, Statistics=["SampleCount", "Average"],
    )["Datapoints"]  # fmt: skip
    assert [(one["SampleCount"], one["Average"]) for one in figures] == [(1.0, 100.0)]


def test_a_schedule_ends_after_its_duration_and_cron_keeps_its_times(lab, synthetics):
    made(lab, synthetics, Schedule={"Expression": "rate(1 minute)", "DurationInSeconds": 150})
    lab.advance(minutes=10)
    assert state(synthetics) == "STOPPED" and len(runs(synthetics)) == 3
    synthetics.update_canary(Name="shop", Schedule={"Expression": "cron(15 10 * * ? *)"})
    lab.advance(seconds=10)
    synthetics.start_canary(Name="shop")
    lab.advance(days=2)
    held = lab.synthetics.canary("shop").runs[3:]
    times = [iso(run.started_us) for run in held]
    assert times == ["2026-01-05T10:15:00Z", "2026-01-06T10:15:00Z"]


def test_a_run_under_way_when_its_canary_is_stopped_is_no_completed_run(lab, synthetics):
    made(lab, synthetics)
    synthetics.stop_canary(Name="shop")
    assert [one["Status"]["State"] for one in runs(synthetics)] == ["RUNNING"]
    lab.advance(seconds=30)
    assert runs(synthetics) == []
    keys = lab.client("s3").list_objects_v2(Bucket="results")
    assert keys["KeyCount"] == 2


def test_runs_are_shown_as_long_as_their_retention_says(lab, synthetics):
    made(lab, synthetics, SuccessRetentionPeriodInDays=1,
         Schedule={"Expression": "rate(1 hour)"})  # fmt: skip
    lab.advance(days=2)
    assert len(runs(synthetics)) == 24
    objects = lab.client("s3").list_objects_v2(Bucket="results")
    assert objects["KeyCount"] == 2  # one real run; what is in S3 stays


@pytest.mark.parametrize(
    ("missing", "text"),
    [("s3:PutObject", "is not authorized to perform: s3:PutObject"), ("bucket", "NoSuchBucket")],
)
def test_artifacts_that_cannot_be_put_fail_the_run(lab, synthetics, missing, text):
    if missing == "bucket":
        lab.client("s3").delete_bucket(Bucket="results")
    else:
        lab.client("iam").put_role_policy(
            RoleName="canary", PolicyName="may", PolicyDocument=MAY.replace(missing, "s3:GetObject")
        )
    made(lab, synthetics)
    lab.advance(seconds=30)
    status = runs(synthetics)[0]["Status"]
    assert (status["State"], status["StateReasonCode"]) == ("FAILED", "EXECUTION_FAILURE")
    assert text in status["StateReason"]


def test_a_role_without_put_metric_data_leaves_no_metric(lab, synthetics):
    lab.client("iam").put_role_policy(
        RoleName="canary", PolicyName="may",
        PolicyDocument=MAY.replace("cloudwatch:PutMetricData", "cloudwatch:GetMetricData"),
    )  # fmt: skip
    made(lab, synthetics)
    lab.advance(seconds=30)
    assert runs(synthetics)[0]["Status"]["State"] == "PASSED"
    found = lab.client("cloudwatch").list_metrics(Namespace="CloudWatchSynthetics")["Metrics"]
    assert found == []


def test_the_function_of_a_canary_goes_with_it_unless_it_is_kept(lab, synthetics):
    functions = lab.client("lambda")
    made(lab, synthetics, start=False, Tags={"team": "tea"},
         ResourcesToReplicateTags=["lambda-function"])  # fmt: skip
    name = lab.synthetics.canary("shop").function
    function = functions.get_function(FunctionName=name)
    assert function["Tags"] == {"team": "tea"}
    arn = "arn:aws:synthetics:us-east-1:123456789012:canary:shop"
    synthetics.tag_resource(ResourceArn=arn, Tags={"stage": "prod"})
    assert functions.get_function(FunctionName=name)["Tags"]["stage"] == "prod"
    synthetics.delete_canary(Name="shop", DeleteLambda=False)
    assert functions.get_function(FunctionName=name)
    made(lab, synthetics, start=False)
    name = lab.synthetics.canary("shop").function
    synthetics.delete_canary(Name="shop")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        functions.get_function(FunctionName=name)


def test_a_dry_run_tries_other_settings_and_can_be_taken_over(lab, synthetics, player):
    made(lab, synthetics)
    lab.advance(minutes=1)
    told = synthetics.start_canary_dry_run(Name="shop", RunConfig={"TimeoutInSeconds": 33})
    dry = told["DryRunConfig"]["DryRunId"]
    lab.advance(seconds=30)
    assert player.requests[-1].timeout_s == 33
    [run] = runs(synthetics, DryRunId=dry)
    assert run["Status"]["State"] == "PASSED" and run["DryRunConfig"]["DryRunId"] == dry
    assert len(runs(synthetics)) == 1 and len(runs(synthetics, RunType="DRY_RUN")) == 1
    shown = synthetics.get_canary(Name="shop", DryRunId=dry)["Canary"]
    assert shown["DryRunConfig"]["LastDryRunExecutionStatus"] == "PASSED"
    assert shown["RunConfig"]["TimeoutInSeconds"] == 33
    assert synthetics.get_canary(Name="shop")["Canary"]["RunConfig"]["TimeoutInSeconds"] == 300
    synthetics.update_canary(Name="shop", DryRunId=dry)
    assert synthetics.get_canary(Name="shop")["Canary"]["RunConfig"]["TimeoutInSeconds"] == 33


def test_visual_references_are_of_the_last_the_next_or_a_named_run(lab, synthetics, player):
    made(lab, synthetics)
    lab.advance(minutes=1)
    shot = {"ScreenshotName": "01-home-loaded.png", "IgnoreCoordinates": ["0,0,10,20"]}
    reference = {"BaseScreenshots": [shot], "BaseCanaryRunId": "lastrun"}
    synthetics.update_canary(Name="shop", VisualReference=reference)
    lab.advance(minutes=5)
    baseline = player.requests[-1].baseline
    assert baseline.screenshots == {"01-home-loaded.png": b"png"}
    assert baseline.ignore == {"01-home-loaded.png": ((0, 0, 10, 20),)}
    synthetics.update_canary(
        Name="shop", VisualReference=reference | {"BaseCanaryRunId": "nextrun"}
    )
    assert lab.synthetics.canary("shop").baselines == {}
    lab.advance(minutes=5)
    assert lab.synthetics.canary("shop").baselines
    with pytest.raises(ClientError, match="no passed run"):
        synthetics.update_canary(
            Name="shop", VisualReference=reference | {"BaseCanaryRunId": "of nobody"}
        )


def test_replicas_run_in_their_regions_too(lab, synthetics):
    made(lab, synthetics, AddReplicaLocations=[{"Location": "eu-central-1"}])
    lab.advance(minutes=1)
    config = synthetics.get_canary(Name="shop")["Canary"]["MultiLocationConfig"]
    assert config["ReplicationState"] == "InSync"
    assert {one["Location"] for one in runs(synthetics)} == {"us-east-1", "eu-central-1"}
    there = lab.client("cloudwatch", region_name="eu-central-1").list_metrics(
        Namespace="CloudWatchSynthetics"
    )["Metrics"]
    assert there


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"Name": "Shop"}, "pattern"),
        ({"ArtifactS3Location": "results/shop"}, "s3://"),
        ({"ArtifactS3Location": "s3://results.de/shop"}, "period"),
        ({"RuntimeVersion": "syn-python-selenium-1.0"}, "deprecated"),
        ({"RuntimeVersion": "syn-perl-1.0"}, "not supported"),
        ({"Schedule": {"Expression": "rate(2 hours)"}}, "rate"),
        ({"Schedule": {"Expression": "rate(61 minutes)"}}, "once an hour"),
        ({"Schedule": {"Expression": "rate(1 minutes)"}}, "goes with"),
        ({"Schedule": {"Expression": "cron(0 9 * * ? 2027)"}}, "year"),
        ({"Schedule": {"Expression": "cron(0 9 * *)"}}, "not valid"),
        ({"RunConfig": {"TimeoutInSeconds": 301}}, "longer than"),
        ({"RunConfig": {"MemoryInMB": 1001}}, "multiple of 64"),
        ({"RunConfig": {"EnvironmentVariables": {"AWS_REGION": "x"}}}, "reserved"),
        ({"RunConfig": {"EnvironmentVariables": {"BIG": "x" * 4096}}}, "4 KB"),
        ({"Code": {"ZipFile": b"no zip", "Handler": "shop.handler"}}, "no zip archive"),
        ({"Code": {"ZipFile": package()}}, "Handler"),
        ({"Code": {"ZipFile": package(), "BlueprintTypes": ["multi-checks"]}}, "syn-nodejs-3.0"),
        ({"Code": {"Handler": "shop.handler"}}, "Exactly one"),
        ({"Code": {"S3Bucket": "results", "S3Key": "k", "Handler": "a.b"}}, "does not exist"),
        ({"BrowserConfigs": [{"BrowserType": "FIREFOX"}]}, "puppeteer-11.0"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "both"),
        ({"ArtifactConfig": {"S3Encryption": {
            "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/a"}}}, "SSE_KMS"),
        ({"Schedule": {"Expression": "rate(1 hour)", "RetryConfig": {"MaxRetries": 2}},
          "RunConfig": {"TimeoutInSeconds": 600}}, "below 600"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_validation_exception(synthetics, wrong, text):
    with pytest.raises(ClientError, match=text) as caught:
        synthetics.create_canary(**GOOD | wrong)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert synthetics.describe_canaries()["Canaries"] == []


def test_groups_hold_canaries_of_all_regions_within_limits(lab, synthetics):
    arns = []
    for number in range(11):
        synthetics.create_canary(**GOOD | {"Name": f"c{number}"})
        arns.append(f"arn:aws:synthetics:us-east-1:123456789012:canary:c{number}")
    group = synthetics.create_group(Name="all", Tags={"a": "b"})["Group"]
    for arn in arns[:10]:
        synthetics.associate_resource(GroupIdentifier="all", ResourceArn=arn)
    with pytest.raises(ClientError, match="no more than 10 canaries"):
        synthetics.associate_resource(GroupIdentifier="all", ResourceArn=arns[10])
    with pytest.raises(ClientError, match="already"):
        synthetics.associate_resource(GroupIdentifier=group["Arn"], ResourceArn=arns[0])
    elsewhere = lab.client("synthetics", region_name="eu-west-1")
    assert elsewhere.get_group(GroupIdentifier=group["Id"])["Group"]["Name"] == "all"
    groups = synthetics.list_associated_groups(ResourceArn=arns[0])["Groups"]
    assert [one["Name"] for one in groups] == ["all"]
    lab.advance(seconds=20)
    synthetics.delete_canary(Name="c0")
    synthetics.disassociate_resource(GroupIdentifier="all", ResourceArn=arns[1])
    assert synthetics.list_group_resources(GroupIdentifier="all")["Resources"] == arns[2:10]
    assert synthetics.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"] == {"a": "b"}
    synthetics.delete_group(GroupIdentifier="all")
    assert synthetics.list_groups()["Groups"] == []


def test_pages_of_twenty_and_the_last_runs(lab, synthetics):
    for number in range(21):
        synthetics.create_canary(**GOOD | {"Name": f"c{number:02}"})
    page = synthetics.describe_canaries()
    assert len(page["Canaries"]) == 20
    assert len(synthetics.describe_canaries(NextToken=page["NextToken"])["Canaries"]) == 1
    lab.advance(seconds=20)
    synthetics.start_canary(Name="c03")
    lab.advance(minutes=1)
    [last] = synthetics.describe_canaries_last_run()["CanariesLastRun"]
    assert last["CanaryName"] == "c03" and last["LastRun"]["Status"]["State"] == "PASSED"
    names = [
        one["VersionName"] for one in synthetics.describe_runtime_versions()["RuntimeVersions"]
    ]
    assert "syn-python-selenium-12.0" in names


def test_a_world_is_the_same_in_seven_steps_and_when_it_is_opened_again(lab, synthetics, tmp_path):
    made(lab, synthetics, Schedule={"Expression": "rate(30 minutes)"})
    saved = lab.saved()
    one = lab.of(saved)
    other = lab.of(saved)
    one.advance(days=2)
    for _ in range(4):
        other.advance(hours=12)
    assert one.digest() == other.digest() and not one.errors
    one.close(), other.close()


def test_views_have_a_picture_and_a_plain_form(lab, synthetics):
    made(lab, synthetics)
    lab.advance(minutes=11)
    show = lab.synthetics
    assert str(show.view_runs("shop")).startswith("shop: 100 % of 3 runs passed")
    assert "1 real run, 2 replayed runs" in str(show.view_runs("shop"))
    assert "01-home-loaded.png" in str(show.film_strip("shop"))
    assert "replayed from run" in str(show.film_strip("shop"))
    assert "1 step passed" in str(show.view_steps("shop", 0))
    assert "nothing was compared" in str(show.compare("shop"))
    assert show.log("shop") == "Start Canary\nEnd Canary"
    assert "<svg" in show.view_runs("shop").svg and "<svg" in show.view_steps("shop").svg
