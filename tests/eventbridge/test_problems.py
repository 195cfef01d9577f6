"""What rules sent and nobody got: seen in one view, with the reason."""

import pytest
from buskit import Queue, function, put, role, rule

from labkit.core.errors import ChainTooDeep

OTHER = "222222222222"
AGAIN = """
import boto3
def handler(event, context):
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    boto3.client("events").put_events(Entries=[entry])
"""


def test_nothing_to_tell(lab, events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    put(events)
    assert "has arrived" in str(lab.eventbridge.view_problems())


def test_a_target_that_lets_nobody_in(lab, events):
    closed = Queue(lab, "closed", closed=True)
    rule(events, {"source": ["shop"]}, closed.arn)
    put(events)
    shown = lab.eventbridge.view_problems()
    (one,) = shown.data["problems"]
    assert one["what"] == "not delivered" and one["target"] == closed.arn
    assert closed.arn in str(shown) and "sqs:SendMessage" in str(shown)
    assert "not delivered" in shown.html


def test_an_event_that_was_sent_on_once_stays_there(lab, events, queue):
    """From own to default: it came from a program; from default to far: it came from own."""
    far = events.create_event_bus(Name="far")["EventBusArn"]
    events.create_event_bus(Name="own")
    default = far.replace("event-bus/far", "event-bus/default")
    mine = role(lab, "r", "events:PutEvents")
    rule(events, {"source": ["shop"]}, default, "first", bus="own", RoleArn=mine)
    rule(events, {"source": ["shop"]}, far, "second", RoleArn=mine)
    rule(events, {"source": ["shop"]}, queue.arn, "far", bus="far")
    put(events)
    assert len(queue.events()) == 1 and not lab.eventbridge.view_problems().data["problems"]
    put(events, EventBusName="own")
    assert queue.events() == []
    (one,) = lab.eventbridge.view_problems().data["problems"]
    assert one["what"] == "not sent on" and one["rule"].endswith("rule/second")
    assert one["target"] == far and "on once" in one["why"]


def test_a_function_that_calls_itself_is_stopped_and_the_lab_goes_on(lab, events, queue):
    loop = rule(events, {"source": ["shop"]}, function(lab, AGAIN), "again")
    with pytest.raises(ChainTooDeep, match="rule again of bus default leads again and again") as e:
        put(events)
        lab.advance(minutes=10)
    told = str(e.value)
    assert told.count("event shop 'order' on default") == 1  # one round, not sixteen
    assert "events:PutEvents by arn:aws:sts" in told and "on AWS it would go on" in told
    (one,) = lab.eventbridge.view_problems().data["problems"]
    assert one["what"] == "a loop, stopped" and one["rule"] == loop
    rule(events, {"source": ["calm"]}, queue.arn, "calm")
    put(events, source="calm")
    lab.advance(minutes=10)
    assert len(queue.events()) == 1


def test_a_loop_that_a_call_of_its_function_began(lab, events):
    """A chain of odd length: the rule is named, not only the function."""
    loop = rule(events, {"source": ["shop"]}, function(lab, AGAIN), "again")
    with pytest.raises(ChainTooDeep, match="rule again of bus default"):
        lab.client("lambda").invoke(FunctionName="f")
        lab.advance(minutes=10)
    assert [one["rule"] for one in lab.eventbridge.view_problems().data["problems"]] == [loop]
