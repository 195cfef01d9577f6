"""GUI workflow: what a customer does, as a list of steps of the five kinds of AWS's builder.

==========================  =====================================================
``navigate``                URL
``click``                   selector
``click_with_navigation``   selector; the page that follows is waited for
``verify_selector``         selector that must be there to be seen
``verify_text``             selector, text that must be in it
``input_text``              selector, text; ``$NAME`` is a variable of the canary
==========================  =====================================================
"""

import os

from aws_synthetics.common import synthetics_configuration
from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

WAIT_SECONDS = 10
STEPS = [
    ("home", "navigate", "https://shop.teapot.example/"),
    ("search", "input_text", "#q", "sencha"),
    ("results", "click_with_navigation", "#search-button"),
    ("found", "verify_text", "main", "Sencha"),
    ("cart", "click_with_navigation", "#add-sencha"),
    ("checkout", "click_with_navigation", "#checkout-link"),
    ("name", "input_text", "#name", "Canary"),
    ("email", "input_text", "#email", "canary@teapot.example"),
    ("card", "input_text", "#card-number", "$TEST_CARD"),
    ("expiry", "input_text", "#card-expiry", "12/30"),
    ("code", "input_text", "#card-cvc", "123"),
    ("pay", "click_with_navigation", "#buy"),
    ("thanks", "verify_text", "main", "Thank you"),
]

#: Where a variable is not set: the card that the shop's payment takes in tests.
DEFAULTS = {"TEST_CARD": "4242 4242 4242 4242"}


def wait(browser, condition, selector):
    """The element, once a condition holds."""
    told = f"{selector} is not there after {WAIT_SECONDS} seconds"
    return WebDriverWait(browser, WAIT_SECONDS).until(
        condition((By.CSS_SELECTOR, selector)), message=told
    )


def do(browser, kind, selector, text=""):
    """One step."""
    if kind == "navigate":
        browser.get(selector)
        return
    if kind == "verify_text":
        found = wait(browser, expected_conditions.visibility_of_element_located, selector).text
        if text not in found:
            raise Exception(f"{selector} says {found[:200]!r}, not {text!r}")
        return
    if kind == "verify_selector":
        wait(browser, expected_conditions.visibility_of_element_located, selector)
        return
    element = wait(browser, expected_conditions.element_to_be_clickable, selector)
    if kind == "input_text":
        if text.startswith("$"):
            text = os.environ.get(text[1:]) or DEFAULTS.get(text[1:], "")
        element.clear()
        element.send_keys(text)
        return
    element.click()
    if kind == "click_with_navigation":
        WebDriverWait(browser, WAIT_SECONDS).until(
            lambda one: one.execute_script("return document.readyState") == "complete"
        )
        if browser.current_url.startswith("chrome-error:"):
            raise Exception(f"there is no page behind {selector}")


def handler(event, context):
    """Do all steps, up to the first that fails."""
    # A step begins with what the one before has shown.
    synthetics_configuration.with_screenshot_on_step_start(False)
    browser = webdriver.Chrome()
    for name, kind, selector, *text in STEPS:
        webdriver.execute_step(name, lambda a=(kind, selector, *text): do(browser, *a))
    logger.info("all %d steps done", len(STEPS))
    return f"{len(STEPS)} steps done"
