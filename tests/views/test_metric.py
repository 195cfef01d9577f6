"""views.metric: the title is the finding, gaps stay gaps, and anything AWS answers is taken."""

import re

import pytest
from views_morning import at

from labkit.cloudwatch import views
from labkit.core.errors import LabError
from labkit.views.mailbox import Mail

MORNING = """\
CPUUtilization crossed 70 % at 09:15; ALARM at 09:20; e-mail at 09:20, 8 minutes into “runs hot”
   100 |                                    ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
    70 |┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄████████████████████████┄┄┄┄┄┄┄┄┄┄┄┄ above 70 %
       |                        ████████████████████████████████████
       |                        ████████████████████████████████████
       |▂▂▂▂▂▂▂▂▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁████████████████████████████████████▃▃▃▃▃▃▃▃▃▃▃▃
     0 |████████████████████████████████████████████████████████████████████████
       |                            ================================ runs hot
 alarm |ooooooooooooooooooooooooooooooooooooooooooooooooAAAAAAAAAAAAAAAAAAAAAAAA
e-mail |                                                @
   UTC |09:00       09:05       09:10       09:15       09:20       09:25       09:30
        Mon 5 Jan 2026
o OK  A ALARM  @ e-mail"""


def curve_paths(svg):
    """The data of the curves: thick lines without a fill."""
    return re.findall(r'<path d="([^"]+)" style="fill:none;stroke:#[0-9a-f]{6};stroke-width:2', svg)


def test_the_morning_in_a_terminal(morning):
    assert str(views.metric(morning.pop("series"), **morning)) == MORNING


def test_the_numbers_of_the_morning(morning):
    data = views.metric(morning.pop("series"), **morning).data
    assert data["first_breach"] == "2026-01-05T09:15:00Z"
    assert data["first_alarm"] == data["first_mail"] == "2026-01-05T09:20:00Z"
    assert data["series"][0]["values"] == [21.3, 19.8, 66.8, 97.9, 98.2, 22]
    assert data["series"][0]["timestamps"][3] == "2026-01-05T09:15:00Z"
    assert data["series"][0]["period"] == 300
    assert data["gaps"] == []
    assert data["states"]["alarm"][1] == {
        "from": "2026-01-05T09:20:00Z", "to": "2026-01-05T09:30:00Z", "state": "ALARM",
    }  # fmt: skip


def test_a_point_is_a_step_from_the_start_of_its_period():
    svg = views.metric(([at(0), at(5)], [1, 2]), title="t").svg
    [path] = curve_paths(svg)
    start, step, up, end = re.fullmatch(
        r"M([\d.]+) [\d.]+H([\d.]+)V([\d.]+)H([\d.]+)", path
    ).groups()
    assert float(step) - float(start) == pytest.approx(float(end) - float(step), abs=0.02)
    assert float(up) > 0


def test_gaps_are_hatched_and_never_bridged():
    minutes = [0, 1, 2, 6, 7, 12]
    drawing = views.metric(("m", [at(n) for n in minutes], [1, 2, 1, 2, 1, 2]), end=at(15))
    [path] = curve_paths(drawing.svg)
    assert path.count("M") == 3, "three runs, three separate lines"
    gaps = [("09:03", "09:06"), ("09:08", "09:12"), ("09:13", "09:15")]
    assert drawing.data["gaps"] == [[f"2026-01-05T{a}:00Z", f"2026-01-05T{b}:00Z"] for a, b in gaps]
    assert drawing.svg.count("url(#") == 3
    assert "3 gaps without data" in drawing.title
    assert "\u00b7" in str(drawing)


def test_a_period_that_is_not_over_yet_is_no_gap():
    series = ("m", [at(0), at(5)], [1, 1])
    assert views.metric(series, end=at(14)).data["gaps"] == []
    assert views.metric(series, start=at(-4), end=at(15)).data["gaps"] == [
        ["2026-01-05T09:10:00Z", "2026-01-05T09:15:00Z"]
    ]


def test_a_lone_point_in_a_long_time_is_still_seen():
    drawing = views.metric(("m", [at(0)], [1]), end=at(14 * 1440))
    assert "stroke-width:4" in drawing.svg, "a dot, since its minute is narrower than a pixel"


def test_three_alarms_on_one_night():
    night = views.metric(
        ("CPUUtilization", [at(n) for n in range(20)], [30] * 10 + [95, 96] + [30] * 8),
        threshold=90,
        states={
            "1 of 1": [(at(-1), "OK"), (at(11), "ALARM"), (at(13), "OK")],
            "3 of 3": [(at(-1), "OK"), (at(23), "INSUFFICIENT_DATA")],
            "3 of 5": [(at(-1), "OK")],
        },
        mails=[],
        end=at(30),
    )
    assert night.title == (
        "CPUUtilization crossed 90 at 09:10; no data from 09:20; ALARM for 1 of 1 at 09:11, never "
        "for 3 of 3 and 3 of 5; INSUFFICIENT_DATA at 09:23; no e-mail"
    )
    assert sorted(night.data["states"]) == ["1 of 1", "3 of 3", "3 of 5"]
    for name in ("1 of 1", "3 of 3", "3 of 5", "ALARM"):
        assert f">{name}</text>" in night.svg


@pytest.mark.parametrize(
    ("values", "how", "title"),
    [
        ([20, 66.8, 30], {"threshold": 70}, "m never crossed 70 (highest 66.8 at 09:01)"),
        ([20, 5, 30], {"threshold": 10, "comparison": "LessThanThreshold"},
         "m fell below 10 at 09:01"),
        ([20, 10, 30], {"threshold": 10, "comparison": "LessThanThreshold"},
         "m never fell below 10 (lowest 10 at 09:01)"),
        ([20, 10, 30], {"threshold": 10, "comparison": "LessThanOrEqualToThreshold"},
         "m fell to 10 at 09:01"),
        ([1, 5], {"threshold": 5, "comparison": "GreaterThanOrEqualToThreshold"},
         "m reached 5 at 09:01"),
        ([1, 5], {"threshold": 5}, "m never crossed 5 (highest 5 at 09:01)"),
        ([20, 98, 30], {"unit": "Percent"}, "m between 20 % and 98 %, highest at 09:01"),
        ([3, 3], {}, "m is 3 throughout"),
        ([1, 9], {"threshold": 5, "states": [(at(0), "OK")]}, "m crossed 5 at 09:01; no ALARM"),
        ([9, 9], {"threshold": 5, "states": [(at(-5), "ALARM")]},
         "m crossed 5 at 09:00; in ALARM from the start"),
        ([9, 9, 9, 9], {"threshold": 5, "mails": [at(1), at(2)],
                        "states": [(at(1), "ALARM"), (at(2), "OK"), (at(3), "ALARM")]},
         "m crossed 5 at 09:00; ALARM 2 times, first at 09:01; 2 e-mails, first at 09:01"),
    ],
)  # fmt: skip
def test_titles(values, how, title):
    times = [at(n) for n in range(len(values))]
    assert views.metric(("m", times, values), **how).title == title


def test_how_late_the_e_mail_was():
    series = ("m", [at(n) for n in range(30)], [1] * 30)
    hot = (at(12), at(25), "hot")
    late = views.metric(series, mails=[at(27)], incidents=[hot]).title
    assert late == "m is 1 throughout; e-mail at 09:27, 15 minutes after \u201chot\u201d began"
    early = views.metric(series, mails=[at(2)], incidents=[hot]).title
    assert early == "m is 1 throughout; e-mail at 09:02"


def test_titles_of_several_curves():
    times = [at(0), at(1)]
    series = {"p99": (times, [1, 4.2]), "Average": (times, [0.2, 0.2])}
    assert views.metric(series, unit="Seconds").title == "p99 up to 4.2 s and Average up to 0.2 s"
    assert views.metric(series, threshold=1).title == "p99 crossed 1 at 09:01; Average never did"
    assert views.metric(series, threshold=9).title == "p99 and Average never crossed 9"
    many = {f"m{n}": (times, [n, n]) for n in range(5)}
    assert views.metric(many).title == "5 series, the highest is m4 with 4 at 09:00"


def test_the_day_is_said_once_where_there_are_several():
    title = views.metric(
        ("m", [at(60 * n) for n in range(48)], [9] * 48), threshold=5,
        states=[(at(1500), "ALARM")], mails=[at(1501)],
    ).title  # fmt: skip
    assert title == "m crossed 5 at Mon 5 Jan 09:00; ALARM at Tue 6 Jan 10:00; e-mail at 10:01"


@pytest.mark.parametrize(
    ("series", "how", "title"),
    [
        ([("CPU", [], [])], {"start": at(0), "end": at(30)},
         "CPU: no datapoints between 09:00 and 09:30"),
        ([{"MetricDataResults": []}], {"start": at(0), "end": at(30)},
         "no datapoints between 09:00 and 09:30"),
        ([{"Label": "CPU", "Datapoints": []}], {}, "CPU: no datapoints"),
        ([], {}, "no datapoints"),
        ([("CPU", [], [])], {"threshold": 70, "mails": [], "states": [], "start": at(0),
                             "end": at(30)},
         "CPU: no datapoints between 09:00 and 09:30; no ALARM; no e-mail"),
        ([("CPU", [at(0)], [1])], {"start": at(60), "end": at(90)},
         "CPU: no datapoints between 10:00 and 10:30"),
        ([("CPU", [], [])], {"incidents": [(at(0), at(9), "hot")]},
         "CPU: no datapoints between 09:00 and 09:09"),
    ],
)  # fmt: skip
def test_no_data_is_said_and_drawn(series, how, title):
    drawing = views.metric(*series, **how)
    assert drawing.title == title
    assert str(drawing) == title
    assert drawing.data["first_breach"] is None
    assert "no datapoints" in drawing.html


def test_states_from_an_alarms_history(morning):
    def changed(minute, old, new):
        data = f'{{"oldState":{{"stateValue":"{old}"}},"newState":{{"stateValue":"{new}"}}}}'
        return {
            "AlarmName": "cpu-high", "Timestamp": at(minute), "HistoryItemType": "StateUpdate",
            "HistorySummary": "", "HistoryData": data,
        }  # fmt: skip

    action = {"AlarmName": "cpu-high", "Timestamp": at(20), "HistoryItemType": "Action"}
    history = {
        "AlarmHistoryItems": [changed(28, "ALARM", "OK"), action, changed(20, "OK", "ALARM")]
    }
    spans = views.metric(morning["series"], states=history).data["states"]["alarm"]
    assert [(span["from"][11:16], span["state"]) for span in spans] == [
        ("09:00", "OK"), ("09:20", "ALARM"), ("09:28", "OK"),
    ]  # fmt: skip
    named = views.metric(morning["series"], states={"cpu": history, "other": [(at(0), "OK")]})
    assert sorted(named.data["states"]) == ["cpu", "other"]


def test_mails_and_incidents_in_their_forms(morning):
    class Incident:
        kind, start, end = "deploy", at(3), None

    mail = Mail("you@teapot.example", "ALARM", "body", at(20))
    confirmation = Mail("you@teapot.example", "Confirm", "body", at(1), confirm_token="abc")
    made = views.metric(
        morning["series"],
        mails=[confirmation, mail, {"at": at(22), "subject": "OK"}, at(23)],
        incidents=[Incident(), {"start": at(1), "end": at(2), "name": "x"}, (at(5), at(6))],
    )
    assert [m["subject"] for m in made.data["mails"]] == ["ALARM", "OK", ""]
    assert [(i["name"], i["end"][11:16]) for i in made.data["incidents"]] == [
        ("deploy", "09:30"), ("x", "09:02"), ("incident", "09:06"),
    ]  # fmt: skip
    assert made.svg.count("stroke:#3b3f8f;stroke-width:1.4") >= 2, "envelopes"


def test_wrong_inputs_are_told():
    with pytest.raises(LabError, match="views take a GetMetricData"):
        views.metric("CPUUtilization")
    with pytest.raises(LabError, match="no line of an alarm's history"):
        views.metric(states=[1, 2])
    with pytest.raises(LabError, match="before it starts"):
        views.metric(start=at(5), end=at(0))


def test_every_text_is_large_enough(morning):
    sizes = re.findall(r"font-size:([\d.]+)px", views.metric(morning.pop("series"), **morning).svg)
    assert sizes
    assert min(map(float, sizes)) >= 11


def test_panels_share_their_time_axis_and_their_scale():
    times = [at(n) for n in range(10)]
    series = {"a": (times, [1] * 10), "b": (times, [90] * 10)}
    drawing = views.metric(series, unit="Percent", rows=True)
    assert drawing.svg.count(">100</text>") == 2
    assert drawing.svg.count(">09:05</text>") == 1
    assert len(curve_paths(drawing.svg)) == 2


def test_a_quarter_of_minutes_stays_small_and_shows_its_extremes():
    minutes = range(90 * 1440)
    values = [50.0 + n % 7 for n in minutes]
    values[70_000] = 500
    drawing = views.metric(("m", [1767603600_000_000 + n * 60_000_000 for n in minutes], values),
                           threshold=400, states=[(at(0), "OK"), (at(70_001), "ALARM"),
                                                  (at(70_002), "OK")])  # fmt: skip
    assert len(drawing.svg) < 60_000
    assert drawing.title.startswith("m crossed 400 at Sun 22 Feb 23:40; ALARM at 23:41")
    assert "fill:#b42318" in drawing.svg, "an alarm of one minute is not lost in ninety days"
    assert "A" in str(drawing).splitlines()[-4]


def test_states_alone_have_no_panel_for_curves():
    moves = [("2026-01-05T09:00:00Z", "OK"), ("2026-01-05T09:10:00Z", "ALARM")]
    span = {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T09:30:00Z"}
    bare = views.metric(states={"a": moves, "b": moves}, title="Two alarms", mails=[], **span)
    assert "no datapoints" not in bare.svg and "no datapoints" not in str(bare)
    assert "A" * 20 in str(bare) and "none" in bare.svg
    untold = views.metric(states=moves, **span)
    assert untold.title == "ALARM at 09:10"
    calm = views.metric(states=moves[:1], **span)
    assert calm.title == "no ALARM"
