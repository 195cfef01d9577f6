"""Programs that run beside an application: CloudWatch's agents."""
