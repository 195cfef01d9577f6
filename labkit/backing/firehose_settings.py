"""What a delivery stream may be told, and what it is when it is told nothing."""

from __future__ import annotations

from typing import Any

from labkit.backing import firehose_objects as objects
from labkit.core.call import Call
from labkit.core.errors import AwsError, NotImplementedYet

_S3 = ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration")
_S3_UPDATE = ("ExtendedS3DestinationUpdate", "S3DestinationUpdate")

DEFAULT_HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 300}


def destination(stream: Any) -> dict[str, Any]:
    """The S3 destination of a delivery stream, as it is configured now (a copy)."""
    first = stream.destinations[0]
    settings: dict[str, Any] = {**(first.get("ExtendedS3") or first["S3"])}
    _fill(settings)  # an update may have left out what it did not mean to change
    return settings


def fill_in(stream: Any) -> None:
    """Give a new delivery stream what AWS gives it when it is told nothing."""
    for name in ("ExtendedS3", "S3"):
        settings = stream.destinations[0].get(name)
        if settings is None:
            continue
        _fill(settings)
        if name == "ExtendedS3":
            settings.setdefault("S3BackupMode", "Disabled")


def _fill(settings: dict[str, Any]) -> None:
    settings["BufferingHints"] = {**DEFAULT_HINTS, **settings.get("BufferingHints", {})}
    settings.setdefault("CompressionFormat", "UNCOMPRESSED")
    settings.setdefault("EncryptionConfiguration", {"NoEncryptionConfig": "NoEncryption"})
    settings.setdefault("CloudWatchLoggingOptions", {"Enabled": False})


def refuse_wrong_settings(params: dict[str, Any], call: Call) -> None:
    """Check the settings of CreateDeliveryStream and UpdateDestination.

    Raises
    ------
    AwsError
        ``InvalidArgumentException`` for hints and prefixes that AWS refuses; 501 for another kind
        of destination or compression, which labkit does not have.
    """
    for name, given in params.items():
        ours = name in _S3 or name in _S3_UPDATE
        if name.endswith(("DestinationConfiguration", "DestinationUpdate")) and not ours:
            raise NotImplementedYet(
                call.service, call.operation, f"{name}: labkit delivers to S3 alone."
            )
        if ours:
            _check_s3(given, call)


def _check_s3(given: dict[str, Any], call: Call) -> None:
    hints = given.get("BufferingHints", {})
    for name, low, high in (("SizeInMBs", 1, 128), ("IntervalInSeconds", 0, 900)):
        if name in hints and not low <= hints[name] <= high:
            raise AwsError(
                "InvalidArgumentException",
                f"1 validation error detected: Value '{hints[name]}' at 'bufferingHints."
                f"{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must have "
                f"value between {low} and {high}",
            )
    if given.get("CompressionFormat", "GZIP") not in ("UNCOMPRESSED", "GZIP", "ZIP"):
        raise NotImplementedYet(
            call.service, call.operation, "Snappy: labkit compresses with GZIP and ZIP."
        )
    for name in ("DynamicPartitioningConfiguration", "DataFormatConversionConfiguration"):
        if given.get(name, {}).get("Enabled"):
            raise NotImplementedYet(call.service, call.operation, f"{name} is not part of labkit.")
    for name, error in (("Prefix", False), ("ErrorOutputPrefix", True)):
        why = objects.wrong_prefix(given.get(name, ""), error=error)
        if why:
            raise AwsError("InvalidArgumentException", f"{name}: {why}.")
    if "!{" in given.get("Prefix", "") and not given.get("ErrorOutputPrefix"):
        raise AwsError(
            "InvalidArgumentException",
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.",
        )
