"""A query that is interrupted while it is computed: stopped, or computed when it is due."""

import numpy as np
import pytest

from labkit.logs.engine import ql
from labkit.logs.engine.ql import running
from labkit.views import waiting
from tests.logs.ql.test_insights_queries import MOMENT, table

GROUP = "/g"


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    at = lab.world.clock.now_us // 1000 - 60_000 + np.arange(50, dtype=np.int64)
    lab.parts.logs.import_lines(
        "123456789012", "us-east-1", GROUP, "s", at, [f"line {n}" for n in range(50)]
    )
    return client


@pytest.fixture
def interrupting(monkeypatch):
    """Whoever reads events is interrupted, as often as the list has entries."""
    left = []
    events = running.Run.events

    def read(run, *args):
        if left and not run.bind:
            left.pop()()
        return events(run, *args)

    monkeypatch.setattr(running.Run, "events", read)
    return left


def start(lab, logs):
    now = lab.world.clock.now_us // 1_000_000
    return logs.start_query(
        logGroupName=GROUP, startTime=now - 600, endTime=now, queryString="stats count(*) as n"
    )["queryId"]


def test_an_interrupted_query_is_computed_when_it_is_due(lab, logs, interrupting):
    query = start(lab, logs)
    interrupting.append(ql.interrupt)
    lab.advance(milliseconds=200)
    assert logs.get_query_results(queryId=query)["status"] == "Running"
    lab.advance(seconds=1)
    found = logs.get_query_results(queryId=query)
    assert found["status"] == "Complete"
    assert found["results"] == [[{"field": "n", "value": "50"}]]
    assert (
        lab.world.meters.tallies["logs.scanned", "123456789012", "us-east-1"].until(2**62)
        == (found["statistics"]["bytesScanned"])
    )


def test_one_that_is_interrupted_again_takes_longer(lab, logs, interrupting):
    query = start(lab, logs)
    interrupting += [ql.interrupt, ql.interrupt]
    lab.advance(milliseconds=550)
    assert logs.get_query_results(queryId=query)["status"] == "Running"
    lab.advance(seconds=1)
    assert logs.get_query_results(queryId=query)["status"] == "Complete"


def test_stop_query_interrupts_the_query_that_it_names(lab, logs, interrupting):
    """Before the call waits for the world, which the query has."""
    query = start(lab, logs)
    urgent = lab.world.urgent["logs", "StopQuery"]
    interrupting += [lambda: urgent({"queryId": query})]
    lab.advance(milliseconds=200)
    assert logs.stop_query(queryId=query)["success"]
    lab.advance(seconds=5)
    assert logs.get_query_results(queryId=query)["status"] == "Cancelled"
    urgent({"queryId": query})
    other = start(lab, logs)
    interrupting += [lambda: urgent({"queryId": query})]
    lab.advance(seconds=5)
    assert logs.get_query_results(queryId=other)["status"] == "Complete"


def test_ctrl_c_stops_the_query_that_somebody_waits_for(lab, logs, interrupting):
    def press():
        lab.world.clock.interrupt()
        raise KeyboardInterrupt

    interrupting.append(press)
    with pytest.raises(KeyboardInterrupt):
        lab.logs.query("stats count(*)", GROUP)
    assert [q["status"] for q in logs.describe_queries()["queries"]] == ["Cancelled"]


def test_a_statement_over_many_events_knows_how_far_it_is(monkeypatch):
    """duckdb is asked for its progress where there are many events, and only there."""
    assert ql.progress() == -1
    asked = []
    fetch = running.Run.fetch

    def look(run, *args):
        found = fetch(run, *args)
        setting = "SELECT current_setting('enable_progress_bar')"
        asked.append((run.cursor.execute(setting).fetchall()[0][0], ql.progress()))
        return found

    monkeypatch.setattr(running.Run, "fetch", look)
    for few in (1_000_000, 1):
        monkeypatch.setattr(running, "_FEW", few)
        ql.run(ql.parse("stats count(*)"), lambda *_: table(["a", "b"]), MOMENT)
    assert [on for on, _ in asked] == [False, True]


def test_the_clock_shows_percent_where_there_are_any(monkeypatch):
    monkeypatch.setattr(waiting, "wanted", lambda: True)
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setattr(waiting, "_LOOK", 0.01)
    told, seen = iter([-1.0, 12.3, 50.0]), []

    class Bar:
        def __init__(self, **_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def set_description_str(self, text, refresh):
            seen.append(text)

        def refresh(self):
            if len(seen) >= 3:
                done.set()

    import threading

    import tqdm.auto

    done = threading.Event()
    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    with waiting.patience("running the query", lambda: next(told, 50.0)):
        assert done.wait(10)
    assert seen[:3] == ["running the query", "running the query, 12 %", "running the query, 50 %"]
