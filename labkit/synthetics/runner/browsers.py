"""Browsers that are kept from run to run."""

from __future__ import annotations


class Browsers:
    """The browsers of one kernel that wait for the next run."""

    def close(self) -> None:
        """End them."""
