"""moto's own source, read for clocks and chance that no seam knows.

A new release of moto that reads the machine's clock in one more place fails here, by name, and not
as two bytes that differ in somebody's notebook.
"""

import ast
import functools
import importlib.util
from pathlib import Path

import pytest

MOTO = Path(importlib.util.find_spec("moto").submodule_search_locations[0])
FOLDERS = (
    "core",
    "utilities",
    "moto_api",
    "ec2",
    "s3",
    "s3bucket_path",
    "sns",
    "sqs",
    "sts",
    "iam",
    "kms",
    "secretsmanager",
    "ssm",
    "dynamodb",
    "dynamodbstreams",
    "kinesis",
    "firehose",
    "codebuild",
    "ecs",
    "elasticbeanstalk",
    "route53",
    "apigateway",
    "awslambda",
    "opensearch",
    "organizations",
)
FOLDERS += ("cloudwatch", "events", "elb", "elbv2", "autoscaling")  # imported by those

#: (file, call) -> why it is no leak.
KNOWN = {
    ("core/utils.py", "datetime.datetime.now"): "utcnow itself: moto_time",
    ("core/utils.py", "datetime.datetime.utcnow"): "utcnow before Python 3.11",
    ("core/base_backend.py", "uuid4"): "identity of dictionaries, never shown",
    ("moto_api/_internal/managed_state_model.py", "datetime.now"): "moto_time",
    ("s3/models.py", "datetime.datetime.now"): "moto_time",
    ("s3/models.py", "os.urandom"): "moto_random",
    ("sts/utils.py", "os.urandom"): "moto_random",
    ("iam/models.py", "os.urandom"): "moto_random",
    ("ec2/models/reserved_instances.py", "random.randint"): "moto_random",
    ("ec2/utils.py", "rsa.generate_private_key"): "moto_random",
    ("ec2/utils.py", "Ed25519PrivateKey.generate"): "moto_random",
    ("sns/models.py", "rsa.generate_private_key"): "moto_sns: never reached in a world",
    ("sns/models.py", "cryptography.x509.random_serial_number"): "moto_sns: never reached",
    ("cloudwatch/models.py", "datetime.now"): "moto_time",
    ("cloudwatch/models.py", "uuid4"): "moto_random",
    ("elb/models.py", "datetime.datetime.now"): "moto_time",
    ("autoscaling/models.py", "datetime.now"): "moto_time",
    ("kms/models.py", "os.urandom"): "moto_random",
    ("kms/responses.py", "os.urandom"): "moto_random",
    ("kms/utils.py", "os.urandom"): "moto_random",
    ("kms/utils.py", "rsa.generate_private_key"): "moto_random",
    ("kms/utils.py", "ec.generate_private_key"): "moto_kms",
    ("opensearch/models.py", "datetime.datetime.now"): "moto_time",
    ("secretsmanager/models.py", "time.time"): "moto_time",
    ("ssm/models.py", "uuid4"): "moto_random",
    ("dynamodb/models/table_export.py", "uuid4"): "moto_random",
    ("dynamodb/models/table_import.py", "uuid4"): "moto_random",
    ("dynamodbstreams/models.py", "os.urandom"): "moto_random",
    ("route53/models.py", "datetime.now"): "moto_names",
    ("apigateway/models.py", "datetime.now"): "moto_names",
    ("apigateway/models.py", "time.time"): "moto_time",
    ("firehose/models.py", "time"): "posts to HTTP endpoints: refused in a world",
    ("awslambda/models.py", "datetime.now"): "zips for Docker: never reached in a world",
    ("awslambda/models.py", "time.time"): "a stream's call: event_sources polls in its place",
    ("sqs/models.py", "self._messages_lock.wait_for"): "moto_sqs: never waits in a world",
}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "sleep", "wait_for"}
CHANCE = {
    "urandom",
    "token_hex",
    "token_bytes",
    "uuid1",
    "generate_private_key",
    "generate",
    "random_serial_number",
    "SystemRandom",
}
DRAWS = {"randint", "choice", "choices", "random", "sample", "getrandbits", "randbytes"}
SOURCE = "moto.moto_api._internal"


def name_of(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def suspicious(path):
    """The calls in a file that read a clock, wait, or draw from elsewhere than moto's source."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {(a.asname or a.name).split(".")[0]: a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for node in ast.walk(tree):
        name = name_of(node.func) if isinstance(node, ast.Call) else ""
        if name and is_suspicious(name, imported.get(name.partition(".")[0], "")):
            yield name


def is_suspicious(name, origin):
    last = name.rpartition(".")[2]
    root = origin.split(".")[0]
    if "mock_random" in origin or "mock_random" in name:
        return False
    if last in CLOCKS and root in {"datetime", "time"}:
        return True
    if last in CHANCE and "." in name and root in {"os", "secrets", "uuid", "cryptography"}:
        return True
    if last in DRAWS and origin == "random":
        return True
    if last in {"uuid4", "uuid1"} and root == "uuid":
        return True
    return last in {"sleep", "wait_for"} and not origin.startswith("moto")


FILES = sorted(p for folder in FOLDERS for p in (MOTO / folder).rglob("*.py"))
FILES = [p for p in FILES if p.name != "aws_managed_policies.py"]


@functools.cache
def found():
    return {
        (path.relative_to(MOTO).as_posix(), name) for path in FILES for name in suspicious(path)
    }


def test_no_clock_and_no_chance_that_no_seam_knows():
    assert found() - set(KNOWN) == set()


def test_every_known_one_is_still_there():
    """A seam that has become idle can go."""
    assert set(KNOWN) - found() == set()


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "import uuid\nuuid.uuid4()",
        "from datetime import datetime\ndatetime.now()",
        "import os\nos.urandom(3)",
        "import random\nrandom.choice('a')",
    ],
)
def test_the_reader_finds_what_it_looks_for(tmp_path, text):
    path = tmp_path / "x.py"
    path.write_text(text)
    assert len(list(suspicious(path))) == 1
