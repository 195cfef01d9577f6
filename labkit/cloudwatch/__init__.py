"""CloudWatch: metrics, alarms, and what they do."""
