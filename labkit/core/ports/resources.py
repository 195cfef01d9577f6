"""Questions about what stands in an account: instances, groups, settings, objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit.core.delivery import Delivery
from labkit.core.ports.asking import Asking


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in S3, as who scans buckets sees it: bucket, key, bytes, ETag without quotes."""

    bucket: str
    key: str
    size: int
    etag: str


class Resources(Asking):
    """Questions about what stands in an account: instances, groups, settings, objects."""

    def instance_action(self, account: str, region: str, instance_id: str, action: str) -> Delivery:
        """Stop, terminate, reboot or recover an instance for an alarm."""
        answer: Delivery = self._ask("instance_action")(account, region, instance_id, action)
        return answer

    def vpc_endpoint_service(self, account: str, region: str, endpoint_id: str) -> str | None:
        """``com.amazonaws.us-east-1.syslog-logs``; None when there is no such endpoint."""
        answer: str | None = self._ask("vpc_endpoint_service")(account, region, endpoint_id)
        return answer

    def instance_about(self, account: str, region: str, instance_id: str) -> Mapping[str, str]:
        """What an instance can learn of itself: ``hostname``, ``ip_address``, ``role_arn``.

        ``role_arn`` is empty without an instance profile, all are for an unknown instance.
        """
        answer: Mapping[str, str] = self._ask("instance_about")(account, region, instance_id)
        return answer

    def scaling_action(
        self, policy_arn: str, *, alarm_name: str, value: float | None, threshold: float | None
    ) -> Delivery:
        """Run a scaling policy for an alarm.

        Parameters
        ----------
        policy_arn:
            ``arn:aws:autoscaling:region:account:scalingPolicy:...``.
        alarm_name:
            The alarm, for the cause of the scaling activity.
        value:
            The metric's value that breached, which a step policy chooses its step by; None when
            there is none (the alarm was set by hand).
        threshold:
            The alarm's threshold, to which the bounds of the steps are added.
        """
        answer: Delivery = self._ask("scaling_action")(
            policy_arn, alarm_name=alarm_name, value=value, threshold=threshold
        )
        return answer

    def setting(self, account: str, region: str, what: str) -> str | float:
        """A table's read capacity, a parameter's text, the ports that a security group lets in.

        ``what`` is written ``dynamodb:table/NAME``, ``ssm:parameter/NAME`` or
        ``ec2:security-group/ID``; of what is not there the answer is 0 or an empty text.
        """
        value: str | float = self._ask("setting")(account, region, what)
        return value

    def objects_under(self, bucket: str, prefix: str) -> Sequence[StoredObject] | None:
        """The objects below a prefix, by key; None without such a bucket.

        Who asks has asked the policies before.
        """
        answer: Sequence[StoredObject] | None = self._ask("objects_under")(bucket, prefix)
        return answer

    def object_keys(self, bucket: str, prefix: str) -> Sequence[str] | None:
        """The keys alone of :meth:`objects_under`."""
        found = self.objects_under(bucket, prefix)
        return None if found is None else [one.key for one in found]

    def put_object(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Put an object for a service that has asked :meth:`bucket_allows` before.

        Parameters
        ----------
        bucket, key, body:
            Where and what.
        metadata:
            The user's metadata, without ``x-amz-meta-``.
        headers:
            System metadata (``Content-Encoding``).

        Returns
        -------
        str
            S3's error code (NoSuchBucket), '' when the object is there.
        """
        answer: str = self._ask("put_object")(bucket, key, body, metadata or {}, headers or {})
        return answer

    def get_object(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Content and metadata of an object; None when it is not there."""
        answer: tuple[bytes, Mapping[str, str]] | None = self._ask("get_object")(bucket, key)
        return answer
