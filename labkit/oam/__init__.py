"""CloudWatch Observability Access Manager: which accounts show which others what they measure."""
