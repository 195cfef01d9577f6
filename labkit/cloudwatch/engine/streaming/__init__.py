"""Metric streams as values: which metrics a stream takes, and how its records are written."""
