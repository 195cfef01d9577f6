"""Worlds do not see each other, moto is as it was when they are gone, and they can be forgotten."""

import gc
import weakref

import boto3
from backing_bench import ACCOUNT, OTHER
from backing_scenario import scenario
from moto import mock_aws

from labkit.backing import moto_state

#: Caches that hold nothing of a world: spellings of names and models of services.
HARMLESS = (
    "camelcase_to_underscores",
    "get_service_model",
    "service_name_from_moto_package_name",
    "ReservedKeywords.KEYWORDS",  # DynamoDB's own, read from a file when first asked for
)


def test_two_worlds_interleaved_answer_as_if_alone(make_bench):
    alone = make_bench("7")
    scenario(alone)
    expected = [answer.body for answer in alone.answers]
    one, other = make_bench("7"), make_bench("8")
    # Every clock event and call of one world is followed by calls of the other.
    queue = other.client("sqs").create_queue(QueueName="noise")["QueueUrl"]

    def interrupt(key):
        other.client("sqs").send_message(QueueUrl=queue, MessageBody="noise")
        other.client("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)
        one.world.reseed(key)

    one.clock.before_event = interrupt
    scenario(one)
    assert [answer.body for answer in one.answers] == expected


def test_a_world_sees_nothing_of_another(make_bench):
    one, other = make_bench(), make_bench()
    one.client("sqs").create_queue(QueueName="mine")
    one.client("s3").create_bucket(Bucket="mine-1")
    one.client("iam").create_user(UserName="me")
    one.client("sns").create_topic(Name="mine")
    one.client("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)
    assert "QueueUrls" not in other.client("sqs").list_queues()
    assert other.client("s3").list_buckets()["Buckets"] == []
    assert other.client("iam").list_users()["Users"] == []
    assert other.client("sns").list_topics()["Topics"] == []
    assert other.client("ec2").describe_instances()["Reservations"] == []
    assert len(one.client("sqs").list_queues()["QueueUrls"]) == 1


def test_bucket_accounts_go_with_their_world(make_bench):
    # Left behind, they lead the next world to an account that has no such bucket: RecursionError.
    one, other = make_bench(), make_bench()
    one.client("s3", account=OTHER).create_bucket(Bucket="shared-name")
    other.client("s3").create_bucket(Bucket="shared-name")
    other.client("s3").put_object(Bucket="shared-name", Key="k", Body=b"v")
    assert other.client("s3").get_object(Bucket="shared-name", Key="k")["Body"] == b"v"
    assert one.client("s3", account=OTHER).list_objects_v2(Bucket="shared-name")["KeyCount"] == 0


def test_custom_ids_and_peerings_go_with_their_world(make_bench):
    one, other = make_bench(), make_bench()
    for bench in (one, other):
        bench.client("ec2").describe_vpcs()
    with one.world.held():
        from moto.ec2.models.vpcs import VPCBackend
        from moto.utilities.id_generator import moto_id_manager

        moto_id_manager._custom_ids["x"] = "mine"
        (mine,) = VPCBackend.vpc_refs.values()
        assert [reference().account_id for reference in mine] == [ACCOUNT]
    with other.world.held():
        assert moto_id_manager._custom_ids == {}
        (others,) = VPCBackend.vpc_refs.values()
        assert len(others) == 1 and next(iter(others))() is not next(iter(mine))()


def test_moto_keeps_nothing_of_a_world_that_is_gone(elsewhere):
    changed = elsewhere["changed"]
    assert [place for place in changed if not any(known in place for known in HARMLESS)] == []


def test_a_closed_world_is_freed(make_bench):
    bench = make_bench()
    scenario(bench)
    kept = [
        weakref.ref(bench.world.backend(service, ACCOUNT, "us-east-1"))
        for service in ("ec2", "s3", "sns", "sqs", "iam", "sts")
    ]
    bench.world.close()
    bench.sns._awaited.clear()
    gc.collect()
    assert [reference() for reference in kept] == [None] * 6


def test_stock_moto_works_before_beside_and_after_worlds(make_bench):
    def with_mock():
        with mock_aws():
            sqs = boto3.client("sqs", region_name="us-east-1")
            sqs.create_queue(QueueName="stock")
            ec2 = boto3.client("ec2", region_name="us-east-1")
            made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
            iid = made["Instances"][0]["InstanceId"]
            found = ec2.describe_instances(InstanceIds=[iid])["Reservations"][0]["Instances"][0]
            assert found["State"]["Name"] == "running"  # stock moto jumps
            assert found["LaunchTime"].timestamp() > 1_767_700_000
            return sqs.list_queues()["QueueUrls"]

    assert len(with_mock()) == 1
    bench = make_bench()
    bench.client("sqs").create_queue(QueueName="ours")
    bench.world.unmount()
    assert len(with_mock()) == 1
    assert bench.client("sqs").list_queues()["QueueUrls"][0].endswith("/ours")
    # Now beside a world that is mounted: mock_aws clears what it finds, so the world steps aside.
    assert bench.world.mounted
    assert len(with_mock()) == 1
    assert bench.client("sqs").list_queues()["QueueUrls"][0].endswith("/ours")


def test_every_slot_can_be_taken_and_put_back(bench):
    bench.client("ec2").describe_vpcs()
    bench.world.mount()
    for slot in moto_state.SLOTS:
        value = slot.take()
        slot.put(slot.fresh())
        slot.put(value)
        assert slot.take() == value, slot.name
    assert len({slot.name for slot in moto_state.SLOTS}) == len(moto_state.SLOTS)
    names = " ".join(slot.name for slot in moto_state.SLOTS)
    for expected in (
        "backends of ec2",
        "backends of s3",
        "bucket_accounts",
        "request_count",
        "_custom_ids",
        "mock_random",
        "VPCBackend.vpc_refs",
        "BackendDict._instances",
    ):
        assert expected in names
