"""Pure functions of EventBridge: events, entries, targets, input. Time is an argument."""
