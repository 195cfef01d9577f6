"""Event data stores: made, changed, deleted and restored, started and stopped, federated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudtrail.api.lake_requests import bad, lake_of, page, store_of, tags_of
from labkit.cloudtrail.engine import lake as engine
from labkit.cloudtrail.lake import EventDataStore
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError, NotImplementedYet

#: Billing mode -> default and longest retention in days.
_RETENTION = {
    "EXTENDABLE_RETENTION_PRICING": (366, 3653),
    "FIXED_RETENTION_PRICING": (2557, 2557),
}
_EXTENDABLE = "EXTENDABLE_RETENTION_PRICING"


def told(store: EventDataStore) -> dict[str, Any]:
    """A store as the API shows it."""
    shown: dict[str, Any] = {
        "EventDataStoreArn": store.arn,
        "Name": store.name,
        "Status": store.status,
        "AdvancedEventSelectors": store.selectors,
        "MultiRegionEnabled": store.multi_region,
        "OrganizationEnabled": store.organization,
        "RetentionPeriod": store.retention_days,
        "TerminationProtectionEnabled": store.protected,
        "CreatedTimestamp": to_datetime(store.created_us),
        "UpdatedTimestamp": to_datetime(store.updated_us),
        "BillingMode": store.billing,
    }
    if store.kms_key:
        shown["KmsKeyId"] = store.kms_key
    return shown


def _retention(billing: str, days: int | None) -> int:
    usual, longest = _RETENTION[billing]
    if days is None:
        return usual
    if not 7 <= days <= longest:
        raise bad(f"RetentionPeriod is 7 to {longest} days with {billing}, not {days}.")
    return days


def _selectors(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    why = engine.problem(given)
    if why:
        raise AwsError("InvalidEventSelectorsException", why)
    return [dict(one) for one in given]


def create_event_data_store(
    call: Call,
    /,
    *,
    Name: str,
    AdvancedEventSelectors: Sequence[Mapping[str, Any]] = (),
    MultiRegionEnabled: bool = True,
    OrganizationEnabled: bool = False,
    RetentionPeriod: int | None = None,
    TerminationProtectionEnabled: bool = True,
    TagsList: Sequence[Mapping[str, str]] = (),
    KmsKeyId: str = "",
    StartIngestion: bool = True,
    BillingMode: str = _EXTENDABLE,
) -> dict[str, Any]:
    """A store, which takes all management events from now on when nobody says otherwise."""
    kept = lake_of(call)
    if any(one.name == Name for one in kept.stores.values()):
        raise AwsError(
            "EventDataStoreAlreadyExistsException",
            f"An event data store named {Name} already exists.",
        )
    if len(kept.stores) >= call.quota("lake.stores"):
        raise AwsError(
            "EventDataStoreMaxLimitExceededException",
            f"An account has up to {call.quota('lake.stores')} event data stores in a Region.",
        )
    if OrganizationEnabled:
        if call.ports.organization(call.account) is None:
            raise AwsError(
                "OrganizationsNotInUseException", "This account belongs to no organization."
            )
        raise NotImplementedYet(
            "cloudtrail", "CreateEventDataStore", "Stores of an organization are not there."
        )
    if KmsKeyId:
        usable = call.ports.key_usable(KmsKeyId, call.account, call.region)
        if not usable.value:
            raise AwsError("KmsKeyNotFoundException", f"The KMS key {KmsKeyId} can't be used.")
    store_id = call.ids.uuid()
    store = EventDataStore(
        store_id,
        f"arn:aws:cloudtrail:{call.region}:{call.account}:eventdatastore/{store_id}",
        Name,
        _selectors(AdvancedEventSelectors or engine.DEFAULT),
        MultiRegionEnabled,
        OrganizationEnabled,
        _retention(BillingMode, RetentionPeriod),
        TerminationProtectionEnabled,
        BillingMode,
        KmsKeyId,
        call.now_us,
        call.now_us,
        status="ENABLED" if StartIngestion else "STOPPED_INGESTION",
        tags=tags_of(TagsList),
    )
    kept.stores[store_id] = store
    return {**told(store), "TagsList": [dict(one) for one in TagsList]}


def get_event_data_store(call: Call, /, *, EventDataStore: str) -> dict[str, Any]:
    """A store."""
    store = store_of(call, EventDataStore, pending=True)
    shown = {**told(store), "FederationStatus": store.federation}
    if store.federation_role:
        shown["FederationRoleArn"] = store.federation_role
    return shown


def list_event_data_stores(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The stores of the account and Region."""
    found, more = page(list(lake_of(call).stores.values()), MaxResults, NextToken)
    shown = [told(one) for one in found]
    for one in shown:
        one.pop("BillingMode")
        one.pop("KmsKeyId", None)
    return {"EventDataStores": shown, **more}


def update_event_data_store(
    call: Call,
    /,
    *,
    EventDataStore: str,
    Name: str | None = None,
    AdvancedEventSelectors: Sequence[Mapping[str, Any]] | None = None,
    MultiRegionEnabled: bool | None = None,
    OrganizationEnabled: bool | None = None,
    RetentionPeriod: int | None = None,
    TerminationProtectionEnabled: bool | None = None,
    KmsKeyId: str | None = None,
    BillingMode: str | None = None,
) -> dict[str, Any]:
    """Change a store; what it holds and no longer selects is not shown any more."""
    store = store_of(call, EventDataStore)
    if AdvancedEventSelectors is not None:
        store.selectors = _selectors(AdvancedEventSelectors)
    if BillingMode is not None and BillingMode != store.billing:
        if BillingMode != _EXTENDABLE:
            raise bad("A store with extendable retention can't go back to fixed retention.")
        store.billing = BillingMode
    if RetentionPeriod is not None:
        store.retention_days = _retention(store.billing, RetentionPeriod)
    store.name = store.name if Name is None else Name
    if MultiRegionEnabled is not None:
        store.multi_region = MultiRegionEnabled
    if TerminationProtectionEnabled is not None:
        store.protected = TerminationProtectionEnabled
    store.kms_key = store.kms_key if KmsKeyId is None else KmsKeyId
    store.updated_us = call.now_us
    return get_event_data_store(call, EventDataStore=EventDataStore)


def delete_event_data_store(call: Call, /, *, EventDataStore: str) -> dict[str, Any]:
    """Let a store end in seven days; until then it takes nothing and can be restored."""
    kept = lake_of(call)
    store = store_of(call, EventDataStore)
    if store.protected:
        raise AwsError(
            "EventDataStoreTerminationProtectedException",
            f"The event data store {store.name} has termination protection: switch it off first.",
        )
    if store.federation != "DISABLED":
        raise AwsError(
            "EventDataStoreFederationEnabledException",
            "DisableFederation before the event data store is deleted.",
        )
    if any(
        place.get("Location") == store.arn
        for one in kept.channels.values()
        for place in one["Destinations"]
    ):
        raise AwsError(
            "ChannelExistsForEDSException", "A channel delivers into this event data store."
        )
    if any(
        one.destination == store.id and one.status in ("INITIALIZING", "IN_PROGRESS")
        for one in kept.imports.values()
    ):
        raise AwsError(
            "EventDataStoreHasOngoingImportException", "An import into the store is going on."
        )
    call.store.service.lake.delete(kept, store)
    return {}


def restore_event_data_store(call: Call, /, *, EventDataStore: str) -> dict[str, Any]:
    """Bring a store back in its seven days."""
    store = store_of(call, EventDataStore, pending=True)
    if store.status != "PENDING_DELETION":
        raise AwsError(
            "InvalidEventDataStoreStatusException",
            f"Only a store that is pending deletion can be restored; this one is {store.status}.",
        )
    store.status, store.updated_us = store.before, call.now_us
    return told(store)


def start_event_data_store_ingestion(call: Call, /, *, EventDataStore: str) -> dict[str, Any]:
    """Let a stopped store take events again."""
    return _ingestion(call, EventDataStore, "STOPPED_INGESTION", "ENABLED")


def stop_event_data_store_ingestion(call: Call, /, *, EventDataStore: str) -> dict[str, Any]:
    """Let a store take nothing more; what it holds can be queried."""
    return _ingestion(call, EventDataStore, "ENABLED", "STOPPED_INGESTION")


def _ingestion(call: Call, name: str, before: str, after: str) -> dict[str, Any]:
    store = store_of(call, name)
    if store.status != before:
        raise AwsError(
            "InvalidEventDataStoreStatusException",
            f"The event data store is {store.status}; it must be {before}.",
        )
    store.status, store.updated_us = after, call.now_us
    return {}


# -- federation, and what events carry
def enable_federation(
    call: Call, /, *, EventDataStore: str, FederationRoleArn: str
) -> dict[str, Any]:
    """Let Athena see a store: it becomes a table of Lake Formation's there."""
    store = store_of(call, EventDataStore)
    if store.federation == "ENABLED":
        raise AwsError(
            "EventDataStoreFederationEnabledException", "The event data store is federated already."
        )
    store.federation, store.federation_role = "ENABLED", FederationRoleArn
    return {
        "EventDataStoreArn": store.arn,
        "FederationStatus": store.federation,
        "FederationRoleArn": FederationRoleArn,
    }


def disable_federation(call: Call, /, *, EventDataStore: str) -> dict[str, Any]:
    """Take a store from Athena's sight."""
    store = store_of(call, EventDataStore)
    store.federation, store.federation_role = "DISABLED", ""
    return {"EventDataStoreArn": store.arn, "FederationStatus": store.federation}


def put_event_configuration(
    call: Call,
    /,
    *,
    TrailName: str = "",
    EventDataStore: str = "",
    MaxEventSize: str = "Standard",
    ContextKeySelectors: Sequence[Mapping[str, Any]] = (),
    AggregationConfigurations: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Say how large a store's events may be and which keys they carry besides."""
    store = _configured(call, TrailName, EventDataStore)
    if ContextKeySelectors and MaxEventSize != "Large":
        raise bad("ContextKeySelectors need MaxEventSize Large.")
    store.configuration = {
        "MaxEventSize": MaxEventSize,
        "ContextKeySelectors": [dict(one) for one in ContextKeySelectors],
    }
    return {"EventDataStoreArn": store.arn, **store.configuration}


def get_event_configuration(
    call: Call, /, *, TrailName: str = "", EventDataStore: str = ""
) -> dict[str, Any]:
    """A store's event configuration."""
    store = _configured(call, TrailName, EventDataStore)
    usual = {"MaxEventSize": "Standard", "ContextKeySelectors": []}
    return {"EventDataStoreArn": store.arn, **usual, **store.configuration}


def _configured(call: Call, trail: str, name: str) -> EventDataStore:
    if bool(trail) == bool(name):
        raise AwsError(
            "InvalidParameterCombinationException", "Give TrailName or EventDataStore, not both."
        )
    if trail:
        raise AwsError(
            "UnsupportedOperationException",
            "In labkit the events of trails have no configuration; those of event data stores do.",
        )
    return store_of(call, name)
