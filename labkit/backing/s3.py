"""S3 tells of its objects: the fact ``object.changed``, notifications, events for EventBridge.

A bucket's notification configuration names topics, queues and functions; each that matches gets the
record that AWS documents (event message structure 2.1), through the port ``deliver``, at the
instant of the change. With EventBridge switched on the bucket also tells an ``event.emitted``. When
a configuration is put, S3 sends a test message to each topic and queue, and refuses the
configuration when one can't be reached.

Source: S3 user guide, "Event message structure", "Using EventBridge", "Supported event types".
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

from labkit.backing.emitting import Emitters
from labkit.backing.moto_random import digest
from labkit.backing.mount import MotoWorld
from labkit.core.clock import Phase, iso
from labkit.core.jsontext import dumps
from labkit.core.world import World

PRINCIPAL = "s3.amazonaws.com"
SUBJECT = "Amazon S3 Notification"

#: The ETag of nothing, which a delete marker carries.
_EMPTY = "d41d8cd98f00b204e9800998ecf8427e"

#: Event without ``s3:`` -> the operation that EventBridge and the fact name as the reason.
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}

#: Beginning of an event -> detail type on the event bus.
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl:Put": "Object ACL Updated",
}

_DELETIONS = {
    "ObjectRemoved:Delete": "Permanently Deleted",
    "ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}


class S3:
    """What a lab's buckets tell.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    world:
        Clock, facts and ports; the handler ``s3.notify`` is registered here.
    emit:
        How events reach EventBridge.
    """

    def __init__(self, moto: MotoWorld, world: World, emit: Emitters) -> None:
        self._moto = moto
        self._world = world
        self._emit = emit
        self._told = 0
        moto.listen("s3", self)
        world.clock.register("s3.notify", self._notify)

    # -- told by moto's models (moto_s3.S3Listener)
    def changed(self, bucket: Any, key: Any, event: str) -> None:
        """Something happened to an object: tell whoever the bucket says."""
        name = event.removeprefix("s3:")
        call = self._moto.call
        if name.startswith("ObjectTagging:") and call and "Tagging" not in call.operation:
            return  # moto tags every new object; AWS tells only of tags that somebody puts
        change = self._describe(bucket, key, name)
        switched_on = getattr(bucket.notification_configuration, "event_bridge", None) is not None
        if name in _REASONS and self._world.facts.heard("object.changed"):
            data = {**change, "event_bridge": switched_on}
            self._moto.afterwards(
                lambda: self._world.facts.publish(
                    "object.changed", bucket.account_id, bucket.region_name, data
                )
            )
        if switched_on:
            self._tell_bus(bucket, change)
        if bucket.notification_configuration is None:
            return
        for kind in ("cloud_function", "queue", "topic"):
            for target in getattr(bucket.notification_configuration, kind):
                if target.matches(event, key.name):
                    self._send(bucket, target.arn, self._record(bucket, target.id, change))

    def try_destinations(self, bucket: Any) -> None:
        """Send the test message to the topics and queues of a new configuration.

        Raises
        ------
        S3ClientError
            InvalidArgument, when one of them does not take it.
        """
        configuration = bucket.notification_configuration
        call = self._moto.call
        request_id = call.request_id if call is not None else ""
        message = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": iso(self._world.clock.now_us, millis=True),
            "Bucket": bucket.name,
            "RequestId": request_id,
            "HostId": _host_id(request_id),
        }
        targets = [*configuration.queue, *configuration.topic]
        for arn in dict.fromkeys(target.arn for target in targets):
            delivery = self._deliver(arn, dumps(message), bucket.name, bucket.account_id)
            if not delivery.ok:
                from moto.s3.exceptions import S3ClientError

                raise S3ClientError(
                    "InvalidArgument",
                    "Unable to validate the following destination configurations",
                )

    # -- what is told
    def _describe(self, bucket: Any, key: Any, name: str) -> dict[str, Any]:
        call = self._moto.call
        self._told += 1
        removed = name.startswith("ObjectRemoved:")
        version = str(key.version_id or "")
        return {
            "bucket": bucket.name,
            "key": key.name,
            "size": 0 if removed else int(key.size),
            "etag": _EMPTY if removed else str(key.etag).strip('"'),
            "version_id": "" if version == "null" else version,
            "event_name": name,
            "reason": _REASONS.get(name, ""),
            "requester": call.principal.account if call is not None else bucket.account_id,
            "request_id": call.request_id if call is not None else "",
            "source_ip": call.source_ip if call is not None else "",
            # Larger for every later event, as AWS promises for the events of one key.
            "sequencer": f"{self._world.clock.now_us:014X}{self._told % 0x10000:04X}",
        }

    def _object(self, change: dict[str, Any], etag: str, version: str) -> dict[str, Any]:
        """The object of a record; what was deleted for good has neither size nor ETag."""
        name = change["event_name"]
        shown: dict[str, Any] = {}
        if not name.startswith("ObjectRemoved:"):
            shown["size"] = change["size"]
        if name != "ObjectRemoved:Delete":
            shown[etag] = change["etag"]
        if change["version_id"]:
            shown[version] = change["version_id"]
        return {**shown, "sequencer": change["sequencer"]}

    def _record(self, bucket: Any, configuration: str, change: dict[str, Any]) -> str:
        call = self._moto.call
        who = call.principal.principal_id if call is not None else bucket.account_id
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": bucket.region_name,
            "eventTime": iso(self._world.clock.now_us, millis=True),
            "eventName": change["event_name"],
            "userIdentity": {"principalId": f"AWS:{who}"},
            "requestParameters": {"sourceIPAddress": change["source_ip"]},
            "responseElements": {
                "x-amz-request-id": change["request_id"],
                "x-amz-id-2": _host_id(change["request_id"]),
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration,
                "bucket": {
                    "name": bucket.name,
                    "ownerIdentity": {"principalId": _owner(bucket.account_id)},
                    "arn": bucket.arn,
                },
                "object": {
                    "key": quote_plus(change["key"], safe="/"),
                    **self._object(change, "eTag", "versionId"),
                },
            },
        }
        return dumps({"Records": [record]})

    def _tell_bus(self, bucket: Any, change: dict[str, Any]) -> None:
        name = change["event_name"]
        detail_type = _DETAIL_TYPES.get(name) or _DETAIL_TYPES.get(name.partition(":")[0])
        if detail_type is None:
            return
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": change["bucket"]},
            "object": {"key": change["key"], **self._object(change, "etag", "version-id")},
            "request-id": change["request_id"],
            "requester": change["requester"],
            "source-ip-address": change["source_ip"],
        }
        if change["reason"]:
            detail["reason"] = change["reason"]
        if name in _DELETIONS:
            detail["deletion-type"] = _DELETIONS[name]
        self._emit.event(
            bucket.account_id, bucket.region_name, "aws.s3", detail_type, [bucket.arn], detail
        )

    # -- delivering
    def _send(self, bucket: Any, arn: str, payload: str) -> None:
        self._world.clock.at(
            self._world.clock.now_us,
            Phase.DELIVERIES,
            "s3.notify",
            {
                "arn": arn,
                "payload": payload,
                "bucket": bucket.name,
                "account": bucket.account_id,
            },
        )

    def _notify(self, payload: dict[str, Any]) -> None:
        """Clock handler: hand a record to its target."""
        self._deliver(payload["arn"], payload["payload"], payload["bucket"], payload["account"])

    def _deliver(self, arn: str, payload: str, bucket: str, account: str) -> Any:
        return self._world.ports.deliver(
            arn,
            payload,
            PRINCIPAL,
            subject=SUBJECT,
            source_arn=f"arn:aws:s3:::{bucket}",
            source_account=account,
        )


def _host_id(request_id: str) -> str:
    """``x-amz-id-2`` of a request: what AWS's support asks for, and nobody else reads."""
    return b64encode(digest("s3 host", request_id) + digest("s3 host 2", request_id)).decode()


def _owner(account: str) -> str:
    return "A" + digest("s3 owner", account).hex().upper()[:13]
