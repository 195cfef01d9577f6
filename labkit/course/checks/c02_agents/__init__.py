"""Exercise 02: four machines whose memory and disks nobody watches.

The learner writes agents' configurations and alarms. It is judged by the letters that arrive: leaks
on every machine, one of them in a machine that took another's place (:class:`.rings.Memory`), disks
that fill up (:class:`.rings.Disk`), and a calm week with its bill (:mod:`.affordable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course.checks.c02_agents.affordable import MOST, Affordable
from labkit.course.checks.c02_agents.machines import ADDRESS, prepare
from labkit.course.checks.c02_agents.rings import Disk, Memory
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views.wording import joined

_NAMES = ("web", "cart", "search", "basket", "orders", "stock", "news", "mail", "label", "scan")


class Agents(Task):
    """See the head of this file."""

    chapter = "02_agents"
    title = "two machines died of full memory"
    minutes = 25
    checks = (Memory(), Disk(), Affordable())
    needs_notebook = (
        "an agent is put on a machine with ex.lab.fleet.agent, and no AWS protocol has a word for "
        "that; use labkit check exercises/02_agents.ipynb"
    )

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The machines' names, the group, and which disk fills up where."""
        names = variant.some("names", _NAMES, 4)
        return {
            "names": names[:3],
            "group": f"{names[3]}-asg",
            "disk_order": variant.some("disks", (0, 1, 2), 3),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Three machines, a group of one, a role for agents, a topic with Mara's address."""
        return prepare(lab, facts)

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Mara wants."""
        return Ticket(
            who="Mara, on-call lead",
            text="Two machines died of full memory last week, and one of a full /var. EC2 showed "
            "green all night.\n"
            f"I want an e-mail at 85 %, from {joined(facts['names'])} and from the group "
            f"{facts['group']}: memory, / and /var. Within ten minutes, on each of them. The "
            "machine of the group is replaced now and then; its successor counts too.\n"
            f"The report at 02:00 takes the memory of {facts['names'][0]} to 78 %. That is fine. "
            "Don't wake me for it.\n"
            f"Under ${MOST:.0f} a month for all of it, at list prices; others have used up the "
            "free tier. By Friday, please.",
            deliver="An agent on each machine and the alarms. The machines' role may publish "
            f"already, and the topic has {ADDRESS}.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The machines and the topic."""
        return {
            "ex.machines": "name -> instance id of the three single machines",
            "ex.group": f"`{facts['group']}`, an Auto Scaling group of one",
            "ex.topic": "the topic's ARN",
            "ex.lab.fleet.agent(...)": "puts an agent on a machine, or on a group by its name",
            "ex.lab.fleet.fill_memory(...)": "lets the memory of a machine fill up, to rehearse; "
            "`fill_disk(machine, 97, '/var')` a disk",
            "ex.lab.mailbox": "the letters that came",
        }


TASK = Agents()
