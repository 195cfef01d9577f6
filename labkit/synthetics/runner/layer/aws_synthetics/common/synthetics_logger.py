"""``synthetics_logger``: to the output and to the run's log file, with the level in front."""

from __future__ import annotations

import logging
from typing import Any

from .. import _run

DEBUG, INFO, WARN, WARNING, ERROR = (
    logging.DEBUG, logging.INFO, logging.WARNING, logging.WARNING, logging.ERROR,
)  # fmt: skip

_NAMES = {logging.DEBUG: "DEBUG", logging.INFO: "INFO", logging.WARNING: "WARN"}


class _ToRun(logging.Handler):
    """Hands finished lines to the run."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record: its level, its text, and a trace where there is one."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        if record.stack_info:
            text += "\n" + record.stack_info
        _run.log(_NAMES.get(record.levelno, "ERROR"), text)


_LOGGER = logging.getLogger("aws_synthetics")
_LOGGER.propagate = False
_LOGGER.setLevel(logging.INFO)
_LOGGER.addHandler(_ToRun())


def get_level() -> int:
    """The level below which nothing is logged."""
    return _LOGGER.level


def set_level(level: int | str) -> None:
    """Set that level: a number of :mod:`logging` or its name."""
    _LOGGER.setLevel({"WARN": "WARNING"}.get(level, level) if isinstance(level, str) else level)


def debug(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level DEBUG; ``args`` are merged into ``message``."""
    _LOGGER.debug(message, *args, **kwargs)


def info(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level INFO."""
    _LOGGER.info(message, *args, **kwargs)


def log(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level INFO, too."""
    _LOGGER.info(message, *args, **kwargs)


def warning(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level WARN."""
    _LOGGER.warning(message, *args, **kwargs)


warn = warning


def error(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level ERROR."""
    _LOGGER.error(message, *args, **kwargs)


def exception(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level ERROR, with the exception under way."""
    _LOGGER.exception(message, *args, **kwargs)
