"""Integrations with OpenSearch Service: put, get, list, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import invalid, not_found, service_of, shown, too_many, validation
from labkit.logs.integrations import INTEGRATIONS, PARTS, PROVISIONING, Integration
from labkit.logs.store import LogStore

_KIND = "OPENSEARCH"
_POLICIES = ("encryptionPolicy", "networkPolicy", "accessPolicy", "lifecyclePolicy")


def put_integration(
    call: Call, /, *, integrationName: str, resourceConfig: Mapping[str, Any], integrationType: str
) -> dict[str, Any]:
    """Make the account's integration; an account has one."""
    store: LogStore = call.store
    told = resourceConfig.get("openSearchResourceConfig")
    if not told:
        raise validation("openSearchResourceConfig is needed.")
    held = store.of(INTEGRATIONS)
    if integrationName in held:
        raise invalid("An integration of this name exists already.")
    if held:
        raise too_many()
    key = told.get("kmsKeyArn", "")
    if key:
        usable = call.ports.key_usable(key, call.account, call.region)
        if not usable.value:
            raise invalid(f"The KMS key cannot be used: {usable.because[0].text}")
    one = Integration(
        integrationName, told["dataSourceRoleArn"], tuple(told["dashboardViewerPrincipals"]),
        told["retentionDays"], key, told.get("applicationArn", ""), call.now_us,
        ids={part: call.ids.hex(20) for part in PARTS},
    )  # fmt: skip
    service_of(call).integrations.begin(call.account, call.region, one)
    return {"integrationName": one.name, "integrationStatus": one.status}


def _details(call: Call, one: Integration) -> dict[str, Any]:
    where, ids = f"{call.region}:{call.account}", one.ids
    details: dict[str, Any] = {
        "dataSource": {"dataSourceName": f"cwl_{one.name}"},
        "application": {
            "applicationId": ids["application"],
            "applicationArn": one.application_arn
            or f"arn:aws:opensearch:{where}:application/{ids['application']}",
            "applicationEndpoint": f"application-{ids['application']}.{call.region}.opensearch.aws",
        },
        "collection": {
            "collectionArn": f"arn:aws:aoss:{where}:collection/{ids['collection']}",
            "collectionEndpoint": f"https://{ids['collection']}.{call.region}.aoss.amazonaws.com",
        },
        "workspace": {"workspaceId": ids["workspace"]},
        **{part: {"policyName": f"logs-{ids[part]}"} for part in _POLICIES},
    }
    return {part: {**told, "status": one.part(part)} for part, told in details.items()}


def _find(call: Call, name: str) -> Integration:
    store: LogStore = call.store
    found: Integration | None = store.of(INTEGRATIONS).get(name)
    if found is None:
        raise not_found("The specified integration does not exist.")
    return found


def get_integration(call: Call, /, *, integrationName: str) -> dict[str, Any]:
    """An integration, and how far each of its parts is."""
    one = _find(call, integrationName)
    return {
        "integrationName": one.name,
        "integrationType": _KIND,
        "integrationStatus": one.status,
        "integrationDetails": {"openSearchIntegrationDetails": _details(call, one)},
    }


def list_integrations(
    call: Call,
    /,
    *,
    integrationNamePrefix: str | None = None,
    integrationType: str | None = None,
    integrationStatus: str | None = None,
) -> dict[str, Any]:
    """The integrations of the account."""
    store: LogStore = call.store
    rows = [
        shown({"integrationName": name, "integrationType": _KIND, "integrationStatus": one.status})
        for name, one in sorted(store.of(INTEGRATIONS).items())
        if name.startswith(integrationNamePrefix or "")
        and integrationType in (None, _KIND)
        and integrationStatus in (None, one.status)
    ]
    return {"integrationSummaries": rows}


def delete_integration(
    call: Call, /, *, integrationName: str, force: bool = False
) -> dict[str, Any]:
    """Take an integration down; ``force`` while it is being made."""
    one = _find(call, integrationName)
    if one.status == PROVISIONING and not force:
        raise validation("The integration is being made; delete it with force.")
    store: LogStore = call.store
    del store.of(INTEGRATIONS)[one.name]
    return {}


OPERATIONS = {
    "PutIntegration": put_integration,
    "GetIntegration": get_integration,
    "ListIntegrations": list_integrations,
    "DeleteIntegration": delete_integration,
}
