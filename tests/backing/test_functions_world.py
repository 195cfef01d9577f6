"""Functions in worlds: replays, saves, and processes that never outlive what they belong to."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from functionkit import Stage, processes

import labkit
from labkit.backing.function_figures import draw, figures
from labkit.backing.function_workers import NURSERY

ROOT = Path(__file__).parents[2]

CODE = """
import boto3, datetime, os, random, secrets, time, uuid
s3 = boto3.client("s3")
def handler(event, context):
    time.sleep(random.random())
    key = f"{uuid.uuid4()}/{secrets.token_hex(4)}"
    s3.put_object(Bucket="kept", Key=key, Body=os.urandom(4))
    print(key, datetime.datetime.now(), {"a", "b", "c"}, hash("x"), random.random(), __file__)
    return [key, time.time(), uuid.uuid1().hex, context.aws_request_id]
"""


def story(lab):
    """A world in which functions have run; everything that was told of them."""
    stage = Stage(lab)
    lab.client("s3").create_bucket(Bucket="kept")
    name = stage.make(CODE)
    stage.call(name)
    stage.api.invoke(FunctionName=name, InvocationType="Event")
    broken = stage.make("def handler(e, c): raise ValueError")
    stage.api.invoke(FunctionName=broken, InvocationType="Event")
    lab.advance(minutes=30)
    stage.call(name)
    return stage


def told(facts):
    return [(f.kind, f.at_us, dict(f.data)) for f in facts if f.kind != "call.finished"]


def keys(lab):
    return [o["Key"] for o in lab.client("s3").list_objects_v2(Bucket="kept")["Contents"]]


def test_the_same_seed_tells_the_same_bytes(nursery):
    with labkit.Lab(7, active=False) as one, labkit.Lab(7, active=False) as two:
        first, second = story(one), story(two)
        assert told(first.told) == told(second.told)
        assert keys(one) == keys(two)
        assert any("/var/task/app.py" in line for line in first.logged("f1"))
        with labkit.Lab(8, active=False) as other:
            story(other)
            assert set(keys(other)).isdisjoint(keys(one))


def test_a_replay_runs_them_again_and_a_new_seed_changes_figures_only(nursery, tmp_path):
    with labkit.Lab(7, active=False) as lab:
        stage = story(lab)
        same, noisy = lab.replay(), lab.replay(seed=99)
        try:
            assert same.errors == [] and noisy.errors == []
            assert keys(same) == keys(noisy) == keys(lab)
            assert same.digest() == lab.digest() != noisy.digest()
        finally:
            same.close()
            noisy.close()
        assert stage.logged("f1")
        path = lab.save(tmp_path / "world")
        now, found = lab.now, keys(lab)
    with labkit.Lab.open(path) as again:
        assert (again.now, keys(again)) == (now, found)


def test_one_long_advance_equals_many_short_ones(nursery):
    def run(*steps):
        with labkit.Lab(3, active=False) as lab:
            stage = Stage(lab)
            name = stage.make("def handler(e, c): raise ValueError")
            stage.api.invoke(FunctionName=name, InvocationType="Event")
            for seconds in steps:
                lab.advance(seconds=seconds)
            return told(stage.told)

    assert run(600) == run(*[60] * 10)


def test_workers_end_with_their_lab(nursery):
    lab = labkit.Lab(active=False)
    stage = Stage(lab)
    stage.run("def handler(e, c): pass")
    (worker,) = stage.functions.workers
    assert psutil.pid_exists(worker)
    lab.reset()
    assert not psutil.pid_exists(worker) and lab.parts.backing.functions.workers == []
    stage = Stage(lab)
    stage.run("def handler(e, c): pass")
    lab.close()
    assert processes() == [] and stage.functions.workers == []


def test_a_lab_that_nobody_closes_leaves_no_workers(nursery):
    import gc

    lab = labkit.Lab(active=False)
    stage = Stage(lab)
    stage.run("def handler(e, c): pass")
    assert processes()
    del lab, stage
    with labkit.Lab(active=False) as other:  # moto holds the newest world only
        other.client("sqs").list_queues()
        gc.collect()
        assert processes() == []


def test_no_more_processes_than_a_lab_may_have(nursery, monkeypatch):
    monkeypatch.setattr("labkit.backing.function_environments.MOST", 2)
    with labkit.Lab(active=False) as lab:
        stage = Stage(lab)
        names = [stage.make("n = 0\ndef handler(e, c):\n    global n; n += 1; return n\n")
                 for _ in range(3)]  # fmt: skip
        assert [stage.call(name).value for name in names] == [1, 1, 1]
        assert len(stage.functions.workers) == 2
        assert [stage.call(name).value for name in (names[2], names[1], names[0])] == [2, 2, 1]


def test_a_worker_that_was_killed_from_outside(nursery):
    with labkit.Lab(active=False) as lab:
        stage = Stage(lab)
        name = stage.make("def handler(e, c): return 1")
        stage.call(name)
        os.kill(stage.functions.workers[0], signal.SIGKILL)
        got = stage.call(name)
        assert got.value["errorType"] == "Runtime.ExitError"
        assert stage.call(name).value == 1


def test_when_the_nursery_is_gone_a_new_one_comes(nursery):
    with labkit.Lab(active=False) as lab:
        stage = Stage(lab)
        name = stage.make("def handler(e, c): return 1")
        stage.call(name)
        os.kill(NURSERY.pid, signal.SIGKILL)
        psutil.Process(NURSERY.pid).wait(10)
        assert [stage.call(name).value for _ in range(2)][-1] == 1


SCRIPT = textwrap.dedent(
    """
    import os, signal, sys
    sys.path[:0] = [{here!r}, {root!r}]
    import labkit
    from functionkit import Stage, processes
    from labkit.backing.function_workers import NURSERY
    stage = Stage(labkit.Lab(active=False))
    stage.run("def handler(e, c): pass")
    print(NURSERY.base, NURSERY.pid, *processes(), flush=True)
    {end}
    """
)


@pytest.mark.parametrize(
    "end", ["", "os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)", "raise SystemExit(1)"]
)
def test_nothing_outlives_the_kernel_however_it_ends(end):
    script = SCRIPT.format(here=str(Path(__file__).parent), root=str(ROOT), end=end)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    base, *pids = done.stdout.split()
    assert len(pids) == 2, done.stderr
    _, alive = psutil.wait_procs(
        [psutil.Process(int(pid)) for pid in pids if psutil.pid_exists(int(pid))], timeout=20
    )
    assert alive == [] and not os.path.exists(base)


def test_figures_are_drawn_around_typical_values():
    drawn = [draw(0, (10.0, 0.2), "x", n) for n in range(400)]
    assert drawn == [draw(0, (10.0, 0.2), "x", n) for n in range(400)]
    assert drawn != [draw(1, (10.0, 0.2), "x", n) for n in range(400)]
    assert 9.5 < sorted(drawn)[200] < 10.5 and 5 < min(drawn) < max(drawn) < 19


def test_billing():
    got = figures(0, "n", elapsed_us=0, memory_mb=128, used_mb=200, cold="e", limit_ms=3000.0)
    assert got.duration_ms == 3000.0 and got.used_mb == 128
    assert got.billed_ms - 1 < 3000 + got.init_ms <= got.billed_ms
    warm = figures(0, "n", elapsed_us=2_000_000, memory_mb=128, used_mb=40)
    assert warm.init_ms == 0 and 2000 < warm.duration_ms < 2010
    assert warm.billed_ms - 1 < warm.duration_ms <= warm.billed_ms
