"""EventBridge's engines: pure functions and values."""
