"""The night of lesson 07: what is put into the shop's logs, and the control's six questions."""

import json

import pytest

from labkit.course import burglary
from labkit.course.burglary import ACCESS, APP, FLOWS, Tale, Visit


@pytest.fixture
def tale(lab):
    """A tale of three visits in a shop that has logged for three minutes."""
    lab.shop.logs(hours=0.05, sources=["elasticbeanstalk", "ecs", "vpc-flow-logs"], live=False)
    at_us = lab.world.clock.now_us - 90_000_000
    told = Tale(1)
    told.visits = [
        Visit(at_us + n * 2_000_000, "192.0.2.9", ask, status, size, **more)
        for n, (ask, status, size, more) in enumerate(
            [
                ("GET /a", 404, 100, {}),
                ("POST /b?x=1", 200, 900,
                 {"service": "admin", "said": "in", "more": (("user", "lena"),)}),
                ("GET /c", 500, 50, {"service": "admin", "said": "no"}),
            ]
        )
    ]  # fmt: skip
    told.put(lab)
    return told


def messages(lab, group, text):
    found = lab.logs.query(f'filter @message like "{text}" | sort @timestamp asc', group, last="1h")
    return found["@message"].tolist()


def test_a_visit_is_a_line_of_nginx_and_of_the_service_with_one_request_id(lab, tale):
    access = messages(lab, ACCESS, "192.0.2.9")
    assert ['"GET /a HTTP/1.1" 404 100' in access[0], '"POST /b?x=1 HTTP/1.1" 200' in access[1]]
    assert len(access) == 3
    app = [json.loads(line) for line in messages(lab, APP, "192.0.2.9")]
    assert [line["requestId"] for line in app] == [line.split(" ")[-1] for line in access[1:]]
    assert [(line["level"], line["path"], line.get("user")) for line in app] == [
        ("INFO", "/b", "lena"), ("ERROR", "/c", None),
    ]  # fmt: skip
    assert app[0]["time"].endswith("Z") and len(app[0]["time"]) == 24


def test_its_bytes_are_in_the_flow_log_in_both_directions(lab, tale):
    found = lab.logs.query(
        'filter srcAddr = "192.0.2.9" or dstAddr = "192.0.2.9" | stats sum(bytes) as n by '
        "srcAddr = '192.0.2.9' as came", FLOWS, last="1h",
    )  # fmt: skip
    assert dict(zip(found.came, found.n, strict=True)) == {1: 3 * 700, 0: 3 * 700 + 1050}


@pytest.mark.long
def test_the_lesson_finds_what_was_put_in(lab):
    counted = burglary.put(lab)
    assert sum(counted.values()) > 1_000_000
    ask = burglary.asking(lab)
    first = {
        question: ask(question, 30).data["rows"][0]
        for question in burglary.QUESTIONS
        if question != "what is new"
    }
    assert first["who asked most"] == [burglary.VISITOR, "270"]
    assert first["who was rejected"] == [burglary.VISITOR, "46"]
    assert first["what left for the visitor"][0] == burglary.MACHINE_ADDRESS
    new = [row for row in ask("what is new", 52).data["rows"] if "NEW" in row]
    assert [row[0] for row in new] == [
        "query failed: unterminated quoted string", "wrong password", "export started", "signed in",
    ]  # fmt: skip
