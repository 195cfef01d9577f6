"""Blueprints: scripts of canaries to read, change and upload.

==================  ============================  ================================================
name                needs a browser               what it does
==================  ============================  ================================================
``heartbeat``       takes pictures with one       loads each URL of a list
``api``             no                            steps of HTTP requests, values passed on
``broken_links``    takes pictures with one       follows the links of a page
``workflow``        yes                           click, verify, input, click with navigation
``recorder``        yes                           what a recording of clicks and typing becomes
``visual``          yes                           pictures against a baseline
==================  ============================  ================================================

Multi checks are no script but a configuration: :func:`checks`. A script begins with its settings in
capital letters; :func:`script` fills them in::

    code = package(script("heartbeat", URLS=["https://shop.teapot.example/"]))
    synthetics.create_canary(..., Code={"ZipFile": code, "Handler": HANDLER})
"""

from __future__ import annotations

import ast
import io
import json
import pprint
import zipfile
from pathlib import Path
from typing import Any

from labkit.core.errors import LabError

_SCRIPTS = Path(__file__).parent / "scripts"

NAMES = ("heartbeat", "api", "broken_links", "workflow", "recorder", "visual")

#: The file within an archive, and the handler that it is called by.
FILE, HANDLER = "canary", "canary.handler"


def script(name: str, **settings: Any) -> str:
    """The text of a blueprint, with settings filled in.

    Parameters
    ----------
    name:
        One of :data:`NAMES`.
    settings:
        Values for the names in capital letters at its top.

    Raises
    ------
    LabError
        For a blueprint or a setting that there is not.
    """
    if name not in NAMES:
        raise LabError(f"no blueprint is called {name!r}; there are {', '.join(NAMES)}")
    text = (_SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    return fill(text, settings)


def fill(text: str, settings: dict[str, Any]) -> str:
    """A script with other values for the names that it sets at its top.

    Raises
    ------
    LabError
        For a name that it does not set.
    """
    lines = text.splitlines(keepends=True)
    places: dict[str, tuple[int, int]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assert node.end_lineno is not None
            places[node.targets[0].id] = node.lineno - 1, node.end_lineno
    unknown = [name for name in settings if name not in places]
    if unknown:
        known = ", ".join(name for name in places if name.isupper())
        raise LabError(f"the script has no setting {unknown[0]}; it has {known}")
    for name in sorted(settings, key=lambda one: -places[one][0]):
        begin, end = places[name]
        shown = pprint.pformat(settings[name], width=90, sort_dicts=False)
        lines[begin:end] = [f"{name} = {shown}\n"]
    return "".join(lines)


def package(text: str, file: str = FILE) -> bytes:
    """A script as the zip archive that CreateCanary takes: the same text, the same bytes.

    Parameters
    ----------
    text:
        The script.
    file:
        Its name without ``.py``; the handler is ``<file>.handler``.
    """
    return archive({f"python/{file}.py": text})


def archive(files: dict[str, str]) -> bytes:
    """Files as a zip archive without dates of today."""
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            about.external_attr = 0o644 << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(about, text)
    return place.getvalue()


def checks(*steps: dict[str, Any], variables: dict[str, str] | None = None) -> bytes:
    """A configuration of multi checks as an archive: ``blueprint-config.json``.

    Parameters
    ----------
    steps:
        Each with ``stepName``, ``checkerType`` and what its kind of check wants.
    variables:
        Values that steps name as ``${name}``.
    """
    told: dict[str, Any] = {"steps": {str(n): step for n, step in enumerate(steps, 1)}}
    if variables:
        told["variables"] = variables
    return archive({"blueprint-config.json": json.dumps(told, indent=2)})
