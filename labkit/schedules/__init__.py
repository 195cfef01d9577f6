"""Schedule expressions: when a rule or a schedule fires."""

from labkit.schedules.expression import (
    InvalidSchedule,
    Schedule,
    next_firings,
    parse_rule_schedule,
    parse_scheduler_schedule,
)

__all__ = [
    "InvalidSchedule",
    "Schedule",
    "next_firings",
    "parse_rule_schedule",
    "parse_scheduler_schedule",
]
