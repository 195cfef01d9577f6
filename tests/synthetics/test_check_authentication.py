"""Multi checks that authenticate: the guide's four kinds, secrets, and paths into answers."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from playerkit import GOOD, TRUST

from labkit.synthetics import blueprints
from labkit.synthetics.engine import checks, json_path
from labkit.synthetics.engine.checks import CheckFailed
from labkit.synthetics.runner.authenticating import Authentication

OAUTH = {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "https://auth.example/token",
         "clientId": "us", "clientSecret": "hush", "scope": "read write"}  # fmt: skip
REQUEST = {"method": "GET", "url": "https://a.example/", "headers": {}, "body": None}


class Tokens:
    """Answers a token endpoint's requests with tokens 1, 2, ..., and a clock."""

    def __init__(self, body=None):
        self.asked, self.now, self.body = [], 0.0, body

    def __call__(self, request):
        self.asked.append(request)
        body = self.body or json.dumps({"access_token": str(len(self.asked))})
        return SimpleNamespace(status=200, body=body.encode())


def authentication(tokens):
    return Authentication(tokens, lambda: tokens.now)


def test_basic_is_the_guides_own_example_and_a_key_has_its_header():
    held = authentication(Tokens())
    basic = {"type": "BASIC", "username": "Aladdin", "password": "open sesame"}
    assert held.headers(basic, REQUEST) == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}
    assert held.headers({"type": "API_KEY", "apiKey": "k"}, REQUEST) == {"X-API-Key": "k"}
    named = {"type": "API_KEY", "apiKey": "k", "headerName": "Authorization"}
    assert held.headers(named, REQUEST) == {"Authorization": "k"}
    assert held.headers(None, REQUEST) == held.headers({"type": "NONE"}, REQUEST) == {}


def test_a_token_is_asked_for_once_until_its_time_is_over_or_it_is_refused():
    tokens = Tokens()
    held = authentication(tokens)
    assert held.headers(OAUTH, REQUEST) == held.headers(OAUTH, REQUEST)
    [asked] = tokens.asked
    assert asked["body"] == "grant_type=client_credentials&scope=read+write"
    pair = base64.b64decode(asked["headers"]["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "us:hush"
    assert held.headers(OAUTH, REQUEST, again=True) == {"Authorization": "Bearer 2"}
    tokens.now = 3600.0
    assert held.headers(OAUTH, REQUEST) == {"Authorization": "Bearer 3"}
    in_body = OAUTH | {"tokenApiAuth": ["REQUEST_BODY"]}
    held.headers(in_body, REQUEST)
    assert "client_secret=hush" in tokens.asked[-1]["body"]
    assert "Authorization" not in tokens.asked[-1]["headers"]


@pytest.mark.parametrize(
    ("given", "body", "told"),
    [
        ({"type": "DIGEST"}, None, "one of NONE, BASIC"),
        ({"type": "BASIC", "username": "a"}, None, "needs password"),
        ({"type": "SIGV4", "service": "s3"}, None, "needs region, roleArn"),
        (OAUTH, "no json", "no access_token"),
    ],
)
def test_what_can_not_authenticate_says_why(given, body, told):
    with pytest.raises(CheckFailed, match=told):
        authentication(Tokens(body)).headers(given, REQUEST)


def test_a_variable_may_hold_a_secret_and_a_secret_no_variable():
    read = {"api": "k", "login:password": "${base}"}.__getitem__
    told = checks.fill("Bearer ${key} ${AWS_SECRET:login:password}",
                       {"key": "${AWS_SECRET:api}"}, read)  # fmt: skip
    assert told == "Bearer k ${base}"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [{"a": [{"b": 1}, {"b": 2}], "c d": {"b": 3}}]),
        ("$.a[0].b", [1]), ("$.a[-1].b", [2]), ("$.a[*].b", [1, 2]), ("$['c d'].b", [3]),
        ('$["c d"]["b"]', [3]), ("$..b", [1, 2, 3]), ("$.a[7]", []), ("$.*.b", [3]),
    ],
)  # fmt: skip
def test_where_a_path_leads(path, found):
    assert json_path.find({"a": [{"b": 1}, {"b": 2}], "c d": {"b": 3}}, path) == found


@pytest.mark.parametrize("path", ["$.a[?(@.b>1)]", "$.a[0:1]", "a b", "$."])
def test_a_path_that_can_not_be_followed_is_no_path(path):
    with pytest.raises(json_path.BadPath):
        json_path.find({"a": []}, path)


class _Echo(BaseHTTPRequestHandler):
    """Tells what it was asked with; ``/token`` gives a token, ``/bearer`` takes the second only."""

    tokens = 0

    def do_GET(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        wrong = self.path == "/bearer" and headers.get("authorization") != "Bearer 2"
        self._answer(401 if wrong else 200, headers)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).tokens += 1
        self._answer(200, {"access_token": str(self.tokens)})

    def _answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing on the error output."""


@pytest.fixture
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Echo", (_Echo,), {}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.long
def test_the_kinds_for_real_with_secrets_and_a_role_of_the_lab(lab, echo):
    iam = lab.client("iam")
    lab.client("s3").create_bucket(Bucket="results")
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=TRUST)
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName="canary", PolicyName="may", PolicyDocument=json.dumps(everything))
    signer = TRUST.replace(
        '"Service": "lambda.amazonaws.com"', '"AWS": "arn:aws:iam::123456789012:role/canary"'
    )
    role = iam.create_role(RoleName="signer", AssumeRolePolicyDocument=signer)["Role"]["Arn"]
    lab.client("secretsmanager").create_secret(
        Name="login/basic", SecretString='{"username": "Aladdin", "password": "open sesame"}'
    )
    secret = "${AWS_SECRET:login/basic:%s}"
    basic = {"type": "BASIC", "username": secret % "username", "password": secret % "password"}
    signed = {"type": "SIGV4", "service": "execute-api", "region": "us-east-1", "roleArn": role}

    def step(name, path, how, value):
        return {
            "stepName": name, "checkerType": "HTTP", "url": f"{echo}{path}", "httpMethod": "GET",
            "authentication": how, "assertions": [
                {"type": "STATUS_CODE", "operator": "EQUALS", "value": 200},
                {"type": "BODY", "path": "$.authorization", "operator": "CONTAINS",
                 "value": value}],
        }  # fmt: skip

    code = blueprints.checks(
        step("basic", "/", basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        step("bearer", "/bearer", OAUTH | {"tokenUrl": f"{echo}/token"}, "Bearer 2"),
        step("signed", "/", signed, "/us-east-1/execute-api/aws4_request"),
    )
    synthetics = lab.client("synthetics")
    synthetics.create_canary(**GOOD | {
        "Code": {"ZipFile": code, "BlueprintTypes": ["multi-checks"]},
        "RuntimeVersion": "syn-nodejs-5.2", "Schedule": {"Expression": "rate(0 minute)"},
    })  # fmt: skip
    lab.advance(seconds=20)
    synthetics.start_canary(Name="shop")
    lab.advance(minutes=1)
    [run] = synthetics.get_canary_runs(Name="shop")["CanaryRuns"]
    assert run["Status"]["StateReason"] == ""
