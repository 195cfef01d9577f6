"""Ports: the typed questions that one service asks and exactly one other answers, at once.

A service that needs another never imports it: it asks a port. Who answers is said in
``labkit/wiring.py``. A world of a test's own may leave ports unanswered; asking one says so.

::

    table.py        every port, with its question, who asks and who answers
    deliveries.py   what is handed over
    telemetry.py    metrics, alarms, canaries, log groups, traces, trails
    resources.py    instances, groups, settings, objects
    permissions.py  who may
"""

from __future__ import annotations

from labkit.core.delivery import DeadLetter, Delivery, Parcel, RetryPolicy
from labkit.core.ports.deliveries import Deliveries
from labkit.core.ports.permissions import Permissions
from labkit.core.ports.resources import Resources, StoredObject
from labkit.core.ports.table import PORTS, Port
from labkit.core.ports.telemetry import Telemetry


class Ports(Deliveries, Telemetry, Resources, Permissions):
    """The questions of one lab and who answers them."""


__all__ = [
    "PORTS",
    "DeadLetter",
    "Delivery",
    "Parcel",
    "Port",
    "Ports",
    "RetryPolicy",
    "StoredObject",
]
