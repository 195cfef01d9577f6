"""Colours: told apart in colour blindness, readable on paper, one meaning each."""

from itertools import combinations

import pytest

from labkit.views import theme

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def luminance(colour):
    r, g, b = linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def lab(colour, blindness):
    """CIE L*a*b* of a colour as somebody sees it."""
    rgb = linear(colour)
    seen = [
        min(max(sum(w * p for w, p in zip(row, rgb, strict=True)), 0), 1)
        for row in BLINDNESS[blindness]
    ]
    r, g, b = seen
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one, two, blindness):
    pairs = zip(lab(one, blindness), lab(two, blindness), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


STATES = (theme.OK, theme.ALARM, theme.INSUFFICIENT_DATA)


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_states_are_told_apart(blindness):
    for one, two in combinations(STATES, 2):
        assert distance(one.fill, two.fill, blindness) > 8, (one.name, two.name)


def test_states_are_told_apart_without_any_colour():
    for what in ("sign", "letter", "hatch"):
        assert len({getattr(face, what) for face in STATES}) == 3


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_curves_are_told_apart(blindness):
    for one, two in combinations(theme.OTHERS, 2):
        assert distance(one, two, blindness) > 15, (one, two)
    assert distance(theme.LATENCY, theme.ERRORS, blindness) > 25
    assert distance(theme.CAPACITY, theme.LATENCY, blindness) > 15


@pytest.mark.parametrize(
    "ink", [theme.INK, theme.MUTED, theme.MAIL, theme.INCIDENT_INK, theme.ERRORS]
)
def test_texts_can_be_read_on_paper(ink):
    assert contrast(ink, theme.PAPER) >= 4.5


@pytest.mark.parametrize("face", STATES, ids=lambda face: face.name)
def test_states_can_be_read(face):
    assert contrast(face.ink, face.fill) >= 4.5


@pytest.mark.parametrize("colour", [*theme.OTHERS, theme.CAPACITY, theme.COST, theme.ERRORS])
def test_curves_stand_out_from_paper(colour):
    assert contrast(colour, theme.PAPER) >= 2.8


def test_a_colour_has_one_meaning_all_course_long():
    assert theme.colour_of("TargetResponseTime", "Seconds") == theme.LATENCY
    assert theme.colour_of("HTTPCode_Target_5XX_Count", "Count") == theme.ERRORS
    assert theme.colour_of("GroupInServiceInstances") == theme.CAPACITY
    assert theme.colour_of("EstimatedCharges") == theme.COST
    assert theme.colour_of("CPUUtilization", "Percent") is None


def test_no_colour_is_given_out_twice_while_there_are_others():
    given = theme.colours(
        [("p50", "Seconds"), ("p99", "Seconds"), ("Errors", ""), ("a", ""), ("b", "")]
    )
    assert given[0] == theme.LATENCY
    assert given[2] == theme.ERRORS
    assert len(set(given)) == 5
    assert len(theme.colours([(str(n), "") for n in range(40)])) == 40


def test_an_unknown_state_has_a_plain_face():
    assert theme.face("PENDING").name == "PENDING"
    assert theme.face("").letter == "?"
