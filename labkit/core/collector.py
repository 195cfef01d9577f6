"""Python's collector of cyclic garbage, told how large a lab's process is."""

from __future__ import annotations

import gc

#: New objects before the collector looks; Python's own figure (700, later 2,000) is for a script.
FIRST = 20_000


def ease() -> None:
    """Let the collector look less often, for the rest of the process.

    boto3, moto and the libraries that draw are some 300,000 objects that stay. By Python's own
    figure the collector walks through all of them again and again while they are imported and
    whenever a world is made: 16 to 29 percent of the time of most lessons. Reference counts free
    nearly all that a lab drops; six worlds one after the other take as much memory as before. Who
    has said another figure keeps it.
    """
    first, second, third = gc.get_threshold()
    if 0 < first <= 2_000:
        gc.set_threshold(FIRST, second, third)
