"""Which dimensions a figure is published under: a table."""

import pytest

from labkit.agents.config import read
from labkit.agents.naming import About, published

ABOUT = About("ip-10-0-0-1", "i-1", "ami-1", "t3.micro", "web-asg")
ALONE = About("ip-10-0-0-1", "i-1", "ami-1", "t3.micro")
DISK = (("path", "/"), ("device", "nvme0n1p1"), ("fstype", "xfs"))
ID = {"InstanceId": "${aws:InstanceId}"}


def sets(section, labels, body=None, about=ABOUT, field="used_percent", agent=None, **metrics):
    name = {"mem": "used_percent", "disk": "used_percent", "cpu": "usage_idle"}[section]
    document = {
        "agent": agent or {},
        "metrics": {
            "metrics_collected": {section: {"measurement": [name], **(body or {})}},
            **metrics,
        },
    }
    config = read(document)
    found = published(config, config.sections[0], name, labels, about)
    return [" ".join(f"{n}={v}" for n, v in one) for one in found]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (sets("mem", ()), ["host=ip-10-0-0-1"]),
        (sets("mem", (), agent={"omit_hostname": True}), [""]),
        (sets("mem", (), append_dimensions=ID), ["InstanceId=i-1"]),
        (
            sets("mem", (), append_dimensions=ID, agent={"mode": "onPremise"}),
            ["host=ip-10-0-0-1"],
        ),
        (sets("mem", (), {"append_dimensions": {"Team": "tea"}}), ["Team=tea host=ip-10-0-0-1"]),
        (
            sets(
                "mem",
                (),
                append_dimensions={"AutoScalingGroupName": "${aws:AutoScalingGroupName}", **ID},
                about=ALONE,
            ),
            ["InstanceId=i-1"],
        ),
        (sets("disk", DISK), ["device=nvme0n1p1 fstype=xfs host=ip-10-0-0-1 path=/"]),
        (sets("disk", DISK, {"drop_device": True}), ["fstype=xfs host=ip-10-0-0-1 path=/"]),
        (
            sets(
                "disk",
                DISK,
                append_dimensions=ID,
                aggregation_dimensions=[["InstanceId"], ["AutoScalingGroupName"], []],
            ),
            ["InstanceId=i-1 device=nvme0n1p1 fstype=xfs path=/", "InstanceId=i-1", ""],
        ),
        (
            sets(
                "cpu",
                (("cpu", "cpu-total"),),
                {"drop_original_metrics": ["cpu_usage_idle"]},
                append_dimensions=ID,
                aggregation_dimensions=[["InstanceId"]],
            ),
            ["InstanceId=i-1"],
        ),
        # A roll-up that is all of a figure's dimensions is the figure itself.
        (
            sets("mem", (), append_dimensions=ID, aggregation_dimensions=[["InstanceId"]]),
            ["InstanceId=i-1"],
        ),
    ],
)
def test_dimensions(asked, found):
    assert asked == found


def test_placeholders():
    assert ABOUT.placeholders()["instance_id"] == "i-1"
    assert About("box").placeholders()["instance_id"] == "box"
