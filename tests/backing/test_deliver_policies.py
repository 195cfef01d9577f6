"""Who may deliver what: resource policies, roles, keys, and what is told when they say no."""

import json

import pytest

import labkit
from labkit.core.call import Principal

HERE = "123456789012"
THERE = "210987654321"
EVENTS, ALARMS = "events.amazonaws.com", "cloudwatch.amazonaws.com"
RULE = f"arn:aws:events:us-east-1:{HERE}:rule/r"
ALARM = f"arn:aws:cloudwatch:us-east-1:{HERE}:alarm:hot"


def allow(service, action, resource, **condition):
    statement = {
        "Sid": "only",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def topic(lab, **attributes):
    return lab.client("sns").create_topic(Name="t", Attributes=attributes)["TopicArn"]


def queue(lab, policy=None, **attributes):
    given = attributes | ({"Policy": policy} if policy else {})
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes=given)["QueueUrl"]
    return f"arn:aws:sqs:us-east-1:{HERE}:q", url


def role(lab, name="r", trusts=EVENTS, policy=None, **condition):
    trust = {"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}
    if condition:
        trust["Condition"] = condition
    iam = lab.client("iam")
    arn = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    if policy:
        iam.put_role_policy(
            RoleName=name,
            PolicyName="p",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **policy}]}
            ),
        )
    return arn


def instance(lab):
    made = lab.client("ec2").run_instances(
        ImageId="ami-0c55b159cbfafe1f0", InstanceType="t3.micro", MinCount=1, MaxCount=1
    )
    lab.advance(minutes=1)
    return made["Instances"][0]["InstanceId"]


def state(lab, machine):
    (found,) = lab.client("ec2").describe_instances(InstanceIds=[machine])["Reservations"]
    return found["Instances"][0]["State"]["Name"]


def records(lab, name):
    found = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
    )["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


# -- a topic's default policy ---------------------------------------------------------------------
def test_alarms_come_through_a_topics_default_policy_and_rules_do_not(lab):
    arn = topic(lab)
    deliver = lab.world.ports.deliver
    assert deliver(arn, "x", ALARMS, source_arn=ALARM).ok
    refused = deliver(arn, "x", EVENTS, source_arn=RULE)
    assert (refused.ok, refused.code, refused.retryable) == (False, "AuthorizationError", False)
    assert refused.failure == "NO_PERMISSIONS"
    assert refused.message == (
        f"User: {EVENTS} is not authorized to perform: SNS:Publish on resource: {arn} because no "
        "resource-based policy allows the SNS:Publish action"
    )
    assert any("AWS:SourceOwner" in why and "missing" in why for why in refused.because)


def test_an_alarm_of_another_account_is_refused_in_its_own_words(lab):
    arn = topic(lab)
    alarm = f"arn:aws:cloudwatch:us-east-1:{THERE}:alarm:hot"
    refused = lab.world.ports.deliver(arn, "x", ALARMS, source_arn=alarm)
    assert refused.message == (
        f"Resource: {alarm} is not authorized to perform: SNS:Publish on resource: {arn}"
    )
    lab.client("sns").set_topic_attributes(
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=allow(ALARMS, "SNS:Publish", arn, StringEquals={"aws:SourceAccount": THERE}),
    )
    assert lab.world.ports.deliver(arn, "x", ALARMS, source_arn=alarm).ok
    assert not lab.world.ports.deliver(arn, "x", ALARMS, source_arn=ALARM).ok


def test_an_alarms_history_says_that_it_may_not(lab):
    arn = topic(lab)
    lab.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=allow(EVENTS, "SNS:Publish", arn)
    )
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="hot", Namespace="Shop", MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="hot", StateValue="ALARM", StateReason="test")
    (item,) = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    assert item["HistorySummary"] == f"Failed to execute action {arn}"
    assert "is not authorized to perform: SNS:Publish" in json.loads(item["HistoryData"])["error"]


# -- queues ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("condition", "ok"),
    [
        ({}, True),
        ({"ArnEquals": {"aws:SourceArn": RULE}}, True),
        ({"ArnEquals": {"aws:SourceArn": RULE + "2"}}, False),
        ({"StringEquals": {"aws:SourceAccount": HERE}}, True),
        ({"StringEquals": {"aws:SourceAccount": THERE}}, False),
    ],
)
def test_a_queue_lets_in_whom_its_policy_names(lab, condition, ok):
    arn, url = queue(lab, allow(EVENTS, "sqs:SendMessage", "*", **condition))
    answer = lab.world.ports.deliver(arn, "x", EVENTS, source_arn=RULE)
    assert answer.ok == ok and (ok or answer.code == "AccessDenied")
    got = lab.client("sqs").receive_message(QueueUrl=url).get("Messages", [])
    assert len(got) == ok
    if not ok:
        assert any("statement only of policy of queue q" in why for why in answer.because)


def test_a_subscribed_queue_without_a_policy_stays_empty(lab):
    """The console writes the policy when one subscribes there; an API call does not."""
    arn, url = queue(lab)
    there = topic(lab)
    sns, sqs = lab.client("sns"), lab.client("sqs")
    sns.subscribe(TopicArn=there, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=there, Message="lost")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"Policy": allow("sns.amazonaws.com", "sqs:SendMessage", arn,
                                    ArnEquals={"aws:SourceArn": there})},
    )  # fmt: skip
    sns.publish(TopicArn=there, Message="found")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["Message"] == "found"


def test_a_dead_letter_queue_has_a_policy_as_well(lab):
    arn, url = queue(lab)
    deliver = lab.world.ports.deliver_reliably
    heard = []
    lab.world.facts.hear("delivery.finished", lambda fact: heard.append(fact.data["dead_letter"]))
    gone = f"arn:aws:sqs:us-east-1:{HERE}:gone"
    deliver(gone, "x", EVENTS, source_arn=RULE, dead_letter_arn=arn)
    lab.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": allow(EVENTS, "sqs:SendMessage", arn)}
    )
    deliver(gone, "x", EVENTS, source_arn=RULE, dead_letter_arn=arn)
    assert heard == ["failed", "sent"]


# -- keys -----------------------------------------------------------------------------------------
def test_awss_own_key_lets_no_alarm_through(lab):
    arn = topic(lab, KmsMasterKeyId="alias/aws/sns")
    refused = lab.world.ports.deliver(arn, "x", ALARMS, source_arn=ALARM)
    assert refused.code == "KMSAccessDenied" and refused.failure == "NO_PERMISSIONS"
    assert "alias/aws/sns" in refused.message


def test_a_customers_key_lets_in_whom_its_policy_names(lab):
    kms = lab.client("kms")
    account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HERE}:root"},
               "Action": "kms:*", "Resource": "*"}  # fmt: skip
    alarms = {"Effect": "Allow", "Principal": {"Service": ALARMS},
              "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}  # fmt: skip

    def document(*statements):
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    key = kms.create_key(Policy=document(account))["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    arn = topic(lab, KmsMasterKeyId="alias/mine")
    refused = lab.world.ports.deliver(arn, "x", ALARMS, source_arn=ALARM)
    assert refused.code == "KMSAccessDenied" and "kms:GenerateDataKey" in refused.message
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(account, alarms))
    assert lab.world.ports.deliver(arn, "x", ALARMS, source_arn=ALARM).ok


# -- roles ----------------------------------------------------------------------------------------
STOP = f"arn:aws:events:us-east-1:{HERE}:target/stop-instance"


def stop(lab, machine, arn, service=EVENTS, **more):
    return lab.world.ports.deliver(
        STOP, json.dumps(machine), arn, service=service, source_arn=RULE, **more
    )


def test_a_rule_stops_a_machine_with_its_role_and_the_record_says_who(lab):
    machine = instance(lab)
    arn = role(lab, policy={"Action": "ec2:StopInstances", "Resource": "*"})
    assert stop(lab, machine, arn).ok
    lab.advance(minutes=2)
    assert state(lab, machine) == "stopped"
    (record,) = records(lab, "StopInstances")
    who = record["userIdentity"]
    assert who["type"] == "AssumedRole" and who["invokedBy"] == EVENTS
    assert who["sessionContext"]["sessionIssuer"]["arn"] == arn
    assert (record["sourceIPAddress"], record["userAgent"]) == (EVENTS, EVENTS)
    assert "tlsDetails" not in record
    (begun,) = records(lab, "AssumeRole")
    assert begun["userIdentity"] == {"type": "AWSService", "invokedBy": EVENTS}
    assert begun["requestParameters"]["roleArn"] == arn


def test_a_session_lasts_an_hour(lab):
    arn = role(lab, policy={"Action": "ec2:*", "Resource": "*"})
    machine = instance(lab)
    for minutes in (1, 30, 40, 1):
        stop(lab, machine, arn)
        lab.advance(minutes=minutes)
    assert len(records(lab, "AssumeRole")) == 2


def test_a_role_without_the_permission(lab):
    machine = instance(lab)
    arn = role(lab, policy={"Action": "ec2:StartInstances", "Resource": "*"})
    refused = stop(lab, machine, arn)
    assert (refused.code, refused.failure) == ("UnauthorizedOperation", "NO_PERMISSIONS")
    assert not refused.retryable and "ec2:StopInstances" in refused.message
    (record,) = records(lab, "StopInstances")
    assert record["errorCode"] == "Client.UnauthorizedOperation"


@pytest.mark.parametrize("how", ["another service", "another source", "no such role", "no role"])
def test_a_role_that_can_not_be_assumed(lab, how):
    machine = instance(lab)
    policy = {"Action": "ec2:*", "Resource": "*"}
    if how == "another service":
        arn = role(lab, trusts="scheduler.amazonaws.com", policy=policy)
    elif how == "another source":
        arn = role(lab, policy=policy, ArnEquals={"aws:SourceArn": RULE + "2"})
    else:
        arn = f"arn:aws:iam::{HERE}:role/none" if how == "no such role" else "nonsense"
    refused = stop(lab, machine, arn if how != "no role" else EVENTS)
    assert not refused.ok and not refused.retryable
    lab.advance(minutes=1)
    assert state(lab, machine) == "running"
    if how == "no role":
        assert refused.message == f"RoleArn is required for target {STOP}."
    else:
        assert (refused.code, refused.failure) == ("AccessDenied", "FAILED_TO_ASSUME_ROLE")


def test_a_trust_that_asks_for_the_source(lab):
    """The confused deputy: only this rule may let EventBridge use the role."""
    machine = instance(lab)
    arn = role(
        lab,
        policy={"Action": "ec2:*", "Resource": "*"},
        ArnEquals={"aws:SourceArn": RULE},
        StringEquals={"aws:SourceAccount": HERE},
    )
    assert stop(lab, machine, arn).ok


def test_a_role_sends_to_a_queue_without_a_policy(lab):
    """EventBridge Scheduler does everything with a role; in one account that is enough."""
    arn, url = queue(lab)
    mine = role(
        lab, trusts="scheduler.amazonaws.com", policy={"Action": "sqs:SendMessage", "Resource": arn}
    )
    answer = lab.world.ports.deliver(arn, "x", mine, service="scheduler.amazonaws.com")
    assert answer.ok, answer
    assert len(lab.client("sqs").receive_message(QueueUrl=url)["Messages"]) == 1


# -- any call: Scheduler's universal targets ------------------------------------------------------
def universal(lab, action, said, arn):
    return lab.world.ports.deliver(
        f"arn:aws:scheduler:::aws-sdk:{action}",
        json.dumps(said),
        arn,
        service="scheduler.amazonaws.com",
        source_arn=f"arn:aws:scheduler:us-east-1:{HERE}:schedule/default/s",
    )


def test_any_call_that_changes_something(lab):
    machine = instance(lab)
    arn = role(lab, trusts="scheduler.amazonaws.com", policy={"Action": "*", "Resource": "*"})
    assert universal(lab, "ec2:stopInstances", {"instanceIds": [machine]}, arn).ok
    lab.advance(minutes=2)
    assert state(lab, machine) == "stopped"
    for action, said in (
        ("ec2:describeInstances", {}),
        ("ec2:noSuchThing", {}),
        ("nothing:doIt", {}),
        ("ec2:stopInstances", {"InstanceIds": 7}),
    ):
        refused = universal(lab, action, said, arn)
        assert (refused.code, refused.retryable) == ("ValidationException", False), action


# -- EC2 actions of alarms, snapshots -------------------------------------------------------------
def test_an_alarm_stops_its_machine(lab):
    machine = instance(lab)
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="idle", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
        Dimensions=[{"Name": "InstanceId", "Value": machine}], Period=300, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="LessThanThreshold",
        AlarmActions=["arn:aws:automate:us-east-1:ec2:stop"],
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="idle", StateValue="ALARM", StateReason="test")
    lab.advance(minutes=2)
    assert state(lab, machine) == "stopped"


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:events:us-east-1:{HERE}:target/create-snapshot",
        f"arn:aws:automation:us-east-1:{HERE}:action/EBSCreateSnapshot/EBSCreateSnapshot_daily",
    ],
)
def test_a_rule_takes_a_snapshot(lab, arn):
    ec2 = lab.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    mine = role(lab, policy={"Action": "ec2:CreateSnapshot", "Resource": "*"})
    said = json.dumps(f"arn:aws:ec2:us-east-1:{HERE}:volume/{volume}")
    assert lab.world.ports.deliver(arn, said, mine, service=EVENTS).ok
    taken = ec2.describe_snapshots(Filters=[{"Name": "volume-id", "Values": [volume]}])
    assert len(taken["Snapshots"]) == 1
    refused = lab.world.ports.deliver(arn, "{}", mine, service=EVENTS)
    assert (refused.code, refused.failure) == ("InvalidParameterValue", "INVALID_PARAMETER")


# -- policies that are others' to keep ------------------------------------------------------------
def test_a_part_lends_the_policies_of_its_own_resources(lab):
    bus = f"arn:aws:events:us-east-1:{HERE}:event-bus/shop"
    policies, judge = lab.parts.backing.policies, lab.authorizer.judge
    them = Principal("Root", THERE, f"arn:aws:iam::{THERE}:root", THERE, name="root")
    assert not judge(them, "events:PutEvents", bus).value
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{THERE}:root"},
                    "Action": "events:PutEvents",
                    "Resource": bus,
                }
            ],
        }
    )
    policies.kept_by("events", lambda arn: ("policy of bus shop", document) if arn == bus else None)
    assert judge(them, "events:PutEvents", bus).value
    assert not judge(them, "events:PutEvents", bus + "2").value


# -- worlds ---------------------------------------------------------------------------------------
def test_deliveries_with_roles_are_the_same_in_a_replay_and_when_opened(lab, tmp_path):
    machine = instance(lab)
    arn = role(lab, policy={"Action": "ec2:StopInstances", "Resource": "*"})
    topic_arn = topic(lab)
    queue_arn, _ = queue(lab)
    sns, cloudwatch = lab.client("sns"), lab.client("cloudwatch")
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    cloudwatch.put_metric_alarm(
        AlarmName="idle", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
        Dimensions=[{"Name": "InstanceId", "Value": machine}], Period=300, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="LessThanThreshold",
        AlarmActions=["arn:aws:automate:us-east-1:ec2:stop", topic_arn],
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="idle", StateValue="ALARM", StateReason="test")
    lab.advance(minutes=5)
    digest = lab.digest()
    assert arn and lab.replay().digest() == digest
    lab.save(tmp_path / "world")
    lab.close()
    opened = labkit.Lab.open(tmp_path / "world")
    try:
        assert opened.digest() == digest
    finally:
        opened.close()


@pytest.mark.parametrize("by_content", ["true", "false"])
def test_an_alarm_tells_a_fifo_topic_in_a_group_of_its_own(lab, by_content):
    """The group is a hash of the alarm's ARN (user guide, Notify_Users_Alarm_Changes)."""
    sns, sqs = lab.client("sns"), lab.client("sqs")
    there = sns.create_topic(
        Name="t.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": by_content}
    )["TopicArn"]
    url = sqs.create_queue(
        QueueName="q.fifo",
        Attributes={
            "FifoQueue": "true", "Policy": allow("sns.amazonaws.com", "sqs:SendMessage", "*"),
        },
    )["QueueUrl"]  # fmt: skip
    sns.subscribe(TopicArn=there, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{HERE}:q.fifo")
    deliver = lab.world.ports.deliver
    for alarm in (ALARM, ALARM + "2"):
        assert deliver(there, "x " + alarm, ALARMS, source_arn=alarm).ok
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
    groups = [message["Attributes"]["MessageGroupId"] for message in got["Messages"]]
    assert len(groups) == len(set(groups)) == 2
