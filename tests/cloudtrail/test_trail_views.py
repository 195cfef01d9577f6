"""Views of CloudTrail: what they say, in words and numbers, and that pictures hold it."""

import gzip
from datetime import timedelta

import pytest
from test_trail_validation import keys, trail  # noqa: F401 - a fixture

from labkit.cloudtrail.views.activity import activity
from labkit.cloudtrail.views.acts import Act
from labkit.cloudtrail.views.who import who_did_what
from labkit.core.clock import DAY, HOUR, MINUTE
from labkit.core.errors import LabError

MONDAY = 1767571200 * 1_000_000  # 2026-01-05


def act(minute, who="mara", ip="203.0.113.10", what="ListBuckets", *, reads=True, error=""):
    return Act(MONDAY + minute * MINUTE, who, ip, what, reads, error)


def test_who_did_what_names_two_addresses_and_refusals():
    drawn = who_did_what(
        [
            act(1), act(2), act(3, "lena"),
            act(9, "lena", "192.0.2.66", "RunInstances", reads=False),
            act(8, "lena", "192.0.2.66", error="AccessDenied"),
        ]
    )  # fmt: skip
    assert drawn.title == (
        "5 calls of 2 identities; 1 refused, most of lena (1); lena from 2 addresses."
    )
    first = drawn.data["lanes"][0]
    assert (first["who"], first["source_ip"]) == ("lena", "192.0.2.66")
    assert (first["calls"], first["writes"], first["refused"]) == (2, 1, 1)
    assert first["first"] == "2026-01-05T00:08:00Z"
    assert "lena from 192.0.2.66" in drawn.svg and "RunInstances 1" in str(drawn)


def test_lanes_that_are_too_many_are_counted():
    drawn = who_did_what([act(n, f"user-{n}") for n in range(20)])
    assert "6 further identities not shown" in str(drawn)
    assert len(drawn.data["lanes"]) == 20


def test_nobody_called():
    assert who_did_what([]).title == "Nobody called in this time."


def test_activity_counts_hours_of_days():
    times = [MONDAY + 9 * HOUR] * 5 + [MONDAY + DAY + 9 * HOUR + 59 * MINUTE] * 12
    drawn = activity(times, MONDAY, MONDAY + 2 * DAY)
    assert drawn.title == "17 calls; the busiest hour was Tue 6 Jan 09:00 with 12."
    assert drawn.data["calls"][0][9] == 5 and drawn.data["calls"][1][9] == 12
    assert str(drawn).splitlines()[3].startswith("Tue 6 Jan")
    assert activity([], MONDAY, MONDAY + DAY).title == "No call in this time."


def test_the_lab_shows_a_week(lab):
    lab.people.week()
    heat = lab.cloudtrail.view_activity(7)
    assert len(heat.data["days"]) == 7
    tuesday = heat.data["calls"][0]
    assert tuesday[10] > 1.5 * tuesday[4]
    night = lab.cloudtrail.view_activity(7, event_name="CreateSnapshot")
    assert {hour for row in night.data["calls"] for hour, n in enumerate(row) if n} == {2}
    who = lab.cloudtrail.view_who(start=lab.now - timedelta(days=3))
    assert {"watcher", "shop-web"} <= {lane["who"] for lane in who.data["lanes"]}
    table = lab.cloudtrail.view_events(("EventName", "CreateSnapshot"), limit=5)
    assert len(table.data["events"]) == 5


def test_the_chain_of_an_untouched_trail(lab, trail):  # noqa: F811
    drawn = lab.cloudtrail.view_digests("audit")
    assert drawn.title == "3 digests and 3 log files of audit are as they were delivered."
    assert drawn.data["valid"] and "\u2717" not in drawn.svg


def test_the_chain_shows_what_was_touched(lab, trail):  # noqa: F811
    s3 = lab.client("s3")
    log, gone = keys(lab, "CloudTrail")[0], keys(lab, "CloudTrail-Digest")[1]
    s3.put_object(Bucket="proof", Key=log, Body=gzip.compress(b"{}"))
    s3.delete_object(Bucket="proof", Key=gone)
    drawn = lab.cloudtrail.view_digests(trail.get_trail(Name="audit")["Trail"]["TrailARN"])
    assert drawn.title == "2 of 5 files of audit are not as they were delivered."
    wrong = {one["key"] for one in drawn.data["files"] if one["verdict"] != "valid"}
    assert wrong == {log, gone}
    assert "hash value doesn't match" in str(drawn) and "\u2717" in drawn.svg


def test_a_trail_without_digests_proves_nothing(lab, trail):  # noqa: F811
    drawn = lab.cloudtrail.view_digests("audit", region="eu-west-1")
    assert drawn.title == "audit has no digest files here: nothing can be proven."
    with pytest.raises(LabError, match="there are: audit"):
        lab.cloudtrail.validate("audits")


def insight_record(state, at, average, duration, error=None):
    return {
        "eventTime": at, "awsRegion": "us-east-1", "eventType": "AwsCloudTrailInsight",
        "sharedEventID": "s",
        "insightDetails": {
            "state": state, "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
            "insightType": "ApiErrorRateInsight" if error else "ApiCallRateInsight",
            **({"errorCode": error} if error else {}),
            "insightContext": {
                "statistics": {
                    "baseline": {"average": 0.002}, "insight": {"average": average},
                    "insightDuration": duration, "baselineDuration": 10080,
                },
                "attributions": [
                    {"attribute": "userIdentityArn",
                     "insight": [{"value": "arn:aws:iam::123456789012:user/lena", "average": 4.0}],
                     "baseline": [{"value": "arn:aws:iam::123456789012:user/t", "average": 0.002}]},
                    {"attribute": "errorCode",
                     "insight": [{"value": None, "average": 4.0}],
                     "baseline": [{"value": None, "average": 0.002}]},
                ],
            },
        },
    }  # fmt: skip


def test_an_insight_with_its_calls(lab):
    night = lab.now.replace(hour=2, minute=0) - timedelta(days=1)
    lab.people.week(lab.people.episode("run_instances", night, minutes=20))
    start = insight_record("Start", "2026-01-04T02:00:00Z", 4.0, 1)
    end = insight_record("End", "2026-01-04T02:20:00Z", 4.0, 20)
    drawn = lab.cloudtrail.view_insight(start, end)
    assert drawn.title == (
        "RunInstances 4 times a minute; usual are 0.002 a minute, 2,000 times as often."
    )
    spike = drawn.data["minutes"][30:50]
    assert sum(spike) == 80 and set(spike) == {4}
    assert drawn.data["attributions"][0]["baseline"] == 0.0
    assert drawn.data["attributions"][1]["value"] == "none"
    assert "user/lena" in drawn.svg and "identity" in str(drawn)


def test_an_insight_of_errors_counts_these_alone(lab):
    night = lab.now.replace(hour=2, minute=0) - timedelta(days=1)
    lab.people.week(lab.people.episode("deleted_subnet", night))
    record = insight_record("Start", "2026-01-04T02:00:00Z", 1, 1, "Client.UnauthorizedOperation")
    record["insightDetails"]["eventName"] = "DeleteSubnet"
    drawn = lab.cloudtrail.view_insight(record)
    assert drawn.title.startswith("DeleteSubnet failed with Client.UnauthorizedOperation 1 times")
    assert sum(drawn.data["minutes"]) == 1
    assert drawn.data["end"] is None
