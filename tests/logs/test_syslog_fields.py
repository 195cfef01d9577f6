"""The fields of syslog messages: the samples of the guide and the RFCs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.logs.engine.syslog import facilities, fields_of, frames

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # the guide's test message
        ("<134>1 2026-01-05T09:00:00Z myhost myapp 1234 - - Hello from syslog",
         {"facility": "local0", "facilityCode": 16, "severity": "info", "severityCode": 6,
          "timestamp": "2026-01-05T09:00:00Z", "hostname": "myhost", "appName": "myapp",
          "procId": "1234", "message": "Hello from syslog"}),
        # RFC 5424, 6.5
        ("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed",
         {"facility": "auth", "severity": "crit", "hostname": "mymachine.example.com",
          "appName": "su", "msgId": "ID47", "message": "'su root' failed"}),
        ('<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [exampleSDID@32473 iut="3" '
         'eventSource="App\\"x\\]"][examplePriority@32473 class="high"] An event',
         {"facility": "local4", "severity": "notice", "message": "An event", "structuredData": {
             "exampleSDID@32473": {"iut": "3", "eventSource": 'App"x]'},
             "examplePriority@32473": {"class": "high"}}}),
        ("<0>1 - - - - - -", {"facility": "kern", "severity": "emerg", "facilityCode": 0}),
        # RFC 3164, 5.4
        ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
         {"facility": "auth", "severity": "crit", "timestamp": "2025-10-11T22:14:15Z",
          "hostname": "mymachine", "appName": "su",
          "message": "'su root' failed for lonvick on /dev/pts/8"}),
        ("<38>Jan  5 08:59:58 web1 sshd[812]: Accepted publickey",
         {"appName": "sshd", "procId": "812", "timestamp": "2026-01-05T08:59:58Z"}),
        ("<38>Feb 29 08:59:58 web1 sshd: x", {"timestamp": "2026-03-01T08:59:58Z"}),
        # Cisco
        ('<166>Jan 05 2026 08:59:58: %ASA-4-106023: Deny tcp src outside:192.0.2.7/4711',
         {"device": "ASA", "severity": "warning", "severityLevel": 4, "messageId": "106023",
          "timestamp": "2026-01-05T08:59:58Z", "message": "Deny tcp src outside:192.0.2.7/4711"}),
        ("<166>2026-01-05T08:59:58Z fw1 : %FTD-6-302013: Built outbound TCP connection",
         {"device": "FTD", "deviceId": "fw1", "severity": "informational", "messageId": "302013",
          "timestamp": "2026-01-05T08:59:58Z"}),
    ],
)  # fmt: skip
def test_the_fields_of_each_form(text, found):
    got = fields_of(text, NOW)
    assert {name: got.get(name) for name in found} == found


def test_what_is_not_said_is_no_field():
    assert fields_of("<0>1 - - - - - -", NOW).keys() == {
        "facility", "facilityCode", "severity", "severityCode",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "plain", "<192>1 - a b c d - m", "<34>", "<34>2 - - - - - -"])
def test_what_has_no_form_has_no_fields(text):
    assert fields_of(text, NOW) is None


def test_facilities_have_the_names_of_the_protocol():
    assert facilities()[:6] == ("kern", "user", "mail", "daemon", "auth", "syslog")
    assert facilities()[16:] == tuple(f"local{n}" for n in range(8))


@settings(max_examples=30)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 20))
def test_messages_come_whole_however_they_are_cut(parts, size):
    messages = [b"<34>" + part.replace(b"\n", b"x").replace(b"\r", b"y").replace(b"\0", b"z")
                for part in parts]  # fmt: skip
    counted = b"".join(b"%d %b" % (len(one), one) for one in messages)
    for sent in (b"".join(one + b"\n" for one in messages), counted):
        found, left = [], b""
        for begin in range(0, len(sent), size):
            more, left = frames(left + sent[begin : begin + size])
            found += more
        assert (found, left) == (messages, b"")
