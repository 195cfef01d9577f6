"""Idioms of canary scripts that people have written for AWS, each run for real."""

import re

import pytest
from canarykit import HOME, script, text, visit

from labkit.synthetics.engine import package

#: What scripts ask over HTTP, find in their surroundings, and leave in /tmp.
WITHOUT_A_BROWSER = f"""
import certifi, http.client, pathlib, requests, shutil, urllib.parse, urllib3
assert requests.get("{HOME}", timeout=30).status_code == 200
pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=certifi.where())
assert pool.request("GET", "{HOME}", timeout=10).status == 200
parsed = urllib.parse.urlparse("{HOME}")
conn = http.client.HTTPSConnection(parsed.hostname, parsed.port)
conn.request("GET", "{HOME}", None, {{"User-Agent": webdriver.get_canary_user_agent_string()}})
assert conn.getresponse().status == 200
assert 0 < context.get_remaining_time_in_millis() <= 60_000
assert context.function_version and context.log_stream_name and context.invoked_function_arn
assert os.environ["AWS_EXECUTION_ENV"] and os.environ["TZ"] == "Europe/Berlin"
pathlib.Path("/tmp/notes.txt").write_text("hello")
shutil.copy("/tmp/notes.txt", "/tmp/copy.txt")
os.rename("/tmp/copy.txt", "/tmp/moved.txt")
assert os.path.exists("/tmp/moved.txt") and not os.path.exists("/tmp/copy.txt")
assert "cart" in parsed.path
"""


def test_what_scripts_do_without_a_browser_and_an_assertion_that_says_nothing(web):
    result = visit(web, script(WITHOUT_A_BROWSER), environment={"TZ": "Europe/Berlin"})
    assert re.fullmatch(
        'AssertionError: canary.py, line [0-9]+: assert "cart" in parsed.path', result.state_reason
    ), result.state_reason
    assert text(result, "notes.txt") == text(result, "moved.txt") == "hello"
    assert result.http.ok_2xx == 3


@pytest.mark.long
@pytest.mark.browser
def test_a_window_that_a_page_opens_comes_up_and_is_the_last_one(web, kept):
    result = visit(web, script(f"""
from selenium.webdriver.support import expected_conditions as EC
from selenium.webdriver.support.ui import WebDriverWait
browser = webdriver.Chrome()
browser.get("{HOME}")
assert len(browser.window_handles) == 1, browser.window_handles
browser.execute_script("window.open('/cart')")
wait = WebDriverWait(browser, 20)
wait.until(EC.number_of_windows_to_be(2))
browser.switch_to.window(browser.window_handles[-1])
wait.until(EC.title_is("Cart"))
"""), browsers=kept)  # fmt: skip
    assert result.passed, result.state_reason
    assert f"{HOME}cart" in text(result, "results.har")


@pytest.mark.long
@pytest.mark.browser
def test_plain_selenium_and_the_guides_long_dashes_get_the_browser_too(web, cold):
    result = visit(web, script(f"""
from selenium import webdriver as plain
from selenium.webdriver.chrome.options import Options
options = Options()
for one in ("\\u2014\\u2014incognito", "--headless", "--single-process", "--no-zygote"):
    options.add_argument(one)
browser = plain.Chrome(options=options)
browser.get("{HOME}")
assert browser.title == "Teapot", browser.title
"""))  # fmt: skip
    assert result.passed, result.state_reason


def test_a_handler_in_a_folder_is_named_with_dots_too():
    entry = package.find("flows.login.run", ["python/flows/login.py"])
    assert (entry.file, entry.function) == ("python/flows/login.py", "run")
