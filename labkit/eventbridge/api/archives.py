"""Archives: CreateArchive and its kin."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.eventbridge import matching
from labkit.eventbridge.api.requests import (
    bus_of,
    invalid,
    missing,
    moment,
    page,
    parts,
    shown,
    taken,
    too_many,
)
from labkit.eventbridge.records import Archive
from labkit.eventbridge.store import Store


def _archive(call: Call, name: str) -> tuple[Store, Archive]:
    store, _ = parts(call)
    archive = store.archives.get(name)
    if archive is None:
        raise missing(f"Archive {name} does not exist.")
    return store, archive


def _told(archive: Archive) -> dict[str, Any]:
    return {
        "ArchiveArn": archive.arn,
        "State": "ENABLED",
        "CreationTime": moment(archive.created_us),
    }


def create_archive(
    call: Call,
    /,
    *,
    ArchiveName: str,
    EventSourceArn: str,
    Description: str = "",
    EventPattern: str | None = None,
    RetentionDays: int = 0,
    KmsKeyIdentifier: str = "",
) -> dict[str, Any]:
    """Keep the events of a bus from now on, all or those of a pattern."""
    store, service = parts(call)
    if ArchiveName in store.archives:
        raise taken(f"Archive {ArchiveName} already exists.")
    _, bus = bus_of(call, EventSourceArn)
    if bus.arn != EventSourceArn or bus.name not in store.buses:
        raise invalid(
            f"Parameter EventSourceArn is not valid: {EventSourceArn} is no bus of this account."
        )
    if EventPattern:
        matching.compiled(EventPattern)
    if len(store.archives) >= call.quota("archives.per_account"):
        raise too_many()
    archive = Archive(
        ArchiveName,
        store.arn(f"archive/{ArchiveName}"),
        EventSourceArn,
        call.now_us,
        Description,
        EventPattern or "",
        RetentionDays,
        KmsKeyIdentifier,
    )
    store.archives[ArchiveName] = archive
    store.put_rule(service.archives.rule(store, archive))
    return _told(archive)


def describe_archive(call: Call, /, *, ArchiveName: str) -> dict[str, Any]:
    """An archive, and how much it holds."""
    store, archive = _archive(call, ArchiveName)
    store.service.archives.forget(archive)
    return shown(
        {
            **_told(archive),
            "ArchiveName": archive.name,
            "EventSourceArn": archive.bus_arn,
            "Description": archive.description,
            "EventPattern": archive.pattern,
            "KmsKeyIdentifier": archive.kms_key,
            "RetentionDays": archive.retention_days,
            "SizeBytes": archive.size_bytes,
            "EventCount": len(archive.events),
        }
    )


def list_archives(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    EventSourceArn: str | None = None,
    State: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The archives of an account, by name."""
    store, service = parts(call)
    if len([one for one in (NamePrefix, EventSourceArn, State) if one]) > 1:
        raise invalid(
            "At most one filter is allowed for ListArchives. Use one of : EventSourceArn, "
            "NamePrefix, or State."
        )
    chosen = [
        archive
        for name, archive in sorted(store.archives.items())
        if name.startswith(NamePrefix)
        and EventSourceArn in (None, archive.bus_arn)
        and State in (None, "ENABLED")
    ]
    found, more = page(chosen, Limit, NextToken)
    for archive in found:
        service.archives.forget(archive)
    return {
        "Archives": [
            {
                "ArchiveName": archive.name,
                "EventSourceArn": archive.bus_arn,
                "State": "ENABLED",
                "RetentionDays": archive.retention_days,
                "SizeBytes": archive.size_bytes,
                "EventCount": len(archive.events),
                "CreationTime": moment(archive.created_us),
            }
            for archive in found
        ],
        **more,
    }


def update_archive(
    call: Call,
    /,
    *,
    ArchiveName: str,
    Description: str | None = None,
    EventPattern: str | None = None,
    RetentionDays: int | None = None,
    KmsKeyIdentifier: str | None = None,
) -> dict[str, Any]:
    """Change what is given of an archive; what it holds already stays, except for its age."""
    store, archive = _archive(call, ArchiveName)
    given = (Description, EventPattern, RetentionDays, KmsKeyIdentifier)
    if all(one is None for one in given):
        raise invalid(
            "At least one of EventPattern, RetentionDays or Description must be provided."
        )
    if EventPattern:
        matching.compiled(EventPattern)
    if EventPattern is not None:
        archive.pattern = EventPattern
    if Description is not None:
        archive.description = Description
    if RetentionDays is not None:
        archive.retention_days = RetentionDays
    if KmsKeyIdentifier is not None:
        archive.kms_key = KmsKeyIdentifier
    bus = archive.bus_arn.partition("event-bus/")[2]
    if bus in store.buses:
        store.put_rule(store.service.archives.rule(store, archive))
    return _told(archive)


def delete_archive(call: Call, /, *, ArchiveName: str) -> dict[str, Any]:
    """Delete an archive with all that it holds, and its rule."""
    store, archive = _archive(call, ArchiveName)
    bus = archive.bus_arn.partition("event-bus/")[2]
    if bus in store.buses:
        store.drop_rule(store.service.archives.rule(store, archive))
    del store.archives[ArchiveName]
    return {}
