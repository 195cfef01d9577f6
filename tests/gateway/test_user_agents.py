"""The user agent of a client whose calls stay in the kernel, and of one whose calls leave it."""

import boto3
from botocore.config import Config

from labkit.gateway.user_agents import KeptAgent, plain_agent


class Maker:
    def __init__(self):
        self.made = 0
        self.features = "m/E"

    def to_string(self):
        self.made += 1
        return f"Boto3/1 os/linux md/arch#arm {self.features} app/shop"


def test_it_is_made_once_while_calls_stay_here():
    maker, here = Maker(), True
    kept = KeptAgent(maker, lambda: here)
    assert {kept.to_string() for _ in range(3)} == {"Boto3/1 os/linux md/arch#arm m/E app/shop"}
    assert maker.made == 1
    here, maker.features = False, "m/F"
    assert kept.to_string().endswith("m/F app/shop")
    assert kept.features == "m/F"


def test_what_differs_from_call_to_call_is_shown_to_nobody():
    assert plain_agent("Boto3/1 ua/2.1 m/E,F cfg/retry-mode#legacy") == (
        plain_agent("Boto3/1 ua/2.1 m/Z cfg/retry-mode#legacy")
    )


def test_each_client_has_its_own(lab):
    """In the records of CloudTrail, the second call of a client too."""
    plain = boto3.client("sns", "us-east-1")
    named = boto3.client("sns", "us-east-1", config=Config(user_agent_extra="shop/2"))
    for client in (plain, named):
        for topic in ("a", "b"):
            client.create_topic(Name=topic)
    lab.advance(minutes=15)
    events = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTopic"}]
    )["Events"]
    agents = ["shop/2" in event["CloudTrailEvent"] for event in reversed(events)]
    assert agents == [False, False, True, True]
