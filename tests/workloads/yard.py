"""A fleet on a clock, told its facts by hand: the tests' stand-in for a whole lab."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from labkit.core.clock import Clock, to_datetime, to_us
from labkit.core.facts import Facts
from labkit.core.sources import Series
from labkit.workloads.fleet import Fleet

HERE = ("123456789012", "us-east-1")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MACHINE = "i-0aaaaaaaaaaaaaaa1"


def at(text: str) -> datetime:
    """``09:12``, ``09:12:30.5`` of Monday, or with a day before it: ``6 09:12``."""
    day, _, clock_time = text.rpartition(" ")
    parts = clock_time.split(":")
    hours, minutes, seconds = int(parts[0]), int(parts[1]), float(parts[2] if parts[2:] else 0)
    midnight = START.replace(day=int(day or 5), hour=0)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def us(text: str) -> int:
    return to_us(at(text))


def series(name: str, instance: str = MACHINE) -> Series:
    return Series("AWS/EC2", name, (("InstanceId", instance),))


class Yard:
    """One fleet, what it told, and short words for what happens to it."""

    def __init__(self, seed: int = 0, start: datetime = START) -> None:
        self.clock = Clock(to_us(start))
        self.facts = Facts(self.clock)
        self.fleet = Fleet(seed, self.clock, self.facts)
        self.told: list[tuple[str, str, str]] = []
        self.facts.hear("instance.state", self.fleet.on_instance_state)
        self.facts.hear("instance.monitoring", self.fleet.on_monitoring)
        self.facts.hear(
            "metric.changed",
            lambda fact: self.told.append((fact.account, fact.region, fact.data["value"])),
        )

    def until(self, when: str | int) -> Yard:
        self.clock.run_until(us(when) if isinstance(when, str) else when)
        return self

    def state(self, state, instance=MACHINE, kind="m5.large", where=HERE) -> Yard:
        data = {
            "instance_id": instance, "state": state, "previous_state": "", "instance_type": kind,
            "image_id": "ami-1", "launched_us": self.clock.now_us, "tags": {},
        }  # fmt: skip
        self.facts.publish("instance.state", *where, data)
        return self

    def run(self, instance=MACHINE, kind="m5.large", where=HERE) -> Yard:
        return self.state("running", instance, kind, where)

    def stop(self, instance=MACHINE) -> Yard:
        return self.state("stopping", instance)

    def monitor(self, monitoring, instance=MACHINE, where=HERE) -> Yard:
        data = {"instance_id": instance, "monitoring": monitoring}
        self.facts.publish("instance.monitoring", *where, data)
        return self

    def points(self, name, start: str | int, end: str | int, instance=MACHINE, where=HERE):
        edges = [us(edge) if isinstance(edge, str) else edge for edge in (start, end)]
        return self.fleet.points(*where, series(name, instance), *edges)

    def rows(self, name, start, end, digits=0, instance=MACHINE):
        """(timestamp, value, arrival) of each point, times as HH:MM."""
        found = self.points(name, start, end, instance)
        return [
            (clock(stamp), round(value, digits), clock(arrival))
            for stamp, value, arrival in zip(
                found.timestamps.tolist(), found.values.tolist(), found.arrivals.tolist(),
                strict=True,
            )
        ]  # fmt: skip

    def when(self, name, start, end, instance=MACHINE):
        """(timestamp, arrival) of each point."""
        return [(stamp, arrival) for stamp, _, arrival in self.rows(name, start, end, 0, instance)]


def clock(time_us: int) -> str:
    moment = to_datetime(time_us)
    assert not moment.second and not moment.microsecond
    return f"{moment:%H:%M}"


def triples(points) -> list[tuple[int, float, int]]:
    return list(
        zip(
            points.timestamps.tolist(),
            points.values.tolist(),
            points.arrivals.tolist(),
            strict=True,
        )
    )
