"""Ports: exactly one answerer each; a seam says that it is one."""

import pytest

from labkit.core.errors import WiringError
from labkit.core.ports import PORTS, Delivery, Ports


def test_a_port_has_exactly_one_answerer():
    ports = Ports()
    ports.answer("deliver", lambda parcel: Delivery(parcel.payload == "{}"))
    assert ports.deliver("arn:aws:sqs:us-east-1:1:q", "{}", "events.amazonaws.com").ok
    with pytest.raises(WiringError, match="has an answerer already"):
        ports.answer("deliver", lambda *a, **k: None)
    with pytest.raises(WiringError, match="no port is called 'delivr'"):
        ports.answer("delivr", lambda *a, **k: None)


def test_a_seam_says_who_will_answer():
    with pytest.raises(
        WiringError, match=r"nobody answers the port 'instance_action' yet \(backing/ec2\)"
    ):
        Ports().instance_action("1", "us-east-1", "i-1", "stop")


def test_every_port_is_a_question():
    for name, port in PORTS.items():
        assert name == port.name and port.question and port.asked_by and port.answered_by
