"""From a log group into an OpenSearch domain: the function, the domain's policy, the search."""

import json

import pytest
from botocore.exceptions import ClientError
from buskit import role
from logskit import group, write

from labkit.core.errors import LabError


@pytest.fixture
def domain(lab):
    lab.client("opensearch").create_domain(DomainName="logs", EngineVersion="OpenSearch_2.5")
    return lab.opensearch("logs")


def test_lines_are_found_in_the_domain(lab, domain):
    logs = group(lab)
    arn = lab.stream_to_opensearch("app", "logs")
    write(lab, logs, "plain words", 'order {"id": 7, "status": "paid", "price": 12.5}', "ERROR no")
    lab.advance(seconds=30)
    assert domain.lines() == [
        "plain words", 'order {"id": 7, "status": "paid", "price": 12.5}', "ERROR no",
    ]  # fmt: skip
    found = domain.search({"term": {"status": "paid"}})["hits"]["hits"]
    (hit,) = found
    assert hit["_index"] == "cwl-2026.01.05" and hit["_source"]["@log_group"] == "app"
    assert hit["_source"]["@owner"] == "123456789012"
    assert domain.lines("ERROR") == ["ERROR no"]
    assert domain.lines({"range": {"price": {"gte": 10, "lt": 13}}})[0].startswith("order")
    assert domain.lines({"match": {"@message": "WORDS"}}) == ["plain words"]
    bounds = {"gte": "2026-01-05T00:00:00Z", "lt": "2026-01-06T00:00:00Z"}
    assert len(domain.lines({"range": {"@timestamp": bounds}})) == 3
    assert arn.endswith(":LogsToOpenSearch_logs")


@pytest.mark.long
def test_what_a_space_delimited_pattern_extracts_becomes_fields(lab, domain):
    logs = group(lab)
    lab.stream_to_opensearch("app", "logs", "[ip, status = 5*, bytes]")
    write(lab, logs, "192.0.2.1 502 120", "192.0.2.1 200 120")
    lab.advance(seconds=30)
    (hit,) = domain.search()["hits"]["hits"]
    assert {"status": 502, "bytes": 120}.items() <= hit["_source"].items()


@pytest.mark.long
def test_a_domain_takes_only_what_its_policy_or_the_role_allows(lab, domain):
    logs = group(lab)
    lab.stream_to_opensearch("app", "logs")
    name = "LogsToOpenSearch_logs"
    lab.client("iam").delete_role_policy(RoleName=f"{name}-role", PolicyName="into-the-domain")
    write(lab, logs, "refused")
    lab.advance(seconds=30)
    with pytest.raises(LabError, match="no such domain"):
        lab.opensearch("gone").get("/")
    assert domain.get("/_cat/indices") == []
    allowed = {"Effect": "Allow", "Action": "es:ESHttp*", "Resource": "*",
               "Principal": {"AWS": f"arn:aws:iam::123456789012:role/{name}-role"}}  # fmt: skip
    lab.client("opensearch").update_domain_config(
        DomainName="logs",
        AccessPolicies=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    write(lab, logs, "taken")
    lab.advance(minutes=10)  # Lambda tries the first one again meanwhile
    assert sorted(domain.lines()) in (["refused", "taken"], ["taken"])


def put(logs, role_arn, name="all"):
    config = {
        "dataSourceRoleArn": role_arn,
        "dashboardViewerPrincipals": ["*"],
        "retentionDays": 30,
    }
    return logs.put_integration(
        integrationName=name, integrationType="OPENSEARCH",
        resourceConfig={"openSearchResourceConfig": config},
    )  # fmt: skip


def test_an_integration_is_made_step_by_step(lab):
    logs = lab.client("logs")
    arn = role(lab, "source", service="opensearchservice.amazonaws.com")
    assert put(logs, arn)["integrationStatus"] == "PROVISIONING"
    with pytest.raises(ClientError, match="LimitExceeded"):
        put(logs, arn, "second")
    lab.advance(minutes=5, seconds=1)
    told = logs.get_integration(integrationName="all")
    details = told["integrationDetails"]["openSearchIntegrationDetails"]
    states = {part: details[part]["status"]["status"] for part in ("collection", "workspace")}
    assert states == {"collection": "ACTIVE", "workspace": "CREATING"}
    with pytest.raises(ClientError, match="with force"):
        logs.delete_integration(integrationName="all")
    lab.advance(minutes=3)
    (row,) = logs.list_integrations()["integrationSummaries"]
    assert row["integrationStatus"] == "ACTIVE"
    logs.delete_integration(integrationName="all")
    with pytest.raises(ClientError, match="does not exist"):
        logs.get_integration(integrationName="all")


def test_an_integration_whose_role_trusts_nobody_fails(lab):
    logs = lab.client("logs")
    put(logs, role(lab, "source", service="lambda.amazonaws.com"))
    lab.advance(minutes=20)
    told = logs.get_integration(integrationName="all")
    assert told["integrationStatus"] == "FAILED"
    source = told["integrationDetails"]["openSearchIntegrationDetails"]["dataSource"]
    assert "can't assume" in source["status"]["statusMessage"]
