"""What CloudWatch Logs shows."""
