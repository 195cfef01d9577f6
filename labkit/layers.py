"""Layers for Lambda functions out of packages that are installed here.

On Lambda a function finds what its zip and its layers bring, and of other packages boto3 alone. In
a lab it is the same. One would build such a layer with ``pip install -t python``::

    from labkit.layers import layer
    lab.client("lambda").publish_layer_version(
        LayerName="xray-sdk", Content={"ZipFile": layer("aws-xray-sdk")}
    )
"""

from __future__ import annotations

import io
import re
import zipfile
from importlib import metadata
from pathlib import Path

from labkit.backing.lambda_runtime.modules import BROUGHT
from labkit.core.errors import LabError

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def layer(*names: str) -> bytes:
    """The zip of a layer with some installed packages and what they need.

    What Lambda's runtimes bring along (boto3 and its kin) is left out. Packages with compiled parts
    run where they were built, as on Lambda.

    Parameters
    ----------
    names:
        Names of distributions: ``"aws-xray-sdk"``.

    Raises
    ------
    LabError
        When one is not installed.
    """
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _needed(names):
            for one in sorted(metadata.files(name) or (), key=str):
                path = str(one)
                if "__pycache__" in path or path.startswith(".."):
                    continue
                # A date of its own would make another layer of each build.
                archive.writestr(zipfile.ZipInfo(f"python/{path}"), Path(one.locate()).read_bytes())
    return held.getvalue()


def _needed(names: tuple[str, ...]) -> list[str]:
    """Distributions and those that they need, in order of their names."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        plain = name.lower().replace("_", "-")
        if plain in found or plain in BROUGHT:
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise LabError(f"{name} is not installed here: pip install {name}") from None
        found.add(plain)
        for need in needs:
            match = _NAME.match(need)
            if match and "extra ==" not in need:
                todo.append(match[0])
    return sorted(found)
