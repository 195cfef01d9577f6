"""What CloudWatch shows: curves with their alarm, why an alarm decided, alarms and their history.

Every view takes values, or boto3's response as it came, and returns a
:class:`~labkit.views.drawing.Drawing`, whose title is what the data say::

    views.metric(cloudwatch.get_metric_data(...), threshold=70)
    views.alarm(evaluation)
    views.alarm_row("0 - X - X", N=3, M=2)
    views.alarms(cloudwatch.describe_alarms())
    views.history(cloudwatch.describe_alarm_history(AlarmName="cpu-high"))
"""

from __future__ import annotations

from labkit.cloudwatch.views.deciding import TREATMENTS, alarm, alarm_row
from labkit.cloudwatch.views.lists import alarms, history
from labkit.cloudwatch.views.series import metric

__all__ = ["TREATMENTS", "alarm", "alarm_row", "alarms", "history", "metric"]
