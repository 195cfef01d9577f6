"""What canaries with a browser use."""

from . import synthetics_webdriver

__all__ = ["synthetics_webdriver"]
