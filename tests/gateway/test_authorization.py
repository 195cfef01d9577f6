"""Policies at the dispatch, through boto3: who may, who may not, and in which words."""

import json

import pytest
from botocore.exceptions import ClientError
from machines import launch

import labkit
from labkit.core.call import Principal
from labkit.core.errors import LabError
from labkit.gateway.actions import Where, plan_of

HERE, THERE = "123456789012", "210987654321"


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action="*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="*", resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trust(*principals):
    statement = {"Effect": "Allow", "Principal": {"AWS": [*principals]}, "Action": "sts:AssumeRole"}
    return json.dumps(document(statement))


def refused(call, **params):
    """(code, HTTP status, message) of the refusal of a call; it must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response
    return (
        error["Error"]["Code"],
        error["ResponseMetadata"]["HTTPStatusCode"],
        error["Error"]["Message"],
    )


@pytest.fixture
def things(lab, machine):
    """Something of every service."""
    lab.advance(minutes=1)  # the machine runs
    lab.client("s3").create_bucket(Bucket="teapot")
    lab.client("s3").put_object(Bucket="teapot", Key="lid.txt", Body=b"lid")
    return {
        "machine": machine,
        "topic": lab.client("sns").create_topic(Name="on-call")["TopicArn"],
        "queue": lab.client("sqs").create_queue(QueueName="orders")["QueueUrl"],
    }


# -- a user without permissions, and AWS's words
def test_a_new_user_may_nothing_and_each_service_says_so_in_its_words(lab, things):
    who = f"User: arn:aws:iam::{HERE}:user/auditor is not authorized to perform: "
    ec2 = "You are not authorized to perform this operation. "
    point = [{"MetricName": "m", "Value": 1.0}]
    none = "because no identity-based policy allows the {} action"
    arns = f"us-east-1:{HERE}:"
    cases = [
        (
            ("ec2", "stop_instances", {"InstanceIds": [things["machine"]]}),
            ("UnauthorizedOperation", 403),
            f"{ec2}{who}ec2:StopInstances on resource: "
            f"arn:aws:ec2:{arns}instance/{things['machine']} {none.format('ec2:StopInstances')}",
        ),
        (
            ("ec2", "describe_instances", {}),
            ("UnauthorizedOperation", 403),
            f"{ec2}{who}ec2:DescribeInstances {none.format('ec2:DescribeInstances')}",
        ),
        (
            ("s3", "get_object", {"Bucket": "teapot", "Key": "lid.txt"}),
            ("AccessDenied", 403),
            f'{who}s3:GetObject on resource: "arn:aws:s3:::teapot/lid.txt" '
            f"{none.format('s3:GetObject')}",
        ),
        (
            ("s3", "list_objects_v2", {"Bucket": "teapot"}),
            ("AccessDenied", 403),
            f'{who}s3:ListBucket on resource: "arn:aws:s3:::teapot" {none.format("s3:ListBucket")}',
        ),
        (
            ("s3", "list_buckets", {}),
            ("AccessDenied", 403),
            f"{who}s3:ListAllMyBuckets {none.format('s3:ListAllMyBuckets')}",
        ),
        (("s3", "head_object", {"Bucket": "teapot", "Key": "k"}), ("403", 403), "Forbidden"),
        (
            ("sns", "publish", {"TopicArn": things["topic"], "Message": "m"}),
            ("AuthorizationError", 403),
            f"{who}SNS:Publish on resource: {things['topic']} {none.format('SNS:Publish')}",
        ),
        (
            ("sqs", "send_message", {"QueueUrl": things["queue"], "MessageBody": "m"}),
            ("AccessDenied", 403),
            f"{who}sqs:sendmessage on resource: arn:aws:sqs:{arns}orders "
            f"{none.format('sqs:sendmessage')}",
        ),
        (
            ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": point}),
            ("AccessDenied", 403),
            f"{who}cloudwatch:PutMetricData {none.format('cloudwatch:PutMetricData')}",
        ),
        (
            ("cloudwatch", "describe_alarms", {}),
            ("AccessDenied", 403),
            f"{who}cloudwatch:DescribeAlarms on resource: arn:aws:cloudwatch:{arns}alarm:* "
            f"{none.format('cloudwatch:DescribeAlarms')}",
        ),
        (
            ("cloudtrail", "lookup_events", {}),
            ("AccessDeniedException", 400),
            f"{who}cloudtrail:LookupEvents {none.format('cloudtrail:LookupEvents')}",
        ),
        (
            ("iam", "create_user", {"UserName": "x"}),
            ("AccessDenied", 403),
            f"{who}iam:CreateUser on resource: arn:aws:iam::{HERE}:user/x "
            f"{none.format('iam:CreateUser')}",
        ),
        (
            ("sts", "assume_role", {"RoleArn": f"arn:aws:iam::{HERE}:role/x"}),
            ("AccessDenied", 403),
            f"{who}sts:AssumeRole on resource: arn:aws:iam::{HERE}:role/x",
        ),
    ]
    auditor = lab.user("auditor")
    for (service, method, params), code, message in cases:
        if service == "sts":
            params = {**params, "RoleSessionName": "me"}
        found = refused(getattr(auditor.client(service), method), **params)
        assert found == (*code, message), method
    # Nothing was done.
    assert (
        lab.client("ec2").describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"]
        == "running"
    )
    assert "x" not in [u["UserName"] for u in lab.client("iam").list_users()["Users"]]
    assert lab.client("cloudwatch").list_metrics(Namespace="N")["Metrics"] == []


def test_everybody_may_ask_who_they_are(lab):
    for who in (lab.user("nobody"), lab.root()):
        assert who.client("sts").get_caller_identity()["Arn"] == who.arn


# -- permissions
def test_read_only_access_reads_and_does_not_write(lab, things):
    auditor = lab.user("auditor", "ReadOnlyAccess")
    assert auditor.client("ec2").describe_instances()["Reservations"]
    assert auditor.client("s3").get_object(Bucket="teapot", Key="lid.txt")["Body"].read() == b"lid"
    assert auditor.client("cloudtrail").lookup_events()["Events"]
    assert auditor.client("iam").get_user()["User"]["UserName"] == "auditor"
    stop = auditor.client("ec2").stop_instances
    assert refused(stop, InstanceIds=[things["machine"]])[0] == "UnauthorizedOperation"
    put = auditor.client("s3").put_object
    assert refused(put, Bucket="teapot", Key="k")[0] == "AccessDenied"


def test_an_explicit_deny_wins_and_says_so(lab, things):
    auditor = lab.user("auditor", "AdministratorAccess")
    auditor.client("ec2").stop_instances(InstanceIds=[things["machine"]])
    lab.user("auditor", document(deny("ec2:Start*", Sid="NoStarts")))
    code, _, message = refused(
        auditor.client("ec2").start_instances, InstanceIds=[things["machine"]]
    )
    assert code == "UnauthorizedOperation"
    assert message.endswith(
        f"instance/{things['machine']} with an explicit deny in an identity-based policy"
    )
    auditor.client("ec2").describe_instances()


def test_a_group_gives_and_leaving_it_takes(lab):
    anna = lab.user("anna")
    iam = lab.client("iam")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(
        GroupName="readers",
        PolicyName="read",
        PolicyDocument=json.dumps(document(allow("cloudwatch:Describe*"))),
    )
    read = anna.client("cloudwatch").describe_alarms
    assert refused(read)[0] == "AccessDenied"
    iam.add_user_to_group(GroupName="readers", UserName="anna")
    read()
    iam.remove_user_from_group(GroupName="readers", UserName="anna")
    assert refused(read)[0] == "AccessDenied"


def test_the_default_version_of_a_managed_policy_counts(lab):
    iam = lab.client("iam")
    arn = iam.create_policy(
        PolicyName="mine", PolicyDocument=json.dumps(document(allow("cloudwatch:*")))
    )["Policy"]["Arn"]
    anna = lab.user("anna", "mine")
    anna.client("cloudwatch").describe_alarms()
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(document(allow("s3:*"))), SetAsDefault=True
    )
    assert refused(anna.client("cloudwatch").describe_alarms)[0] == "AccessDenied"
    anna.client("s3").list_buckets()


def test_the_boundary_of_a_role_limits(lab):
    iam = lab.client("iam")
    iam.create_role(
        RoleName="ops",
        AssumeRolePolicyDocument=trust(HERE),
        PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess",
    )
    iam.attach_role_policy(RoleName="ops", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    ops = lab.assume("ops")
    ops.client("s3").list_buckets()
    assert refused(ops.client("ec2").describe_instances)[2].endswith(
        "because no permissions boundary allows the ec2:DescribeInstances action"
    )
    iam.delete_role_permissions_boundary(RoleName="ops")
    ops.client("ec2").describe_instances()


def test_keys_that_iam_issued_carry_their_users_permissions(lab):
    lab.user("anna", document(allow("s3:ListAllMyBuckets")))
    key = lab.client("iam").create_access_key(UserName="anna")["AccessKey"]
    s3 = lab.client("s3")
    import boto3

    s3 = boto3.client(
        "s3",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    s3.list_buckets()
    assert refused(s3.create_bucket, Bucket="kettle")[0] == "AccessDenied"


def test_what_lab_user_takes_for_a_policy(lab):
    with pytest.raises(LabError, match="no managed policy called 'ReadEverything'"):
        lab.user("anna", "ReadEverything")
    with pytest.raises(LabError, match="IAM refuses"):
        lab.user("anna", "arn:aws:iam::aws:policy/ReadEverything")
    with pytest.raises(LabError, match="IAM refuses"):
        lab.user("anna", {"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]})
    lab.user("anna", "arn:aws:iam::aws:policy/ReadOnlyAccess").client("s3").list_buckets()


# -- conditions
def test_conditions_on_the_labs_time(lab):
    until = {"DateLessThan": {"aws:CurrentTime": "2026-01-05T12:00:00Z"}}
    anna = lab.user("anna", document(allow("cloudwatch:*", Condition=until)))
    anna.client("cloudwatch").describe_alarms()
    lab.run_until("12:00")
    assert refused(anna.client("cloudwatch").describe_alarms)[0] == "AccessDenied"


def test_conditions_on_the_region_and_the_address(lab):
    anna = lab.user("anna", "ReadOnlyAccess")
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    lab.user("anna", document(deny("ec2:*", Condition=elsewhere)))
    anna.client("ec2", region_name="eu-west-1").describe_instances()
    assert refused(anna.client("ec2").describe_instances)[2].endswith("identity-based policy")
    outside = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    lab.user("anna", document(deny("s3:*", Condition=outside)))
    assert refused(anna.client("s3").list_buckets)[0] == "AccessDenied"


def test_conditions_on_what_is_asked(lab, things):
    rules = document(
        allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "home/${aws:username}/*"}}),
        allow(
            "cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "N"}}
        ),
        allow("ec2:CreateTags", Condition={"StringEquals": {"aws:RequestTag/Team": "tea"}}),
        allow("ec2:StopInstances", Condition={"StringEquals": {"aws:ResourceTag/Team": "tea"}}),
    )
    anna = lab.user("anna", rules)
    s3, cloudwatch, ec2 = (anna.client(name) for name in ("s3", "cloudwatch", "ec2"))
    s3.list_objects_v2(Bucket="teapot", Prefix="home/anna/x")
    assert refused(s3.list_objects_v2, Bucket="teapot", Prefix="home/ben/x")[0] == "AccessDenied"
    point = [{"MetricName": "m", "Value": 1.0}]
    cloudwatch.put_metric_data(Namespace="N", MetricData=point)
    assert refused(cloudwatch.put_metric_data, Namespace="M", MetricData=point)[1] == 403
    machine = [things["machine"]]
    assert refused(ec2.stop_instances, InstanceIds=machine)[1] == 403
    coffee = [{"Key": "Team", "Value": "coffee"}]
    assert refused(ec2.create_tags, Resources=machine, Tags=coffee)[1] == 403
    ec2.create_tags(Resources=machine, Tags=[{"Key": "Team", "Value": "tea"}])
    ec2.stop_instances(InstanceIds=machine)


def test_passing_a_role_needs_leave(lab):
    iam = lab.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust(HERE))
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    anna = lab.user("anna", "AmazonEC2FullAccess")
    run = {
        "ImageId": "ami-12c6146b",
        "MinCount": 1,
        "MaxCount": 1,
        "IamInstanceProfile": {"Name": "app"},
    }
    assert (
        "iam:PassRole on resource: arn:aws:iam::123456789012:role/app"
        in (refused(anna.client("ec2").run_instances, **run)[2])
    )
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    lab.user("anna", document(allow("iam:PassRole", "arn:*:role/app", Condition=to_ec2)))
    assert anna.client("ec2").run_instances(**run)["Instances"]


# -- roles
def test_a_role_is_assumed_by_whom_it_trusts_and_does_what_it_may(lab, things):
    iam = lab.client("iam")
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=trust(HERE))
    iam.attach_role_policy(RoleName="ops", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
    session = lab.assume("ops", "me")
    session.client("ec2").stop_instances(InstanceIds=[things["machine"]])
    assert (
        f"User: arn:aws:sts::{HERE}:assumed-role/ops/me is not"
        in (refused(session.client("s3").list_buckets)[2])
    )
    # The account is trusted: its own policies say which of its users may.
    role = {"RoleArn": f"arn:aws:iam::{HERE}:role/ops", "RoleSessionName": "me"}
    anna = lab.user("anna")
    assert (
        "no identity-based policy allows the sts:AssumeRole action"
        in (refused(anna.client("sts").assume_role, **role)[2])
    )
    lab.user("anna", document(allow("sts:AssumeRole", role["RoleArn"])))
    anna.client("sts").assume_role(**role)
    # Trusted by name, a user needs no policy; and then even an administrator may not.
    ben = lab.user("ben")
    iam.update_assume_role_policy(RoleName="ops", PolicyDocument=trust(ben.arn))
    ben.client("sts").assume_role(**role)
    for who in (anna.client("sts"), lab.client("sts")):
        assert refused(who.assume_role, **role)[2].endswith(
            f"is not authorized to perform: sts:AssumeRole on resource: {role['RoleArn']}"
        )
    assert refused(lab.root().client("sts").assume_role, **role)[2] == (
        "Roles may not be assumed by root accounts."
    )


def test_an_external_id_and_a_session_policy(lab):
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": HERE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "tea"}},
    }
    iam, sts = lab.client("iam"), lab.client("sts")
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=json.dumps(document(statement)))
    iam.attach_role_policy(RoleName="ops", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    role = {"RoleArn": f"arn:aws:iam::{HERE}:role/ops", "RoleSessionName": "me"}
    assert refused(sts.assume_role, **role)[0] == "AccessDenied"
    keys = sts.assume_role(
        **role, ExternalId="tea", Policy=json.dumps(document(allow("s3:List*")))
    )["Credentials"]
    import boto3

    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    session.client("s3").list_buckets()
    assert refused(session.client("ec2").describe_instances)[2].endswith(
        "because no session policy allows the ec2:DescribeInstances action"
    )


def test_a_role_of_another_account(lab):
    lab.client("iam", account_id=THERE).create_role(
        RoleName="partner", AssumeRolePolicyDocument=trust(HERE)
    )
    role = f"arn:aws:iam::{THERE}:role/partner"
    assert lab.assume(role, "me").arn == f"arn:aws:sts::{THERE}:assumed-role/partner/me"
    lab.user("anna")
    anna = lab.user("anna").client("sts")
    assert refused(anna.assume_role, RoleArn=role, RoleSessionName="me")[0] == "AccessDenied"


# -- resources of one account and of two
def test_a_bucket_policy_gives_and_denies(lab, things):
    s3 = lab.client("s3")
    auditor = lab.user("auditor").client("s3")
    objects = "arn:aws:s3:::teapot/*"
    named = {"Principal": {"AWS": f"arn:aws:iam::{HERE}:user/auditor"}}
    s3.put_bucket_policy(
        Bucket="teapot", Policy=json.dumps(document(allow("s3:GetObject", objects, **named)))
    )
    auditor.get_object(Bucket="teapot", Key="lid.txt")
    assert refused(auditor.put_object, Bucket="teapot", Key="k")[0] == "AccessDenied"
    everybody = {"Principal": "*"}
    s3.put_bucket_policy(
        Bucket="teapot", Policy=json.dumps(document(deny("s3:*", objects, **everybody)))
    )
    for who in (lab, lab.root()):
        _, _, message = refused(who.client("s3").get_object, Bucket="teapot", Key="lid.txt")
        assert message.endswith("with an explicit deny in a resource-based policy")


def test_root_can_mend_a_bucket_policy_that_denies_everybody(lab, things):
    both = ["arn:aws:s3:::teapot", "arn:aws:s3:::teapot/*"]
    s3 = lab.client("s3")
    s3.put_bucket_policy(
        Bucket="teapot", Policy=json.dumps(document(deny("s3:*", both, Principal="*")))
    )
    assert refused(s3.delete_bucket_policy, Bucket="teapot")[0] == "AccessDenied"
    lab.root().client("s3").delete_bucket_policy(Bucket="teapot")
    s3.get_object(Bucket="teapot", Key="lid.txt")


def test_a_bucket_of_another_account(lab, things):
    theirs = lab.client("s3", account_id=THERE)
    read = {"Bucket": "teapot", "Key": "lid.txt"}
    assert refused(theirs.get_object, **read) == ("AccessDenied", 403, "Access Denied")
    lab.client("s3").put_bucket_policy(
        Bucket="teapot",
        Policy=json.dumps(
            document(allow("s3:GetObject", "arn:aws:s3:::teapot/*", Principal={"AWS": THERE}))
        ),
    )
    assert theirs.get_object(**read)["Body"].read() == b"lid"
    assert refused(theirs.put_object, **read)[2] == "Access Denied"


def test_a_queue_of_another_account(lab, things):
    theirs = lab.client("sqs", account_id=THERE)
    send = {"QueueUrl": things["queue"], "MessageBody": "m"}
    assert refused(theirs.send_message, **send)[2].endswith(
        f"on resource: arn:aws:sqs:us-east-1:{HERE}:orders "
        "because no resource-based policy allows the sqs:sendmessage action"
    )
    ours = lab.client("sqs")
    ours.add_permission(
        QueueUrl=things["queue"], Label="t", AWSAccountIds=[THERE], Actions=["SendMessage"]
    )
    theirs.send_message(**send)
    found = ours.receive_message(QueueUrl=things["queue"])["Messages"]
    assert [m["Body"] for m in found] == ["m"]
    assert refused(theirs.purge_queue, QueueUrl=things["queue"])[0] == "AccessDenied"


def test_a_topic_of_another_account(lab, things):
    theirs = lab.client("sns", account_id=THERE)
    say = {"TopicArn": things["topic"], "Message": "m"}
    # The policy that a topic has from the start is for its owner.
    assert refused(theirs.publish, **say)[2].endswith(
        "because no resource-based policy allows the SNS:Publish action"
    )
    statement = allow("SNS:Publish", things["topic"], Principal={"AWS": THERE})
    lab.client("sns").set_topic_attributes(
        TopicArn=things["topic"],
        AttributeName="Policy",
        AttributeValue=json.dumps(document(statement)),
    )
    theirs.publish(**say)


# -- what later parts ask
def test_services_are_judged_by_the_resources_policy(lab, things):
    alarms = Principal("AWSService", "", "", "", name="cloudwatch.amazonaws.com")
    judge = lab.authorizer.judge
    owner = {"AWS:SourceOwner": HERE}
    assert judge(alarms, "SNS:Publish", things["topic"], owner).value
    assert not judge(alarms, "SNS:Publish", things["topic"], {"AWS:SourceOwner": THERE}).value
    queue = f"arn:aws:sqs:us-east-1:{HERE}:orders"
    topics = Principal("AWSService", "", "", "", name="sns.amazonaws.com")
    assert not judge(topics, "sqs:SendMessage", queue).value
    statement = allow(
        "sqs:SendMessage",
        queue,
        Principal={"Service": "sns.amazonaws.com"},
        Condition={"ArnEquals": {"aws:SourceArn": things["topic"]}},
    )
    lab.client("sqs").set_queue_attributes(
        QueueUrl=things["queue"], Attributes={"Policy": json.dumps(document(statement))}
    )
    source = {"aws:SourceArn": things["topic"]}
    assert judge(topics, "sqs:SendMessage", queue, source).value
    found = judge(topics, "sqs:SendMessage", queue, {"aws:SourceArn": f"{things['topic']}s"})
    assert not found.value
    assert "does not hold" in str(found)


# -- recorded, journaled, replayed
def test_a_refused_call_is_in_the_event_history(lab, things):
    stop = lab.user("auditor").client("ec2").stop_instances
    refused(stop, InstanceIds=[things["machine"]])
    event = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "StopInstances"}]
    )["Events"][0]
    record = json.loads(event["CloudTrailEvent"])
    assert event["Username"] == "auditor"
    assert record["errorCode"] == "Client.UnauthorizedOperation"
    assert record["errorMessage"].startswith("You are not authorized to perform this operation.")
    refused(lab.user("auditor").client("iam").create_user, UserName="x")
    event = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    )["Events"][0]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "AccessDenied"


def test_a_replay_equals_the_original(tmp_path):
    with labkit.Lab() as lab:
        machine = launch(lab.client("ec2"))
        url = lab.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        lab.client("s3").create_bucket(Bucket="teapot")
        lab.advance(minutes=1)
        auditor = lab.user("auditor")
        refused(auditor.client("ec2").stop_instances, InstanceIds=[machine])
        refused(auditor.client("s3").head_bucket, Bucket="teapot")
        lab.user("auditor", document(allow("ec2:*")))
        auditor.client("ec2").stop_instances(InstanceIds=[machine])
        # Callers of other accounts, and root, are themselves again in a replay.
        theirs = lab.client("sqs", account_id=THERE)
        refused(theirs.send_message, QueueUrl=url, MessageBody="m")
        lab.root().client("s3").create_bucket(Bucket="kettle")
        lab.root(THERE).client("s3").create_bucket(Bucket="cup")
        lab.advance(hours=1)
        again = lab.replay()
        assert again.errors == []
        assert again.digest() == lab.digest()
        path = lab.save(tmp_path / "world")
        wanted = lab.digest()
    with labkit.Lab.open(path) as back:
        assert back.digest() == wanted


# -- which permission a call needs
@pytest.mark.parametrize(
    ("service", "operation", "params", "wanted"),
    [
        ("s3", "HeadBucket", {"Bucket": "b"}, {("s3:ListBucket", "arn:aws:s3:::b")}),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "arn:aws:s3:::x", "VersionId": "v"},
            {("s3:GetObjectVersion", "arn:aws:s3:::b/arn:aws:s3:::x")},
        ),
        (
            "s3",
            "CopyObject",
            {"Bucket": "b", "Key": "k", "CopySource": {"Bucket": "a", "Key": "j"}},
            {("s3:GetObject", "arn:aws:s3:::a/j"), ("s3:PutObject", "arn:aws:s3:::b/k")},
        ),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "1"}, {"Key": "2"}]}},
            {("s3:DeleteObject", "arn:aws:s3:::b/1"), ("s3:DeleteObject", "arn:aws:s3:::b/2")},
        ),
        (
            "sns",
            "Unsubscribe",
            {"SubscriptionArn": "arn:aws:sns:r:1:t:id"},
            {("SNS:Unsubscribe", "arn:aws:sns:r:1:t")},
        ),
        ("sqs", "ReceiveMessage", {"QueueUrl": "q"}, {("sqs:ReceiveMessage", "arn:aws:sqs:r:1:q")}),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "https://sqs.r.amazonaws.com/210987654321/q"},
            {("sqs:SendMessage", f"arn:aws:sqs:r:{THERE}:q")},
        ),
        (
            "cloudwatch",
            "DeleteAlarms",
            {"AlarmNames": ["a", "b"]},
            {
                ("cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:r:1:alarm:a"),
                ("cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:r:1:alarm:b"),
            },
        ),
        (
            "cloudtrail",
            "StartLogging",
            {"Name": "arn:aws:cloudtrail:r:1:trail/t"},
            {("cloudtrail:StartLogging", "arn:aws:cloudtrail:r:1:trail/t")},
        ),
        (
            "ec2",
            "CreateTags",
            {"Resources": ["i-1", "vol-2", "odd"]},
            {
                ("ec2:CreateTags", "arn:aws:ec2:r:1:instance/i-1"),
                ("ec2:CreateTags", "arn:aws:ec2:r:1:volume/vol-2"),
                ("ec2:CreateTags", "arn:aws:ec2:r:1:*/odd"),
            },
        ),
        ("iam", "CreateAccessKey", {}, {("iam:CreateAccessKey", "arn:aws:iam::1:user/anna")}),
        ("iam", "GetRole", {"RoleName": "x"}, {("iam:GetRole", "arn:aws:iam::1:role/x")}),
        ("xray", "PutTraceSegments", {}, {("xray:PutTraceSegments", "*")}),
    ],
)
def test_needs(service, operation, params, wanted):
    needs = plan_of(service, operation).needs(params, Where("r", "1", "anna"))
    assert {(need.action, need.resource) for need in needs} == wanted


def test_the_table_names_operations_that_there_are():
    import tomllib
    from pathlib import Path

    from botocore.session import get_session

    import labkit.gateway.actions as actions

    table = tomllib.loads((Path(actions.__file__).parent / "actions.toml").read_text())
    session = get_session()
    for service, row in table.items():
        if service == "default":
            continue
        names = set(session.get_service_model(service).operation_names)
        told = {name for rule in row.get("rule", ()) for name in rule["operations"].split()}
        told |= set(row.get("actions", ())) | set(row.get("free", "").split())
        told |= set(row.get("creates", "").split())
        assert told <= names, (service, told - names)


def test_administrators_are_asked_about_only_where_resources_have_policies(lab, monkeypatch):
    asked = []
    decide = lab.dispatch._authorize

    class Spy:
        guarded = staticmethod(decide.guarded)

        def __call__(self, call, params):
            asked.append(f"{call.principal.name} {call.operation}")
            return decide(call, params)

    monkeypatch.setattr(lab.dispatch, "_authorize", Spy())
    for who in (lab, lab.root(), lab.user("anna", "AdministratorAccess")):
        who.client("cloudwatch").describe_alarms()
        who.client("s3").list_buckets()
        who.client("sts").get_caller_identity()
    anna = ["DescribeAlarms", "ListBuckets", "GetCallerIdentity"]
    assert asked == ["learner ListBuckets", "root ListBuckets", *(f"anna {name}" for name in anna)]


def test_needs_that_no_parameter_decides_are_worked_out_once_per_place():
    from labkit.gateway.actions import Where, plan_of

    plan = plan_of("sqs", "ListQueues")
    here, there = Where("us-east-1", "1", "a"), Where("eu-west-1", "1", "a")
    first = plan.needs({}, here)
    assert plan.needs({"MaxResults": 3}, here) == first != plan.needs({}, there)
    first.clear()
    assert plan.needs({}, here), "what a caller does to its list is its own affair"
    send = plan_of("sqs", "SendMessage")
    urls = [f"https://sqs.us-east-1.amazonaws.com/1/{name}" for name in ("q", "r")]
    one, other = (send.needs({"QueueUrl": url}, here) for url in urls)
    assert one != other
