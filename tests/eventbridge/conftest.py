"""Fixtures of events."""

import pytest
from buskit import Queue


@pytest.fixture
def events(lab):
    return lab.client("events")


@pytest.fixture
def queue(lab):
    return Queue(lab)
