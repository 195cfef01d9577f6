"""Everything moto draws is a function of (seed, key)."""

import base64
import os
import random
import secrets
import uuid

import pytest
from backing_bench import ACCOUNT, REGION, START
from backing_scenario import scenario

from labkit.backing.mount import MotoWorld


@pytest.fixture()
def worlds():
    made = []

    def make(seed="0"):
        made.append(MotoWorld(seed, lambda: START))
        return made[-1]

    yield make
    for world in made:
        world.close()


def draw(world, key):
    from moto.moto_api._internal import mock_random

    world.reseed(key)
    return [str(mock_random.uuid4()), mock_random.get_random_hex(17), mock_random.random()]


def test_the_same_key_gives_the_same_ids_again(worlds):
    world = worlds()
    first = draw(world, "a")
    draw(world, "b")
    assert draw(world, "a") == first


def test_ids_differ_by_key_and_by_seed(worlds):
    assert len({draw(worlds(seed), key)[0] for seed in "012" for key in "abc"}) == 9


def test_another_world_in_between_changes_nothing(worlds):
    from moto.moto_api._internal import mock_random

    one, other = worlds(), worlds()
    expected = draw(one, "a")
    one.reseed("a")
    drawn = [str(mock_random.uuid4())]
    draw(other, "elsewhere")
    one.mount()
    drawn += [mock_random.get_random_hex(17), mock_random.random()]
    assert drawn == expected


def test_a_backend_is_the_same_whoever_asked_first(worlds):
    # An unjournaled read that comes first must not give a replay another default VPC.
    one, other = worlds(), worlds()
    one.reseed("read")
    first = list(one.backend("ec2", ACCOUNT, REGION).vpcs)
    other.reseed("call")
    draw(other, "more")
    assert list(other.backend("ec2", ACCOUNT, REGION).vpcs) == first
    assert list(other.backend("ec2", ACCOUNT, "eu-west-1").vpcs) != first


def test_making_a_backend_draws_nothing_from_the_call_under_way(worlds):
    from moto.moto_api._internal import mock_random

    one, other = worlds(), worlds()
    one.backend("ec2", ACCOUNT, REGION)
    expected = draw(one, "call")
    other.reseed("call")
    other.backend("ec2", ACCOUNT, REGION)
    drawn = [str(mock_random.uuid4()), mock_random.get_random_hex(17), mock_random.random()]
    assert drawn == expected


def test_one_day_twice_is_the_same_and_another_seed_another_day(make_bench):
    assert scenario(make_bench("3")) == scenario(make_bench("3")) != scenario(make_bench("4"))


def test_what_moto_draws_beside_its_own_source(worlds):
    from moto.cloudwatch.models import uuid4
    from moto.ec2.models import reserved_instances
    from moto.iam import models as iam
    from moto.s3 import models as s3
    from moto.sts.utils import random_session_token

    def drawn():
        return (
            random_session_token(),
            s3.os.urandom(43),
            iam.os.urandom(64),
            reserved_instances.random.randint(0, 10**9),
            str(uuid4()),
        )

    world = worlds()
    world.reseed("a")
    first = drawn()
    world.reseed("a")
    assert drawn() == first
    world.reseed("b")
    assert not set(drawn()) & set(first)
    world.unmount()
    assert drawn() != drawn()


def test_key_pairs_are_drawn_and_are_real_keys(bench):
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_ssh_private_key,
    )

    ec2 = bench.client("ec2")
    rsa = ec2.create_key_pair(KeyName="a")
    key = load_pem_private_key(rsa["KeyMaterial"].encode(), None)
    assert key.key_size == 2048
    assert key.public_key().public_numbers().e == 65537
    ed25519 = ec2.create_key_pair(KeyName="b", KeyType="ed25519")
    assert (
        len(load_ssh_private_key(ed25519["KeyMaterial"].encode(), None).private_bytes_raw()) == 32
    )


def test_the_check_of_an_ed25519_key_is_where_it_was(worlds):
    """``cryptography`` draws eight bytes itself; nothing else may differ between two writings."""
    from moto.ec2.utils import random_ed25519_key_pair

    def data(pem):
        return base64.b64decode(b"".join(pem.splitlines()[1:-1]))

    world = worlds()
    world.reseed("a")
    first = random_ed25519_key_pair()["material"]
    world.reseed("a")
    assert random_ed25519_key_pair()["material"] == first
    world.unmount()
    stock = data(random_ed25519_key_pair()["material"])
    assert stock[98:102] == stock[102:106]
    assert len(stock) == len(data(first))


def test_the_rest_of_the_process_keeps_its_chance(worlds):
    state = random.getstate()
    world = worlds()
    world.reseed("a")
    world.backend("ec2", ACCOUNT, REGION)
    assert random.getstate() == state
    for draw_one in (uuid.uuid4, lambda: os.urandom(8), lambda: secrets.token_hex(8)):
        world.reseed("a")
        first = draw_one()
        world.reseed("a")
        assert draw_one() != first


def test_without_a_world_motos_stream_goes_on_where_it_was(worlds):
    from moto.moto_api._internal import mock_random

    mock_random.seed(5)
    expected = [mock_random.random() for _ in range(4)]
    mock_random.seed(5)
    drawn = [mock_random.random(), mock_random.random()]
    world = worlds()
    draw(world, "a")
    world.unmount()
    drawn += [mock_random.random(), mock_random.random()]
    assert drawn == expected
