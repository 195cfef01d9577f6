"""A Lambda function: it is invoked with the payload, and nobody waits for its answer."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand, Refusal


def hand(errand: Errand) -> None:
    """Invoke a function, version or alias.

    Services invoke asynchronously: Lambda takes the event and retries by itself. With
    ``{"InvocationType": "RequestResponse"}`` among the parameters it is waited for, and an error of
    the function is an error of the delivery. With ``DryRun`` it is only asked whether it may be
    invoked.
    """
    parcel, arn = errand.parcel, errand.arn
    functions = errand.desk.functions()
    if functions is None:
        raise Refusal(
            "NotImplemented", f"labkit does not run functions yet: {arn.text}", retryable=False
        )
    errand.need("lambda:InvokeFunction", arn.text, code="AccessDeniedException")
    way = (parcel.parameters or {}).get("InvocationType")
    if way == "DryRun":
        return
    waits = way == "RequestResponse"
    ended = functions.invoke(
        arn.text, parcel.data, principal=parcel.principal, asynchronous=not waits
    )
    if not ended.ok:
        # What Lambda itself refuses has Lambda's code; what the function raised is the function's.
        code = ended.error_type or "ServiceException"
        raise Refusal(code, ended.error_message, failure="TIMEOUT" if ended.timed_out else "")
