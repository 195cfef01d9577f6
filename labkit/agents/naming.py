"""Under which dimensions a figure is published: the rule that most alarms on agents trip over.

1. The section's own labels (``path``, ``device``, ``fstype`` of a disk; ``cpu``; ``interface``).
2. The section's ``append_dimensions``, as written.
3. ``metrics.append_dimensions``: what EC2 says of the instance. **If there is none, ``host``**: a
   configuration that appends nothing publishes ``mem_used_percent`` under ``host`` alone, and an
   alarm on ``InstanceId`` finds nothing.
4. ``aggregation_dimensions``: the same figure once more under each of those sets, where it has all
   of their names and they are not all of its dimensions; ``[]`` is everything in one.
5. ``drop_original_metrics`` leaves only the roll-ups.

Source: CloudWatch user guide, agent configuration, ``metrics``; the agent's schema says of
``omit_hostname`` that the host's name is put on by default unless dimensions are appended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.agents.config import Config, Section

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class About:
    """What an agent knows of the machine it runs on.

    Parameters
    ----------
    hostname:
        What the machine calls itself: ``ip-10-0-0-1``.
    instance_id, image_id, instance_type, group:
        What EC2 says of it; empty where it says nothing (a machine on premises, no Auto Scaling
        group).
    ip_address:
        Its own address.
    """

    hostname: str
    instance_id: str = ""
    image_id: str = ""
    instance_type: str = ""
    group: str = ""
    ip_address: str = ""

    def ec2(self, name: str) -> str:
        """The value of one of EC2's dimensions; empty when there is none."""
        return {
            "InstanceId": self.instance_id,
            "ImageId": self.image_id,
            "InstanceType": self.instance_type,
            "AutoScalingGroupName": self.group,
        }[name]

    def placeholders(self) -> Mapping[str, str]:
        """What stands for ``{instance_id}`` and the like in names of log groups and streams."""
        return {
            "instance_id": self.instance_id or self.hostname,
            "hostname": self.hostname,
            "local_hostname": self.hostname,
            "ip_address": self.ip_address or "unknown-ip",
        }


def dimensions(config: Config, section: Section, labels: Dimensions, about: About) -> Dimensions:
    """The dimensions of a figure itself, sorted by name.

    >>> dimensions(Config(), Section("mem", ()), (), About("ip-10-0-0-1"))
    (('host', 'ip-10-0-0-1'),)
    """
    found = dict(labels)
    if section.drop_device:
        found.pop("device", None)
    found.update(section.dimensions)
    if config.appended and config.mode != "onPremise":
        found.update({name: about.ec2(name) for name in config.appended if about.ec2(name)})
    elif not config.omit_hostname:
        found["host"] = about.hostname
    return tuple(sorted(found.items()))


def published(
    config: Config, section: Section, field: str, labels: Dimensions, about: About
) -> list[Dimensions]:
    """All sets of dimensions under which a figure is published, the figure's own first."""
    own = dimensions(config, section, labels, about)
    have = dict(own)
    found = [own]
    for names in config.aggregated:
        if set(names) <= have.keys() and set(names) != have.keys():
            rolled = tuple(sorted((name, have[name]) for name in names))
            if rolled not in found:
                found.append(rolled)
    return found[1:] if field in section.dropped else found
