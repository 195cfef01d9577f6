"""Widgets read: what a dashboard's body asks for, answered from what the lab remembers.

:mod:`.reader` goes through the body, :mod:`.metric` reads metric widgets by the same code as
GetMetricData, :mod:`.alarm` the alarms' states. The results are values of
:mod:`labkit.views.board`, which draws them.
"""
