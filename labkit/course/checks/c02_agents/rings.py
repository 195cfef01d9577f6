"""Checks 1 and 2: whatever fills up is heard, on every machine, also on one that is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from labkit.course.bench import Bench
from labkit.course.checks.c02_agents.machines import LIMIT, Trouble, cause, of_group
from labkit.course.checks.c02_agents.saying import attempted, moment, why
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views.wording import count


class Watching(Check):
    """What the three checks have in common: they ask the learner's account, not a function."""

    cell = "watch"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Agents and alarms, in one line."""
        return attempted(bench.lab)  # no call is made: its state is read

    def untouched(self, bench: Bench) -> NotAttempted:
        """Neither an agent nor an alarm."""
        return NotAttempted(
            "Nothing has been built yet: no agent runs on any of the four machines, and the "
            "account has no alarm.",
            start="a configuration with `mem` in it, and `ex.lab.fleet.agent(machine, config)`.",
        )


class Rings(Watching):
    """Plays troubles one after the other."""

    def troubles(self, bench: Bench, world: Lab) -> Sequence[Trouble]:
        """Let them happen."""
        raise NotImplementedError

    #: What is played, in words.
    plays = ""
    idea = ""
    other = ""

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play, and look into the mailbox."""
        world = bench.replay(until=bench.lab.now + timedelta(hours=1))
        played = self.troubles(bench, world)
        unheard = [one for one in played if not one.heard]
        if not unheard:
            return self.passed(attempted, played)
        first = unheard[0]
        happened, question = why(world, first)
        rest = [f"{one.thing} ({moment(one.start)})" for one in unheard[1:]]
        heard = len(played) - len(unheard)
        return NotYet(
            f"{heard} of {len(played)} heard: {first.thing} filled up unheard.",
            attempted.built,
            f"{self.plays} Here: {first.thing}, from {moment(first.start)} on; over {LIMIT:.0f} % "
            f"at {moment(first.crossed)}.",
            happened,
            question,
            first.figure(
                f"{first.thing}: over {LIMIT:.0f} % at {moment(first.crossed)}, no letter"
            ),
            also=f"Also unheard: {', '.join(rest)}." if rest else "",
        )

    def passed(self, attempted: Attempted, played: Sequence[Trouble]) -> Passed:
        """All were heard."""
        waits = [(one.mails[0].at - one.crossed).total_seconds() / 60 for one in played]
        last = played[-1]
        return Passed(
            f"{len(played)} of {len(played)} heard within {count(round(max(waits)), 'minute')}.",
            why=self.idea,
            built=attempted.built,
            alternative=self.other,
            figure=last.figure(f"{last.thing}: the letter came at {moment(last.mails[0].at)}"),
        )


class Memory(Rings):
    """A leak on each machine, and on the one that takes another's place."""

    title = "full memory is heard on every machine"
    points = 2
    plays = "A program leaks: memory climbs to 97 % within half an hour."
    hints = (
        "Print one metric of yours with `list_metrics`, and lay its dimensions beside those of the "
        "alarm. Then ask which of them a machine keeps when it is replaced.",
        "`append_dimensions` in `metrics` names EC2's own words for a machine: `InstanceId`, "
        "`AutoScalingGroupName`. An agent for a whole group: `ex.lab.fleet.agent(ex.group, ...)`.",
        '`"append_dimensions": {"AutoScalingGroupName": "${aws:____}"}` for the group, '
        '`"InstanceId"` for the others, and `mem` with `"measurement": ["used_percent"]`.',
    )
    alternatives = (
        "Without `append_dimensions` the metrics carry `host`; an alarm on `InstanceId` waits for "
        "a metric that nobody publishes.",
        "An alarm on the `InstanceId` of a group's machine dies with that machine.",
        "`mem_free` counts bytes: 85 of them are always there.",
    )
    idea = (
        "An alarm finds what carries exactly its dimensions. Single machines have an `InstanceId` "
        "for life; a machine of a group is known by its group, which its successor inherits."
    )
    other = (
        "one Metrics Insights alarm, `SELECT MAX(mem_used_percent) FROM CWAgent`: one alarm for "
        "all machines, priced by the metrics it looks at."
    )

    def troubles(self, bench: Bench, world: Lab) -> Sequence[Trouble]:
        """Each machine in turn, the group's last, after it was replaced."""
        found = [
            cause(world, name, machine, "memory", "")
            for name, machine in bench.handles["machines"].items()
        ]
        group = bench.handles["group"]
        before = of_group(world, group)
        world.client("ec2").terminate_instances(InstanceIds=[before])
        replaced = world.now
        world.advance(minutes=30)
        after = of_group(world, group)
        return [*found, cause(world, group, after, "memory", "", replaced=replaced)]


class Disk(Rings):
    """A full /var, a full root, also in the group."""

    title = "a full disk is heard"
    points = 2
    plays = "A log nobody rotates: a file system fills up to 97 % within half an hour."
    hints = (
        "List the `path` of each `disk_used_percent` that you have. Which of them did Mara name, "
        "and which can fill up besides?",
        "`resources` chooses mount points; a disk's metric carries `path`, `fstype` and `device`, "
        "and an alarm must name them all. `drop_device` takes one of them away.",
        '`"disk": {"measurement": ["used_percent"], "resources": ["/", "____"], "drop_device": '
        "true}`, and an alarm for each path with `path` and `fstype` among its dimensions.",
    )
    alternatives = (
        "`/` alone says nothing of `/var`, which is a volume of its own.",
        "A roll-up over `InstanceId` averages a full volume with an empty one: read its Maximum.",
    )
    idea = (
        "A disk's metric is one metric for each mount point, and each can fill up alone. What you "
        "name in `resources` is published, and what you don't is not."
    )
    other = (
        'aggregation_dimensions [["InstanceId"]] and the statistic Maximum: one alarm a machine '
        "for all of its volumes, and two metrics more."
    )

    def troubles(self, bench: Bench, world: Lab) -> Sequence[Trouble]:
        """/var on two machines and in the group, the root on one."""
        machines = list(bench.handles["machines"].items())
        order = bench.facts["disk_order"]
        first, second, third = (machines[n] for n in order)
        group = bench.handles["group"]
        found = [
            cause(world, first[0], first[1], "disk", "/var"),
            cause(world, second[0], second[1], "disk", "/"),
            cause(world, third[0], third[1], "disk", "/var"),
        ]
        return [*found, cause(world, group, of_group(world, group), "disk", "/var")]
