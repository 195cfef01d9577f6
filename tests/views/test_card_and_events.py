"""A lab's card, and the table of recorded calls."""

import json

from views_morning import at

from labkit.course import faces
from labkit.views import html
from labkit.views.card import lab_card
from labkit.views.events import events

CARD = """\
Lab on virtual time, Mon 5 Jan 2026 09:20 UTC
  account    123456789012
  region     us-east-1
  mailbox    3 e-mails
  alarms     1 ALARM, 2 OK
  API calls  1,240
  bill       $0.05"""


def test_a_card():
    card = lab_card(
        account="123456789012", region="us-east-1", now=at(20), mails=3,
        alarms={"OK": 2, "ALARM": 1}, calls=1240, bill=0.049,
    )  # fmt: skip
    assert str(card) == CARD
    assert "1 <span" in card._repr_html_() and "! ALARM" in card._repr_html_()
    assert card.data["now"] == "2026-01-05T09:20:00.000Z"


def test_a_card_of_an_empty_lab_and_of_a_closed_one():
    card = lab_card(account="1", region="r", now=at(0), mails=0, alarms={}, calls=0)
    assert "mailbox    empty" in str(card)
    assert "alarms     none" in str(card)
    assert "bill" not in str(card)
    closed = lab_card(account="1", region="r", now=at(0), mails=0, alarms={}, calls=0, closed=True)
    assert closed.title.startswith("Closed lab")


def looked_up(minute, source, name, who, resource="", error="", read_only="false"):
    return {
        "EventId": f"e{minute}", "EventName": name, "ReadOnly": read_only, "EventTime": at(minute),
        "EventSource": f"{source}.amazonaws.com", "Username": who,
        "Resources": [{"ResourceType": "t", "ResourceName": resource}] if resource else [],
        "CloudTrailEvent": json.dumps({"errorCode": error} if error else {}),
    }  # fmt: skip


EVENTS = """\
3 calls by learner and mallory, 1 refused or failed, 09:00 to 09:02
when (UTC)       who      what                       on      error
---------------  -------  -------------------------  ------  ------------
Mon 5 Jan 09:00  learner  ec2:RunInstances           i-0abc
Mon 5 Jan 09:01  learner  monitoring:DescribeAlarms
Mon 5 Jan 09:02  mallory  dynamodb:DeleteTable       orders  AccessDenied"""


def test_event_history_oldest_first():
    response = {
        "Events": [
            looked_up(2, "dynamodb", "DeleteTable", "mallory", "orders", "AccessDenied"),
            looked_up(1, "monitoring", "DescribeAlarms", "learner", read_only="true"),
            looked_up(0, "ec2", "RunInstances", "learner", "i-0abc"),
        ]
    }
    drawing = events(response)
    assert str(drawing) == EVENTS
    assert [row["read_only"] for row in drawing.data["events"]] == [False, True, False]
    assert "AccessDenied" in drawing.html
    assert events(response["Events"]).title == drawing.title


def test_calls_of_one_second_stand_in_the_order_in_which_they_were_made():
    newest_first = [looked_up(0, "sns", name, "learner") for name in ("Subscribe", "CreateTopic")]
    rows = events({"Events": newest_first}).data["events"]
    assert [row["name"] for row in rows] == ["CreateTopic", "Subscribe"]


def test_of_many_resources_the_first_are_shown():
    call = looked_up(0, "ec2", "RunInstances", "learner")
    call["Resources"] = [{"ResourceName": f"r-{n}"} for n in range(6)]
    drawing = events([call])
    assert str(drawing).splitlines()[-1].endswith("r-0, r-1, r-2, and 3 more")
    assert "error" not in str(drawing), "no column without a word in it"
    assert len(drawing.data["events"][0]["resources"]) == 6


def test_records_of_a_log_file():
    records = [
        {"eventTime": "2026-01-05T09:00:00Z", "eventName": "ConsoleLogin",
         "eventSource": "signin.amazonaws.com", "userIdentity": {"type": "Root"},
         "errorMessage": "Failed authentication"},
        {"eventTime": "2026-01-05T09:01:00Z", "eventName": "AssumeRole",
         "eventSource": "sts.amazonaws.com",
         "userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
         "resources": [{"ARN": "arn:aws:iam::1:role/r"}]},
        {"eventTime": "2026-01-05T09:02:00Z", "eventName": "<b>", "eventSource": "x.amazonaws.com",
         "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/me"}},
    ]  # fmt: skip
    drawing = events({"Records": records})
    assert [row["who"] for row in drawing.data["events"]] == ["root", "ec2.amazonaws.com", "me"]
    assert "<b>&lt;b&gt;</b>" in drawing.html
    assert "arn:aws:iam::1:role/r" in str(drawing)


def test_no_events_and_many():
    assert str(events({"Events": []})) == "No events"
    many = events([looked_up(n, "ec2", "StopInstances", "learner") for n in range(100)])
    assert str(many).splitlines()[-1] == "40 older events not shown"
    assert len(many.data["events"]) == 100


def test_what_stands_between_two_dollars_is_no_formula():
    """JupyterLab's MathJax reads `$.a = 1 && $.b` as mathematics, unless it is kept off."""
    for inside, off in (("{ $.a = 1 && $.b = 2 }", True), ("$1.80 a month", False), ("", False)):
        assert ('class="mathjax_ignore"' in html.card("", inside)) is off
    panel = faces.panel("", "$1 and $2", edge="#000000", alt="")
    assert panel.count("class=") == 1
