"""The two tables of wiring, and the facts that are for those who watch."""

import json

from labkit import wiring
from labkit.core.facts import FACT_KINDS
from labkit.core.ports import PORTS


def test_every_kind_of_fact_is_heard_or_is_for_watchers():
    heard = {row.kind for row in wiring.HEARERS}
    assert heard.isdisjoint(wiring.FOR_WATCHERS)
    assert heard | wiring.FOR_WATCHERS == set(FACT_KINDS)


def test_every_port_has_one_answerer():
    answered = [row.port for row in wiring.ANSWERS]
    assert len(set(answered)) == len(answered)
    assert set(answered) == set(PORTS)


def test_the_tables_can_be_read():
    text = wiring.table()
    for name in (*FACT_KINDS, *PORTS):
        assert name in text
    assert "who watches" in text


def _deeds(lab):
    """A deed for each fact that only watchers hear. Builds and canaries have tests of their own."""
    lab.client("cloudwatch").put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 1}]
    )
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="notes-1")
    s3.put_object(Bucket="notes-1", Key="a", Body=b"hello")
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.create_log_stream(logGroupName="/shop", logStreamName="till")
    stamp = int(lab.now.timestamp() * 1000)
    logs.put_log_events(
        logGroupName="/shop", logStreamName="till", logEvents=[{"timestamp": stamp, "message": "x"}]
    )
    begun = lab.now.timestamp()
    document = {
        "name": "shop", "id": "70de5b6f19ff9a0a", "start_time": begun, "end_time": begun + 1,
        "trace_id": f"1-{int(begun):x}-0123456789abcdef01234567",
    }  # fmt: skip
    lab.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])


def test_who_watches_hears(lab):
    told = []
    for kind in wiring.FOR_WATCHERS:
        lab.world.facts.hear(kind, told.append)
    _deeds(lab)
    heard = {fact.kind: fact.data for fact in reversed(told)}
    assert heard["metric.put"] == {"namespace": "Shop", "metric_name": "Orders", "dimensions": []}
    assert (heard["object.changed"]["bucket"], heard["object.changed"]["key"]) == ("notes-1", "a")
    assert heard["log.ingested"] == {
        "log_group": "/shop", "log_stream": "till", "count": 1, "bytes": 27
    }  # fmt: skip
    assert heard["trace.segment"]["segment_id"] == "70de5b6f19ff9a0a"
