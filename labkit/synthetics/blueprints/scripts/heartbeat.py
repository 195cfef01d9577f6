"""Heartbeat: load each page, take a picture, and fail on an answer that is no success."""

import urllib.error
import urllib.request

from aws_synthetics.common import synthetics_configuration
from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver

URLS = ["https://shop.teapot.example/"]


def name_of(url):
    """A step's name for a URL: its path, or its host."""
    place = url.split("://")[-1].rstrip("/")
    host, _, path = place.partition("/")
    return path.replace("/", "-").split("?")[0] or host


def status_of(browser, url):
    """Load a page, and its status; without a browser it is only asked for."""
    if browser is None:
        agent = {"User-Agent": webdriver.get_canary_user_agent_string()}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=agent)) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code
    browser.get(url)
    return browser.execute_script(
        "return performance.getEntriesByType('navigation')[0].responseStatus"
    )


def load(browser, url):
    """Load one page."""
    status = status_of(browser, url)
    if not 200 <= status <= 299:
        raise Exception(f"{url} answered {status}")


def handler(event, context):
    """Visit all pages."""
    synthetics_configuration.with_screenshot_on_step_start(False)
    try:
        browser = webdriver.Chrome()
    except RuntimeError as problem:
        logger.warning("No pictures: %s", problem)
        browser = None
    for url in URLS:
        webdriver.execute_step(name_of(url), lambda url=url: load(browser, url))
    return f"{len(URLS)} pages loaded"
