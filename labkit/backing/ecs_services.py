"""ECS services: as many tasks as desired, of the definition that is wanted.

A service looks at its tasks whenever it or one of them changes. Too few: it starts some. Too many:
it stops the oldest. Tasks of a former deployment (another definition, a forced one) are stopped
once the new ones run. A task that stops is replaced; where none can be placed the service says so
in its events, and looks again a minute later.

Sources: ECS developer guide, "Amazon ECS services", "Service event messages", "Service action
events".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.backing.site import Site
from labkit.core.clock import MINUTE, iso, to_datetime

_FINISHED = ("STOPPED", "DEPROVISIONING")


class Services:
    """The scheduler of a lab's services.

    Parameters
    ----------
    site:
        Where it stands. The handler ``ecs.service`` is registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        site.register("ecs.service", self._again)

    def look_at(self, backend: Any, service: Any) -> None:
        """A service was made, changed or deleted: adapt its tasks at this instant's end."""
        if service.task_definition and not service.task_definition.startswith("arn:"):
            definition = backend.describe_task_definition(service.task_definition)
            service.task_definition = definition.arn
        self._deploy(service)
        self.count(backend, service)
        self._look_soon(backend, service, 0)

    def task_changed(self, task: Any, stop: Callable[..., None]) -> None:
        """A task of a service, perhaps, is in another state."""
        if not task.group.startswith("service:"):
            return
        backend = task._backend
        service = backend.services.get(f"{task.cluster_name}:{task.group[8:]}")
        if service is None:
            return
        self.count(backend, service)
        if task.last_status in ("RUNNING", "STOPPED", "DEACTIVATING"):
            self._look_soon(backend, service, 0)

    def _look_soon(self, backend: Any, service: Any, us: int) -> None:
        payload = {
            "account": backend.account_id,
            "region": backend.region_name,
            "service": f"{service.cluster_name}:{service.name}",
        }
        self._site.after(us, "ecs.service", payload, cause=())

    def _again(self, payload: dict[str, Any]) -> None:
        """Clock handler: look at a service."""
        with self._site.moto.working():
            backend = self._site.moto.backend("ecs", payload["account"], payload["region"])
            service = backend.services.get(payload["service"])
            if service is not None:
                self._adapt(backend, service)

    # -- tasks ------------------------------------------------------------------------------------
    def _adapt(self, backend: Any, service: Any) -> None:
        wanted = 0 if service.status == "INACTIVE" else service.desired_count
        alive = [t for t in _tasks(backend, service) if t.desired_status == "RUNNING"]
        ours = [t for t in alive if _of_deployment(t, service)]
        former = [t for t in alive if t not in ours]
        if len(ours) < wanted:
            self._start(backend, service, wanted - len(ours))
        running = sum(task.last_status == "RUNNING" for task in ours)
        surplus = ours[: max(len(ours) - wanted, 0)]
        if running >= wanted:
            surplus += former
        for task in surplus:
            reason = f"Scaling activity initiated by (deployment {_deployment(service)})"
            self._site.moto.listener("ecs").stopping(task, reason, "ServiceSchedulerInitiated")
        self.count(backend, service)
        settled = running == wanted and not former and not surplus
        if settled and not service._labkit_steady and service.status == "ACTIVE":
            service._labkit_steady = True
            self._say(service, f"(service {service.name}) has reached a steady state.")
            self._tell(backend, service, "SERVICE_STEADY_STATE", "INFO")

    def _start(self, backend: Any, service: Any, count: int) -> None:
        from moto.core.exceptions import ServiceException

        if not service.task_definition:
            return
        service._labkit_steady = False
        network = (service.deployments[0] if service.deployments else {}).get(
            "networkConfiguration"
        ) or service.network_configuration
        if network and "awsvpcConfiguration" not in network:
            network = {"awsvpcConfiguration": network}
        try:
            started = backend.run_task(
                service.cluster_name,
                service.task_definition,
                count,
                None,
                _deployment(service),
                None,
                service.launch_type,
                network or None,
                f"service:{service.name}",
                service.platform_version,
            )
        except ServiceException as problem:
            started, why = [], str(problem.message)
        else:
            why = "There was no room on any of them."
        if started:
            told = " ".join(f"(task {task.id})" for task in started)
            self._say(
                service, f"(service {service.name}) has started {len(started)} tasks: {told}."
            )
        if len(started) < count:
            self._say(
                service,
                f"(service {service.name}) was unable to place a task because no container "
                f"instance met all of its requirements. Reason: {why}",
            )
            self._tell(backend, service, "SERVICE_TASK_PLACEMENT_FAILURE", "ERROR")
            self._look_soon(backend, service, MINUTE)

    # -- what is shown ----------------------------------------------------------------------------
    def _deploy(self, service: Any) -> None:
        """A service whose definition is another one has a new deployment."""
        service._labkit_steady = getattr(service, "_labkit_steady", False)
        if not hasattr(service, "created_at"):
            service.created_at = to_datetime(self._site.clock.now_us)
        if not service.deployments:
            return
        deployment = service.deployments[0]
        deployment["desiredCount"] = service.desired_count
        if deployment["taskDefinition"] != service.task_definition:
            deployment["taskDefinition"] = service.task_definition
            deployment["id"] = f"ecs-svc/{int(self._site.ids.hex(15), 16)}"
        deployment["updatedAt"] = to_datetime(self._site.clock.now_us)
        service._labkit_steady = False

    def count(self, backend: Any, service: Any) -> None:
        """Let service, deployment and cluster show how many tasks there are."""
        tasks = _tasks(backend, service)
        service.running_count = sum(task.last_status == "RUNNING" for task in tasks)
        service.pending_count = sum(
            task.last_status in ("PROVISIONING", "PENDING") for task in tasks
        )
        if service.deployments:
            done = service.running_count >= service.desired_count
            state = "COMPLETED" if done else "IN_PROGRESS"
            service.deployments[0] |= {
                "runningCount": service.running_count,
                "pendingCount": service.pending_count,
                "rolloutState": state,
                "rolloutStateReason": f"ECS deployment {_deployment(service)} "
                + ("completed." if done else "in progress."),
            }
        cluster = backend.clusters.get(service.cluster_name)
        if cluster is not None:
            every = list(backend.tasks.get(cluster.name, {}).values())
            cluster.running_tasks_count = sum(t.last_status == "RUNNING" for t in every)
            cluster.pending_tasks_count = sum(
                t.last_status in ("PROVISIONING", "PENDING") for t in every
            )
            cluster.active_services_count = sum(
                s.cluster_name == cluster.name and s.status == "ACTIVE"
                for s in backend.services.values()
            )

    def _say(self, service: Any, text: str) -> None:
        now = to_datetime(self._site.clock.now_us)
        service.events.insert(0, {"id": self._site.ids.uuid(), "createdAt": now, "message": text})
        del service.events[100:]

    def _tell(self, backend: Any, service: Any, name: str, kind: str) -> None:
        self._site.emit.event(
            backend.account_id,
            backend.region_name,
            "aws.ecs",
            "ECS Service Action",
            [service.arn],
            {
                "eventType": kind,
                "eventName": name,
                "clusterArn": service.cluster_arn,
                "createdAt": iso(self._site.clock.now_us, millis=True),
            },
        )


def _tasks(backend: Any, service: Any) -> list[Any]:
    """The tasks of a service that are not over, oldest first."""
    return [
        task
        for task in backend.tasks.get(service.cluster_name, {}).values()
        if task.group == f"service:{service.name}" and task.last_status not in _FINISHED
    ]


def _deployment(service: Any) -> str:
    return str(service.deployments[0]["id"]) if service.deployments else service.name


def _of_deployment(task: Any, service: Any) -> bool:
    return bool(
        task.task_definition_arn == service.task_definition
        and task.started_by == _deployment(service)
    )
