"""Worlds that did not begin empty: saved, opened, replayed and reset by their builder's name."""

from datetime import timedelta

import pytest

import labkit
from labkit.core.errors import ReplayError
from labkit.course import worlds


@pytest.fixture
def prepared():
    with worlds.open_lab("00_start_here", "anna") as lab:
        yield lab


def stop_one(lab):
    machine = lab.handles["instances"]["order-report"]
    lab.client("ec2").stop_instances(InstanceIds=[machine])
    lab.advance(minutes=5)
    return machine


def test_what_a_builder_did_is_in_no_journal_and_comes_again(prepared, tmp_path):
    assert len(prepared.world.journal) == 0
    machine = stop_one(prepared)
    path = prepared.save(tmp_path / "world.jsonl")
    with labkit.Lab.open(path) as again:
        assert again.digest() == prepared.digest()
        assert again.handles == prepared.handles
        state = again.client("ec2").describe_instances(InstanceIds=[machine])
        assert state["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped"


def test_a_replay_with_other_noise_has_the_same_ids(prepared):
    stop_one(prepared)
    replay = prepared.replay(seed=7, until=prepared.now + timedelta(hours=1))
    assert replay.errors == [] and replay.handles == prepared.handles
    replay.close()


def test_reset_begins_with_the_prepared_world(prepared):
    fresh = prepared.digest()
    stop_one(prepared)
    assert prepared.digest() != fresh
    assert prepared.reset().digest() == fresh


def test_a_file_names_a_builder_of_the_table_or_none(prepared, tmp_path):
    path = prepared.save(tmp_path / "world.jsonl")
    path.write_text(path.read_text().replace('"builder": "exercise"', '"builder": "os:system"'))
    with pytest.raises(ReplayError, match="no builder is called 'os:system'"):
        labkit.Lab.open(path)


def test_calls_that_are_lent_go_elsewhere_and_leave_this_lab_alone(prepared):
    import boto3

    clients = prepared.client("sns"), boto3.client("sns")
    before = prepared.digest()
    with worlds.open_lab("00_start_here", "anna", active=False) as other:
        with prepared.elsewhere(other):
            for number, sns in enumerate(clients):
                sns.create_topic(Name=f"topic-{number}")
            with pytest.raises(labkit.LabError, match="stands still"):
                prepared.advance(minutes=1)
        assert len(other.client("sns").list_topics()["Topics"]) == 2
    assert prepared.digest() == before
    assert clients[1].list_topics()["Topics"] == []
