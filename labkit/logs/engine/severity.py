"""How bad a line is, by the words that programs write: error, warning, or neither."""

from __future__ import annotations

import re

ERROR, WARNING, OTHER = "error", "warning", "other"

# A level is a word of its own; an exception's name is part of one (ValueError).
_ERROR = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b|\b(?:error|fatal|critical)\b(?=\W*[:\]\"'|])"
    r"|\blevel=(?:error|fatal)|(?:Exception|Error)\b|Traceback|Task timed out"
)
_WARNING = re.compile(r"\blevel=warn|\bWARN(?:ING)?\b|\b(?:warn|warning)\b(?=\W*[:\]\"'|])")
# A status of an access log: after the quoted request.
_STATUS = re.compile(r"\" ([45])\d\d ")


def severity(line: str) -> str:
    """``error``, ``warning`` or ``other``.

    >>> severity('{"level":"error","msg":"x"}'), severity("WARN low disk"), severity("no errors")
    ('error', 'warning', 'other')
    """
    # Most lines are neither. These are quickly looked for, and written out since a loop over them
    # takes five times as long.
    if not (
        "rror" in line or "RROR" in line or "WARN" in line or "warn" in line
        or "xception" in line or '" 4' in line or '" 5' in line or "atal" in line
        or "ATAL" in line or "ritical" in line or "RITICAL" in line or "SEVERE" in line
        or "PANIC" in line or "Traceback" in line or "timed out" in line
    ):  # fmt: skip
        return OTHER
    if _ERROR.search(line):
        return ERROR
    if _WARNING.search(line):
        return WARNING
    status = _STATUS.search(line)
    if status:
        return ERROR if status[1] == "5" else WARNING
    return OTHER
