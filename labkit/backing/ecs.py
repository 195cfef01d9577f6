"""ECS tasks that live on the lab's clock, and what their containers write.

::

    RunTask ──> PROVISIONING ──10 s──> PENDING ──20 s──> RUNNING ──StopTask──> DEACTIVATING
                 (own network only)                                                │ 5 s
                          STOPPED <──10 s── DEPROVISIONING <──10 s── STOPPING <────┘
                                             (own network only)

The times are ours. A task without a network of its own (launch type EC2, not ``awsvpc``) skips the
two states that make and remove one. Each change is an event "ECS Task State Change"; a stopped task
can be described for an hour.

**Logs.** A container writes when a workload says so (:meth:`Ecs.write_log`), and only a container
whose definition has ``logConfiguration`` with the driver ``awslogs`` reaches CloudWatch Logs
(:mod:`labkit.backing.ecs_logs`). The log group must be there, or the options have it made; on
Fargate the task's execution role must be allowed to write, or the task never starts, as in AWS.

Sources: ECS developer guide, "Task lifecycle", "Task state change events", "Using the awslogs log
driver", "Stopped tasks error codes".
"""

from __future__ import annotations

from typing import Any

from labkit.backing import ecs_logs
from labkit.backing.ecs_services import Services
from labkit.backing.site import Answers, Site
from labkit.core.call import Call
from labkit.core.clock import HOUR, SECOND, Phase, iso, to_datetime
from labkit.core.errors import AwsError, LabError

#: How long a task stays in a state, microseconds, and what comes then.
PASSING = {
    "PROVISIONING": (10 * SECOND, "PENDING"),
    "PENDING": (20 * SECOND, "RUNNING"),
    "DEACTIVATING": (5 * SECOND, "STOPPING"),
    "STOPPING": (10 * SECOND, "DEPROVISIONING"),
    "DEPROVISIONING": (10 * SECOND, "STOPPED"),
}

#: States in which containers run, and so may write.
_WRITING = ("RUNNING", "DEACTIVATING", "STOPPING")

#: How long a stopped task is shown ("at least one hour").
SHOWN_US = HOUR

_TASKS = "ecs-tasks.amazonaws.com"


class Ecs:
    """The tasks and services of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handlers ``ecs.arrive``, ``ecs.forget`` and ``ecs.service`` are
        registered.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.services = Services(site)
        site.moto.listen("ecs", self)
        site.register("ecs.arrive", self._arrive)
        site.register("ecs.forget", self._forget)

    @property
    def answers(self) -> Answers:
        """The operations that are looked at before moto sees them."""
        return {("ecs", "RegisterTaskDefinition"): self._check_definition}

    def _check_definition(self, params: dict[str, Any], call: Call) -> None:
        """Fargate writes logs with the execution role, so there must be one."""
        for container in params["containerDefinitions"]:
            ecs_logs.check(container)
        if "FARGATE" not in params.get("requiresCompatibilities", ()):
            return
        if params.get("executionRoleArn"):
            return
        for container in params["containerDefinitions"]:
            if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
                raise AwsError(
                    "ClientException",
                    "Fargate requires task definition to have execution role ARN to support log "
                    "driver awslogs.",
                )

    # -- told by moto's models (moto_ecs.EcsListener) ---------------------------------------------
    def started(self, task: Any) -> None:
        """A new task."""
        now = to_datetime(self._site.clock.now_us)
        task.created_at = now
        task.version = 0
        task.connectivity = "CONNECTED"
        task.connectivity_at = now
        task.availability_zone = f"{task.region_name}a"
        task.stop_code = task.started_at = task.stopping_at = task.stopped_at = None
        definition = self._definition(task)
        task.cpu = definition.cpu or str(task.resource_requirements["CPU"])
        task.memory = definition.memory or str(task.resource_requirements["MEMORY"])
        if not task.launch_type:
            task.launch_type = "EC2" if task.container_instance_arn else "FARGATE"
        if task.launch_type == "FARGATE" and not task.platform_version:
            task.platform_version = "1.4.0"
        self._enter(task, "PROVISIONING" if _own_network(task) else "PENDING")

    def stopping(self, task: Any, reason: str, code: str = "UserInitiated") -> None:
        """A task shall stop; nothing when it does already."""
        if task.desired_status == "STOPPED":
            return
        task.desired_status = "STOPPED"
        task.stopped_reason = reason or "Task stopped by user"
        task.stop_code = code
        task.stopping_at = to_datetime(self._site.clock.now_us)
        if task.last_status == "RUNNING":
            self._enter(task, "DEACTIVATING")
        else:
            self._enter(task, "STOPPED")

    def service_changed(self, backend: Any, service: Any) -> None:
        """A service was made, changed or deleted."""
        self.services.look_at(backend, service)

    # -- what workloads call ----------------------------------------------------------------------
    def write_log(self, task_arn: str, container: str, *lines: str) -> bool:
        """Let a container of a running task write lines to its standard output.

        Parameters
        ----------
        task_arn, container:
            Which one.
        lines:
            Without line ends.

        Returns
        -------
        Whether they reached CloudWatch Logs: not without ``awslogs``, not before the container
        runs and not after.

        Raises
        ------
        LabError
            When there is no such task or container.
        """
        task = self.find(task_arn)
        given = self._container(task, container)
        if task.last_status not in _WRITING or not lines:
            return False
        settings = ecs_logs.options(given)
        if settings is None:
            return False
        region = settings.get("awslogs-region", task.region_name)
        group = settings["awslogs-group"]
        # A group is made for a container that starts, not again when it was deleted since.
        if not self._site.emit.log_group_exists(task._account_id, region, group):
            return False
        runtime = next(one.runtime_id for one in task.containers if one.name == container)
        prefix = settings.get("awslogs-stream-prefix")
        stream = f"{prefix}/{container}/{task.id}" if prefix else runtime
        now_us = self._site.clock.now_us
        self._site.emit.log(
            task._account_id,
            region,
            "ecs",
            group,
            stream,
            [(now_us, text) for text in ecs_logs.events(settings, lines)],
        )
        return True

    def exit(self, task_arn: str, container: str, code: int, reason: str = "") -> None:
        """Let a container of a task end. An essential one takes the task with it.

        Raises
        ------
        LabError
            When there is no such task or container.
        """
        with self._site.moto.working():
            task = self.find(task_arn)
            given = self._container(task, container)
            if task.last_status != "RUNNING":
                return
            for one in task.containers:
                if one.name == container:
                    one.exitCode, one.last_status, one.reason = code, "STOPPED", reason or None
            if given.get("essential", True):
                text = "Essential container in task exited"
                self.stopping(task, text, "EssentialContainerExited")

    def find(self, task_arn: str) -> Any:
        """A task by its ARN.

        Raises
        ------
        LabError
            When there is none.
        """
        parts = task_arn.split(":", 5)
        if len(parts) == 6 and parts[2] == "ecs":
            with self._site.moto.held():
                backend = self._site.moto.backend("ecs", parts[4], parts[3])
                for tasks in backend.tasks.values():
                    if task_arn in tasks:
                        return tasks[task_arn]
        raise LabError(f"there is no ECS task {task_arn}")

    def _container(self, task: Any, name: str) -> dict[str, Any]:
        for given in self._definition(task).container_definitions:
            if given.get("name") == name:
                found: dict[str, Any] = given
                return found
        raise LabError(f"the task {task.id} has no container {name!r}")

    @staticmethod
    def _definition(task: Any) -> Any:
        return task._backend.describe_task_definition(task.task_definition_arn)

    # -- transitions ------------------------------------------------------------------------------
    def _enter(self, task: Any, state: str) -> None:
        now_us = self._site.clock.now_us
        if state == "RUNNING":
            refused = self._cannot_log(task)
            if refused:
                task.desired_status, task.stopped_reason = "STOPPED", refused
                task.stop_code = "TaskFailedToStart"
                state = "STOPPED"
            else:
                task.started_at = to_datetime(now_us)
        if state == "DEPROVISIONING" and not _own_network(task):
            state = "STOPPED"
        task._labkit_status = state
        task.version += 1
        for container in task.containers:
            if container.last_status != "STOPPED":
                running = state in _WRITING
                container.last_status = "RUNNING" if running else "PENDING"
                if state in ("STOPPED", "DEPROVISIONING"):
                    container.last_status = "STOPPED"
                    # Killed by the agent's signal; one that never ran has no exit code.
                    container.exitCode = 137 if task.started_at else None
        if state in PASSING:
            wait_us, then = PASSING[state]
            payload = {"task": task.task_arn, "state": then, "version": task.version}
            self._site.after(wait_us, "ecs.arrive", payload)
        if state == "STOPPED":
            task.stopped_at = to_datetime(now_us)
            task.connectivity = "DISCONNECTED"
            self._release(task)
            self._site.after(
                SHOWN_US, "ecs.forget", {"task": task.task_arn}, Phase.RETENTION, cause=()
            )
        self._tell(task, now_us)
        self.services.task_changed(task, self.stopping)

    def _cannot_log(self, task: Any) -> str:
        """Why a task can't start for its logs; empty when it can."""
        definition = self._definition(task)
        fargate = task.launch_type == "FARGATE"
        role = getattr(definition, "execution_role_arn", "")
        for given in definition.container_definitions:
            settings = ecs_logs.options(given)
            if settings is None:
                continue
            region = settings.get("awslogs-region", task.region_name)
            group = settings["awslogs-group"]
            arn = f"arn:aws:logs:{region}:{task._account_id}:log-group:{group}:log-stream:any"
            known = self._site.emit.log_group_exists(task._account_id, region, group)
            makes = not known and ecs_logs.creates_group(settings)
            may = self._site.allowed
            lacks = [
                action
                for action in ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
                if (makes or action != "logs:CreateLogGroup") and not may(role, action, arn)
            ]
            if fargate and (lacks or not may(_TASKS, "sts:AssumeRole", role)):
                action = (lacks or ["logs:CreateLogStream"])[0]
                return _refused(
                    fargate,
                    "AccessDeniedException: the execution role is not authorized to perform "
                    f"{action} on resource: {arn}",
                )
            if not known and not makes:
                return _refused(
                    fargate,
                    "ResourceNotFoundException: The specified log group does not exist.",
                )
            if makes:
                self._site.emit.ensure_log_group(task._account_id, region, group)
        return ""

    def _release(self, task: Any) -> None:
        """Give the machine its room back, and the subnet its address."""
        for attachment in task.attachments:
            attachment["status"] = "DELETED"
            told = {one["name"]: one["value"] for one in attachment["details"]}
            ec2 = self._site.moto.backend("ec2", task._account_id, task.region_name)
            if told["networkInterfaceId"] in ec2.enis:
                ec2.delete_network_interface(told["networkInterfaceId"])
        if not task.container_instance_arn:
            return
        machines = task._backend.container_instances.get(task.cluster_name, {})
        machine = machines.get(task.container_instance_arn.rpartition("/")[2])
        if machine is not None:
            task._backend.update_container_instance_resources(
                machine, task.resource_requirements, removing=True
            )

    def _arrive(self, payload: dict[str, Any]) -> None:
        """Clock handler: a task arrives in the state it was on the way to."""
        with self._site.moto.working():
            try:
                task = self.find(payload["task"])
            except LabError:
                return
            if task.version == payload["version"]:
                self._enter(task, payload["state"])

    def _forget(self, payload: dict[str, Any]) -> None:
        """Clock handler: a stopped task is not shown any more."""
        with self._site.moto.working():
            try:
                task = self.find(payload["task"])
            except LabError:
                return
            del task._backend.tasks[task.cluster_name][task.task_arn]

    # -- told -------------------------------------------------------------------------------------
    def _tell(self, task: Any, now_us: int) -> None:
        self._site.emit.event(
            task._account_id,
            task.region_name,
            "aws.ecs",
            "ECS Task State Change",
            [task.task_arn],
            _detail(task, now_us),
        )


def _own_network(task: Any) -> bool:
    return task.launch_type == "FARGATE" or bool(task.attachments)


def _refused(fargate: bool, why: str) -> str:
    """Why a task stopped before it began, as each launch type words it."""
    if fargate:
        return (
            "ResourceInitializationError: failed to validate logger args: create stream has been "
            f"retried 1 times: failed to create Cloudwatch log stream: {why} : exit status 1"
        )
    return (
        "CannotStartContainerError: Error response from daemon: failed to initialize logging "
        f"driver: failed to create Cloudwatch log stream: {why}"
    )


def _detail(task: Any, now_us: int) -> dict[str, Any]:
    """The detail of the event, as in the developer guide; what is not set is left out."""
    detail = {
        "attachments": [dict(one) for one in task.attachments],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": task.availability_zone,
        "capacityProviderName": task.capacity_provider_name,
        "clusterArn": task.cluster_arn,
        "connectivity": task.connectivity,
        "connectivityAt": _stamp(task.connectivity_at),
        "containerInstanceArn": task.container_instance_arn,
        "containers": [_container_detail(task, one) for one in task.containers],
        "cpu": str(task.cpu),
        "createdAt": _stamp(task.created_at),
        "desiredStatus": task.desired_status,
        "enableExecuteCommand": False,
        "group": task.group,
        "launchType": task.launch_type,
        "lastStatus": task.last_status,
        "memory": str(task.memory),
        "overrides": {"containerOverrides": [{"name": one.name} for one in task.containers]},
        "platformVersion": task.platform_version,
        "startedAt": _stamp(task.started_at),
        "startedBy": task.started_by or None,
        "stopCode": task.stop_code,
        "stoppedAt": _stamp(task.stopped_at),
        "stoppedReason": task.stopped_reason or None,
        "stoppingAt": _stamp(task.stopping_at),
        "taskArn": task.task_arn,
        "taskDefinitionArn": task.task_definition_arn,
        "updatedAt": iso(now_us, millis=True),
        "version": task.version,
    }
    return {key: value for key, value in detail.items() if value is not None}


def _container_detail(task: Any, one: Any) -> dict[str, Any]:
    detail = {
        "containerArn": one.container_arn,
        "exitCode": one.exitCode,
        "lastStatus": one.last_status,
        "name": one.name,
        "image": one.image,
        "runtimeId": one.runtime_id,
        "taskArn": task.task_arn,
        "networkInterfaces": [],
        "cpu": one.cpu,
        "memory": one.memory,
        "reason": getattr(one, "reason", None),
    }
    return {key: value for key, value in detail.items() if value is not None}


def _stamp(moment: Any) -> str | None:
    from labkit.core.clock import to_us

    return None if moment is None else iso(to_us(moment), millis=True)
