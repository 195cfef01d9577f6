"""Parcels and retry policies: plain values, with AWS's published limits."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.clock import SECOND
from labkit.core.delivery import SNS_AWS, SNS_HTTP, DeadLetter, Extras, Parcel, RetryPolicy, Stage
from labkit.core.jsontext import dumps, loads

RULE = "arn:aws:events:us-east-1:111122223333:rule/nightly"


def test_a_port_takes_every_field_of_a_parcel():
    plain = {"arn", "payload", "principal"}
    assert set(Extras.__annotations__) | plain == {field.name for field in fields(Parcel)}


@pytest.mark.parametrize(
    ("given_", "acting", "account"),
    [
        ({"principal": "events.amazonaws.com", "source_arn": RULE}, "events.amazonaws.com",
         "111122223333"),
        ({"principal": "arn:aws:iam::444455556666:role/r", "service": "scheduler.amazonaws.com"},
         "scheduler.amazonaws.com", "444455556666"),
        ({"principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::bucket",
          "source_account": "777788889999"}, "s3.amazonaws.com", "777788889999"),
        ({"principal": "s3.amazonaws.com"}, "s3.amazonaws.com", ""),
    ],
)  # fmt: skip
def test_who_acts_and_for_whom(given_, acting, account):
    parcel = Parcel("arn:aws:sqs:us-east-1:111122223333:q", "{}", **given_)
    assert (parcel.acting, parcel.account) == (acting, account)


@given(
    st.one_of(st.text(), st.binary()),
    st.none() | st.dictionaries(st.text(), st.text()),
    # JSON carries 64 bits here; which larger number is tried depends on what else was imported.
    st.none() | st.dictionaries(st.text(), st.integers(-(2**63), 2**63 - 1)),
)
def test_a_parcel_waits_in_the_heap_as_json(payload, attributes, parameters):
    parcel = Parcel("arn", payload, "p", attributes=attributes, parameters=parameters)
    again = Parcel.from_dict(loads(dumps(parcel.to_dict())))
    assert again.data == parcel.data
    assert (again.attributes or {}) == (attributes or {})
    assert (again.parameters or {}) == (parameters or {})


def test_policy_and_letter_wait_as_json_too():
    policy = RetryPolicy(3, 60, SNS_AWS, 0.0)
    assert RetryPolicy.from_dict(loads(dumps(policy.to_dict()))) == policy
    letter = DeadLetter("arn", {"RULE_ARN": RULE}, "p", explained=False)
    assert DeadLetter.from_dict(loads(dumps(letter.to_dict()))) == letter


def waits(policy, count, chance=0.5):
    return [policy.wait_us(retry, chance) / SECOND for retry in range(1, count + 1)]


def test_eventbridges_waits_double_and_then_fill_the_day():
    policy = RetryPolicy()
    assert waits(policy, 11) == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, 480, 480])
    assert 23 * 3600 < sum(waits(policy, 185)) < 24 * 3600
    assert policy.wait_us(1, 0.0) == 0.75 * SECOND
    assert policy.wait_us(1, 0.999_999) < 1.25 * SECOND


def test_snss_waits_are_those_of_its_guide():
    """sns-message-delivery-retries: 3 at once, 2 a second apart, 10 from 1 to 20 s, then 20 s."""
    policy = RetryPolicy(100_015, 23 * 86_400, SNS_AWS, 0.0)
    got = waits(policy, 16)
    assert got[:6] == [0, 0, 0, 1, 1, 1] and got[14:] == pytest.approx([20, 20])
    assert got[5:15] == sorted(got[5:15])
    # 100,015 tries take 23 days, as the guide says.
    assert 23 <= (sum(waits(policy, 16)) + 99_999 * 20) / 86_400 < 23.2
    assert waits(RetryPolicy(3, 3600, SNS_HTTP, 0.0), 4) == [20, 20, 20, 20]


def test_a_stage_that_begins_at_nothing_grows_evenly():
    assert [Stage(3, 0, 10).wait_s(place) for place in range(3)] == [0, 5, 10]


@pytest.mark.parametrize(
    ("retries", "age_s", "reached"),
    [
        (0, 0, ""),
        (1, 59.9, ""),
        (2, 0, "MaximumRetryAttempts"),
        (1, 60, "MaximumEventAgeInSeconds"),
        (2, 60, "MaximumRetryAttempts"),
    ],
)
def test_which_limit_is_reached(retries, age_s, reached):
    assert RetryPolicy(2, 60).exhausted(retries, int(age_s * SECOND)) == reached
