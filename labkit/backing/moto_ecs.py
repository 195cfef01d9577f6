"""Seams of ECS: tasks that live on the lab's clock, services that start them.

moto's task is running the moment it is made, walks to STOPPED by being looked at, and has one
container however many its definition has; its services run nothing. Here a task that moto has made
is handed to the mounted world's listener (``ecs.py``), which says what state it is in, and so is a
service that was made, changed or deleted. Exceptions that moto raises bare, a 500 for the caller,
are AWS's own errors.
"""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_random import mock_random
from labkit.backing.moto_seams import listener, seam


class EcsListener(Protocol):
    """What the hooks tell, and whom."""

    def started(self, task: Any) -> None:
        """moto made a task."""

    def stopping(self, task: Any, reason: str) -> None:
        """Somebody stops a task."""

    def service_changed(self, backend: Any, service: Any) -> None:
        """A service was made, changed or deleted."""


def _listener() -> Any:
    return listener("ecs")


@seam("moto.ecs.models")
def _hook_tasks(module: ModuleType) -> None:
    task = module.Task
    make, advance = task.__init__, task.advance
    last_status = task.last_status

    def __init__(self: Any, cluster: Any, task_definition: Any, *args: Any, **kwargs: Any) -> None:
        for given in (*args, *kwargs.values()):
            # Without groups of its own a task gets the subnet's default one; moto breaks.
            if isinstance(given, dict) and "awsvpcConfiguration" in given:
                given["awsvpcConfiguration"].setdefault("securityGroups", [])
        make(self, cluster, task_definition, *args, **kwargs)
        ecs = _listener()
        if ecs is None:
            return
        self.id = self.id.replace("-", "")  # ids of tasks have no hyphens
        self.containers = [
            _container(module, self, task_definition, given)
            for given in task_definition.container_definitions
        ]
        ecs.started(self)

    def read(self: Any) -> Any:
        return self._labkit_status if _listener() is not None else last_status.fget(self)

    def write(self: Any, value: str) -> None:
        if _listener() is None:
            last_status.fset(self, value)

    # moto makes up an address that is not in the task's subnet; without one the subnet gives it.
    address = module.random_private_ip
    module.random_private_ip = lambda: address() if _listener() is None else None  # type: ignore[attr-defined]
    task.__init__ = __init__
    task.advance = lambda self: advance(self) if _listener() is None else None
    task.last_status = property(read, write)


def _container(module: ModuleType, task: Any, definition: Any, given: dict[str, Any]) -> Any:
    one = module.Container(definition)
    unique = mock_random().uuid4()
    where = f"{task.region_name}:{task._account_id}:container/{task.cluster_name}/{task.id}"
    one.container_arn = f"arn:aws:ecs:{where}/{unique}"
    one.task_arn = task.task_arn
    one.name, one.image = given.get("name"), given.get("image")
    # Answers and events hold these as text.
    one.cpu = str(given.get("cpu", 0))
    one.memory = None if given.get("memory") is None else str(given["memory"])
    one.exitCode = None
    one.health_status = "UNKNOWN"
    one.runtime_id = f"{task.id}-{mock_random().randint(10**9, 10**10 - 1)}"
    return one


@seam("moto.ecs.models")
def _hook_runs(module: ModuleType) -> None:
    backend = module.EC2ContainerServiceBackend
    run_task, stop_task, list_tasks = backend.run_task, backend.stop_task, backend.list_tasks

    def run(self: Any, cluster_str: str, *args: Any, **kwargs: Any) -> Any:
        if _listener() is None:
            return run_task(self, cluster_str, *args, **kwargs)
        try:
            return run_task(self, cluster_str, *args, **kwargs)
        except Exception as problem:
            if type(problem) is not Exception:
                raise
            raise module.InvalidParameterException(
                "No Container Instances were found in your cluster."
            ) from None

    def stop(self: Any, cluster_str: str, task_str: str, reason: str) -> Any:
        ecs = _listener()
        if ecs is None:
            return stop_task(self, cluster_str, task_str, reason)
        cluster = self._get_cluster(cluster_str)
        for arn, task in self.tasks.get(cluster.name, {}).items():
            if arn.rpartition("/")[2] == task_str.rpartition("/")[2]:
                ecs.stopping(task, reason)
                return task
        raise module.InvalidParameterException("The referenced task was not found.")

    def listed(self: Any, *args: Any, **kwargs: Any) -> Any:
        """moto does not look at the service, nor at what a task is desired to be by default."""
        found = list_tasks(self, *args, **kwargs)
        if _listener() is None:
            return found
        names = ("cluster_str", "container_instance", "family", "started_by", "service_name")
        given = {**dict(zip((*names, "desiredStatus"), args, strict=False)), **kwargs}
        service = (given.get("service_name") or "").rpartition("/")[2]
        return [
            task
            for task in found
            if (not service or task.group == f"service:{service}")
            and (given.get("desiredStatus") or task.desired_status == "RUNNING")
        ]

    backend.run_task, backend.stop_task, backend.list_tasks = run, stop, listed


@seam("moto.ecs.models")
def _hook_services(module: ModuleType) -> None:
    backend = module.EC2ContainerServiceBackend
    requirements = backend._calculate_task_resource_requirements

    def required(task_definition: Any) -> Any:
        """On Fargate a container need not say its memory; moto adds None to a number."""
        filled = copy.copy(task_definition)
        filled.container_definitions = [
            {**given, "memory": given.get("memory") or given.get("memoryReservation") or 0}
            for given in task_definition.container_definitions
        ]
        return requirements(filled)

    def told(change: Any) -> Any:
        def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
            service = change(self, *args, **kwargs)
            ecs = _listener()
            if ecs is not None:
                ecs.service_changed(self, service)
            return service

        return changed

    backend._calculate_task_resource_requirements = staticmethod(required)
    for name in ("create_service", "update_service", "delete_service"):
        setattr(backend, name, told(getattr(backend, name)))
