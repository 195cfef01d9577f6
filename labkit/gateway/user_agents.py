"""User agents: what is left of one on every machine, and one text for all calls of a client.

botocore puts its user agent together anew for each call, and that is a quarter of a small one. What
differs from call to call are the features in use (``m/``), and those no record shows. So a client
whose calls stay in the kernel says what it said at its first one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

# "m/" lists the features in use, in the order of a set: another one in each process.
_MACHINE = ("os/", "md/arch#", "md/pyimpl#", "lang/python#", "exec-env/", "m/")


@cache
def plain_agent(agent: str) -> str:
    """A user agent without what tells one machine from another.

    boto3 names the kernel, the processor and the Python it runs on; CloudTrail would show them, and
    the same notebook would print another record on another machine.
    """
    told = [part for part in agent.split() if not part.startswith(_MACHINE)]
    return " ".join(told)


class KeptAgent:
    """In place of a client's maker of user agents.

    Parameters
    ----------
    maker:
        botocore's own; whatever else is asked of it, it answers.
    stays:
        Whether the call under way stays in the kernel.
    """

    def __init__(self, maker: Any, stays: Callable[[], bool]) -> None:
        self._maker, self._stays = maker, stays
        self._text = ""

    def to_string(self) -> str:
        """The text of the header."""
        if not self._stays():
            return str(self._maker.to_string())
        if not self._text:
            self._text = self._maker.to_string()
        return self._text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._maker, name)
