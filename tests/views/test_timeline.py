"""A day on one sheet, as a picture and as text."""

from labkit.core.clock import MINUTE, to_us
from labkit.lab import START
from labkit.views.timeline import Moment, timeline

NINE = to_us(START)


def at(minutes):
    return NINE + minutes * MINUTE


DAY = [
    Moment(at(41), "calls of jonas", "UpdateTable products", "call"),
    Moment(at(30), "calls of tomas", "DeleteTable products: AccessDenied", "refused"),
    Moment(at(46), "alarm catalogue", "ALARM", "alarm", at(60)),
    Moment(at(46), "e-mail to mara", 'ALARM: "catalogue"', "mail"),
    Moment(at(55), "X-Ray", "the table products throttles", "note"),
]

TEXT = """\
alarm catalogue spoke first, at 09:46; e-mail at 09:46; 1 call changed something
Mon 5 Jan, UTC
  09:30 x calls of tomas   DeleteTable products: AccessDenied
  09:41 * calls of jonas   UpdateTable products
  09:46 A alarm catalogue  ALARM, until 10:00
  09:46 @ e-mail to mara   ALARM: "catalogue"
  09:55 + X-Ray            the table products throttles"""


def test_the_text_is_in_order_of_time_and_the_title_says_who_spoke_first():
    drawn = timeline(DAY, NINE, at(90))
    assert str(drawn) == TEXT
    assert drawn.data["first"]["row"] == "alarm catalogue"
    assert drawn.data["rows"][0] == "calls of jonas"
    assert drawn.svg.startswith("<svg") and "UpdateTable products" in drawn.svg


def test_what_lies_outside_is_left_out_and_a_bar_that_reaches_in_is_not():
    drawn = timeline(DAY, at(50), at(90))
    assert [one["row"] for one in drawn.data["moments"]] == ["alarm catalogue", "X-Ray"]
    assert drawn.title == "Nobody spoke; no e-mail"


def test_within_a_minute_the_cause_stands_first():
    rule = Moment(at(5), "rule new-key", "matched", "rule")
    call = Moment(at(5) + 7_000_000, "calls of lena", "CreateAccessKey", "call")
    mail = Moment(at(5) + 1, "e-mail to mara", "AWS Notification Message", "mail")
    drawn = timeline([mail, rule, call], NINE, at(10))
    assert [one["kind"] for one in drawn.data["moments"]] == ["call", "rule", "mail"]


def test_a_quiet_day():
    drawn = timeline([], NINE, at(10))
    assert str(drawn) == "Nothing happened that anybody wrote down"
    assert not drawn.svg


def test_a_long_day_is_cut_in_the_text_alone():
    many = [Moment(at(n), "calls of x", f"Put {n}", "call") for n in range(100)]
    drawn = timeline(many, NINE, at(100))
    assert str(drawn).endswith("... and 20 more")
    assert len(drawn.data["moments"]) == 100
