"""HTTP that really leaves: to this machine only, once, and never in a replay."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from emitted import role

import labkit
from labkit.backing.outside import Outside, Unreachable
from labkit.core.journal import Journal

EVENTS = "events.amazonaws.com"
DESTINATION = "arn:aws:events:us-east-1:123456789012:api-destination/shop/1"


@pytest.fixture()
def server():
    """An endpoint: ``heard`` has (method, path, headers, body); ``answers`` are its next ones."""
    heard, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.append((self.command, self.path, dict(self.headers), body))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        do_PUT = do_POST  # noqa: N815 - the name that http.server calls

        def log_message(self, *args):
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", heard, answers
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture()
def nobody():
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def post(lab, url, **parameters):
    caller = role(lab, "caller", EVENTS, "events:InvokeApiDestination")
    return lab.world.ports.deliver(
        DESTINATION,
        '{"a":1}',
        caller,
        service=EVENTS,
        parameters={"HttpParameters": {"Url": url, **parameters}},
    )


def test_a_destination_is_called_with_a_role(lab, server):
    url, heard, _ = server
    answer = lab.world.ports.deliver(
        DESTINATION, "{}", EVENTS, parameters={"HttpParameters": {"Url": url}}
    )
    assert (answer.code, heard) == ("ValidationException", [])
    other = role(lab, "other", EVENTS, "sqs:SendMessage")
    answer = lab.world.ports.deliver(
        DESTINATION, "{}", other, service=EVENTS, parameters={"HttpParameters": {"Url": url}}
    )
    assert (answer.code, heard) == ("AccessDeniedException", [])


def test_an_api_destination_is_called(lab, server):
    url, heard, _ = server
    answer = post(
        lab,
        f"{url}/orders/*/items/*?a=1",
        Method="PUT",
        HeaderParameters={"X-Key": "k"},
        QueryStringParameters={"b": "2 3"},
        PathParameterValues=["7/8", "9"],
    )
    assert answer.ok
    ((method, path, headers, body),) = heard
    assert (method, path) == ("PUT", "/orders/7%2F8/items/9?a=1&b=2+3")
    assert headers["X-Key"] == "k" and headers["Content-Type"].startswith("application/json")
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(301, False), (400, False), (401, True), (404, False), (407, True), (409, True), (429, True),
     (500, True), (503, True)],
)  # fmt: skip
def test_which_answers_are_worth_another_try(lab, server, status, retryable):
    url, _, answers = server
    answers.append(status)
    answer = post(lab, url)
    assert (answer.code, answer.retryable) == (f"Http{status}", retryable)


def test_nobody_there_may_be_somebody_later(lab, nobody):
    answer = post(lab, nobody)
    assert (answer.code, answer.retryable) == ("ConnectionFailure", True)
    assert answer.failure == "CONNECTION_FAILURE"


@pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "http://[::2]/"])
def test_no_other_machine_is_called(lab, monkeypatch, url):
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("it left"))
    answer = post(lab, url)
    assert (answer.code, answer.retryable) == ("UnreachableHost", False)
    assert "is not this machine" in answer.message


def test_an_answer_is_written_down_and_taken_from_there():
    journal = Journal()
    first = Outside(lambda: 7, journal)
    first._send = lambda *request: (503, "", "")
    assert first.request("POST", "http://127.0.0.1:1/", {}, b"x").status == 503
    again = Outside(lambda: 7, Journal())
    again._send = lambda *request: pytest.fail("it left")
    again.recall(journal)
    again.open = False
    assert again.request("POST", "http://127.0.0.1:1/", {}, b"x").status == 503
    # What was never asked before is taken for well.
    assert again.request("POST", "http://127.0.0.1:1/", {}, b"y").status == 200
    broken = Outside(lambda: 7, journal)
    broken._send = lambda *request: (0, "Timeout", "")
    with pytest.raises(Unreachable, match="gave no answer: Timeout"):
        broken.request("POST", "http://127.0.0.1:1/", {}, b"x")


def test_a_topics_http_subscriber_confirms_and_hears(lab, server):
    url, heard, _ = server
    sns = lab.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{url}/hook")
    sns.publish(TopicArn=topic, Message="too early")
    ((_, path, headers, body),) = heard
    asked = json.loads(body)
    assert path == "/hook" and headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert asked["Type"] == "SubscriptionConfirmation" and asked["Token"] in asked["SubscribeURL"]
    sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])
    sns.publish(TopicArn=topic, Message="hot", Subject="s")
    _, _, headers, body = heard[-1]
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-topic-arn"] == topic
    assert json.loads(body)["Message"] == "hot" and len(heard) == 2


def test_a_replay_calls_nobody_and_ends_the_same(lab, server, tmp_path):
    url, heard, answers = server
    sns = lab.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    token = json.loads(heard[-1][3])["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token)
    answers += [503, 500]
    sns.publish(TopicArn=topic, Message="hot")
    assert len(heard) == 2
    waiting = lab.world.clock.pending()
    lab.advance(seconds=30)
    assert len(heard) == 3
    lab.advance(minutes=5)
    assert len(heard) == 4 and waiting
    digest = lab.digest()
    replayed = lab.replay()
    assert replayed.digest() == digest and len(heard) == 4
    lab.save(tmp_path / "world")
    lab.close()
    with labkit.Lab.open(tmp_path / "world") as opened:
        assert opened.digest() == digest and len(heard) == 4
        assert len(opened.world.journal) == len(lab.world.journal)
        opened.client("sns").publish(TopicArn=topic, Message="and on")
        assert len(heard) == 5
