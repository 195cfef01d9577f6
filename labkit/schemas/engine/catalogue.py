"""The registry ``aws.events``: schemas of what AWS's own services tell in a lab.

``aws_events.json`` holds one event's detail for each; the document is inferred from it like any
other. That of EC2's state changes is exactly the one that AWS publishes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from labkit.core.jsontext import dumps
from labkit.schemas.engine.inference import merged, openapi, schema_name


@cache
def catalogue() -> Mapping[str, str]:
    """Name -> content of every schema of ``aws.events``."""
    place = files("labkit") / "schemas" / "aws_events.json"
    told = json.loads(place.read_text(encoding="utf-8"))
    return {
        schema_name(one["source"], one["detail-type"]): dumps(
            openapi(one["source"], one["detail-type"], merged(None, [one["detail"]]))
        )
        for one in told
    }
