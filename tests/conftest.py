"""Fixtures for everybody: a lab, its clients, and a process that a test can't leave changed."""

import gc
import os
import sys

import pytest
from hypothesis import settings
from machines import launch

# No example is judged by the machine's clock, and every run tries the same ones: a test that fails
# only on a busy machine, or only on a Tuesday, teaches nobody anything.
settings.register_profile("labkit", deadline=None, derandomize=True)
settings.load_profile("labkit")


def pytest_collection_finish():
    """Thirteen thousand tests stay until the end: the collector need not look through them again.

    A lab's tests leave cycles behind; by Python's own figures walking through all that is alive
    took a third of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure():
    """Close what the X-Ray SDK opens when it is imported, for a recorder of its own: it never does,
    and the interpreter would complain of it behind the last test.
    """
    core = sys.modules.get("aws_xray_sdk.core")
    if core is not None:
        core.xray_recorder.emitter._socket.close()


@pytest.fixture
def lab():
    import labkit

    with labkit.Lab() as lab:
        yield lab


@pytest.fixture
def cloudwatch(lab):
    return lab.client("cloudwatch")


@pytest.fixture
def ec2(lab):
    return lab.client("ec2")


@pytest.fixture
def machine(ec2):
    """A running t3.micro with basic monitoring."""
    return launch(ec2)


@pytest.fixture
def topic(lab):
    """A topic with a confirmed e-mail subscription of oncall@teapot.example."""
    sns = lab.client("sns")
    arn = sns.create_topic(Name="on-call")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="oncall@teapot.example")
    lab.mailbox[-1].confirm()
    return arn


@pytest.fixture(autouse=True)
def _the_process_stays_as_it_was():
    before = dict(os.environ)
    yield
    from labkit.gateway.boto3_hook import HOOK

    left = list(HOOK.doors)
    assert not left, "a test left a lab open"
    after = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    assert after == {k: v for k, v in before.items() if k != "PYTEST_CURRENT_TEST"}
