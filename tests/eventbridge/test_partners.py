"""Partner event sources from both sides, and global endpoints."""

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, rule

PARTNER = "444444444444"
NAME = "aws.partner/zendesk.com/1234/tickets"
ENTRY = {"Source": NAME, "DetailType": "Ticket Created", "Detail": '{"n": 1}'}


@pytest.fixture
def partner(lab):
    return lab.client("events", account_id=PARTNER)


def test_an_offer_is_taken_with_a_bus_of_its_name(lab, events, partner, queue):
    arn = partner.create_partner_event_source(Name=NAME, Account=ACCOUNT)["EventSourceArn"]
    assert arn == f"arn:aws:events:us-east-1::event-source/{NAME}"
    told = events.describe_event_source(Name=NAME)
    assert told["State"] == "PENDING" and told["CreatedBy"] == "zendesk.com"
    partner.put_partner_events(Entries=[ENTRY])
    bus = events.create_event_bus(Name=NAME, EventSourceName=NAME)["EventBusArn"]
    assert events.list_event_sources()["EventSources"][0]["State"] == "ACTIVE"
    rule(events, {"source": [{"prefix": "aws.partner/zendesk.com"}]}, queue.arn, bus=bus)
    sent = partner.put_partner_events(Entries=[ENTRY])
    (event,) = queue.events()
    assert event["id"] == sent["Entries"][0]["EventId"]
    assert event["source"] == NAME and event["account"] == ACCOUNT
    events.deactivate_event_source(Name=NAME)
    partner.put_partner_events(Entries=[ENTRY])
    assert queue.events() == []
    events.activate_event_source(Name=NAME)
    partner.put_partner_events(Entries=[ENTRY])
    assert len(queue.events()) == 1
    accounts = partner.list_partner_event_source_accounts(EventSourceName=NAME)
    assert accounts["PartnerEventSourceAccounts"][0]["State"] == "ACTIVE"
    partner.delete_partner_event_source(Name=NAME, Account=ACCOUNT)
    assert events.describe_event_source(Name=NAME)["State"] == "DELETED"
    failed = partner.put_partner_events(Entries=[ENTRY])
    assert failed["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_an_offer_lasts_two_weeks(lab, events, partner):
    partner.create_partner_event_source(Name=NAME, Account=ACCOUNT)
    assert partner.list_partner_event_sources(NamePrefix="aws.partner/zendesk.com/")[
        "PartnerEventSources"
    ]
    lab.advance(days=13)
    assert events.describe_event_source(Name=NAME)["State"] == "PENDING"
    lab.advance(days=1)
    assert events.describe_event_source(Name=NAME)["State"] == "DELETED"
    with pytest.raises(ClientError, match=f"Event source {NAME} does not exist"):
        events.create_event_bus(Name=NAME, EventSourceName=NAME)


def test_an_endpoint_is_over_two_regions(lab, events):
    west = "us-west-2"
    for region in ("us-east-1", west):
        lab.client("events", region_name=region).create_event_bus(Name="b")
    arns = [{"EventBusArn": f"arn:aws:events:{r}:{ACCOUNT}:event-bus/b"}
            for r in ("us-east-1", west)]  # fmt: skip
    routing = {"FailoverConfig": {"Primary": {"HealthCheck": "arn:aws:route53:::healthcheck/h"},
                                  "Secondary": {"Route": west}}}  # fmt: skip
    with pytest.raises(ClientError, match="RoleArn is required"):
        events.create_endpoint(Name="e", RoutingConfig=routing, EventBuses=arns)
    off = {"State": "DISABLED"}
    made = events.create_endpoint(
        Name="e", RoutingConfig=routing, EventBuses=arns, ReplicationConfig=off
    )
    assert made["State"] == "ACTIVE"
    told = events.describe_endpoint(Name="e")
    assert told["EndpointUrl"] == f"https://{told['EndpointId']}.endpoint.events.amazonaws.com"
    events.update_endpoint(Name="e", Description="d")
    assert events.list_endpoints()["Endpoints"][0]["Description"] == "d"
    with pytest.raises(ClientError, match=r"Secondary\.Route"):
        events.update_endpoint(Name="e", EventBuses=arns[::-1])
    events.delete_endpoint(Name="e")
    with pytest.raises(ClientError, match="Endpoint e does not exist"):
        events.describe_endpoint(Name="e")
