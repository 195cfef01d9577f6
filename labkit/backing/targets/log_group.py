"""A log group: the payload becomes a line (port ``put_log_lines``, answered by the Logs part)."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand, Refusal


def hand(errand: Errand) -> None:
    """Write a line, if a resource policy of CloudWatch Logs lets the service."""
    arn, ports = errand.arn, errand.desk.ports
    if not ports.answered("put_log_lines"):
        raise Refusal(
            "NotImplemented",
            f"log groups come with the CloudWatch Logs part: {arn.text}",
            retryable=False,
        )
    group = arn.resource.removeprefix("log-group:").removesuffix(":*")
    base = f"arn:aws:logs:{arn.region}:{arn.account}:log-group:{group}"
    stream = str((errand.parcel.parameters or {}).get("LogStreamName") or errand.desk.ids.uuid())
    errand.need("logs:PutLogEvents", f"{base}:log-stream:{stream}", code="AccessDeniedException")
    at_us = errand.desk.world.now_us()
    answer = ports.put_log_lines(
        arn.account, arn.region, group, stream, [(at_us, errand.parcel.text)]
    )
    if not answer.ok:
        raise Refusal(answer.code, answer.message, retryable=answer.retryable)
