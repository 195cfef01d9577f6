"""The shop's traces: the requests of its logs and metrics, span by span."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import labkit
from labkit.core.clock import MINUTE, SECOND, Clock, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Facts
from labkit.core.traces import TraceHeader, taken
from labkit.workloads.incidents import Incident
from labkit.workloads.shop_faces import bad_zone
from labkit.workloads.shop_figures import ShopFigures
from labkit.workloads.shop_logs import lines_of
from labkit.workloads.shop_requests import TRIES, WAIT_US, requests
from labkit.workloads.shop_traces import ShopTraces
from labkit.xray.engine.own_time import own_times
from labkit.xray.engine.trace import assemble

HERE = ACCOUNT, REGION = "123456789012", "us-east-1"
#: Early in the morning, when an hour has few requests, and at the busy time.
TEN = datetime(2026, 1, 6, 10, tzinfo=UTC)
SIX = TEN.replace(hour=6)
BEGIN = to_us(SIX) // MINUTE


def figures(*incidents, seed=7, services=None):
    made = ShopFigures(seed, Facts(Clock(to_us(SIX))))
    made.open(*HERE, services=services)
    for one in incidents:
        made.apply(one)
    return made


def incident(kind, target, size, start=SIX, minutes=30):
    return Incident(kind, target, start, start + timedelta(minutes=minutes), size)


def source(made, every=True, seed=7):
    found = ShopTraces(made, seed)
    found.begin(*HERE, 0, to_us(SIX), every, live=True)
    return found


def documents(*incidents, minutes=1, start=SIX, every=True, seed=7, services=None, only=""):
    """The documents of the first minutes; of those who asked for one path, or all."""
    made = source(figures(*incidents, seed=seed, services=services), every and not only, seed)
    if only:
        made.sampling = lambda account, region, asked: np.array(
            [path == only for path in asked.paths]
        )[asked.kind]
    return made.segments(*HERE, to_us(start), to_us(start) + minutes * MINUTE)


def named(found, name, origin=""):
    return [one for one in found if one["name"] == name and origin in one["origin"]]


def subs(document):
    """Every subsegment of a document, at any depth."""
    for one in document.get("subsegments", ()):
        yield one
        yield from subs(one)


def called(document, name):
    (found,) = [one for one in subs(document) if one["name"] == name]
    return found


def us(at_s):
    return round(at_s * SECOND)


def lasted_us(document):
    return us(document["end_time"]) - us(document["start_time"])


@pytest.fixture(scope="module")
def quiet():
    return documents()


BAD = [
    incident("timeouts", "payment", 40),
    incident("bad_deploy", "checkout", 60),
    incident("bad_host", "front", 90),
    incident("failing", "cart", 50),
    incident("slow_share", "catalogue", 10),
    incident("bad_release", "checkout", 80),
    incident("throttled_table", "catalogue", 20),
    incident("bad_zone", "cart", 30),
    incident("retry_storm", "cart", 20),
]


@pytest.mark.parametrize("incidents", [[], BAD], ids=["a quiet minute", "a bad one"])
def test_every_request_has_the_status_and_the_duration_of_its_log_lines(incidents):
    made = figures(*incidents)
    told = {}
    for one in lines_of(made, made.shop(*HERE), 7, ["elasticbeanstalk", "ecs", "apigateway"],
                        BEGIN, BEGIN + 1):  # fmt: skip
        for text in one.messages.to_pylist():
            if "Traceback" in text:
                continue
            if one.source == "elasticbeanstalk":
                status, spent, request = re.search(r'" (\d{3}) .* ([\d.]+) (\S+)$', text).groups()
                told["front", request] = int(status), round(float(spent) * 1000)
            else:
                row = json.loads(text)
                name = row.get("service", "payment")
                spent = row["integrationLatency"] if name == "payment" else row["ms"]
                told[name, row["requestId"]] = int(row["status"]), int(spent)
    found = {}
    segments = documents(*incidents)
    for one in segments:
        name = {"shop-payment/prod": "payment"}.get(one["name"], one["name"])
        if "metadata" not in one:
            continue
        waited = 0  # its own time is what logs and metrics know
        remote = [
            s
            for s in one.get("subsegments", ())
            if "http" in s and s["http"].get("request", {}).get("traced")
        ]
        if remote:
            waited = lasted_us(remote[0])
        spent = lasted_us(one) - waited - (3000 if name == "payment" else 0)
        status = one["http"]["response"]["status"]
        found[name, one["metadata"]["default"]["request_id"]] = status, spent // 1000
    assert found == told
    assert len(found) > 600


def test_a_function_lasts_what_its_report_says(quiet):
    made = figures()
    (log,) = lines_of(made, made.shop(*HERE), 7, ["lambda"], BEGIN, BEGIN + 1)
    told = dict(
        re.search(r"REPORT RequestId: (\S+)\tDuration: ([\d.]+) ms", text).groups()
        for text in log.messages.to_pylist()
        if text.startswith("REPORT")
    )
    own = named(quiet, "shop-payment", "Function")
    assert len(own) == len(told)
    for one in own:
        invocation = one["subsegments"][0]
        assert invocation["name"] == "Invocation"
        spent = float(told[one["aws"]["request_id"]])
        assert abs(lasted_us(invocation) / 1000 - spent) < 0.011


def test_a_trace_is_whole(quiet):
    traces = {}
    for one in quiet:
        traces.setdefault(one["trace_id"], []).append(one)
    for trace_id, segments in traces.items():
        ids = [one["id"] for s in segments for one in (s, *subs(s))]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)
        roots = [one for one in segments if "parent_id" not in one]
        assert len(roots) == 1
        assert all(one["parent_id"] in ids for one in segments if "parent_id" in one)
        assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", trace_id)
        before = 0 if roots[0]["name"] == "packing" else 1000  # of the load balancer
        assert int(trace_id[2:10], 16) == (us(roots[0]["start_time"]) - before) // SECOND
    longest = max(traces.values(), key=len)
    assert Counter(one["origin"] for one in longest) == {
        "AWS::ElasticBeanstalk::Environment": 1, "AWS::ECS::Container": 1,
        "AWS::ApiGateway::Stage": 1, "AWS::Lambda": 1, "AWS::Lambda::Function": 1,
    }  # fmt: skip


def test_what_is_called_lies_within_the_call(quiet):
    callers = {sub["id"]: (one, sub) for one in quiet for sub in subs(one)}
    seen = 0
    for one in quiet:
        for sub in subs(one):
            assert one["start_time"] <= sub["start_time"] <= sub["end_time"] <= one["end_time"]
        if one.get("parent_id") in callers:
            _, sub = callers[one["parent_id"]]
            assert sub["start_time"] <= one["start_time"]
            assert one["end_time"] <= sub["end_time"]
            seen += 1
    assert seen > 400


def test_the_queue_is_read_later_in_a_trace_of_its_own(quiet):
    sent = {s["id"]: one for one in named(quiet, "checkout") for s in subs(one)}
    packed = named(quiet, "packing")
    assert len(packed) == sum(
        one["http"]["response"]["status"] == 201 for one in named(quiet, "checkout")
    )
    for one in packed:
        (link,) = one["links"]
        checkout = sent[link["id"]]
        assert link["trace_id"] == checkout["trace_id"] != one["trace_id"]
        assert one["start_time"] > called(checkout, "SQS")["end_time"]
        assert one["annotations"]["order_id"] == checkout["annotations"]["order_id"]
    assert len({one["trace_id"] for one in packed}) == len(packed)


def test_documents_are_small_and_their_names_are_allowed(quiet):
    for one in quiet:
        assert len(json.dumps(one)) < 64 * 1024
        for part in (one, *subs(one)):
            assert re.fullmatch(r"[\w\s.:/%&#=+\\@-]{1,200}", part["name"])


def test_a_minute_is_the_same_alone_and_on_another_day():
    made = figures(*BAD)
    together = source(made).segments(*HERE, (BEGIN - 1) * MINUTE, (BEGIN + 1) * MINUTE)
    alone = [
        one
        for minute in range(BEGIN - 1, BEGIN + 1)
        for one in source(made).segments(*HERE, minute * MINUTE, (minute + 1) * MINUTE)
    ]
    as_text = [sorted(map(json.dumps, found)) for found in (together, alone)]
    assert as_text[0] == as_text[1]
    other = documents(seed=8, every=False)
    assert {one["trace_id"] for one in other}.isdisjoint(one["trace_id"] for one in together)


def test_without_rules_the_first_of_each_second_and_one_in_twenty():
    found = documents(every=False, minutes=5)
    everything = documents(every=True, minutes=5)
    assert {json.dumps(one) for one in found} <= {json.dumps(one) for one in everything}
    fronts = named(found, "front")
    seconds = Counter(us(one["start_time"]) // SECOND for one in fronts)
    first = {}
    for one in named(everything, "front"):
        at = us(one["start_time"])
        first[at // SECOND] = min(at, first.get(at // SECOND, at))
    assert set(seconds) == set(first)
    assert set(first.values()) <= {us(one["start_time"]) for one in fronts}
    rest = len(named(everything, "front")) - len(first)
    assert len(fronts) - len(first) == pytest.approx(0.05 * rest, rel=0.25)


def test_who_decides_sees_host_path_and_instant():
    seen = []

    def payers(account, region, arrivals):
        seen.append(arrivals)
        pay = [path == "/checkout" for path in arrivals.paths]
        return np.array(pay)[arrivals.kind]

    traces = source(figures(), every=False)
    traces.sampling = payers
    found = traces.segments(*HERE, BEGIN * MINUTE, (BEGIN + 1) * MINUTE)
    front = seen[0]
    assert (front.service, front.host) == ("front", "shop.teapot.example")
    assert front.service_type == "AWS::ElasticBeanstalk::Environment"
    assert (np.diff(front.at_us) >= 0).all()
    assert "/product/1399" in front.paths
    assert {one["http"]["request"]["url"] for one in named(found, "front")} == {
        "https://shop.teapot.example/checkout"
    }
    checkouts = named(found, "checkout")
    assert len(seen) == 1
    assert len(checkouts) > 30
    assert all("parent_id" in one for one in checkouts)


def test_requests_of_other_programs_are_not_traced_by_themselves(quiet):
    def roots(found):
        return {one["name"] for one in found if "parent_id" not in one}

    assert {"front", "packing", "shop-payment/prod"} <= roots(quiet)
    assert roots(documents(every=False, minutes=5)) == {"front", "packing"}


@pytest.mark.parametrize("services", [["payment"], ["catalogue", "cart"], ["front", "payment"]])
def test_a_shop_with_few_services_begins_its_traces_where_it_can(services):
    found = documents(services=services)
    ids = {one["id"] for s in found for one in (s, *subs(s))}
    assert found
    assert all(one["parent_id"] in ids for one in found if "parent_id" in one)


def test_the_header_goes_along(quiet):
    calls = {sub["id"]: one for one in quiet for sub in subs(one)}
    for one in named(quiet, "checkout"):
        if "parent_id" not in one:
            continue
        header = TraceHeader.read(one["metadata"]["default"]["X-Amzn-Trace-Id"])
        assert header == TraceHeader(one["trace_id"], one["parent_id"], True)
        front = calls[one["parent_id"]]
        at_door = front["metadata"]["default"]["X-Amzn-Trace-Id"]
        assert at_door == f"Root={one['trace_id']}"  # the load balancer decides nothing


def test_own_time_is_what_figures_and_logs_call_duration(quiet):
    by_trace = {}
    for one in quiet:
        by_trace.setdefault(one["trace_id"], []).append(one)
    traces = [assemble(trace_id, segments) for trace_id, segments in by_trace.items()]
    found = {
        one.service.name: one for one in own_times(traces) if one.service.type != "AWS::Lambda"
    }
    shop = figures().shop(*HERE)
    served = requests(figures(), shop, 7, BEGIN, BEGIN + 1)
    assert found["front"].own == pytest.approx(served["front"].ms.sum() / 1000, abs=0.01)
    (service,) = [one for one in own_times(traces) if one.service.type == "AWS::Lambda"]
    assert service.own < 0.002 * service.requests
    bank = found["api.acquirer.example"]
    assert bank.own > 0.6 * served["payment"].ms.sum() / 1000


# -- incidents
def test_a_slow_table_is_slow_where_it_is(quiet):
    found = documents(incident("slow_table", "catalogue", 80))

    def middle(segments, name, part):
        return np.median([lasted_us(called(one, part)) for one in named(segments, name)]) / 1000

    assert middle(quiet, "catalogue", "DynamoDB") == pytest.approx(27, abs=9)
    assert middle(found, "catalogue", "DynamoDB") == pytest.approx(80 * 27, rel=0.35)
    own = [
        lasted_us(one) - sum(map(lasted_us, one["subsegments"]))
        for one in named(found, "catalogue")
        if lasted_us(one) < 8 * SECOND
    ]
    assert np.median(own) < 100_000
    slow = [one for one in named(found, "front") if "/product/" in one["http"]["request"]["url"]]
    assert np.median([lasted_us(one) for one in slow]) > SECOND
    assert middle(found, "cart", "DynamoDB") == middle(quiet, "cart", "DynamoDB")


def test_a_throttled_table_throttles():
    found = named(documents(incident("throttled_table", "cart", 30), only="/cart"), "cart")
    hit = [one for one in found if called(one, "DynamoDB").get("throttle")]
    assert len(hit) == pytest.approx(0.3 * len(found), abs=1)
    for one in hit:
        table = called(one, "DynamoDB")
        assert (table["error"], table["http"]["response"]["status"]) == (True, 400)
        exception = table["cause"]["exceptions"][0]
        assert exception["type"] == "ProvisionedThroughputExceededException"
        assert (one["fault"], one["cause"]) == (True, exception["id"])


def test_an_external_service_that_fails():
    found = documents(incident("failing", "payment", 60), only="/checkout")
    calls = [called(one, "api.acquirer.example") for one in named(found, "shop-payment", "Funct")]
    failed = [one for one in calls if one.get("fault")]
    assert len(failed) == pytest.approx(0.6 * len(calls), abs=1)
    assert {one["cause"]["exceptions"][0]["type"] for one in failed} == {"ConnectionError"}
    late = documents(incident("timeouts", "payment", 60), only="/checkout")
    calls = [called(one, "api.acquirer.example") for one in named(late, "shop-payment", "Funct")]
    assert sum(lasted_us(one) > 14.9 * SECOND for one in calls) > 20
    assert all(one["end_time"] - one["start_time"] < 20 for one in named(late, "front"))


def test_a_bad_release_hits_the_customers_who_have_it():
    found = named(
        documents(
            incident("bad_release", "checkout", 31, TEN), start=TEN, minutes=10, only="/checkout"
        ),
        "checkout",
    )
    by_version = {}
    for one in found:
        by_version.setdefault(one["annotations"]["version"], []).append(one)
    assert set(by_version) == {"2.3.1", "2.4.0"}
    shares = {
        version: sum(bool(one.get("fault")) for one in those) / len(those)
        for version, those in by_version.items()
    }
    assert shares["2.4.0"] == pytest.approx(0.31, abs=0.08)
    assert shares["2.3.1"] < 0.01
    new = {one["user"] for one in by_version["2.4.0"]}
    assert new.isdisjoint(one["user"] for one in by_version["2.3.1"])
    assert 25 < len(new) < 70
    broken = [one for one in found if "KeyError" in json.dumps(one)]
    assert {one["user"] for one in broken} <= new
    assert len(broken) > 50


def test_one_bad_zone():
    bad = "ab"[bad_zone(7)]
    found = named(documents(incident("bad_zone", "checkout", 70), only="/checkout"), "checkout")
    hit = [one for one in found if "No route to host" in json.dumps(one.get("cause"))]
    assert {one["aws"]["ec2"]["availability_zone"] for one in hit} == {f"us-east-1{bad}"}
    there = [one for one in found if one["aws"]["ec2"]["availability_zone"] == f"us-east-1{bad}"]
    assert len(hit) == pytest.approx(0.7 * len(there), abs=4)


def test_a_retry_storm_is_between_the_services(quiet):
    storm = documents(incident("retry_storm", "cart", 40))
    times = [sorted(map(lasted_us, named(found, "cart"))) for found in (storm, quiet)]
    assert times[0] == times[1]
    edges = [
        called(one, "cart")
        for one in named(storm, "front")
        if one["http"]["request"]["url"].endswith("/cart")
    ]
    tried = [one for one in edges if "subsegments" in one]
    assert len(tried) == pytest.approx(0.4 * len(edges), rel=0.25)
    for one in tried:
        assert [sub["name"] for sub in one["subsegments"]] == [
            "connect cart #1", "connect cart #2", "connect cart #3"
        ]  # fmt: skip
        assert {lasted_us(sub) for sub in one["subsegments"]} == {WAIT_US}
        assert lasted_us(one) > TRIES * WAIT_US
        assert one["namespace"] == "remote" and "fault" not in one


def test_on_every_day_a_few_fail(quiet):
    for name in ("cart", "checkout"):
        found = documents(start=TEN, minutes=6, only=f"/{name}")
        those = named(found, name)
        share = sum(bool(one.get("fault")) for one in those) / len(those)
        assert share == pytest.approx(0.004, abs=0.003)


# -- in a lab
@pytest.fixture
def lab():
    with labkit.Lab(start=SIX, active=False) as made:
        yield made


def pulled(lab, minutes):
    end = to_us(lab.now) // MINUTE * MINUTE
    (one,) = [one for one in lab.world.ports.trace_sources(*HERE) if isinstance(one, ShopTraces)]
    return one.segments(*HERE, end - minutes * MINUTE, end)


def test_a_lab_has_a_traced_past_and_goes_on(lab):
    assert pulled(lab, 10) == []
    slow = lab.shop.happened("slow_table", "catalogue", 60, start=lab.now - timedelta(minutes=4),
                             minutes=2)  # fmt: skip
    lab.shop.traces(slow, hours=5 / 60)
    past = pulled(lab, 10)
    assert min(one["start_time"] for one in past) >= SIX.timestamp() - 300
    assert any(lasted_us(one) > SECOND for one in named(past, "catalogue"))
    lab.advance(minutes=2)
    assert len(named(pulled(lab, 2), "front")) > 100
    lab.shop.traces(live=False)
    lab.advance(minutes=2)
    assert pulled(lab, 1) == []
    again = lab.replay()
    assert pulled(again, 9) == pulled(lab, 9)
    again.close()


def test_a_week_at_once_is_a_week_by_days(lab):
    with labkit.Lab(start=SIX, active=False) as other:
        for one in (lab, other):
            one.shop.traces()
            one.shop.incident("bad_zone", "cart", 50, start=SIX + timedelta(days=7))
        lab.advance(days=7, minutes=1)
        for _ in range(7):
            other.advance(days=1)
        other.advance(minutes=1)
        assert pulled(lab, 1) == pulled(other, 1) != []


def test_what_can_not_be_traced_is_refused(lab):
    at = lab.now - timedelta(minutes=9)
    past = lab.shop.happened("failing", "cart", 9, start=at)
    with pytest.raises(LabError, match="not within the past"):
        lab.shop.traces(past)
    with pytest.raises(LabError, match="0 to 720 hours"):
        lab.shop.traces(hours=721)
    with pytest.raises(LabError, match="2 hours at most"):
        lab.shop.traces(hours=3, every=True)
    with pytest.raises(LabError, match="can't befall"):
        lab.shop.traces(lab.shop.happened("bad_zone", "payment", 9, start=at), hours=1)
    lab.shop.traces(hours=1)
    for call in (lab.shop.traces, lab.shop.logs):
        with pytest.raises(LabError, match="is traced already"):
            call(past, hours=1)


def test_x_ray_finds_what_the_shop_did(lab):
    xray = lab.client("xray")
    lab.advance(minutes=10)

    def found(expression, minutes=10):
        told = xray.get_paginator("get_trace_summaries").paginate(
            StartTime=lab.now - timedelta(minutes=minutes), EndTime=lab.now,
            FilterExpression=expression,
        )  # fmt: skip
        return [one for page in told for one in page["TraceSummaries"]]

    assert found("duration >= 0") == []
    throttled = lab.shop.happened("throttled_table", "catalogue", 40, minutes=3,
                                  start=lab.now - timedelta(minutes=8))  # fmt: skip
    lab.shop.traces(throttled, hours=1 / 6)
    everything = found("duration >= 0")
    assert len(everything) > 500
    hit = found('service("catalogue") { fault }')
    assert 30 < len(hit) < len(everything) / 2
    assert len(found('service("products") { throttle }')) > 0.8 * len(hit)
    assert len(found("fault = true")) < len(hit) / 2
    assert found('annotation.tier = "gold" AND service("shop-payment")')
    assert {one["Http"]["HttpStatus"] for one in hit} <= {200, 404, 500, 502, 503}
    # Some that the last minute set off begin after it.
    assert len(everything) <= lab.bill()["xray.recorded"].quantity <= len(everything) + 5
    (trace,) = xray.batch_get_traces(TraceIds=[hit[0]["Id"]])["Traces"]
    assert "catalogue" in {json.loads(one["Document"])["name"] for one in trace["Segments"]}


def test_a_sampling_rule_for_the_checkout(lab):
    lab.shop.traces()
    lab.client("xray").create_sampling_rule(
        SamplingRule={
            "RuleName": "pay", "Priority": 10, "FixedRate": 1.0, "ReservoirSize": 5,
            "URLPath": "/checkout*", "HTTPMethod": "*", "Host": "*", "ServiceName": "front",
            "ServiceType": "*", "ResourceARN": "*", "Version": 1,
        }
    )  # fmt: skip
    lab.advance(minutes=3)
    found = pulled(lab, 2)
    orders = {one["trace_id"] for one in named(found, "checkout")}
    shop = lab.parts.shop.shop(*HERE)
    traffic = lab.parts.shop.traffic(shop, "checkout", BEGIN + 1, BEGIN + 3)
    assert len(orders) == traffic.requests.sum()
    browsing = [one for one in named(found, "front") if one["trace_id"] not in orders]
    assert len(browsing) < 200


def test_the_bill_is_the_same_whether_anybody_looks_or_not(lab):
    lab.shop.traces(hours=0.5)
    lab.advance(minutes=25)
    middle = lab.now
    first = lab.bill()["xray.recorded"].quantity
    lab.advance(minutes=65, seconds=13)
    assert first + lab.bill(since=middle)["xray.recorded"].quantity == (
        lab.bill()["xray.recorded"].quantity
    )
    month = lab.bill(month=True)["xray.recorded"].quantity
    assert month == pytest.approx(730 * 60 * 120, rel=0.2)
    before = lab.bill()["xray.recorded"].quantity
    end = lab.now.replace(second=0)
    store = lab.parts.xray.store(*HERE)
    traces = store.traces(to_us(SIX), to_us(end) - 1)
    assert len(traces) == pytest.approx(float(before), abs=5)
    assert lab.bill()["xray.recorded"].quantity == before


# -- headers and reservoirs
@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
         TraceHeader("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", True)),
        ("Self=1-67891234-12456789abcdef012345678; root=1-5759e988-bd862e3fe1be46a994272793",
         TraceHeader("1-5759e988-bd862e3fe1be46a994272793")),
        ("Root=1-a-b;Sampled=?", TraceHeader("1-a-b")),
        ("Sampled=0;Lineage=a:1", TraceHeader(sampled=False)),
        ("", TraceHeader()),
        ("nonsense;;=;", TraceHeader()),
    ],
)  # fmt: skip
def test_a_header_is_read(text, header):
    assert TraceHeader.read(text) == header
    assert TraceHeader.read(str(header)) == header


@pytest.mark.parametrize(
    ("brought", "passed_on"),
    [
        ("", "Root=1-a-b"),
        ("Root=1-c-d", "Self=1-a-b;Root=1-c-d"),
        ("Root=1-c-d;Parent=e;Sampled=1", "Self=1-a-b;Root=1-c-d;Parent=e;Sampled=1"),
        ("Self=1-e-f;Root=1-c-d", "Self=1-a-b;Root=1-c-d"),
        ("CalledFrom=app", "Root=1-a-b;CalledFrom=app"),
    ],
)
def test_what_a_load_balancer_makes_of_a_header(brought, passed_on):
    assert TraceHeader.at_balancer(brought, "1-a-b") == passed_on


def test_a_reservoir_and_a_rate():
    at_us = np.array([0, 1, 2, SECOND, SECOND + 1])
    luck = np.array([0.5, 0.5, 0.04, 0.5, 0.06])
    assert taken(at_us, luck, 1, 0.05).tolist() == [True, False, True, True, False]
    assert taken(at_us, luck, 0, 0.05).tolist() == [False, False, True, False, False]
    assert taken(at_us, luck, 2, 0.0).tolist() == [True, True, False, True, True]
