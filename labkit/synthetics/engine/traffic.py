"""The requests of a run: counted for metrics, and written as a HAR (HTTP Archive 1.2)."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from labkit.core.clock import iso
from labkit.synthetics.engine.run import HttpCounts


@dataclass
class Exchange:
    """One request and what came of it.

    Parameters
    ----------
    method, url:
        Of the request.
    start_ms, ms:
        Since the run's begin; how long. ``ms`` is negative while there is no answer.
    status, status_text:
        Of the response; 0 for none.
    asked, told:
        Headers of request and response.
    size, mime:
        Of the body: bytes, type.
    error:
        Why there is no response (``net::ERR_CONNECTION_REFUSED``); ''.
    kind:
        ``document``, ``image``, ``script`` ...; ``http`` of one without a browser.
    cancelled:
        Whether the page itself gave it up, which is no failure.
    """

    method: str
    url: str
    start_ms: float
    ms: float = -1.0
    status: int = 0
    status_text: str = ""
    asked: Sequence[tuple[str, str]] = ()
    told: Sequence[tuple[str, str]] = ()
    size: int = 0
    mime: str = ""
    error: str = ""
    kind: str = "http"
    cancelled: bool = False


def counts(exchanges: Iterable[Exchange]) -> HttpCounts:
    """How many were answered with 2xx, 4xx, 5xx, and how many not at all."""
    found = {2: 0, 4: 0, 5: 0}
    failed = 0
    for one in exchanges:
        if one.status:
            if one.status // 100 in found:
                found[one.status // 100] += 1
        elif not one.cancelled:
            failed += 1
    return HttpCounts(found[2], found[4], found[5], failed)


def har(exchanges: Sequence[Exchange], began_us: int, creator: str) -> bytes:
    """A HAR of the exchanges, at the lab's time.

    Parameters
    ----------
    exchanges:
        In any order.
    began_us:
        When the run began, microseconds.
    creator:
        Version of the browser.
    """
    ordered = sorted(exchanges, key=lambda one: one.start_ms)
    pages = [one for one in ordered if one.kind == "document"]
    ids = {id(one): f"page_{number}" for number, one in enumerate(pages, 1)}
    entries, page = [], "page_0"
    for one in ordered:
        page = ids.get(id(one), page)
        entries.append({**_entry(one, began_us), "pageref": page})
    log = {
        "version": "1.2",
        "creator": {"name": "labkit", "version": creator},
        "pages": [
            {
                "startedDateTime": _at(began_us, one.start_ms),
                "id": ids[id(one)],
                "title": one.url,
                "pageTimings": {"onLoad": round(max(one.ms, 0), 3)},
            }
            for one in pages
        ],
        "entries": entries,
    }
    return json.dumps({"log": log}, indent=1).encode()


def _at(began_us: int, ms: float) -> str:
    return iso(began_us + round(ms * 1000), millis=True)


def _entry(one: Exchange, began_us: int) -> dict[str, object]:
    took = round(max(one.ms, 0), 3)
    redirect = next((value for name, value in one.told if name.lower() == "location"), "")
    entry: dict[str, object] = {
        "startedDateTime": _at(began_us, one.start_ms),
        "time": took,
        "request": {
            "method": one.method,
            "url": one.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(one.asked),
            "queryString": _pairs(parse_qsl(urlsplit(one.url).query)),
            "headersSize": -1,
            "bodySize": -1,
        },
        "response": {
            "status": one.status,
            "statusText": one.status_text,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(one.told),
            "content": {"size": one.size, "mimeType": one.mime},
            "redirectURL": redirect,
            "headersSize": -1,
            "bodySize": one.size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
    }
    if one.error:
        entry["_error"] = one.error
    return entry


def _pairs(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


_STYLE = (
    "body{font:14px sans-serif;margin:1.5em}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.25em .6em;border-bottom:1px solid #ddd}"
    ".bad{color:#b00020}.bar{background:#5b8def;height:.7em}td.t{width:30%}"
)


def har_page(exchanges: Sequence[Exchange], title: str) -> bytes:
    """The same as a page: a waterfall that needs nothing but a browser."""
    ordered = sorted(exchanges, key=lambda one: one.start_ms)
    end = max((one.start_ms + max(one.ms, 0) for one in ordered), default=1.0) or 1.0
    rows = []
    for one in ordered:
        bad = ' class="bad"' if one.error or one.status >= 400 else ""
        left, width = 100 * one.start_ms / end, max(100 * max(one.ms, 0) / end, 0.5)
        cells = [
            html.escape(one.method), html.escape(one.url),
            html.escape(str(one.status or one.error)), str(one.size), f"{max(one.ms, 0):.0f} ms",
        ]  # fmt: skip
        bar = f'<div class="bar" style="margin-left:{left:.1f}%;width:{width:.1f}%"></div>'
        rows.append(
            f'<tr{bad}>{"".join(f"<td>{cell}</td>" for cell in cells)}<td class="t">{bar}</td></tr>'
        )
    heads = "".join(f"<th>{name}</th>" for name in ("method", "URL", "status", "bytes", "time", ""))
    shown = html.escape(title)
    return (
        f"<!doctype html><meta charset=utf-8><title>{shown}</title><style>{_STYLE}</style>"
        f"<h1>{shown}</h1><table><tr>{heads}</tr>{''.join(rows)}</table>\n"
    ).encode()


def http_report(exchanges: Sequence[Exchange], began_us: int) -> bytes:
    """``HttpRequestsReport.json`` of a run without a browser: status, headers, times."""
    told = [
        {
            "startTime": _at(began_us, one.start_ms),
            "method": one.method,
            "url": one.url,
            "statusCode": one.status or None,
            "error": one.error or None,
            "responseHeaders": dict(one.told),
            "httpTimings": {"total": round(max(one.ms, 0), 3)},
        }
        for one in exchanges
    ]
    return json.dumps({"requests": told}, indent=1).encode()
