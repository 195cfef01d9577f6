"""The shop's pages: what a visitor gets, as a pure function of request, snapshot and till.

Plain HTML that stands for itself: no file from elsewhere, no clock, nothing drawn by chance. So two
visits to the same shop are the same to the byte, and a picture can be compared with one of last
week. What a canary holds on to has an id: ``q``, ``search-button``, ``add-sencha``,
``checkout-link``, ``card-number``, ``buy``, ``order-number``, ``login-button``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from labkit.workloads.shop_faults import SiteSnapshot
from labkit.workloads.shop_look import FAULTS, STYLE, picture


@dataclass(frozen=True)
class Product:
    """A product: id, name, what is said of it, price in cents."""

    id: str
    name: str
    about: str
    cents: int


PRODUCTS = (
    Product("sencha", "Sencha", "Green tea from Shizuoka, first flush", 1490),
    Product("assam", "Assam", "Strong black tea, good with milk", 990),
    Product("oolong", "Oolong", "Half fermented, from high mountains", 1890),
    Product("rooibos", "Rooibos", "Red bush, no caffeine", 790),
    Product("kettle", "Kettle", "A litre, with a thermometer", 4900),
    Product("teapot", "Teapot", "Short and stout, 418 ml", 2900),
)
BY_ID = {one.id: one for one in PRODUCTS}

#: Who may log in, and with which card anybody may pay.
CUSTOMER, PASSWORD = "demo", "teapot"
TEST_CARD = "4242 4242 4242 4242"


@dataclass(frozen=True)
class Asked:
    """A request: method, path with query, headers (names in lower case), body."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies sent."""
        pairs = (one.partition("=") for one in self.headers.get("cookie", "").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form, last ones of a name."""
        text = self.body.decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


@dataclass(frozen=True)
class Answer:
    """A response: status, body, headers."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Till:
    """The orders that visitors place: those of one visit, in the order in which they came."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self._count = 0

    def place(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Take an order; it with its number."""
        self._count += 1
        number = f"T{1000 + self._count}"
        self.orders[number] = {"id": number, **order}
        return self.orders[number]


def page_of(path: str) -> str:
    """Which page a path belongs to: a key of :data:`~labkit.workloads.shop_faults.PAGES`; ''."""
    first = urlsplit(path).path.strip("/").split("/")[0]
    known = {"": "home", "tea": "product", "thanks": "pay", "logout": "login", "health": "api"}
    first = known.get(first, first)
    pages = ("home", "search", "product", "cart", "checkout", "pay", "login", "account", "api")
    return first if first in pages or first == "images" else ""


def serve(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    """Answer one request. What hinders the answer itself (slow, cut, never) is the server's.

    Parameters
    ----------
    asked:
        The request.
    site:
        The shop as it is.
    till:
        Where orders go.
    """
    page = page_of(asked.path)
    error = site.size(page, "page_error") if page else None
    if error is not None:
        return _html(
            int(error) if error >= 400 else 500, "Something went wrong", _ERROR, site, page
        )
    if page and site.has(page, "page_loop"):
        return Answer(302, b"", (("Location", asked.path),))
    if page and site.has(page, "page_empty"):
        kind = "application/json" if page == "api" else "text/html; charset=utf-8"
        status = 201 if page == "api" and asked.method == "POST" else 200
        return Answer(status, b"{}" if page == "api" else b"", (("Content-Type", kind),))
    if page == "api":
        from labkit.workloads.shop_api import answer

        return answer(asked, till)
    handler = _HANDLERS.get(page)
    return _missing(site) if handler is None else handler(asked, site, till)


_ERROR = '<h1 id="error">Sorry, something went wrong on our side.</h1>'


def _missing(site: SiteSnapshot) -> Answer:
    body = '<h1 id="error">There is no such page.</h1><p><a href="/">Home</a></p>'
    return _html(404, "Not found", body, site, "")


def _home(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    cards = "".join(_card(one, site, "home") for one in _ordered(site, "home"))
    body = f'<h1>Tea for people who look after things</h1><div class="cards">{cards}</div>'
    return _html(200, "Teapot", body, site, "home", asked)


def _search(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    wanted = parse_qs(urlsplit(asked.path).query).get("q", [""])[-1].strip()
    found = [
        one
        for one in _ordered(site, "search")
        if wanted.lower() in one.name.lower() or wanted.lower() in one.about.lower()
    ]
    cards = "".join(_card(one, site, "search") for one in found)
    none = '<p id="none">Nothing found.</p>' if not found else ""
    body = (
        f'<h1 id="results">{len(found)} found for “{escape(wanted)}”</h1>{none}'
        f'<div class="cards">{cards}</div>'
    )
    return _html(200, "Search", body, site, "search", asked)


def _product(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    one = BY_ID.get(urlsplit(asked.path).path.rstrip("/").rpartition("/")[2])
    if one is None:
        return _missing(site)
    body = (
        f'<h1 id="name">{one.name}</h1><img src="/images/{one.id}.svg" alt="{one.name}" width="180"'
        f' height="180"><p>{escape(one.about)}</p>{_add(one, site, "product")}'
    )
    return _html(200, one.name, body, site, "product", asked)


def _cart(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    inside = _inside(asked)
    if asked.method == "POST":
        wanted = asked.form.get("add", "")
        if wanted not in BY_ID:
            return _html(400, "Cart", '<h1 id="error">No such product.</h1>', site, "cart", asked)
        inside[wanted] = inside.get(wanted, 0) + 1
        value = "|".join(f"{name}.{count}" for name, count in inside.items())
        return Answer(303, b"", (("Location", "/cart"), ("Set-Cookie", f"cart={value}; Path=/")))
    rows = "".join(
        f'<tr class="row"><td>{BY_ID[name].name}</td><td>{count}</td>'
        f"<td>{_euro(_price(BY_ID[name], site, 'cart') * count)}</td></tr>"
        for name, count in inside.items()
    )
    total = sum(_price(BY_ID[name], site, "cart") * count for name, count in inside.items())
    link = '<a class="button" id="checkout-link" href="/checkout">Check out</a>'
    body = (
        f'<h1>Your cart</h1><table>{rows}</table><p>Total <b id="total">{_euro(total)}</b></p>'
        + (FAULTS.clickable(link, site, "cart") if inside else '<p id="empty">It is empty.</p>')
    )
    return _html(200, "Cart", body, site, "cart", asked)


_FIELDS = (
    ("name", "Name", "name"), ("email", "E-mail", "email"), ("card-number", "Card number", "card"),
    ("card-expiry", "Valid until", "expiry"), ("card-cvc", "Code", "cvc"),
)  # fmt: skip


def _checkout(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    told = asked.cookies.get("declined", "")
    fields = "".join(
        f'<label for="{key}">{label}</label><input id="{key}" name="{name}" required>'
        for key, label, name in _FIELDS
    )
    problem = '<p id="declined">Your card was declined.</p>' if told else ""
    button = '<button id="buy" type="submit">Buy now</button>'
    body = (
        f'<h1>Check out</h1>{problem}<form method="post" action="/pay">{fields}'
        f"{FAULTS.clickable(button, site, 'checkout')}</form>"
    )
    return _html(200, "Check out", body, site, "checkout", asked)


def _pay(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    if asked.method != "POST":
        number = parse_qs(urlsplit(asked.path).query).get("order", [""])[-1]
        if number not in till.orders:
            return _missing(site)
        body = (
            '<h1 id="thanks">Thank you for your order</h1>'
            f'<p>Its number is <b id="order-number">{escape(number)}</b>.</p>'
        )
        return _html(200, "Thank you", body, site, "pay", asked)
    inside, form = _inside(asked), asked.form
    card = "".join(letter for letter in form.get("card", "") if letter.isdigit())
    if not inside:
        return Answer(303, b"", (("Location", "/cart"),))
    if card != TEST_CARD.replace(" ", ""):
        told = (("Location", "/checkout"), ("Set-Cookie", "declined=1; Path=/; Max-Age=60"))
        return Answer(303, b"", told)
    order = till.place({"products": inside, "name": form.get("name", ""), "state": "paid"})
    gone = ("Set-Cookie", "cart=; Path=/; Max-Age=0")
    return Answer(303, b"", (("Location", f"/thanks?order={order['id']}"), gone))


def _login(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    if urlsplit(asked.path).path.startswith("/logout"):
        return Answer(303, b"", (("Location", "/"), ("Set-Cookie", "user=; Path=/; Max-Age=0")))
    problem = ""
    if asked.method == "POST":
        if (asked.form.get("user"), asked.form.get("password")) == (CUSTOMER, PASSWORD):
            kept = ("Set-Cookie", f"user={CUSTOMER}; Path=/; HttpOnly")
            return Answer(303, b"", (("Location", "/account"), kept))
        problem = '<p id="wrong">Name or password is wrong.</p>'
    button = '<button id="login-button" type="submit">Log in</button>'
    body = (
        f'<h1>Log in</h1>{problem}<form method="post" action="/login">'
        '<label for="user">Name</label><input id="user" name="user">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password">'
        f"{FAULTS.clickable(button, site, 'login')}</form>"
    )
    return _html(200, "Log in", body, site, "login", asked)


def _account(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    if asked.cookies.get("user") != CUSTOMER:
        return Answer(302, b"", (("Location", "/login"),))
    rows = "".join(f"<li>{escape(number)}</li>" for number in till.orders) or "<li>none yet</li>"
    body = f'<h1 id="welcome">Welcome, {CUSTOMER}</h1><h2>Orders</h2><ul id="orders">{rows}</ul>'
    return _html(200, "Account", body, site, "account", asked)


def _images(asked: Asked, site: SiteSnapshot, till: Till) -> Answer:
    name = urlsplit(asked.path).path.rpartition("/")[2].removesuffix(".svg")
    if name not in BY_ID:
        return Answer(404, b"no such picture", (("Content-Type", "text/plain"),))
    return Answer(200, picture(name).encode(), (("Content-Type", "image/svg+xml"),))


_HANDLERS = {
    "home": _home, "search": _search, "product": _product, "cart": _cart, "checkout": _checkout,
    "pay": _pay, "login": _login, "account": _account, "images": _images,
}  # fmt: skip


# -- parts of pages
def _inside(asked: Asked) -> dict[str, int]:
    """What is in the cart: product id -> how many; what makes no sense is passed over."""
    found: dict[str, int] = {}
    for one in asked.cookies.get("cart", "").split("|"):
        name, _, count = one.partition(".")
        if name in BY_ID and count.isdigit():
            found[name] = min(int(count), 99)
    return found


def _ordered(site: SiteSnapshot, page: str) -> list[Product]:
    return list(PRODUCTS)[::-1] if site.has(page, "page_order") else list(PRODUCTS)


def _price(one: Product, site: SiteSnapshot, page: str) -> int:
    return round(one.cents * (1 + (site.size(page, "page_prices") or 0.0) / 100))


def _euro(cents: int) -> str:
    return f"€ {cents // 100}.{cents % 100:02d}"


def _add(one: Product, site: SiteSnapshot, page: str) -> str:
    button = f'<button id="add-{one.id}" name="add" value="{one.id}">Add to cart</button>'
    shown = FAULTS.clickable(button, site, page)
    price = f'<p class="price">{_euro(_price(one, site, page))}</p>'
    return f'{price}<form method="post" action="/cart">{shown}</form>'


def _card(one: Product, site: SiteSnapshot, page: str) -> str:
    tag = "section" if site.has(page, "page_markup") else "div"
    return (
        f'<{tag} class="product" data-id="{one.id}"><a href="/tea/{one.id}">'
        f'<img src="/images/{one.id}.svg" alt="" width="90" height="90"><b>{one.name}</b></a>'
        f"<p>{escape(one.about)}</p>{_add(one, site, page)}</{tag}>"
    )


def _html(
    status: int, title: str, body: str, site: SiteSnapshot, page: str, asked: Asked | None = None
) -> Answer:
    count = sum(_inside(asked).values()) if asked is not None else 0
    user = asked is not None and asked.cookies.get("user") == CUSTOMER
    who = (
        '<a href="/account">Account</a>' if user else '<a id="login-link" href="/login">Log in</a>'
    )
    style = "" if site.has(page, "page_unstyled") else f"<style>{STYLE}</style>"
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,">{style}</head><body>'
        f'{FAULTS.top(site, page)}<header><a id="logo" href="/">Teapot</a>'
        '<form action="/search"><input id="q" name="q" placeholder="Search">'
        '<button id="search-button">Search</button></form>'
        f'<nav><a href="/search?q=tea">Teas</a><a id="cart-link" href="/cart">Cart '
        f'(<span id="cart-count">{count}</span>)</a>{who}{FAULTS.link(site, page)}</nav></header>'
        f"<main>{body}</main>{FAULTS.banner(site, page)}</body></html>\n"
    )
    return Answer(status, text.encode(), (("Content-Type", "text/html; charset=utf-8"),))


def as_json(status: int, value: Any) -> Answer:
    """A JSON answer."""
    body = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
    return Answer(status, body, (("Content-Type", "application/json"),))
