"""Connections: many requests on one, chunks, browsers, ports, and who may listen."""

import socket

import pytest
from served import LIST

from labkit.gateway.http_server import HttpServer
from labkit.gateway.wire import WireAnswer


def test_requests_in_a_row_in_chunks_and_with_expect(raw):
    last = LIST.replace(b"Host: x", b"Connection: close")
    chunked = last.replace(b"Content-Length: 2\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n")
    chunked += b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"
    assert raw(LIST + LIST + chunked).count(b"HTTP/1.1 200 OK") == 3
    old = LIST.replace(b"HTTP/1.1", b"HTTP/1.0")
    assert raw(old).endswith(b'"MetricName":"kept","Dimensions":[]}]}')
    proxied = last.replace(b"POST / ", b"POST http://monitoring.us-east-1.amazonaws.com/ ")
    assert raw(proxied).startswith(b"HTTP/1.1 200")


def test_expect_100_continue_is_answered_before_the_body(service):
    with socket.create_connection(("127.0.0.1", service.server.port), 20) as connection:
        head, body = LIST.split(b"\r\n\r\n")
        connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_a_web_page_of_somewhere_else_is_refused(raw):
    page = LIST.replace(b"Host: x", b"Connection: close\r\nOrigin: https://evil.example")
    assert raw(page).startswith(b"HTTP/1.1 403")
    assert b"access-control" not in raw(page)
    page = page.replace(b"https://evil.example", b"http://localhost:8888")
    told = raw(page)
    assert told.startswith(b"HTTP/1.1 200")
    assert b"\r\naccess-control-allow-origin: http://localhost:8888\r\n" in told


def test_a_browser_asks_before_a_page_of_this_machine_sends(raw):
    ask = (
        b"OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: http://127.0.0.1:8888\r\n"
        b"Access-Control-Request-Method: POST\r\n"
        b"Access-Control-Request-Headers: authorization,x-amz-target\r\n\r\n"
    )
    told = raw(ask)
    assert told.startswith(b"HTTP/1.1 204")
    assert b"access-control-allow-headers: authorization,x-amz-target\r\n" in told
    assert b"POST" in told.partition(b"access-control-allow-methods: ")[2].split(b"\r\n")[0]
    assert raw(ask.replace(b"127.0.0.1:8888", b"evil.example")).startswith(b"HTTP/1.1 403")


def test_it_listens_on_loopback_only(service):
    psutil = pytest.importorskip("psutil")
    mine = [
        c.laddr.ip
        for c in psutil.Process().net_connections("inet")
        if c.status == "LISTEN" and c.laddr.port == service.server.port
    ]
    assert mine == ["127.0.0.1"]


def test_a_taken_port_is_said_and_a_stopped_one_is_free(service):
    with pytest.raises(OSError):
        HttpServer(lambda request: WireAnswer(200), service.server.port)
    with HttpServer(lambda request: WireAnswer(200)) as server:
        port = server.port
        idle = socket.create_connection(("127.0.0.1", port))
        idle.sendall(LIST)
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
    with idle:
        assert idle.recv(1) == b""
    HttpServer(lambda request: WireAnswer(200), port).stop()
