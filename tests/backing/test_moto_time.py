"""Every date that moto writes is the lab's."""

import datetime
import time

import pytest
from backing_bench import ACCOUNT, REGION, START
from backing_scenario import scenario

from labkit.backing import moto_time
from labkit.backing.mount import MotoWorld

DAY = datetime.datetime(2026, 1, 5)  # noqa: DTZ001 - moto's times are naive


@pytest.fixture()
def world():
    now = [START]
    made = MotoWorld("0", lambda: now[0])
    made.now = now
    made.mount()
    yield made
    made.close()


def test_utcnow_is_the_labs_wherever_it_was_imported_by_name(world):
    import moto.core.utils
    import moto.ec2.models.instances
    import moto.s3.models
    import moto.sqs.models

    for module in (moto.core.utils, moto.ec2.models.instances, moto.s3.models):
        assert module.utcnow() == DAY.replace(hour=9)
    assert moto.sqs.models.unix_time() == 1_767_603_600.0
    world.now[0] += 1_234_567
    assert moto.core.utils.utcnow() == DAY.replace(hour=9, second=1, microsecond=234_567)
    assert moto.core.utils.iso_8601_datetime_with_milliseconds() == "2026-01-05T09:00:01.234Z"


def test_milliseconds_keep_their_last_digit(world):
    from moto.core.utils import unix_time_millis

    wrong = []
    for ms in range(1, 1000):
        world.now[0] = START + ms * 1000
        if int(unix_time_millis()) != START // 1000 + ms:
            wrong.append(ms)
    assert wrong == []
    assert unix_time_millis(DAY) == DAY.replace(tzinfo=datetime.UTC).timestamp() * 1000


def test_modules_that_read_datetime_see_the_labs(world):
    import moto.autoscaling.models
    import moto.cloudwatch.models
    import moto.elb.models
    import moto.moto_api._internal.managed_state_model as states
    import moto.s3.models

    for module in (moto.autoscaling.models, moto.cloudwatch.models, states):
        assert module.datetime.now() == DAY.replace(hour=9)
    for module in (moto.s3.models, moto.elb.models):
        aware = module.datetime.datetime.now(tz=datetime.UTC)
        assert aware == DAY.replace(hour=9, tzinfo=datetime.UTC)
        assert isinstance(DAY, module.datetime.datetime)
        assert module.datetime.timedelta is datetime.timedelta
        assert type(aware) is datetime.datetime


def test_what_an_account_has_from_the_start_dates_from_the_worlds_birth(world):
    world.now[0] += 3_600_000_000
    snapshots = world.backend("ec2", ACCOUNT, REGION).describe_snapshots()
    assert snapshots and {s.start_time for s in snapshots} == {DAY.replace(hour=9)}
    import moto.core.utils

    assert moto.core.utils.utcnow() == DAY.replace(hour=10)


def test_without_a_world_moto_has_the_machines_time(world):
    import moto.core.utils
    import moto.s3.models

    world.unmount()
    before = time.time()
    assert before <= moto.core.utils.unix_time() <= time.time()
    assert moto.core.utils.utcnow() > DAY + datetime.timedelta(days=1)
    assert moto.s3.models.datetime.datetime.now() > DAY + datetime.timedelta(days=1)
    with moto_time.standing_at(START):
        assert moto.core.utils.utcnow() == DAY.replace(hour=9)
    assert moto.core.utils.unix_time() >= before


def test_a_days_work_is_the_same_to_the_byte_at_another_time_in_another_process(
    elsewhere, make_bench
):
    """At another real time, in another time zone, with another seed of Python's hashes."""
    assert scenario(make_bench("0")) == elsewhere["digest"]
