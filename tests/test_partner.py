"""A lab's partners: the company outside AWS whose events come onto a bus of their own."""

import json

import pytest
from buskit import open_policy

from labkit.core.errors import LabError

NAME = "aws.partner/zendesk.com/1234/tickets"


def taken(lab, events, topic):
    """The learner takes the source: a bus, and a rule that mails urgent tickets."""
    bus = events.create_event_bus(Name=NAME, EventSourceName=NAME)["EventBusArn"]
    pattern = {"detail": {"ticket_event": {"ticket": {"priority": ["urgent"]}}}}
    events.put_rule(Name="urgent", EventBusName=bus, EventPattern=json.dumps(pattern))
    lab.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=open_policy().replace("sqs:SendMessage", "sns:Publish"),
    )
    target = {"Id": "1", "Arn": topic, "InputPath": "$.detail.ticket_event.ticket"}
    events.put_targets(Rule="urgent", EventBusName=bus, Targets=[target])


def test_from_an_offer_to_an_email(lab, topic):
    events = lab.client("events")
    zendesk = lab.partner(NAME)
    assert "offered to nobody" in repr(zendesk)
    assert zendesk.offer() == f"arn:aws:events:us-east-1::event-source/{NAME}"
    assert events.describe_event_source(Name=NAME)["CreatedBy"] == "zendesk.com"
    lost = zendesk.send()
    assert lost.reached == () and "PENDING" in lost.reason and "create_event_bus" in repr(lost)
    taken(lab, events, topic)
    mails = len(lab.mailbox)
    sent = zendesk.send()
    assert sent.reached == (lab.account,) and sent.reason == ""
    assert len(lab.mailbox) == mails + 1 and "The pot leaks" in lab.mailbox[-1].body
    calm = {"ticket_event": {"ticket": {"priority": "low"}}}
    assert zendesk.send("Support Ticket: Ticket Created", calm).reached == (lab.account,)
    assert len(lab.mailbox) == mails + 1
    zendesk.withdraw()
    assert events.describe_event_source(Name=NAME)["State"] == "DELETED"
    with pytest.raises(LabError, match=r"offered to no account: partner\.offer\(\) comes first"):
        zendesk.send()


def test_what_can_not_be_asked(lab):
    with pytest.raises(LabError, match="names no partner event source"):
        lab.partner("zendesk.com/tickets")
    own = lab.partner("aws.partner/helpdesk.example/tickets")
    own.offer()
    with pytest.raises(LabError, match="already exists"):
        own.offer()
    with pytest.raises(LabError, match=r"no example of helpdesk\.example's events"):
        own.send()
    assert own.account != lab.partner(NAME).account
    lab.advance(days=14)
    assert own.states == {lab.account: "DELETED"}
    assert "two weeks" in own.send("Ticket").reason


def test_every_example_is_an_event(lab):
    from labkit.partner import EXAMPLES

    for company in EXAMPLES:
        partner = lab.partner(f"aws.partner/{company}/1")
        partner.offer()
        lab.client("events").create_event_bus(Name=partner.name, EventSourceName=partner.name)
        assert partner.send().reached == (lab.account,)


def test_a_partners_events_stand_in_the_journal(lab, topic):
    zendesk = lab.partner(NAME)
    zendesk.offer()
    taken(lab, lab.client("events"), topic)
    zendesk.send()
    bodies = [mail.body for mail in lab.mailbox]
    again = lab.replay()
    try:
        assert [mail.body for mail in again.mailbox] == bodies and again.errors == []
    finally:
        again.close()
