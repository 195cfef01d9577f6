"""Events between accounts and Regions: bus policies, the centralised bus, one hop only."""

import json

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, Queue, put, rule

OTHER = "222222222222"
THIRD = "333333333333"


def bus(account=OTHER, region="us-east-1", name="default"):
    return f"arn:aws:events:{region}:{account}:event-bus/{name}"


@pytest.fixture
def other(lab):
    return lab.client("events", account_id=OTHER)


@pytest.fixture
def central(lab, other):
    """The centralised bus's queue: in another account, on its default bus."""
    queue = Queue(lab, "central", account_id=OTHER)
    rule(other, {"source": ["shop"]}, queue.arn)
    return queue


def test_without_leave_nothing_arrives(lab, events, central):
    dead = Queue(lab, "dead")
    rule(events, {"source": ["shop"]}, bus(), DeadLetterConfig={"Arn": dead.arn})
    put(events)
    assert central.events() == []
    attributes = dead.messages()[0]["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_with_leave_the_event_arrives_and_keeps_its_account(events, other, central):
    other.put_permission(Action="events:PutEvents", Principal=ACCOUNT, StatementId="shop")
    rule(events, {"source": ["shop"]}, bus())
    sent = put(events, {"n": 1})
    (event,) = central.events()
    assert event["account"] == ACCOUNT and event["id"] == sent["EventId"]
    policy = json.loads(other.describe_event_bus()["Policy"])
    assert policy["Statement"] == [
        {
            "Sid": "shop",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "events:PutEvents",
            "Resource": bus(),
        }
    ]
    other.remove_permission(StatementId="shop")
    put(events, {"n": 2})
    assert central.events() == []
    with pytest.raises(ClientError, match="Statement with the provided id does not exist"):
        other.remove_permission(StatementId="shop")


def test_a_programs_events_may_be_put_on_anothers_bus_with_leave(events, other, central):
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        put(events, EventBusName=bus())
    other.put_permission(
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "all",
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "events:PutEvents",
                        "Resource": bus(),
                    }
                ],
            }
        )
    )
    put(events, EventBusName=bus())
    assert len(central.events()) == 1


def test_an_event_is_sent_on_once(lab, events, other, central):
    third = lab.client("events", account_id=THIRD)
    far = Queue(lab, "far", account_id=THIRD)
    rule(third, {"source": ["shop"]}, far.arn)
    for client, sender in ((other, ACCOUNT), (third, OTHER)):
        client.put_permission(Action="events:PutEvents", Principal=sender, StatementId="s")
    rule(events, {"source": ["shop"]}, bus())
    rule(other, {"source": ["shop"]}, bus(THIRD), "on")
    put(events)
    assert len(central.events()) == 1
    assert far.events() == []
    put(other)
    assert len(far.events()) == 1


def test_another_region(lab, events):
    queue = Queue(lab, "west", region_name="eu-west-1")
    west = lab.client("events", region_name="eu-west-1")
    rule(west, {"source": ["shop"]}, queue.arn)
    rule(events, {"source": ["shop"]}, bus(ACCOUNT, "eu-west-1"))
    put(events)
    (event,) = queue.events()
    assert event["region"] == "us-east-1"


def test_input_is_not_for_another_accounts_bus(events):
    with pytest.raises(ClientError, match="event bus of a different AWS account"):
        rule(events, {"source": ["shop"]}, bus(), InputPath="$.detail")


def test_the_policy_of_a_bus_denies_its_own_administrator(lab, events):
    deny = {"Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents",
            "Resource": bus(ACCOUNT)}  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    events.put_permission(Policy=document)
    with pytest.raises(ClientError, match="explicit deny"):
        put(events)


def test_another_accounts_rules_need_leave(lab, events, other):
    params = {"Name": "theirs", "EventPattern": '{"source":["shop"]}', "EventBusName": bus()}
    with pytest.raises(ClientError, match="events:PutRule"):
        events.put_rule(**params)
    allow = {"Sid": "rules", "Effect": "Allow", "Principal": {"AWS": ACCOUNT},
             "Action": ["events:PutRule"],
             "Resource": f"arn:aws:events:us-east-1:{OTHER}:rule/*"}  # fmt: skip
    other.put_permission(Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    events.put_rule(**params)
    assert other.describe_rule(Name="theirs")["CreatedBy"] == ACCOUNT


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"Action": "events:PutEvents"}, "are required"),
        ({"Action": "events:PutRule", "Principal": ACCOUNT, "StatementId": "s"}, "not supported"),
        ({"Policy": "no"}, "no policy document"),
        ({"Policy": '{"Statement":[{"Effect":"Allow"}]}'}, "each statement needs"),
    ],
)
def test_what_is_no_permission(events, params, text):
    with pytest.raises(ClientError, match=text):
        events.put_permission(**params)


def test_a_policy_has_an_end(events):
    with pytest.raises(ClientError, match="PolicyLengthExceeded"):
        for n in range(200):
            events.put_permission(
                Action="events:PutEvents", Principal=OTHER, StatementId=f"statement-{n}"
            )
    assert 20 < len(json.loads(events.describe_event_bus()["Policy"])["Statement"]) < 200
