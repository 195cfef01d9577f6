"""Active tracing: Lambda's two segments, the header, the real X-Ray SDK in a handler."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from functionkit import Stage, role

import labkit
from labkit.core.clock import SECOND, to_us
from labkit.core.errors import LabError
from labkit.core.traces import TraceHeader
from labkit.layers import layer

ACTIVE = {"Mode": "Active"}
PLAIN = "import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n"


class Sent:
    """A lab with functions, and what was sent to X-Ray."""

    def __init__(self, lab):
        self.stage = Stage(lab)
        self.lab = lab
        self.documents = []
        self.accepted = lab.world.ports._answers["accept_segments"]
        lab.world.ports._answers["accept_segments"] = self.accept

    def accept(self, account, region, documents, *who):
        assert (account, region) == ("123456789012", "us-east-1")
        self.documents += json.loads(json.dumps(documents))
        assert self.accepted(account, region, documents, *who) == []

    def take(self):
        taken, self.documents = self.documents, []
        return taken


@pytest.fixture(scope="module")
def sent():
    with labkit.Lab(active=False) as lab:
        yield Sent(lab)


def parts(document):
    return {one["name"]: one for one in document["subsegments"]}


def us(at_s):
    return round(at_s * SECOND)


def test_a_traced_invocation_has_two_segments(sent):
    sent.lab.advance(seconds=2)
    name = sent.stage.make(PLAIN, TracingConfig=ACTIVE)
    answer = sent.stage.call(name)
    service, own = sent.take()
    header = TraceHeader.read(answer.value)
    assert (service["origin"], own["origin"]) == ("AWS::Lambda", "AWS::Lambda::Function")
    assert service["name"] == own["name"] == name
    assert header == TraceHeader(own["trace_id"], parts(own)["Invocation"]["id"], True)
    assert service["trace_id"] == own["trace_id"]
    assert "parent_id" not in service
    assert own["parent_id"] == service["id"]
    assert own["aws"]["request_id"] == answer.id
    assert list(parts(own)) == ["Initialization", "Invocation", "Overhead"]
    initialization, invocation, overhead = own["subsegments"]
    assert us(service["start_time"]) == to_us(sent.lab.now)
    assert int(own["trace_id"][2:10], 16) == to_us(sent.lab.now) // SECOND
    assert us(own["start_time"]) == us(service["start_time"]) + 3000
    assert initialization["start_time"] == own["start_time"]
    assert initialization["end_time"] == invocation["start_time"]
    assert invocation["end_time"] == overhead["start_time"]
    assert overhead["end_time"] == own["end_time"] < service["end_time"]
    assert (
        f"Duration: {(us(invocation['end_time']) - us(invocation['start_time'])) / 1000:.2f}"
        in (answer.log)
    )
    assert f"XRAY TraceId: {own['trace_id']}\tSegmentId: {own['id']}\tSampled: true\t\n" in (
        answer.log
    )
    sent.lab.advance(seconds=1)
    sent.stage.call(name)
    _, warm = sent.take()
    assert list(parts(warm)) == ["Invocation", "Overhead"]


def test_without_active_tracing_nothing_is_sent(sent):
    answer = sent.stage.run(PLAIN)
    assert sent.take() == []
    assert TraceHeader.read(answer.value).sampled is False
    assert "XRAY" not in answer.log


def test_one_a_second_and_one_in_twenty(sent):
    name = sent.stage.make(PLAIN, TracingConfig=ACTIVE)
    sent.lab.advance(seconds=2)
    before = to_us(sent.lab.now) // SECOND
    sampled = [TraceHeader.read(sent.stage.call(name).value).sampled for _ in range(150)]
    assert to_us(sent.lab.now) // SECOND == before
    assert sampled[0]
    assert 1 < sum(sampled) < 25
    assert len(sent.take()) == 2 * sum(sampled)
    sent.lab.advance(seconds=1)
    assert TraceHeader.read(sent.stage.call(name).value).sampled
    sent.take()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("def handler(event, context):\n    raise ValueError('no')\n", "ValueError"),
        ("import time\ndef handler(event, context):\n    time.sleep(9)\n", "Sandbox.Timedout"),
        ("raise KeyError('eur')\n", "KeyError"),
    ],
)
def test_an_error_is_a_fault(sent, code, kind):
    sent.lab.advance(seconds=1)
    sent.stage.run(code, TracingConfig=ACTIVE)
    service, own = sent.take()
    assert service["fault"] and own["fault"]
    assert own["cause"]["exceptions"][0]["type"] == kind
    faulty = [name for name, part in parts(own).items() if part.get("fault")]
    assert faulty == ["Initialization" if kind == "KeyError" else "Invocation"]


def test_a_throttled_invocation_is_the_services_alone(sent):
    name = sent.stage.make(PLAIN, TracingConfig=ACTIVE)
    sent.stage.api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    sent.lab.advance(seconds=1)
    with pytest.raises(ClientError, match="TooManyRequests"):
        sent.stage.call(name)
    (service,) = sent.take()
    assert service["http"]["response"]["status"] == 429
    assert service["throttle"] and service["error"]


def test_a_role_that_may_not_send(sent):
    poor = role(sent.lab, "logs:*", name="poor")
    message = "does not have permissions to call PutTraceSegments on XRAY"
    with pytest.raises(ClientError, match=message):
        sent.stage.make(PLAIN, Role=poor, TracingConfig=ACTIVE)
    name = sent.stage.make(PLAIN, Role=poor)
    with pytest.raises(ClientError, match=message):
        sent.stage.api.update_function_configuration(FunctionName=name, TracingConfig=ACTIVE)
    iam = sent.lab.client("iam")
    allow = {"Effect": "Allow", "Action": "xray:Put*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="poor",
        PolicyName="traces",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    sent.stage.api.update_function_configuration(FunctionName=name, TracingConfig=ACTIVE)
    sent.lab.advance(seconds=1)
    sent.stage.call(name)
    assert len(sent.take()) == 2
    iam.delete_role_policy(RoleName="poor", PolicyName="traces")
    sent.lab.advance(seconds=1)
    assert sent.stage.call(name).error is None
    assert sent.take() == []


def test_a_function_that_calls_a_function(sent):
    inner = sent.stage.make(PLAIN, TracingConfig=ACTIVE)
    outer = sent.stage.make(
        "import boto3, time\n"
        "def handler(event, context):\n"
        "    time.sleep(1)\n"
        f"    boto3.client('lambda').invoke(FunctionName='{inner}')\n",
        TracingConfig=ACTIVE,
        Timeout=10,
    )
    sent.lab.advance(seconds=1)
    sent.stage.call(outer)
    segments = sent.take()
    assert len(segments) == 4
    assert len({one["trace_id"] for one in segments}) == 1
    by = {(one["name"], one["origin"]): one for one in segments}
    called, caller = by[inner, "AWS::Lambda"], by[outer, "AWS::Lambda::Function"]
    invocation = parts(caller)["Invocation"]
    assert called["parent_id"] == invocation["id"]
    assert called["start_time"] > invocation["start_time"] + 1
    assert by[inner, "AWS::Lambda::Function"]["end_time"] < invocation["end_time"]


def test_an_event_keeps_its_trace_through_all_its_tries(sent):
    name = sent.stage.make("def handler(event, context):\n    1 / 0\n", TracingConfig=ACTIVE)
    sent.lab.advance(seconds=1)
    sent.stage.api.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    sent.lab.advance(minutes=5)
    segments = sent.take()
    assert len(segments) == 6
    assert len({one["trace_id"] for one in segments}) == 1
    assert len({one["id"] for one in segments}) == 6


# -- the real SDK
SHOPPING = """
import time
import boto3
from aws_xray_sdk.core import patch, xray_recorder
patch(["botocore"])
dynamodb = boto3.client("dynamodb")

def handler(event, context):
    with xray_recorder.in_subsegment("## order") as order:
        order.put_annotation("order_id", event["order"])
        order.put_metadata("basket", [1, 2, 3])
        time.sleep(0.25)
        dynamodb.put_item(TableName="orders", Item={"id": {"S": event["order"]}})
    boto3.client("lambda").invoke(FunctionName=event["then"])
"""


def test_the_real_sdk_adds_its_subsegments(sent):
    lab = sent.lab
    lab.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    made = sent.stage.api.publish_layer_version(
        LayerName="xray",
        Content={"ZipFile": layer("aws-xray-sdk")},
        CompatibleRuntimes=["python3.12"],
    )
    inner = sent.stage.make(PLAIN, TracingConfig=ACTIVE)
    name = sent.stage.make(
        SHOPPING, TracingConfig=ACTIVE, Layers=[made["LayerVersionArn"]], Timeout=20
    )
    lab.advance(seconds=1)
    answer = sent.stage.call(name, {"order": "o-17", "then": inner})
    assert answer.error is None, answer.text
    documents = sent.take()
    own = next(
        one for one in documents
        if one.get("origin") == "AWS::Lambda::Function" and one["name"] == name
    )  # fmt: skip
    invocation = parts(own)["Invocation"]
    streamed = {one["name"]: one for one in documents if one.get("type") == "subsegment"}
    order, table, call = streamed["## order"], streamed["dynamodb"], streamed["lambda"]
    assert order["annotations"] == {"order_id": "o-17"}
    assert order["metadata"] == {"default": {"basket": [1, 2, 3]}}
    assert order["parent_id"] == call["parent_id"] == invocation["id"]
    assert (table["namespace"], table["aws"]["table_name"]) == ("aws", "orders")
    assert table["parent_id"] == order["id"]
    assert {one["trace_id"] for one in documents} == {own["trace_id"]}
    assert 0.25 < order["end_time"] - order["start_time"] < 0.4
    assert invocation["start_time"] <= order["start_time"] < order["end_time"]
    assert order["end_time"] <= call["start_time"] < call["end_time"] <= invocation["end_time"]
    called = next(one for one in documents if one["name"] == inner)
    assert called["parent_id"] == call["id"]
    assert call["start_time"] < called["start_time"] < called["end_time"] < call["end_time"]


def test_a_layer_holds_what_lambda_does_not_bring():
    made = layer("aws-xray-sdk")
    names = zipfile.ZipFile(io.BytesIO(made)).namelist()
    tops = {name.split("/")[1] for name in names}
    assert {"aws_xray_sdk", "wrapt"} <= tops
    assert not {"botocore", "boto3", "urllib3"} & tops
    assert layer("aws_xray_sdk") == made
    with pytest.raises(LabError, match="no-such-thing is not installed"):
        layer("no-such-thing")


BABBLING = """
import json, os, socket
def handler(event, context):
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    place = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    head = json.dumps({"format": "json", "version": 1})
    root, parent, _, _ = (p.partition("=")[2] for p in os.environ["_X_AMZN_TRACE_ID"].split(";"))
    good = {"id": "00000000000000aa", "trace_id": root, "parent_id": parent, "name": "own",
            "type": "subsegment", "start_time": 1767600000.5, "end_time": 1767600000.75}
    for body in (b"", b"nonsense", b"\\xff\\xfe", (head + "\\n[1, 2]").encode(),
                 (head + "\\n" + "[" * 40000).encode(),
                 (head + '\\n{"start_time": 1' + "0" * 400 + "}").encode(),
                 (head + '\\n{"name": "no id"}').encode(),
                 (head + "\\n" + json.dumps(good)).encode()):
        place.sendto(body, (host, int(port)))
    try:
        place.sendto(b"x" * 70000, (host, int(port)))
    except OSError as problem:
        return problem.strerror
"""


def test_what_is_no_document_is_dropped(sent):
    sent.lab.advance(seconds=1)
    before = sent.accepted
    sent.accepted = lambda *told: [one for one in before(*told) if "Id" in one]
    try:
        answer = sent.stage.run(BABBLING, TracingConfig=ACTIVE)
    finally:
        sent.accepted = before
    assert (answer.error, answer.value) == (None, "Message too long")
    names = [one.get("name") for one in sent.take()[2:]]
    assert names == ["no id", "own"]


# -- topics and queues
TELLING = """
import boto3
def handler(event, context):
    boto3.client("sns").publish(TopicArn=event["topic"], Message="sold")
"""


def listen(sent, name, topic):
    """A function that is subscribed to a topic."""
    sent.stage.api.add_permission(
        FunctionName=name, StatementId="sns", Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
    )  # fmt: skip
    arn = sent.stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    sent.lab.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)


def test_a_trace_goes_through_a_topic(sent):
    sns, xray = sent.lab.client("sns"), sent.lab.client("xray")
    topic = sns.create_topic(Name="sold")["TopicArn"]
    teller = sent.stage.make(TELLING, TracingConfig=ACTIVE)
    listeners = [sent.stage.make(PLAIN, TracingConfig=ACTIVE) for _ in range(2)]
    for name in listeners:
        listen(sent, name, topic)

    def told():
        sent.lab.advance(seconds=1)
        sent.stage.call(teller, {"topic": topic})
        sent.lab.advance(seconds=1)
        documents = sent.take()
        assert len({one["trace_id"] for one in documents}) == 1
        return {(one["name"], one["origin"]): one for one in documents}

    plain = told()
    assert len(plain) == 6
    invocation = parts(plain[teller, "AWS::Lambda::Function"])["Invocation"]
    for name in listeners:
        assert plain[name, "AWS::Lambda"]["parent_id"] == invocation["id"]

    sns.set_topic_attributes(TopicArn=topic, AttributeName="TracingConfig", AttributeValue="Active")
    allow = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": "*",
        "Action": ["xray:PutTraceSegments"], "Condition": {"ArnLike": {"aws:SourceArn": topic}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    xray.put_resource_policy(PolicyName="sns", PolicyDocument=policy)
    active = told()
    own = active["sold", "AWS::SNS::Topic"]
    invocation = parts(active[teller, "AWS::Lambda::Function"])["Invocation"]
    assert own["parent_id"] == invocation["id"]
    assert [active[name, "AWS::Lambda"]["parent_id"] for name in listeners] == [own["id"]] * 2
    summary = xray.batch_get_traces(TraceIds=[own["trace_id"]])["Traces"][0]
    assert own["id"] in {one["Id"] for one in summary["Segments"]}
    xray.delete_resource_policy(PolicyName="sns")
    lost = told()["sold", "AWS::SNS::Topic"]
    segments = xray.batch_get_traces(TraceIds=[lost["trace_id"]])["Traces"][0]["Segments"]
    assert lost["id"] not in {one["Id"] for one in segments}


def test_a_queue_breaks_the_line_and_leaves_links(sent):
    lab = sent.lab
    url = lab.client("sqs").create_queue(QueueName="pack")["QueueUrl"]
    teller = sent.stage.make(
        f"import boto3\ndef handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl='{url}', MessageBody='one')\n",
        TracingConfig=ACTIVE,
    )
    packer = sent.stage.make(
        "def handler(event, context):\n"
        "    return event['Records'][0]['attributes']['AWSTraceHeader']\n",
        TracingConfig=ACTIVE,
    )
    arn = lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    sent.stage.api.create_event_source_mapping(
        FunctionName=packer, EventSourceArn=arn["Attributes"]["QueueArn"]
    )
    lab.advance(seconds=1)
    sent.stage.call(teller)
    lab.advance(seconds=2)
    by = {(one["name"], one["origin"]): one for one in sent.take()}
    sender, taker = by[teller, "AWS::Lambda::Function"], by[packer, "AWS::Lambda"]
    assert sender["trace_id"] != taker["trace_id"]
    assert "parent_id" not in taker
    (link,) = taker["links"]
    assert link["trace_id"] == sender["trace_id"]
    assert link["id"] == parts(sender)["Invocation"]["id"]
