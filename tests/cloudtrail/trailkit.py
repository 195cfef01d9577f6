"""Hand-made facts and calls for the CloudTrail tests."""

from datetime import UTC, datetime

from labkit.cloudtrail.api import OPERATIONS
from labkit.cloudtrail.engine import record
from labkit.cloudtrail.engine.categories import category_of
from labkit.cloudtrail.service import CloudTrail
from labkit.core.call import Call, Principal
from labkit.core.clock import SECOND, to_us
from labkit.core.facts import FACT_KINDS, Fact
from labkit.core.ids import shape_uuid
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.quotas import quotas_of

ACCOUNT, REGION = "123456789012", "us-east-1"
START_US = to_us(datetime(2026, 1, 5, 9, tzinfo=UTC))

MARY = Principal(
    "IAMUser",
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:user/Mary",
    "AIDA6ON6E4XEGITEXAMPLE",
    "AKIAIOSFODNN7EXAMPLE",
    "Mary",
)
ROOT = Principal(
    "Root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "AKIAI44QH8DHBEXAMPLE", "root"
)
CI = Principal(
    "AssumedRole",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/chiara-ci",
    "AROAIDPPEZS35WEXAMPLE:chiara-ci",
    "ASIAIOSFODNN7EXAMPLE",
    "chiara-ci",
    f"arn:aws:iam::{ACCOUNT}:role/ci/deploy",
    "AROAIDPPEZS35WEXAMPLE",
)
RULES = Principal("AWSService", ACCOUNT, "events.amazonaws.com", "", "", "events.amazonaws.com")


def finished(
    service,
    operation,
    request=None,
    response=None,
    *,
    at_us=START_US,
    region=REGION,
    account=ACCOUNT,
    who=MARY,
    error="",
    message="",
    request_id=None,
):
    """A ``call.finished`` fact, as the gateway tells it."""
    category = category_of(service, operation)
    data = {
        "service": service,
        "operation": operation,
        "category": category.kind,
        "read_only": category.read_only,
        "principal": who.to_dict(),
        "request_id": request_id or shape_uuid(f"{at_us:032x}"),
        "source_ip": "203.0.113.10",
        "user_agent": "aws-cli/2.13.5",
        "request": dumps(request or {}),
        "response": "null" if response is None else dumps(response),
        "error_code": error,
        "error_message": message,
    }
    assert data.keys() == set(FACT_KINDS["call.finished"].fields)
    return Fact("call.finished", at_us, account, region, (), data)


def record_of(*args, **more):
    """The record of a fact made by :func:`finished`."""
    fact = finished(*args, **more)
    return record.build(fact.at_us, fact.account, fact.region, fact.data)


class Trail:
    """A world with CloudTrail in it and nothing else."""

    def __init__(self):
        self.world = World(0, START_US)
        self.service = CloudTrail(self.world)

    def hear(self, *args, **more):
        """Let CloudTrail hear of a call, at the present instant unless ``at_us`` says otherwise."""
        at_us = more.pop("at_us", None)
        if at_us is None:
            at_us = self.world.clock.open_instant()
        else:
            self.world.clock.now_us = max(self.world.clock.now_us, at_us)
        fact = finished(*args, at_us=at_us, **more)
        self.service.on_call_finished(fact)
        return record.event_id(fact.account, fact.data["request_id"])

    def wait(self, seconds):
        self.world.clock.run_until(self.world.clock.now_us + int(seconds * SECOND))

    def lookup(self, key=None, value="", *, account=ACCOUNT, region=REGION, **parameters):
        """LookupEvents, called as the dispatch calls it."""
        world = self.world
        if key is not None:
            parameters["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
        call = Call(
            "cloudtrail", "LookupEvents", account, region, world.clock.now_us, MARY, "r-1",
            "203.0.113.10", "aws-cli/2.13.5", (), world.store("cloudtrail", account, region),
            world.facts, world.ports, world.ids, quotas_of("cloudtrail"),
        )  # fmt: skip
        return OPERATIONS["cloudtrail", "LookupEvents"](call, **parameters)

    def names(self, *args, **more):
        """The event names that a look-up finds, newest first."""
        return [event["EventName"] for event in self.lookup(*args, **more)["Events"]]
