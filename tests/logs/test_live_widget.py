"""Live Tail as a widget, files as the past of a group, bars for who waits."""

import gzip

import pytest

from labkit.core.errors import LabError
from labkit.views import waiting


@pytest.fixture
def group(lab):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.create_log_stream(logGroupName="/shop", logStreamName="a")

    def say(*lines):
        at = lab.world.clock.now_us // 1000
        logs.put_log_events(
            logGroupName="/shop", logStreamName="a",
            logEvents=[{"timestamp": at, "message": line} for line in lines],
        )  # fmt: skip

    return say


def test_lines_appear_as_they_come_in_and_the_pattern_can_be_changed(lab, group):
    tail = lab.logs.live("/shop", "ERROR")
    form = tail.form
    group("ERROR one", "fine")
    assert [line[2] for line in tail.lines] == ["ERROR one"]
    assert "ERROR one" in form.children[1].value and "live, 1 line" in str(tail)
    asked, pause, clear, stop, forward = form.children[0].children
    pause.click()
    group("ERROR two")
    assert len(tail.lines) == 1 and "1 line held back" in str(tail)
    assert pause.description == "Go on"
    pause.click()
    assert len(tail.lines) == 2
    asked.value = "fine"
    group("fine", "ERROR three")
    assert [line[2] for line in tail.lines][-1] == "fine" and tail.seen == 3
    asked.value = "{ $.a ="
    assert tail.problem and tail.pattern == "fine" and tail.running
    clear.click()
    assert "no line so far" in str(tail)
    before = lab.now
    forward.click()
    assert (lab.now - before).total_seconds() == 10
    stop.click()
    group("fine")
    assert not tail.running and not tail.lines
    assert not lab.parts.logs.live_tail.sessions
    assert live_minutes(lab) == 2, "another pattern is another session"


def test_a_live_tail_of_what_is_not_there_says_so(lab, group):
    with pytest.raises(LabError, match="does not exist"):
        lab.logs.live("/none")
    with pytest.raises(LabError, match="pattern"):
        lab.logs.live("/shop", "{ $.a =")


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_becomes_the_past_of_a_group(lab, tmp_path, packed):
    text = b"no stamp yet\n2026-01-05T08:00:00 ERROR a\n  at line 7\n\n2026-01-05T08:00:01 fine\n"
    path = tmp_path / ("app.log.gz" if packed else "app.log")
    path.write_bytes(gzip.compress(text) if packed else text)
    assert lab.logs.import_file(path, "/old") == 2
    found = lab.client("logs").filter_log_events(logGroupName="/old")["events"]
    assert [one["message"] for one in found] == [
        "2026-01-05T08:00:00 ERROR a\n  at line 7", "2026-01-05T08:00:01 fine",
    ]  # fmt: skip
    saved = lab.saved()
    again = lab.of(saved)
    assert again.digest() == lab.digest() and not again.errors
    again.close()
    path.write_bytes(b"2026-01-05T08:00:00 other\n")
    other = lab.of(saved)
    assert other.errors
    other.close()


@pytest.mark.parametrize(
    ("name", "body", "more", "text"),
    [
        ("a.log", b"nothing", {}, "no line with a timestamp"),
        ("a.log.gz", b"no gzip", {}, "no whole gzip"),
        ("a.log", b"x", {"timestamp_format": "%Q"}, "%Q is not known"),
        ("", b"", {}, "(?i)directory"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(lab, tmp_path, name, body, more, text):
    path = tmp_path / name
    if name:
        path.write_bytes(body)
    with pytest.raises(LabError, match=text):
        lab.logs.import_file(path, "/old", **more)


def test_a_bar_shows_after_a_while_and_is_gone_at_the_end(monkeypatch, capsys):
    monkeypatch.delenv("LABKIT_LEARNER", raising=False)
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setattr(waiting, "_LOOK", 0.0)
    with waiting.bar("time passes", 10, "s") as tell:
        tell(4)
        tell(10)
    told = capsys.readouterr().err
    assert "time passes" in told and "10 of 10 s" in told
    monkeypatch.setenv("LABKIT_BARS", "0")
    with waiting.bar("time passes", 10) as tell:
        tell(4)
    assert capsys.readouterr().err == ""


def test_time_that_passes_quickly_shows_no_bar(lab, capsys, monkeypatch):
    monkeypatch.delenv("LABKIT_LEARNER", raising=False)
    lab.advance(days=1)
    assert capsys.readouterr().err == ""


def live_minutes(lab):
    used = lab.world.meters.usage(0, lab.world.clock.now_us)
    return sum(one.quantity for one in used if one.item == "logs.live_tail")


def test_minutes_of_live_tails_are_on_the_bill_of_a_world_that_is_opened_again(lab, group):
    tail = lab.logs.live("/shop")
    lab.advance(minutes=7)
    tail.stop()
    lab.logs.tail("/shop", seconds=150)
    assert live_minutes(lab) == 7 + 3
    again = lab.of(lab.saved())
    assert live_minutes(again) == 10
    again.close()


def test_a_live_tail_that_goes_on_costs_a_replay_nothing(lab, group):
    arn = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:/shop"
    stream = lab.client("logs").start_live_tail(logGroupIdentifiers=[arn])["responseStream"]
    lab.advance(minutes=2)
    again = lab.of(lab.saved())
    assert (live_minutes(lab), live_minutes(again)) == (0, 0)
    again.close()
    stream.close()
    assert live_minutes(lab) == 2
