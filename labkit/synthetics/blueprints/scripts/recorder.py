"""A recording of clicks and typing, played: each step tries its selectors in their order."""

import os

from aws_synthetics.selenium import synthetics_webdriver as webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

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


#: Fields whose value is set, not typed: what they take depends on the browser's language.
SET = ("color", "date", "datetime-local", "month", "range", "time", "week")


def by(selector):
    """A selector as selenium has it."""
    if selector.startswith("xpath="):
        return By.XPATH, selector[6:]
    return By.CSS_SELECTOR, selector


def look(browser, selectors):
    """What the selectors find: of the first that finds one element alone, else of the first."""
    found = []
    for one in selectors:
        several = [
            element
            for element in browser.find_elements(*by(one))
            if element.is_displayed() and element.is_enabled()
        ]
        if len(several) == 1:
            return several[0]
        found += several
    return found[0] if found else None


def wait(browser, until, message):
    """What a condition gives, once it holds."""
    gone = [StaleElementReferenceException]  # the page has changed while it was looked at
    waiting = WebDriverWait(browser, WAIT_SECONDS, ignored_exceptions=gone)
    return waiting.until(until, message=f"{message} after {WAIT_SECONDS} seconds")


def find(browser, selectors):
    """The element of a step, once it is there to be used."""
    told = f"none of {', '.join(selectors)} is there"
    return wait(browser, lambda one: look(one, selectors), told)


def enough(browser, step):
    """Whether as many elements are there as a step waits for."""
    found = browser.find_elements(*by(step["selectors"][0]))
    if step.get("visible") is not None:
        found = [one for one in found if one.is_displayed() == step["visible"]]
    count, operator = step.get("count", 1), step.get("operator", ">=")
    return {"==": len(found) == count, "<=": len(found) <= count, ">=": len(found) >= count}[
        operator
    ]


def go_to(browser, step):
    """To the tab and the frame of a step."""
    if "target" in step:
        told = f"no tab shows {step['target']}"
        wait(browser, lambda one: switch(one, step["target"]), told)
    elif len(browser.window_handles) > 1:
        browser.switch_to.window(browser.window_handles[0])
    browser.switch_to.default_content()
    for number in step.get("frame", ()):
        browser.switch_to.frame(number)


def switch(browser, url):
    """Switch to the tab that shows an address; whether there is one."""
    for handle in browser.window_handles:
        browser.switch_to.window(handle)
        if browser.current_url.startswith(url.split("#")[0]):
            return True
    return False


def change(browser, element, value):
    """Give a field another value."""
    if element.tag_name == "select":
        Select(element).select_by_value(value)
    elif element.get_attribute("type") in SET:
        browser.execute_script(
            "arguments[0].value = arguments[1];"
            "for (const kind of ['input', 'change'])"
            " arguments[0].dispatchEvent(new Event(kind, {bubbles: true}));",
            element,
            value,
        )
    else:
        element.clear()
        element.send_keys(value)


def play(browser, step):
    """One step of the recording."""
    kind = step["type"]
    if kind == "navigate":
        browser.get(step["url"])
        return
    if kind == "setViewport":
        browser.set_viewport_size(step["width"], step["height"])
        return
    go_to(browser, step)
    if kind == "waitForExpression":
        held = f"return ({step['expression']})"
        wait(browser, lambda one: one.execute_script(held), f"{step['expression']} is not true")
        return
    if kind == "waitForElement" and ("count" in step or step.get("visible") is False):
        wait(browser, lambda one: enough(one, step), f"not as many {step['selectors'][0]}")
        return
    element = find(browser, step["selectors"])
    if kind == "click":
        element.click()
    elif kind == "doubleClick":
        ActionChains(browser).double_click(element).perform()
    elif kind == "hover":
        ActionChains(browser).move_to_element(element).perform()
    elif kind == "change":
        value = step["value"]
        if value.startswith("$"):
            value = os.environ.get(value[1:]) or DEFAULTS.get(value[1:], "")
        change(browser, element, value)


def handler(event, context):
    """Play all steps."""
    browser = webdriver.Chrome()
    webdriver.execute_step("open", lambda: browser.get(START))
    for number, step in enumerate(STEPS, 1):
        name = step.get("name") or f"{number}-{step['type']}"
        webdriver.execute_step(name, lambda step=step: play(browser, step))
    return f"{len(STEPS)} steps played"
