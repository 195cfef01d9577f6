"""EventBridge Scheduler: schedules that call a target with a role, in any time zone."""
