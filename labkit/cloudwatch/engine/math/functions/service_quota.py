"""SERVICE_QUOTA(m1): the quota of the usage that m1 measures.

It takes a metric of the namespace AWS/Usage with the dimensions Service, Type, Resource and Class.
Known are the quotas of ``labkit/cloudwatch/usage_quotas.toml``; for others the result is empty, as
AWS's is for a usage without a quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.math.values import TimeSeries, empty

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    if not value.direct or value.metric is None or value.metric.namespace != "AWS/Usage":
        raise MathError("SERVICE_QUOTA takes a usage metric, one of the namespace AWS/Usage")
    quota = frame.sources.quota(value.metric)
    if quota is None:
        return TimeSeries(empty(*frame.shape))
    return TimeSeries(np.where(frame.span, np.full(frame.shape, float(quota)), np.nan))


FUNCTION = Function("SERVICE_QUOTA", ("TS",), _apply)
