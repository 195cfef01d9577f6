"""YEAR."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("YEAR(m1)", {"m1": "1 -"}, "2026 2026"),
    ],
)
def test_year(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


@pytest.mark.parametrize("days", [0, 1, 6, 26, 27, 59, 364, 365])
def test_as_the_calendar_has_it(days):
    from datetime import UTC, datetime, timedelta

    moment = datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(days=days)
    row = calc("YEAR(m1)", periods={"m1": 86400}, m1=" ".join(["1"] * (days + 1)))
    wanted = {
        "MINUTE": moment.minute,
        "HOUR": moment.hour,
        "DAY": moment.isoweekday(),
        "DATE": moment.day,
        "MONTH": moment.month,
        "YEAR": moment.year,
    }
    assert row.split()[-1] == str(wanted["YEAR"])
