"""The schema registry of EventBridge: what events look like, written down and discovered."""
