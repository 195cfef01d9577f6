"""A lab behind HTTP that leaves no thread behind."""

import socket
import threading

import pytest
from served import KEPT, PUT, client_of

import labkit
from labkit.serve import Service


@pytest.fixture
def service():
    before = set(threading.enumerate())
    lab = labkit.Lab(active=False)
    with Service(lab, patience=1.0) as service:
        yield service
    lab.close()
    assert set(threading.enumerate()) <= before, "threads are left"


@pytest.fixture
def raw(service):
    """Send bytes, read what comes back until the server closes; nothing stored may be lost."""

    def send(data, *, read=True):
        with socket.create_connection(("127.0.0.1", service.server.port), 20) as connection:
            connection.sendall(data)
            got = b""
            while read and (more := connection.recv(65536)):
                got += more
            return got

    cloudwatch = client_of(service, "cloudwatch")
    cloudwatch.put_metric_data(**KEPT)
    yield send
    cloudwatch.put_metric_data(**PUT)
    got = {metric["MetricName"] for metric in cloudwatch.list_metrics()["Metrics"]}
    assert got == {"kept", "m"}, "the server did not stay up, or lost what it had"
    cloudwatch.close()
