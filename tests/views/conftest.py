"""The morning of chapter 00, which most of these tests look at."""

import pytest
from views_morning import at


@pytest.fixture
def morning():
    """A machine that runs hot at 09:12, the alarm on it, and the e-mail."""
    times = [at(n) for n in range(0, 30, 5)]
    return {
        "series": ("CPUUtilization", times, [21.3, 19.8, 66.8, 97.9, 98.2, 22]),
        "unit": "Percent",
        "threshold": 70,
        "states": [(at(-10), "OK"), (at(20), "ALARM"), (at(30), "OK")],
        "mails": [at(20)],
        "incidents": [(at(12), at(25), "runs hot")],
    }
