"""CodeBuild: builds that take their time, succeed or fail, and say so.

::

    SUBMITTED QUEUED PROVISIONING DOWNLOAD_SOURCE INSTALL PRE_BUILD BUILD POST_BUILD
    UPLOAD_ARTIFACTS FINALIZING COMPLETED

Each phase is an entry of the clock. A failed INSTALL or PRE_BUILD leads straight to FINALIZING; a
failed BUILD is followed by POST_BUILD all the same, as there. Whether a build fails is decided by
its build specification (``codebuild_spec``), or by an environment variable ``LABKIT_FAIL`` whose
value names a phase. A build that runs longer than its timeout is ended as TIMED_OUT.

Told on the way: the fact ``build.state``, the events "CodeBuild Build State Change" and "CodeBuild
Build Phase Change", log lines in ``/aws/codebuild/<project>``, metrics in AWS/CodeBuild.

Sources: CodeBuild user guide, "Build phase transitions", "Build notifications input format
reference", "CodeBuild metrics". How long a phase takes is ours.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from labkit.backing import codebuild_spec as spec
from labkit.backing.codebuild_events import phase_detail, state_detail
from labkit.backing.codebuild_records import Build, new_build
from labkit.backing.site import Answers, Site
from labkit.core.call import Call
from labkit.core.clock import MINUTE, SECOND, to_datetime, to_us
from labkit.core.errors import AwsError

#: The phases in order, and how long one takes beside its commands, seconds.
PHASES = {
    "SUBMITTED": 0,
    "QUEUED": 1,
    "PROVISIONING": 20,
    "DOWNLOAD_SOURCE": 3,
    "INSTALL": 1,
    "PRE_BUILD": 1,
    "BUILD": 1,
    "POST_BUILD": 1,
    "UPLOAD_ARTIFACTS": 1,
    "FINALIZING": 2,
    "COMPLETED": 0,
}
_ORDER = tuple(PHASES)

#: The environment variable that makes a build fail in the phase that it names.
FAIL = "LABKIT_FAIL"

_DEFAULTS: dict[str, Any] = {"timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480}


class CodeBuild:
    """The builds of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handler ``codebuild.phase`` is registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._builds: dict[tuple[str, str], dict[str, Build]] = {}
        self._numbers: dict[tuple[str, str, str], int] = {}
        site.moto.listen("codebuild", self)
        site.register("codebuild.phase", self._phase_over)

    @property
    def answers(self) -> Answers:
        """The operations that are answered here."""
        return {
            ("codebuild", "StartBuild"): self._start_build,
            ("codebuild", "RetryBuild"): self._retry_build,
            ("codebuild", "StopBuild"): self._stop_build,
            ("codebuild", "BatchGetBuilds"): self._batch_get_builds,
            ("codebuild", "BatchDeleteBuilds"): self._batch_delete_builds,
            ("codebuild", "ListBuilds"): self._list_builds,
            ("codebuild", "ListBuildsForProject"): self._list_builds_for_project,
            ("codebuild", "UpdateProject"): self._update_project,
        }

    def created(self, project: dict[str, Any]) -> None:
        """Told by moto's models: a project was made."""
        for name, value in _DEFAULTS.items():
            project[name] = project.get(name) or value
        project["environment"].setdefault("environmentVariables", [])
        project["environment"].setdefault("privilegedMode", False)

    # -- operations -------------------------------------------------------------------------------
    def _start_build(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        given = dict(params)
        name = given.pop("projectName")
        who = call.principal
        initiator = who.name if who.kind == "IAMUser" else who.arn.rpartition(":")[2]
        return {"build": self.start(call.account, call.region, name, initiator, given)}

    def start(
        self, account: str, region: str, project: str, initiator: str, overrides: dict[str, Any]
    ) -> dict[str, Any]:
        """Begin a build of a project.

        Parameters
        ----------
        project:
            Name or ARN.
        initiator:
            Who, as the build shows it (``learner``, ``rule/nightly``).
        overrides:
            StartBuild's other parameters.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException`` when there is no such project.
        """
        found = self._project(account, region, project)
        name = found["name"]
        number = self._numbers[account, region, name] = (
            self._numbers.get((account, region, name), 0) + 1
        )
        unique = self._site.ids.uuid()
        build = new_build(account, region, found, unique, number, initiator, overrides)
        shown = build.shown
        shown["startTime"] = to_datetime(self._site.clock.now_us)
        self._of(account, region)[shown["id"]] = build
        self._begin(build, "SUBMITTED")
        self._tell_state(build)
        self._finish(build, "SUCCEEDED", [])
        self._begin(build, "QUEUED")
        return _copy(shown)

    def _retry_build(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        build = self._build(call, str(params.get("id", "")))
        given = {"sourceVersion": build.shown.get("sourceVersion")}
        return self._start_build({**given, "projectName": build.shown["projectName"]}, call)

    def _stop_build(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        build = self._build(call, str(params["id"]))
        if not build.shown["buildComplete"]:
            self._end(build, "STOPPED")
        return {"build": _copy(build.shown)}

    def _batch_get_builds(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        known = self._of(call.account, call.region)
        found, missing = [], []
        for one in params["ids"]:
            build = known.get(_plain_id(one))
            if build is None:
                missing.append(one)
            else:
                found.append(_copy(build.shown))
        return {"builds": found, "buildsNotFound": missing}

    def _batch_delete_builds(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        known = self._of(call.account, call.region)
        deleted, kept = [], []
        for one in params["ids"]:
            build = known.get(_plain_id(one))
            if build is not None and build.shown["buildComplete"]:
                del known[_plain_id(one)]
                deleted.append(build.shown["arn"])
            elif build is not None:
                kept.append({"id": one, "statusCode": "BUILD_IN_PROGRESS"})
            else:
                kept.append({"id": one, "statusCode": "BUILD_NOT_FOUND"})
        return {"buildsDeleted": deleted, "buildsNotDeleted": kept}

    def _list_builds(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        return _page(list(self._of(call.account, call.region)), params)

    def _list_builds_for_project(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        name = self._project(call.account, call.region, params["projectName"])["name"]
        known = self._of(call.account, call.region).items()
        return _page([i for i, build in known if build.shown["projectName"] == name], params)

    def _update_project(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        project = self._project(call.account, call.region, params["name"])
        project.update({k: v for k, v in params.items() if k != "name"})
        self.created(project)
        project["lastModified"] = to_datetime(self._site.clock.now_us)
        return {"project": _project_shown(project)}

    # -- the course of a build --------------------------------------------------------------------
    def _begin(self, build: Build, phase: str) -> None:
        now_us = self._site.clock.now_us
        build.shown["currentPhase"] = phase
        build.shown["phases"].append({"phaseType": phase, "startTime": to_datetime(now_us)})
        if phase == "COMPLETED":
            self._complete(build)
            return
        seconds = PHASES[phase]
        build.ran = None
        if phase == "PROVISIONING":
            build.deadline_us = now_us + build.shown["timeoutInMinutes"] * MINUTE
        if phase in spec.PHASES.values() and build.spec is not None:
            self._say(build, now_us, f"Entering phase {phase}")
            build.ran = spec.run(build.spec.phases.get(phase, spec.Phase()), build.variables)
            seconds += build.ran.seconds
        if phase == "SUBMITTED":
            return
        over_us = now_us + seconds * SECOND
        status = ""
        if build.deadline_us and over_us > build.deadline_us:
            over_us, status = build.deadline_us, "TIMED_OUT"
        self._site.after(
            over_us - now_us,
            "codebuild.phase",
            {
                "account": build.account,
                "region": build.region,
                "id": build.shown["id"],
                "moves": build.moves,
                "status": status,
            },
        )

    def _phase_over(self, payload: dict[str, Any]) -> None:
        """Clock handler: the present phase of a build is over."""
        build = self._of(payload["account"], payload["region"]).get(payload["id"])
        if build is None or build.moves != payload["moves"]:
            return
        phase = build.shown["currentPhase"]
        if payload["status"]:
            self._end(build, payload["status"])
            return
        status, context = self._outcome(build, phase)
        self._finish(build, status, context)
        self._begin(build, self._next(build, phase, status))

    def _outcome(self, build: Build, phase: str) -> tuple[str, list[dict[str, str]]]:
        """How a phase ended: its status, and its contexts."""
        if phase == "DOWNLOAD_SOURCE":
            try:
                build.spec = self._read_spec(build)
            except spec.SpecError as problem:
                code, _, message = str(problem).partition(": ")
                return "FAILED", [{"statusCode": code, "message": message}]
            build.variables = {**build.spec.variables, **build.variables}
        if build.variables.get(FAIL, "").upper() == phase:
            said = f"The environment variable {FAIL} lets {phase} fail"
            return "FAILED", [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": said}]
        if build.ran is not None and build.ran.failed is not None:
            command, status = build.ran.failed
            said = f"Error while executing command: {command}. Reason: exit status {status}"
            return "FAILED", [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": said}]
        return "SUCCEEDED", []

    @staticmethod
    def _next(build: Build, phase: str, status: str) -> str:
        if status == "SUCCEEDED":
            return _ORDER[_ORDER.index(phase) + 1]
        build.failed = True
        aborts = build.spec is not None and build.spec.phases.get(phase, spec.Phase()).abort
        if phase == "BUILD" and not aborts:
            return "POST_BUILD"
        if phase == "POST_BUILD" and not aborts:
            return "UPLOAD_ARTIFACTS"
        return "COMPLETED" if phase == "FINALIZING" else "FINALIZING"

    def _finish(self, build: Build, status: str, contexts: list[dict[str, str]]) -> None:
        """The present phase is over: it is shown, logged, and an event."""
        now_us = self._site.clock.now_us
        phase = build.shown["phases"][-1]
        began = phase["startTime"]
        phase |= {
            "phaseStatus": status,
            "endTime": to_datetime(now_us),
            "durationInSeconds": int((to_datetime(now_us) - began).total_seconds()),
        }
        if contexts:
            phase["contexts"] = contexts
        self._log_phase(build, phase, contexts)
        self._site.emit.event(
            build.account,
            build.region,
            "aws.codebuild",
            "CodeBuild Build Phase Change",
            [build.shown["arn"]],
            phase_detail(build.shown, build.logs),
        )

    def _end(self, build: Build, status: str) -> None:
        """A build is stopped or out of time: its phase ends, and nothing else comes."""
        build.moves += 1
        late = [{"statusCode": "BUILD_TIMED_OUT", "message": "Build has timed out."}]
        self._finish(build, status, late if status == "TIMED_OUT" else [])
        build.shown["buildStatus"] = status
        self._begin(build, "COMPLETED")

    def _complete(self, build: Build) -> None:
        shown = build.shown
        shown["endTime"] = to_datetime(self._site.clock.now_us)
        shown["buildComplete"] = True
        if shown["buildStatus"] == "IN_PROGRESS":
            shown["buildStatus"] = "FAILED" if build.failed else "SUCCEEDED"
        self._tell_state(build)
        duration = (shown["endTime"] - shown["startTime"]).total_seconds()
        outcome = "SucceededBuilds" if shown["buildStatus"] == "SUCCEEDED" else "FailedBuilds"
        for dimensions in ({}, {"ProjectName": shown["projectName"]}):
            self._measure(build, dimensions, "Duration", duration, "Seconds")
            if shown["buildStatus"] != "STOPPED":
                self._measure(build, dimensions, outcome, 1, "Count")

    # -- the source -------------------------------------------------------------------------------
    def _read_spec(self, build: Build) -> spec.Spec:
        source = build.shown["source"]
        text = source.get("buildspec") or ""
        if "\n" in text or text.lstrip().startswith(("{", "version")):
            return spec.Spec.parse(text)
        name = text or "buildspec.yml"
        if source["type"] != "S3":
            raise spec.SpecError(f"YAML_FILE_ERROR: stat {_HOME}/{name}: no such file or directory")
        bucket, _, key = source["location"].removeprefix("arn:aws:s3:::").partition("/")
        if not self._site.allowed(
            build.shown["serviceRole"], "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"
        ):
            raise spec.SpecError(
                f"CLIENT_ERROR: error while downloading key {key}, error: AccessDenied: Access "
                "Denied status code: 403 for primary source"
            )
        content = self._object(build, bucket, key)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return spec.Spec.parse(archive.read(name).decode("utf-8"))
        except zipfile.BadZipFile:
            raise spec.SpecError(
                "CLIENT_ERROR: error while unarchiving the source: zip: not a valid zip file"
            ) from None
        except KeyError:
            raise spec.SpecError(
                f"YAML_FILE_ERROR: stat {_HOME}/{name}: no such file or directory"
            ) from None

    def _object(self, build: Build, bucket: str, key: str) -> bytes:
        with self._site.moto.working():
            from moto.core.exceptions import ServiceException

            s3 = self._site.moto.backend("s3", build.account, build.region)
            try:
                found = s3.get_object(bucket, key)
            except ServiceException as problem:
                raise spec.SpecError(
                    f"CLIENT_ERROR: error while downloading key {key}, error: {problem.code}: "
                    f"{problem.message} for primary source"
                ) from None
            if found is None:
                raise spec.SpecError(
                    f"CLIENT_ERROR: error while downloading key {key}, error: NoSuchKey: The "
                    "specified key does not exist. status code: 404 for primary source"
                )
            return bytes(found.value)

    # -- told -------------------------------------------------------------------------------------
    def _tell_state(self, build: Build) -> None:
        shown = build.shown
        self._site.publish(
            "build.state",
            build.account,
            build.region,
            {
                "project": shown["projectName"],
                "build_id": shown["id"],
                "status": shown["buildStatus"],
            },
        )
        if shown["buildStatus"] == "IN_PROGRESS":
            for dimensions in ({}, {"ProjectName": shown["projectName"]}):
                self._measure(build, dimensions, "Builds", 1, "Count")
        self._site.emit.event(
            build.account,
            build.region,
            "aws.codebuild",
            "CodeBuild Build State Change",
            [shown["arn"]],
            state_detail(shown, build.logs),
        )

    def _measure(
        self, build: Build, dimensions: dict[str, str], name: str, value: float, unit: str
    ) -> None:
        self._site.emit.metric(
            build.account, build.region, "AWS/CodeBuild", name, dimensions, float(value), unit
        )

    def _say(self, build: Build, at_us: int, text: str) -> None:
        stamp = to_datetime(at_us).strftime("%Y/%m/%d %H:%M:%S")
        build.lines.append([at_us, f"[Container] {stamp} {text}"])

    def _log_phase(
        self, build: Build, phase: dict[str, Any], contexts: list[dict[str, str]]
    ) -> None:
        """What the container has said during a phase, told when the phase is over."""
        now_us, began_us = self._site.clock.now_us, to_us(phase["startTime"])
        name, status = phase["phaseType"], phase["phaseStatus"]
        if build.ran is not None:
            for second, text, said in build.ran.lines:
                at_us = began_us + second * SECOND
                if at_us > now_us:
                    break  # stopped before it came to this
                if said:
                    self._say(build, at_us, text)
                else:
                    build.lines.append([at_us, text])
        elif name == "PROVISIONING":
            self._say(build, now_us, "Waiting for agent ping")
        elif name == "DOWNLOAD_SOURCE":
            self._say(build, now_us, "Phase is DOWNLOAD_SOURCE")
            self._say(build, now_us, f"CODEBUILD_SRC_DIR={_HOME}")
        if name not in ("SUBMITTED", "QUEUED", "PROVISIONING", "FINALIZING"):
            self._say(build, now_us, f"Phase complete: {name} State: {status}")
            code = contexts[0]["statusCode"] if contexts else ""
            message = contexts[0]["message"] if contexts else ""
            self._say(build, now_us, f"Phase context status code: {code} Message: {message}")
        lines, build.lines = build.lines, []
        if build.logs is not None and lines:
            group, stream = build.logs
            self._site.emit.log(build.account, build.region, "codebuild", group, stream, lines)

    # -- look-ups ---------------------------------------------------------------------------------
    def _of(self, account: str, region: str) -> dict[str, Build]:
        return self._builds.setdefault((account, region), {})

    def _project(self, account: str, region: str, name: str) -> dict[str, Any]:
        plain = name.rpartition("/")[2] if name.startswith("arn:") else name
        with self._site.moto.held():
            projects = self._site.moto.backend("codebuild", account, region).codebuild_projects
            found = projects.get(plain)
        if found is None:
            arn = f"arn:aws:codebuild:{region}:{account}:project/{plain}"
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        metadata: dict[str, Any] = found.project_metadata
        return metadata

    def _build(self, call: Call, one: str) -> Build:
        if ":" not in one:
            raise AwsError("InvalidInputException", "Invalid build ID provided")
        build = self._of(call.account, call.region).get(_plain_id(one))
        if build is None:
            raise AwsError("ResourceNotFoundException", f"Build {one} does not exist")
        return build


_HOME = "/codebuild/output/src/src"


def _plain_id(one: str) -> str:
    return one.rpartition("/")[2] if one.startswith("arn:") else one


def _project_shown(project: dict[str, Any]) -> dict[str, Any]:
    """A project's answer: moto keeps the creation in seconds."""
    shown = dict(project)
    shown["created"] = to_datetime(round(project["created"] * SECOND))
    shown.pop("lastModifiedDate", None)
    return {key: value for key, value in shown.items() if value is not None}


def _page(ids: list[str], params: dict[str, Any]) -> dict[str, Any]:
    """A hundred ids, newest first unless told otherwise."""
    if params.get("sortOrder") != "ASCENDING":
        ids = ids[::-1]
    token = str(params.get("nextToken") or "0")
    if not token.isdigit():
        raise AwsError("InvalidInputException", "Invalid next token provided")
    first = int(token)
    answer: dict[str, Any] = {"ids": ids[first : first + 100]}
    if len(ids) > first + 100:
        answer["nextToken"] = str(first + 100)
    return answer


def _copy(shown: dict[str, Any]) -> dict[str, Any]:
    """What a caller gets: the build goes on, the answer does not."""
    return {**shown, "phases": [dict(phase) for phase in shown["phases"]]}
