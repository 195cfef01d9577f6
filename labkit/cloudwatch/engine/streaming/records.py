"""What a metric stream sends: datapoints of a minute, as JSON lines or OpenTelemetry.

Source: user guide, "CloudWatch metric stream output in JSON format", "... in OpenTelemetry 0.7.0
format" and "... 1.0.0 format", and the two pages about translations (aws-semantics 1.10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from labkit.cloudwatch.engine.streaming import protobuf as pb
from labkit.core.jsontext import dumps

#: Microseconds of a datapoint: streams are of one-minute resolution.
MINUTE_US = 60_000_000

JSON, OTEL_07, OTEL_10 = "json", "opentelemetry0.7", "opentelemetry1.0"

_UNITS = {
    "Seconds": "s",
    "Microseconds": "us",
    "Milliseconds": "ms",
    "Bytes": "By",
    "Kilobytes": "kBy",
    "Megabytes": "MBy",
    "Gigabytes": "GBy",
    "Terabytes": "TBy",
    "Bits": "bit",
    "Kilobits": "kbit",
    "Megabits": "MBit",
    "Gigabits": "GBit",
    "Terabits": "Tbit",
    "Percent": "%",
    "Count": "{Count}",
    "None": "1",
}


@dataclass(frozen=True, slots=True)
class Datapoint:
    """A metric's minute.

    Parameters
    ----------
    account, region:
        Whose metric.
    namespace, name, dimensions:
        The metric.
    at_us:
        The minute's start.
    count, total, low, high:
        Its four statistics.
    more:
        (statistic, value) of those that were asked for in addition.
    unit:
        CloudWatch's word.
    """

    account: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    at_us: int
    count: float
    total: float
    low: float
    high: float
    more: tuple[tuple[str, float], ...] = ()
    unit: str = "None"


@dataclass(frozen=True, slots=True)
class Sender:
    """The stream that sends."""

    name: str
    arn: str


def encoded(form: str, sender: Sender, points: Sequence[Datapoint], most: int) -> list[bytes]:
    """Datapoints as records of at most ``most`` bytes each, in their order.

    Parameters
    ----------
    form:
        ``json``, ``opentelemetry0.7`` or ``opentelemetry1.0``.
    """
    if form == JSON:
        pieces = [(dumps(_line(sender, one)) + "\n").encode() for one in points]
    else:
        key = lambda one: (one.account, one.region)  # noqa: E731 - one word for two uses
        pieces = [
            pb.delimited(_request(form, sender, list(group)[at : at + 100]))
            for _, members in groupby(sorted(points, key=key), key)
            for group in [list(members)]
            for at in range(0, len(group), 100)
        ]
    records: list[bytes] = []
    for piece in pieces:
        if records and len(records[-1]) + len(piece) <= most:
            records[-1] += piece
        else:
            records.append(piece)
    return records


def _line(sender: Sender, one: Datapoint) -> dict[str, object]:
    return {
        "metric_stream_name": sender.name,
        "account_id": one.account,
        "region": one.region,
        "namespace": one.namespace,
        "metric_name": one.name,
        "dimensions": dict(one.dimensions),
        "timestamp": one.at_us // 1000,
        "value": {
            "count": one.count,
            "sum": one.total,
            "max": one.high,
            "min": one.low,
            **dict(one.more),
        },
        "unit": one.unit,
    }


def unit(name: str) -> str:
    """A unit as OpenTelemetry's examples write it: ``Bytes/Second`` is ``By/s``."""
    parts = ("Seconds" if part == "Second" else part for part in name.split("/"))
    return "/".join(_UNITS.get(part, part) for part in parts)


# -- OpenTelemetry: fields by the numbers of its .proto files
def _request(form: str, sender: Sender, points: Sequence[Datapoint]) -> bytes:
    """An ExportMetricsServiceRequest: the points of one account and Region."""
    first = points[0]
    about = {
        "cloud.provider": "aws",
        "cloud.account.id": first.account,
        "cloud.region": first.region,
        "aws.exporter.arn": sender.arn,
    }
    resource = b"".join(pb.message(1, _attribute(*pair)) for pair in about.items())
    metrics = b""
    same = groupby(points, lambda one: (one.namespace, one.name, one.unit))
    for (namespace, name, said), members in same:
        summary = b"".join(pb.message(1, _point(form, one)) for one in members)
        metrics += pb.message(
            2,
            pb.text(1, f"amazonaws.com/{namespace}/{name}")
            + pb.text(3, unit(said))
            + pb.message(11, summary),
        )
    return pb.message(1, pb.message(1, resource) + pb.message(2, metrics))


def _point(form: str, one: Datapoint) -> bytes:
    """A summary's data point; the two formats differ in how they name it."""
    quantiles = {0.0: one.low, 1.0: one.high}
    quantiles |= {float(name[1:]) / 100: value for name, value in one.more}
    about = [("Namespace", one.namespace), ("MetricName", one.name)]
    if form == OTEL_07:
        labels = [*about, *one.dimensions]
        named = b"".join(pb.message(1, pb.text(1, k) + pb.text(2, v)) for k, v in labels)
    else:
        named = b"".join(pb.message(7, _attribute(*pair)) for pair in about)
        inside = b"".join(pb.message(1, _attribute(*pair)) for pair in one.dimensions)
        values = pb.message(2, pb.message(6, inside))
        named += pb.message(7, pb.text(1, "Dimensions") + values)
    figures = (
        pb.fixed64(2, one.at_us * 1000)
        + pb.fixed64(3, (one.at_us + MINUTE_US) * 1000)
        + pb.fixed64(4, round(one.count))
        + pb.double(5, one.total)
        + b"".join(
            pb.message(6, pb.double(1, at) + pb.double(2, quantiles[at]))
            for at in sorted(quantiles)
        )
    )
    return named + figures if form == OTEL_07 else figures + named


def _attribute(key: str, value: str) -> bytes:
    return pb.text(1, key) + pb.message(2, pb.text(1, value))
