"""Incidents: values that are checked when they are made, and survive the journal."""

from datetime import UTC, datetime

import pytest

from labkit.core.errors import LabError
from labkit.core.jsontext import dumps, loads
from labkit.workloads.incidents import KINDS, Incident

TEN, ELEVEN = (datetime(2026, 1, 5, hour, tzinfo=UTC) for hour in (10, 11))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("flood", "i-1", TEN, ELEVEN), "no incident is called 'flood'; there are cpu, "),
        (("cpu", "i-1", TEN.replace(tzinfo=None), ELEVEN, 90), "aware"),
        (("cpu", "i-1", TEN, ELEVEN.replace(tzinfo=None), 90), "aware"),
        (("cpu", "i-1", ELEVEN, TEN, 90), "ends after it starts"),
        (("cpu", "i-1", TEN, TEN, 90), "ends after it starts"),
        (("cpu", "i-1", TEN, ELEVEN, 101), "percentage"),
        (("cpu", "i-1", TEN, ELEVEN, float("nan")), "percentage"),
    ],
)
def test_an_incident_that_can_not_be_is_refused(fields, message):
    with pytest.raises(LabError, match=message):
        Incident(*fields)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [ELEVEN, None])
def test_an_incident_survives_the_journal(kind, end):
    incident = Incident(kind, "i-1", TEN, end, 90.0)
    assert Incident(**loads(dumps(incident.as_dict()))) == incident
