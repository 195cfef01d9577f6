"""Packages, traffic, pictures, multi checks, blueprints: pure, by tables."""

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.errors import LabError
from labkit.synthetics import blueprints
from labkit.synthetics.engine import checks, package, traffic
from labkit.synthetics.engine.pixels import compare
from labkit.synthetics.engine.run import HttpCounts
from labkit.synthetics.engine.traffic import Exchange

ROOT = str(Path(__file__).resolve().parents[2])

PLACES = [
    # handler, files, file, function
    ("home.handler", ["python/home.py"], "python/home.py", "handler"),
    ("home.run", ["home.py", "lib.py"], "home.py", "run"),
    ("flows/login.run", ["python/flows/login.py"], "python/flows/login.py", "run"),
    ("home.handler", ["python/home.py", "home.py"], "python/home.py", "handler"),
]


@pytest.mark.parametrize(("handler", "files", "file", "function"), PLACES)
def test_where_a_handler_is(handler, files, file, function):
    assert package.find(handler, files) == package.Entry(file, function)


@pytest.mark.parametrize(
    ("handler", "files", "told"),
    [
        ("home.handler", [], "it has nothing"),
        ("home.handler", ["python/other.py"], "no python/home.py; it has python/other.py"),
        ("home", ["python/home.py"], "written file.function"),
        ("home.handler", ["nodejs/node_modules/home.js"], "is a script for Node.js"),
    ],
)
def test_where_it_is_not(handler, files, told):
    with pytest.raises(package.BadPackage, match=told.replace(".", r"\.")):
        package.find(handler, files)


def test_requests_are_counted_by_what_came_of_them():
    made = [
        Exchange("GET", "http://a/", 0, 1, status=status, error=error, cancelled=cancelled)
        for status, error, cancelled in [
            (200, "", False), (204, "", False), (302, "", False), (404, "", False),
            (503, "", False), (0, "net::ERR_CONNECTION_REFUSED", False), (0, "", True),
        ]
    ]  # fmt: skip
    assert traffic.counts(made) == HttpCounts(2, 1, 1, 1)


def test_a_har_is_in_the_labs_time_and_in_order():
    made = [
        Exchange("GET", "http://a/x?b=1", 1500.0, 20.0, status=200, kind="image"),
        Exchange("GET", "http://a/", 1000.0, 30.0, status=200, kind="document"),
    ]
    log = json.loads(traffic.har(made, 1_767_603_600_000_000, "156"))["log"]
    assert [one["startedDateTime"] for one in log["entries"]] == [
        "2026-01-05T09:00:01.000Z", "2026-01-05T09:00:01.500Z",
    ]  # fmt: skip
    assert log["entries"][1]["pageref"] == log["pages"][0]["id"]
    assert log["entries"][1]["request"]["queryString"] == [{"name": "b", "value": "1"}]


def test_a_page_of_a_har_shows_no_markup_of_an_address():
    shown = traffic.har_page([Exchange("GET", "http://a/<script>", 0, 1)], "a & b")
    assert b"<script>" not in shown and b"a &amp; b" in shown


def picture(color, size=(40, 20), spot=None):
    from PIL import Image

    image = Image.new("RGB", size, color)
    if spot:
        image.paste((255, 0, 0), spot)
    place = io.BytesIO()
    image.save(place, "PNG")
    return place.getvalue()


def test_pictures_are_compared_by_their_pixels():
    before = picture("white")
    same, nothing = compare("a.png", before, picture((250, 250, 250)))
    assert (same.differing_percent, same.passed, nothing) == (0.0, True, b"")
    changed = picture("white", spot=(0, 0, 8, 10))
    found, marked = compare("a.png", before, changed)
    assert (found.differing_percent, found.passed) == (10.0, False)
    assert found.difference == "a-difference.png" and marked[1:4] == b"PNG"
    assert compare("a.png", before, changed, threshold_percent=10.0)[0].passed
    assert compare("a.png", before, changed, ((0, 0, 8, 10),))[0].differing_percent == 0.0
    assert compare("a.png", before, picture("white", (40, 21)))[0].differing_percent == 100.0
    assert not compare("a.png", before, None)[0].passed
    assert compare("a.png", before, b"no picture")[0].differing_percent == 100.0


CHECK = {"stepName": "a", "checkerType": "HTTP", "url": "http://a/", "httpMethod": "GET"}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "at least one step"),
        ({"steps": {}, "more": 1}, "has no more"),
        ({"steps": {"11": CHECK}}, "numbered 1 to 10"),
        ({"steps": {"1": CHECK, "2": CHECK}}, "two steps 'a'"),
        ({"steps": {"1": {**CHECK, "checkerType": "FTP"}}}, "one of HTTP, DNS, SSL, TCP"),
        ({"steps": {"1": {**CHECK, "port": 80}}}, "a check of HTTP has no port"),
        ({"steps": {"1": {"stepName": "t", "checkerType": "TCP", "hostname": "a"}}}, "needs port"),
        ({"steps": {"1": {**CHECK, "assertions": [{"type": "TTL"}]}}}, "type is one of STATUS"),
        ({"steps": {"1": {**CHECK, "assertions": [
            {"type": "STATUS_CODE", "operator": "IN_RANGE"}]}}}, "rangeMin and rangeMax"),
        ({"steps": {"1": CHECK}, "variables": {"1a": "x"}}, "a variable's name"),
        ({"steps": {"1": CHECK}, "globalSettings": {"stepTimeout": 5}}, "from 1000 to 300000"),
    ],
)  # fmt: skip
def test_configurations_that_can_not_be(config, told):
    with pytest.raises(checks.BadChecks, match=told):
        checks.validate(config)


@pytest.mark.parametrize(
    ("answer", "assertion", "told"),
    [
        ('{"a": [{"b": "x"}]}', {"path": "$.a[0].b", "operator": "EQUALS", "value": "x"}, ""),
        ('{"a": 1}', {"path": "$.a", "operator": "EQUALS", "value": "1"}, ""),
        ('{"a": 1}', {"path": "$.b", "operator": "EXISTS", "value": False}, ""),
        ('{"a": 1}', {"path": "$.b", "operator": "EQUALS", "value": "1"}, r"\$\.b is not in"),
        ("tea", {"path": "$", "operator": "EXISTS", "value": True}, "no JSON: 'tea'"),
        ("tea", {"target": "TEXT", "operator": "CONTAINS", "value": "te"}, ""),
        ("tea", {"target": "TEXT", "operator": "NOT_CONTAINS", "value": "te"}, "not contains 'te'"),
    ],
)
def test_bodies_are_held_against_assertions(answer, assertion, told):
    one = {"type": "BODY", **assertion}
    if not told:
        checks.body(answer.encode(), one)
        return
    with pytest.raises(checks.CheckFailed, match=told):
        checks.body(answer.encode(), one)


ODD = st.sampled_from([None, True, 0, -1, 70_000, "", "a", "HTTP", [], [1], {}, {"type": "TTL"}])
STEP = st.fixed_dictionaries(
    {name: ODD | st.just(value) for name, value in CHECK.items()},
    optional={"assertions": ODD, "extractors": ODD, "port": ODD, "timeout": ODD},
)
CONFIG = st.fixed_dictionaries(
    {"steps": ODD | st.dictionaries(st.sampled_from(["1", "2", "11"]), ODD | STEP, max_size=2)},
    optional={"variables": ODD, "globalSettings": ODD, "more": ODD},
)


@settings(max_examples=80)
@given(CONFIG | ODD)
def test_whatever_the_configuration_is_it_is_refused_or_taken(config):
    try:
        checks.validate(config)
    except checks.BadChecks as problem:
        assert str(problem)


def test_variables_are_filled_in_everywhere():
    filled = checks.fill({"url": "${base}/a", "headers": {"x": "${base}"}}, {"base": "http://b"})
    assert filled == {"url": "http://b/a", "headers": {"x": "http://b"}}
    with pytest.raises(checks.BadChecks, match=r"\$\{no\}"):
        checks.fill("${no}", {})


@pytest.mark.parametrize("name", blueprints.NAMES)
def test_every_blueprint_can_be_compiled_and_packed_the_same_each_time(name):
    text = blueprints.script(name)
    compile(text, name, "exec")
    assert blueprints.package(text) == blueprints.package(text)
    assert package.check(blueprints.package(text)) == ["python/canary.py"]
    assert package.uses_browser(blueprints.package(text)) == ("webdriver.Chrome()" in text)


def test_settings_are_filled_in_at_the_top_of_a_script():
    text = blueprints.script("heartbeat", URLS=["http://a/", "http://b/"])
    assert "URLS = ['http://a/', 'http://b/']" in text
    again = blueprints.fill(text, {"URLS": ["http://c/"]})
    assert "http://a/" not in again and "http://c/" in again
    with pytest.raises(LabError, match="no setting PAGES; it has URLS"):
        blueprints.script("heartbeat", PAGES=1)
    with pytest.raises(LabError, match="no blueprint is called 'hearbean'"):
        blueprints.script("hearbean")


OWN_TMP = """
import os, sys
installed, folder = sys.argv[1:]
sys.path.append(installed)
from labkit.synthetics.runner.instruments import own_tmp
own_tmp(folder)
with open("/tmp/left.txt", "w") as file:
    file.write("artifact")
print(open(os.path.join(installed, "model.json")).read())
print(sorted(os.listdir("/tmp")))
"""


def test_a_python_that_is_installed_below_tmp_finds_its_own_files():
    """A clone below /tmp: botocore, asked by the script for its first client, found no models."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        installed, folder = Path(place) / "site-packages", Path(place) / "run"
        installed.mkdir()
        folder.mkdir()
        (installed / "model.json").write_text("model")
        done = subprocess.run(
            [sys.executable, "-c", OWN_TMP, str(installed), str(folder)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ROOT},
        )  # fmt: skip
        assert done.stdout.split() == ["model", "['left.txt']"]
        assert (folder / "left.txt").read_text() == "artifact"
