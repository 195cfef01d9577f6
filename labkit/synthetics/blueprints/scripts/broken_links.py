"""Broken link checker: follow the links of a page, and say what is wrong with each.

The number of links includes the page itself.
"""

import http.client
import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser

from aws_synthetics.common import synthetics_logger as logger
from aws_synthetics.selenium import synthetics_webdriver as webdriver

URLS = ["https://shop.teapot.example/"]
LIMIT = 50
TIMEOUT_SECONDS = 10


class Links(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """One element."""
        target = dict(attrs).get("href") if tag == "a" else None
        if target is not None:
            self.found.append(target)


def visit(url):
    """(what is wrong with a URL or '', its status, its text)."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "bad URL", 0, ""
    agent = webdriver.get_canary_user_agent_string()
    try:
        request = urllib.request.Request(url, headers={"User-Agent": agent})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read().decode("utf-8", "replace")
            return ("empty response" if not text else ""), answer.status, text
    except urllib.error.HTTPError as problem:
        with problem:
            known = {404: "404"}
            return known.get(problem.code, "invalid response code"), problem.code, ""
    except urllib.error.URLError as problem:
        reason = problem.reason
    except (OSError, http.client.HTTPException, ValueError) as problem:
        reason = problem
    if isinstance(reason, socket.gaierror):
        return "invalid host name", 0, ""
    if isinstance(reason, TimeoutError):
        return "timeout", 0, ""
    if isinstance(reason, (ConnectionError, http.client.HTTPException)):
        return "dropped connection", 0, ""
    return ("bad URL" if isinstance(reason, ValueError) else str(reason)), 0, ""


def photograph(browser, url, number):
    """A picture of a page, where there is a browser."""
    if browser is None:
        return
    try:
        browser.get(url)
        browser.save_screenshot(f"link-{number}.png")
    except Exception as problem:
        logger.warning("no picture of %s: %s", url, problem)


def handler(event, context):
    """Check all links of all pages."""
    try:
        browser = webdriver.Chrome()
    except RuntimeError as problem:
        logger.warning("No pictures: %s", problem)
        browser = None
    checked = {}
    waiting = list(URLS)
    while waiting and len(checked) < LIMIT:
        url = waiting.pop(0).partition("#")[0]
        if url in checked:
            continue
        wrong, status, text = visit(url)
        checked[url] = {"url": url, "status": status, "problem": wrong}
        logger.info("%s: %s", url, wrong or status)
        if wrong or url in URLS:
            photograph(browser, url, len(checked))
        if url in URLS and text:
            links = Links()
            links.feed(text)
            found = [urllib.parse.urljoin(url, one) for one in links.found]
            waiting += [one for one in found if not one.startswith(("mailto:", "tel:"))]
    broken = [one for one in checked.values() if one["problem"]]
    with open("/tmp/BrokenLinkCheckerReport.json", "w") as file:
        counted = {"totalLinksChecked": len(checked), "totalBrokenLinks": len(broken)}
        json.dump({**counted, "links": list(checked.values())}, file, indent=1)
    if broken:
        told = ", ".join(f"{one['url']} ({one['problem']})" for one in broken)
        raise Exception(f"{len(broken)} of {len(checked)} links are broken: {told}")
    return f"{len(checked)} links checked"
