"""Amazon's JavaScript client puts a metric and reads it, over HTTP."""

import json
import re

import nodejs

import labkit
from labkit.serve import Service


def test_a_metric_goes_in_and_comes_out():
    with labkit.Lab(active=False) as lab, Service(lab) as service:
        told = nodejs.run(service, "metric.mjs")
        assert told == {
            "metrics": [
                {
                    "Namespace": "Shop",
                    "MetricName": "Latency",
                    "Dimensions": [{"Name": "Service", "Value": "tea"}],
                }
            ],
            "values": [12.5 + 3 * 1 + 2.5],
            "timestamps": ["2026-01-05T08:59:00.000Z"],
            "many": 200,
            "refused": {"name": "ResourceNotFound", "status": 404},
        }
        (alarm,) = lab.client("cloudwatch").describe_alarms()["MetricAlarms"]
        assert alarm["AlarmName"] == "slow"


def test_the_lock_names_no_host():
    text = (nodejs.FOLDER / "package-lock.json").read_text("utf-8")
    assert not re.search(r"https?://(?!(opencollective|github|www\.patreon|paulmillr))", text)
    lock = json.loads(text)
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)
