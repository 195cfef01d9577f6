"""People: the same work however it is asked for, office hours, and episodes that stand out."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from labkit.core.clock import HOUR, MINUTE, to_datetime, to_us
from labkit.core.errors import LabError
from labkit.workloads.people import QUIET_MINUTES, Episode, past
from labkit.workloads.people_faces import FACES, HABITS, STRANGER

ACCOUNT = "123456789012"
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
NAMES = [*FACES, "root"]
WHO = {
    name: {"arn": f"arn:{name}", "name": name, "issuer_arn": "", "principal_id": "",
           "access_key_id": name}
    for name in NAMES
}  # fmt: skip


def lived(start, end, region="us-east-1", *episodes, seed=0):
    calls = past(seed, ACCOUNT, region, to_us(start), to_us(end), WHO, episodes)
    return [
        (at, data["principal"]["name"], data["operation"], data["request"], data["error_code"])
        for at, data in calls.rows()
    ]


def test_a_day_is_the_same_day_of_the_week_and_of_the_month():
    tuesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    alone = lived(*tuesday)
    within = lived(MONDAY - timedelta(days=3), MONDAY + timedelta(days=4))
    low, high = map(to_us, tuesday)
    assert len(alone) > 1000
    assert Counter(row[:3] for row in within if low <= row[0] < high) == Counter(
        row[:3] for row in alone
    )


def test_another_seed_is_another_week():
    week = MONDAY, MONDAY + timedelta(days=7)
    assert lived(*week) == lived(*week)
    assert lived(*week) != lived(*week, seed=1)


def test_people_work_in_office_hours_and_machines_always():
    rows = lived(MONDAY, MONDAY + timedelta(days=7))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    hours = {to_datetime(row[0]).hour for row in rows if row[1] == "mara"}
    days = {to_datetime(row[0]).weekday() for row in rows if row[1] == "mara"}
    assert hours == set(range(8, 18))
    assert days == set(range(5))
    assert {to_datetime(row[0]).hour for row in rows if row[1] == "watcher"} == set(range(24))


def test_rates_are_what_the_table_says():
    weeks = 20
    rows = lived(MONDAY, MONDAY + timedelta(days=7 * weeks))
    for who, operation, hourly, hours in (
        ("watcher", "DescribeAlarms", 12, 168),
        ("tomas", "ListFunctions", 14, 5 * 8.5),
        ("chiara-ci", "UpdateStack", 180, 0.4),
    ):
        found = sum(row[1:3] == (who, operation) for row in rows)
        assert found == pytest.approx(hourly * hours * weeks, rel=0.12)
    assert {habit.who for habit in HABITS} == {row[1] for row in rows}


def test_releases_are_on_thursday_evening():
    rows = lived(MONDAY, MONDAY + timedelta(days=14))
    moments = [to_datetime(row[0]) for row in rows if row[2] == "UpdateStack"]
    assert {(m.weekday(), m.hour) for m in moments} == {(3, 20)}


def test_a_stolen_key_looks_first_and_starts_machines_where_nobody_looks():
    night = MONDAY + timedelta(days=1, hours=1, minutes=48)
    episode = Episode("stolen_key", night, 60, 4, region="ap-southeast-2")
    week = MONDAY, MONDAY + timedelta(days=7)
    calls = past(0, ACCOUNT, "us-east-1", *map(to_us, week), WHO, [episode])
    looked = [data for _, data in calls.rows() if data["source_ip"] == STRANGER]
    assert looked[0]["operation"] == "GetCallerIdentity"
    assert {d["error_code"] for d in looked} == {"", "AccessDenied"}
    far = lived(*week, "ap-southeast-2", episode)
    runs = [row for row in far if row[2] == "RunInstances"]
    assert len(runs) == 240
    assert abs(runs[0][0] - to_us(night) - QUIET_MINUTES * MINUTE) < MINUTE
    assert runs[-1][0] - runs[0][0] < HOUR
    assert {row[1] for row in far} == {"lena"}


def test_a_stolen_key_is_used_from_the_address_that_is_named():
    week = MONDAY, MONDAY + timedelta(days=2)
    theft = Episode("stolen_key", MONDAY, 5, 4, source_ip="192.0.2.99")
    calls = past(0, ACCOUNT, "us-east-1", *map(to_us, week), WHO, [theft])
    addresses = Counter(data["source_ip"] for _, data in calls.rows())
    assert addresses["192.0.2.99"] > 20 and STRANGER not in addresses


@pytest.mark.parametrize(
    ("kind", "operation", "count", "error"),
    [
        ("run_instances", "RunInstances", 40, ""),
        ("deleted_snapshots", "DeleteSnapshot", 40, ""),
        ("throttled_client", "DescribeInstances", 40, "RequestLimitExceeded"),
        ("root_sign_in", "ConsoleLogin", 1, ""),
        ("failing_sign_ins", "ConsoleLogin", 40, ""),
        ("stopped_trail", "StopLogging", 1, ""),
        ("deleted_subnet", "DeleteSubnet", 1, "UnauthorizedOperation"),
        ("deployment", "UpdateStack", 8, ""),
        ("denied", "CreateUser", 8, "AccessDenied"),
    ],
)
def test_every_episode_adds_its_calls(kind, operation, count, error):
    night = MONDAY + timedelta(days=5, hours=4)
    hour = night, night + timedelta(hours=1)

    def many(*episodes):
        rows = lived(*hour, "us-east-1", *episodes)
        return sum(row[2] == operation and row[4] == error for row in rows)

    assert many(Episode(kind, night, 10, 4)) - many() == count


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "earthquake"}, {"start": MONDAY.replace(tzinfo=None)}, {"minutes": 0},
        {"size": -1}, {"who": "nobody"},
    ],
)  # fmt: skip
def test_an_episode_that_can_not_be(wrong):
    with pytest.raises(LabError):
        Episode(**{"kind": "denied", "start": MONDAY, **wrong})


# -- in the lab
def test_a_week_lies_in_event_history_and_is_replayed(lab):
    night = lab.now - timedelta(hours=30)
    lab.people.week(lab.people.episode("stolen_key", night, region="ap-southeast-2"))
    far = lab.client("cloudtrail", region_name="ap-southeast-2").lookup_events()["Events"]
    assert {event["Username"] for event in far} == {"lena"}
    key = [{"AttributeKey": "AccessKeyId", "AttributeValue": far[0]["AccessKeyId"]}]
    home = lab.client("cloudtrail").lookup_events(LookupAttributes=key, EndTime=lab.now)["Events"]
    assert "CreateAccessKey" in {event["EventName"] for event in home}
    assert lab.replay().digest() == lab.digest()


def test_a_past_is_within_90_days_and_over(lab):
    for wrong in ({"days": 91}, {"days": 0}, {"days": 1, "end": lab.now + timedelta(days=1)}):
        with pytest.raises(LabError):
            lab.people.past(**wrong)
    with pytest.raises(LabError, match="not within"):
        lab.people.week(lab.people.episode("denied", lab.now - timedelta(days=8)))
