"""Visual monitoring: a picture of each page, compared with the one of the baseline.

AWS has visual monitoring for Node.js; its options are spelt here as Python's other options are.
"""

from aws_synthetics.common import synthetics_configuration
from aws_synthetics.selenium import synthetics_webdriver as webdriver

PAGES = {"home": "https://shop.teapot.example/", "cart": "https://shop.teapot.example/cart"}
THRESHOLD_PERCENT = 0.5
WIDTH, HEIGHT = 1280, 800


def handler(event, context):
    """Photograph all pages."""
    synthetics_configuration.set_config(
        {
            "visual_compare_with_base_run": True,
            "visual_variance_threshold_percentage": THRESHOLD_PERCENT,
            "screenshot_on_step_start": False,
            "screenshot_on_step_success": False,
        }
    )
    browser = webdriver.Chrome()
    browser.set_viewport_size(WIDTH, HEIGHT)
    for name, url in PAGES.items():

        def look(name=name, url=url):
            browser.get(url)
            browser.save_screenshot(f"{name}.png")

        webdriver.execute_step(name, look)
    return f"{len(PAGES)} pictures taken"
