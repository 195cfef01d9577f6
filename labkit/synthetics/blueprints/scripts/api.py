"""API canary: requests one after the other, each a step; values of one answer serve the next."""

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver

BASE = "https://shop.teapot.example"
PRODUCT = "sencha"
QUANTITY = 2


def expect(what, found, wanted):
    """Fail when a value is not what it should be: a status says little, the body says it all."""
    if found != wanted:
        raise Exception(f"{what} is {found!r}, not {wanted!r}")


def handler(event, context):
    """Write an order, read it back, take it away."""
    known = {}

    def written(response):
        expect("the status of the order", response.status, 201)
        order = response.json()
        expect("the product", order.get("product"), PRODUCT)
        known["id"] = order.get("id")
        if not known["id"]:
            raise Exception(f"the order has no id: {response.text}")

    def read(response):
        expect("the status", response.status, 200)
        expect("the order read back", response.json().get("quantity"), QUANTITY)

    def gone(response):
        expect("the status of the deletion", response.status, 204)

    orders = f"{BASE}/api/orders"
    order = {"product": PRODUCT, "quantity": QUANTITY}
    webdriver.execute_http_step("write", {"url": orders, "method": "POST", "body": order}, written)
    webdriver.execute_http_step("read", f"{orders}/{known['id']}", read)
    webdriver.execute_http_step(
        "delete", {"url": f"{orders}/{known['id']}", "method": "DELETE"}, gone
    )
    logger.info("order %s was written, read and taken away", known["id"])
    return known["id"]
