"""Log anomaly detectors and what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import SECOND
from labkit.logs.anomaly_detectors import DETECTORS, Anomaly, Detector
from labkit.logs.api.requests import (
    group_of,
    invalid,
    not_found,
    page,
    service_of,
    shown,
    too_many,
)
from labkit.logs.records import STANDARD
from labkit.logs.store import LogStore

_UNITS = {"SECONDS": SECOND, "MINUTES": 60 * SECOND, "HOURS": 3600 * SECOND}


def _detector(call: Call, arn: str) -> Detector:
    store: LogStore = call.store
    found: Detector | None = store.of(DETECTORS).get(arn)
    if found is None:
        raise not_found("The specified anomaly detector does not exist.")
    return found


def create_log_anomaly_detector(
    call: Call,
    /,
    *,
    logGroupArnList: Sequence[str],
    detectorName: str | None = None,
    evaluationFrequency: str = "FIVE_MIN",
    filterPattern: str = "",
    kmsKeyId: str = "",
    anomalyVisibilityTime: int = 21,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Watch a log group; the detector trains first."""
    if len(logGroupArnList) != 1 or not logGroupArnList[0].startswith("arn:"):
        raise invalid("logGroupArnList must hold exactly one ARN of a log group.")
    group = group_of(call, None, logGroupArnList[0])
    if group.log_class != STANDARD:
        raise invalid("Only log groups of the class STANDARD have anomaly detection.")
    service, store = service_of(call), call.store
    service.pattern(filterPattern)
    held = store.of(DETECTORS)
    if len(held) >= call.quota("anomaly_detectors.per_account"):
        raise too_many()
    number = call.ids.uuid()
    arn = store.arn(f"anomaly-detector:{number}")
    one = Detector(
        detectorName or number, arn, group.arn, evaluationFrequency, filterPattern,
        anomalyVisibilityTime, kmsKeyId, call.now_us, call.now_us, dict(tags or {}),
    )  # fmt: skip
    held[arn] = one
    service.anomaly_detectors.plan(store, one)
    return {"anomalyDetectorArn": arn}


def update_log_anomaly_detector(
    call: Call,
    /,
    *,
    anomalyDetectorArn: str,
    enabled: bool,
    evaluationFrequency: str | None = None,
    filterPattern: str | None = None,
    anomalyVisibilityTime: int | None = None,
) -> dict[str, Any]:
    """Change a detector, pause it or let it go on."""
    one = _detector(call, anomalyDetectorArn)
    if filterPattern is not None:
        service_of(call).pattern(filterPattern)
        one.pattern = filterPattern
    if evaluationFrequency is not None:
        old_us = one.every_us
        one.frequency = evaluationFrequency
        # What is usual is counted by run: runs of another length have more lines or fewer.
        if one.usual is not None:
            scale = one.every_us / old_us
            one.usual = {regex: often * scale for regex, often in one.usual.items()}
    one.visible_days = anomalyVisibilityTime or one.visible_days
    if enabled and not one.enabled:
        one.seen_us = call.now_us
    one.enabled, one.modified_us = enabled, call.now_us
    service_of(call).anomaly_detectors.plan(call.store, one)
    return {}


def _told(one: Detector) -> dict[str, Any]:
    return shown(
        {
            "detectorName": one.name,
            "logGroupArnList": [one.group_arn],
            "evaluationFrequency": one.frequency,
            "filterPattern": one.pattern,
            "anomalyDetectorStatus": one.status,
            "kmsKeyId": one.kms_key or None,
            "creationTimeStamp": one.created_us // 1000,
            "lastModifiedTimeStamp": one.modified_us // 1000,
            "anomalyVisibilityTime": one.visible_days,
        }
    )


def get_log_anomaly_detector(call: Call, /, *, anomalyDetectorArn: str) -> dict[str, Any]:
    """A detector and its state."""
    return _told(_detector(call, anomalyDetectorArn))


def list_log_anomaly_detectors(
    call: Call,
    /,
    *,
    filterLogGroupArn: str | None = None,
    limit: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The detectors, of one group or of all."""
    store: LogStore = call.store
    wanted = (filterLogGroupArn or "").removesuffix(":*")
    found = [
        {"anomalyDetectorArn": arn, **_told(one)}
        for arn, one in store.of(DETECTORS).items()
        if not wanted or one.group_arn == wanted
    ]
    rows, more = page(found, limit, nextToken)
    return {"anomalyDetectors": list(rows), **more}


def delete_log_anomaly_detector(call: Call, /, *, anomalyDetectorArn: str) -> dict[str, Any]:
    """Forget a detector and what it found."""
    store: LogStore = call.store
    del store.of(DETECTORS)[_detector(call, anomalyDetectorArn).arn]
    return {}


def _tokens(anomaly: Anomaly) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    place = 0
    for part in anomaly.shape.parts:
        if part.startswith("\0"):
            words = anomaly.shape.tokens[place]
            place += 1
            told.append(
                {
                    "dynamicTokenPosition": place,
                    "isDynamic": True,
                    "tokenString": "<*>",
                    "enumerations": dict(list(words.items())[:20]),
                    "inferredTokenName": f"{part[1:]}-{place}",
                }
            )
        else:
            told.append({"dynamicTokenPosition": 0, "isDynamic": False, "tokenString": part})
    return told


def _anomaly(one: Detector, anomaly: Anomaly, now_us: int) -> dict[str, Any]:
    quiet = anomaly.suppressed(now_us)
    parts = ("<*>" if part.startswith("\0") else part for part in anomaly.shape.parts)
    told: dict[str, Any] = {
        "anomalyId": anomaly.id,
        "patternId": anomaly.pattern_id,
        "anomalyDetectorArn": one.arn,
        "patternString": "".join(parts),
        "patternRegex": anomaly.regex,
        "priority": anomaly.priority,
        "firstSeen": anomaly.first_us // 1000,
        "lastSeen": anomaly.last_us // 1000,
        "description": anomaly.description,
        "active": anomaly.active,
        "state": "Baseline" if anomaly.baseline else "Suppressed" if quiet else "Active",
        "histogram": {str(at): count for at, count in anomaly.histogram.items()},
        "logSamples": [{"timestamp": at, "message": text} for at, text in anomaly.samples if text],
        "patternTokens": _tokens(anomaly),
        "logGroupArnList": [one.group_arn],
        "suppressed": quiet,
    }
    if quiet:
        told |= {
            "suppressedDate": (anomaly.suppressed_us or 0) // 1000,
            "suppressedUntil": anomaly.until_us // 1000,
            "isPatternLevelSuppression": anomaly.by_pattern,
        }
    return told


def list_anomalies(
    call: Call,
    /,
    *,
    anomalyDetectorArn: str | None = None,
    suppressionState: str | None = None,
    limit: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """What detectors have found, the newest first."""
    store: LogStore = call.store
    detectors = (
        [_detector(call, anomalyDetectorArn)]
        if anomalyDetectorArn
        else list(store.of(DETECTORS).values())
    )
    found = [
        _anomaly(one, anomaly, call.now_us)
        for one in detectors
        for anomaly in one.anomalies.values()
    ]
    if suppressionState:
        found = [row for row in found if row["suppressed"] == (suppressionState == "SUPPRESSED")]
    found.sort(key=lambda row: (-row["firstSeen"], row["anomalyId"]))
    rows, more = page(found, limit, nextToken)
    return {"anomalies": list(rows), **more}


def update_anomaly(
    call: Call,
    /,
    *,
    anomalyDetectorArn: str,
    anomalyId: str | None = None,
    patternId: str | None = None,
    suppressionType: str | None = None,
    suppressionPeriod: Mapping[str, Any] | None = None,
    baseline: bool = False,
) -> dict[str, Any]:
    """Suppress an anomaly or all of a pattern, end that, or take it for usual."""
    one = _detector(call, anomalyDetectorArn)
    if (anomalyId is None) == (patternId is None):
        raise invalid("Exactly one of anomalyId and patternId is needed.")
    found = [
        anomaly
        for anomaly in one.anomalies.values()
        if anomalyId == anomaly.id or patternId == anomaly.pattern_id
    ]
    if not found:
        raise not_found("The specified anomaly does not exist.")
    until_us = 0
    if suppressionType == "LIMITED":
        period = suppressionPeriod or {}
        value, unit = period.get("value", 0), period.get("suppressionUnit")
        if not 0 < value < 10**9 or unit not in _UNITS:
            raise invalid("suppressionPeriod is needed with LIMITED: a value and a unit.")
        until_us = call.now_us + value * _UNITS[unit]
    for anomaly in found:
        anomaly.suppressed_us = call.now_us if suppressionType else None
        anomaly.until_us, anomaly.by_pattern = until_us, patternId is not None
        if suppressionType:
            anomaly.active = False
        if baseline:
            service_of(call).anomaly_detectors.settle(one, anomaly)
    return {}


OPERATIONS = {
    "CreateLogAnomalyDetector": create_log_anomaly_detector,
    "UpdateLogAnomalyDetector": update_log_anomaly_detector,
    "GetLogAnomalyDetector": get_log_anomaly_detector,
    "ListLogAnomalyDetectors": list_log_anomaly_detectors,
    "DeleteLogAnomalyDetector": delete_log_anomaly_detector,
    "ListAnomalies": list_anomalies,
    "UpdateAnomaly": update_anomaly,
}
