"""A world whose logs go everywhere is the same when it is opened again, to the byte."""

import json

import pytest
from buskit import role
from logskit import Stream, group, write

import labkit

EMAIL = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]


@pytest.mark.long
def test_an_opened_world_sent_the_same(tmp_path):
    with labkit.Lab(seed=3) as lab:
        logs = group(lab)
        stream = Stream(lab)
        logs.put_subscription_filter(
            logGroupName="app", filterName="f", filterPattern="ERROR", destinationArn=stream.arn,
            roleArn=role(lab, "sender", service="logs.amazonaws.com"), distribution="Random",
        )  # fmt: skip
        lab.client("opensearch").create_domain(DomainName="logs")
        lab.stream_to_opensearch("app", "logs")
        statements = [
            {"DataIdentifier": EMAIL, "Operation": {"Audit": {"FindingsDestination": {}}}},
            {"DataIdentifier": EMAIL, "Operation": {"Deidentify": {"MaskConfig": {}}}},
        ]
        logs.put_data_protection_policy(
            logGroupIdentifier="app", policyDocument=json.dumps({"Statement": statements})
        )
        write(lab, logs, "ERROR of ann@example.com", "fine")
        lab.advance(minutes=5)
        sent, found, digest = stream.records(), lab.opensearch("logs").lines(), lab.digest()
        lab.save(tmp_path / "world.lab")
    with labkit.Lab.open(tmp_path / "world.lab") as again:
        assert again.opensearch("logs").lines() == found
        assert found == ["ERROR of ***************", "fine"]
        assert again.digest() == digest
        kinesis = again.client("kinesis")
        shard = kinesis.describe_stream(StreamName="central")["StreamDescription"]["Shards"][0]
        iterator = kinesis.get_shard_iterator(
            StreamName="central", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        assert kinesis.get_records(ShardIterator=iterator)["Records"] == sent
