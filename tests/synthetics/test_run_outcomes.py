"""How a run that ended in some way is told: state, code, reason, metrics."""

import pytest

from labkit.synthetics.engine.outcome import Ended, Limits, judge, metrics
from labkit.synthetics.engine.run import (
    CANARY_FAILURE,
    EXECUTION_FAILURE,
    LONGEST_REASON,
    Comparison,
    HttpCounts,
    StepResult,
)

LIMITS = Limits(timeout_s=30, patience_s=60, memory_mb=960, pending=("http://a/", "http://b/"))

TOLD = [
    # kind, text, step, test result, reason
    ("failed", "ValueError: no", "", "FAILED", "ValueError: no"),
    ("failed", "ValueError: no", "pay", "FAILED", "Step 'pay' failed: ValueError: no"),
    ("not_loaded", "SyntaxError: x", "", "UNKNOWN",
     "The script could not be loaded: SyntaxError: x"),
    ("died", "signal 11", "pay", "UNKNOWN",
     "The process of the canary ended at step 'pay' before the handler returned: signal 11"),
    ("timeout", "", "pay", "UNKNOWN",
     "Canary timed out after 30 seconds at step 'pay', waiting for http://b/"),
    ("memory", "", "", "UNKNOWN", "Canary ran out of memory: it took more than its 960 MB"),
    ("output", "", "", "UNKNOWN", "Canary wrote more than 1 MB of output, and was ended"),
    ("too_large", "http://a/", "", "FAILED",
     "http://a/ sent more than 20 MB, which is as much as a canary takes"),
    ("exited", "sys.exit(1)", "", "FAILED",
     "The script ended the run itself with sys.exit(1); a canary's handler returns"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "step", "result", "reason"), TOLD)
def test_a_run_that_did_not_end_well(kind, text, step, result, reason):
    found = judge(Ended(kind, text, step), LIMITS, (), strict=True)
    assert (found.passed, found.code) == (False, CANARY_FAILURE)
    assert (found.test_result, found.reason) == (result, reason)


def test_a_failure_of_the_script_counts_before_an_execution_error():
    both = Ended("failed", "E: x", execution_errors=("no picture",))
    assert judge(both, LIMITS, (), strict=True).code == CANARY_FAILURE
    only = Ended("returned", execution_errors=("no picture",))
    found = judge(only, LIMITS, (), strict=True)
    assert (found.code, found.test_result) == (EXECUTION_FAILURE, "PASSED")


def test_pictures_that_differ_fail_a_run_unless_it_only_watches():
    differ = (Comparison("01-a.png", 3.21, False), Comparison("02-b.png", 0.0, True))
    strict = judge(Ended("returned"), LIMITS, differ, strict=True)
    assert strict.reason.endswith("1 of 2 screenshots differ from the baseline: 01-a.png (3.21 %)")
    assert judge(Ended("returned"), LIMITS, differ, strict=False).passed


def test_a_reason_has_room_in_the_api():
    found = judge(Ended("failed", "x" * 5000), LIMITS, (), strict=True)
    assert len(found.reason) == LONGEST_REASON and found.reason.endswith("...")


def test_metrics_of_a_run_by_canary_by_step_and_of_all():
    good = judge(Ended("returned"), LIMITS, (), strict=True)
    steps = (StepResult("a", "PASSED", 0, 12.5), StepResult("b", "UNKNOWN", 12.5))
    told = metrics("shop", good, 250.0, steps, HttpCounts(5, 1, 0, 2), ())
    by = {(one.name, one.dimensions): one.value for one in told}
    own, a = (("CanaryName", "shop"),), (("CanaryName", "shop"), ("StepName", "a"))
    assert by["SuccessPercent", own] == by["SuccessPercent", a] == 100.0
    assert (by["Duration", own], by["Duration", a]) == (250.0, 12.5)
    assert (by["2xx", own], by["2xx", ()], by["Failed requests", own]) == (5, 5, 2)
    assert not any(("StepName", "b") in dimensions for _, dimensions in by)


def test_each_metric_with_a_switch_can_be_switched_off():
    good = judge(Ended("returned"), LIMITS, (), strict=True)
    steps = (StepResult("a", "PASSED", 0, 1),)
    options = {"4xx_metric": False, "aggregated_5xx_metric": False, "step_duration_metric": False}
    told = metrics("shop", good, 1.0, steps, HttpCounts(), (), options)
    names = [(one.name, len(one.dimensions)) for one in told]
    assert ("4xx", 1) not in names and ("4xx", 0) in names
    assert ("5xx", 1) in names and ("5xx", 0) not in names
    assert ("Duration", 2) not in names and ("SuccessPercent", 2) in names


def test_a_run_that_could_not_be_run_counts_as_failed():
    late = judge(Ended("timeout"), LIMITS, (), strict=True)
    told = {one.name: one.value for one in metrics("c", late, 1.0, (), HttpCounts(), ())}
    assert (told["Failed"], told["SuccessPercent"]) == (1.0, 0.0)
    said = judge(Ended("failed", "E: no"), LIMITS, (), strict=True)
    told = {one.name: one.value for one in metrics("c", said, 1.0, (), HttpCounts(), ())}
    assert (told["Failed"], told["SuccessPercent"]) == (0.0, 0.0)
