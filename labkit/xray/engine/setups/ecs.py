"""ECS: the daemon as a side-car of the task, or once on each instance.

::

    network mode   where the side-car is        what the program needs
    bridge         another container's address  links, UDP 2000 mapped, the address variable
    awsvpc         the task's own 127.0.0.1     nothing (Fargate has only this)
    host           the instance's 127.0.0.1     nothing

A daemon of its own (a service that runs once on each instance) is reached at the instance's
address; Fargate has no instances, so it has no such daemon.

In bridge mode a container sees only itself at 127.0.0.1: an SDK that nobody told another address
sends into nothing, and gets no error, as UDP gives none.

Source: X-Ray developer guide, "Running the X-Ray daemon on Amazon ECS"; ECS developer guide, "Task
definition parameters". That a side-car in bridge mode needs its port mapping although the link
would carry without one is as AWS's page has it (an approximation).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from labkit.core.verdict import Verdict
from labkit.xray.engine.setups.finding import (
    ADDRESS,
    LOCAL,
    PORT,
    Finding,
    address,
    permissions,
)

#: Where containers of bridge mode reach their instance.
GATEWAY = "172.17.0.1"

Container = Mapping[str, Any]


def explain(
    task_definition: Mapping[str, Any],
    allowed: Collection[str] | None = None,
    *,
    container: str | None = None,
    launch_type: str = "",
    instance_role: str = "",
    daemon: Mapping[str, Any] | None = None,
    daemon_strategy: str = "DAEMON",
    task_status: str = "RUNNING",
) -> Verdict[bool]:
    """Whether traces of a program in a task arrive.

    Parameters
    ----------
    task_definition:
        As RegisterTaskDefinition takes it, of the program.
    allowed:
        The X-Ray actions that the role of the daemon's task may do; None when that is not known.
    container:
        The program's container; the first one that is no daemon when left out.
    launch_type:
        ``EC2`` or ``FARGATE``; read off requiresCompatibilities when left out.
    instance_role:
        Of the container instances, which a task without a role of its own has (not on Fargate).
    daemon:
        The task definition of a daemon that runs by itself on each instance, if there is one.
    daemon_strategy:
        The schedulingStrategy of its service.
    task_status:
        Of the task, where one is meant and not a definition.
    """
    finding = Finding()
    if task_status not in ("RUNNING", "DEACTIVATING", "STOPPING"):
        finding.wrong("task", f"the task does not run: it is {task_status}", status=task_status)
    containers = _containers(finding, task_definition)
    fargate = (launch_type or _launch_type(task_definition)).upper() == "FARGATE"
    mode = task_definition.get("networkMode") or ("awsvpc" if fargate else "bridge")
    if fargate and mode != "awsvpc":
        finding.wrong("network", f"Fargate has network mode awsvpc alone, not {mode}", mode=mode)
    program = _program(finding, containers, container)
    side_car = next((one for one in containers if is_daemon(one)), None)
    if program is None or finding.mistakes:
        return finding.verdict()
    told = environment(program).get(ADDRESS)
    where = address(told)
    if where is None:
        finding.wrong("address", f"{ADDRESS} is {told!r}: host:port is what SDKs read", value=told)
        return finding.verdict()
    sender = task_definition
    if mode == "none":
        finding.wrong("network", "network mode none: containers have no network at all", mode=mode)
    elif side_car is not None:
        _beside(finding, mode, program, side_car, told)
    elif daemon is not None:
        sender = daemon
        _on_instance(finding, mode, fargate, daemon, daemon_strategy, told)
    else:
        _missing(finding, fargate)
    _passing_on(finding, sender, allowed, "" if fargate else instance_role)
    return finding.verdict()


def _passing_on(
    finding: Finding,
    sender: Mapping[str, Any],
    allowed: Collection[str] | None,
    instance_role: str,
) -> None:
    """Who may pass on: the role of the daemon's task, else that of its instance."""
    role = str(sender.get("taskRoleArn") or instance_role)
    whose = "the task role" if sender.get("taskRoleArn") else "the role of the container instance"
    if not role:
        more = " (the execution role is for the agent alone)"
        whose = f"taskRoleArn{more if sender.get('executionRoleArn') else ''}"
    permissions(finding, role, allowed, whose)


# -- the two ways
def _beside(
    finding: Finding, mode: str, program: Container, side_car: Container, told: str | None
) -> None:
    """A daemon in the same task."""
    name = str(side_car.get("name", ""))
    where = address(told)
    assert where is not None
    if mode == "bridge":
        _mapped(finding, side_car, needed=True)
        _linked(finding, program, name, where.host, told)
        if _binds_locally(side_car):
            finding.wrong(
                "bind",
                f"{name} is told to listen on 127.0.0.1, which no other container reaches: "
                "-b 0.0.0.0:2000",
                command=side_car.get("command"),
            )
    else:
        _mapped(finding, side_car, needed=False)
        if where.host not in LOCAL:
            finding.wrong(
                "address",
                f"{ADDRESS} says {where}: in network mode {mode} the side-car is at "
                f"127.0.0.1:{PORT}, so the variable is not needed",
                value=told,
            )
        else:
            finding.good("address", f"in network mode {mode} the side-car is at {where}")
        if program.get("links"):
            finding.wrong("links", f"links are for bridge mode; {mode} refuses them")
    if where.port != PORT:
        finding.wrong("port", f"{ADDRESS} says port {where.port}: the daemon listens on UDP {PORT}")
    if not finding.mistakes:
        finding.good("daemon", f"the side-car {name} listens on UDP {PORT}")
    if side_car.get("essential") is not False:
        finding.remark(
            "essential", f"{name} is essential: when the daemon ends, the whole task ends with it"
        )


def _linked(
    finding: Finding, program: Container, side_car: str, host: str, told: str | None
) -> None:
    """Bridge mode: the side-car is a host of its own, known by its link's name."""
    links = program.get("links") or ()
    aliases = {}
    for link in links if isinstance(links, list | tuple) else (links,):
        linked, _, alias = str(link).partition(":")
        aliases[alias or linked] = linked
    hosts = [alias for alias, linked in aliases.items() if linked == side_car]
    if host in LOCAL:
        what = f"says {told}" if told else "is not set, so the SDK takes 127.0.0.1:2000"
        finding.wrong(
            "address",
            f"{ADDRESS} {what}: in bridge mode that is the program's own container; the side-car "
            f"has its own address: {side_car}:{PORT}, by its link's name",
            value=told,
        )
    elif host in hosts:
        finding.good("address", f"{ADDRESS} leads over the link to {side_car}")
    elif host == side_car:
        finding.wrong(
            "links",
            f"{ADDRESS} says {host}, but {program.get('name')} has no link to it: "
            f'"links": ["{side_car}"]',
            links=list(aliases),
        )
    else:
        finding.wrong(
            "address",
            f"{ADDRESS} says {host}, which no link of {program.get('name')} is called; the "
            f"side-car is {side_car}",
            links=list(aliases),
        )
    if host in LOCAL and not hosts:
        finding.wrong("links", f'{program.get("name")} has no link: "links": ["{side_car}"]')


def _mapped(finding: Finding, side_car: Container, *, needed: bool) -> None:
    """The side-car's port: 2000, UDP."""
    name = side_car.get("name")
    mappings = list(_objects(side_car.get("portMappings")))
    here = [one for one in mappings if one.get("containerPort") == PORT]
    if any(_protocol(one) == "udp" for one in here):
        finding.good("port mapping", f"{name} maps UDP {PORT}")
        return
    if here:
        finding.wrong(
            "port mapping",
            f"{name} maps {PORT} for {_protocol(here[0])}"
            + ("" if here[0].get("protocol") else " (what a mapping without a protocol means)")
            + f": the daemon listens on UDP {PORT}",
            mappings=mappings,
        )
    elif mappings and needed:
        ports = ", ".join(str(one.get("containerPort")) for one in mappings)
        finding.wrong(
            "port mapping", f"{name} maps {ports}: the daemon listens on UDP {PORT}", ports=ports
        )
    elif needed:
        finding.wrong(
            "port mapping",
            f'{name} has no port mapping: {{"containerPort": {PORT}, "protocol": "udp"}}',
        )


def _on_instance(
    finding: Finding,
    mode: str,
    fargate: bool,
    daemon: Mapping[str, Any],
    strategy: str,
    told: str | None,
) -> None:
    """A daemon that runs once on each instance."""
    if fargate:
        finding.wrong(
            "daemon",
            "Fargate has no instances, so no daemon beside the tasks: a side-car in each task",
        )
        return
    one = next((c for c in _containers(finding, daemon) if is_daemon(c)), None)
    if one is None:
        finding.wrong("daemon", "the daemon's task definition has no container of the X-Ray daemon")
        return
    if strategy.upper() != "DAEMON":
        finding.remark(
            "strategy",
            f"its service is scheduled as {strategy}: instances without a copy of it send nothing",
        )
    daemon_mode = daemon.get("networkMode") or "bridge"
    if daemon_mode == "bridge":
        _mapped(finding, one, needed=True)
        ports = [m.get("hostPort") for m in _objects(one.get("portMappings"))
                 if m.get("containerPort") == PORT]  # fmt: skip
        if PORT not in ports:
            finding.wrong(
                "host port",
                f"the daemon's hostPort is {ports[0] if ports else None} (0: any): programs of "
                f"other tasks find it only at a fixed one, {PORT}",
            )
        if _binds_locally(one):
            finding.wrong("bind", "the daemon listens on its own 127.0.0.1: -b 0.0.0.0:2000")
    elif daemon_mode == "awsvpc":
        finding.wrong(
            "network", "the daemon has an address of its own (awsvpc), which changes: host or "
            "bridge with hostPort 2000"
        )  # fmt: skip
    where = address(told)
    assert where is not None
    if mode == "host" or where.host not in LOCAL:
        if where.port != PORT:
            finding.wrong("port", f"{ADDRESS} says port {where.port}, not {PORT}")
        finding.good("address", f"{where} leads to the instance's daemon")
    else:
        finding.wrong(
            "address",
            f"in network mode {mode} 127.0.0.1 is the program's own: {ADDRESS} must lead to the "
            f"instance, {GATEWAY}:{PORT} from the default bridge",
            value=told,
        )


def _missing(finding: Finding, fargate: bool) -> None:
    where = "a side-car in this task" + (
        "" if fargate else ", or a daemon service on each instance"
    )
    finding.wrong(
        "daemon", f"nobody listens on UDP {PORT}: no container of the X-Ray daemon; {where}"
    )


# -- reading a task definition
def _containers(finding: Finding, task_definition: Mapping[str, Any]) -> list[Container]:
    """The containers; lists that are objects are said, since the notes of many have them so."""
    given = task_definition.get("containerDefinitions")
    if given is None and "name" in task_definition:
        given = [task_definition]  # a container definition by itself
    if not isinstance(given, list | tuple):
        finding.wrong("shape", "containerDefinitions is a list of container definitions")
        return []
    found = [one for one in given if isinstance(one, Mapping)]
    for one in found:
        for name in ("portMappings", "environment", "links"):
            value = one.get(name)
            if value is not None and not isinstance(value, list | tuple):
                kind = "strings" if name == "links" else "objects"
                finding.wrong(
                    "shape",
                    f"{name} of {one.get('name')} is a list of {kind}: [...], not "
                    f"{type(value).__name__}; ECS refuses the definition",
                    value=str(value)[:200],
                )
    return found


def _program(finding: Finding, containers: list[Container], name: str | None) -> Container | None:
    programs = [one for one in containers if not is_daemon(one)]
    if name is not None:
        found = next((one for one in programs if one.get("name") == name), None)
        if found is None:
            finding.wrong("container", f"no container of a program is called {name}")
        return found
    if not programs and not finding.mistakes:
        finding.wrong("container", "there is no program in this task, only the daemon")
    linked = [one for one in programs if one.get("links")]
    return next(iter(linked or programs), None)


def is_daemon(container: Container) -> bool:
    """Whether a container is the X-Ray daemon: by its image, or, with an unknown one, its name."""
    image = str(container.get("image", "")).partition("@")[0]
    base = image.rpartition("/")[2].partition(":")[0]
    if base in ("aws-xray-daemon", "xray-daemon"):
        return True
    return "xray" in base or str(container.get("name", "")) in ("xray-daemon", "xray")


def environment(container: Container) -> dict[str, str]:
    """A container's environment as a program sees it."""
    return {
        str(one.get("name", "")): str(one.get("value", ""))
        for one in _objects(container.get("environment"))
    }


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list | tuple) else ():
        if isinstance(one, Mapping):
            yield one


def _protocol(mapping: Mapping[str, Any]) -> str:
    return str(mapping.get("protocol") or "tcp").lower()


def _binds_locally(container: Container) -> bool:
    """Whether the daemon's command has it listen on its own loopback alone.

    The image's own command binds 0.0.0.0; a command in the definition takes its place.
    """
    command = container.get("command")
    if not isinstance(command, list | tuple) or not command:
        return False
    words = [str(one) for one in command]
    text = " ".join(words)
    for flag in ("-b", "--bind"):
        if flag in words and words.index(flag) + 1 < len(words):
            return words[words.index(flag) + 1].startswith(("127.", "localhost"))
        if f"{flag}=" in text:
            return text.partition(f"{flag}=")[2].startswith(("127.", "localhost"))
    return True


def _launch_type(task_definition: Mapping[str, Any]) -> str:
    needs = task_definition.get("requiresCompatibilities")
    return "FARGATE" if isinstance(needs, list | tuple) and list(needs) == ["FARGATE"] else "EC2"
