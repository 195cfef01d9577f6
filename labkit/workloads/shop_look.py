"""How the shop looks: its style, its pictures, and the faults that a visitor sees."""

from __future__ import annotations

from hashlib import blake2b

from labkit.workloads.shop_faults import SiteSnapshot

STYLE = (
    "*{box-sizing:border-box}body{margin:0;font:16px/1.4 'DejaVu Sans',Arial,sans-serif;"
    "color:#22313f;background:#faf7f2}header{display:flex;gap:24px;align-items:center;"
    "padding:14px 28px;background:#2f6f62;color:#fff}header a{color:#fff;text-decoration:none;"
    "margin-left:16px}#logo{font-size:24px;font-weight:bold;margin:0}header form{flex:1}"
    "main{padding:20px 28px 120px}h1{font-size:26px}.cards{display:grid;"
    "grid-template-columns:repeat(3,1fr);gap:18px}.product{background:#fff;padding:14px;"
    "border:1px solid #e3ddd2;border-radius:6px}.product b{display:block}.price{font-weight:bold}"
    "input{display:block;margin:2px 0 10px;padding:7px;width:320px;border:1px solid #b9c0c4;"
    "border-radius:4px}header input{display:inline-block;width:240px;margin:0}"
    "button,.button{display:inline-block;padding:8px 16px;border:0;border-radius:4px;"
    "background:#d9822b;color:#fff;font:inherit;text-decoration:none;cursor:pointer}"
    "td{padding:6px 18px 6px 0}.promotion{background:#f4d35e;padding:8px 28px}"
    ".cookies{position:fixed;left:0;right:0;bottom:0;background:#22313f;color:#fff;"
    "padding:12px 28px}.over{position:fixed;inset:0;background:#22313fcc;color:#fff;"
    "padding:160px 28px;font-size:22px;z-index:9}"
)


def picture(name: str) -> str:
    """A picture of a product as SVG: a cup in a colour of its own."""
    hue = int.from_bytes(blake2b(name.encode(), digest_size=2).digest(), "big") % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90">'
        f'<rect width="90" height="90" rx="8" fill="hsl({hue},45%,88%)"/>'
        f'<path d="M20 34h44v14a22 22 0 0 1-44 0z" fill="hsl({hue},45%,42%)"/>'
        f'<path d="M64 38h8a8 8 0 0 1 0 16h-9" fill="none" stroke="hsl({hue},45%,42%)" '
        'stroke-width="5"/></svg>'
    )


class _Faults:
    """What is seen of a fault, each by the page that has it."""

    @staticmethod
    def clickable(element: str, site: SiteSnapshot, page: str) -> str:
        """A button or link, hidden when that is the matter."""
        if site.has(page, "page_hidden"):
            return f'<span style="display:none">{element}</span>'
        return element

    @staticmethod
    def top(site: SiteSnapshot, page: str) -> str:
        """What stands above everything."""
        if not site.has(page, "page_promotion"):
            return ""
        return '<div class="promotion" id="promotion">Two for one on all teapots this week!</div>'

    @staticmethod
    def link(site: SiteSnapshot, page: str) -> str:
        """A link more, to nowhere when that is the matter."""
        if not site.has(page, "page_link"):
            return ""
        return '<a href="/offers/autumn">Offers</a>'

    @staticmethod
    def banner(site: SiteSnapshot, page: str) -> str:
        """The note about cookies: at the bottom, or over everything."""
        note = "We use cookies, mostly with tea."
        if site.has(page, "page_covered"):
            return f'<div class="over" id="cookies">{note} Please wait while we update this.</div>'
        return f'<div class="cookies" id="cookies">{note}</div>'


FAULTS = _Faults()
