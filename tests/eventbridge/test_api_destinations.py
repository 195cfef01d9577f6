"""API destinations in earnest: a server on this machine hears what the rule's target is told."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.exceptions import ClientError
from buskit import Queue, put, role, rule


class Shop(HTTPServer):
    """Hears requests, answers 200, and gives tokens."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Heard)
        self.heard = []
        self.tokens = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Heard(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.heard.append((self.path, dict(self.headers), body))
        answer = b"{}"
        if self.path.startswith("/token"):
            self.server.tokens += 1
            told = {"access_token": f"t{self.server.tokens}", "expires_in": 600}
            answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def shop():
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def connect(events, kind="BASIC", **auth):
    auth = auth or {"BasicAuthParameters": {"Username": "ada", "Password": "secret"}}
    return events.create_connection(Name="c", AuthorizationType=kind, AuthParameters=auth)


def destination(events, shop, connection, path="/orders", **more):
    return events.create_api_destination(
        Name="d", ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=shop.url + path,
        HttpMethod="POST", **more,
    )["ApiDestinationArn"]  # fmt: skip


def test_a_call_with_a_password(lab, events, shop):
    connection = connect(events)
    assert connection["ConnectionState"] == "AUTHORIZED"
    arn = destination(events, shop, connection, "/orders/*/paid")
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab), InputPath="$.detail",
         HttpParameters={"PathParameterValues": ["7"], "QueryStringParameters": {"a": "1"},
                         "HeaderParameters": {"X-Kind": "order"}})  # fmt: skip
    put(events, {"n": 7})
    ((path, headers, body),) = shop.heard
    assert path == "/orders/7/paid?a=1" and json.loads(body) == {"n": 7}
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"ada:secret").decode()
    assert headers["X-Kind"] == "order"


def test_what_the_connection_says_wins(lab, events, shop):
    common = {"HeaderParameters": [{"Key": "X-Kind", "Value": "mine"}],
              "QueryStringParameters": [{"Key": "q", "Value": "2"}],
              "BodyParameters": [{"Key": "who", "Value": "lab",
                                  "IsValueSecret": True}]}  # fmt: skip
    connection = connect(
        events, "API_KEY", ApiKeyAuthParameters={"ApiKeyName": "X-Key", "ApiKeyValue": "k1"},
        InvocationHttpParameters=common,
    )  # fmt: skip
    arn = destination(events, shop, connection)
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab),
         InputPath="$.detail",
         HttpParameters={"HeaderParameters": {"X-Kind": "theirs"}})  # fmt: skip
    put(events, {"n": 7})
    ((path, headers, body),) = shop.heard
    assert path == "/orders?q=2" and headers["X-Kind"] == "mine" and headers["X-Key"] == "k1"
    assert json.loads(body) == {"n": 7, "who": "lab"}
    shown = events.describe_connection(Name="c")["AuthParameters"]
    assert shown["ApiKeyAuthParameters"] == {"ApiKeyName": "X-Key"}
    assert "Value" not in shown["InvocationHttpParameters"]["BodyParameters"][0]


def oauth(shop):
    return {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "id", "ClientSecret": "hush"},
            "AuthorizationEndpoint": shop.url + "/token",
            "HttpMethod": "POST",
        }
    }


def test_a_token_is_fetched_used_and_fetched_anew(lab, events, shop):
    connection = connect(events, "OAUTH_CLIENT_CREDENTIALS", **oauth(shop))
    assert connection["ConnectionState"] == "AUTHORIZING"
    assert events.describe_connection(Name="c")["ConnectionState"] == "AUTHORIZED"
    arn = destination(events, shop, connection)
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab))
    put(events)
    put(events)
    lab.advance(minutes=11)
    put(events)
    told = [headers["Authorization"] for path, headers, _ in shop.heard if path == "/orders"]
    assert told == ["Bearer t1", "Bearer t1", "Bearer t2"]
    assert "grant_type=client_credentials" in shop.heard[0][2]


def test_the_secret_is_in_secrets_manager_and_goes_with_the_connection(lab, events, shop):
    connect(events)
    arn = events.describe_connection(Name="c")["SecretArn"]
    secrets = lab.client("secretsmanager")
    kept = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert kept == {"username": "ada", "password": "secret"}
    events.update_connection(
        Name="c", AuthParameters={"BasicAuthParameters": {"Password": "other"}}
    )
    assert "other" in secrets.get_secret_value(SecretId=arn)["SecretString"]
    assert events.delete_connection(Name="c")["ConnectionState"] == "DELETING"
    with pytest.raises(ClientError):
        secrets.get_secret_value(SecretId=arn)


def test_without_leave_the_destination_is_inactive_and_deliveries_fail(lab, events, shop):
    dead = Queue(lab, "dead")
    arn = destination(events, shop, connect(events))
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab), DeadLetterConfig={"Arn": dead.arn})
    assert events.describe_api_destination(Name="d")["ApiDestinationState"] == "ACTIVE"
    events.deauthorize_connection(Name="c")
    (listed,) = events.list_api_destinations()["ApiDestinations"]
    assert listed["ApiDestinationState"] == "INACTIVE"
    put(events)
    assert shop.heard == [] and len(dead.messages()) == 1
    events.update_connection(
        Name="c", AuthParameters={"BasicAuthParameters": {"Username": "b", "Password": "c"}}
    )
    put(events)
    assert len(shop.heard) == 1


def test_the_rate_spreads_calls_over_seconds(lab, events, shop):
    arn = destination(events, shop, connect(events), InvocationRateLimitPerSecond=2)
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab))
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    events.put_events(Entries=[entry] * 5)
    assert len(shop.heard) == 2
    lab.advance(seconds=1)
    assert len(shop.heard) == 4
    lab.advance(seconds=1)
    assert len(shop.heard) == 5


@pytest.mark.parametrize(
    ("call", "params", "text"),
    [
        ("describe_connection", {"Name": "x"}, "Failed to describe the connection\\(s\\). "
         "Connection 'x' does not exist."),
        ("describe_api_destination", {"Name": "x"},
         "Failed to describe the api-destination\\(s\\). An api-destination 'x' does not exist."),
        ("create_connection", {"Name": "y", "AuthorizationType": "BASIC", "AuthParameters": {
            "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}}, "goes with"),
        ("update_api_destination", {"Name": "d", "InvocationEndpoint": "http://example.com/"},
         "an endpoint is https"),
    ],
)  # fmt: skip
def test_what_is_refused(events, shop, call, params, text):
    destination(events, shop, connect(events))
    with pytest.raises(ClientError, match=text):
        getattr(events, call)(**params)
