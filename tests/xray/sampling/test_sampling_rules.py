"""Sampling rules: which one a request falls under, and why not the others."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.xray.engine.sampling import Asked, Rule, default_rule, in_order, mismatch
from labkit.xray.engine.sampling.rules import fits, matching

#: (pattern, text, fits)
WILDCARDS = [
    ("*", "", True),
    ("", "", True),
    ("", "a", False),
    ("/history/*", "/history/", True),
    ("/history/*", "/HISTORY/7", True),
    ("/history/*", "/histor/7", False),
    ("GET", "get", True),
    ("?ET", "get", True),
    ("?", "", False),
    ("a*b*c", "a-b-b-c", True),
    ("a*b*c", "a-b-c-d", False),
    ("*.example.com", "shop.example.com", True),
    ("/api/*/item?", "/api/v2/item7", True),
    ("/api/*/item?", "/api/v2/item", False),
    ("**a**", "xxaxx", True),
    ("a+b", "aab", False),  # nothing else is special
]


@pytest.mark.parametrize(("pattern", "text", "expected"), WILDCARDS)
def test_wildcards(pattern, text, expected):
    assert fits(pattern, text) is expected


@given(st.text("aB*?", max_size=8), st.text("abB", max_size=8))
@settings(max_examples=100)
def test_wildcards_mean_what_an_expression_of_them_means(pattern, text):
    expression = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    assert fits(pattern, text) is bool(re.fullmatch(expression, text, re.I | re.S))


def test_a_pattern_full_of_stars_does_not_hang():
    assert not fits("*a" * 60 + "b", "a" * 3_000)


PAY = Rule("pay", 10, 1.0, 5, path="/pay*", method="POST")
BOTS = Rule("bots", 10, 0.0, 0, attributes={"User-Agent": "*bot*"})
BASE = Rule("base", 9000, 0.1, 2, service_name="Scorekeep")
RULES = in_order([default_rule(), BASE, PAY, BOTS])


def test_order_is_priority_then_name_and_default_is_last():
    assert [one.name for one in RULES] == ["bots", "pay", "base", "Default"]


CASES = [
    (Asked("Scorekeep", path="/pay/now", method="POST"), "pay"),
    (Asked("Scorekeep", path="/pay/now", method="GET"), "base"),
    (Asked("Scorekeep"), "pay"),  # what is not known fits
    (Asked("other", path="/", method="GET"), "Default"),
    (Asked("other", path="/", method="GET", attributes={"User-Agent": "Googlebot/2"}), "bots"),
    (Asked("other", path="/", method="GET", attributes={"user-agent": "Googlebot"}), "Default"),
]


@pytest.mark.parametrize(("asked", "name"), CASES)
def test_the_first_that_fits_decides(asked, name):
    assert matching(RULES, asked).name == name


def test_why_a_rule_does_not_fit():
    get = Asked(path="/pay/now", method="GET")
    assert mismatch(PAY, get) == "HTTPMethod POST does not fit GET"
    assert mismatch(BOTS, get) == "the request has no attribute User-Agent"
    assert mismatch(PAY, Asked(path="/browse")) == "URLPath /pay* does not fit /browse"
    assert mismatch(default_rule(), get) == ""
