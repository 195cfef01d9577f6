"""The same bytes: in one process, in another one, on a processor with other features."""

import hashlib
import os
import random
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from labkit.cloudwatch import views
from labkit.views.sheet import _rounded, _tidy

SCRIPT = """
import hashlib
import numpy as np
from labkit.cloudwatch import views
minutes = np.arange(7 * 1440)
start = 1767603600 * 1_000_000
values = 100 + 80 * np.sin(minutes / 1440 * 2 * np.pi) + np.exp(np.cos(minutes / 77))
values[5000:5200] = np.nan
averages = np.add.reduceat(values[:4000], np.arange(0, 4000, 5)) / 5
drawings = [
    views.metric(("Latency", start + minutes * 60_000_000, values), threshold=150, mails=[start]),
    views.metric(("CPU", start + np.arange(800) * 300_000_000, averages), unit="Percent"),
    views.alarm_row("0 - X - X", M=2),
]
text = "".join(d.svg + d.html + str(d) for d in drawings)
print(hashlib.sha256(text.encode()).hexdigest())
"""


def run(**environment):
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return made.stdout.strip()


def optional_features():
    """What numpy would choose on this machine beyond its baseline."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


def test_the_same_bytes_whatever_the_processor_and_the_hash_seed():
    plain = run(PYTHONHASHSEED="1")
    reduced = run(PYTHONHASHSEED="2", NPY_DISABLE_CPU_FEATURES=optional_features())
    assert plain == reduced


def test_the_same_bytes_twice_whatever_the_users_settings(morning):
    series = morning.pop("series")
    first = views.metric(series, **morning).svg
    with matplotlib.rc_context(
        {"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "path", "text.color": "red",
         "figure.dpi": 300, "savefig.dpi": 300, "axes.facecolor": "black", "path.sketch": (3, 9, 9)}
    ):  # fmt: skip
        before = dict(matplotlib.rcParams)
        assert views.metric(series, **morning).svg == first
        assert dict(matplotlib.rcParams) == before, "nobody's settings are changed"


def test_nothing_in_the_svg_depends_on_the_day_or_on_a_counter(morning):
    svg = views.metric(morning.pop("series"), **morning).svg
    assert "<metadata" not in svg and "Matplotlib" not in svg and "matplotlib" not in svg
    assert "<g" not in svg and "_1" not in svg
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="900" height="')


def test_pattern_ids_are_named_after_the_whole_drawing():
    one = '<svg xmlns="http://www.w3.org/2000/svg"><path id="h1" d="M1 1"/></svg>'
    two = '<svg xmlns="http://www.w3.org/2000/svg"><path id="h7" d="M1 1"/></svg>'
    three = '<svg xmlns="http://www.w3.org/2000/svg"><path id="h1" d="M2 2"/></svg>'
    made = [_tidy(svg, 900, 10, "") for svg in (one, two, three)]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("value", [0.125, 10.005, 33.335, 2.5, 100.0, 0.375, -7.125])
def test_the_last_bit_never_decides_how_a_coordinate_is_rounded(value):
    class Match:
        def __init__(self, text):
            self.text = text

        def group(self):
            return self.text

    near = {_rounded(Match(repr(float(v)))) for v in (value, np.nextafter(value, 1e9),
                                                      np.nextafter(value, -1e9))}  # fmt: skip
    assert len(near) == 1


def test_noise_in_the_values_changes_nothing_that_is_said():
    random.seed(5)
    starts = [n * 60_000_000 for n in range(50)]
    values = [round(random.uniform(0, 100), 3) for _ in starts]
    noisy = [float(np.nextafter(v, random.choice((-1e9, 1e9)))) for v in values]
    one, two = (views.metric(("m", starts, v), threshold=66.845) for v in (values, noisy))
    assert (one.title, str(one), one.svg) == (two.title, str(two), two.svg)
    assert one.data == two.data
    assert hashlib.sha256(one.svg.encode()).digest() == hashlib.sha256(two.svg.encode()).digest()
