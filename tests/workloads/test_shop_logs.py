"""The shop's logs: the requests of its metrics, the documented formats, one id through all."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import labkit
from labkit.core.clock import MINUTE, Clock, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Facts
from labkit.core.sources import Series
from labkit.workloads.incidents import Incident
from labkit.workloads.shop_figures import TIMEOUT_MS, ShopFigures
from labkit.workloads.shop_logs import SOURCES, lines_of
from labkit.workloads.shop_requests import WHY, requests
from labkit.workloads.shop_site import GROUPS, SCANNERS

ACCOUNT, REGION = "123456789012", "us-east-1"
TEN = datetime(2026, 1, 6, 10, tzinfo=UTC)
BEGIN = to_us(TEN) // MINUTE
ALL = [
    Incident("timeouts", "payment", TEN, TEN + timedelta(minutes=3), 40),
    Incident("bad_deploy", "checkout", TEN, TEN + timedelta(minutes=3), 60),
    Incident("bad_host", "front", TEN, TEN + timedelta(minutes=3), 90),
    Incident("failing", "cart", TEN, TEN + timedelta(minutes=3), 100),
    Incident("slow_share", "catalogue", TEN, TEN + timedelta(minutes=3), 10),
    Incident("scan", "front", TEN, TEN + timedelta(minutes=3), 300),
]
MORE = [
    Incident("slow_table", "catalogue", TEN, TEN + timedelta(minutes=3), 40),
    Incident("throttled_table", "cart", TEN, TEN + timedelta(minutes=3), 30),
    Incident("throttled_table", "payment", TEN, TEN + timedelta(minutes=3), 5),
    Incident("bad_release", "checkout", TEN, TEN + timedelta(minutes=3), 60),
    Incident("bad_release", "front", TEN, TEN + timedelta(minutes=3), 60),
    Incident("bad_zone", "catalogue", TEN, TEN + timedelta(minutes=3), 20),
    Incident("retry_storm", "checkout", TEN, TEN + timedelta(minutes=3), 30),
]


def figures(*incidents, seed=7):
    made = ShopFigures(seed, Facts(Clock(to_us(TEN))))
    made.open(ACCOUNT, REGION)
    for one in incidents:
        made.apply(one)
    return made


def written(made, first=BEGIN - 1, last=BEGIN + 4, sources=SOURCES, seed=7):
    shop = made.shop(ACCOUNT, REGION)
    return {one.source: one for one in lines_of(made, shop, seed, sources, first, last)}


def rows(one, minute=None):
    found = zip(one.stream, one.at_us, one.messages.to_pylist(), strict=True)
    return [
        (one.streams[stream], int(at), text)
        for stream, at, text in found
        if minute is None or at // MINUTE == minute
    ]


@pytest.fixture(scope="module")
def quiet():
    return written(figures())


@pytest.fixture(scope="module")
def bad():
    return written(figures(*ALL))


def status_of(source, text):
    if source == "elasticbeanstalk":
        return "front", int(re.search(r'" (\d{3}) ', text)[1])
    told = json.loads(text)
    return told.get("service", "payment"), int(told["status"])


@pytest.mark.parametrize("incidents", [[], ALL, MORE], ids=["a quiet day", "a bad one", "more"])
def test_a_minute_has_as_many_errors_and_requests_as_the_metric(incidents):
    made = figures(*incidents)
    lines = written(made)
    counted = {"Requests": Counter(), "Errors": Counter()}
    for source in ("elasticbeanstalk", "ecs", "apigateway"):
        for _, at_us, text in rows(lines[source]):
            if "Traceback" not in text:
                service, status = status_of(source, text)
                counted["Requests"][service, at_us // MINUTE] += 1
                counted["Errors"][service, at_us // MINUTE] += status >= 500
    for metric, found in counted.items():
        for service in ("front", "catalogue", "cart", "checkout", "payment"):
            series = Series("Shop", metric, (("service", service),))
            points = made.points(
                ACCOUNT, REGION, series, (BEGIN - 1) * MINUTE, (BEGIN + 4) * MINUTE
            )
            minutes = range(BEGIN - 1, BEGIN + 4)
            assert [found[service, one] for one in minutes] == points.values.tolist()


@pytest.mark.parametrize("incident", ALL, ids=lambda one: one.kind)
def test_the_times_are_the_metrics_times(incident):
    made = figures(incident)
    shop = made.shop(ACCOUNT, REGION)
    served = requests(made, shop, 7, BEGIN, BEGIN + 2)[incident.target]
    flow = made.traffic(shop, incident.target, BEGIN, BEGIN + 2)
    assert len(served) == flow.requests.sum() == flow.counts.sum()
    average = (flow.times * flow.counts).sum() / flow.counts.sum()
    assert served.ms.mean() == pytest.approx(average, rel=0.01)
    timed = served.why == WHY.index("timeouts")
    assert (served.ms[timed] == TIMEOUT_MS).all()
    assert timed.sum() == (served.ms == TIMEOUT_MS).sum()


@pytest.mark.parametrize("minute", [BEGIN - 1, BEGIN, BEGIN + 3])
def test_a_minute_is_the_same_alone(bad, minute):
    alone = written(figures(*ALL), minute, minute + 1)
    for source in SOURCES:
        assert rows(alone[source]) == rows(bad[source], minute)
        assert rows(alone[source]) or source == "cloudwatch-agent"


def test_another_seed_is_another_day(quiet):
    other = written(figures(seed=8), seed=8)
    assert rows(other["apigateway"]) != rows(quiet["apigateway"])
    assert rows(written(figures())["apigateway"]) == rows(quiet["apigateway"])


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ADDRESS = r"\d+\.\d+\.\d+\.\d+"
FORMATS = {
    "elasticbeanstalk": rf'{ADDRESS} - - \[06/Jan/2026:[\d:]{{8}} \+0000\] "(GET|POST) /\S* '
    rf'HTTP/1\.1" \d{{3}} \d+ "-" "[^"]+" "{ADDRESS}" \d+\.\d{{3}} {UUID}',
    "apigateway": rf'{{"requestId":"{UUID}","extendedRequestId":"[0-9a-f]{{14}}=",.*}}',
    "lambda": rf"START RequestId: {UUID} Version: \$LATEST\n|END RequestId: {UUID}\n"
    rf"|REPORT RequestId: {UUID}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
    r"Memory Size: 256 MB\tMax Memory Used: \d+ MB\t(Init Duration: \d+\.\d\d ms\t)?"
    r"(Status: timeout\t)?\n"
    rf"|\[(INFO|WARNING|ERROR)\]\t{STAMP}\t{UUID}\t[a-z ]+ apiRequestId={UUID} cents=\d+\n"
    rf"|{STAMP} {UUID} Task timed out after 15\.00 seconds\n\n|INIT_START Runtime .*\n",
    "vpc-flow-logs": rf"2 {ACCOUNT} eni-[0-9a-f]{{17}} ({ADDRESS} {ADDRESS} \d+ \d+ 6 \d+ \d+ "
    r"\d{10} \d{10} (ACCEPT|REJECT) OK|- - - - - - - \d{10} \d{10} - NODATA)",
    "route53": rf"1\.0 {STAMP} Z[0-9A-F]{{20}} \S+ (A|AAAA) (NOERROR|NXDOMAIN) (UDP|TCP) "
    rf"[A-Z0-9-]+ {ADDRESS} (-|{ADDRESS}/24)",
    "cloudwatch-agent": r"Jan  6 [\d:]{8} ip-10-0-\d-\d+ \w+\[\d+\]: .+",
}


@pytest.mark.parametrize("source", FORMATS)
def test_lines_have_their_documented_format(bad, source):
    found = rows(bad[source])
    assert found
    for _, _, text in found:
        assert re.fullmatch(FORMATS[source], text), text
        if source == "apigateway":
            json.loads(text)


def test_lines_are_in_order_of_time_and_stay_in_their_minutes(bad):
    for one in bad.values():
        assert (np.diff(one.at_us) >= 0).all()
        assert one.at_us[0] // MINUTE >= BEGIN - 1
        assert one.at_us[-1] // MINUTE < BEGIN + 4
        assert set(one.stream) <= set(range(len(one.streams)))
        assert one.messages.null_count == 0


def test_one_id_leads_through_all_services(bad):
    late = [text for _, _, text in rows(bad["lambda"]) if "waiting for the acquirer" in text]
    call, asked = re.search(rf"\t({UUID})\t", late[0])[1], re.search(f"Id=({UUID})", late[0])[1]
    assert call != asked
    of_call = [text for _, _, text in rows(bad["lambda"]) if call in text]
    assert [text.split()[0] for text in of_call[:2]] == ["START", "[WARNING]"]
    assert [text for text in of_call if "Task timed out after 15.00 seconds" in text]
    assert of_call[-1].endswith("\tStatus: timeout\t\n")
    (answer,) = [text for _, _, text in rows(bad["apigateway"]) if asked in text]
    assert json.loads(answer)["status"] == "504"
    (ordered,) = [text for _, _, text in rows(bad["ecs"]) if asked in text and "{" in text]
    assert json.loads(ordered)["path"] == "/orders"
    (page,) = [text for _, _, text in rows(bad["elasticbeanstalk"]) if asked in text]
    assert "POST /checkout" in page


def test_a_bad_deploy_has_its_version_its_tasks_and_its_tracebacks(bad):
    by_minute = {}
    for stream, at_us, text in rows(bad["ecs"]):
        if '"checkout"' in text:
            told = json.loads(text)
            by_minute.setdefault(at_us // MINUTE, []).append((told["version"], stream, told))
    seen = {minute: {(v, s) for v, s, _ in found} for minute, found in by_minute.items()}
    assert {version for version, _ in seen[BEGIN - 1] | seen[BEGIN + 3]} == {"2.3.1"}
    assert {version for version, _ in seen[BEGIN]} == {"2.4.0"}
    assert len({stream for found in seen.values() for _, stream in found}) == 6
    failed = sum(told["message"] == "KeyError: 'eur'" for _, _, told in by_minute[BEGIN])
    traces = [t for _, _, t in rows(bad["ecs"], BEGIN) if "Traceback" in t]
    assert failed == len(traces) > 50
    assert traces[0].count("\n") == 6
    told = [t for _, _, t in rows(bad["cloudwatch-agent"]) if "release" in t]
    assert ["2.4.0 of checkout goes live" in told[0], "taken back" in told[1]] == [True, True]


def test_customers_with_a_bad_release_are_told_by_its_version():
    found = [json.loads(t) for _, _, t in rows(written(figures(*MORE))["ecs"], BEGIN) if "{" in t]
    mine = [one for one in found if one["service"] == "checkout"]
    new = {one["customer"] for one in mine if one["version"] == "2.4.0"}
    assert new and new.isdisjoint(one["customer"] for one in mine if one["version"] == "2.3.1")
    broken = {one["customer"] for one in mine if one["message"] == "KeyError: 'eur'"}
    assert broken and broken <= new
    throttled = [one["status"] for one in found if "Throughput" in one["message"]]
    assert set(throttled) == {503}


def test_one_bad_machine_is_told_by_its_stream(bad, quiet):
    def errors(lines):
        found = Counter()
        for stream, _, text in rows(lines["elasticbeanstalk"], BEGIN):
            found[stream] += status_of("elasticbeanstalk", text)[1] >= 500
        return [count for _, count in found.most_common()]

    worst, second, *_ = errors(bad)
    assert worst > 20 * max(second, 1)
    assert max(errors(quiet)) < 30


def test_a_scan_is_rejected_records_of_a_few_addresses(bad, quiet):
    def rejected(lines):
        records = [t.split() for _, _, t in rows(lines["vpc-flow-logs"], BEGIN) if "REJECT" in t]
        return [record for record in records if record[3] in SCANNERS], records

    scanned, records = rejected(bad)
    assert 300 <= len(scanned) <= 304
    assert len({record[6] for record in scanned}) > 290  # ports
    assert len(records) - len(scanned) <= 4
    assert len(rejected(quiet)[1]) == 4
    strange = [t for _, _, t in rows(bad["route53"], BEGIN) if SCANNERS[0] in t]
    assert len(strange) == 15
    assert all("NXDOMAIN" in text for text in strange)
    assert any("Failed password" in t for _, _, t in rows(bad["cloudwatch-agent"], BEGIN))


# -- in a lab


def texts(lab, group):
    pages = lab.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def test_live_lines_are_those_of_a_past_and_a_replay_has_them_too():
    sources = ["apigateway", "lambda"]
    with labkit.Lab(active=False) as lived:
        assert lived.shop.logs(hours=0, sources=sources) == {GROUPS[one]: 0 for one in sources}
        end = lived.start + timedelta(minutes=3)
        lived.run_until(end)
        with labkit.Lab(start=end, active=False) as past:
            told = past.shop.logs(hours=3 / 60, sources=sources, live=False)
            for source in sources:
                found = texts(lived, GROUPS[source])
                assert sorted(found) == sorted(texts(past, GROUPS[source]))
                assert len(found) == told[GROUPS[source]] > 600
            past.advance(minutes=2)
            assert len(texts(past, GROUPS["lambda"])) == told[GROUPS["lambda"]]
        assert lived.replay().digest() == lived.digest()


def test_logs_go_on_until_their_group_is_deleted_or_others_are_chosen(lab):
    logs = lab.client("logs")
    lab.shop.logs(hours=0, sources=["route53", "apigateway"])
    lab.advance(minutes=1, seconds=1)
    assert texts(lab, GROUPS["route53"])
    before = len(texts(lab, GROUPS["apigateway"]))
    logs.delete_log_group(logGroupName=GROUPS["route53"])
    lab.advance(minutes=1)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        texts(lab, GROUPS["route53"])
    after = len(texts(lab, GROUPS["apigateway"]))
    assert after > before
    lab.shop.logs(hours=0, sources=[])
    lab.advance(minutes=2)
    assert len(texts(lab, GROUPS["apigateway"])) == after


def test_an_incident_from_now_on_is_in_the_lines_to_come(lab):
    lab.shop.logs(hours=1 / 60, sources=["apigateway"])
    lab.shop.incident("failing", "payment", 100)
    lab.advance(minutes=2)
    told = [json.loads(text) for text in texts(lab, GROUPS["apigateway"])]
    assert {one["status"] for one in told[-200:]} <= {"502", "503"}
    assert Counter(one["status"] for one in told[:150]).most_common(1)[0][0] == "200"


def test_what_is_not_there_is_refused(lab):
    past = lab.shop.happened("slow", "payment", 9, start=lab.now - timedelta(hours=2))
    for call, message in (
        (lambda: lab.shop.logs(sources=["syslog"]), "come from elasticbeanstalk"),
        (lambda: lab.shop.logs(hours=-1), "0 to 168 hours"),
        (lambda: lab.shop.logs(hours=168), r"some [\d,]{10} lines, 10,000,000 at most"),
        (lambda: lab.shop.logs(past, hours=1), "not within the past"),
        (
            lambda: lab.shop.logs(
                lab.shop.happened("scan", "payment", 9, start=lab.now - timedelta(minutes=9))
            ),
            "can't befall",
        ),
        (lambda: lab.shop.happened("timeouts", "payment", 101, start=lab.now), "percentage"),
        (lambda: lab.shop.happened("scan", "front", 0, start=lab.now), "1 to 10,000"),
    ):
        with pytest.raises(LabError, match=message):
            call()


@pytest.mark.parametrize(
    ("services", "sources"),
    [
        (["payment"], {"apigateway", "lambda"}),
        (["catalogue"], {"ecs"}),
        (["checkout", "cart"], {"ecs"}),
        (["front"], {"elasticbeanstalk", "vpc-flow-logs", "route53", "cloudwatch-agent"}),
    ],
)
def test_a_shop_with_few_services_logs_what_it_has(lab, services, sources):
    lab.shop.open(services=services)
    written = lab.shop.logs(hours=20 / 60)
    assert set(written) == {GROUPS[one] for one in sources}
    assert all(written.values())


def test_about_how_many_lines_there_will_be(lab):
    end = to_us(lab.now)
    written = sum(lab.shop.logs(hours=0.5, live=False).values())
    about = lab.parts.shop_logs.about(ACCOUNT, REGION, SOURCES, end - 30 * MINUTE, end)
    assert 0.5 < about / written < 2


def test_nothing_is_written_twice(lab):
    apis, group = ["apigateway"], GROUPS["apigateway"]
    first = lab.shop.logs(hours=2 / 60, sources=apis)[group]
    lab.advance(minutes=2)
    before = texts(lab, group)
    again = lab.shop.logs(hours=5 / 60, sources=[*apis, "lambda"])
    assert 0 < again[group] < 2 * first  # two more minutes of the time before
    assert again[GROUPS["lambda"]] > 4 * again[group]
    found = texts(lab, group)
    assert len(found) == len(set(found)) == len(before) + again[group]
    assert lab.shop.logs(hours=5 / 60, sources=apis)[group] == 0
    late = lab.shop.happened("timeouts", "payment", 9, start=lab.now - timedelta(minutes=2))
    with pytest.raises(LabError, match="written already"):
        lab.shop.logs(late, hours=1, sources=apis)
    lab.client("logs").delete_log_group(logGroupName=group)
    assert lab.shop.logs(late, hours=5 / 60, sources=apis)[group] == len(found)
    lab.advance(minutes=2)
    found = texts(lab, group)
    assert len(found) == len(set(found))
