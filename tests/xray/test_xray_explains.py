"""Filters and sampling explained, and filters through the API."""

import json

import pytest
from botocore.exceptions import ClientError

from labkit.core.errors import LabError

PAY = {
    "RuleName": "pay", "Priority": 10, "FixedRate": 1.0, "ReservoirSize": 5, "URLPath": "/pay*",
    "HTTPMethod": "*", "Host": "*", "ServiceName": "*", "ServiceType": "*", "ResourceARN": "*",
    "Version": 1,
}  # fmt: skip


@pytest.fixture
def sent(lab):
    """The id of a trace: front answers 200, checkout below it faults."""
    at = int(lab.now.timestamp())
    trace_id = f"1-{at:08x}-{1:024x}"
    front = {
        "id": "1" * 16, "trace_id": trace_id, "name": "front", "start_time": at,
        "end_time": at + 4, "user": "lena", "annotations": {"version": "2.4.1"},
        "subsegments": [{"id": "2" * 16, "name": "checkout", "namespace": "remote",
                         "start_time": at + 1, "end_time": at + 3, "fault": True}],
    }  # fmt: skip
    checkout = {
        "id": "3" * 16, "trace_id": trace_id, "parent_id": "2" * 16, "name": "checkout",
        "start_time": at + 1, "end_time": at + 2.7, "fault": True,
    }  # fmt: skip
    lab.client("xray").put_trace_segments(
        TraceSegmentDocuments=[json.dumps(front), json.dumps(checkout)]
    )
    return trace_id


def found(lab, expression):
    answer = lab.client("xray").get_trace_summaries(
        StartTime=lab.now.timestamp() - 60,
        EndTime=lab.now.timestamp() + 60,
        FilterExpression=expression,
    )
    return [one["Id"] for one in answer["TraceSummaries"]]


def test_summaries_by_filter_group_and_account(lab, sent):
    lab.client("xray").create_group(GroupName="slow", FilterExpression="responsetime > 3")
    arn = lab.client("xray").get_group(GroupName="slow")["Group"]["GroupARN"]
    table = {
        "fault = true": False,
        'service("checkout") { fault }': True,
        'edge("front", "checkout") { fault } AND annotation.version = "2.4.1"': True,
        'group.name = "slow" AND user = "lena"': True,
        f'group.arn = "{arn}"': True,
        'group.name = "fast"': False,
        f'service(id(name: "checkout", account.id: "{lab.account}"))': True,
        'service(id(account.id: "111122223333"))': False,
    }
    for expression, expected in table.items():
        assert found(lab, expression) == ([sent] if expected else []), expression


def test_a_wrong_filter_is_refused_in_summaries_and_groups(lab, sent):
    with pytest.raises(ClientError, match=r"InvalidRequestException.*Invalid input symbol.*fault"):
        found(lab, "faut")
    with pytest.raises(ClientError, match="Invalid input symbol"):
        lab.client("xray").create_group(GroupName="g", FilterExpression='service("a"')


def test_why_a_filter_does_not_find_a_trace(lab, sent):
    told = lab.xray.explain_filter('fault AND service("checkout") { responsetime > 3 }', sent)
    assert told.title.startswith(f"{sent} is not found by fault AND service")
    assert "\u2717 fault" in str(told) and "alone was asked" in str(told)
    assert "responsetime is 1.7 of segment 3333333333333333 of checkout" in str(told)
    assert "all of these" in told.html and "<script" not in told.html
    assert told.data["passed"] is False
    assert lab.xray.explain_filter("ok", sent).data["passed"] is True


def test_explaining_a_filter_that_is_none_or_a_trace_that_is_not_there(lab, sent):
    with pytest.raises(LabError, match="did you mean fault"):
        lab.xray.explain_filter("faut", sent)
    with pytest.raises(LabError, match="no trace"):
        lab.xray.explain_filter("ok", "1-00000000-000000000000000000000000")


def test_who_decides_about_a_request(lab):
    lab.client("xray").create_sampling_rule(SamplingRule=PAY)
    browse = lab.xray.explain_sampling("/browse", "GET", requests=40)
    assert browse.data["rule"] == "Default"
    hows = [one["how"] for one in browse.data["decisions"]]
    assert hows == ["borrowed"] + ["rate"] * 39
    assert "URLPath /pay* does not fit /browse" in str(browse)
    pay = lab.xray.explain_sampling("/pay/7", "POST", quota=2)
    assert [one["how"] for one in pay.data["decisions"]] == ["reservoir", "reservoir", "rate"]
    assert all(one["sampled"] for one in pay.data["decisions"])
    assert "3 of 3 requests in one second are traced" in pay.title
    assert "not asked any more" in str(pay)
    assert str(browse) == str(lab.xray.explain_sampling("/browse", "GET", requests=40))
    with pytest.raises(LabError):
        lab.xray.explain_sampling(requests=0)


def test_an_sdk_passes_over_rules_with_attributes(lab):
    rule = {**PAY, "RuleName": "bots", "URLPath": "*", "Attributes": {"User-Agent": "*bot*"}}
    lab.client("xray").create_sampling_rule(SamplingRule=rule)
    assert "passed over" in str(lab.xray.explain_sampling("/"))
    gateway = lab.xray.explain_sampling("/", attributes={"User-Agent": "a bot"})
    assert gateway.data["rule"] == "bots"


def test_what_sampling_comes_to(lab):
    told = lab.xray.sampled_figures(100)
    assert told.data["per_minute"] == pytest.approx(357)
    assert "357 traces a minute, $76.61 a month" in told.title
    assert "caught within 10 min  99.9 %" in str(told)
    assert "#" + "+" * 3 + "." * 56 in str(told)
    assert lab.xray.sampled_figures(0).data["chance"] == 0
    with pytest.raises(LabError):
        lab.xray.sampled_figures(10, rate=5)


def test_how_rules_were_used(lab):
    lab.client("xray").create_sampling_rule(SamplingRule=PAY)
    assert "no program has reported" in lab.xray.view_sampling().title
    lab.client("xray").get_sampling_targets(
        SamplingStatisticsDocuments=[
            {"RuleName": "pay", "ClientID": "a" * 24, "Timestamp": lab.now, "RequestCount": 110,
             "SampledCount": 20, "BorrowCount": 10}
        ]
    )  # fmt: skip
    told = lab.xray.view_sampling()
    assert "20 of 110 requests of the last ten minutes were traced" in told.title
    assert told.data["pay"] == {"requests": 110, "sampled": 20, "borrowed": 10}
    assert "18.2 %" in told.html
