"""Runs of canaries for tests: scripts, the shop as a site, and what a run must not leave behind."""

from labkit.synthetics import blueprints
from labkit.synthetics.engine.run import RunRequest, Site
from labkit.synthetics.runner import run
from labkit.workloads.shop_faults import SiteSnapshot
from labkit.workloads.shop_site import DOMAIN

NOW = 1_767_603_600_000_000  # 2026-01-05T09:00:00Z
HOME = f"https://{DOMAIN}/"


def shop_with(*faults, days=90.0):
    """The shop with faults (page, kind, size)."""
    return SiteSnapshot(NOW, tuple(faults), days)


def asked(text, **more):
    """A request for a script."""
    more = {"timeout_s": 60, "now_us": NOW, **more}
    return RunRequest("shop", "run-1", blueprints.package(text), blueprints.HANDLER, **more)


def visit(web, text, *faults, days=90.0, browsers=None, serve=None, **more):
    """Run a script against the shop as it is with some faults."""
    snapshot = shop_with(*faults, days=days)
    site = Site(
        {DOMAIN: web.ports}, snapshot.fingerprint, web.authority.pem,
        key_hash=web.authority.key_hash,
    )  # fmt: skip
    with web.hold(snapshot):
        return run(asked(text, **more), site, browsers=browsers, serve=serve)


def script(body):
    """A script whose handler has some lines."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return (
        "import os, sys, time\n"
        "from aws_synthetics.selenium import synthetics_webdriver as webdriver\n"
        "from aws_synthetics.common import synthetics_logger as logger\n"
        "from aws_synthetics.common import synthetics_configuration\n"
        f"def handler(event, context):\n{lines}\n"
    )


def text(result, end):
    """An artifact by the end of its name, as text."""
    name = next(one.name for one in result.artifacts if one.name.endswith(end))
    return result.artifact(name).decode()


__all__ = ["HOME", "NOW", "asked", "script", "shop_with", "text", "visit"]
