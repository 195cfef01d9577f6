"""Seams of S3: every change of an object is told once, at moto's models.

moto calls ``notifications.send_event`` from its models, which is where labkit takes over; but not
at every change that AWS tells of, and sometimes twice:

- a delete marker, and the removal of one version among several, are told by labkit;
- completing an upload in parts is also a put and a tagging for moto: those are held back.

A configuration that S3 can't use (a queue that is not there) is refused, and the former one stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_seams import Shim, listener, seam

CREATED_MULTIPART = "s3:ObjectCreated:CompleteMultipartUpload"
DELETED = "s3:ObjectRemoved:Delete"
MARKED = "s3:ObjectRemoved:DeleteMarkerCreated"


class S3Listener(Protocol):
    """What the hooks tell, and whom."""

    def changed(self, bucket: Any, key: Any, event: str) -> None:
        """Something happened to an object; ``event`` is S3's name for it, with ``s3:``."""

    def try_destinations(self, bucket: Any) -> None:
        """A bucket has a new notification configuration: send test events, refuse a bad one."""


#: Events that are told at present; None: all of them.
_told: list[frozenset[str] | None] = [None]


@contextmanager
def _telling_only(*events: str) -> Iterator[None]:
    _told.append(frozenset(events))
    try:
        yield
    finally:
        _told.pop()


@seam("moto.s3.models")
def _take_over_notifications(module: ModuleType) -> None:
    stock = module.notifications

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        s3 = listener("s3")
        if s3 is None:
            stock.send_event(account_id, event_name, bucket, key)
        elif key is not None and (_told[-1] is None or event_name.value in _told[-1]):
            s3.changed(bucket, key, event_name.value)

    def send_test_event(account_id: str, bucket: Any) -> None:
        s3 = listener("s3")
        if s3 is None:
            stock.send_test_event(account_id, bucket)
        else:
            s3.try_destinations(bucket)

    module.notifications = Shim(  # type: ignore[attr-defined]
        stock, send_event=send_event, send_test_event=send_test_event
    )


@seam("moto.s3.models")
def _hook_objects(module: ModuleType) -> None:
    backend = module.S3Backend
    complete, delete, mark = (
        backend.complete_multipart_upload,
        backend.delete_object,
        backend._set_delete_marker,
    )

    def complete_multipart_upload(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _telling_only(CREATED_MULTIPART):
            return complete(self, *args, **kwargs)

    def _set_delete_marker(self: Any, bucket_name: str, key_name: str) -> Any:
        marker = mark(self, bucket_name, key_name)
        s3 = listener("s3")
        if s3 is not None:
            s3.changed(self.get_bucket(bucket_name), marker, MARKED)
        return marker

    def delete_object(
        self: Any, bucket_name: str, key_name: str, version_id: Any = None, bypass: bool = False
    ) -> Any:
        s3 = listener("s3")
        bucket = self.get_bucket(bucket_name)
        if s3 is None or version_id is None or not bucket.is_versioned:
            return delete(self, bucket_name, key_name, version_id, bypass)
        gone = [
            key
            for key in bucket.keys.getlist(key_name, [])
            if str(key.version_id) == str(version_id)
        ]
        with _telling_only():
            answer = delete(self, bucket_name, key_name, version_id, bypass)
        for key in gone:
            s3.changed(bucket, key, DELETED)
        return answer

    backend.complete_multipart_upload = complete_multipart_upload
    backend._set_delete_marker = _set_delete_marker
    backend.delete_object = delete_object


@seam("moto.s3.models")
def _keep_a_good_configuration(module: ModuleType) -> None:
    bucket = module.FakeBucket
    configure = bucket.set_notification_configuration

    def set_notification_configuration(self: Any, notification_config: Any) -> None:
        before = self.notification_configuration
        try:
            configure(self, notification_config)
        except Exception:
            if listener("s3") is not None:
                self.notification_configuration = before
            raise

    bucket.set_notification_configuration = set_notification_configuration


_RULE_NAME = re.compile(r"(?<=<Name>)(prefix|suffix)(?=</Name>)", re.IGNORECASE)


@seam("moto.s3.responses")
def _take_any_case(module: ModuleType) -> None:
    """S3 takes ``Prefix`` for ``prefix`` (its console writes it so); moto breaks on it."""
    response = module.S3Response
    read = response._notification_config_from_body

    def _notification_config_from_body(self: Any) -> Any:
        if listener("s3") is None:
            return read(self)
        body = self.body.decode("utf-8") if isinstance(self.body, bytes) else self.body
        self.body = _RULE_NAME.sub(lambda found: found[0].lower(), body)
        try:
            return read(self)
        except AssertionError:
            from moto.s3.exceptions import S3ClientError

            raise S3ClientError(
                "InvalidArgument", "filter rule name must be either prefix or suffix"
            ) from None

    response._notification_config_from_body = _notification_config_from_body


@seam("moto.s3.responses")
def _show_the_switch(module: ModuleType) -> None:
    """A bucket that tells EventBridge says so when it is asked; moto leaves that out."""
    response = module.S3Response
    answer = response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        settings = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if listener("s3") is None or getattr(settings, "event_bridge", None) is None:
            return answer(self)
        plain = self.serialized

        def serialized(found: Any) -> Any:
            switched = {**found.result, "EventBridgeConfiguration": {}}
            return plain(module.ActionResult(switched))

        self.serialized = serialized
        try:
            return answer(self)
        finally:
            del self.serialized

    response.get_bucket_notification = get_bucket_notification
