"""A year of schedules to a target that does nothing, beside a walk over all minutes.

``python -m benchmarks.schedules`` prints seconds of a year as JSON; the walk over a week, scaled.
"""

from __future__ import annotations

import json

from benchmarks.measure import best
from benchmarks.naive_cron import firings as naive

START_US = 1_798_761_600_000_000  # 2027-01-01
DAY_US = 86_400_000_000
EXPRESSIONS = {"each minute": "* * * * ? *", "weekdays at nine": "0 9 ? * MON-FRI *"}


def main() -> dict[str, float]:
    """Seconds of a year, ours and the walk's."""
    from labkit.schedules import Schedule, parse_rule_schedule

    fired: list[int] = [0]

    def target(at_us: int) -> None:
        fired[0] += 1

    took: dict[str, float] = {}
    for name, fields in EXPRESSIONS.items():
        schedule = parse_rule_schedule(f"cron({fields})")

        def year(schedule: Schedule = schedule) -> None:
            end_us = START_US + 365 * DAY_US
            for at_us in schedule.firings(START_US - 1):
                if at_us >= end_us:
                    break
                target(at_us)

        def week(fields: str = fields) -> None:
            for at_us in naive(fields, START_US - 1, START_US + 7 * DAY_US - 1):
                target(at_us)

        took[name] = best(year, rounds=3)
        took[f"walk {name}"] = best(week, rounds=3) * 365 / 7
    return took


if __name__ == "__main__":
    print(json.dumps(main()))
