"""The unified CloudWatch agent: measures a machine, follows its log files, calls CloudWatch.

::

    labkit agent --config amazon-cloudwatch-agent.json --endpoint http://127.0.0.1:4566 --minutes 5

It is a program like any other: it reads the configuration of the real one, measures the machine
that it runs on, and calls PutMetricData and PutLogEvents through boto3. Nothing in it knows a lab.

In a notebook, one collection of this very computer into the active lab::

    from labkit.agents.cloudwatch_agent import Agent
    agent = Agent(config)
    agent.collect()

**On premises** (``mode: onPremise``): EC2 says nothing of such a machine, so ``append_dimensions``
has no values to append and is passed over, and ``host`` stays. Credentials come from where boto3
finds them (the real agent reads the profile ``AmazonCloudWatchAgent``), or from ``role_arn``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from labkit.agents.config import Config
from labkit.agents.figure import Machine
from labkit.agents.files import Files
from labkit.agents.log_file import filled
from labkit.agents.naming import About
from labkit.agents.positions import StateFile
from labkit.agents.publishing import Counters, Point, calls, points
from labkit.agents.tail import LogEvent, Tail
from labkit.core.clock import machine_now_us, to_datetime

#: Of one PutLogEvents call: events, bytes (26 more for each event), and hours between the first
#: and the last.
_EVENTS, _BYTES, _EXTRA = 10_000, 1_048_576, 26
#: How many events wait at most for a service that does not take them.
_WAITING = 50_000


def machine_now() -> datetime:
    """The machine's own time."""
    return to_datetime(machine_now_us())


class Agent:
    """An agent on a machine.

    Parameters
    ----------
    config:
        What it shall do.
    machine:
        What it measures; the machine it runs on when left out.
    about:
        What it knows of that machine.
    cloudwatch, logs:
        boto3 clients; made when first needed.
    now:
        Tells the time; the machine's when left out.
    say:
        Gets the lines of its own log.
    state_file:
        Where it writes down how far it has read, so that another one goes on from there; what the
        configuration says when left out, and nowhere when that says nothing.
    """

    def __init__(
        self,
        config: Config,
        *,
        machine: Machine | None = None,
        about: About | None = None,
        cloudwatch: Any = None,
        logs: Any = None,
        now: Callable[[], datetime] = machine_now,
        say: Callable[[str], None] = lambda line: None,
        state_file: str = "",
    ) -> None:
        if machine is None:
            from labkit.agents.this_machine import ThisMachine

            machine = ThisMachine()
            about = about or machine.about()
        self.config = config
        self.about = about or About("localhost")
        self.log: list[str] = []
        self._machine = machine
        self._clients = {"cloudwatch": cloudwatch, "logs": logs}
        self._now = now
        self._say = say
        self._counters = Counters()
        self._waiting: list[Point] = []
        self._files = Files()
        self._tails = [Tail(file, _local_zone()) for file in config.logs]
        #: Events that could not be sent, by the place of their tail; they go first next time.
        self._unsent: list[list[LogEvent]] = [[] for _ in self._tails]
        self._kept: set[tuple[str, int]] = set()
        for warning in config.warnings:
            self._tell("W!", warning)
        self._state = StateFile(state_file or config.state_file, self._tell)
        self._state.load(self._tails)
        # The first look at counters says nothing; it is where the next one counts from.
        for section in config.sections:
            points(config, section, machine.figures(section.name), self.about, self._counters)

    # -- metrics
    def collect(self, *, timed: bool = False, due: Callable[[int], bool] | None = None) -> int:
        """Measure, and publish at once unless ``timed``; how many figures were measured.

        Parameters
        ----------
        timed:
            Whether points bear the time of the collection and wait for :meth:`flush`. Left out,
            CloudWatch stamps them when it gets them: a served lab may live at another time than
            this machine.
        due:
            Which sections, by their interval in seconds; all when left out.
        """
        at = self._now().replace(microsecond=0) if timed else None
        found: list[Point] = []
        for section in self.config.sections:
            if due is None or due(section.interval_s):
                figures = self._machine.figures(section.name)
                found += points(self.config, section, figures, self.about, self._counters, at)
        self._waiting += found
        if not timed:
            self.flush()
        return len(found)

    def flush(self) -> int:
        """Publish what waits; how many calls it took. A failure is a line of the agent's log."""
        waiting, self._waiting = self._waiting, []
        made = 0
        for parameters in calls(self.config.namespace, waiting):
            made += 1
            try:
                self._client("cloudwatch").put_metric_data(**parameters)
            except Exception as error:  # whatever it is, the agent goes on
                self._tell("E!", f"cloudwatch: {_told(error)}")
        return made

    # -- logs
    def follow(self) -> int:
        """Look at the log files and publish what came; how many events."""
        count = 0
        keep: set[tuple[int, int]] = set()
        for place, tail in enumerate(self._tails):
            seen = self._files.find(tail.file)
            keep.update(one.identity for one in seen)
            events = tail.look(seen, self._files.read, self._now())
            count += len(events)
            waiting = self._unsent[place] + events
            if len(waiting) > _WAITING:
                self._tell("W!", f"{len(waiting) - _WAITING} log events were given up")
            sent = self._put(tail, waiting[-_WAITING:]) if waiting else 0
            self._unsent[place] = waiting[-_WAITING:][sent:]
            if not self._unsent[place] and tail.file.auto_removal:
                for path, identity in tail.finished:
                    self._files.remove(path, identity)
            tail.finished.clear()
            if not self._unsent[place]:
                self._state.note(place, tail)
        self._files.forget(keep)
        self._state.save()
        return count

    def _put(self, tail: Tail, events: list[LogEvent]) -> int:
        """Send events, which are put in order of time; how many of them went out."""
        values = {**self.about.placeholders(), "date": f"{self._now():%Y-%m-%d}"}
        group, stream = filled(tail.file.group, values), filled(tail.file.stream, values)
        events.sort(key=lambda one: one.at)
        sent = 0
        try:
            for batch in batches(events):
                answer = self._put_or_make(tail, group, stream, batch)
                sent += len(batch)
                self._tell_rejected(
                    f"{group}/{stream}", (answer or {}).get("rejectedLogEventsInfo", {})
                )
            self._keep(tail, group)
        except Exception as error:
            self._tell("E!", f"cloudwatchlogs {group}/{stream}: {_told(error)}")
        return sent

    def _put_or_make(self, tail: Tail, group: str, stream: str, batch: list[dict[str, Any]]) -> Any:
        """Put; the group and the stream are made only when they turn out to be missing."""
        logs = self._client("logs")
        given = {"logGroupName": group, "logStreamName": stream, "logEvents": batch}
        try:
            return logs.put_log_events(**given)
        except Exception as error:
            if _code(error) != "ResourceNotFoundException":
                raise
        more = {"logGroupClass": tail.file.log_group_class} if tail.file.log_group_class else {}
        _unless_there(lambda: logs.create_log_group(logGroupName=group, **more))
        _unless_there(lambda: logs.create_log_stream(logGroupName=group, logStreamName=stream))
        return logs.put_log_events(**given)

    def _keep(self, tail: Tail, group: str) -> None:
        """Set the group's retention, once."""
        days = tail.file.retention_days
        if days is not None and (group, days) not in self._kept:
            self._client("logs").put_retention_policy(logGroupName=group, retentionInDays=days)
            self._kept.add((group, days))

    def _tell_rejected(self, where: str, rejected: Mapping[str, int]) -> None:
        """Say which lines CloudWatch Logs passed over, though the call succeeded."""
        for member, what in (
            ("tooNewLogEventStartIndex", "too new: more than two hours ahead of CloudWatch Logs"),
            ("tooOldLogEventEndIndex", "too old: more than 14 days"),
            ("expiredLogEventEndIndex", "older than the log group keeps"),
        ):
            if member in rejected:
                self._tell("W!", f"cloudwatchlogs {where}: lines were passed over, {what}")

    # -- running
    def run(self, seconds: float, wait: Callable[[float], Any]) -> None:
        """Collect, follow and flush for a while.

        Parameters
        ----------
        seconds:
            How long.
        wait:
            Waits so many seconds of the machine's time.
        """
        config = self.config
        timed = any(one.interval_s < config.flush_s for one in config.sections)
        step = min(
            [1.0] if config.logs else [float(one.interval_s) for one in config.sections] or [1.0]
        )
        passed = 0.0
        while passed < seconds:
            pause = min(step, seconds - passed)
            wait(pause)
            before, passed = passed, passed + pause

            def due(every: int, before: float = before, passed: float = passed) -> bool:
                return passed // every > before // every

            if any(due(one.interval_s) for one in config.sections):
                self.collect(timed=timed, due=due)
            if timed and due(config.flush_s):
                self.flush()
            if config.logs:
                self.follow()
        self.flush()
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _client(self, service: str) -> Any:
        if self._clients[service] is None:
            import boto3

            endpoint = self.config.endpoint if service == "cloudwatch" else (
                self.config.logs_endpoint
            )  # fmt: skip
            self._clients[service] = boto3.client(
                service,
                region_name=self.config.region or None,
                endpoint_url=endpoint or None,
                **self._credentials(),
            )
        return self._clients[service]

    def _credentials(self) -> dict[str, str]:
        """Those of ``credentials.role_arn``, when the configuration names one."""
        if not self.config.role_arn:
            return {}
        import boto3

        answer = boto3.client("sts", region_name=self.config.region or None).assume_role(
            RoleArn=self.config.role_arn, RoleSessionName="cloudwatch-agent"
        )["Credentials"]
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }

    def _tell(self, level: str, what: str) -> None:
        line = f"{self._now():%Y-%m-%dT%H:%M:%SZ} {level} {what}"
        self.log.append(line)
        self._say(line)


def batches(events: Sequence[LogEvent]) -> list[list[dict[str, Any]]]:
    """Events in the portions that PutLogEvents takes, each in order of time.

    A portion holds at most 10,000 events, 1 MiB (26 bytes more for each event) and 24 hours.
    """
    found: list[list[dict[str, Any]]] = []
    size = first = 0
    for event in sorted(events, key=lambda one: one.at):
        at_ms = int(event.at.timestamp() * 1000)
        weight = len(event.text.encode("utf-8")) + _EXTRA
        full = (
            not found
            or len(found[-1]) == _EVENTS
            or size + weight > _BYTES
            or at_ms - first >= 86_400_000
        )
        if full:
            found.append([])
            size, first = 0, at_ms
        found[-1].append({"timestamp": at_ms, "message": event.text})
        size += weight
    return found


def _unless_there(make: Callable[[], Any]) -> None:
    try:
        make()
    except Exception as error:
        if _code(error) != "ResourceAlreadyExistsException":
            raise


def _code(error: Exception) -> str:
    """The code of what AWS refused; empty for anything else that went wrong."""
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))


def _told(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response:
        return f"code: {response['Error']['Code']}, message: {response['Error']['Message']}"
    return f"{type(error).__name__}: {error}"


def _local_zone() -> Any:
    return machine_now().astimezone().tzinfo
