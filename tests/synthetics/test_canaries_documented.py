"""Canaries against sentences of the guide and of the API's model, one test for each of them."""

import pytest
from botocore.exceptions import ClientError
from playerkit import GOOD, MAY, made, package, runs, state


def refused(call, code="ValidationException", **given):
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def datapoints(lab, name, **dimensions):
    return [
        (one["SampleCount"], one["Average"])
        for one in lab.client("cloudwatch").get_metric_statistics(
            Namespace="CloudWatchSynthetics", MetricName=name,
            Dimensions=[{"Name": k, "Value": v} for k, v in dimensions.items()],
            StartTime=lab.start, EndTime=lab.now, Period=3600,
            Statistics=["SampleCount", "Average"],
        )["Datapoints"]
    ]  # fmt: skip


def test_the_runtimes_are_those_of_the_guide_with_its_dates_of_deprecation(synthetics):
    held = synthetics.describe_runtime_versions()["RuntimeVersions"]
    dates = {
        one["VersionName"]: f"{one['DeprecationDate']:%Y-%m-%d}" if "DeprecationDate" in one else ""
        for one in held
    }
    assert dates["syn-python-selenium-14.0"] == dates["syn-nodejs-puppeteer-17.0"] == ""
    assert dates["syn-python-selenium-5.1"] == "2026-02-03"
    assert dates["syn-nodejs-puppeteer-7.0"] == "2026-01-22"
    assert dates["syn-python-selenium-1.0"] == "2024-03-08"
    assert sum(one.startswith("syn-python-selenium-") for one in dates) == 21
    seen, token = [], {}
    while True:
        page = synthetics.describe_runtime_versions(MaxResults=25, **token)
        seen += page["RuntimeVersions"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == held


def test_a_deprecated_runtime_makes_no_canary_and_changes_none_but_runs_on(lab, synthetics):
    older = {
        "RuntimeVersion": "syn-python-selenium-5.1",
        "Schedule": {"Expression": "rate(1 hour)"},
    }
    made(lab, synthetics, **older)  # on 5 January: deprecated on 3 February
    lab.advance(days=30)
    assert "deprecated" in refused(synthetics.create_canary, **GOOD | older | {"Name": "two"})
    assert "deprecated" in refused(
        synthetics.update_canary, Name="shop", SuccessRetentionPeriodInDays=9
    )
    before = runs(synthetics)[0]
    lab.advance(hours=1)
    assert state(synthetics) == "RUNNING" and runs(synthetics)[0] != before
    synthetics.update_canary(Name="shop", RuntimeVersion="syn-python-selenium-14.0")
    lab.advance(seconds=10)
    assert state(synthetics) == "RUNNING"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"SuccessRetentionPeriodInDays": 456}, "455"),
        ({"ResourcesToReplicateTags": ["lambda-function"]}, "Tags"),
        ({"RuntimeVersion": "syn-python-selenium-5.0",
          "Schedule": {"Expression": "rate(5 minutes)", "RetryConfig": {"MaxRetries": 1}}},
         "5.1 or later"),
        ({"Code": {"ZipFile": package(), "BlueprintTypes": ["multi-checks"]},
          "RuntimeVersion": "syn-nodejs-puppeteer-17.0"}, "syn-nodejs-3.0"),
        ({"RunConfig": {"EnvironmentVariables": {"AWS_LAMBDA_RUNTIME_API": "x"}}}, "reserved"),
    ],
)  # fmt: skip
def test_what_the_guide_rules_out(synthetics, given, text):
    assert text in refused(synthetics.create_canary, **GOOD | given)


def test_what_is_wrong_with_multi_checks_shows_in_their_first_run(lab, synthetics, player):
    made(lab, synthetics, RuntimeVersion="syn-nodejs-3.0",
         Code={"ZipFile": package(), "BlueprintTypes": ["multi-checks"]})  # fmt: skip
    lab.advance(minutes=1)
    [run] = runs(synthetics)
    assert run["Status"]["StateReasonCode"] == "CANARY_FAILURE" and player.requests == []
    assert "blueprint-config.json" in run["Status"]["StateReason"]


def test_lambdas_names_that_are_not_reserved_may_be_set(lab, synthetics):
    made(lab, synthetics, start=False, RunConfig={"EnvironmentVariables": {
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "TZ": "Europe/Berlin"}})  # fmt: skip
    assert state(synthetics) == "READY"


def test_a_dry_run_has_metrics_of_its_own_and_is_taken_over_only_when_it_passed(
    lab, synthetics, player
):
    made(lab, synthetics)
    lab.advance(minutes=1)
    player.ending = lambda request: "wrong" if request.timeout_s == 33 else ""
    bad = synthetics.start_canary_dry_run(Name="shop", RunConfig={"TimeoutInSeconds": 33})
    bad = bad["DryRunConfig"]["DryRunId"]
    again = {"Name": "shop", "RunConfig": {"TimeoutInSeconds": 34}}
    assert "at a time" in refused(synthetics.start_canary_dry_run, "ConflictException", **again)
    lab.advance(seconds=30)
    assert "passed" in refused(synthetics.update_canary, Name="shop", DryRunId=bad)
    good = synthetics.start_canary_dry_run(**again)["DryRunConfig"]["DryRunId"]
    lab.advance(seconds=30)
    assert datapoints(lab, "SuccessPercentDryRun", CanaryName="shop") == [(2.0, 50.0)]
    assert datapoints(lab, "DurationDryRun", CanaryName="shop")[0][0] == 2.0
    assert datapoints(lab, "SuccessPercent", CanaryName="shop") == [(1.0, 100.0)]
    assert "Schedule" in refused(
        synthetics.update_canary, Name="shop", DryRunId=good, SuccessRetentionPeriodInDays=9
    )
    assert "CANARY_RUN" in refused(
        synthetics.get_canary_runs, Name="shop", DryRunId=good, RunType="CANARY_RUN"
    )
    synthetics.update_canary(
        Name="shop", DryRunId=good, Schedule={"Expression": "rate(10 minutes)"}
    )
    shown = synthetics.get_canary(Name="shop")["Canary"]
    assert shown["Schedule"]["Expression"] == "rate(10 minutes)"
    assert shown["RunConfig"]["TimeoutInSeconds"] == 34


def test_an_older_runtime_has_no_dry_run(lab, synthetics):
    made(lab, synthetics, RuntimeVersion="syn-python-selenium-5.0")
    assert "5.1" in refused(synthetics.start_canary_dry_run, Name="shop")


def test_retries_are_counted_and_there_is_a_metric_of_their_outcome(lab, synthetics, player):
    calls = iter(["flaky", "flaky", ""])
    player.ending = lambda request: next(calls, "")
    made(lab, synthetics, RunConfig={"TimeoutInSeconds": 60},
         Schedule={"Expression": "rate(5 minutes)", "RetryConfig": {"MaxRetries": 2}})  # fmt: skip
    lab.advance(minutes=7)
    assert datapoints(lab, "RetryCount", CanaryName="shop") == [(1.0, 2.0)]
    assert datapoints(lab, "SuccessPercentWithRetries", CanaryName="shop") == [(2.0, 100.0)]
    one, two, three, four = reversed(runs(synthetics))
    assert [run.get("RetryAttempt") for run in (one, two, three, four)] == [None, 1, 2, None]
    same = {run["Timeline"]["MetricTimestampForRunAndRetries"] for run in (one, two, three)}
    assert same == {one["Timeline"]["Started"]}


def test_a_canary_says_what_is_under_way(lab, synthetics):
    status = synthetics.create_canary(**GOOD)["Canary"]["Status"]
    assert status == {"State": "CREATING", "StateReasonCode": "CREATE_PENDING"}
    assert "startable state" in refused(synthetics.start_canary, "ConflictException", Name="shop")
    lab.advance(seconds=20)
    assert synthetics.get_canary(Name="shop")["Canary"]["Status"] == {"State": "READY"}
    synthetics.update_canary(Name="shop", SuccessRetentionPeriodInDays=9)
    status = synthetics.get_canary(Name="shop")["Canary"]["Status"]
    assert status == {"State": "UPDATING", "StateReasonCode": "UPDATE_IN_PROGRESS"}
    again = {"Name": "shop", "SuccessRetentionPeriodInDays": 8}
    assert "modified" in refused(synthetics.update_canary, "ConflictException", **again)


@pytest.mark.parametrize(
    ("config", "mode"),
    [({}, "aws:kms"), ({"S3Encryption": {"EncryptionMode": "SSE_S3"}}, "AES256"),
     ({"S3Encryption": {"EncryptionMode": "SSE_KMS", "KmsKeyArn": "KEY"}}, "aws:kms")],
)  # fmt: skip
def test_artifacts_are_encrypted_as_the_canary_says(lab, synthetics, config, mode):
    key = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    if "KmsKeyArn" in config.get("S3Encryption", {}):
        config = {"S3Encryption": config["S3Encryption"] | {"KmsKeyArn": key}}
    made(lab, synthetics, **({"ArtifactConfig": config} if config else {}))
    lab.advance(seconds=30)
    s3 = lab.client("s3")
    found = s3.list_objects_v2(Bucket="results")["Contents"]
    heads = [s3.head_object(Bucket="results", Key=one["Key"]) for one in found]
    assert {one["ServerSideEncryption"] for one in heads} == {mode}
    keys = {one.get("SSEKMSKeyId") for one in heads}
    assert keys == ({key} if "KmsKeyArn" in config.get("S3Encryption", {}) else {None})


def test_a_role_that_may_not_write_logs_leaves_none(lab, synthetics):
    lab.client("iam").put_role_policy(
        RoleName="canary", PolicyName="may", PolicyDocument=MAY.replace("logs:*", "logs:Describe*")
    )
    made(lab, synthetics)
    lab.advance(minutes=1)
    assert runs(synthetics)[0]["Status"]["State"] == "PASSED"
    assert lab.client("logs").describe_log_groups()["logGroups"] == []


def test_a_canary_in_a_vpc_tells_which_one_and_ends_in_error_where_there_is_no_subnet(
    lab, synthetics
):
    ec2 = lab.client("ec2")
    [subnet, *_] = ec2.describe_subnets()["Subnets"]
    [group, *_] = ec2.describe_security_groups()["SecurityGroups"]
    given = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [group["GroupId"]]}
    made(lab, synthetics, start=False, VpcConfig=given)
    shown = synthetics.get_canary(Name="shop")["Canary"]
    assert shown["VpcConfig"] == given | {
        "VpcId": subnet["VpcId"], "Ipv6AllowedForDualStack": False
    }  # fmt: skip
    lost = given | {"SubnetIds": ["subnet-0123456789abcdef0"]}
    synthetics.create_canary(**GOOD | {"Name": "lost", "VpcConfig": lost})
    lab.advance(seconds=20)
    status = synthetics.get_canary(Name="lost")["Canary"]["Status"]
    assert (status["State"], status["StateReasonCode"]) == ("ERROR", "CREATE_FAILED")
    assert "subnet-0123456789abcdef0" in status["StateReason"]
    synthetics.update_canary(Name="lost", VpcConfig=given)
    lab.advance(seconds=20)
    assert state(synthetics, "lost") == "READY"


def test_a_group_is_filled_from_a_canarys_region_and_deleted_from_its_own(lab, synthetics):
    synthetics.create_group(Name="all")
    synthetics.create_canary(**GOOD)
    arn = "arn:aws:synthetics:us-east-1:123456789012:canary:shop"
    there = lab.client("synthetics", region_name="eu-central-1")
    assert there.get_group(GroupIdentifier="all")["Group"]["Name"] == "all"
    told = refused(there.associate_resource, GroupIdentifier="all", ResourceArn=arn)
    assert "its own Region us-east-1" in told
    synthetics.associate_resource(GroupIdentifier="all", ResourceArn=arn)
    assert "us-east-1" in refused(there.delete_group, GroupIdentifier="all")
    synthetics.delete_group(GroupIdentifier="all")
    refused(there.get_group, "ResourceNotFoundException", GroupIdentifier="all")


def test_events_have_the_guides_detail(lab, synthetics, player):
    player.ending = lambda request: "Error: no such name"
    seen = []
    lab.world.facts.hear("event.emitted", lambda fact: seen.append(fact.data))
    made(lab, synthetics)
    lab.advance(seconds=30)
    synthetics.update_canary(Name="shop", SuccessRetentionPeriodInDays=9)
    lab.advance(seconds=10)
    details = [one["detail"] for one in seen if one["source"] == "aws.synthetics"]
    [failed] = [one for one in details if "canary-run-id" in one]
    assert (failed["test-run-status"], failed["state-reason"]) == (
        "FAILED", '"Error: no such name"'
    )  # fmt: skip
    changed = details[-1]["changed-config"]
    assert (details[-1]["previous-state"], details[-1]["current-state"]) == ("UPDATING", "RUNNING")
    engine = synthetics.get_canary(Name="shop")["Canary"]["EngineArn"]
    assert changed["executionArn"] == {
        "previous-value": engine.removesuffix("2") + "1", "current-value": engine
    }  # fmt: skip
    assert changed["vpcId"] == {"current-value": "NULL"}
    assert changed["testCodeLayerVersionArn"]["current-value"].endswith(":2")
