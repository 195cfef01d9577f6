"""EC2: what a rule or an alarm does to a machine or a volume.

- ``arn:aws:events:r:a:target/stop-instance``, ``terminate-instance``, ``reboot-instance``: the EC2
  call, with the rule's role.
- ``.../create-snapshot``, and the older ``arn:aws:automation:r:a:action/EBSCreateSnapshot/name``:
  CreateSnapshot.
- ``arn:aws:automate:r:ec2:stop`` (terminate, reboot, recover), and the older
  ``arn:aws:swf:r:a:action/actions/AWS_EC2.InstanceId.Stop/1.0``: an alarm's action.

A rule's payload is the id (or ARN) as a JSON string. An alarm's action brings ``InstanceId`` among
the parameters, from the metric's dimension, and needs no role: CloudWatch has one of its own.

Source: EventBridge user guide, eb-targets ("EC2 built-in targets can only be made in the
console"); CloudWatch user guide, UsingAlarmActions.
"""

from __future__ import annotations

from labkit.backing.targets.errand import Errand, Refusal

_OF_RULES = {
    "target/stop-instance": "StopInstances",
    "target/terminate-instance": "TerminateInstances",
    "target/reboot-instance": "RebootInstances",
    "target/create-snapshot": "CreateSnapshot",
}
_OF_ALARMS = ("stop", "terminate", "reboot", "recover")


def by_rule(errand: Errand) -> None:
    """An EC2 call of a rule, as its role."""
    resource = errand.arn.resource
    operation = _OF_RULES.get(resource)
    if resource.startswith("action/EBSCreateSnapshot/"):
        operation = "CreateSnapshot"
    if operation is None:
        raise Refusal(
            "UnsupportedTarget", f"no such built-in target: {errand.arn.text}", retryable=False
        )
    errand.role_needed()
    said = errand.document()
    if not isinstance(said, str) or not said:
        raise Refusal(
            "InvalidParameterValue",
            f"the input of {resource} is an id as a JSON string, not {errand.parcel.text[:100]}",
            retryable=False,
        )
    name = said.rpartition("/")[2]
    if operation == "CreateSnapshot":
        errand.call("ec2", operation, VolumeId=name)
    else:
        errand.call("ec2", operation, InstanceIds=[name])


def by_alarm(errand: Errand) -> None:
    """An EC2 action of an alarm (port ``instance_action``)."""
    arn, parcel = errand.arn, errand.parcel
    word = arn.resource
    if arn.service == "swf":
        word = arn.resource.rpartition("AWS_EC2.InstanceId.")[2].partition("/")[0].lower()
    name = str((parcel.parameters or {}).get("InstanceId", ""))
    if word not in _OF_ALARMS or not name:
        raise Refusal(
            "UnsupportedAction",
            f"{arn.text} needs an InstanceId, and is one of {', '.join(_OF_ALARMS)}",
            retryable=False,
        )
    answer = errand.desk.ports.instance_action(parcel.account, arn.region, name, word)
    if not answer.ok:
        raise Refusal(answer.code, answer.message, retryable=answer.retryable)
