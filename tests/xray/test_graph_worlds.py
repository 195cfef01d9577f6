"""The graph and its insights of a world that is passed in one go, in steps, and played again."""

import pytest

import labkit

pytestmark = pytest.mark.long


def begun():
    lab = labkit.Lab()
    lab.shop.open()
    lab.shop.traces()
    lab.client("xray").update_group(
        GroupName="Default",
        InsightsConfiguration={"InsightsEnabled": True, "NotificationsEnabled": True},
    )
    lab.advance(minutes=20)
    lab.shop.incident("throttled_table", "catalogue", 30, minutes=6)
    return lab


def told(lab):
    xray = lab.client("xray")
    asked = {"StartTime": "2026-01-05T09:00:00Z", "EndTime": "2026-01-05T09:40:00Z"}
    graph = xray.get_service_graph(**asked)["Services"]
    insights = xray.get_insight_summaries(GroupName="Default", **asked)["InsightSummaries"]
    events = [
        xray.get_insight_events(InsightId=one["InsightId"])["InsightEvents"] for one in insights
    ]
    return graph, insights, events, lab.xray.service_map().svg


def test_in_one_go_in_steps_and_again():
    with begun() as lab:
        lab.advance(minutes=20)
        first = told(lab)
        second_lab = lab.replay()
        again = told(second_lab)
    with begun() as lab:
        for _ in range(20):
            lab.advance(minutes=1)
        stepped = told(lab)
    assert first == stepped == again
    [insight] = first[1]
    assert insight["RootCauseServiceId"]["Name"] == "products"
    assert insight["StartTime"].strftime("%H:%M") in ("09:20", "09:21")
