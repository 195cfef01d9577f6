"""What a learner holds: the ticket, handles, hints, the solution, and four faces."""

import dataclasses

import boto3
import pytest

import labkit
from course.answers import c01_metrics
from course.judging import hand_in
from labkit.course import exercises, worlds
from labkit.course.outcomes import (
    Broken,
    Judged,
    NotAttempted,
    NotYet,
    Passed,
    Stumbled,
)
from labkit.course.progress import Progress
from labkit.course.variant import Variant
from labkit.views.drawing import Drawing


@pytest.fixture
def ex(opened):
    return opened("01", learner="anna")


def test_it_opens_the_world_and_shows_what_there_is(ex):
    text = str(ex)
    for said in ("Exercise 01", "Jonas, finance", "You have", "ex.logins", "Deliver", "ex.check(3)",
                 "0 of 3", "Learner: anna"):  # fmt: skip
        assert said in text
    page = ex._repr_html_()
    assert "Jonas, finance" in page and "<script" not in page
    assert {"check", "hint", "solution", "deliver", "lab", "logins", "play"} <= set(dir(ex))
    assert ex.namespace.startswith("Teapot/") and len(ex.shops) == 5
    with pytest.raises(AttributeError, match="there are: logins, play, namespace, shops"):
        _ = ex.machines
    assert boto3.client("cloudwatch").list_metrics()["Metrics"] == []
    assert len(ex.lab.world.journal) == 0


def test_opening_it_again_closes_the_first(ex, opened):
    again = opened("01_metrics", learner="anna")
    with pytest.raises(labkit.LabError, match="closed"):
        ex.lab.advance(minutes=1)
    assert again.lab.now == again.lab.start


def test_the_same_learner_gets_the_same_world_and_another_one_another(ex):
    first, again = worlds.facts("01_metrics", "anna"), worlds.facts("01_metrics", "anna")
    assert first == again != worlds.facts("01_metrics", "ben")
    assert Variant("01_metrics", "anna").seed() != Variant("02_agents", "anna").seed()
    with pytest.raises(labkit.LabError, match="no learner id"):
        exercises.exercise("01_metrics", learner="an na")
    with pytest.raises(labkit.LabError, match="there are: 0"):
        exercises.exercise("99_nothing")


def test_hints_open_one_by_one_and_then_the_solution(ex):
    closed = str(ex.solution(1))
    assert "closed" in closed and "3 more hints" in closed
    for n in (1, 2, 3, 3):
        shown = str(ex.hint(1))
        assert f"hint {n} of 3" in shown and shown.count("Hint ") == n
    assert "3 of 3" in str(ex), "hints used are in the table"
    opened_up = str(ex.solution(1))
    assert "def publish(logins, now):" in opened_up and "BEGIN SOLUTION" not in opened_up
    assert "Why not otherwise" in opened_up
    assert "closed" in str(ex.solution(2))


def test_a_pass_opens_the_solution_and_is_remembered(ex):
    hand_in(ex, c01_metrics.RIGHT)
    judged = ex.check(3)
    assert judged.passed and judged.first_pass
    assert not ex.check(3).first_pass
    assert "def publish" in str(ex.solution(3))
    assert Progress().check("01_metrics", 3)["attempts"] == 2
    assert "passed" in str(ex) and ex.state()[2]["state"] == "passed"
    assert (ex.grade(3), ex.grade(1)) == (2, 3)


def test_an_untouched_world_is_no_attempt(ex):
    assert not ex.check(1).passed and ex.grade(1) == 0
    assert Progress().checks == {}


def test_play_fills_the_learners_own_lab_and_begins_anew_each_time(ex):
    with pytest.raises(labkit.LabError, match="nothing to play yet"):
        ex.play()
    hand_in(ex, c01_metrics.RIGHT)
    refused = str(ex.play())
    assert "6 metrics in" in refused
    assert str(ex.play()) == refused
    assert ex.lab.now == ex.logins[-1].received.replace(microsecond=ex.lab.now.microsecond)
    graph = ex.lab.client("cloudwatch").get_metric_statistics(
        Namespace=ex.namespace, MetricName="Logins", Period=3600, Statistics=["Sum"],
        StartTime=ex.lab.start, EndTime=ex.lab.now)  # fmt: skip
    on_time = sum(login["at"] >= ex.lab.start for login in ex.logins.logins)
    assert graph["Datapoints"][0]["Sum"] == on_time


def test_the_sample_shows_what_will_be_played(ex):
    """Fair: a spike, late logins, and one too old are in the sample hour as well."""
    text = str(ex.logins)
    assert "busiest" in text and text.count("late") == 2
    assert min(login["at"] for login in ex.logins.logins).date().isoformat() == "2025-12-21"


def test_code_that_is_judged_can_not_move_the_learners_lab(ex):
    hand_in(ex, "@ex.deliver\ndef publish(logins, now):\n    ex.lab.advance(minutes=5)\n")
    judged = ex.check(1)
    assert isinstance(judged.outcome, Broken) and "stands still" in judged.outcome.error
    assert ex.lab.now == ex.lab.start
    assert "line 3" in judged.outcome.where


def test_a_clock_read_in_judged_code_is_that_of_the_played_world(ex):
    seen = []
    ex.deliver(lambda logins, now: seen.append((ex.lab.now - now).total_seconds()))
    ex.check(3)
    assert set(seen) == {0.0}


def test_a_check_that_breaks_says_that_it_is_not_the_learners_mistake(ex, monkeypatch):
    hand_in(ex, c01_metrics.RIGHT)
    monkeypatch.setattr(type(ex._task.checks[0]), "judge", lambda *_: 1 / 0)
    judged = ex.check(1)
    assert isinstance(judged.outcome, Stumbled)
    text = str(judged)
    assert "mistake in labkit" in text and "ZeroDivisionError" in text and "report" in text
    assert "Traceback" not in text
    assert Progress().checks == {}, "it is no attempt of the learner's"


FACES = [
    Passed("10 of 10.", why="It is.", built="x", cost="$0.10", remarks=("a", "b")),
    NotYet("7 of 10.", "x", "incident 3", "it never moved", "what is the shortest?"),
    Broken("publish ended.", "PutMetricData answered X: y", "line 3: put()", "too old"),
    NotAttempted("Nothing built.", "an alarm"),
    Stumbled("The check broke.", "ValueError: x (a.py, line 3)"),
]


@pytest.mark.parametrize("outcome", FACES, ids=lambda one: type(one).__name__)
def test_each_outcome_has_a_face_of_its_own_and_says_everything(outcome):
    judged = Judged("01_metrics", 1, 3, "a title", 2, outcome, hints_used=1, hints=3)
    page, text = judged._repr_html_(), str(judged)
    for field in dataclasses.fields(outcome):
        value = getattr(outcome, field.name)
        for part in value if isinstance(value, tuple) else [value]:
            if isinstance(part, str) and part:
                assert part in " ".join(text.split()) and part in page
    assert 'role="group" aria-label=' in page, "a screen reader hears the verdict first"
    assert page.startswith('<div class="mathjax_ignore"'), "two prices are no formula"
    assert text[0] in page and text.split(":")[0][2:].lower() in page.lower(), "sign and word"


def test_no_two_faces_share_a_sign():
    made = [str(Judged("01_metrics", 1, 3, "t", 1, one)) for one in FACES]
    assert len({text[0] for text in made}) == len(FACES)


def test_what_a_learner_typed_is_no_markup():
    figure = Drawing("<b>", "<b>", body="<i>drawn</i>")
    judged = Judged(
        "c", 1, 1, "t", 1, NotYet("<img src=x>", "`<b>`", question="*<u>*?", figure=figure)
    )
    page = judged._repr_html_()
    assert "<img" not in page and "<u>" not in page and "<i>drawn</i>" in page


def test_asterisks_of_a_cron_expression_are_no_emphasis():
    from labkit.course.faces import inline

    made = str(inline("*read* `cron(0 9 * * ? *)` as cron(0 9 1W * ? *), *twice*"))
    assert made.startswith("<em>read</em> <code")
    assert ">cron(0 9 * * ? *)</code> as cron(0 9 1W * ? *), <em>twice</em>" in made
