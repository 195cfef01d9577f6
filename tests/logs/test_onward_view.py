"""The picture of where lines go on: what it says in words, and what stands in it."""

import pytest

from labkit.logs.views import onward

HERS = "arn:aws:logs:us-east-1:444455556666:destination:failures"
ARNS = {
    "arn:aws:lambda:us-east-1:123456789012:function:echo": ("Lambda function", "echo"),
    "arn:aws:kinesis:us-east-1:123456789012:stream/central": ("Kinesis stream", "central"),
    "arn:aws:firehose:us-east-1:123456789012:deliverystream/lake": ("Firehose stream", "lake"),
    HERS: ("destination", "failures"),
}


def row(group, to, forwarded=1, waiting=0, dropped=0, last="", pattern="ERROR", name="f"):
    return {"filter": name, "group": group, "pattern": pattern, "to": to, "forwarded": forwarded,
            "waiting": waiting, "dropped": dropped, "last": last}  # fmt: skip


@pytest.mark.parametrize("arn", ARNS)
def test_a_destination_has_a_name_that_a_person_would_say(arn):
    assert onward.named(arn)[:2] == ARNS[arn]


def test_what_went_on_and_whose_the_destination_is():
    central = next(arn for arn in ARNS if "kinesis" in arn)
    drawn = onward.subscriptions(
        [row("/app", central, 10), row("/app", HERS, 2, pattern=""), row("/till", central)],
        "123456789012",
    )
    assert drawn.title == "3 subscription filters: 13 events went on, none was dropped"
    assert "destination failures of 444455556666" in str(drawn)
    for said in ("Kinesis stream", "destination of 444455556666", "every line", "10 went on"):
        assert said in drawn.html
    assert drawn.html.count(">central<".replace("<", "%3C").replace(">", "%3E")) == 1


def test_a_refusal_is_said():
    drawn = onward.subscriptions([row("/app", HERS, 0, 3, 4, "AccessDenied: no")], "1")
    assert drawn.title == "1 subscription filter: 0 events went on, 3 wait, 4 were dropped"
    assert "last refusal: AccessDenied: no" in drawn.html
    assert "0 went on, 3 wait, 4 dropped" in drawn.html
    assert "stroke-dasharray" in drawn.html


def test_nothing_is_subscribed():
    assert str(onward.subscriptions([])) == "No subscription filters"
