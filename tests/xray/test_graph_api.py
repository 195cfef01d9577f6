"""The service graph and insights over real boto3."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from mapkit import NINE, checkout

from labkit.core.clock import to_us


@pytest.fixture
def xray(lab):
    return lab.client("xray")


def put(xray, *stories):
    documents = [json.dumps(one) for story in stories for one in story.documents]
    for n in range(0, len(documents), 50):
        assert not xray.put_trace_segments(TraceSegmentDocuments=documents[n : n + 50])[
            "UnprocessedTraceSegments"
        ]


def hour(lab):
    return {"StartTime": lab.now - timedelta(hours=1), "EndTime": lab.now + timedelta(minutes=1)}


def test_get_service_graph(lab, xray):
    put(xray, *(checkout(n, throttled=n < 3) for n in range(10)))
    asked = hour(lab)
    told = xray.get_service_graph(**asked)
    # JSON of this API tells whole seconds.
    assert told["StartTime"] == asked["StartTime"].replace(microsecond=0)
    assert told["ContainsOldGroupVersions"] is False
    services = {one["Name"]: one for one in told["Services"] if one.get("Type") != "client"}
    front = services["front"]
    assert front["Root"] is True and front["State"] == "active"
    assert front["AccountId"] == lab.account and "AccountId" not in services["products"]
    assert front["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 3
    products = services["products"]
    assert products["State"] == "unknown" and "Root" not in products
    assert products["SummaryStatistics"]["ErrorStatistics"]["ThrottleCount"] == 3
    clients = [one for one in told["Services"] if one.get("Type") == "client"]
    assert [one["Edges"][0]["ReferenceId"] for one in clients] == [front["ReferenceId"]]
    assert "SummaryStatistics" not in clients[0]


def test_a_group_has_its_own_graph(lab, xray):
    xray.create_group(GroupName="bad", FilterExpression="fault")
    lab.advance(seconds=5)
    now = to_us(lab.now) / 1e6
    put(xray, *(checkout(n, now, throttled=n < 3) for n in range(10)))
    for named in ({"GroupName": "bad"}, {"GroupARN": xray.get_groups()["Groups"][1]["GroupARN"]}):
        told = xray.get_service_graph(**hour(lab), **named)["Services"]
        assert told[0]["SummaryStatistics"]["TotalCount"] == 3
    assert len(xray.get_service_graph(**hour(lab), GroupName="Default")["Services"]) == 6


@pytest.mark.parametrize(
    ("operation", "more", "said"),
    [
        ("get_service_graph", {"StartTime": -7}, "Time range cannot be longer than 6 hours"),
        ("get_service_graph", {"StartTime": 2}, "before"),
        ("get_service_graph", {"GroupName": "nobody"}, "not found"),
        ("get_service_graph", {"NextToken": "?"}, "NextToken"),
        ("get_time_series_service_statistics", {"Period": 61}, "60 or 300"),
        ("get_time_series_service_statistics", {"ForecastStatistics": True}, "Entity"),
        (
            "get_time_series_service_statistics",
            {"EntitySelectorExpression": "service("},
            "Invalid input symbol",
        ),
        ("get_insight_summaries", {}, "GroupName"),
    ],
)
def test_what_is_refused(lab, xray, operation, more, said):
    asked = {"StartTime": lab.now - timedelta(hours=1), "EndTime": lab.now}
    if "StartTime" in more:
        more = {"StartTime": lab.now + timedelta(hours=more["StartTime"])}
    with pytest.raises(ClientError, match=said) as caught:
        getattr(xray, operation)(**{**asked, **more})
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_pages(lab, xray, monkeypatch):
    from labkit.xray.api import graph

    monkeypatch.setattr(graph, "PAGE", 4)
    put(xray, checkout())
    found = [
        one["ReferenceId"]
        for page in xray.get_paginator("get_service_graph").paginate(**hour(lab))
        for one in page["Services"]
    ]
    assert found == list(range(6))


def test_get_trace_graph(lab, xray):
    stories = [checkout(n) for n in range(3)]
    put(xray, *stories)
    told = xray.get_trace_graph(TraceIds=[stories[0].trace_id, "1-67000000-" + "0" * 24])
    front = next(one for one in told["Services"] if one["Name"] == "front")
    assert front["SummaryStatistics"]["TotalCount"] == 1
    assert xray.get_trace_graph(TraceIds=[])["Services"] == []


def test_time_series(lab, xray):
    lab.advance(minutes=6)
    put(xray, *(checkout(n, NINE + 30 * n, throttled=n == 3) for n in range(8)))
    asked = {"StartTime": lab.now - timedelta(minutes=6), "EndTime": lab.now}

    def rows(**more):
        return xray.get_time_series_service_statistics(**asked, **more)[
            "TimeSeriesServiceStatistics"
        ]

    seen = rows()
    assert [one["EdgeSummaryStatistics"]["TotalCount"] for one in seen] == [2, 2, 2, 2, 0, 0, 0]
    table = rows(EntitySelectorExpression='service("products")')
    assert [
        one["ServiceSummaryStatistics"]["ErrorStatistics"]["ThrottleCount"] for one in table
    ] == [0, 1, 0, 0, 0, 0, 0]
    assert table[0]["ResponseTimeHistogram"] == [{"Value": 0.08, "Count": 2}]
    call = rows(EntitySelectorExpression='edge("checkout", "catalogue")', Period=300)
    assert [one["EdgeSummaryStatistics"]["TotalCount"] for one in call] == [8, 0]
    named = rows(EntitySelectorExpression='id(name: "front", type: "AWS::EC2::Instance")')
    assert named[0]["ServiceSummaryStatistics"]["TotalCount"] == 2
    assert not rows(EntitySelectorExpression='service("nobody")')[0]["ServiceSummaryStatistics"][
        "TotalCount"
    ]


def test_summaries_tell_root_causes(lab, xray):
    put(xray, checkout(throttled=True))
    [told] = xray.get_trace_summaries(**hour(lab))["TraceSummaries"]
    [cause] = told["FaultRootCauses"]
    assert cause["Services"][-1]["Name"] == "products" and cause["ClientImpacting"] is True
    assert told["ResponseTimeRootCauses"][0]["Services"][0]["EntityPath"][0]["Coverage"] == 1
    found = xray.get_trace_summaries(
        **hour(lab), FilterExpression='rootcause.fault.service { name = "products" }'
    )
    assert len(found["TraceSummaries"]) == 1


@pytest.fixture
def incident(lab, xray):
    """Twenty calm minutes, six in which the table throttles, ten calm ones."""
    xray.update_group(
        GroupName="Default",
        InsightsConfiguration={"InsightsEnabled": True, "NotificationsEnabled": True},
    )
    number = 0
    for minute in range(36):
        now = to_us(lab.now) / 1e6
        stories = []
        for n in range(20):
            number += 1
            stories.append(checkout(number, now + n, throttled=20 <= minute < 26 and n < 9))
        put(xray, *stories)
        lab.advance(minutes=1)
    return lab


def test_an_insight_from_beginning_to_end(incident, xray, lab):
    asked = {"StartTime": lab.now - timedelta(hours=2), "EndTime": lab.now, "GroupName": "Default"}
    [told] = xray.get_insight_summaries(**asked)["InsightSummaries"]
    assert told["State"] == "CLOSED" and told["Categories"] == ["FAULT"]
    assert told["RootCauseServiceId"]["Name"] == "products"
    begun = (told["StartTime"] - (lab.now - timedelta(minutes=36))) / timedelta(minutes=1)
    assert round(begun) == 20
    assert told["RootCauseServiceRequestImpactStatistics"]["FaultCount"] == 54
    assert told["ClientRequestImpactStatistics"]["FaultCount"] == 54
    assert {one["ServiceId"]["Name"] for one in told["TopAnomalousServices"]} == {
        "front", "checkout", "catalogue", "products",
    }  # fmt: skip
    assert xray.get_insight_summaries(**asked, States=["ACTIVE"])["InsightSummaries"] == []
    same = xray.get_insight(InsightId=told["InsightId"])["Insight"]
    assert same["Summary"] == told["Summary"] and "LastUpdateTime" not in same
    events = xray.get_insight_events(InsightId=told["InsightId"])["InsightEvents"]
    assert len(events) >= 3 and events[0]["EventTime"] > events[-1]["EventTime"]
    graph = xray.get_insight_impact_graph(
        InsightId=told["InsightId"], StartTime=told["StartTime"], EndTime=told["EndTime"]
    )
    named = [one["Name"] for one in graph["Services"]]
    assert "pay.example.com" not in named and named.count("front") == 2
    with pytest.raises(ClientError, match="not found"):
        xray.get_insight(InsightId="00000000-0000-4000-a000-000000000000")
    band = xray.get_time_series_service_statistics(
        StartTime=told["StartTime"], EndTime=told["EndTime"], Period=300,
        EntitySelectorExpression='service("front")', ForecastStatistics=True,
    )["TimeSeriesServiceStatistics"][0]  # fmt: skip
    faults = band["ServiceSummaryStatistics"]["FaultStatistics"]["TotalCount"]
    assert faults > band["ServiceForecastStatistics"]["FaultCountHigh"]


def test_eventbridge_hears_of_it(lab, xray):
    events, logs = lab.client("events"), lab.client("logs")
    logs.create_log_group(logGroupName="/aws/events/insights")
    events.put_rule(
        Name="insights",
        EventPattern=json.dumps(
            {"source": ["aws.xray"], "detail-type": ["AWS X-Ray Insight Update"],
             "detail": {"Category": ["FAULT"]}}
        ),
    )  # fmt: skip
    logs.put_resource_policy(policyName="rules", policyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
             "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]}
    ))  # fmt: skip
    arn = f"arn:aws:logs:us-east-1:{lab.account}:log-group:/aws/events/insights"
    events.put_targets(Rule="insights", Targets=[{"Id": "log", "Arn": arn}])
    xray.update_group(
        GroupName="Default",
        InsightsConfiguration={"InsightsEnabled": True, "NotificationsEnabled": True},
    )
    for minute in range(24):
        now = to_us(lab.now) / 1e6
        put(xray, *(checkout(100 * minute + n, now + n, throttled=minute > 17 and n < 9)
                    for n in range(12)))  # fmt: skip
        lab.advance(minutes=1)
    heard = [
        json.loads(one["message"])
        for one in logs.filter_log_events(logGroupName="/aws/events/insights")["events"]
    ]
    assert heard and heard[0]["detail-type"] == "AWS X-Ray Insight Update"
    detail = heard[0]["detail"]
    assert detail["State"] == "ACTIVE" and detail["RootCauseServiceId"]["Name"] == "products"


def test_a_graph_asked_again_knows_the_new(lab, xray):
    put(xray, checkout(1))
    first = xray.get_service_graph(**hour(lab))["Services"][0]["SummaryStatistics"]["TotalCount"]
    put(xray, checkout(2))
    again = xray.get_service_graph(**hour(lab))["Services"][0]["SummaryStatistics"]["TotalCount"]
    assert (first, again) == (1, 2)
