"""Execute the course's notebooks in place (``make notebooks``): ``python -m labkit.notebooks``.

Lessons are committed with their outputs, and nbval compares every one of them. So what is stored
must be the same on every machine: no execution times, no kernel versions, cell ids as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Exercises are made from solutions (labkit course build) and committed without outputs.
FOLDERS = ("notebooks", "solutions")
CELL_SECONDS = 60

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def execute(path: Path) -> None:
    """Run the notebook at ``path`` from top to bottom and store its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell fails that is not tagged ``raises-exception``.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    run(notebook, path.parent)
    path.write_text(as_text(notebook), encoding="utf-8")


def run(notebook: Any, folder: Path) -> None:
    """Run a notebook in ``folder``; its outputs are then in it, the file stays as it is.

    The committed solutions are those of the learner ``demo``, so that is who runs them.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell fails that is not tagged ``raises-exception``.
    """
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # its talk about transports is nobody's business
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    before = os.environ.get("LABKIT_LEARNER")
    os.environ["LABKIT_LEARNER"] = "demo"
    try:
        client.execute()
    finally:
        os.environ.pop("LABKIT_LEARNER")
        if before is not None:
            os.environ["LABKIT_LEARNER"] = before


def as_text(notebook: Any) -> str:
    """The notebook as it is committed."""
    import nbformat

    notebook.metadata = nbformat.from_dict(
        {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
        | {key: value for key, value in notebook.metadata.items() if key == "labkit"}
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("metadata", {}).pop("execution", None)
            data = output.get("data", {})
            if "text/html" in data:
                # A live widget lives in its kernel. What a reader of the file can see is the
                # picture beside it; with the widget's name in the file, that would be an error.
                data.pop("application/vnd.jupyter.widget-view+json", None)
    text: str = nbformat.writes(notebook, version=4)
    return text.rstrip("\n") + "\n"


def main(names: Sequence[str]) -> int:
    """Execute the named notebooks, or all of the course's."""
    paths = [Path(name) for name in names]
    if not paths:
        paths = sorted(path for folder in FOLDERS for path in Path(folder).glob("*.ipynb"))
    for path in paths:
        sys.stdout.write(f"{path} ... ")
        sys.stdout.flush()
        execute(path)
        sys.stdout.write("done\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
