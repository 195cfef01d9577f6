"""Route 53: zones answer queries, count them, and log them where they shall."""

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted, let_write


@pytest.fixture
def route53(lab):
    return lab.client("route53")


@pytest.fixture
def zone(route53):
    made = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    changes = [
        ("www.example.com", "A", "192.0.2.1"),
        ("*.apps.example.com", "A", "192.0.2.2"),
        ("old.example.com", "CNAME", "www.example.com"),
    ]
    route53.change_resource_record_sets(
        HostedZoneId=made,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "CREATE",
                    "ResourceRecordSet": {
                        "Name": name,
                        "Type": kind,
                        "TTL": 60,
                        "ResourceRecords": [{"Value": value}],
                    },
                }
                for name, kind, value in changes
            ]
        },
    )
    return made.rpartition("/")[2]


def log_to(lab, route53, zone, group="/aws/route53/example.com"):
    logs = lab.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    let_write(lab, "route53.amazonaws.com")
    arn = f"arn:aws:logs:us-east-1:{lab.account}:log-group:{group}"
    return route53.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)


@pytest.mark.parametrize(
    ("name", "kind", "code", "values"),
    [
        ("www.example.com", "A", "NOERROR", ("192.0.2.1",)),
        ("WWW.example.com.", "A", "NOERROR", ("192.0.2.1",)),
        ("www.example.com", "AAAA", "NOERROR", ()),
        ("shop.apps.example.com", "A", "NOERROR", ("192.0.2.2",)),
        ("old.example.com", "A", "NOERROR", ("www.example.com",)),
        ("none.example.com", "A", "NXDOMAIN", ()),
        ("example.org", "A", "REFUSED", ()),
        ("notexample.com", "A", "REFUSED", ()),
    ],
)
def test_queries(lab, zone, name, kind, code, values):
    answer = lab.parts.backing.route53.query(lab.account, name, kind)
    assert (answer.code, answer.values) == (code, values)


def test_a_query_is_logged_in_the_documented_format(lab, route53, zone):
    emitted = Emitted(lab)
    query = lab.parts.backing.route53.query
    query(lab.account, "www.example.com")
    assert emitted.lines() == []  # nothing without a configuration
    log_to(lab, route53, zone)
    query(lab.account, "none.example.com", "AAAA", edge="FRA6", resolver="10.0.0.2")
    (told,) = emitted.of("log.emitted")
    assert told["log_group"] == "/aws/route53/example.com"
    assert told["log_stream"] == f"{zone}/FRA6"
    stamp = f"{lab.now:%Y-%m-%dT%H:%M:%S}.{lab.now.microsecond // 1000:03d}Z"
    wanted = f"1.0 {stamp} {zone} none.example.com AAAA NXDOMAIN UDP FRA6 10.0.0.2 -"
    assert emitted.lines() == [wanted]
    assert emitted.metric("DNSQueries", HostedZoneId=zone) == [1, 1]
    configs = route53.list_query_logging_configs()["QueryLoggingConfigs"]
    route53.delete_query_logging_config(Id=configs[0]["Id"])
    query(lab.account, "www.example.com")
    assert len(emitted.lines()) == 1


def test_one_configuration_for_each_zone(lab, route53, zone):
    log_to(lab, route53, zone)
    with pytest.raises(ClientError, match="QueryLoggingConfigAlreadyExists"):
        log_to(lab, route53, zone)
    with pytest.raises(ClientError, match="NoSuchHostedZone"):
        log_to(lab, route53, "ZNONE")


def test_queries_are_in_cloudwatch_logs_while_the_policy_stands(lab, route53, zone):
    logs, group = lab.client("logs"), "/aws/route53/example.com"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{lab.account}:log-group:{group}"

    def configure():
        return route53.create_query_logging_config(
            HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn
        )["QueryLoggingConfig"]["Id"]

    def stored():
        lab.parts.backing.route53.query(lab.account, "www.example.com", edge="FRA6")
        return [
            (event["logStreamName"], event["message"].split()[3:6])
            for event in logs.filter_log_events(logGroupName=group)["events"]
        ]

    with pytest.raises(ClientError, match="InsufficientCloudWatchLogsResourcePolicy"):
        configure()
    like = {"ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/ZOTHER"}}
    let_write(lab, "route53.amazonaws.com", **like)
    with pytest.raises(ClientError, match="InsufficientCloudWatchLogsResourcePolicy"):
        configure()
    like["ArnLike"]["aws:SourceArn"] = f"arn:aws:route53:::hostedzone/{zone}"
    let_write(lab, "route53.amazonaws.com", **like)
    made = configure()
    one = (f"{zone}/FRA6", ["www.example.com", "A", "NOERROR"])
    assert stored() == [one]
    logs.delete_resource_policy(policyName="writes")
    assert stored() == [one]
    let_write(
        lab, "route53.amazonaws.com", StringEquals={"aws:SourceAccount": lab.account}
    )  # fmt: skip
    assert stored() == [one, one]
    route53.delete_query_logging_config(Id=made)
    assert stored() == [one, one]
