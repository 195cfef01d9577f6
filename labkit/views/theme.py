"""What a colour means, all course long, and the faces of the three alarm states.

Colours are told apart in the common colour blindnesses (a test simulates them), but no reader has
to: a state is always written or hatched as well, and a curve carries its name at its end.
"""

from __future__ import annotations

from dataclasses import dataclass

# -- the page
PAPER = "#ffffff"
INK = "#1f2328"
MUTED = "#57606a"
LINE = "#d0d7de"
GRID = "#e7eaee"
SHADE = "#f6f8fa"

# -- what a curve is about
LATENCY = "#1f6fb4"
ERRORS = "#c62f2f"
CAPACITY = "#6b7280"
COST = "#8a5a2b"
#: Curves that are about none of these, in the order in which they are given out.
OTHERS = ("#1f6fb4", "#d97a1a", "#4c1f3a", "#799963", "#5813bf", "#996379")

# -- on the time axis
THRESHOLD = "#1f2328"
BREACH = "#c62f2f"
INCIDENT = "#fbe3bd"
INCIDENT_EDGE = "#b7791f"
INCIDENT_INK = "#7a4e0e"
GAP_HATCH = "#c3c9d0"
MAIL = "#3b3f8f"

#: The smallest text in a figure, in pixels at 100 % zoom: still 11 on a page 825 pixels wide.
SMALLEST_TEXT = 12

_SAYS = (
    (ERRORS, ("error", "4xx", "5xx", "fault", "fail", "throttle", "denied", "rejected")),
    (COST, ("cost", "charge", "bill", "price", "usd")),
    (CAPACITY, ("capacity", "inservice", "desired", "instances", "hosts")),
    (LATENCY, ("latency", "duration", "responsetime", "response time", "p50", "p90", "p95", "p99")),
)


@dataclass(frozen=True, slots=True)
class Face:
    """How a state looks: never by its colour alone.

    ``sign`` stands beside the name in tables, ``letter`` in a terminal's row of states, and
    ``hatch`` (matplotlib's notation) lies over the colour in a band.
    """

    name: str
    fill: str
    ink: str
    edge: str
    sign: str
    letter: str
    hatch: str
    hatch_ink: str


OK = Face("OK", "#cdead6", "#0f4d27", "#7cc293", "\u2713", "o", "", "")
ALARM = Face("ALARM", "#b42318", "#ffffff", "#8c1a11", "!", "A", "\\\\\\\\", "#8c1a11")
INSUFFICIENT_DATA = Face(
    "INSUFFICIENT_DATA", "#eceef1", "#3d4650", "#aab2bb", "?", "?", "////", "#c3c9d0"
)
_FACES = {face.name: face for face in (OK, ALARM, INSUFFICIENT_DATA)}


def face(state: str) -> Face:
    """The face of an alarm state; of anything else a plain grey one with that name."""
    found = _FACES.get(state)
    return found or Face(state, SHADE, INK, LINE, "\u00b7", (state or "?")[0].lower(), "", "")


def colour_of(label: str, unit: str = "") -> str | None:
    """The colour that a series has all course long, None when it may have any.

    >>> colour_of("TargetResponseTime", "Seconds") == LATENCY
    True
    >>> colour_of("CPUUtilization", "Percent") is None
    True
    """
    said = label.lower()
    for colour, words in _SAYS:
        if any(word in said for word in words):
            return colour
    return LATENCY if unit in ("Seconds", "Milliseconds", "Microseconds") else None


def colours(series: list[tuple[str, str]]) -> list[str]:
    """One colour for each (label, unit): by meaning, no colour twice while there are others."""
    chosen: list[str | None] = []
    for label, unit in series:
        colour = colour_of(label, unit)
        chosen.append(None if colour in chosen else colour)
    free = [colour for colour in OTHERS if colour not in chosen]
    out: list[str] = []
    for colour in chosen:
        if colour is None:
            colour = free.pop(0) if free else OTHERS[len(out) % len(OTHERS)]
        out.append(colour)
    return out
