"""The dashboard that hangs in Teapot's office: 24 tiles, all of them true, none of them of use.

Nobody planned it. Each tile was the default of whoever added it: averages, sums over all services,
periods of an hour. Lesson 05 takes it apart; exercise 05 replaces it.
"""

from __future__ import annotations

import json
from typing import Any

NAME = "wall"
_SERVICES = ("front", "catalogue", "cart", "checkout", "payment")


def body(namespace: str = "Shop", region: str = "us-east-1") -> dict[str, Any]:
    """The body: 24 tiles of 4 columns and 3 rows.

    Parameters
    ----------
    namespace, region:
        Of the shop's metrics.
    """
    tiles: list[tuple[str, list[Any], dict[str, Any]]] = []
    for service in _SERVICES:
        of = ["service", service]
        tiles += [
            (service, [[namespace, "Requests", *of]], {"stat": "Sum"}),
            (f"{service} ms", [[namespace, "Latency", *of]], {}),
        ]
    for service in _SERVICES[:3]:
        metric = [namespace, "Errors", "service", service]
        tiles.append((f"{service} err.", [metric], {"period": 3600}))
    errors, requests, latencies = (
        [[namespace, name, "service", service] for service in _SERVICES]
        for name in ("Errors", "Requests", "Latency")
    )
    orders = f"SEARCH('{{{_quoted(namespace)},shop}} Orders', 'Sum', 3600)"
    hour = {"view": "singleValue", "period": 3600}
    tiles += [
        ("errors", errors, {"stat": "Sum", "stacked": True, "period": 3600}),
        ("requests", requests, {"stat": "Sum", "stacked": True}),
        ("latency", latencies, {"period": 3600}),
        ("orders", [[{"expression": orders}]], {}),
        ("shops", [[{"expression": orders}]], {"view": "pie"}),
        ("services", requests, {"view": "pie", "stat": "Sum"}),
        ("front page", latencies[:1], hour),
        ("cart now", latencies[2:3], hour),
        ("payments", requests[4:], {"stat": "Sum", **hour}),
        ("visitors", requests[:1], {"stat": "Sum", **hour}),
        ("ms, an hour", latencies, {"view": "bar", "period": 3600}),
    ]
    return {
        "widgets": [
            {
                "type": "metric",
                "x": number % 6 * 4,
                "y": number // 6 * 3,
                "width": 4,
                "height": 3,
                "properties": {
                    "title": title,
                    "region": region,
                    "metrics": metrics,
                    "legend": {"position": "hidden"},
                    "yAxis": {"left": {"min": 0, "showUnits": False}},
                    **more,
                },
            }
            for number, (title, metrics, more) in enumerate(tiles)
        ]
    }


def _quoted(namespace: str) -> str:
    return namespace if namespace.isalnum() else f'"{namespace}"'


def hang(cloudwatch: Any, namespace: str = "Shop", region: str = "us-east-1") -> None:
    """Put the dashboard ``wall``.

    Parameters
    ----------
    cloudwatch:
        A boto3 client.
    namespace, region:
        Of the shop's metrics.
    """
    text = json.dumps(body(namespace, region))
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=text)
