"""Elastic Beanstalk: applications, versions, environments that take minutes to be ready.

::

    Create ──> Launching ──1 min──> machines ──2 min──> Ready ──Update──> Updating ──1 min──> Ready
                                                          └──Terminate──> Terminating ──> Terminated

moto knows little more of Beanstalk than its names, so what stands here is labkit's own: the
machines are moto's. The times are ours. Options come from the call and from the ``.ebextensions``
of the source bundle in S3 (``beanstalk_options``).

**Logs** of the machines reach CloudWatch Logs while ``StreamLogs`` is on and the instance profile
allows it: :meth:`Beanstalk.write_log` is what a workload calls.

Sources: Elastic Beanstalk developer guide, "Configuration options", "Using Elastic Beanstalk with
Amazon CloudWatch Logs", "Using Elastic Beanstalk with Amazon EventBridge"; API reference.
"""

from __future__ import annotations

from typing import Any

from labkit.backing import beanstalk_options as options
from labkit.backing.beanstalk_environments import MACHINES_US, UPDATE_US, Environments, entry
from labkit.backing.beanstalk_records import (
    Application,
    Environment,
    Version,
    application_shown,
    environment_shown,
    version_shown,
)
from labkit.backing.site import Answer, Answers
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError


class Beanstalk(Environments):
    """The applications of a lab: what answers calls. The life of environments is inherited."""

    @property
    def answers(self) -> Answers:
        """The operations that are answered here: all but ListAvailableSolutionStacks."""
        own: dict[str, Answer] = {
            "CheckDNSAvailability": self._check_name,
            "CreateApplication": self._create_application,
            "DescribeApplications": self._describe_applications,
            "DeleteApplication": self._delete_application,
            "CreateApplicationVersion": self._create_version,
            "DescribeApplicationVersions": self._describe_versions,
            "DeleteApplicationVersion": self._delete_version,
            "CreateEnvironment": self._create_environment,
            "DescribeEnvironments": self._describe_environments,
            "UpdateEnvironment": self._update_environment,
            "TerminateEnvironment": self._terminate_environment,
            "DescribeEnvironmentResources": self._describe_resources,
            "DescribeConfigurationSettings": self._describe_settings,
            "ValidateConfigurationSettings": self._validate_settings,
            "DescribeEvents": self._describe_events,
            "ListTagsForResource": self._list_tags,
            "UpdateTagsForResource": self._update_tags,
        }
        return {("elasticbeanstalk", name): answer for name, answer in own.items()}

    # -- applications and versions ----------------------------------------------------------------
    def _create_application(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        name = params["ApplicationName"]
        if name in self._of(call):
            raise _wrong(f"Application {name} already exists.")
        made = self._new_application(call, name, params.get("Description", ""))
        return {"Application": application_shown(made)}

    def _new_application(self, call: Call, name: str, description: str = "") -> Application:
        made = Application(call.account, call.region, name, description, self._site.clock.now_us)
        self._of(call)[name] = made
        return made

    def _describe_applications(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        wanted = params.get("ApplicationNames")
        found = [a for a in self._of(call).values() if not wanted or a.name in wanted]
        return {"Applications": [application_shown(one) for one in found]}

    def _delete_application(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        application = self._of(call).get(params["ApplicationName"])
        if application is None:
            return {}
        alive = [e for e in application.environments.values() if e.status != "Terminated"]
        if alive and not params.get("TerminateEnvByForce"):
            raise AwsError(
                "OperationInProgressFailure",
                f"Unable to delete application {application.name} because it has running "
                "environments.",
            )
        for environment in alive:
            self._begin_to_terminate(environment)
        if not alive:
            del self._of(call)[application.name]
        return {}

    def _create_version(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        name, label = params["ApplicationName"], params["VersionLabel"]
        application = self._of(call).get(name)
        if application is None:
            if not params.get("AutoCreateApplication"):
                raise _wrong(f"No Application named '{name}' found.")
            application = self._new_application(call, name)
        if label in application.versions:
            raise _wrong(f"Application Version {label} already exists.")
        bundle = params.get("SourceBundle") or {}
        if bundle:
            self._bundle(call.account, call.region, bundle)  # it must be there
        made = Version(name, label, bundle, params.get("Description", ""), self._site.clock.now_us)
        application.versions[label] = made
        return {"ApplicationVersion": version_shown(made, call.account, call.region)}

    def _describe_versions(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        labels, name = params.get("VersionLabels"), params.get("ApplicationName")
        found = [
            version_shown(version, call.account, call.region)
            for application in self._of(call).values()
            for version in application.versions.values()
            if (not name or application.name == name) and (not labels or version.label in labels)
        ]
        return {"ApplicationVersions": found}

    def _delete_version(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        application = self._of(call).get(params["ApplicationName"])
        label = params["VersionLabel"]
        if application is None or label not in application.versions:
            return {}
        used = [e for e in application.environments.values() if e.version == label]
        if any(e.status != "Terminated" for e in used):
            raise AwsError(
                "SourceBundleDeletionFailure",
                f"Unable to delete application version {label}, as it is deployed.",
            )
        del application.versions[label]
        return {}

    # -- environments -----------------------------------------------------------------------------
    def _check_name(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        prefix = params["CNAMEPrefix"]
        cname = f"{prefix}.{call.region}.elasticbeanstalk.com"
        used = any(e.cname == cname for e in self._environments(call) if e.status != "Terminated")
        return {"Available": not used, "FullyQualifiedCNAME": cname}

    def _create_environment(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        application = self._of(call).get(params["ApplicationName"])
        if application is None:
            raise _wrong(f"No Application named '{params['ApplicationName']}' found.")
        name = params.get("EnvironmentName") or f"{application.name}-env"
        old = next((e for e in self._environments(call) if e.name == name), None)
        if old is not None and old.status != "Terminated":
            raise _wrong(f"Environment {name} already exists.")
        label = params.get("VersionLabel", "")
        if label and label not in application.versions:
            raise _wrong(f"No Application Version named '{label}' found.")
        asked = options.given(params.get("OptionSettings"))
        self._refuse(options.problems(asked))
        prefix = params.get("CNAMEPrefix") or f"{name}.eba-{self._site.ids.hex(8)}"
        made = Environment(
            account=call.account,
            region=call.region,
            application=application.name,
            name=name,
            id=f"e-{self._site.ids.letters(10).lower()}",
            version=label,
            stack=params.get("SolutionStackName", ""),
            cname=f"{prefix}.{call.region}.elasticbeanstalk.com",
            description=params.get("Description", ""),
            asked=asked,
            created_us=self._site.clock.now_us,
            changed_us=self._site.clock.now_us,
            tags={tag["Key"]: tag["Value"] for tag in params.get("Tags", ())},
        )
        application.environments[name] = made
        self._say(made, "createEnvironment is starting.", status="Environment creation started")
        if not self._configure(made):
            self._say(made, "Failed to launch environment.", "ERROR")
            self._end(made)
        else:
            self._site.after(MACHINES_US, "beanstalk.machines", entry(made))
        return environment_shown(made)

    def _describe_environments(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        names, ids = params.get("EnvironmentNames"), params.get("EnvironmentIds")
        deleted = params.get("IncludeDeleted", False)
        found = [
            environment_shown(e)
            for e in self._environments(call)
            if (not names or e.name in names)
            and (not ids or e.id in ids)
            and params.get("ApplicationName") in (None, e.application)
            and params.get("VersionLabel") in (None, e.version)
            and (e.status != "Terminated" or deleted)
        ]
        return {"Environments": found}

    def _update_environment(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        environment = self._find(params, call)
        if environment.status != "Ready":
            raise _wrong(
                f"Environment named {environment.name} is in an invalid state for this operation. "
                "Must be Ready."
            )
        label = params.get("VersionLabel")
        if label:
            if label not in self._of(call)[environment.application].versions:
                raise _wrong(f"No Application Version named '{label}' found.")
            environment.version = label
        asked = options.given(params.get("OptionSettings"))
        self._refuse(options.problems(asked))
        environment.asked |= asked
        for one in params.get("OptionsToRemove", ()):
            environment.asked.pop((one.get("Namespace", ""), one.get("OptionName", "")), None)
        started = "Environment update is starting."
        self._say(environment, started, status="Environment update started")
        self._configure(environment)
        self._enter(environment, "Updating", UPDATE_US, "Ready")
        return environment_shown(environment)

    def _terminate_environment(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        environment = self._find(params, call)
        if environment.status not in ("Terminating", "Terminated"):
            self._begin_to_terminate(environment)
        return environment_shown(environment)

    def _describe_resources(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        environment = self._find(params, call)
        machines = [{"Id": one} for one in environment.machines]
        return {
            "EnvironmentResources": {
                "EnvironmentName": environment.name,
                "Instances": machines,
                "AutoScalingGroups": [],
                "LaunchConfigurations": [],
                "LaunchTemplates": [],
                "LoadBalancers": [],
                "Triggers": [],
                "Queues": [],
            }
        }

    # -- options ----------------------------------------------------------------------------------
    def _describe_settings(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        environment = self._find(params, call)
        return {
            "ConfigurationSettings": [
                {
                    "SolutionStackName": environment.stack,
                    "ApplicationName": environment.application,
                    "EnvironmentName": environment.name,
                    "DeploymentStatus": "deployed" if environment.status == "Ready" else "pending",
                    "DateCreated": to_datetime(environment.created_us),
                    "DateUpdated": to_datetime(environment.changed_us),
                    "OptionSettings": options.shown(environment.options),
                }
            ]
        }

    def _validate_settings(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        messages = []
        for one in params["OptionSettings"]:
            for said in options.problems(options.given([one])):
                messages.append(
                    {
                        "Message": said,
                        "Severity": "error",
                        "Namespace": one.get("Namespace", ""),
                        "OptionName": one.get("OptionName", ""),
                    }
                )
        return {"Messages": messages}

    @staticmethod
    def _refuse(wrong: list[str]) -> None:
        if wrong:
            raise AwsError(
                "ConfigurationValidationException",
                f"Configuration validation exception: {wrong[0]}",
            )

    # -- events and tags --------------------------------------------------------------------------
    def _describe_events(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        rank = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
        least = rank.index(params.get("Severity", "TRACE"))
        name, application = params.get("EnvironmentName"), params.get("ApplicationName")
        found = [
            {**event, "EventDate": to_datetime(event["EventDate"])}
            for event in reversed(self._events.get((call.account, call.region), []))
            if name in (None, event["EnvironmentName"])
            and application in (None, event["ApplicationName"])
            and rank.index(event["Severity"]) >= least
        ]
        return {"Events": found[: params.get("MaxRecords", 1000)]}

    def _list_tags(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        tags = self._tags(params["ResourceArn"], call)
        return {
            "ResourceArn": params["ResourceArn"],
            "ResourceTags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        }

    def _update_tags(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        tags = self._tags(params["ResourceArn"], call)
        tags.update({tag["Key"]: tag["Value"] for tag in params.get("TagsToAdd", ())})
        for key in params.get("TagsToRemove", ()):
            tags.pop(key, None)
        return {}

    def _tags(self, arn: str, call: Call) -> dict[str, str]:
        for environment in self._environments(call):
            if environment.arn == arn:
                return environment.tags
        raise AwsError("ResourceNotFoundException", f"Resource not found for ARN '{arn}'.")

    # -- look-ups ---------------------------------------------------------------------------------
    def _of(self, call: Call) -> dict[str, Application]:
        return self._applications.setdefault((call.account, call.region), {})

    def _environments(self, call: Call) -> list[Environment]:
        return [e for a in self._of(call).values() for e in a.environments.values()]

    def _find(self, params: dict[str, Any], call: Call) -> Environment:
        name, unique = params.get("EnvironmentName"), params.get("EnvironmentId")
        if not name and not unique:
            raise AwsError(
                "MissingParameter", "Either EnvironmentId or EnvironmentName must be specified."
            )
        for environment in self._environments(call):
            if name in (None, environment.name) and unique in (None, environment.id):
                return environment
        raise _wrong(f"No Environment found for EnvironmentName = '{name or unique}'.")


def _wrong(text: str) -> AwsError:
    return AwsError("InvalidParameterValue", text)
