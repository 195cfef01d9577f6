"""Reading amazon-cloudwatch-agent.json: everything wrong at once, each with its place."""

import json

import pytest

from labkit.agents.catalogue import KINDS, NOT_COLLECTED, field_of
from labkit.agents.config import ConfigError, Measurement, read


def metrics(**sections):
    return {"metrics": {"metrics_collected": sections}}


def problems(document):
    with pytest.raises(ConfigError) as caught:
        read(document)
    return caught.value.problems


def test_a_small_file_decides_everything():
    config = read('{"metrics": {"metrics_collected": {"mem": {"measurement": ["used_percent"]}}}}')
    assert config.namespace == "CWAgent"
    section = config.sections[0]
    assert section.measurements == (Measurement("used_percent", "mem_used_percent", "Percent"),)
    assert (section.interval_s, section.resolution, config.flush_s) == (60, 60, 60)
    assert config.warnings == ()


@pytest.mark.parametrize("section", KINDS)
def test_every_figure_can_be_named_short_and_in_full(section):
    for field in KINDS[section].units:
        assert field_of(section, field) == field
        assert field_of(section, f"{section}_{field}") == field


def test_rename_and_unit():
    one = {"name": "free", "rename": "DISK_FREE", "unit": "Gigabytes"}
    config = read(metrics(disk={"measurement": [one], "resources": ["/"], "drop_device": True}))
    assert config.sections[0].measurements == (Measurement("free", "DISK_FREE", "Gigabytes"),)
    assert config.sections[0].drop_device
    assert config.sections[0].wants("/")
    assert not config.sections[0].wants("/var")


def test_an_interval_below_a_minute_makes_high_resolution():
    document = metrics(mem={"measurement": ["used"]}, swap={"measurement": ["used"]})
    document["agent"] = {"metrics_collection_interval": 10}
    document["metrics"]["metrics_collected"]["swap"]["metrics_collection_interval"] = 300
    mem, swap = read(document).sections
    assert (mem.interval_s, mem.resolution) == (10, 1)
    assert (swap.interval_s, swap.resolution) == (300, 60)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "this is no JSON"),
        ("[1]", "the document: is not an object"),
        ("{}", "neither metrics nor logs"),
        ({"metrics": {}}, "metrics.metrics_collected: is required"),
        (metrics(), "metrics.metrics_collected: names no section"),
        (metrics(memory={}), "metrics.metrics_collected.memory: is no section; there are cpu"),
        (metrics(mem={}), "metrics.metrics_collected.mem.measurement: is required"),
        (
            metrics(mem={"measurement": ["used_percent", "memory_used"]}),
            "metrics.metrics_collected.mem.measurement[1]: 'memory_used' is none of mem's figures",
        ),
        (
            metrics(mem={"measurement": [{"name": "used", "unit": "GB"}]}),
            "metrics.metrics_collected.mem.measurement[0].unit: 'GB' is no unit",
        ),
        (
            metrics(cpu={"measurement": ["usage_idle"], "totalcpu": False}),
            "metrics.metrics_collected.cpu: collects nothing",
        ),
        (
            metrics(cpu={"measurement": ["usage_idle"], "resources": ["cpu0"]}),
            "metrics.metrics_collected.cpu.resources: of cpu is",
        ),
        (
            {"metrics": {"metrics_collected": {}, "namspace": "Mine"}},
            "metrics.namspace: is not allowed here",
        ),
        (
            {"metrics": {"namespace": "AWS/Mine", "metrics_collected": {}}},
            "metrics.namespace: begins with AWS/",
        ),
        (
            {"metrics": {"append_dimensions": {"InstanceId": "i-1"}, "metrics_collected": {}}},
            "metrics.append_dimensions.InstanceId: must be '${aws:InstanceId}', not 'i-1'",
        ),
        (
            {"metrics": {"aggregation_dimensions": ["InstanceId"], "metrics_collected": {}}},
            "metrics.aggregation_dimensions[0]: is not a list of dimension names",
        ),
        ({"agent": {"metrics_collection_interval": 0}}, "is not a whole number of seconds"),
        ({"agent": {"mode": "moon"}}, "agent.mode: 'moon'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(document, said):
    assert said in "\n".join(problems(document))


def test_all_problems_are_told_together():
    told = problems(metrics(mem={}, disk={"measurement": ["fullness"]}, moon={}))
    assert len(told) == 3


def test_what_has_no_effect_is_a_warning():
    document = metrics(mem={"measurement": ["used"]}, statsd={"service_address": ":8125"})
    document["metrics"]["append_dimensions"] = {"Team": "tea", "InstanceId": "${aws:InstanceId}"}
    config = read(document)
    assert config.appended == ("InstanceId",)
    told = "\n".join(config.warnings)
    assert "metrics.append_dimensions.Team: is read over" in told
    assert "metrics.metrics_collected.statsd: is not collected here" in told
    assert NOT_COLLECTED["statsd"] in told


def test_the_guide_writes_image_id_both_ways():
    for key, value in (("ImageId", "${aws:ImageId}"), ("ImageID", "${aws:ImageId}")):
        document = metrics(mem={"measurement": ["used"]})
        document["metrics"]["append_dimensions"] = {key: value}
        assert read(document).appended == ("ImageId",)


# -- logs
def logs(**entry):
    return {"logs": {"logs_collected": {"files": {"collect_list": [entry]}}}}


def test_a_log_file_with_the_agents_defaults():
    (file,) = read(logs(file_path="/var/log/app.log")).logs
    assert (file.group, file.stream, file.utc) == ("app.log", "{instance_id}", False)
    assert (file.encoding, file.retention_days, file.every) == ("utf-8", None, False)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "collect_list[0].file_path: is required"),
        ({"file_path": "/a", "file": "/b"}, "collect_list[0].file: is not allowed here"),
        ({"file_path": "/a", "retention_in_days": 8}, "retention_in_days: is 8, not one of -1, 1"),
        ({"file_path": "/a", "timestamp_format": "%Q"}, "timestamp_format: %Q is no code"),
        ({"file_path": "/a", "timezone": "CET"}, "timezone: is UTC or Local"),
        ({"file_path": "/a", "encoding": "klingon"}, "encoding: 'klingon' is no encoding"),
        ({"file_path": "/a", "multi_line_start_pattern": "("}, "is no regular expression"),
        (
            {"file_path": "/a", "multi_line_start_pattern": "{timestamp_format}"},
            "is {timestamp_format}, and there is none",
        ),
        (
            {"file_path": "/a", "filters": [{"type": "only", "expression": "x"}]},
            "filters[0].type: is include or exclude, not 'only'",
        ),
        ({"file_path": "/a", "filters": [{"type": "include"}]}, "filters[0].expression"),
    ],
)
def test_what_is_wrong_with_a_log_file(entry, said):
    assert said in "\n".join(problems(logs(**entry)))


def test_retention_for_ever():
    (file,) = read(logs(file_path="/a", retention_in_days=-1)).logs
    assert file.retention_days is None


def test_a_document_may_be_parsed_already_or_bytes():
    document = metrics(mem={"measurement": ["used"]})
    assert read(document) == read(json.dumps(document)) == read(json.dumps(document).encode())
