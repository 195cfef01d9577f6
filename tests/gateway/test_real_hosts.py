"""Nothing of a lab's process reaches AWS, whichever library asks and whichever way it goes."""

import http.client
import socket
import threading
import urllib.request

import pytest

from labkit.core.errors import RealHostError
from labkit.gateway.real_hosts import RealHostGuard, is_aws_host

AWS = [
    "monitoring.us-east-1.amazonaws.com", "s3.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com",
    "ec2.cn-north-1.amazonaws.com.cn", "lambda.us-east-1.api.aws", "x.lambda-url.us-east-1.on.aws",
    "169.254.169.254", "[fd00:ec2::254]", "S3.AMAZONAWS.COM.",
]  # fmt: skip
OTHERS = [
    "127.0.0.1",
    "localhost",
    "example.com",
    "notamazonaws.com",
    "docs.aws.amazon.com",
    "",
    None,
]


@pytest.mark.parametrize("host", AWS)
def test_aws_hosts(host):
    assert is_aws_host(host)


@pytest.mark.parametrize("host", OTHERS)
def test_other_hosts(host):
    assert not is_aws_host(host)


@pytest.fixture
def guard():
    guard = RealHostGuard()
    guard.up()
    yield guard
    guard.down()


def test_name_resolution_is_refused_and_says_what_to_do(guard):
    with pytest.raises(RealHostError, match=r"a lab is active.*lab\.close\(\)"):
        socket.getaddrinfo("s3.amazonaws.com", 443)
    with pytest.raises(OSError, match="was stopped"):
        socket.create_connection(("169.254.169.254", 80), timeout=1)


def test_requests_is_refused_with_our_text(guard):
    requests = pytest.importorskip("requests")
    with pytest.raises(requests.exceptions.ConnectionError, match="a lab is active"):
        requests.get("https://sts.amazonaws.com/", timeout=1)


def test_urllib_is_refused_with_our_text(guard):
    with pytest.raises(OSError, match="a lab is active"):
        urllib.request.urlopen("http://169.254.169.254/latest/meta-data/", timeout=1)


def test_a_proxy_is_no_way_around(guard):
    connection = http.client.HTTPSConnection("127.0.0.1", 9)
    with pytest.raises(RealHostError, match=r"sts\.amazonaws\.com"):
        connection.set_tunnel("sts.amazonaws.com", 443)
    plain = http.client.HTTPConnection("127.0.0.1", 9)
    with pytest.raises(RealHostError, match=r"sts\.amazonaws\.com"):
        plain.putrequest("GET", "http://sts.amazonaws.com/")


def test_loopback_still_works(guard):
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        socket.create_connection(server.getsockname(), timeout=5).close()
        thread.join()


def test_down_puts_everything_back():
    before = (socket.getaddrinfo, http.client.HTTPConnection.set_tunnel)
    guard = RealHostGuard()
    guard.up()
    guard.up()
    assert socket.getaddrinfo is not before[0]
    guard.down()
    guard.down()
    assert (socket.getaddrinfo, http.client.HTTPConnection.set_tunnel) == before
