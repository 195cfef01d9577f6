"""What every canary may use: the logger and the configuration."""

from . import synthetics_logger
from .configuration import CONFIGURATION as synthetics_configuration  # noqa: N811 - AWS's name

__all__ = ["synthetics_configuration", "synthetics_logger"]
