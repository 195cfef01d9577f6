"""Input shaping against the documented and the recorded examples (aws-semantics 5.6, trap 16)."""

import json

import pytest

from labkit.eventbridge.engine.jsonpath import MISSING, look
from labkit.eventbridge.engine.transform import About, problem, shape

EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789"],
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "acc": {"acc_id": "0a787ecb-4015", "sf_id": "baz"},
        "states": ["ACTIVE", "INACTIVE"],
        "ok": True,
        "size": 1.5,
        "none": None,
        "text": 'say "hi"',
    },
}
TEXT = json.dumps(EVENT, separators=(",", ":"))
ABOUT = About("arn:aws:events:us-east-1:123456789012:rule/r", "r", 1_700_000_000_000_000)


def made(template, **paths):
    target = {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    return shape(target, EVENT, TEXT, ABOUT)


@pytest.mark.parametrize(
    ("template", "paths", "wanted"),
    [
        ('{"instance": <i>, "state": [9, <s>, true]}',
         {"i": "$.detail.instance-id", "s": "$.detail.state"},
         '{"instance":"i-0123456789","state":[9,"RUNNING",true]}'),
        ('"instance <i> is in <s>"', {"i": "$.detail.instance-id", "s": "$.detail.state"},
         '"instance i-0123456789 is in RUNNING"'),
        ('{"all": <d>}', {"d": "$.detail.acc"},
         '{"all":{"acc_id":"0a787ecb-4015","sf_id":"baz"}}'),
        ('"acc <d>"', {"d": "$.detail.acc"}, '"acc {acc_id:0a787ecb-4015,sf_id:baz}"'),
        ('"<d>"', {"d": "$.detail.states"}, '"[ACTIVE,INACTIVE]"'),
        ('"<ok> <size> <none>"', {"ok": "$.detail.ok", "size": "$.detail.size",
                                  "none": "$.detail.none"}, '"true 1.5 null"'),
        ('{"command": <c>}', {"c": "$.detail.command"}, '{"command":""}'),
        ('"a <c> b"', {"c": "$.detail.command"}, '"a  b"'),
        ('{"t": "<t>"}', {"t": "$.detail.text"}, '{"t":"say "hi""}'),
        ('{"t": <t>}', {"t": "$.detail.text"}, '{"t":"say \\"hi\\""}'),
        ('{\n  "a  b": <s>,\n  "n": [1, 2]\n}', {"s": "$.detail.state"},
         '{"a  b":"RUNNING","n":[1,2]}'),
        ('"one <s>"\n"two <s>"', {"s": "$.detail.state"}, '"one RUNNING"\n"two RUNNING"'),
        ('{"q": "a \\"<s>\\" b"}', {"s": "$.detail.state"}, '{"q":"a \\"RUNNING\\" b"}'),
        ('{"r": "<aws.events.rule-arn>", "n": <aws.events.rule-name>}', {},
         '{"r":"arn:aws:events:us-east-1:123456789012:rule/r","n":"r"}'),
        ('{"at": <aws.events.event.ingestion-time>}', {}, '{"at":"2023-11-14T22:13:20Z"}'),
        ('{"e": <aws.events.event.json>}', {}, f'{{"e":{TEXT}}}'),
        ("<s>", {"s": "$.detail.state"}, '"RUNNING"'),
    ],
)  # fmt: skip
def test_templates(template, paths, wanted):
    assert made(template, **paths) == wanted


def test_the_event_without_its_detail():
    assert json.loads(made("<aws.events.event>")) == {
        "id": EVENT["id"],
        "account": "123456789012",
        "detailType": "EC2 Instance State-change Notification",
        "time": "2023-11-14T22:13:20Z",
        "source": "aws.ec2",
        "region": "us-east-1",
        "resources": EVENT["resources"],
        "version": "0",
    }


def test_a_constant_a_part_and_the_whole():
    assert shape({"Input": '{"a": 1}'}, EVENT, TEXT, ABOUT) == '{"a": 1}'
    assert shape({"InputPath": "$.detail.state"}, EVENT, TEXT, ABOUT) == '"RUNNING"'
    assert shape({"InputPath": "$.detail.states[1]"}, EVENT, TEXT, ABOUT) == '"INACTIVE"'
    assert shape({}, EVENT, TEXT, ABOUT) is TEXT


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$", EVENT),
        ("$.resources[0]", EVENT["resources"][0]),
        ("$.resources[3]", MISSING),
        ("$.detail.state.more", MISSING),
        ("$['detail']['state']", "RUNNING"),
        ("$.detail.states[*]", ["ACTIVE", "INACTIVE"]),
        ("detail", MISSING),
    ],
)
def test_paths(path, wanted):
    assert look(path, EVENT) == wanted or look(path, EVENT) is wanted


def test_what_is_no_transformer():
    def why(template, **paths):
        return problem({"InputPathsMap": paths, "InputTemplate": template}, "t", 2)

    assert why('{"a": <a>}', a="$.id") == ""
    assert "more than 2" in why('"x"', a="$.id", b="$.id", c="$.id")
    assert "invalid path" in why('"<a>"', a="id")
    assert why("no quotes <a>", a="$.id").startswith("Invalid InputTemplate for target t")
