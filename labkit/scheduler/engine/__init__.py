"""Pure functions of EventBridge Scheduler."""
