"""Timestamps in lines: formats of the agent's guide and of real logs."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from labkit.agents.timestamps import find, unknown_codes

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "line", "found"),
    [
        ("%Y-%m-%dT%H:%M:%S", "at 2026-01-05T09:12:07 it rained", "2026-01-05T09:12:07+00:00"),
        (
            "%d/%b/%Y:%H:%M:%S %z",
            '- [05/Jan/2026:09:12:07 +0100] "GET"',
            "2026-01-05T09:12:07+01:00",
        ),
        ("%b %-d %H:%M:%S", "Jan 5 09:12:07 web sshd", "2026-01-05T09:12:07+00:00"),
        ("%b %e %H:%M:%S", "Jan  5 09:12:07 web sshd", "2026-01-05T09:12:07+00:00"),
        # Read in January, a line of December is last year's.
        ("%b %d %H:%M:%S", "Dec 31 23:59:59 web", "2025-12-31T23:59:59+00:00"),
        ("%y%m%d %H:%M:%S.%f", "260105 09:12:07.25", "2026-01-05T09:12:07.250000+00:00"),
        ("%B %d, %Y %I:%M:%S %p", "January 05, 2026 12:07:00 AM", "2026-01-05T00:07:00+00:00"),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-01-05T09:12:07Z", "2026-01-05T09:12:07+00:00"),
        ("%H:%M:%S", "09:12:07 only a time", "2026-01-05T09:12:07+00:00"),
        ("%a %b %d %H:%M:%S %Y", "Mon Jan 05 09:12:07 2026", "2026-01-05T09:12:07+00:00"),
        ("%Y-%m-%d", "nothing here", None),
        ("%Y-%m-%d", "2026-13-45", None),
    ],
)
def test_found_in_a_line(given, line, found):
    at = find(given, line, NOW)
    assert (at.isoformat() if at else None) == found


def test_local_time_is_used_when_a_stamp_names_no_zone():
    berlin = timezone(timedelta(hours=1))
    at = find("%Y-%m-%d %H:%M", "2026-01-05 10:12", NOW, local=berlin)
    assert at == datetime(2026, 1, 5, 9, 12, tzinfo=UTC)


def test_a_format_repeating_a_code_compiles():
    assert find("%Y %Y", "2026 2026", NOW) is not None


def test_unknown_codes():
    assert unknown_codes("%Y-%m-%d %q %-H") == ["%q"]
