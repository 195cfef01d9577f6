"""CloudWatch Logs: groups and streams, what comes in, what reads it, what it sets off."""
