"""Facts: published kinds, exact fields, cause chains."""

import pytest

from labkit.core.clock import Clock, Phase
from labkit.core.errors import ChainTooDeep, WiringError
from labkit.core.facts import FACT_KINDS, MAX_CHAIN, Facts, Late

MAIL = {"to": "a@b.example", "subject": "s", "body": "b", "topic_arn": "t", "confirm_token": ""}


@pytest.fixture
def clock():
    return Clock(0)


@pytest.fixture
def facts(clock):
    return Facts(clock)


def test_a_fact_reaches_all_who_hear_its_kind_in_order(facts):
    heard = []
    facts.hear("mail.sent", lambda fact: heard.append(("first", fact.data["to"])))
    facts.hear("mail.sent", lambda fact: heard.append(("second", fact.account)))
    facts.publish("mail.sent", "123456789012", "us-east-1", MAIL)
    assert heard == [("first", "a@b.example"), ("second", "123456789012")]


def test_a_fact_that_nobody_hears_is_not_built(facts):
    facts.publish("mail.sent", "1", "us-east-1", {"not": "even looked at"})


def test_kinds_and_fields_are_published(facts):
    with pytest.raises(WiringError, match=r"no kind of fact is called 'mail\.sant'"):
        facts.publish("mail.sant", "1", "us-east-1", MAIL)
    with pytest.raises(WiringError, match=r"no kind of fact is called 'mail\.sant'"):
        facts.hear("mail.sant", print)
    facts.hear("mail.sent", lambda fact: None)
    with pytest.raises(WiringError, match="subject"):
        facts.publish(
            "mail.sent", "1", "us-east-1", {k: v for k, v in MAIL.items() if k != "subject"}
        )


def test_every_kind_says_who_tells_it_and_what_it_means():
    for name, kind in FACT_KINDS.items():
        assert name == kind.name
        assert kind.publisher and kind.meaning.endswith(".")
        assert len(set(kind.fields)) == len(kind.fields) > 0


def test_a_fact_carries_the_chain_that_led_to_it(facts, clock):
    chains = []

    def echo(fact):
        chains.append(fact.cause)
        if fact.kind == "mail.sent":
            facts.publish(
                "metric.changed",
                "1",
                "us-east-1",
                {"namespace": "n", "dimension": "d", "value": "v"},
            )

    facts.hear("mail.sent", echo)
    facts.hear("metric.changed", echo)
    clock.cause = ("sns:Publish by learner",)
    facts.publish("mail.sent", "1", "us-east-1", MAIL)
    assert chains == [
        ("sns:Publish by learner",),
        ("sns:Publish by learner", "mail.sent 1/us-east-1"),
    ]
    assert clock.cause == ("sns:Publish by learner",)


def test_late_fields_are_made_when_read_and_once():
    made = []
    data = Late({"a": 1}, {"b": lambda: made.append("b") or 2})
    assert data.keys() == {"a", "b"} and len(data) == 2 and made == []
    assert (data["b"], data["b"], data["a"]) == (2, 2, 1)
    assert dict(data) == {"a": 1, "b": 2} and made == ["b"]


def test_a_loop_is_stopped_and_says_what_led_to_what(facts, clock):
    rounds = []

    def again(payload):
        rounds.append(clock.now_us)
        facts.publish("mail.sent", "1", "us-east-1", MAIL)

    clock.register("again", again)
    facts.hear("mail.sent", lambda fact: clock.at(clock.now_us + 1, Phase.STATE, "again"))
    clock.at(1, Phase.STATE, "again")
    with pytest.raises(ChainTooDeep, match=r"would never end:\n  mail\.sent"):
        clock.run_until(1_000_000)
    assert len(rounds) == MAX_CHAIN + 1
