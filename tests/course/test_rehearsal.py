"""Alarms rehearsed: the lesson's grid."""

from labkit.course.rehearsal import rehearse

P99 = {"ExtendedStatistic": "p99"}


def test_alarms_hear_the_same_five_incidents_and_weeks_each_in_its_own_mailbox():
    made = rehearse(
        {
            "Average": {"Statistic": "Average", "EvaluationPeriods": 3},
            "1 of 1": P99 | {"EvaluationPeriods": 1},
            "3 of 5": P99
            | {"EvaluationPeriods": 5, "DatapointsToAlarm": 3, "TreatMissingData": "breaching"},
        }
    )
    average, single, right = made.data["rows"]
    assert average["delays"] == [3, None, None, None, None]
    assert single["delays"] == [1, 1, 1, None, 1] and min(single["pages"]) > 5
    assert right["heard"] == 5 and right["false_pages"] == 0
    assert made.title == "Best of 3 is 3 of 5: 5 of 5 heard, no false page"
