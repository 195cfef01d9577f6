"""One world at a time, thousands of times."""

import threading

import pytest
from backing_bench import ACCOUNT, OTHER, REGION, START

from labkit.backing import mount
from labkit.backing.mount import MotoWorld, mounted_world


@pytest.fixture()
def worlds():
    made = [MotoWorld(seed, lambda: START) for seed in "012"]
    yield made
    for world in made:
        world.close()


def queue(world, name):
    world.backend("sqs", ACCOUNT, REGION).create_queue(name)


def queues(world):
    return list(world.backend("sqs", ACCOUNT, REGION).queues)


def test_mounting_is_idempotent_and_takes_the_place_of_another(worlds):
    one, other, _ = worlds
    assert mounted_world() is None and not one.mounted
    one.mount()
    one.mount()
    assert mounted_world() is one
    queue(one, "mine")
    other.mount()
    assert mounted_world() is other and not one.mounted
    assert queues(other) == []
    one.unmount()  # not mounted: nothing happens
    assert mounted_world() is other
    other.unmount()
    other.unmount()
    assert mounted_world() is None
    assert queues(one) == ["mine"]


def test_worlds_swap_thousands_of_times(worlds):
    for turn in range(3000):
        world = worlds[turn % 3]
        world.mount()
        if turn < 9:
            queue(world, f"q{turn}")
    assert [queues(world) for world in worlds] == [
        ["q0", "q3", "q6"],
        ["q1", "q4", "q7"],
        ["q2", "q5", "q8"],
    ]


def test_a_world_that_was_in_the_middle_of_a_call_gets_moto_back(worlds):
    one, other, _ = worlds
    with one.held():
        queue(one, "before")
        with other.held():
            queue(other, "inside")
            assert mounted_world() is other
        assert mounted_world() is one
        queue(one, "after")
    assert queues(one) == ["before", "after"]
    assert queues(other) == ["inside"]
    assert mounted_world() is other  # nobody was in a call: it stays for the next one


def test_threads_take_turns(worlds):
    wrong = []

    def work(world, name):
        for turn in range(200):
            with world.held():
                queue(world, f"{name}{turn}")
                if mounted_world() is not world:
                    wrong.append(turn)

    threads = [
        threading.Thread(target=work, args=(world, name))
        for world, name in zip(worlds, "abc", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [len(queues(world)) for world in worlds] == [200, 200, 200]
    assert all(len({name[0] for name in queues(world)}) == 1 for world in worlds)


def test_news_waits_until_the_call_is_over_and_may_call_again(worlds):
    one = worlds[0]
    log = []

    def tell():
        log.append(f"told at depth {one._depth}")
        with one.working():
            one.afterwards(lambda: log.append("told by the told"))
            log.append("working")

    with one.working():
        one.afterwards(tell)
        one.afterwards(lambda: log.append("second"))
        log.append("still inside")
    assert log == ["still inside", "told at depth 1", "working", "second", "told by the told"]
    one.afterwards(lambda: log.append("at once"))
    assert log[-1] == "at once"


def test_news_is_told_even_when_the_work_breaks_and_dropped_when_telling_does(worlds):
    one = worlds[0]
    log = []
    with pytest.raises(ZeroDivisionError), one.working():
        one.afterwards(lambda: log.append("told"))
        raise ZeroDivisionError
    assert log == ["told"]

    def refuse():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError), one.working():
        one.afterwards(refuse)
        one.afterwards(lambda: log.append("stale"))
    with one.working():
        pass
    assert log == ["told"]


def test_global_services_answer_for_every_region(worlds):
    one = worlds[0]
    for service in ("iam", "s3", "sts"):
        backend = one.backend(service, ACCOUNT, "eu-west-1")
        assert backend is one.backend(service, ACCOUNT, REGION)
        assert backend is not one.backend(service, OTHER, REGION)


def test_a_closed_world_has_nothing_left(worlds):
    one = worlds[0]
    queue(one, "gone")
    one.close()
    one.close()
    assert mounted_world() is None
    assert queues(one) == []


def test_the_lock_is_shared_by_all_worlds(worlds):
    held, seen = threading.Event(), []

    def hold():
        with mount.MOTO_LOCK:
            held.set()
            seen.append(release.wait(60))

    release = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    other = threading.Thread(target=worlds[1].mount)
    other.start()
    other.join(0.05)
    assert other.is_alive()
    release.set()
    other.join(60)
    thread.join(60)
    assert not other.is_alive() and seen == [True]
