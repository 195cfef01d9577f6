"""What the lessons on metric filters and subscriptions show and hold."""

import pytest

from labkit.course import streaming
from labkit.course.counting import LINES, PATTERNS, STATISTICS, counted
from labkit.logs.engine.pattern import parse


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_the_picture_takes_some_lines_and_not_all(pattern):
    hits = counted(pattern).data["hits"]
    assert 0 < hits < len(LINES)
    assert hits == sum(parse(pattern).matches(line) for _, line in LINES)


def test_what_each_statistic_reads_of_ones_and_zeros():
    def reads(statistic, default):
        return counted(PATTERNS[0], statistic, default).data["reads"]

    assert {one: (reads(one, "none"), reads(one, "0")) for one in STATISTICS} == {
        "Sum": ("3", "3"), "Average": ("1", "0.6"), "SampleCount": ("3", "5"),
        "Maximum": ("1", "1"),
    }  # fmt: skip
    drawn = counted("nowhere", "Average")
    assert drawn.data["reads"] == "nothing" and "0 of 12 lines match" in str(drawn)
    assert "points of the metric in these five minutes: none" in drawn.html


def test_lines_reach_a_stream_of_another_account_and_a_function(lab):
    write = streaming.writer(lab, "app")
    hers = streaming.Stream(lab, "s", "444455556666")
    assert streaming.Stream(lab, "s", "444455556666").arn == hers.arn
    logs = lab.client("logs", account_id="444455556666")
    arn = logs.put_destination(
        destinationName="d", targetArn=hers.arn,
        roleArn=streaming.role(lab, "into", "logs", "444455556666"),
    )["destination"]["arn"]  # fmt: skip
    logs.put_destination_policy(
        destinationName="d",
        accessPolicy=streaming.document({
            "Effect": "Allow", "Principal": {"AWS": lab.account},
            "Action": "logs:PutSubscriptionFilter", "Resource": arn,
        }),
    )  # fmt: skip
    code = "def handler(event, context):\n    print('heard', len(event['awslogs']['data']) > 0)\n"
    echo = streaming.function(lab, "echo", code)
    for name, to in (("hers", arn), ("echo", echo)):
        lab.client("logs").put_subscription_filter(
            logGroupName="app", filterName=name, filterPattern="ERROR", destinationArn=to
        )
    write("ERROR one", "INFO two")
    lab.advance(seconds=10)
    assert hers.lines() == ["ERROR one"]
    assert len(hers.records()) == 2 and len(hers.messages(streaming.CONTROL)) == 1
    told = lab.client("logs").filter_log_events(
        logGroupName="/aws/lambda/echo", filterPattern="heard"
    )["events"]
    assert [one["message"].strip() for one in told] == ["heard True"]
