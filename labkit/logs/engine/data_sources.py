"""Data sources: which AWS service the logs of a group are of."""

from __future__ import annotations


def data_source(name: str) -> tuple[str, str]:
    """Which AWS service writes into a group, and what kind of log, by the group's name.

    >>> data_source("/aws/lambda/greet"), data_source("/shop/app")
    (('aws_lambda', 'default'), ('Unknown', 'Unknown'))
    """
    parts = name.split("/")
    if len(parts) > 3 and parts[:2] == ["", "aws"]:
        return f"aws_{parts[2].lower().replace('-', '_')}", "default"
    return "Unknown", "Unknown"
