"""E-mails: letters that show themselves, mailboxes that are lists."""

import json
from dataclasses import replace

import pytest
from views_morning import at

from labkit.core.errors import LabError
from labkit.views.mailbox import Mail, Mailbox

TOPIC = "arn:aws:sns:us-east-1:123456789012:oncall"


def mail(minute=20, to="you@teapot.example", body="It is hot.\n", **more):
    return Mail(to, 'ALARM: "cpu-high" in US East (N. Virginia)', body, at(minute), TOPIC, **more)


LETTER = """\
From:    AWS Notifications <no-reply@sns.amazonaws.com>
To:      you@teapot.example
Subject: ALARM: "cpu-high" in US East (N. Virginia)
Date:    Mon 5 Jan 2026 09:20:00 UTC

It is hot."""


def test_a_letter():
    assert str(mail()) == repr(mail()) == LETTER
    html = mail(body="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_json_is_read_for_the_reader_and_folded():
    document = {"AlarmName": "cpu-high", "NewStateValue": "ALARM", "OldStateValue": "OK",
                "NewStateReason": "97.9 was greater", "Trigger": {"Period": 300}}  # fmt: skip
    letter = mail(body=json.dumps(document))
    assert '  "Trigger": {\n    "Period": 300\n  }' in str(letter)
    html = letter._repr_html_()
    assert "<details" in html and "! ALARM" in html and "97.9 was greater" in html
    other = mail(body='{"hello": "world", "deep": {"a": 1}}')._repr_html_()
    assert "hello" in other and "world" in other
    assert "<details" not in mail(body="{not json")._repr_html_()
    assert "<details" not in mail(body="[1, 2]")._repr_html_()


def test_confirming():
    asked = []

    def answer(token):
        asked.append(token)
        return f"{TOPIC}:1"

    letter = mail(confirm_token="abc", on_confirm=answer)
    assert letter.confirm() == f"{TOPIC}:1"
    assert asked == ["abc"]
    assert str(letter).endswith("This letter waits for an answer: call .confirm()")
    assert "call .confirm()" in letter._repr_html_()


def test_confirming_what_asks_for_nothing():
    with pytest.raises(LabError, match=r"nothing to confirm in 'ALARM: .*subscribe\(Protocol"):
        mail(on_confirm=lambda token: token).confirm()
    with pytest.raises(LabError, match="belongs to no lab"):
        mail(confirm_token="abc").confirm()


def test_who_confirms_is_no_part_of_equality():
    one = mail(confirm_token="a", on_confirm=print)
    assert one == mail(confirm_token="a") == replace(one, on_confirm=None)
    assert len({one, mail(confirm_token="a")}) == 1
    assert one != mail(confirm_token="b")


BOX = """\
2 e-mails, the newest came Mon 5 Jan 09:20:00
no.  when (UTC)          to                  subject
---  ------------------  ------------------  ------------------------------------------
0    Mon 5 Jan 09:01:00  bob@teapot.example  ALARM: "cpu-high" in US East (N. Virginia)
1    Mon 5 Jan 09:20:00  you@teapot.example  ALARM: "cpu-high" in US East (N. Virginia)"""


def test_a_mailbox_is_a_list_that_shows_itself():
    box = Mailbox([mail(1, "bob@teapot.example"), mail()])
    assert str(box) == repr(box) == BOX
    assert box == [mail(1, "bob@teapot.example"), mail()]
    assert box[-1] == mail()
    assert isinstance(box[-1:], Mailbox) and box[-1:] == [mail()]
    assert isinstance(box[:], Mailbox)
    assert box.to("Bob@Teapot.example") == box[:1]
    assert not box.to("nobody@teapot.example")
    bundle = box._repr_mimebundle_()
    assert bundle["text/plain"] == BOX
    assert bundle["text/html"].count("<tr") == 3


def test_an_empty_mailbox_and_a_letter_that_is_not_there():
    assert str(Mailbox()) == "The mailbox is empty"
    assert "The mailbox is empty" in Mailbox()._repr_html_()
    with pytest.raises(IndexError, match="no e-mail number -1; the mailbox holds no e-mail yet"):
        Mailbox()[-1]
    with pytest.raises(IndexError, match="holds only 1 e-mail"):
        Mailbox([mail()])[1]


def test_a_full_mailbox_shows_its_newest_letters():
    box = Mailbox(mail(n) for n in range(40))
    assert str(box).splitlines()[-1] == "and 10 older e-mails"
    assert str(box).splitlines()[3].startswith("10 ")
    assert "and 10 older e-mails" in box._repr_html_()


def test_jupyter_shows_the_mailboxs_own_text():
    from IPython.lib.pretty import pretty

    assert pretty(Mailbox()) == "The mailbox is empty"
    assert pretty(mail()) == LETTER
