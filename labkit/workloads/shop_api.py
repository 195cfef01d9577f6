"""The shop's JSON interface: products to read; orders to write, read back and take away.

=======================  ======================================================================
``GET /api/products``     all products; ``/api/products/<id>`` one
``POST /api/orders``      ``{"product": "sencha", "quantity": 2}`` -> 201 and the order
``GET /api/orders/<id>``  the order; 404 when there is none
``DELETE`` of it          204
``GET /health``           ``{"status": "ok"}``
=======================  ======================================================================
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from labkit.workloads.shop_pages import BY_ID, PRODUCTS, Answer, Asked, Product, Till, as_json


def answer(asked: Asked, till: Till) -> Answer:
    """Answer a request of the interface."""
    parts = urlsplit(asked.path).path.strip("/").split("/")
    if parts == ["health"]:
        return as_json(200, {"status": "ok"})
    kind, key = (*parts[1:3], "", "")[:2]
    if kind == "products" and asked.method in ("GET", "HEAD"):
        if not key:
            return as_json(200, {"products": [_told(one) for one in PRODUCTS]})
        if key in BY_ID:
            return as_json(200, _told(BY_ID[key]))
    if kind == "orders":
        if asked.method == "POST" and not key:
            return _ordered(asked, till)
        if key in till.orders:
            if asked.method == "DELETE":
                del till.orders[key]
                return Answer(204)
            if asked.method in ("GET", "HEAD"):
                return as_json(200, till.orders[key])
    return as_json(404, {"error": f"there is no {asked.method} {urlsplit(asked.path).path}"})


def _ordered(asked: Asked, till: Till) -> Answer:
    try:
        wanted: Any = json.loads(asked.body or b"null")
    except ValueError:
        return as_json(400, {"error": "the body is no JSON"})
    if not isinstance(wanted, dict) or wanted.get("product") not in BY_ID:
        return as_json(400, {"error": "product is the id of one of the products"})
    quantity = wanted.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 99:
        return as_json(400, {"error": "quantity is a whole number from 1 to 99"})
    order = till.place({"product": wanted["product"], "quantity": quantity, "state": "new"})
    return as_json(201, order)


def _told(one: Product) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "cents": one.cents}
