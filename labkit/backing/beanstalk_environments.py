"""The life of Beanstalk environments: machines, statuses, options in force, events, logs."""

from __future__ import annotations

from typing import Any

from labkit.backing import beanstalk_options as options
from labkit.backing.beanstalk_records import Application, Environment
from labkit.backing.site import Site
from labkit.core.clock import HOUR, MINUTE, Phase
from labkit.core.errors import AwsError, LabError

#: How long launching takes: until the machines are there, and from there on until it is ready.
MACHINES_US = MINUTE
READY_US = 2 * MINUTE
UPDATE_US = MINUTE
TERMINATE_US = MINUTE

#: Logs that are streamed on Amazon Linux platforms.
STREAMED = (
    "/var/log/eb-engine.log",
    "/var/log/eb-hooks.log",
    "/var/log/nginx/access.log",
    "/var/log/nginx/error.log",
    "/var/log/web.stdout.log",
    "/var/log/httpd/access_log",
    "/var/log/httpd/error_log",
)

#: What the names of an environment's log groups begin with; its own name and the path follow.
GROUPS = "/aws/elasticbeanstalk"

_TYPE = ("aws:elasticbeanstalk:environment", "EnvironmentType")

Place = tuple[str, str]


class Environments:
    """The environments of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handlers ``beanstalk.machines``, ``beanstalk.arrive`` and
        ``beanstalk.forget`` are registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._applications: dict[Place, dict[str, Application]] = {}
        self._events: dict[Place, list[dict[str, Any]]] = {}
        site.register("beanstalk.machines", self._machines)
        site.register("beanstalk.arrive", self._arrive)
        site.register("beanstalk.forget", self._forget)

    # -- what workloads call ----------------------------------------------------------------------
    def write_log(self, account: str, region: str, environment: str, path: str, *lines: str) -> int:
        """Let every machine of an environment write lines to one of its log files.

        Parameters
        ----------
        environment:
            The environment's name.
        path:
            ``/var/log/nginx/access.log``: one of :data:`STREAMED`.
        lines:
            Without line ends.

        Returns
        -------
        How many machines' lines reached CloudWatch Logs: none unless ``StreamLogs`` is on, the
        environment is up, and its instance profile allows ``logs:PutLogEvents``.

        Raises
        ------
        LabError
            When there is no such environment.
        """
        found = self.environment(account, region, environment)
        ready = found.status in ("Ready", "Updating")
        if not ready or found.options.get((options.LOGS, "StreamLogs")) != "true":
            return 0
        if path not in STREAMED or not lines:
            return 0
        group = f"{GROUPS}/{environment}{path}"
        if not self._site.emit.log_group_exists(account, region, group):
            return 0
        role = self._role(found)
        stream_arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
        if not role or not self._site.allowed(role, "logs:PutLogEvents", stream_arn):
            return 0
        now_us = self._site.clock.now_us
        for machine in found.machines:
            events = [(now_us, line) for line in lines]
            self._site.emit.log(account, region, "elasticbeanstalk", group, machine, events)
        return len(found.machines)

    def xray_enabled(self, account: str, region: str, environment: str) -> bool:
        """Whether the X-Ray daemon runs on the machines of an environment."""
        found = self.environment(account, region, environment)
        return found.status == "Ready" and found.options.get((options.XRAY, "XRayEnabled")) == (
            "true"
        )

    def environment(self, account: str, region: str, name: str) -> Environment:
        """An environment by its name.

        Raises
        ------
        LabError
            When there is none.
        """
        for application in self._applications.get((account, region), {}).values():
            if name in application.environments:
                return application.environments[name]
        raise LabError(f"there is no Beanstalk environment {name!r}")

    def bundle_of(self, environment: Environment) -> bytes:
        """The source bundle that an environment runs; empty for the sample application.

        Raises
        ------
        AwsError
            When S3 does not have it any more.
        """
        place = environment.account, environment.region
        application = self._applications[place][environment.application]
        version = application.versions.get(environment.version)
        if version is None or not version.bundle:
            return b""
        return self._bundle(*place, version.bundle)

    def role_of(self, environment: Environment) -> str:
        """The role of an environment's machines; empty without one."""
        return self._role(environment)

    def _role(self, environment: Environment) -> str:
        """The role of an environment's machines; empty without one."""
        profile = environment.options.get((options.MACHINE, "IamInstanceProfile"), "")
        with self._site.moto.held():
            iam = self._site.moto.backend("iam", environment.account, environment.region)
            for one in iam.instance_profiles.values():
                if profile in (one.name, one.arn) and one.roles:
                    return str(one.roles[0].arn)
        return ""

    # -- the course of an environment -------------------------------------------------------------
    def _enter(self, environment: Environment, status: str, us: int, then: str) -> None:
        environment.status = status
        environment.moves += 1
        environment.changed_us = self._site.clock.now_us
        self._site.after(us, "beanstalk.arrive", {**entry(environment), "status": then})

    def _machines(self, payload: dict[str, Any]) -> None:
        """Clock handler: the machines of a new environment are started."""
        environment = self._lookup(payload)
        if environment is None:
            return
        count = int(environment.options.get((options.GROUP, "MinSize"), "1"))
        if environment.options.get(_TYPE) == "SingleInstance":
            count = 1
        tags = {
            "Name": environment.name,
            "elasticbeanstalk:environment-id": environment.id,
            "elasticbeanstalk:environment-name": environment.name,
        }
        with self._site.moto.working():
            ec2 = self._ec2(environment)
            image = next(iter(ec2.describe_images(owners=["amazon"]))).id
            made = ec2.run_instances(
                image,
                count,
                "",
                [],
                instance_type=environment.options.get((options.MACHINE, "InstanceType")),
                is_instance_type_default=False,
                region_name=environment.region,
                placement=None,
                tags={"instance": tags},
            )
            environment.machines = [instance.id for instance in made.instances]
        for machine in environment.machines:
            self._say(environment, f"Added instance [{machine}] to your environment.")
        self._enter(environment, "Launching", READY_US, "Ready")

    def _arrive(self, payload: dict[str, Any]) -> None:
        """Clock handler: an environment arrives in the status it was on the way to."""
        environment = self._lookup(payload)
        if environment is None:
            return
        if payload["status"] == "Terminated":
            self._end(environment)
            said = "terminateEnvironment completed successfully."
            self._say(environment, said, status="Environment termination successful")
            return
        launched = environment.status == "Launching"
        environment.status, environment.health = "Ready", "Green"
        environment.moves += 1
        environment.changed_us = self._site.clock.now_us
        self._keep_logs(environment)
        if launched:
            said = f"Successfully launched environment: {environment.name}"
            self._say(environment, said, status="Environment creation successful")
        else:
            said = "Environment update completed successfully."
            self._say(environment, said, status="Environment update successful")

    def _keep_logs(self, environment: Environment) -> None:
        """Make the log groups that an environment streams to, as its options want them."""
        if environment.options.get((options.LOGS, "StreamLogs")) != "true":
            return
        days = int(environment.options.get((options.LOGS, "RetentionInDays"), "7"))
        for path in STREAMED:
            name = f"{GROUPS}/{environment.name}{path}"
            self._site.emit.ensure_log_group(environment.account, environment.region, name, days)

    def _end(self, environment: Environment) -> None:
        if environment.options.get((options.LOGS, "DeleteOnTerminate")) == "true":
            for path in STREAMED:
                name = f"{GROUPS}/{environment.name}{path}"
                self._site.emit.delete_log_group(environment.account, environment.region, name)
        environment.status, environment.health = "Terminated", "Grey"
        environment.machines = []
        environment.moves += 1
        environment.changed_us = self._site.clock.now_us
        self._site.after(HOUR, "beanstalk.forget", entry(environment), Phase.RETENTION, cause=())

    def _forget(self, payload: dict[str, Any]) -> None:
        """Clock handler: a terminated environment is not shown any more."""
        environment = self._lookup(payload)
        if environment is not None:
            place = environment.account, environment.region
            del self._applications[place][environment.application].environments[environment.name]

    def _lookup(self, payload: dict[str, Any]) -> Environment | None:
        """The environment of an entry of the clock, unless it has moved on since."""
        try:
            found = self.environment(payload["account"], payload["region"], payload["name"])
        except LabError:
            return None
        return found if (found.id, found.moves) == (payload["id"], payload["moves"]) else None

    # -- told -------------------------------------------------------------------------------------
    def _say(
        self, environment: Environment, text: str, severity: str = "INFO", status: str = ""
    ) -> None:
        now_us = self._site.clock.now_us
        event: dict[str, Any] = {
            "EventDate": now_us,
            "Message": text,
            "ApplicationName": environment.application,
            "EnvironmentName": environment.name,
            "Severity": severity,
        }
        self._events.setdefault((environment.account, environment.region), []).append(event)
        if status:
            self._site.emit.event(
                environment.account,
                environment.region,
                "aws.elasticbeanstalk",
                "Elastic Beanstalk resource status change",
                [environment.arn],
                {**event, "EventDate": now_us // 1000, "Status": status},
            )

    def _begin_to_terminate(self, environment: Environment) -> None:
        started = "terminateEnvironment is starting."
        self._say(environment, started, status="Environment termination started")
        if environment.machines:
            with self._site.moto.working():
                self._ec2(environment).terminate_instances(environment.machines)
        self._enter(environment, "Terminating", TERMINATE_US, "Terminated")

    # -- options in force
    def _configure(self, environment: Environment) -> bool:
        """Put an environment's options together; False, and an event, when the bundle is wrong."""
        found = options.defaults()
        place = environment.account, environment.region
        application = self._applications[place][environment.application]
        version = application.versions.get(environment.version)
        if version is not None and version.bundle:
            try:
                content = self._bundle(*place, version.bundle)
                from_bundle = options.extensions(content, version.label)
            except AwsError as problem:
                self._say(environment, str(problem.message), "ERROR")
                return False
            except options.ExtensionError as problem:
                self._say(environment, str(problem), "ERROR")
                return False
            wrong = options.problems(from_bundle)
            if wrong:
                self._say(environment, f"'{wrong[0]}'", "ERROR")
                return False
            found |= from_bundle
        environment.options = found | environment.asked
        return True

    def _bundle(self, account: str, region: str, place: dict[str, Any]) -> bytes:
        bucket, key = place.get("S3Bucket", ""), place.get("S3Key", "")
        with self._site.moto.working():
            from moto.core.exceptions import ServiceException

            try:
                found = self._site.moto.backend("s3", account, region).get_object(bucket, key)
            except ServiceException:
                found = None
            if found is None:
                raise AwsError(
                    "InvalidParameterCombination",
                    f"Unable to download from S3 location (Bucket: {bucket}  Key: {key}). "
                    "Reason: Not Found",
                )
            return bytes(found.value)

    def _ec2(self, environment: Environment) -> Any:
        return self._site.moto.backend("ec2", environment.account, environment.region)


def entry(environment: Environment) -> dict[str, Any]:
    """The payload of an entry of the clock about an environment as it is now."""
    return {
        "account": environment.account,
        "region": environment.region,
        "name": environment.name,
        "id": environment.id,
        "moves": environment.moves,
    }
