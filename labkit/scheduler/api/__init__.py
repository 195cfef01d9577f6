"""EventBridge Scheduler's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.scheduler.api import groups, schedules

#: Scheduler's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "ValidationException"

OPERATIONS = {
    ("scheduler", "CreateSchedule"): schedules.create_schedule,
    ("scheduler", "GetSchedule"): schedules.get_schedule,
    ("scheduler", "ListSchedules"): schedules.list_schedules,
    ("scheduler", "UpdateSchedule"): schedules.update_schedule,
    ("scheduler", "DeleteSchedule"): schedules.delete_schedule,
    ("scheduler", "CreateScheduleGroup"): groups.create_schedule_group,
    ("scheduler", "GetScheduleGroup"): groups.get_schedule_group,
    ("scheduler", "ListScheduleGroups"): groups.list_schedule_groups,
    ("scheduler", "DeleteScheduleGroup"): groups.delete_schedule_group,
    ("scheduler", "TagResource"): groups.tag_resource,
    ("scheduler", "UntagResource"): groups.untag_resource,
    ("scheduler", "ListTagsForResource"): groups.list_tags_for_resource,
}
