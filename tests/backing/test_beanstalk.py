"""Elastic Beanstalk: environments on the clock, options, .ebextensions, streamed logs."""

import io
import zipfile

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted, allow, document, role

from labkit.core.errors import LabError

XRAY = "option_settings:\n  aws:elasticbeanstalk:xray:\n    XRayEnabled: true\n"
LOGS = (
    '{"option_settings": [{"namespace": "aws:elasticbeanstalk:cloudwatch:logs", '
    '"option_name": "StreamLogs", "value": true}]}'
)


@pytest.fixture
def eb(lab):
    client = lab.client("elasticbeanstalk")
    client.create_application(ApplicationName="shop")
    return client


def version(lab, label, **files):
    s3 = lab.client("s3")
    if "bundles-1" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="bundles-1")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("application.py", "print('hello')")
        for name, text in files.items():
            archive.writestr(f".ebextensions/{name}.config", text)
    s3.put_object(Bucket="bundles-1", Key=f"{label}.zip", Body=held.getvalue())
    lab.client("elasticbeanstalk").create_application_version(
        ApplicationName="shop",
        VersionLabel=label,
        SourceBundle={"S3Bucket": "bundles-1", "S3Key": f"{label}.zip"},
    )


def create(eb, **more):
    return eb.create_environment(ApplicationName="shop", EnvironmentName="shop-env", **more)


def environment(eb, **more):
    found = eb.describe_environments(EnvironmentNames=["shop-env"], **more)["Environments"]
    return found[0] if found else None


def settings(eb):
    answer = eb.describe_configuration_settings(ApplicationName="shop", EnvironmentName="shop-env")
    found = answer["ConfigurationSettings"][0]["OptionSettings"]
    return {(one["Namespace"].rpartition(":")[2], one["OptionName"]): one["Value"] for one in found}


def events(eb):
    answer = eb.describe_events(EnvironmentName="shop-env")
    return [event["Message"] for event in reversed(answer["Events"])]


def test_an_environment_takes_three_minutes_and_has_a_machine(lab, eb):
    emitted = Emitted(lab)
    made = create(eb)
    assert made["Status"] == "Launching" and made["Health"] == "Grey"
    lab.advance(minutes=2)
    assert environment(eb)["Status"] == "Launching"
    lab.advance(minutes=1)
    ready = environment(eb)
    assert ready["Status"] == "Ready" and ready["Health"] == "Green"
    assert ready["CNAME"].endswith(".us-east-1.elasticbeanstalk.com")
    resources = eb.describe_environment_resources(EnvironmentName="shop-env")
    (machine,) = resources["EnvironmentResources"]["Instances"]
    found = lab.client("ec2").describe_instances(InstanceIds=[machine["Id"]])["Reservations"]
    shown = found[0]["Instances"][0]
    assert shown["State"]["Name"] == "running" and shown["InstanceType"] == "t3.micro"
    tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
    assert tags["elasticbeanstalk:environment-name"] == "shop-env"
    assert events(eb) == [
        "createEnvironment is starting.",
        f"Added instance [{machine['Id']}] to your environment.",
        "Successfully launched environment: shop-env",
    ]
    told = emitted.events("Elastic Beanstalk resource status change")
    assert [one["Status"] for one in told] == [
        "Environment creation started",
        "Environment creation successful",
    ]
    eb.terminate_environment(EnvironmentName="shop-env")
    lab.advance(minutes=2)
    assert environment(eb) is None
    assert environment(eb, IncludeDeleted=True)["Status"] == "Terminated"
    assert lab.parts.backing.ec2.instances(lab.account, "us-east-1")[0]["state"] == "terminated"
    lab.advance(hours=2)
    assert environment(eb, IncludeDeleted=True) is None


def test_the_bundle_sets_options_and_calls_win(lab, eb):
    version(lab, "v1", xray=XRAY, logs=LOGS)
    create(eb, VersionLabel="v1")
    found = settings(eb)
    assert found["xray", "XRayEnabled"] == "true" and found["logs", "StreamLogs"] == "true"
    assert found["logs", "RetentionInDays"] == "7"  # a default
    lab.advance(minutes=3)
    assert lab.parts.backing.beanstalk.xray_enabled(lab.account, "us-east-1", "shop-env")
    off = {
        "Namespace": "aws:elasticbeanstalk:xray",
        "OptionName": "XRayEnabled",
        "Value": "false",
    }
    eb.update_environment(EnvironmentName="shop-env", OptionSettings=[off])
    assert environment(eb)["Status"] == "Updating"
    with pytest.raises(ClientError, match="Must be Ready"):
        eb.update_environment(EnvironmentName="shop-env", OptionSettings=[off])
    lab.advance(minutes=1)
    assert settings(eb)["xray", "XRayEnabled"] == "false"
    assert not lab.parts.backing.beanstalk.xray_enabled(lab.account, "us-east-1", "shop-env")
    version(lab, "v2")
    eb.update_environment(
        EnvironmentName="shop-env",
        VersionLabel="v2",
        OptionsToRemove=[{"Namespace": off["Namespace"], "OptionName": off["OptionName"]}],
    )
    lab.advance(minutes=1)
    assert environment(eb)["VersionLabel"] == "v2"
    assert settings(eb)["xray", "XRayEnabled"] == "false"  # v2 says nothing: the default


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("option_settings: [", "contains invalid YAML or JSON"),
        ("option_settings: 7", "option_settings must be a map"),
        (XRAY.replace("true", "perhaps"), "Value is not one of the allowed values"),
        (XRAY.replace("XRayEnabled", "XrayEnabled"), "Unknown configuration setting"),
    ],
)
def test_a_wrong_bundle_fails_the_launch(lab, eb, config, said):
    version(lab, "v1", broken=config)
    create(eb, VersionLabel="v1")
    assert said in events(eb)[1] and events(eb)[2] == "Failed to launch environment."
    lab.advance(minutes=5)
    assert (
        environment(eb) is None and lab.parts.backing.ec2.instances(lab.account, "us-east-1") == []
    )


def test_wrong_options_of_a_call_are_refused(lab, eb):
    wrong = {
        "Namespace": "aws:elasticbeanstalk:cloudwatch:logs",
        "OptionName": "StreamLogs",
        "Value": "yes",
    }
    with pytest.raises(ClientError, match="Value is not one of the allowed values") as refused:
        create(eb, OptionSettings=[wrong])
    assert refused.value.response["Error"]["Code"] == "ConfigurationValidationException"
    answer = eb.validate_configuration_settings(ApplicationName="shop", OptionSettings=[wrong])
    assert answer["Messages"][0]["Severity"] == "error"
    for call in (
        lambda: create(eb, VersionLabel="none"),
        lambda: eb.create_environment(ApplicationName="none", EnvironmentName="none"),
        lambda: eb.create_application(ApplicationName="shop"),
        lambda: eb.terminate_environment(EnvironmentName="none"),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(ClientError, match="Unable to download from S3"):
        eb.create_application_version(
            ApplicationName="shop",
            VersionLabel="v",
            SourceBundle={"S3Bucket": "none-1", "S3Key": "x"},
        )


def test_logs_are_streamed_when_it_is_on_and_the_profile_may(lab, eb):
    emitted = Emitted(lab)
    iam = lab.client("iam")
    role(lab, "machines", "ec2.amazonaws.com")
    iam.create_instance_profile(InstanceProfileName="machines")
    iam.add_role_to_instance_profile(InstanceProfileName="machines", RoleName="machines")
    on = [
        {
            "Namespace": "aws:elasticbeanstalk:cloudwatch:logs",
            "OptionName": "StreamLogs",
            "Value": "true",
        },
        {
            "Namespace": "aws:autoscaling:launchconfiguration",
            "OptionName": "IamInstanceProfile",
            "Value": "machines",
        },
    ]
    create(eb, OptionSettings=on)
    lab.advance(minutes=3)
    beanstalk = lab.parts.backing.beanstalk

    def write(path="/var/log/nginx/access.log"):
        return beanstalk.write_log(lab.account, "us-east-1", "shop-env", path, "GET / 200")

    assert write() == 0  # the profile's role may not
    iam.put_role_policy(
        RoleName="machines", PolicyName="may", PolicyDocument=document(allow("logs:*"))
    )
    assert write() == 1 and write("/etc/passwd") == 0
    (told,) = emitted.of("log.emitted")
    assert told["log_group"] == "/aws/elasticbeanstalk/shop-env/var/log/nginx/access.log"
    assert told["log_stream"].startswith("i-")
    off = [{**on[0], "Value": "false"}]
    eb.update_environment(EnvironmentName="shop-env", OptionSettings=off)
    assert write() == 0
    with pytest.raises(LabError, match="no Beanstalk environment"):
        beanstalk.write_log(lab.account, "us-east-1", "none", "/var/log/web.stdout.log", "x")


def test_applications_versions_and_tags(lab, eb):
    version(lab, "v1")
    made = create(eb, VersionLabel="v1", Tags=[{"Key": "team", "Value": "ops"}])
    arn = made["EnvironmentArn"]
    assert eb.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == [
        {"Key": "team", "Value": "ops"}
    ]
    eb.update_tags_for_resource(ResourceArn=arn, TagsToRemove=["team"])
    assert eb.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == []
    (application,) = eb.describe_applications()["Applications"]
    assert application["Versions"] == ["v1"]
    (shown,) = eb.describe_application_versions(ApplicationName="shop")["ApplicationVersions"]
    assert shown["SourceBundle"]["S3Bucket"] == "bundles-1"
    with pytest.raises(ClientError, match="running environments"):
        eb.delete_application(ApplicationName="shop")
    eb.delete_application(ApplicationName="shop", TerminateEnvByForce=True)
    lab.advance(minutes=2)
    eb.delete_application(ApplicationName="shop")
    assert eb.describe_applications()["Applications"] == []
    assert any("Python" in name for name in eb.list_available_solution_stacks()["SolutionStacks"])


def test_a_replay_has_the_same_environment(lab, eb):
    create(eb)
    lab.advance(minutes=4)
    with lab.replay() as again:
        assert not again.errors
        assert environment(again.client("elasticbeanstalk")) == environment(eb)
