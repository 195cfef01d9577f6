"""The service graph: whose figures stand where; that the order of arrival does not matter."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from mapkit import NINE, NINE_US, Story, checkout, graph_of, table

from labkit.xray.engine.columns import BINS, VALUES, bins
from labkit.xray.engine.graph import Graph
from labkit.xray.engine.graph import graph_of as graph_of_traces
from labkit.xray.engine.service_graph import Statistics, read
from labkit.xray.engine.trace import Service

HOUR = 3_600_000_000


def whole(graph, among=None):
    return graph.graph(NINE_US - HOUR, NINE_US + HOUR, among)


def names(found):
    return [(node.name, node.type) for node in found.nodes]


def edge(found, source, target):
    [one] = [
        edge for edge in found.edges
        if found.nodes[edge.source].name == source and found.nodes[edge.target].name == target
        and not found.nodes[edge.source].client
    ]  # fmt: skip
    return one


def test_services_tables_outsiders_and_clients_are_nodes():
    found = whole(graph_of([checkout()])[0])
    assert names(found) == [
        ("front", "AWS::EC2::Instance"),
        ("catalogue", "AWS::ECS::Container"),
        ("checkout", "AWS::ECS::Container"),
        ("pay.example.com", "remote"),
        ("products", "AWS::DynamoDB::Table"),
        ("front", "client"),
    ]
    assert [node.root for node in found.nodes] == [True] + [False] * 5
    assert [node.inferred for node in found.nodes] == [False] * 3 + [True] * 3


def test_edge_data_are_the_callers_node_data_the_callees():
    story = Story()
    front = story.segment("front", 0, 1)
    call = story.call(front, "cart", 0.05, 0.95, fault=True)
    story.segment("cart", 0.9, 0.94, parent=call["id"])
    found = whole(graph_of([story])[0])
    seen = edge(found, "front", "cart").statistics
    own = found.nodes[found.find("cart")].statistics
    assert (seen.fault, round(seen.seconds, 6)) == (1, 0.9)
    assert (own.ok, round(own.seconds, 6)) == (1, 0.04)


def test_own_subsegments_are_no_nodes():
    story = Story()
    front = story.segment("front", 0, 1)
    story.call(front, "render", 0.1, 0.5, namespace="")
    assert len(whole(graph_of([story])[0]).nodes) == 2


def test_a_segment_takes_the_inferred_ones_place():
    story = Story()
    front = story.segment("front", 0, 1)
    call = story.call(front, "api.example.com", 0.1, 0.5)
    traces = {story.trace_id: story.trace()}
    graph = Graph(traces.get)
    graph.update(traces)
    assert names(whole(graph))[1] == ("api.example.com", "remote")
    story.segment("api", 0.2, 0.4, parent=call["id"], origin="AWS::ECS::Container")
    traces[story.trace_id] = story.trace()
    graph.update(traces)
    found = whole(graph)
    assert ("api.example.com", "remote") not in names(found)
    assert edge(found, "front", "api").aliases == ("api.example.com",)


def test_how_requests_ended():
    stories = []
    for n, flags in enumerate(
        [{}, {"error": True}, {"error": True, "throttle": True}, {"fault": True, "error": True}]
    ):
        story = Story(n + 1)
        story.segment("front", 0, 1, **flags)
        stories.append(story)
    node = whole(graph_of(stories)[0]).nodes[0]
    assert node.statistics == Statistics(1, 1, 1, 1, 4.0)
    told = whole(graph_of(stories)[0]).response()[0]["SummaryStatistics"]
    assert told["ErrorStatistics"] == {"ThrottleCount": 1, "OtherCount": 1, "TotalCount": 2}
    assert told["FaultStatistics"] == {"OtherCount": 1, "TotalCount": 1}
    assert told["OkCount"] == 1 and told["TotalCount"] == 4


def test_a_request_in_progress_counts_nowhere_but_its_node_is_there():
    story = Story()
    story.segment("front", 0, None)
    found = whole(graph_of([story])[0])
    assert names(found) == [("front", ""), ("front", "client")]
    assert found.nodes[0].statistics.total == 0


def test_what_is_taken_up_later_is_a_link_with_an_age():
    story = Story()
    front = story.segment("front", 0, 1)
    call = story.call(front, "SQS", 0.5, 0.6, "aws", aws={"queue_url": "https://q/1/mails"})
    story.segment("mailer", 30, 31, parent=call["id"])
    found = whole(graph_of([story])[0])
    link = edge(found, "front", "mailer")
    assert link.asynchronous and link.ages == ((29.5, 1),)
    told = [e for e in found.response()[0]["Edges"] if e.get("EdgeType")]
    assert told[0]["EdgeType"] == "link"
    assert told[0]["ReceivedEventAgeHistogram"] == [{"Value": 29.5, "Count": 1}]


def test_links_join_the_traces_of_a_queue_in_whatever_order_they_come():
    sender = Story(1)
    front = sender.segment("front", 0, 1)
    call = sender.call(front, "SQS", 0.5, 0.6, "aws", aws={"queue_url": "https://q/1/mails"})
    worker = Story(2, NINE + 60)
    worker.segment(
        "mailer", 0, 1, links=[{"trace_id": sender.trace_id, "id": call["id"]}],
    )  # fmt: skip
    for order in ([sender, worker], [worker, sender]):
        traces = {}
        graph = Graph(traces.get)
        for story in order:
            traces[story.trace_id] = story.trace()
            graph.update([story.trace_id])
        link = edge(whole(graph), "mails", "mailer")
        assert link.asynchronous and link.statistics.total == 1 and link.ages == ((59.5, 1),)


def test_a_range_of_time_and_a_set_of_traces():
    stories = [checkout(n, NINE + 60 * n) for n in range(10)]
    graph, _ = graph_of(stories)
    found = graph.graph(NINE_US + 120_000_000, NINE_US + 240_000_000)
    assert found.customers.total == 2
    chosen = graph.only([stories[3].trace_id, stories[7].trace_id, "1-0-0"])
    assert whole(graph, chosen).customers.total == 2
    matching = graph.among("late", lambda trace: trace.start > NINE + 500, NINE_US, NINE_US + HOUR)
    assert whole(graph, matching).customers.total == 1


def test_membership_is_decided_once_and_again_when_a_trace_changes():
    asked = []

    def belongs(trace):
        asked.append(trace.id)
        return True

    story = checkout()
    graph, _ = graph_of([story, checkout(2)])
    for _ in range(3):
        graph.among("x", belongs, NINE_US, NINE_US + HOUR)
    assert len(asked) == 2
    graph.update([story.trace_id])
    graph.among("x", belongs, NINE_US, NINE_US + HOUR)
    assert asked[2:] == [story.trace_id]


def test_a_trace_that_is_gone_leaves():
    graph, traces = graph_of([checkout(1), checkout(2)])
    gone = next(iter(traces))
    del traces[gone]
    graph.update([gone])
    assert whole(graph).customers.total == 1


def test_series_by_minute():
    graph, _ = graph_of([checkout(n, NINE + 30 * n, throttled=n == 3) for n in range(4)])
    products = Service("products", "AWS::DynamoDB::Table")
    rows = graph.series(NINE_US, NINE_US + 180_000_000, 60_000_000, services=[products])
    assert [(at, one.ok, one.throttle) for at, one, _ in rows] == [
        (NINE_US, 2, 0), (NINE_US + 60_000_000, 1, 1), (NINE_US + 120_000_000, 0, 0),
    ]  # fmt: skip
    pair = Service("catalogue", "AWS::ECS::Container"), products
    rows = graph.series(NINE_US, NINE_US + 120_000_000, 60_000_000, pairs=[pair])
    assert [one.total for _, one, _ in rows] == [2, 2]
    assert rows[0][2] == ((0.08, 2),)
    cube = graph.minutes(NINE_US, NINE_US + 120_000_000, 60_000_000)
    assert cube[products].tolist() == [[2, 0, 0, 0], [1, 0, 1, 0]]


def test_a_response_reads_back_as_the_graph():
    found = whole(graph_of([checkout(n, NINE + n, throttled=n % 3 == 0) for n in range(9)])[0])
    again = read({"Services": found.response()})
    assert [n.statistics for n in again.nodes] == [n.statistics for n in found.nodes]
    assert [(e.source, e.target, e.times) for e in again.edges] == [
        (e.source, e.target, e.times) for e in found.edges
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_kept_bit_by_bit_is_counted_at_once(changes, rng):
    """Traces that grow in any order give the graph of their last state."""
    traces = {}
    graph = Graph(traces.get)
    for n in changes:
        story = checkout(n, NINE + n, slow=rng.choice([0, 0.5, 3]), throttled=rng.random() < 0.4)
        if rng.random() < 0.2:
            traces.pop(story.trace_id, None)
        else:
            traces[story.trace_id] = story.trace()
        graph.update([story.trace_id])
    assert whole(graph).response() == graph_of_traces(traces.values()).response()


def test_columns_are_packed_and_still_right():
    rng = random.Random(3)
    stories = {n: checkout(n, NINE + n) for n in range(60)}
    traces = {one.trace_id: one.trace() for one in stories.values()}
    graph = Graph(traces.get)
    for _ in range(20):
        for n in stories:
            stories[n] = checkout(n, NINE + n, slow=rng.choice([0, 1]))
            traces[stories[n].trace_id] = stories[n].trace()
        graph.update(traces)
    assert len(graph._nodes["state"]) < 3 * 60 * 5
    assert whole(graph).response() == graph_of_traces(traces.values()).response()


def test_steps_of_a_histogram_are_of_three_figures():
    took = np.array([0, 400, 1_499, 999_400, 1_004_000, 9_994_400, 12_340_000, 123_000_000, 10**10])
    assert [VALUES[n] for n in bins(took)] == [
        0, 0, 0.001, 0.999, 1.0, 9.99, 12.3, 123.0, 1000.0
    ]  # fmt: skip
    assert len(set(VALUES)) >= BINS - 3 and list(VALUES) == sorted(VALUES)


def test_a_table_called_by_two_is_one_node():
    story = Story()
    front = story.segment("front", 0, 1)
    cart = story.segment("cart", 0.1, 0.2, parent=story.call(front, "cart", 0.1, 0.3)["id"])
    table(story, front, 0.4, 0.5)
    table(story, cart, 0.15, 0.18)
    found = whole(graph_of([story])[0])
    place = found.find("products")
    assert found.nodes[place].statistics.total == 2 and len(found.into(place)) == 2
