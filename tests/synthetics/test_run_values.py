"""What a run depends on: the fingerprint that decides whether it is replayed."""

from dataclasses import replace

import pytest

from labkit.synthetics.engine.run import Baseline, RunRequest, RunResult, Site, fingerprint

ASKED = RunRequest("shop", "run-1", b"zip", "home.handler", environment={"URL": "http://a"})
SITE = Site({"shop.teapot.example": (80, 443)}, "healthy")


@pytest.mark.parametrize(
    "change",
    [
        {"run_id": "run-2"}, {"now_us": 5}, {"artifact_prefix": "b/p"}, {"seed": 3},
        {"access_key": "ASIA"}, {"patience_s": 9.0},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_matter_leaves_the_fingerprint(change):
    assert fingerprint(replace(ASKED, **change), SITE) == fingerprint(ASKED, SITE)


@pytest.mark.parametrize(
    "change",
    [
        {"code": b"other"}, {"handler": "home.other"}, {"runtime": "syn-python-selenium-11.0"},
        {"environment": {"URL": "http://b"}}, {"timeout_s": 10}, {"memory_mb": 1024},
        {"checks": {"steps": {}}}, {"baseline": Baseline({"a.png": b"1"})},
        {"baseline": Baseline({"a.png": b"1"}, {"a.png": ((0, 0, 1, 1),)})},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_whatever_the_run_may_notice_changes_it(change):
    assert fingerprint(replace(ASKED, **change), SITE) != fingerprint(ASKED, SITE)


def test_another_state_of_the_site_or_browser_changes_it():
    before = fingerprint(ASKED, SITE, "156.0")
    assert fingerprint(ASKED, replace(SITE, fingerprint="slow"), "156.0") != before
    assert fingerprint(ASKED, SITE, "157.0") != before
    other = replace(SITE, ports={"shop.teapot.example": (8080, 8443)})
    assert fingerprint(ASKED, other, "156.0") == before, "ports differ from kernel to kernel"


def test_an_artifact_that_is_not_there_says_what_is():
    done = RunResult(True, "", "", "PASSED", 0, 1.0)
    with pytest.raises(KeyError, match=r"no results\.har"):
        done.artifact("results.har")
