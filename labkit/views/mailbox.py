"""E-mails: a letter that shows itself, and a mailbox full of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import SupportsIndex, overload

from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.views import html
from labkit.views.drawing import Shown, printable
from labkit.views.text import table
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count

SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"

#: A mailbox with more letters shows the newest of them.
MOST_SHOWN = 30


@dataclass(frozen=True, repr=False)
class Mail(Shown):
    """One e-mail, as it lies in a mailbox.

    Parameters
    ----------
    to, subject, body:
        The letter.
    at:
        When it arrived, an aware UTC datetime.
    topic_arn:
        The topic that sent it.
    confirm_token:
        Of a subscription confirmation, what its link carries; empty in every other letter.
    on_confirm:
        Called with the token by :meth:`confirm`; bound by the lab, no part of equality.
    """

    to: str
    subject: str
    body: str
    at: datetime
    topic_arn: str = ""
    confirm_token: str = ""
    on_confirm: Callable[[str], object] | None = field(default=None, compare=False)

    def confirm(self) -> object:
        """Follow the link in a subscription confirmation; what the lab answers (the new ARN).

        Raises
        ------
        LabError
            When this letter is no confirmation, or belongs to no lab.
        """
        if not self.confirm_token:
            raise LabError(
                f"there is nothing to confirm in {self.subject!r}; only the letter that SNS sends "
                "after subscribe(Protocol='email') can be confirmed: "
                "[mail for mail in lab.mailbox if mail.confirm_token]"
            )
        if self.on_confirm is None:
            raise LabError("this letter belongs to no lab; confirm the one in lab.mailbox")
        return self.on_confirm(self.confirm_token)

    def _when(self) -> str:
        us = to_us(self.at)
        return f"{day_text(us, year=True)} {_seconds(us)} UTC"

    def _head(self) -> list[tuple[str, str]]:
        return [
            ("From", SENDER),
            ("To", self.to),
            ("Subject", self.subject),
            ("Date", self._when()),
        ]

    def _todo(self) -> str:
        return "This letter waits for an answer: call .confirm()" if self.confirm_token else ""

    def __str__(self) -> str:
        lines = [f"{name + ':':<9}{value}" for name, value in self._head()]
        document = _document(self.body)
        body = self.body.rstrip() if document is None else json.dumps(document, indent=2)
        todo = ["", self._todo()] if self._todo() else []
        return printable("\n".join([*lines, "", body, *todo]))

    def _repr_html_(self) -> str:
        head = html.table(
            [], [[html.muted(name), value] for name, value in self._head() if name != "Subject"]
        )
        document = _document(self.body)
        parts: list[object] = [head]
        if document is None:
            parts.append(html.letter(self.body.rstrip()))
        else:
            parts.append(html.table([], _facts(document)))
            pretty = json.dumps(document, indent=2, ensure_ascii=False)
            parts.append(html.fold("the message as JSON", html.letter(pretty)))
        if self._todo():
            parts.append(html.element("div", self._todo(), "margin-top:8px;font-weight:600"))
        return html.card(f"\u2709 {self.subject}", *parts, alt=f"E-mail: {self.subject}")


def _seconds(us: int) -> str:
    """``09:20:00``: in a letter's date the seconds always stand."""
    text = clock_text(us // 1_000_000 * 1_000_000)
    return text if text.count(":") == 2 else f"{text}:00"


def _document(body: str) -> dict[str, object] | None:
    """The JSON object that a body is, None when it is a text."""
    if not body.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _facts(document: dict[str, object]) -> list[list[object]]:
    """The four facts of an alarm's message; of another document its short values."""
    names = ("AlarmName", "OldStateValue", "NewStateValue", "NewStateReason", "Region")
    chosen = [name for name in names if name in document]
    if not chosen:
        short = (str, int, float, bool)
        chosen = [name for name, value in document.items() if isinstance(value, short)][:6]
    rows: list[list[object]] = []
    for name in chosen:
        value = document[name]
        shown = html.chip(str(value)) if name.endswith("StateValue") else value
        rows.append([html.mono(name), shown])
    return rows


class Mailbox(list[Mail], Shown):
    """E-mails in the order of their arrival: a list that shows itself.

    A slice is a mailbox again, so ``lab.mailbox[-3:]`` shows the three newest letters.
    """

    def __init__(self, mails: Iterable[Mail] = ()) -> None:
        super().__init__(mails)

    @overload
    def __getitem__(self, place: SupportsIndex) -> Mail: ...
    @overload
    def __getitem__(self, place: slice) -> Mailbox: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Mail | Mailbox:
        """A letter by its number, or a mailbox of several."""
        if isinstance(place, slice):
            return Mailbox(super().__getitem__(place))
        try:
            return super().__getitem__(place)
        except IndexError:
            held = f"only {count(len(self), 'e-mail')}" if self else "no e-mail yet"
            raise IndexError(f"no e-mail number {place}; the mailbox holds {held}") from None

    def to(self, address: str) -> Mailbox:
        """The letters to one address, upper and lower case alike."""
        return Mailbox(mail for mail in self if mail.to.lower() == address.lower())

    def title(self) -> str:
        """How many letters, and when the newest came."""
        if not self:
            return "The mailbox is empty"
        us = to_us(self[-1].at)
        newest = "it came" if len(self) == 1 else "the newest came"
        return f"{count(len(self), 'e-mail')}, {newest} {day_text(us)} {_seconds(us)}"

    def _rows(self) -> list[list[str]]:
        first = max(0, len(self) - MOST_SHOWN)
        rows = []
        for number, mail in enumerate(self[first:], first):
            us = to_us(mail.at)
            rows.append([str(number), f"{day_text(us)} {_seconds(us)}", mail.to, mail.subject])
        return rows

    def _more(self) -> str:
        older = len(self) - MOST_SHOWN
        return f"and {count(older, 'older e-mail')}" if older > 0 else ""

    def __str__(self) -> str:
        if not self:
            return self.title()
        lines = [self.title(), table(_COLUMNS, self._rows(), longest=80)]
        return "\n".join([*lines, self._more()] if self._more() else lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        if not self:
            return html.card(self.title())
        rows = [
            [n, html.whole(at), to, html.element("b", what)] for n, at, to, what in self._rows()
        ]
        more = [html.note(self._more())] if self._more() else []
        return html.card(self.title(), html.table(_COLUMNS, rows, right=(0,)), *more)


_COLUMNS = ["no.", "when (UTC)", "to", "subject"]
