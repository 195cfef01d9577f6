"""Pure engines of CloudWatch Logs: patterns, queries, batches. Time is an argument."""
