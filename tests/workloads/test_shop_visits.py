"""The shop's pages: what a visitor gets, and what the incidents of the lab make of it."""

import contextlib
import json
import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.workloads.incidents import PAGE_KINDS, Incident
from labkit.workloads.shop_faults import HARMLESS, PAGES, SiteSnapshot, snapshot
from labkit.workloads.shop_pages import PRODUCTS, Asked, Till, page_of, serve
from labkit.workloads.shop_web import ShopWeb

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = to_us(START)
WHOLE = SiteSnapshot(NOW)


def get(path, site=WHOLE, till=None, **headers):
    return serve(Asked("GET", path, headers), site, till or Till())


def form(path, body, till, cookie=""):
    return serve(Asked("POST", path, {"cookie": cookie}, body.encode()), WHOLE, till)


def cookie(answer):
    return next(v.partition(";")[0] for name, v in answer.headers if name == "Set-Cookie")


def location(answer):
    return next(v for name, v in answer.headers if name == "Location")


@pytest.mark.parametrize("path", ["/", "/search?q=tea", "/tea/sencha", "/cart", "/checkout",
                                  "/login", "/images/sencha.svg", "/api/products"])  # fmt: skip
def test_every_page_answers_the_same_bytes_twice(path):
    first = get(path)
    assert first.status == 200 and first.body
    assert get(path) == first


def test_a_customer_finds_buys_and_gets_a_number():
    till = Till()
    assert b"Sencha" in get("/search?q=sench").body
    assert b"Nothing found" in get("/search?q=coffee").body
    added = form("/cart", "add=sencha", till)
    again = form("/cart", "add=sencha", till, cookie(added))
    shown = get("/cart", cookie=cookie(again))
    assert "€ 29.80".encode() in shown.body
    declined = form("/pay", "name=A&card=4000+0000+0000+0002", till, cookie(again))
    assert location(declined) == "/checkout" and not till.orders
    paid = form("/pay", "name=A&card=4242424242424242", till, cookie(again))
    assert location(paid) == "/thanks?order=T1001"
    assert b"Thank you" in get("/thanks?order=T1001", till=till).body
    assert till.orders["T1001"]["products"] == {"sencha": 2}
    assert get("/thanks?order=T9", till=till).status == 404


def test_a_customer_logs_in():
    till = Till()
    assert location(get("/account")) == "/login"
    assert b"wrong" in form("/login", "user=demo&password=x", till).body
    user = cookie(form("/login", "user=demo&password=teapot", till))
    assert b"Welcome, demo" in get("/account", cookie=user).body


def api(method, path, till, body=None):
    data = b"" if body is None else json.dumps(body).encode()
    return serve(Asked(method, path, {}, data), WHOLE, till)


def test_the_interface_keeps_what_it_takes():
    till = Till()
    made = api("POST", "/api/orders", till, {"product": "assam", "quantity": 3})
    assert made.status == 201
    number = json.loads(made.body)["id"]
    assert json.loads(api("GET", f"/api/orders/{number}", till).body)["quantity"] == 3
    assert api("DELETE", f"/api/orders/{number}", till).status == 204
    assert api("GET", f"/api/orders/{number}", till).status == 404
    for bad in (None, {"product": "gin"}, {"product": "assam", "quantity": 0}, [1]):
        assert api("POST", "/api/orders", till, bad).status == 400


def test_what_does_no_harm_leaves_what_a_canary_holds_on_to():
    changed = SiteSnapshot(NOW, tuple(("site", kind, 10.0) for kind in sorted(HARMLESS)))
    assert changed.healthy
    before, after = get("/").body, get("/", changed).body
    assert before != after
    for one in PRODUCTS:
        assert f'id="add-{one.id}"'.encode() in after
    assert b'id="promotion"' in after and "€ 16.39".encode() in after


def test_each_page_belongs_to_a_name_that_an_incident_can_have():
    paths = ["/", "/search", "/tea/sencha", "/cart", "/checkout", "/pay", "/thanks", "/login",
             "/account", "/api/orders", "/health", "/images/x.svg"]  # fmt: skip
    assert {page_of(path) for path in paths} == set(PAGES)
    assert page_of("/offers/autumn") == ""


def at(kind, target, size=0.0, hours=0.0, length=1.0):
    begin = START + timedelta(hours=hours)
    return Incident(kind, target, begin, begin + timedelta(hours=length), size)


def test_a_snapshot_has_what_befalls_at_its_instant():
    several = [at("page_covered", "checkout"), at("page_slow", "search", 3, hours=2)]
    assert snapshot(several, NOW, 0).faults == (("checkout", "page_covered", 0.0),)
    assert snapshot(several, NOW + 2 * 3_600_000_000, 0).faults == (("search", "page_slow", 3.0),)
    assert snapshot(several, NOW + 3 * 3_600_000_000, 0).healthy


def test_a_certificate_runs_out_and_is_renewed():
    runs_out = Incident("certificate", "site", START, START + timedelta(days=12), 9.0)
    days = [
        snapshot([runs_out], NOW + day * 86_400_000_000, 0).certificate_days
        for day in (0, 8, 10, 12)
    ]
    assert days == [9.0, 1.0, -1.0, 90.0]


def test_incidents_of_services_show_on_pages_for_whole_minutes():
    half = [at("failing", "catalogue", 50.0)]
    minutes = [snapshot(half, NOW + n * 60_000_000, 7) for n in range(60)]
    broken = sum(one.has("search", "page_error") for one in minutes)
    assert 15 < broken < 45
    again = [snapshot(half, NOW + n * 60_000_000 + 59_999_999, 7).faults for n in range(60)]
    assert again == [one.faults for one in minutes]
    assert not any(one.has("home", "page_error") for one in minutes)


def test_fingerprints_tell_apart_what_a_visitor_can():
    plain = SiteSnapshot(NOW).fingerprint
    assert SiteSnapshot(NOW + 1).fingerprint == plain
    assert SiteSnapshot(NOW, certificate_days=90.9).fingerprint == plain
    assert SiteSnapshot(NOW, certificate_days=89.9).fingerprint != plain
    assert SiteSnapshot(NOW, (("home", "page_slow", 1.0),)).fingerprint != plain


def test_each_kind_can_befall_in_a_lab_and_an_unknown_page_can_not(lab):
    for kind in PAGE_KINDS:
        lab.shop.incident(kind, "site", 5 if kind != "page_error" else 500)
        now = lab.parts.shop_visits.now()
        assert now.certificate_days < 6 if kind == "certificate" else now.has("home", kind)
        with pytest.raises(LabError, match="can't befall the shop"):
            lab.shop.incident(kind, "backdoor", 5)


def test_the_site_is_served_on_this_machine_as_the_shop_is_now(lab):
    there = lab.shop.site()
    assert there.name == "https://shop.teapot.example"
    assert there.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(there.url) as answer:
        assert b"Sencha" in answer.read()
        assert answer.headers["Date"] == "Mon, 05 Jan 2026 09:00:00 GMT", "the lab's time"
    lab.shop.incident("page_error", "home", 503, minutes=10)
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(there.url)
    assert told.value.code == 503
    told.value.close()
    lab.advance(minutes=10)
    with urllib.request.urlopen(there.url) as answer:
        assert answer.status == 200


def test_what_befalls_pages_is_there_in_a_replay(lab):
    lab.shop.incident("page_hidden", "login")
    again = lab.replay(seed=5)
    with again:
        assert again.parts.shop_visits.now().has("login", "page_hidden")


def test_a_connection_that_is_cut_is_reset_and_not_ended():
    """With an end before it, a visitor would find the one or the other, by who is faster."""
    cut = SiteSnapshot(NOW, (("home", "page_reset", 0.0),))
    with contextlib.closing(ShopWeb(lambda: cut)) as web:
        place = socket.create_connection(("127.0.0.1", web.ports[0]), 60)
        with place, pytest.raises(ConnectionResetError):
            place.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            place.recv(1)
