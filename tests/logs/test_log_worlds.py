"""Logs in saved worlds, in replays, and through the HTTP door."""

import json

import numpy as np
import pytest
from logskit import key as usable_key

import labkit

WHERE = {"logGroupName": "/shop/app", "logStreamName": "host-1"}


def fill(lab):
    logs = lab.client("logs")
    key = usable_key(lab)
    logs.create_log_group(logGroupName="/shop/app", tags={"team": "shop"})
    logs.create_log_stream(**WHERE)
    for minute in range(5):
        at = lab.world.clock.now_us // 1000
        events = [{"timestamp": at + i, "message": f"{minute}.{i} é"} for i in range(30)]
        logs.put_log_events(**WHERE, logEvents=events)
        lab.advance(minutes=1)
    logs.associate_kms_key(logGroupName="/shop/app", kmsKeyId=key)
    logs.put_retention_policy(logGroupName="/shop/app", retentionInDays=7)
    document = json.dumps({"retentionInDays": 30, "enforcementMode": "RETROACTIVE"})
    logs.put_account_policy(
        policyName="keep", policyType="RETENTION_POLICY", policyDocument=document
    )
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
               "Action": "logs:PutLogEvents", "Resource": "*"}  # fmt: skip
    logs.put_resource_policy(
        policyName="p",
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    lab.advance(days=2)


def read(lab):
    return lab.client("logs").filter_log_events(logGroupName="/shop/app")["events"]


def test_a_saved_world_has_the_same_log_events(tmp_path):
    with labkit.Lab() as lab:
        fill(lab)
        before, digest = read(lab), lab.digest()
        lab.save(tmp_path / "world.lab")
    with labkit.Lab.open(tmp_path / "world.lab") as again:
        assert again.digest() == digest
        assert read(again) == before
        (group,) = again.client("logs").describe_log_groups()["logGroups"]
        assert group["retentionInDays"] == 30 and group["retentionPolicyName"] == "keep"


def test_a_replay_with_other_noise_has_the_same_log_events():
    with labkit.Lab() as lab:
        fill(lab)
        before = [(event["eventId"], event["message"]) for event in read(lab)]
        with lab.replay(seed=7) as other:
            assert [(event["eventId"], event["message"]) for event in read(other)] == before


@pytest.mark.long
def test_the_digest_knows_what_logs_remember():
    def digest(change=lambda logs: None):
        with labkit.Lab() as lab:
            fill(lab)
            logs = lab.client("logs")
            change(logs)
            lab.run_until("2026-01-08T00:00:00Z")
            return lab.digest()

    plain = digest()
    assert digest() == plain
    assert digest(lambda logs: logs.delete_log_stream(**WHERE)) != plain


@pytest.mark.long
def test_a_past_of_many_lines_is_paged_like_any_other(lab):
    at = lab.world.clock.now_us // 1000 - np.arange(300_000)[::-1] * 10
    lab.parts.logs.import_lines(
        lab.account, lab.region, "/past", "s", at, [f"line {i}" for i in range(300_000)]
    )
    logs = lab.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/past", filterPattern='"line 29999"'
    )
    found, count = [], 0
    for page in pages:
        count += 1
        found += [event["message"] for event in page["events"]]
    # Terms are whole words. A page looks at 100,000 events: two were empty and went on.
    assert found == ["line 29999"] and count == 3
