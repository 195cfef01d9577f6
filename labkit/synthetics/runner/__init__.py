"""Running a canary for real: a process of its own, a browser, and an end to both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labkit.synthetics.engine.run import NO_SITE, RunRequest, RunResult, Site

if TYPE_CHECKING:
    from labkit.synthetics.runner.browsers import Browsers

#: Answers one boto3 call of the script: the message -> its answer, as for Lambda functions
#: (``backing/lambda_runtime/aws_calls.py`` says what is in the two).
Serve = Callable[[dict[str, Any]], dict[str, Any]]


def run(
    request: RunRequest,
    site: Site = NO_SITE,
    *,
    serve: Serve | None = None,
    browsers: Browsers | None = None,
) -> RunResult:
    """Run a canary once, and wait for it. Nothing that the script does is raised here.

    Parameters
    ----------
    request:
        What to run.
    site:
        Where names lead.
    serve:
        Who answers the script's calls of AWS; without it they fail with a message.
    browsers:
        Browsers that are kept from run to run; without them each run has a cold one.
    """
    from labkit.synthetics.runner.running import Running

    return Running(request, site, serve, browsers).result()
