"""EventBridge: events, rules, schedules."""
