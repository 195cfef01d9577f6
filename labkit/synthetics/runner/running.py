"""One run from its workspace to its result."""

from __future__ import annotations

from labkit.core.errors import LabError
from labkit.synthetics.engine.run import RunRequest, RunResult, Site
from labkit.synthetics.runner import Serve
from labkit.synthetics.runner.browsers import Browsers


class Running:
    """A run under way."""

    def __init__(
        self, request: RunRequest, site: Site, serve: Serve | None, browsers: Browsers | None
    ) -> None:
        self._request = request

    def result(self) -> RunResult:
        """Wait for its end."""
        raise LabError("canaries do not run yet")
