"""Traces out of documents in any order."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.xray.engine.trace import Service, assemble, service_of

ID = "1-5759e988-bd862e3fe1be46a994272793"


def doc(name, number, start, end, parent="", **more):
    made = {"trace_id": ID, "id": f"{number:016x}", "name": name, "start_time": start, **more}
    if end is not None:
        made["end_time"] = end
    else:
        made["in_progress"] = True
    if parent:
        made["parent_id"] = f"{parent:016x}"
    return made


FRONT = doc("front", 1, 0, 4, subsegments=[
    doc("cart", 2, 1, 3, namespace="remote"),
    doc("DynamoDB", 3, 3, 3.5, namespace="aws", aws={"table_name": "carts", "operation": "Query"}),
    doc("think", 4, 3.5, 4),
])  # fmt: skip
CART = doc("cart", 5, 1.2, 2.8, parent=2, origin="AWS::ECS::Container")
AHEAD = doc("sql", 6, 1.5, 2, parent=5, type="subsegment", namespace="remote",
            sql={"sanitized_query": "SELECT 1"})  # fmt: skip


def drawn(trace):
    lines = []

    def draw(span, depth):
        lines.append("  " * depth + f"{span.kind} {span.name}")
        for child in span.children:
            draw(child, depth + 1)

    for span in trace.spans.values():
        if span.parent is None:
            draw(span, 0)
    return lines


WHOLE = [
    "segment front",
    "  subsegment cart",
    "    segment cart",
    "      subsegment sql",
    "        inferred sql",
    "  subsegment DynamoDB",
    "    inferred DynamoDB",
    "  subsegment think",
]


def test_any_order_of_arrival_gives_the_same_tree():
    for order in itertools.permutations([FRONT, CART, AHEAD]):
        trace = assemble(ID, order)
        assert drawn(trace) == WHOLE
        assert trace.root.name == "front" and not trace.partial
        assert (trace.duration, trace.response_time) == (4, 4)


def test_services_are_resources_databases_and_who_sent_segments():
    trace = assemble(ID, [FRONT, CART, AHEAD])
    assert trace.services == [
        Service("front"),
        Service("cart", "AWS::ECS::Container"),
        Service("sql", "Database::SQL"),
        Service("carts", "AWS::DynamoDB::Table"),
    ]


def test_a_callee_that_sent_nothing_is_inferred_from_the_caller():
    trace = assemble(ID, [FRONT])
    [cart] = [one for one in trace.segments if one.name == "cart"]
    assert cart.kind == "inferred" and service_of(cart) == Service("cart", "remote")
    assert (cart.start, cart.end, cart.parent.id) == (1, 3, f"{2:016x}")
    assert cart.document["inferred"] is True
    # The same id in every run, another for another caller.
    assert cart.id == assemble(ID, [FRONT]).segments[1].id


def test_an_announced_callee_is_waited_for():
    front = doc("front", 1, 0, 4, subsegments=[
        doc("cart", 2, 1, 3, namespace="remote", http={"request": {"traced": True}})])  # fmt: skip
    waiting = assemble(ID, [front])
    assert waiting.partial and drawn(waiting) == ["segment front", "  subsegment cart"]
    there = assemble(ID, [front, CART])
    assert not there.partial and len(there.segments) == 2


def test_a_lost_parent_makes_a_trace_partial_and_its_earliest_segment_the_root():
    trace = assemble(ID, [CART])
    assert trace.root.name == "cart" and not trace.loose
    assert assemble(ID, [AHEAD]).partial
    two = assemble(ID, [CART, doc("pay", 9, 2, 3, parent=77)])
    assert [one.name for one in two.loose] == ["pay"] and two.partial


def test_a_subsegment_sent_ahead_and_embedded_is_one_span_and_the_complete_one_counts():
    ahead = doc("step", 2, 1, 3, parent=1, type="subsegment")
    late = doc("front", 1, 0, 4, subsegments=[doc("step", 2, 1, None)])
    for order in ([ahead, late], [late, ahead]):
        trace = assemble(ID, order)
        assert drawn(trace) == ["segment front", "  subsegment step"]
        assert trace.spans[f"{2:016x}"].end == 3 and not trace.partial


def test_parents_in_a_ring_do_not_hang():
    trace = assemble(ID, [doc("a", 1, 0, 1, parent=2), doc("b", 2, 0, 1, parent=1)])
    assert len(list(trace.root.walk())) <= 2
    assert len(assemble(ID, [doc("a", 1, 0, 1, parent=1)]).spans) == 1


numbers = st.integers(1, 6)
documents = st.recursive(
    st.builds(lambda n, p, s: doc("x", n, 0, 1, parent=p, namespace=s), numbers,
              numbers | st.just(""), st.sampled_from(["", "aws", "remote"])),
    lambda inner: st.builds(lambda n, subs, kind: doc("y", n, 0, 2, subsegments=subs, type=kind),
                            numbers, st.lists(inner, max_size=3),
                            st.sampled_from(["", "subsegment"])),
    max_leaves=6,
)  # fmt: skip


@given(st.lists(documents, max_size=6))
@settings(max_examples=80)
def test_whatever_comes_is_a_forest(found):
    trace = assemble(ID, found)
    for span in trace.spans.values():
        seen, above = set(), span
        while above is not None:
            assert id(above) not in seen
            seen.add(id(above))
            above = above.parent
        for child in span.children:
            assert child.parent is span
    tops = [one for one in trace.spans.values() if one.parent is None]
    assert sum(len(list(one.walk())) for one in tops) == len(trace.spans)
