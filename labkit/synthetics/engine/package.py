"""The zip archive of a canary: where its handler is, and what is wrong with it.

Sources: ``CanaryCodeInput.Handler`` of the API model (``file.handler``, ``folder/file.function``);
the user guide's "Writing a Python canary script" (``python/<file>.py``; from newer runtimes on a
script may lie in the root of the archive).
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What an archive may hold unpacked: Lambda's limit, bytes.
LARGEST = 250 * 1024 * 1024

#: The file with the configuration of multi checks.
CONFIGURATION = "blueprint-config.json"

#: What asks for a browser in a script, and how much of a file is looked at, bytes.
_ASKS, _LOOKED_AT = b".Chrome(", 1_000_000

_SHOWN = 8


class BadPackage(Exception):
    """An archive that can't be run; the message says why."""


@dataclass(frozen=True)
class Entry:
    """Where a run begins: a file within the archive, and a function in it."""

    file: str
    function: str


def check(code: bytes) -> list[str]:
    """The names of an archive's files.

    Raises
    ------
    BadPackage
        When it is none, holds a path that leads outside of it, or is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as problem:
        raise BadPackage(f"the code of the canary is no zip archive: {problem}") from None
    for one in entries:
        parts = one.filename.replace("\\", "/").split("/")
        if one.filename.startswith("/") or ".." in parts:
            raise BadPackage(f"the archive holds {one.filename!r}, which leads outside of it")
    if sum(one.file_size for one in entries) > LARGEST:
        raise BadPackage(f"the archive is larger than {LARGEST >> 20} MB when unpacked")
    return [one.filename for one in entries if not one.is_dir()]


def uses_browser(code: bytes) -> bool:
    """Whether one of the scripts in an archive seems to start a browser."""
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            for name in archive.namelist():
                if name.endswith(".py"):
                    with archive.open(name) as file:
                        if _ASKS in file.read(_LOOKED_AT):
                            return True
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError):
        pass  # whoever unpacks it says what is wrong
    return False


def find(handler: str, names: list[str]) -> Entry:
    """Where a handler is.

    Parameters
    ----------
    handler:
        ``home.handler``, ``flows/login.run``, ``flows.login.run``.
    names:
        The archive's files.

    Raises
    ------
    BadPackage
        When the archive has no such file, with what it has.
    """
    path, dot, function = handler.rpartition(".")
    if not dot or not path or not function:
        raise BadPackage(f"the handler is written file.function, not {handler!r}")
    inside = path.replace(".", "/")  # as Python and Lambda name what lies in a folder
    for place in (f"python/{path}.py", f"{path}.py", f"python/{inside}.py", f"{inside}.py"):
        if place in names:
            return Entry(place, function)
    for place in (f"nodejs/node_modules/{path}.js", f"{path}.js", f"{path}.mjs"):
        if place in names:
            raise BadPackage(
                f"{place} is a script for Node.js, and the runtime is one for Python: a Python "
                f"script lies at python/{path}.py"
            )
    shown = ", ".join(sorted(names)[:_SHOWN]) or "nothing"
    if len(names) > _SHOWN:
        shown += f" and {len(names) - _SHOWN} more"
    raise BadPackage(
        f"Unable to import module '{path}': the archive has no python/{path}.py; it has {shown}"
    )


def configuration(code: bytes, names: list[str]) -> Mapping[str, Any] | None:
    """The configuration of multi checks in an archive; None for an archive without one.

    Raises
    ------
    BadPackage
        When it is no JSON.
    """
    place = next((one for one in names if one.rpartition("/")[2] == CONFIGURATION), None)
    if place is None:
        return None
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        text = archive.read(place)
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise BadPackage(f"{place} is no JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadPackage(f"{place} is no JSON object")
    return found


def unsupported(runtime: str, *, checks: bool) -> str:
    """Why a runtime does not run here; '' when it does.

    Parameters
    ----------
    runtime:
        ``syn-python-selenium-12.0`` ...
    checks:
        Whether the canary is a configuration of multi checks, which need no Node.js here.
    """
    if checks or runtime.startswith("syn-python-selenium-"):
        return ""
    kind = runtime.rsplit("-", 1)[0]
    return (
        f"labkit runs canaries for Python (syn-python-selenium-*) and multi checks; {kind} is "
        "stored and not run. The same steps in Python: labkit.synthetics.blueprints"
    )
