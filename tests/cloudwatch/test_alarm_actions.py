"""Actions act: machines stop, reboot, recover; functions are invoked; what is not there is told."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from machines import launch

EC2 = "arn:aws:automate:us-east-1:ec2:"
SWF = "arn:aws:swf:us-east-1:123456789012:action/actions/AWS_EC2.InstanceId.{}/1.0"


def alarm(client, machine, action, metric="StatusCheckFailed_System", **more):
    given = {
        "AlarmName": "ill", "Namespace": "AWS/EC2", "MetricName": metric, "Statistic": "Maximum",
        "Period": 60, "EvaluationPeriods": 2, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": [action],
        "Dimensions": [{"Name": "InstanceId", "Value": machine}],
    }  # fmt: skip
    client.put_metric_alarm(**given | more)


def state_of(ec2, machine):
    found = ec2.describe_instances(InstanceIds=[machine])["Reservations"]
    return found[0]["Instances"][0]["State"]["Name"]


def history(client, kind="Action", name="ill"):
    got = client.describe_alarm_history(
        AlarmName=name, HistoryItemType=kind, ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    return [
        (i["Timestamp"].strftime("%H:%M:%S"), i["HistorySummary"], i["HistoryData"]) for i in got
    ]


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        (EC2 + "stop", "stopped"),
        (EC2 + "terminate", "terminated"),
        (EC2 + "reboot", "running"),
        (SWF.format("Stop"), "stopped"),
    ],
)
def test_a_machine_does_what_the_action_says(lab, cloudwatch, ec2, machine, action, wanted):
    alarm(cloudwatch, machine, action, "CPUUtilization", Threshold=90, EvaluationPeriods=1)
    ec2.monitor_instances(InstanceIds=[machine])
    lab.fleet.load(machine, 99, start=lab.start.replace(minute=10), minutes=5)
    lab.run_until("09:30")
    assert state_of(ec2, machine) == wanted
    assert history(cloudwatch)[0][:2] == ("09:11:00", f"Successfully executed action {action}")
    assert json.loads(history(cloudwatch)[0][2])["notificationResource"] == action


def test_recovering_heals_the_host_and_the_alarm_goes_back(lab, cloudwatch, ec2, machine):
    alarm(cloudwatch, machine, EC2 + "recover")
    lab.fleet.fail_check(machine, "system", start=lab.start.replace(minute=10))
    lab.run_until("10:00")
    changes = [
        (when, what.rpartition(" ")[2]) for when, what, _ in history(cloudwatch, "StateUpdate")
    ]
    # Two failed minutes, 09:10 and 09:11; recovered at 09:12, so 09:12 is fine.
    assert changes[-2:] == [("09:12:00", "ALARM"), ("09:13:00", "OK")]
    assert state_of(ec2, machine) == "running"


def test_rebooting_does_not_heal_a_host(lab, cloudwatch, machine):
    alarm(cloudwatch, machine, EC2 + "reboot")
    lab.fleet.fail_check(machine, "system", start=lab.start.replace(minute=10))
    lab.run_until("10:00")
    assert history(cloudwatch, "StateUpdate")[-1][1].endswith("to ALARM")


def test_what_told_stays_told_when_a_machine_recovers(lab, machine):
    lab.fleet.fail_check(machine, "system", minutes=5)
    lab.run_until("09:03")
    lab.world.ports.instance_action("123456789012", "us-east-1", machine, "recover")
    lab.run_until("09:10")
    got = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/EC2", MetricName="StatusCheckFailed_System", Period=60,
        Dimensions=[{"Name": "InstanceId", "Value": machine}], Statistics=["Maximum"],
        StartTime=lab.start, EndTime=lab.now,
    )["Datapoints"]  # fmt: skip
    values = [p["Maximum"] for p in sorted(got, key=lambda p: p["Timestamp"])]
    assert sum(values) == 3 and values[3:] == [0.0] * len(values[3:])


def test_a_machine_that_is_gone_is_told(lab, cloudwatch, ec2):
    alarm(cloudwatch, "i-0abcdef0123456789", EC2 + "stop")
    cloudwatch.set_alarm_state(AlarmName="ill", StateValue="ALARM", StateReason="drill")
    _, line, data = history(cloudwatch)[0]
    assert line == f"Failed to execute action {EC2}stop"
    told = json.loads(data)
    assert told["actionState"] == "Failed"
    assert told["error"].startswith("InvalidInstanceID.NotFound: ")
    assert told["publishedMessage"] is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Dimensions": []}, "An EC2 action can only be used if the alarm is monitoring an EC2"),
        ({"MetricName": "StatusCheckFailed_Instance"}, "other than StatusCheckFailed_Instance"),
        ({"Namespace": "Shop"}, "Invalid use of EC2 'Recover' action"),
    ],
)
def test_recovering_is_not_for_everything(cloudwatch, more, message):
    with pytest.raises(ClientError, match=message):
        alarm(cloudwatch, "i-1", EC2 + "recover", **more)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:ssm:us-east-1:123456789012:opsitem:1#CATEGORY=Security",
        "arn:aws:ssm-incidents::123456789012:responseplan/plan",
    ],
)
def test_what_labkit_has_not_is_accepted_and_said_in_history(lab, cloudwatch, arn):
    alarm(cloudwatch, "i-1", arn)
    cloudwatch.set_alarm_state(AlarmName="ill", StateValue="ALARM", StateReason="drill")
    _, line, data = history(cloudwatch)[0]
    assert line == f"Failed to execute action {arn}"
    assert "labkit does not deliver to" in json.loads(data)["error"]
    with pytest.raises(ClientError, match="ALARM state only"):
        alarm(cloudwatch, "i-1", arn, AlarmActions=[], OKActions=[arn])


# -- functions
CODE = """
import json

def handler(event, context):
    print("GOT " + json.dumps(event, sort_keys=True))
"""


@pytest.fixture
def function(lab):
    """A function that prints its event."""
    iam = lab.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole"}]}  # fmt: skip
    role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    logs = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}  # fmt: skip
    iam.put_role_policy(RoleName="f", PolicyName="logs", PolicyDocument=json.dumps(logs))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), CODE)
    return lab.client("lambda").create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]  # fmt: skip


def test_a_function_is_invoked_with_its_own_document(lab, cloudwatch, function):
    heard = []
    lab.world.facts.hear("log.emitted", lambda fact: heard.extend(fact.data["events"]))
    cloudwatch.put_metric_alarm(
        AlarmName="slow", AlarmDescription="d", Namespace="Shop", MetricName="m", Period=60,
        Statistic="Average", EvaluationPeriods=1, Threshold=21, Unit="Seconds",
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[function],
        Dimensions=[{"Name": "page", "Value": "cart"}],
    )  # fmt: skip

    def ring(state):
        cloudwatch.set_alarm_state(AlarmName="slow", StateValue=state, StateReason=f"to {state}")
        lab.advance(seconds=5)

    ring("ALARM")
    assert history(cloudwatch, name="slow")[-1][1] == f"Failed to execute action {function}"
    lab.client("lambda").add_permission(
        FunctionName="f", StatementId="alarms", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com", SourceAccount="123456789012",
        SourceArn="arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow",
    )  # fmt: skip
    ring("OK")
    ring("ALARM")
    assert history(cloudwatch, name="slow")[-1][1] == f"Successfully executed action {function}"
    (line,) = [text for _, text in heard if text.startswith("GOT ")]
    event = json.loads(line.removeprefix("GOT "))
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmArn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow"
    assert (event["accountId"], event["region"]) == ("123456789012", "us-east-1")
    data = event["alarmData"]
    assert data["alarmName"] == "slow"
    assert (data["state"]["value"], data["state"]["reason"]) == ("ALARM", "to ALARM")
    assert (data["previousState"]["value"], data["previousState"]["reason"]) == ("OK", "to OK")
    assert event["time"] == data["state"]["timestamp"]
    assert data["configuration"]["description"] == "d"
    (query,) = data["configuration"]["metrics"]
    assert query["metricStat"] == {
        "metric": {"namespace": "Shop", "name": "m", "dimensions": {"page": "cart"}},
        "period": 60, "stat": "Average", "unit": "Seconds",
    }  # fmt: skip


def test_actions_that_are_switched_off_leave_the_states_alone(lab, cloudwatch, ec2):
    machine = launch(ec2)
    lab.advance(minutes=1)
    alarm(cloudwatch, machine, EC2 + "stop", ActionsEnabled=False)
    cloudwatch.set_alarm_state(AlarmName="ill", StateValue="ALARM", StateReason="drill")
    assert state_of(ec2, machine) == "running" and history(cloudwatch) == []
    cloudwatch.set_alarm_state(AlarmName="ill", StateValue="OK", StateReason="drill")
    cloudwatch.enable_alarm_actions(AlarmNames=["ill", "gone"])
    cloudwatch.set_alarm_state(AlarmName="ill", StateValue="ALARM", StateReason="drill")
    assert state_of(ec2, machine) == "stopping"
