"""Pricing: worked examples with our own numbers, by the rules of AWS's pricing pages."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.billing.prices import table
from labkit.billing.pricing import Period, decimal, dollars, lines, number, total

TABLE = table()
MONTH = 744


def priced(hours=MONTH, before=None, **until):
    """The lines of one period; ``cloudwatch__alarm=3`` stands for the item cloudwatch.alarm."""

    def exact(used):
        return {k.replace("__", "."): Fraction(v) for k, v in (used or {}).items()}

    made = lines(TABLE, [Period(hours, exact(before), exact(until))])
    return {line.price.item: line for line in made}


CUSTOM, DETAILED = "cloudwatch__custom_metric", "ec2__detailed_metric"

#: What is used, hours of the month, what it costs.
EXAMPLES = [
    # Ten machines in detail for a month: 70 metrics, ten of them free, $0.30 each.
    ({DETAILED: 70 * 720}, 720, "18"),
    # Custom and detailed share the ten free ones: 8 + 14 = 22, 12 are paid.
    ({CUSTOM: 8 * 720, DETAILED: 14 * 720}, 720, "3.6"),
    # 400 customers as a dimension, all month; then the same for one hour.
    ({CUSTOM: 400 * 744}, 744, "117"),
    ({CUSTOM: 400}, 744, "0"),
    # A hundred more metrics than free in each of ten hours of a 730-hour month.
    ({CUSTOM: 7300 + 1000}, 730, str(decimal(Fraction(1000, 730) * Fraction(3, 10)))),
    # The ladder: 10,000 at 0.30, 240,000 at 0.10, 750,000 at 0.05, the rest at 0.02.
    ({CUSTOM: 10 * 744 + 10_000 * 744}, 744, "3000"),
    ({CUSTOM: (10 + 12_000) * 744}, 744, "3200"),
    ({CUSTOM: (10 + 1_000_500) * 744}, 744, "64510"),
    # Twelve alarms, two of them paid; one of high resolution; one composite.
    ({"cloudwatch__alarm": 12 * 744}, 744, "0.2"),
    ({"cloudwatch__alarm_high_resolution": 744}, 744, "0.3"),
    ({"cloudwatch__alarm_composite": 372}, 744, "0.25"),
    # Four dashboards: three are free.
    ({"cloudwatch__dashboard": 4 * 744}, 744, "3"),
    # Requests: the first million is free; GetMetricData never is.
    ({"cloudwatch__requests": 1_000_000}, 744, "0"),
    ({"cloudwatch__requests": 1_250_000}, 744, "2.5"),
    ({"cloudwatch__metrics_requested": 2_000}, 744, "0.02"),
    # A canary every five minutes for thirty days, the first hundred runs free.
    ({"synthetics__run": 8_640}, 720, "10.248"),
    # Traces, 48,800 of them billable; their Insights.
    ({"xray__recorded": 148_800, "xray__insights": 148_800}, 744, "0.3928"),
    # Insights on 330,000 analysed events.
    ({"cloudtrail__insights": 330_000}, 744, "1.155"),
    ({"cloudtrail__management_event": 5_000_000}, 744, "0"),
    ({"sns__email": 1_500}, 744, "0.01"),
    # 7 GB in, 5 of them free; what is scanned comes after the free ones are gone.
    ({"logs__ingested": 7 * 2**30, "logs__scanned": 2**30}, 744, "1.005"),
    ({"ec2__instance__t3__micro": 3600 * 10}, 744, "0.104"),
    ({"lambda__duration": 409_600_000_000 + 1_024_000_000}, 744, "0.0166667"),
]


@pytest.mark.parametrize(("used", "hours", "cost"), EXAMPLES)
def test_worked_examples(used, hours, cost):
    assert decimal(total(priced(hours, **used).values())) == Decimal(cost)


def test_a_line_says_how_it_came_about():
    line = priced(730, **{CUSTOM: 400 * 730})["cloudwatch.custom_metric"]
    assert line.because.text == (
        "292,000 metric-hours = 400 metric-months of 730 hours; 10 free; "
        "390 at $0.30 a metric-month"
    )
    assert line.because.inputs["source"].startswith("U, A")
    assert (line.size, line.free_size, line.saved) == (400, 10, 3)
    one = priced(sqs__requests=1)["sqs.requests"]
    assert one.because.text == "1 request; all of it free"


def test_what_has_no_price_is_listed_and_not_counted():
    made = priced(ec2__instance__x9__huge=3600, cloudwatch__alarm_composite=744)
    unpriced = made["ec2.instance.x9.huge"]
    assert unpriced.amount is None
    assert unpriced.because.rule == "not priced"
    assert total(made.values()) == Fraction(1, 2)


def test_the_free_allowance_goes_to_whoever_came_first():
    early = priced(**{CUSTOM: 10 * 744})
    late = priced(before={CUSTOM: 10 * 744}, **{CUSTOM: 11 * 744})
    assert total(early.values()) == 0
    assert total(late.values()) == Fraction(3, 10)
    assert late["cloudwatch.custom_metric"].free == 0


def test_each_month_begins_anew():
    used = {"cloudwatch.custom_metric": Fraction(10 * 744)}
    again = {"cloudwatch.custom_metric": Fraction(10 * 672)}
    [line] = lines(TABLE, [Period(744, {}, used), Period(672, {}, again)])
    assert line.exact == 0
    assert line.size == 20
    assert line.because.text == "14,160 metric-hours = 20 metric-months; all of it free"


ITEMS = sorted(TABLE.rows)
USED = st.dictionaries(
    st.sampled_from(ITEMS), st.fractions(0, 10**9, max_denominator=1000), max_size=6
)


@given(USED, USED, st.sampled_from([672, 720, 744]))
def test_two_stretches_that_meet_cost_what_both_cost(first, more, hours):
    until = {item: first.get(item, 0) + more.get(item, 0) for item in first | more}
    whole = total(lines(TABLE, [Period(hours, {}, until)]))
    parts = total(lines(TABLE, [Period(hours, {}, first)]))
    parts += total(lines(TABLE, [Period(hours, first, until)]))
    assert whole == parts


@given(USED, st.sampled_from([672, 720, 744]))
def test_nothing_costs_less_than_nothing_and_more_costs_no_less(used, hours):
    for line in lines(TABLE, [Period(hours, {}, used)]):
        assert line.exact >= 0
        assert line.free + sum(step.quantity for step in line.steps) == line.quantity
        doubled = {line.price.item: line.quantity * 2}
        alone = total(lines(TABLE, [Period(hours, {}, {line.price.item: line.quantity})]))
        assert total(lines(TABLE, [Period(hours, {}, doubled)])) >= alone


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "$0.00"), ("117", "$117.00"), ("1234.567", "$1,234.57"), ("0.0031", "$0.0031"),
     ("0.00001", "$0.00001"), ("0.0000000001", "under $0.000001"), ("0.01", "$0.01")],
)  # fmt: skip
def test_amounts_as_people_read_them(amount, shown):
    assert dollars(Decimal(amount)) == shown
    assert dollars(Fraction(amount)) == shown


def test_quantities_as_people_read_them():
    assert [number(Fraction(x)) for x in ("292000", "0.5376", "12345.6")] == [
        "292,000", "0.5376", "12,346",
    ]  # fmt: skip
