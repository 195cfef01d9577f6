"""Everything that labkit raises, and whose mistake it is.

::

    LabError                  something about the lab itself, said to the person at the keyboard
      ClockError              time asked to do what time can't (run backwards, run inside itself)
      ChainTooDeep            a fact caused a fact caused a fact ... more than 32 links
      LabClosed               a client of a lab that is closed
      ReplayError             a saved world that can't be replayed here
      WiringError             a fact kind or port that is not in the published tables (our mistake)
    RealHostError (OSError)   a request was on its way to a real AWS host: never wanted in a lab
    AwsError                  an answer that AWS itself would give: code, message, HTTP status
      NotImplementedYet       the one answer AWS would not give: 501, an operation not built yet

``AwsError`` never reaches a learner as such: the gateway turns it into the wire's error, and
botocore turns that into the ``ClientError`` that the learner knows.
"""

from __future__ import annotations

from collections.abc import Mapping


class LabError(Exception):
    """A problem with the lab itself, worded for the person at the keyboard."""


class ClockError(LabError):
    """Time was asked to run backwards, or to run inside one of its own events."""


class ChainTooDeep(LabError):
    """More than 32 facts have caused one another: a loop that would never end."""


class LabClosed(LabError):
    """The lab that this client or handle belongs to is closed."""


class ReplayError(LabError):
    """A saved world can't be replayed with this version or these files."""


class WiringError(LabError):
    """A fact kind or a port that the published tables don't know: a mistake in labkit."""


class RealHostError(OSError):
    """A request was about to leave for a real AWS host while a lab is active.

    An ``OSError``, so that HTTP libraries wrap it as they wrap a failed name resolution and the
    text arrives at the top of their own traceback.
    """


class AwsError(Exception):
    """An error that AWS itself would answer.

    Parameters
    ----------
    code:
        The error code as the service's model names it (``ResourceNotFound``).
    message:
        AWS's wording where it is known, else a sentence that says what to change.
    status:
        HTTP status, 400 unless the model says otherwise.
    extra:
        Further members of the error's shape (``{"logStreamName": ...}``).
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 400,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = dict(extra or {})


class NotImplementedYet(AwsError):
    """The honest 501: AWS has this operation, labkit does not have it yet."""

    def __init__(self, service: str, operation: str, reason: str = "") -> None:
        why = f" {reason}" if reason else ""
        super().__init__(
            "NotImplemented",
            f"labkit does not have {service}:{operation} yet.{why}",
            status=501,
        )
