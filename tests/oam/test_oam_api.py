"""Sinks and links through boto3, and what a monitoring account sees through them."""

import inspect
import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from machines import launch

from labkit.oam.api import OPERATIONS

SOURCE = "210987654321"
METRICS = "AWS::CloudWatch::Metric"
LOGS = "AWS::Logs::LogGroup"


def policy(account=SOURCE, types=(METRICS,)):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": account},
                    "Action": ["oam:CreateLink", "oam:UpdateLink"],
                    "Resource": "*",
                    "Condition": {"ForAllValues:StringEquals": {"oam:ResourceTypes": list(types)}},
                }
            ],
        }
    )


class Two:
    """A monitoring account and a source account."""

    def __init__(self, lab):
        self.lab = lab
        self.here = lab.client("oam")
        self.there = lab.client("oam", account_id=SOURCE)
        self.cloudwatch = lab.client("cloudwatch")
        self.source = lab.client("cloudwatch", account_id=SOURCE)
        self.sink = self.here.create_sink(Name="central")["Arn"]

    def link(self, types=(METRICS,), **more):
        self.here.put_sink_policy(SinkIdentifier=self.sink, Policy=policy(types=types))
        return self.there.create_link(
            LabelTemplate="shop", ResourceTypes=list(types), SinkIdentifier=self.sink, **more
        )

    def put(self, name="Orders", value=7.0, namespace="Shop", client=None):
        (client or self.source).put_metric_data(
            Namespace=namespace, MetricData=[{"MetricName": name, "Value": value}]
        )

    def ask(self, **query):
        now = self.lab.now
        answer = self.cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "q", **query}],
            StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=1),
        )  # fmt: skip
        return answer["MetricDataResults"]

    def orders(self, account=SOURCE, namespace="Shop", **more):
        metric = {"Namespace": namespace, "MetricName": "Orders"}
        stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
        return self.ask(MetricStat=stat, AccountId=account, **more)[0]


@pytest.fixture
def two(lab):
    return Two(lab)


def refused(call, **parameters):
    with pytest.raises(ClientError) as problem:
        call(**parameters)
    return problem.value.response["Error"]["Code"]


def test_operations_are_the_model():
    model = get_session().get_service_model("oam")
    assert sorted(name for _, name in OPERATIONS) == sorted(model.operation_names)
    for (_, name), operation in OPERATIONS.items():
        wanted = set(model.operation_model(name).input_shape.members)
        given = inspect.signature(operation).parameters.values()
        assert {p.name for p in given if p.kind is p.KEYWORD_ONLY} == wanted, name


# -- sinks and links
def test_a_sink(two):
    assert two.sink.startswith("arn:aws:oam:us-east-1:123456789012:sink/")
    got = two.here.get_sink(Identifier=two.sink)
    assert got["Name"] == "central"
    assert two.here.list_sinks()["Items"] == [{"Arn": two.sink, "Id": got["Id"], "Name": "central"}]
    assert refused(two.here.create_sink, Name="central") == "ConflictException"
    assert refused(two.here.create_sink, Name="other") == "ServiceQuotaExceededException"
    two.lab.client("oam", region_name="eu-west-1").create_sink(Name="other")


def test_without_a_policy_nobody_links(two):
    given = {"LabelTemplate": "x", "ResourceTypes": [METRICS], "SinkIdentifier": two.sink}
    assert refused(two.there.create_link, **given) == "AccessDeniedException"
    two.here.put_sink_policy(SinkIdentifier=two.sink, Policy=policy("111111111111"))
    assert refused(two.there.create_link, **given) == "AccessDeniedException"
    two.here.put_sink_policy(SinkIdentifier=two.sink, Policy=policy())
    assert refused(
        two.there.create_link, **{**given, "ResourceTypes": [METRICS, LOGS]}
    ) == "AccessDeniedException"  # fmt: skip
    assert two.there.create_link(**given)["Label"] == "x"


def test_a_link_from_both_sides(two):
    link = two.link()
    assert two.there.list_links()["Items"] == [
        {"Arn": link["Arn"], "Id": link["Id"], "Label": "shop", "ResourceTypes": [METRICS],
         "SinkArn": two.sink}
    ]  # fmt: skip
    assert two.here.list_attached_links(SinkIdentifier=two.sink)["Items"] == [
        {"Label": "shop", "LinkArn": link["Arn"], "ResourceTypes": [METRICS]}
    ]
    assert two.there.get_link(Identifier=link["Id"])["LabelTemplate"] == "shop"
    assert refused(two.here.get_link, Identifier=link["Id"]) == "ResourceNotFoundException"
    assert refused(two.link) == "ConflictException"
    assert refused(two.here.delete_sink, Identifier=two.sink) == "ConflictException"
    two.there.delete_link(Identifier=link["Arn"])
    two.here.delete_sink(Identifier=two.sink)
    assert two.here.list_sinks()["Items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"SinkIdentifier": "central"}, "InvalidParameterException"),
        ({"ResourceTypes": ["AWS::EC2::Instance"]}, "InvalidParameterException"),
        ({"LinkConfiguration": {"MetricConfiguration": {"Filter": "Namespace"}}},
         "InvalidParameterException"),
        ({"LinkConfiguration": {"LogGroupConfiguration": {"Filter": "LogGroupName = 'x'"}}},
         "InvalidParameterException"),
    ],
)  # fmt: skip
def test_links_refused(two, change, code):
    two.here.put_sink_policy(SinkIdentifier=two.sink, Policy=policy())
    given = {"LabelTemplate": "x", "ResourceTypes": [METRICS], "SinkIdentifier": two.sink}
    assert refused(two.there.create_link, **{**given, **change}) == code


def test_a_sink_is_no_target_of_its_own_account_or_of_another_region(two):
    given = {"LabelTemplate": "x", "ResourceTypes": [METRICS], "SinkIdentifier": two.sink}
    assert refused(two.here.create_link, **given) == "InvalidParameterException"
    away = two.lab.client("oam", region_name="eu-west-1", account_id=SOURCE)
    assert refused(away.create_link, **given) == "InvalidParameterException"


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"Statement": [{"Effect": "Maybe"}]}'])
def test_policies_refused(two, text):
    assert refused(
        two.here.put_sink_policy, SinkIdentifier=two.sink, Policy=text
    ) == "InvalidParameterException"  # fmt: skip
    assert "Policy" not in two.here.get_sink_policy(SinkIdentifier=two.sink)


def test_labels_and_tags(two):
    two.here.put_sink_policy(SinkIdentifier=two.sink, Policy=policy())
    link = two.there.create_link(
        LabelTemplate="acct $AccountName", ResourceTypes=[METRICS], SinkIdentifier=two.sink,
        Tags={"team": "shop"},
    )  # fmt: skip
    assert link["Label"] == f"acct {SOURCE}"
    two.there.tag_resource(ResourceArn=link["Arn"], Tags={"stage": "prod"})
    two.there.untag_resource(ResourceArn=link["Arn"], TagKeys=["team"])
    tags = two.there.list_tags_for_resource(ResourceArn=link["Arn"])["Tags"]
    assert tags == {"stage": "prod"}
    assert refused(
        two.here.list_tags_for_resource, ResourceArn=link["Arn"]
    ) == "ResourceNotFoundException"  # fmt: skip


# -- what a monitoring account sees
def test_metrics_of_a_source_account_need_the_link(two):
    two.put()
    assert two.orders()["StatusCode"] == "Forbidden"
    link = two.link()
    found = two.orders()
    assert (found["StatusCode"], found["Values"]) == ("Complete", [7.0])
    two.there.delete_link(Identifier=link["Arn"])
    assert two.orders()["StatusCode"] == "Forbidden"


def test_a_link_is_one_way_and_of_its_kind(two):
    two.put(client=two.cloudwatch)
    two.link(types=(LOGS,))
    two.put()
    assert two.orders()["StatusCode"] == "Forbidden"
    answer = two.source.list_metrics(IncludeLinkedAccounts=True)
    assert set(answer["OwningAccounts"]) == {SOURCE}


def test_a_filter_hides_namespaces(two):
    link = two.link(
        LinkConfiguration={"MetricConfiguration": {"Filter": "Namespace NOT LIKE 'Secret%'"}}
    )
    two.put()
    two.put(namespace="Secrets")
    assert two.orders()["Values"] == [7.0]
    assert two.orders(namespace="Secrets")["StatusCode"] == "Forbidden"
    listed = two.cloudwatch.list_metrics(IncludeLinkedAccounts=True)["Metrics"]
    assert {one["Namespace"] for one in listed} == {"Shop"}
    two.there.update_link(
        Identifier=link["Arn"], ResourceTypes=[METRICS],
        LinkConfiguration={"MetricConfiguration": {"Filter": "*"}},
    )  # fmt: skip
    assert two.orders(namespace="Secrets")["Values"] == [7.0]
    assert "LinkConfiguration" not in two.there.get_link(Identifier=link["Arn"])


def test_list_metrics_says_whose(two):
    two.link()
    two.put()
    two.put("Carts", client=two.cloudwatch)
    assert len(two.cloudwatch.list_metrics()["Metrics"]) == 1
    both = two.cloudwatch.list_metrics(IncludeLinkedAccounts=True)
    owners = dict(
        zip([one["MetricName"] for one in both["Metrics"]], both["OwningAccounts"], strict=True)
    )
    assert owners == {"Orders": SOURCE, "Carts": "123456789012"}
    only = two.cloudwatch.list_metrics(IncludeLinkedAccounts=True, OwningAccount=SOURCE)
    assert [one["MetricName"] for one in only["Metrics"]] == ["Orders"]
    code = refused(two.cloudwatch.list_metrics, OwningAccount=SOURCE)
    assert code == "InvalidParameterCombination"


def test_searches_and_sql_go_through_links(two):
    two.link()
    two.put(value=7.0)
    two.put(value=1.0, client=two.cloudwatch)
    search = "SEARCH('{Shop} MetricName=\"Orders\"', 'Sum', 60)"
    found = {one["Label"]: one["Values"] for one in two.ask(Expression=search)}
    assert found == {"123456789012 Orders": [1.0], "shop Orders": [7.0]}
    owned = f"SEARCH('{{Shop}} :aws.AccountId=\"{SOURCE}\" Orders', 'Sum', 60)"
    assert [one["Values"] for one in two.ask(Expression=owned)] == [[7.0]]
    total = two.ask(Expression='SELECT SUM(Orders) FROM "Shop"', Period=60)
    assert [one["Values"] for one in total] == [[8.0]]
    by = two.ask(Expression='SELECT SUM(Orders) FROM "Shop" GROUP BY AWS.AccountId', Period=60)
    assert {one["Label"]: one["Values"] for one in by} == {
        "123456789012": [1.0], SOURCE: [7.0],
    }  # fmt: skip


def test_dynamic_labels_name_the_account(two):
    two.link()
    two.put()
    label = "${PROP('AccountLabel')} ${PROP('AccountId')}"
    assert two.orders(Label=label)["Label"] == f"shop {SOURCE}"


def test_a_dashboard_over_two_accounts(lab, two):
    two.link()
    two.put()
    two.source.put_metric_alarm(
        AlarmName="busy", Namespace="Shop", MetricName="Orders", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    lab.advance(minutes=2)
    properties = {
        "region": "us-east-1", "period": 60, "stat": "Sum",
        "metrics": [["Shop", "Orders", {"accountId": SOURCE, "label": "there"}],
                    ["Shop", "Orders", {"label": "here"}]],
    }  # fmt: skip
    arn = f"arn:aws:cloudwatch:us-east-1:{SOURCE}:alarm:busy"
    body = {
        "widgets": [
            {"type": "metric", "properties": properties},
            {"type": "alarm", "properties": {"alarms": [arn]}},
        ]
    }
    two.cloudwatch.put_dashboard(DashboardName="both", DashboardBody=json.dumps(body))
    graph, alarms = lab.dashboard("both").data["tiles"]
    assert {one["label"]: one["values"] for one in graph["lines"]} == {"there": [7.0], "here": []}
    assert list(alarms["alarms"]) == ["busy"]
    two.there.delete_link(Identifier=two.there.list_links()["Items"][0]["Arn"])
    graph, alarms = lab.dashboard("both").data["tiles"]
    assert graph["lines"][0]["values"] == []
    assert "not linked" in graph["warnings"][0]
    assert alarms["alarms"] == {"busy": "not found"}


def test_machines_of_a_source_account_are_seen(two):
    machine = launch(two.lab.client("ec2", account_id=SOURCE))
    two.link()
    two.lab.advance(minutes=20)
    answer = two.cloudwatch.list_metrics(
        IncludeLinkedAccounts=True, Namespace="AWS/EC2", MetricName="CPUUtilization"
    )
    assert [one["Dimensions"][0]["Value"] for one in answer["Metrics"]] == [machine]


def test_an_alarm_on_a_source_accounts_metric(lab, two):
    metric = {"Namespace": "Shop", "MetricName": "Orders"}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    alarm = {
        "AlarmName": "busy", "EvaluationPeriods": 1, "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        "Metrics": [{"Id": "m", "MetricStat": stat, "AccountId": SOURCE}],
    }  # fmt: skip
    assert refused(two.cloudwatch.put_metric_alarm, **alarm) == "ValidationError"
    link = two.link()
    two.cloudwatch.put_metric_alarm(**alarm)

    def state():
        return two.cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"]

    lab.advance(minutes=2)
    assert state() == "OK"
    two.put()
    lab.advance(minutes=1)
    assert state() == "ALARM"
    [described] = two.cloudwatch.describe_alarms()["MetricAlarms"]
    assert described["Metrics"][0]["AccountId"] == SOURCE
    lab.advance(minutes=5)
    assert state() == "OK"
    two.there.delete_link(Identifier=link["Arn"])
    two.put()
    lab.advance(minutes=1)
    assert state() == "OK"


def test_a_link_made_anew_shows_what_came_meanwhile(lab, two):
    link = two.link()
    metric = {"Namespace": "Shop", "MetricName": "Orders"}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    two.cloudwatch.put_metric_alarm(
        AlarmName="busy", EvaluationPeriods=1, Threshold=5,
        ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
        Metrics=[{"Id": "m", "MetricStat": stat, "AccountId": SOURCE}],
    )  # fmt: skip
    lab.advance(minutes=1)
    two.there.delete_link(Identifier=link["Arn"])
    two.put()
    two.link()
    lab.advance(minutes=1)
    assert two.cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"


def test_a_world_with_links_can_be_saved(two, tmp_path):
    import labkit

    two.link()
    two.put()
    path = two.lab.save(tmp_path / "world")
    before = two.lab.digest()
    with labkit.Lab.open(path) as again:
        assert again.digest() == before
        found = again.client("oam").list_attached_links(SinkIdentifier=two.sink)["Items"]
        assert [one["Label"] for one in found] == ["shop"]
