"""Following files: appended, truncated, rotated, several, multi-line, any encoding, any cut."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.agents.log_file import Filter, LogFile, filled
from labkit.agents.tail import LONGEST, Seen, Tail

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Disk:
    """Files in memory: name -> (identity, bytes); renaming keeps the identity."""

    def __init__(self):
        self.names = {}
        self.bytes = {}
        self.count = 0
        self.ticks = 0
        self.changed = {}

    def write(self, name, data, *, append=True):
        if name not in self.names:
            self.count += 1
            self.names[name] = (1, self.count)
            self.bytes[self.names[name]] = b""
        identity = self.names[name]
        self.bytes[identity] = (self.bytes[identity] if append else b"") + data
        self.ticks += 1
        self.changed[identity] = self.ticks

    def rename(self, old, new):
        self.names[new] = self.names.pop(old)

    def seen(self, *names):
        return [
            Seen(n, self.names[n], len(self.bytes[self.names[n]]), self.changed[self.names[n]])
            for n in names
            if n in self.names
        ]

    def read(self, identity, offset):
        return self.bytes[identity][offset:]


@pytest.fixture
def disk():
    return Disk()


def texts(tail, disk, *names):
    return [event.text for event in tail.look(disk.seen(*names), disk.read, NOW)]


def test_appended_lines_each_once(disk):
    tail = Tail(LogFile("app.log", "g"))
    disk.write("app.log", b"one\ntwo\n")
    assert texts(tail, disk, "app.log") == ["one"]  # the last one waits for what follows
    assert texts(tail, disk, "app.log") == ["two"]
    assert texts(tail, disk, "app.log") == []
    disk.write("app.log", b"three\n")
    assert texts(tail, disk, "app.log") + texts(tail, disk, "app.log") == ["three"]


def test_half_a_line_waits(disk):
    tail = Tail(LogFile("a", "g"))
    disk.write("a", b"whole\nhal")
    assert texts(tail, disk, "a") == []
    assert texts(tail, disk, "a") == ["whole"]
    disk.write("a", b"f\n")
    texts(tail, disk, "a")
    assert texts(tail, disk, "a") == ["half"]


def test_truncated_begins_again(disk):
    tail = Tail(LogFile("a", "g"))
    disk.write("a", b"old line one\nold line two\n")
    found = texts(tail, disk, "a")
    disk.write("a", b"new\n", append=False)
    found += texts(tail, disk, "a") + texts(tail, disk, "a")
    assert found == ["old line one", "old line two", "new"]


def test_rotated_reads_the_old_one_to_its_end_first(disk):
    tail = Tail(LogFile("a", "g"))
    disk.write("a", b"one\n")
    found = texts(tail, disk, "a")
    disk.write("a", b"written after the last look\nno line end")
    disk.rename("a", "a.1")
    disk.write("a", b"first of the new\n")
    found += texts(tail, disk, "a") + texts(tail, disk, "a")
    assert found == ["one", "written after the last look", "no line end", "first of the new"]


def test_of_several_files_the_one_changed_last(disk):
    disk.write("a-1.log", b"old\n")
    disk.write("a-2.log", b"new\n")
    tail = Tail(LogFile("a-*.log", "g"))
    names = ("a-1.log", "a-2.log")
    assert texts(tail, disk, *names) + texts(tail, disk, *names) == ["new"]
    every = Tail(LogFile("a-*.log", "g", every=True))
    assert texts(every, disk, *names) + texts(every, disk, *names) == ["old", "new"]


def test_the_old_agent_can_begin_at_the_end(disk):
    disk.write("a", b"long ago\n")
    tail = Tail(LogFile("a", "g", from_end=True))
    assert texts(tail, disk, "a") == []
    disk.write("a", b"now\n")
    assert texts(tail, disk, "a") + texts(tail, disk, "a") == ["now"]


TRACE = b"Traceback (most recent call last):\n  File x\n    y\nValueError: z\nnext\n"


@pytest.mark.parametrize(
    ("file", "found"),
    [
        # Left out: a line that begins with a blank belongs to the one before.
        (
            LogFile("a", "g"),
            ["Traceback (most recent call last):\n  File x\n    y", "ValueError: z", "next"],
        ),
        (LogFile("a", "g", start=re.compile("^(Trace|next)")), [TRACE.decode()[:-6], "next"]),
    ],
)
def test_events_of_several_lines(disk, file, found):
    tail = Tail(file)
    disk.write("a", TRACE)
    assert texts(tail, disk, "a") + texts(tail, disk, "a") == found


def test_an_event_begins_where_the_timestamp_is(disk):
    tail = Tail(LogFile("a", "g", timestamp_format="%H:%M:%S", timestamp_starts=True, utc=True))
    disk.write("a", b"09:00:01 a\nb\n09:00:02 c\n")
    events = tail.look(disk.seen("a"), disk.read, NOW)
    events += tail.look(disk.seen("a"), disk.read, NOW)
    assert [(e.at.second, e.text) for e in events] == [(1, "09:00:01 a\nb"), (2, "09:00:02 c")]


def test_a_line_without_a_stamp_is_as_old_as_the_one_before(disk):
    tail = Tail(LogFile("a", "g", timestamp_format="%H:%M:%S", utc=True))
    disk.write("a", b"08:00:01 a\nno stamp\n")
    events = tail.look(disk.seen("a"), disk.read, NOW)
    events += tail.look(disk.seen("a"), disk.read, NOW)
    assert [e.at.hour for e in events] == [8, 8]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "iso8859-1", "shift_jis", "gbk"])
def test_encodings(disk, encoding):
    line = {"iso8859-1": "Tee für Zoë"}.get(encoding, "お茶 茶" if encoding != "gbk" else "绿茶")
    tail = Tail(LogFile("a", "g", encoding=encoding))
    disk.write("a", f"{line}\n".encode(encoding))
    assert texts(tail, disk, "a") + texts(tail, disk, "a") == [line]


def test_bytes_that_are_no_text_stop_nothing(disk):
    tail = Tail(LogFile("a", "g"))
    disk.write("a", b"\xff\xfe bad\nfine\n")
    assert texts(tail, disk, "a") + texts(tail, disk, "a") == ["\ufffd\ufffd bad", "fine"]


def test_what_is_too_long_is_cut_and_says_so(disk):
    tail = Tail(LogFile("a", "g"))
    disk.write("a", b"x" * (LONGEST + 10) + b"\n")
    (text,) = texts(tail, disk, "a") + texts(tail, disk, "a")
    assert len(text) == LONGEST
    assert text.endswith("[Truncated...]")


@settings(max_examples=40)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=6), max_size=8
    ),
    st.lists(st.integers(1, 12), max_size=6),
)
def test_wherever_the_looks_cut_the_bytes_the_events_are_the_same(lines, cuts):
    lines = [f"x{line}" for line in lines]
    data = "".join(f"{line}\n" for line in lines).encode()
    disk, tail, found = Disk(), Tail(LogFile("a", "g", start=re.compile("^x"))), []
    for cut in cuts:
        disk.write("a", data[:cut])
        data = data[cut:]
        found += texts(tail, disk, "a")
    disk.write("a", data)
    found += texts(tail, disk, "a") + texts(tail, disk, "a")
    assert found == lines


# -- filters (aws-semantics 10.7) and placeholders
REQUESTS = [
    "GET /tea Firefox",
    "PUT /tea Chrome",
    "POST /tea Firefox",
    "POST /cart Chrome",
]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ([("exclude", "Firefox"), ("include", "P(UT|OST)")], [REQUESTS[1], REQUESTS[3]]),
        ([("include", "P(UT|OST)"), ("exclude", "Firefox")], [REQUESTS[1], REQUESTS[3]]),
        ([("include", "GET"), ("include", "POST")], []),
        ([], REQUESTS),
    ],
)  # fmt: skip
def test_every_filter_must_let_an_event_through(filters, kept):
    file = LogFile("a", "g", filters=tuple(Filter(k, re.compile(e)) for k, e in filters))
    assert [line for line in REQUESTS if file.passes(line)] == kept


def test_placeholders_in_names():
    values = {"instance_id": "i-1", "hostname": "web"}
    assert filled("{hostname}/{instance_id}/{ip_address}", values) == "web/i-1/{ip_address}"


# -- stopped and started again


def go_on(tail, file):
    """A tail of another agent that got the state as a file holds it."""
    again = Tail(file)
    again.resume(json.loads(json.dumps(tail.state())))
    return again


@settings(max_examples=60)
@given(st.lists(st.text("aä€\n ", max_size=9), min_size=1, max_size=6), st.data())
def test_a_stop_at_any_byte_loses_nothing_and_repeats_nothing(pieces, data):
    whole = "".join(f"E{n} {piece}\n" for n, piece in enumerate(pieces)).encode()
    cut = data.draw(st.integers(0, len(whole)))
    file = LogFile("app.log", "g", start=re.compile("^E"))
    disk, found, tail = Disk(), [], Tail(file)
    for part in (whole[:cut], whole[cut:]):
        disk.write("app.log", part)
        found += [event.text for event in tail.look(disk.seen("app.log"), disk.read, NOW)]
        tail = go_on(tail, file)
    for _ in range(2):
        found += [event.text for event in tail.look(disk.seen("app.log"), disk.read, NOW)]
    straight = Tail(file)
    wanted = []
    for _ in range(3):
        wanted += [event.text for event in straight.look(disk.seen("app.log"), disk.read, NOW)]
    assert found == wanted


@pytest.mark.parametrize("again", [b"new one\nnew two\n", b"x\n", b"other first line\n" * 9])
def test_a_file_that_took_the_place_of_a_deleted_one_is_read_from_its_start(again):
    file, disk = LogFile("app.log", "g"), Disk()
    disk.write("app.log", b"one\ntwo\nthree\n")
    tail = Tail(file)
    for _ in range(2):
        tail.look(disk.seen("app.log"), disk.read, NOW)
    disk.write("app.log", again, append=False)  # the same identity, as on many file systems
    tail = go_on(tail, file)
    found = [e.text for _ in range(2) for e in tail.look(disk.seen("app.log"), disk.read, NOW)]
    assert found == again.decode().splitlines()


def test_what_came_while_it_was_stopped_is_read_also_from_the_end_of_the_file():
    file, disk = LogFile("app.log", "g", from_end=True), Disk()
    disk.write("app.log", b"before\n")
    tail = Tail(file)
    assert tail.look(disk.seen("app.log"), disk.read, NOW) == []
    tail = go_on(tail, file)
    disk.write("app.log", b"meanwhile\n")
    found = [e.text for _ in range(2) for e in tail.look(disk.seen("app.log"), disk.read, NOW)]
    assert found == ["meanwhile"]
