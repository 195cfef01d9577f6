"""The morning of chapter 00: where the minutes of these tests count from."""

from datetime import UTC, datetime, timedelta

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def at(minutes, seconds=0):
    """So many minutes (and seconds) after nine."""
    return NINE + timedelta(minutes=minutes, seconds=seconds)
