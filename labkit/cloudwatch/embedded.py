"""Metrics that come out of log lines (Embedded Metric Format), stored like any other.

The Lambda function that prints a document has put a metric, without a call: it is a custom metric,
charged as one. What could not be read is counted in ``AWS/Logs``, ``EMFParsingErrors`` and
``EMFValidationErrors``, by log group; the log event itself is kept whatever is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.emf import Embedded, extract
from labkit.cloudwatch.store import UNIT_CODES, UNITS, grain
from labkit.core.clock import DAY, HOUR
from labkit.core.facts import Fact
from labkit.core.sources import Series
from labkit.quotas import quotas_of

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch

ERRORS = "AWS/Logs"


class EmbeddedMetrics:
    """Hears log lines, stores the metrics in them.

    Parameters
    ----------
    service:
        Whose stores.
    """

    def __init__(self, service: CloudWatch) -> None:
        self._service = service

    def on_log_embedded(self, fact: Fact) -> None:
        """Store what log events embed."""
        group = fact.data["log_group"]
        for _, text in fact.data["events"]:
            self.ingest(fact.account, fact.region, group, text, fact.at_us)

    def ingest(self, account: str, region: str, group: str, text: str, now_us: int) -> int:
        """Store the metrics of one log event; how many datums they were.

        Parameters
        ----------
        account, region, group:
            Where the event was logged.
        text:
            The event.
        now_us:
            When it came; a document that is too old or too new for PutMetricData is not stored.
        """
        if '"_aws"' not in text:
            return 0
        found = extract(text, UNITS)
        quotas = quotas_of("cloudwatch")["metrics"]
        oldest_us = now_us - quotas["past_days"]["value"] * DAY
        newest_us = now_us + quotas["future_hours"]["value"] * HOUR
        count = 0
        for metric in found.metrics:
            if oldest_us <= metric.timestamp_us <= newest_us:
                self._store(account, region, metric)
                count += 1
        for name, problems in (
            ("EMFParsingErrors", found.parsing),
            ("EMFValidationErrors", found.validation),
        ):
            if problems:
                self._count(account, region, group, name, len(problems), now_us)
        return count

    def _store(self, account: str, region: str, metric: Embedded) -> None:
        series = Series(metric.namespace, metric.name, metric.dimensions)
        at_us = grain(metric.timestamp_us, metric.resolution)
        store = self._service.store(account, region)
        self._service.add_custom(store, series, at_us, metric.values, metric.unit)

    def _count(
        self, account: str, region: str, group: str, name: str, count: int, now_us: int
    ) -> None:
        store = self._service.store(account, region)
        series = Series(ERRORS, name, (("LogGroupName", group),))
        column = store.column(series, now_us)
        column.last_put_us = now_us
        column.add_value(grain(now_us, 60), float(count), UNIT_CODES["Count"])
        self._service.touched(store, series)
