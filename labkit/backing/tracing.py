"""What of tracing is set up on the resources of a lab: user data, roles, definitions, switches.

Plain values in AWS's own shapes, read off what was made; what they mean is X-Ray's business (port
``tracing_setup``).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from labkit.backing.beanstalk import Beanstalk
from labkit.backing.beanstalk_options import XRAY, files_of
from labkit.backing.ec2 import Ec2
from labkit.backing.mount import MotoWorld
from labkit.core.errors import AwsError, LabError

_ECS_FIELDS = {
    "networkMode": "network_mode",
    "taskRoleArn": "task_role_arn",
    "executionRoleArn": "execution_role_arn",
    "requiresCompatibilities": "requires_compatibilities",
}


class TracedResources:
    """Knows instances, tasks, environments and functions by what they are called."""

    def __init__(self, moto: MotoWorld, ec2: Ec2, beanstalk: Beanstalk) -> None:
        self._moto, self._ec2, self._beanstalk = moto, ec2, beanstalk

    def setup(self, account: str, region: str, what: str) -> Mapping[str, Any]:
        """What is set up on a resource (port ``tracing_setup``).

        Parameters
        ----------
        what:
            An instance id; the ARN of a task, a task definition, a function or an environment, or
            a name of one of these.

        Returns
        -------
        Mapping
            ``kind`` (``ec2``, ``ecs``, ``lambda``, ``beanstalk``, or '' for what is not there) and
            what the kind's explanation takes.
        """
        parts = what.split(":", 5)
        service = ""
        if len(parts) == 6 and parts[0] == "arn":
            service, region, account = parts[2], parts[3] or region, parts[4] or account
        if what.startswith("i-"):
            return self._instance(account, region, what)
        readers = {
            "ecs": self._task,
            "lambda": self._function,
            "elasticbeanstalk": self._environment,
        }
        if service:
            reader = readers.get(service)
            return reader(account, region, what) if reader else {"kind": ""}
        for reader in (self._task, self._function, self._environment):
            found = reader(account, region, what)
            if found["kind"]:
                return found
        return {"kind": ""}

    # -- EC2
    def _instance(self, account: str, region: str, instance_id: str) -> Mapping[str, Any]:
        with self._moto.held():
            backend = self._moto.backend("ec2", account, region)
            found = next((one for one in backend.all_instances() if one.id == instance_id), None)
            if found is None:
                return {"kind": ""}
            user_data, state = found.user_data, found._state.name
        return {
            "kind": "ec2",
            "user_data": _decoded(user_data),
            "running": state == "running",
            "role": self._ec2.about(account, region, instance_id)["role_arn"],
            "instance_id": instance_id,
        }

    # -- ECS
    def _task(self, account: str, region: str, what: str) -> Mapping[str, Any]:
        name = what.partition(":task-definition/")[2] or what
        with self._moto.held():
            backend = self._moto.backend("ecs", account, region)
            task, launch_type, instance_role, status = None, "", "", "RUNNING"
            for tasks in backend.tasks.values():
                task = task or tasks.get(what)
            if task is not None:
                name = task.task_definition_arn.partition(":task-definition/")[2]
                launch_type = str(task.launch_type or "")
                status = str(getattr(task, "_labkit_status", "") or task.last_status)
                instance_role = self._host_role(backend, account, region, task)
            definition = self._definition(backend, name)
            if definition is None:
                return {"kind": ""}
            daemon, strategy = self._daemon(backend)
        return {
            "kind": "ecs",
            "task_definition": definition,
            "launch_type": launch_type,
            "instance_role": instance_role,
            "daemon": daemon,
            "daemon_strategy": strategy,
            "task_status": status,
        }

    def _host_role(self, backend: Any, account: str, region: str, task: Any) -> str:
        """The role of the instance that a task runs on; empty on Fargate."""
        if not task.container_instance_arn:
            return ""
        for instances in backend.container_instances.values():
            for one in instances.values():
                if one.container_instance_arn == task.container_instance_arn:
                    return self._ec2.about(account, region, one.ec2_instance_id)["role_arn"]
        return ""

    @staticmethod
    def _definition(backend: Any, name: str) -> dict[str, Any] | None:
        family, _, revision = name.partition(":")
        revisions = backend.task_definitions.get(family)
        if not revisions:
            return None
        try:
            found = revisions[int(revision)] if revision else revisions[max(revisions)]
        except (KeyError, ValueError):
            return None
        told = {ours: getattr(found, theirs, None) for ours, theirs in _ECS_FIELDS.items()}
        given = {name: value for name, value in told.items() if value}
        return {**given, "containerDefinitions": found.container_definitions}

    def _daemon(self, backend: Any) -> tuple[dict[str, Any] | None, str]:
        """The task definition of a service that runs the X-Ray daemon by itself, if there is one.

        One that runs on every instance goes before one that runs here and there.
        """
        found: tuple[dict[str, Any] | None, str] = None, "DAEMON"
        for service in backend.services.values():
            name = str(service.task_definition or "").partition(":task-definition/")[2]
            definition = self._definition(backend, name)
            images = [str(one.get("image", "")) for one in (definition or {}).get(
                "containerDefinitions", ())]  # fmt: skip
            if len(images) != 1 or "xray-daemon" not in images[0]:
                continue
            strategy = str(service.scheduling_strategy or "REPLICA")
            if found[0] is None or strategy == "DAEMON":
                found = definition, strategy
        return found

    # -- Lambda and Elastic Beanstalk
    def _function(self, account: str, region: str, what: str) -> Mapping[str, Any]:
        from moto.awslambda.exceptions import UnknownFunctionException

        name = what.partition(":function:")[2].partition(":")[0] or what
        with self._moto.held():
            try:
                found = self._moto.backend("lambda", account, region).get_function(name)
            except (UnknownFunctionException, KeyError):
                return {"kind": ""}
            mode = str((found.tracing_config or {}).get("Mode", "PassThrough"))
            return {"kind": "lambda", "mode": mode, "role": str(found.role)}

    def _environment(self, account: str, region: str, what: str) -> Mapping[str, Any]:
        name = what.rpartition("/")[2] or what
        try:
            found = self._beanstalk.environment(account, region, name)
        except LabError:
            return {"kind": ""}
        try:
            files = files_of(self._beanstalk.bundle_of(found))
        except AwsError:
            files = {}
        return {
            "kind": "beanstalk",
            "files": files,
            "options": {key: value for key, value in found.asked.items() if key[0] == XRAY},
            "role": self._beanstalk.role_of(found),
            "platform": found.stack,
        }


def _decoded(user_data: Any) -> str:
    """User data as the instance reads it; moto keeps it as it was sent, in base 64."""
    if not user_data:
        return ""
    raw = user_data if isinstance(user_data, bytes) else str(user_data).encode()
    with suppress(binascii.Error, ValueError):
        raw = base64.b64decode(raw, validate=True)
    return raw.decode("utf-8", "replace")
