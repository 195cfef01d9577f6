"""Views of X-Ray: what they say, in words and numbers, and that pictures hold it."""

import itertools
import json
from datetime import timedelta

import pytest
from mapkit import NINE, NINE_US, Story, checkout, graph_of, table

from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.views.control import WIDGET_VIEW
from labkit.xray.engine.finding import find
from labkit.xray.engine.graph import graph_of as of_traces
from labkit.xray.engine.own_time import covered, of_graph, own_times
from labkit.xray.engine.service_graph import folded
from labkit.xray.views.affected import affected
from labkit.xray.views.bottlenecks import bottlenecks
from labkit.xray.views.histogram import histogram
from labkit.xray.views.layout import layered
from labkit.xray.views.map_change import map_change
from labkit.xray.views.map_widget import Explorer, Window
from labkit.xray.views.service_map import service_map
from labkit.xray.views.waterfall import waterfall
from labkit.xray.views.words import percent, rate, took


def traces(count=40, **how):
    """Requests a second apart; ``slow`` and ``throttled`` say which of them, by a function."""
    slow, throttled = how.get("slow", lambda n: 0), how.get("throttled", lambda n: False)
    return [
        checkout(
            n, NINE + n, slow=slow(n), throttled=throttled(n), user=f"c-{n % 9}",
            version="2.4.1" if throttled(n) else "2.4.0",
        ).trace()
        for n in range(count)
    ]  # fmt: skip


CALM = traces()
THROTTLED = traces(throttled=lambda n: n % 3 == 0)
SLOW = traces(slow=lambda n: 2.5 if n % 2 else 0)


# -- the map
def test_the_map_names_the_table_not_those_who_pass_it_on():
    drawn = service_map(of_traces(THROTTLED))
    assert drawn.title == (
        "The table products is at fault: it throttles 35 % of its requests; "
        "front, checkout and catalogue only pass that on."
    )
    assert drawn.data["guilty"] == "products" and drawn.data["finding"] == "failures"
    assert "at fault" in drawn.svg and "35 % throttled" in drawn.svg
    assert "<- at fault" in str(drawn)
    front = next(one for one in drawn.data["services"] if one["name"] == "front")
    assert (front["fault"], front["requests"]) == (14, 40)


def test_the_map_says_where_the_time_goes():
    drawn = service_map(of_traces(SLOW))
    assert drawn.title == "A request takes 1.55 s; the table products alone takes 1.33 s of that."
    assert "the time goes here" in drawn.svg


def test_a_calm_map_says_so():
    drawn = service_map(of_traces(CALM))
    assert drawn.title == "Nothing stands out: 40 requests, none failed, 300 ms on average."
    assert drawn.data["guilty"] is None


def test_a_map_of_a_response_is_the_map_of_the_graph():
    graph = of_traces(THROTTLED)
    told = {"Services": graph.response()}
    assert service_map(told).title == service_map(graph).title
    assert service_map(told["Services"]).data["calls"] == service_map(graph).data["calls"]


def test_the_same_graph_gives_the_same_picture():
    assert service_map(of_traces(SLOW)).svg == service_map(of_traces(SLOW[::-1])).svg


def test_no_trace_no_map():
    assert service_map([]).title == "No request was traced in this time."
    assert service_map([]).svg == ""


def test_waiting_that_the_callee_knows_nothing_of_is_lost_between():
    found = []
    for n in range(10):
        story = Story(n, NINE + n)
        front = story.segment("front", 0, 2)
        call = story.call(front, "cart", 0.05, 1.95)
        story.segment("cart", 1.9, 1.94, parent=call["id"])
        found.append(story.trace())
    drawn = service_map(of_traces(found))
    assert drawn.title == (
        "front waits 1.9 s for cart, which answers in 40 ms: the rest is lost between them."
    )
    assert (drawn.data["finding"], drawn.data["caller"]) == ("between", "front")
    assert "lost here" in drawn.svg


def storm(n):
    """Three tries that get no connection, then one that does."""
    story = Story(n, NINE + n)
    front = story.segment("front", 0, 4)
    for k in range(3):
        story.call(front, "cart", k, k + 1, fault=True)
    call = story.call(front, "cart", 3, 3.1)
    story.segment("cart", 3.02, 3.08, parent=call["id"], origin="AWS::ECS::Container")
    return story.trace()


def test_calls_that_never_arrive_are_no_service_of_their_own():
    graph = of_traces([storm(n) for n in range(10)])
    assert [node.type for node in graph.nodes if node.name == "cart"] == [
        "AWS::ECS::Container", "remote",
    ]  # fmt: skip
    assert [node.name for node in folded(graph).nodes] == ["front", "cart", "front"]
    drawn = service_map(graph)
    assert drawn.title == (
        "75 % of front's calls to cart never get there; those that do are answered in 60 ms."
    )
    [cart] = [o for o in own_times([storm(0)]) if o.service.name == "cart"]
    assert round(cart.between, 3) == 3.04 and cart.requests == 1


def test_who_returns_an_error_hides_the_one_behind():
    found = []
    for n in range(40):
        failed = {"fault": True} if n % 3 == 0 else {}
        story = Story(n, NINE + n)
        gate = story.segment("gate", 0, 1, origin="AWS::ApiGateway::Stage", **failed)
        call = story.call(gate, "pay", 0.1, 0.9)
        pay = story.segment("pay", 0.1, 0.9, parent=call["id"], origin="AWS::Lambda::Function")
        story.call(pay, "bank.example", 0.2, 0.8, **failed)
        found.append(story.trace())
    drawn = service_map(of_traces(found))
    assert drawn.title == (
        "The outside service bank.example is at fault: it fails 35 % of its requests; "
        "gate only passes that on."
    )


def test_what_was_always_so_does_not_stand_out():
    noisy = of_traces(traces(throttled=lambda n: n % 10 == 0))
    assert find(noisy).kind == "failures" and find(noisy, noisy).kind == "calm"
    assert find(of_traces(THROTTLED), noisy).kind == "failures"
    slow = of_traces(SLOW)
    assert find(slow, slow).kind == "calm" and find(slow, of_traces(CALM)).kind == "slow"


def test_clients_are_one_disc():
    found = [checkout(1).trace()]
    other = Story(2)
    other.segment("admin", 0, 1)
    drawn = service_map(of_traces([*found, other.trace()]))
    assert drawn.svg.count(">clients<") == 1
    assert sum(one["client"] for one in drawn.data["calls"]) == 2


# -- two maps
def test_what_has_changed():
    drawn = map_change(of_traces(CALM), of_traces(SLOW))
    assert drawn.title == (
        "The table products takes 1.33 s instead of 80 ms; a request takes 1.55 s instead of "
        "300 ms."
    )
    changes = {one["name"]: one["change"] for one in drawn.data["services"]}
    assert changes["products"] == changes["front"] == "slower"
    assert changes["pay.example.com"] == ""
    failing = map_change(of_traces(CALM), of_traces(THROTTLED))
    assert failing.title == "The table products throttles 35 % of its requests; before 0 %."
    assert map_change(of_traces(CALM), of_traces(CALM)).title == "Nothing has changed much."


def test_what_is_new_and_what_is_gone():
    story = Story(1)
    front = story.segment("front", 0, 0.3, origin="AWS::EC2::Instance")
    table(story, front, 0.1, 0.2, "stock")
    drawn = map_change(of_traces(CALM), of_traces([story.trace()]))
    changes = {one["name"]: one["change"] for one in drawn.data["services"]}
    assert changes["stock"] == "new" and changes["catalogue"] == "gone"
    assert "stock is new" in drawn.title and "catalogue is gone" in drawn.title


# -- the layout
def test_layers_run_from_left_to_right_and_lines_go_round():
    pairs = [(0, 1), (1, 2), (2, 3), (0, 3), (1, 3)]
    found = layered(4, pairs, left=0, right=300, top=0, steps=[100.0] * 4)
    xs = [x for x, _ in found.points]
    assert xs == sorted(xs) and len(set(xs)) == 4
    way = found.routes[pairs.index((0, 3))]
    assert len(way) == 4  # two places to pass in the layers between
    assert all(point not in found.points for point in way[1:-1])


def test_a_ring_of_calls_has_a_layout_too():
    pairs = [(0, 1), (1, 2), (2, 0), (2, 2)]
    found = layered(3, pairs, left=0, right=200, top=0, steps=[100.0] * 3)
    assert found.layers == 3 and len(found.routes) == 4


def test_nodes_of_a_layer_keep_their_distance():
    pairs = [(0, n) for n in range(1, 8)]
    found = layered(8, pairs, left=0, right=200, top=50, steps=[100.0] * 8)
    ys = sorted(y for x, y in found.points[1:])
    assert all(b - a >= 99.9 for a, b in itertools.pairwise(ys)) and ys[0] == 50


# -- the waterfall
def gap():
    story = Story(5)
    front = story.segment(
        "front", 0, 4.2, user="mara", annotations={"version": "2.4.1"},
        http={"request": {"method": "POST", "url": "https://shop.example/pay"},
              "response": {"status": 200}},
    )  # fmt: skip
    story.call(front, "cart", 0.05, 0.2)
    story.call(front, "payment", 3.8, 4.15)
    return story


def test_the_waterfall_measures_the_gap():
    drawn = waterfall(gap().trace())
    assert drawn.title == (
        "POST /pay took 4.2 s; for 3.6 s of that front records nothing, between cart and payment."
    )
    assert drawn.data["gap"] == {
        "service": "front", "start_seconds": 0.2, "seconds": 3.6, "between": ["cart", "payment"],
    }  # fmt: skip
    assert "nothing recorded" in drawn.svg and "user mara; version = 2.4.1" in str(drawn)
    assert "??????" in str(drawn)


def test_the_waterfall_names_what_failed_deepest():
    drawn = waterfall(checkout(throttled=True).trace())
    assert drawn.title == (
        "POST /pay took 300 ms and failed: DynamoDB products was throttled "
        "(ProvisionedThroughputExceededException: too fast)."
    )
    names = [line["name"] for line in drawn.data["lines"]]
    assert names[-1] == "DynamoDB products" and names.count("catalogue") == 2


def test_a_trace_in_progress():
    story = Story(7)
    story.segment("front", 0, None, subsegments=[])
    drawn = waterfall(story.trace())
    assert drawn.title == "front has not ended yet." and drawn.data["partial"]
    assert "in progress" in str(drawn)


def test_a_waterfall_of_what_boto3_answers():
    story = checkout(3)
    trace = story.trace()
    told = {
        "Id": trace.id,
        "Segments": [
            {"Id": one.id, "Document": json.dumps(one.document)} for one in trace.segments
        ],
    }
    assert waterfall({"Traces": [told]}).data == waterfall(trace).data
    with pytest.raises(LabError, match="there is no trace"):
        waterfall({"Traces": []})
    with pytest.raises(LabError, match="summaries hold no segments"):
        waterfall({"TraceSummaries": []})


# -- times
def test_two_humps_and_an_average_that_describes_nobody():
    graph = of_traces(traces(slow=lambda n: 2.5 if n % 10 == 0 else 0))
    drawn = histogram(graph.nodes[graph.find("products")])
    assert drawn.title == (
        "9 in 10 requests of products take about 80 ms, 1 in 10 about 2.58 s: "
        "the average of 330 ms describes nobody."
    )
    assert sum(n for _, n in drawn.data["bars"]) == 40
    service = next(one for one in graph.response() if one["Name"] == "products")
    assert histogram(service).title == drawn.title


def test_one_hump():
    drawn = histogram(((0.05, 90), (0.06, 8), (0.08, 2)), "cart")
    assert drawn.title == (
        "Half of the 100 requests of cart take 50 ms or less, 95 in 100 take 60 ms or less."
    )
    assert histogram((), "cart").title == "No request of cart was answered in this time."


def test_calls_at_the_same_time_are_waited_for_once():
    assert covered([(0, 2), (1, 3), (5, 6)], 0, 10) == 4
    story = Story(1)
    front = story.segment("front", 0, 1)
    for n in range(3):
        story.call(front, f"part-{n}", 0.1, 0.9)
    [front_time] = [o for o in own_times([story.trace()]) if o.service.name == "front"]
    assert round(front_time.own, 6) == 0.2
    [from_sums] = [o for o in of_graph(of_traces([story.trace()])) if o.service.name == "front"]
    assert from_sums.own == 0.0  # 2.4 s of calls in a second: the table of sums can't know


def test_bottlenecks_say_who_is_slow_and_who_is_patient():
    drawn = bottlenecks(SLOW)
    assert drawn.title == (
        "Of the 1.55 s of a request, products takes 1.33 s itself; "
        "front answers in 1.55 s, and 20 ms of that are its own."
    )
    assert drawn.data["exact"] and drawn.data["services"][0]["name"] == "products"
    sums = bottlenecks({"Services": of_traces(SLOW).response()})
    assert not sums.data["exact"] and sums.data["services"][0]["name"] == "products"
    assert bottlenecks([]).title == "No request was traced in this time."


def test_what_happens_later_is_nobodys_wait():
    story = Story(1)
    front = story.segment("front", 0, 1)
    call = story.call(front, "SQS", 0.5, 0.6, "aws")
    story.segment("mailer", 30, 60, parent=call["id"])
    drawn = bottlenecks(story.trace())
    assert drawn.data["services"][-1]["name"] == "mailer" and drawn.data["services"][-1]["later"]
    assert service_map(of_traces([story.trace()])).data["guilty"] != "mailer"


# -- who was hit
def test_the_version_tells_who_was_hit():
    drawn = affected(THROTTLED)
    assert drawn.title == (
        "14 of 40 requests went wrong, 3 users hit: 100 % where version is 2.4.1, "
        "0 % where it is another."
    )
    first = drawn.data["marks"][0]
    assert (first["annotation"], first["value"], first["hit"]) == ("version", "2.4.1", 14)
    assert [name for name, _ in drawn.data["users"]] == ["c-0", "c-3", "c-6"]
    assert "3 users: c-0, c-3, c-6" in str(drawn)


def test_a_zone_tells_too():
    found = []
    for n in range(40):
        story = Story(n, NINE + n)
        zone = "us-east-1b" if n % 4 == 0 else "us-east-1a"
        story.segment("front", 0, 1, fault=n % 4 == 0, aws={"ec2": {"availability_zone": zone}})
        found.append(story.trace())
    assert affected(found).title == (
        "10 of 40 requests went wrong: 100 % where zone of front is us-east-1b, "
        "0 % where it is another."
    )


def test_nobody_was_hit():
    assert affected(CALM).title == "None of 40 requests went wrong."
    assert affected([]).title == "No request was traced in this time."


def test_ids_say_nothing():
    found = []
    for n in range(60):
        story = Story(n, NINE + n)
        story.segment("front", 0, 1, fault=n < 20, annotations={"order": n, "tier": n % 2})
        found.append(story.trace())
    assert {one["annotation"] for one in affected(found).data["marks"]} == {"tier"}


def test_summaries_will_do():
    summaries = [
        {"Id": str(n), "HasFault": n < 5, "Users": [{"UserName": f"u{n}"}],
         "Annotations": {"canary": [{"AnnotationValue": {"BooleanValue": n < 5}}]}}
        for n in range(20)
    ]  # fmt: skip
    drawn = affected(summaries)
    assert drawn.data["hit"] == 5 and drawn.data["marks"][0]["value"] == "true"
    assert affected(summaries, {"7"}, what="are blue").title.startswith("1 of 20 requests are blue")


# -- words
def test_words():
    assert [took(s) for s in (0.0004, 0.08, 0.9999, 2.6412)] == ["0.4 ms", "80 ms", "1 s", "2.64 s"]
    assert [percent(s) for s in (0, 0.004, 0.3149, 0.998, 1)] == [
        "0 %", "0.4 %", "31 %", "99.8 %", "100 %",
    ]  # fmt: skip
    assert [rate(n, 60) for n in (1, 119, 6000)] == ["1/min", "119/min", "100/s"]


# -- to click on
@pytest.fixture
def explorer():
    first, second = graph_of([checkout(n, NINE + n) for n in range(5)]), THROTTLED
    windows = {
        "calm": lambda: Window(first[0].graph(NINE_US, NINE_US + 10**9), list(first[1].values())),
        "bad": lambda: Window(of_traces(second), second),
    }
    return Explorer(list(windows), lambda name: windows[name]())


def test_an_explorer_in_words(explorer):
    assert explorer.window == "bad" and "products is at fault" in str(explorer)
    explorer.set(service="catalogue")
    assert explorer.times.title.startswith("Half of the 40 requests of catalogue")
    assert len(explorer.traces) == 20 and explorer.traces[0].root.fault
    explorer.set(trace=explorer.traces[0].id)
    assert "was throttled" in str(explorer) and explorer.waterfall is not None
    explorer.set(window="calm")
    assert explorer.service == "catalogue" and explorer.trace == ""
    for wrong in ({"window": "x"}, {"service": "x"}, {"trace": "x"}):
        with pytest.raises(LabError):
            explorer.set(**wrong)


def test_a_click_shows_times_and_traces(explorer):
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {WIDGET_VIEW, "text/html", "text/plain"}
    hands = explorer.hands
    assert len(hands["nodes"]) == 5
    products = next(one for one in hands["nodes"] if one.tooltip.startswith("products"))
    products.click()
    assert explorer.service == "products" and hands["service"].value == "products"
    hands["trace"].value = explorer.traces[2].id
    assert explorer.waterfall is not None and explorer.trace == explorer.traces[2].id
    hands["window"].value = "calm"
    assert explorer.window == "calm" and explorer.service == "products" and not explorer.trace
    hands["service"].value = ""
    assert explorer.service == "" and explorer.times is None


# -- in a lab
def test_the_lab_shows_it(lab):
    xray = lab.client("xray")
    lab.advance(minutes=20)
    now = to_us(lab.now) / 1e6 - 600
    stories = [checkout(n, now + n, throttled=n < 20, user=f"c-{n}") for n in range(50)]
    documents = [json.dumps(one) for story in stories for one in story.documents]
    for n in range(0, len(documents), 50):
        xray.put_trace_segments(TraceSegmentDocuments=documents[n : n + 50])
    assert lab.xray.service_map().data["guilty"] == "products"
    early = lab.now - timedelta(minutes=20), lab.now - timedelta(minutes=15)
    assert lab.xray.service_map(*early).data["finding"] == "empty"
    assert lab.xray.waterfall(stories[0].trace_id).title.startswith("POST /pay")
    assert lab.xray.histogram("products").data["requests"] == 50
    assert lab.xray.histogram("catalogue", caller="checkout").data["requests"] == 50
    assert lab.xray.affected().data["hit"] == 20
    assert lab.xray.affected('service("catalogue") { fault }').data["hit"] == 20
    assert lab.xray.bottlenecks().data["requests"] == 50
    late = lab.now - timedelta(minutes=15), lab.now
    assert lab.xray.map_change(early, late).data["guilty"] == "products"
    assert len(lab.xray.explore(*late).windows) == 4
    for broken in (
        lambda: lab.xray.histogram("nobody"),
        lambda: lab.xray.waterfall("1-0-0"),
        lambda: lab.xray.service_map(group="nobody"),
    ):
        with pytest.raises(LabError, match="there"):
            broken()
