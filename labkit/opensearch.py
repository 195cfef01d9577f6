"""Logs in OpenSearch: what the console does for a log group, and a look into a domain.

The console's "Create OpenSearch subscription filter" makes a Lambda function that unpacks what
CloudWatch Logs sends and posts it to ``_bulk``, one index for each day. :func:`stream` makes the
same: a role, the function (in Python), its permission and the subscription filter, all of them by
API calls that stand in the journal like anybody's.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError

if TYPE_CHECKING:
    from labkit.lab import Lab

#: The function's code; the endpoint is in its environment.
FUNCTION = '''\
"""Puts what CloudWatch Logs sends into an OpenSearch domain, one index for each day."""
import base64
import gzip
import json
import os
import urllib.request
from datetime import datetime, timezone


def handler(event, context):
    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    if told["messageType"] == "CONTROL_MESSAGE":
        return "a question whether anybody is here"
    body = "".join(line + "\\n" for entry in told["logEvents"] for line in lines(told, entry))
    request = urllib.request.Request(
        f"https://{os.environ['ENDPOINT']}/_bulk", data=body.encode(),
        headers={"Content-Type": "application/x-ndjson"}, method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        result = json.loads(answer.read())
    failed = [item for item in result["items"] if item["index"]["status"] >= 300]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(result['items'])} not indexed: {failed[0]}")
    print(f"indexed {len(result['items'])}")
    return {"indexed": len(result["items"])}


def lines(told, entry):
    at = datetime.fromtimestamp(entry["timestamp"] / 1000, timezone.utc)
    document = {**fields(entry), "@id": entry["id"], "@message": entry["message"],
                "@timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "@owner": told["owner"], "@log_group": told["logGroup"],
                "@log_stream": told["logStream"]}
    yield json.dumps({"index": {"_index": at.strftime("cwl-%Y.%m.%d"), "_id": entry["id"]}})
    yield json.dumps(document)


def fields(entry):
    """What the pattern extracted, numbers as numbers; else the object at the line's end."""
    extracted = entry.get("extractedFields")
    if extracted:
        return {name: number(value) for name, value in extracted.items() if value is not None}
    text = entry["message"]
    begin = text.find("{")
    try:
        found = json.loads(text[begin:]) if begin >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number(value):
    try:
        return json.loads(value) if not isinstance(json.loads(value), (dict, list)) else value
    except (TypeError, ValueError):
        return value
'''


class Domain:
    """A look into an OpenSearch domain: searches only, as the learner.

    Parameters
    ----------
    lab:
        The lab.
    name:
        The domain's name.
    """

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self.name = name
        self.endpoint = f"{name}.{lab.region}.es.amazonaws.com"

    def __repr__(self) -> str:
        return f"OpenSearch domain {self.name} at {self.endpoint}"

    def get(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What ``GET path`` answers, as JSON.

        Raises
        ------
        LabError
            With the domain's status and words, when it refuses.
        """
        lab = self._lab
        text = json.dumps(body) if body else ""
        who = lab.identities.learner(lab.account)
        with lab.world.lock:
            status, answer = lab.parts.backing.domains.ask(who, "GET", self.endpoint, path, text)
        if status == 0 or status >= 400:
            raise LabError(f"{status}: {answer}")
        return json.loads(answer)

    def search(
        self, query: Mapping[str, Any] | str = "*", index: str = "cwl-*", **more: Any
    ) -> Any:
        """``_search`` with a query of the Query DSL, or words as in the search bar.

        ``more`` goes beside the query: ``size=50``, ``sort=[...]``, ``aggs={...}``.
        """
        if isinstance(query, str):
            query = {"query_string": {"query": query}}
        return self.get(f"/{index}/_search", {"query": query, **more})

    def lines(self, query: Mapping[str, Any] | str = "*", size: int = 100) -> list[str]:
        """The messages that a search finds, the oldest first."""
        found = self.search(query, size=size, sort=["@timestamp", "@id"])
        return [hit["_source"]["@message"] for hit in found["hits"]["hits"]]


def stream(lab: Lab, group: str, domain: str, pattern: str = "") -> str:
    """Let a log group go on into a domain, as the console's button does; the function's ARN."""
    iam, functions = lab.client("iam"), lab.client("lambda")
    about = lab.client("opensearch").describe_domain(DomainName=domain)["DomainStatus"]
    name = f"LogsToOpenSearch_{domain}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
             "Action": "sts:AssumeRole"}  # fmt: skip
    role = iam.create_role(
        RoleName=f"{name}-role",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    allowed = [
        {"Effect": "Allow", "Action": "es:ESHttpPost", "Resource": f"{about['ARN']}/*"},
        {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*"},
    ]
    iam.put_role_policy(
        RoleName=f"{name}-role",
        PolicyName="into-the-domain",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), FUNCTION)
    arn: str = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Timeout=60,
        Code={"ZipFile": held.getvalue()},
        Environment={"Variables": {"ENDPOINT": about["Endpoint"]}},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName=name,
        StatementId="cloudwatch-logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{group}:*",
    )
    lab.client("logs").put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=arn
    )
    return arn
