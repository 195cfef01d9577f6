"""A recording of clicks and typing, played: each step tries its selectors in their order."""

import os

from aws_synthetics.selenium import synthetics_webdriver as webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WAIT_SECONDS = 10
START = "https://shop.teapot.example/login"
STEPS = [
    {"type": "change", "selectors": ["#user"], "value": "demo"},
    {"type": "change", "selectors": ["#password"], "value": "$SHOP_PASSWORD"},
    {"type": "click", "selectors": ["#login-button", "main button"]},
    {"type": "waitForElement", "selectors": ["#welcome"]},
]

#: Where a variable is not set.
DEFAULTS = {"SHOP_PASSWORD": "teapot"}


def look(browser, selectors):
    """What the selectors find: of the first that finds one element alone, else of the first."""
    found = []
    for one in selectors:
        by = (By.XPATH, one[6:]) if one.startswith("xpath=") else (By.CSS_SELECTOR, one)
        several = [
            element
            for element in browser.find_elements(*by)
            if element.is_displayed() and element.is_enabled()
        ]
        if len(several) == 1:
            return several[0]
        found += several
    return found[0] if found else None


def find(browser, selectors):
    """The element of a step, once it is there to be used."""
    gone = [StaleElementReferenceException]  # the page has changed while it was looked at
    return WebDriverWait(browser, WAIT_SECONDS, ignored_exceptions=gone).until(
        lambda one: look(one, selectors),
        message=f"none of {', '.join(selectors)} is there after {WAIT_SECONDS} seconds",
    )


def play(browser, step):
    """One step of the recording."""
    if step["type"] == "navigate":
        browser.get(step["url"])
        return
    if step["type"] == "setViewport":
        browser.set_viewport_size(step["width"], step["height"])
        return
    element = find(browser, step["selectors"])
    if step["type"] == "click":
        element.click()
    elif step["type"] == "change":
        value = step["value"]
        if value.startswith("$"):
            value = os.environ.get(value[1:]) or DEFAULTS.get(value[1:], "")
        element.clear()
        element.send_keys(value)


def handler(event, context):
    """Play all steps."""
    browser = webdriver.Chrome()
    webdriver.execute_step("open", lambda: browser.get(START))
    for number, step in enumerate(STEPS, 1):
        name = step.get("name") or f"{number}-{step['type']}"
        webdriver.execute_step(name, lambda step=step: play(browser, step))
    return f"{len(STEPS)} steps played"
