"""The bad morning: what customers felt, above what the servers and the canaries measured.

One row for each, every row on its own scale, all on one axis of time: orders, errors and response
time of the shop; then the runs of each canary, and the e-mails.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE, to_us
from labkit.lab import Lab
from labkit.views import theme
from labkit.views.drawing import WIDTH, Drawing
from labkit.views.text import table
from labkit.views.timeaxis import clock_text, ticks
from labkit.views.wording import count, number

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

_LEFT, _RIGHT, _ROW, _HIGH = 190.0, 700.0, 56.0, 36.0
_SHOP, _CANARIES = "Shop", "CloudWatchSynthetics"
#: A stretch without an order is none by chance once it is so long, minutes.
_LONG = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One measure.

    Parameters
    ----------
    label:
        What it is.
    points:
        (instant in microseconds, value), in order of time.
    told:
        What is said at its right end, one or two lines.
    colour:
        Of its line.
    runs:
        Whether each point is a run of a canary, 100 or 0, and not a minute.
    scale:
        The value that the row's height is at least.
    """

    label: str
    points: tuple[tuple[int, float], ...]
    told: tuple[str, ...]
    colour: str = theme.LATENCY
    runs: bool = False
    scale: float = 1.0


def morning(lab: Lab, *canaries: str, minutes: int = 60) -> Drawing:
    """What was measured in the last minutes.

    Parameters
    ----------
    lab:
        With a shop that was opened.
    canaries:
        Names of canaries, to stand below.
    minutes:
        How far back.
    """
    end = lab.now.replace(second=0, microsecond=0)
    start = end - timedelta(minutes=minutes)
    found = _read(lab, canaries, start, end + timedelta(minutes=1))
    orders = found["orders"]
    since = _none_since(orders)
    rows = [
        Row("orders a minute", orders, (f"{_last(orders):.0f} now",), theme.INK),
        _before_and_after("errors, % of requests", found["errors"], since, " %", theme.ERRORS, 5),
        _before_and_after("response time, p90", found["p90"], since, " ms", theme.LATENCY),
    ]
    rows += [_canary(name, found) for name in canaries]
    letters = [mail for mail in lab.mailbox if "ALARM" in mail.subject]
    mails = [at for at in (to_us(mail.at) for mail in letters) if at >= to_us(start)]
    title = _title(rows, since, mails if canaries else [])
    span = to_us(start), to_us(end) + MINUTE
    data = {
        "no_order_since": None if since is None else clock_text(since),
        "runs": {
            name: {"passed": sum(v == 100 for _, v in found[f"{name} SuccessPercent"]),
                   "of": len(found[f"{name} SuccessPercent"]),
                   "failed": _last(found[f"{name} Failed"])}
            for name in canaries
        },
        "mails": [clock_text(at) for at in mails],
    }  # fmt: skip
    lines = [(row.label, *_ends(row, since), ", ".join(row.told)) for row in rows]
    text = table(("what", "before", "after", "now"), lines)
    svg = _picture(title, rows, span, mails if canaries else [], since)
    return Drawing(title, f"{title}\n{text}", data, svg=svg)


def _read(lab: Lab, canaries: tuple[str, ...], start: Any, end: Any) -> dict[str, Any]:
    """Name of a measure -> its points, all of them with one GetMetricData."""
    wanted: list[tuple[str, str, str, dict[str, str], str]] = [
        ("berlin", _SHOP, "Orders", {"shop": "berlin"}, "Sum"),
        ("bremen", _SHOP, "Orders", {"shop": "bremen"}, "Sum"),
        ("bad", _SHOP, "Errors", {"service": "checkout"}, "Sum"),
        ("all", _SHOP, "Requests", {"service": "checkout"}, "Sum"),
        ("p90", _SHOP, "Latency", {"service": "checkout"}, "p90"),
    ]
    for name in canaries:
        of = {"CanaryName": name}
        wanted += [(f"{name} {one}", _CANARIES, one, of, "Average")
                   for one in ("SuccessPercent", "Duration", "Failed")]  # fmt: skip
    queries = [
        {
            "Id": f"m{place}", "Label": label,
            "MetricStat": {
                "Metric": {
                    "Namespace": space, "MetricName": metric,
                    "Dimensions": [{"Name": n, "Value": v} for n, v in of.items()],
                },
                "Period": 60, "Stat": stat,
            },
        }
        for place, (label, space, metric, of, stat) in enumerate(wanted)
    ]  # fmt: skip
    told = lab.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending"
    )
    held = {
        one["Label"]: tuple(zip(map(to_us, one["Timestamps"]), one["Values"], strict=True))
        for one in told["MetricDataResults"]
    }
    many = dict(held["all"])
    held["errors"] = tuple((at, 100 * bad / many[at]) for at, bad in held["bad"] if many.get(at))
    other = dict(held["bremen"])
    held["orders"] = tuple((at, value + other.get(at, 0.0)) for at, value in held["berlin"])
    return held


def _none_since(orders: tuple[tuple[int, float], ...]) -> int | None:
    """The first minute of a stretch without an order that reaches to the end."""
    since = None
    several = 0
    for at, value in reversed(orders):
        if value:
            break
        since, several = at, several + 1
    return since if several >= _LONG else None


def _last(points: tuple[tuple[int, float], ...]) -> float:
    return points[-1][1] if points else 0.0


def _mean(points: list[float]) -> float:
    return sum(points) / len(points) if points else 0.0


def _halves(row: Row, since: int | None) -> tuple[list[float], list[float]]:
    cut = since if since is not None else row.points[-1][0] + 1 if row.points else 0
    return [v for at, v in row.points if at < cut], [v for at, v in row.points if at >= cut]


def _ends(row: Row, since: int | None) -> tuple[str, str]:
    before, after = _halves(row, since)
    return tuple(f"{_mean(half):.1f}" if half else "-" for half in (before, after))  # type: ignore[return-value]


def _before_and_after(
    label: str,
    points: tuple[tuple[int, float], ...],
    since: int | None,
    unit: str,
    colour: str,
    scale: float = 1.0,
) -> Row:
    before, after = _halves(Row(label, points, ()), since)
    told = f"{number(_mean(before), 2)}{unit} before"
    lines = (told, f"{number(_mean(after), 2)}{unit} since") if after else (told,)
    return Row(label, points, lines, colour, scale=scale)


def _canary(name: str, found: dict[str, Any]) -> Row:
    points = found[f"{name} SuccessPercent"]
    good = sum(value == 100 for _, value in points)
    seconds = _last(found[f"{name} Duration"]) / 1000
    failed = _last(found[f"{name} Failed"])
    told = (f"{good} of {count(len(points), 'run')} passed",
            f"Duration {seconds:.1f} s, Failed {failed:.0f}")  # fmt: skip
    return Row(f"{name}: SuccessPercent", points, told, runs=True)


def _title(rows: list[Row], since: int | None, mails: list[int]) -> str:
    orders, errors, waits, *canaries = rows
    if since is None:
        title = f"{orders.told[0].removesuffix(' now')} orders in the last minute"
    else:
        title = f"No order since {clock_text(since)}"
    if not canaries:
        return f"{title}; errors {_moved(errors)}, response time {_moved(waits)}"
    told = [f"{row.label.partition(':')[0]} {row.told[0]}" for row in canaries]
    letter = f"; e-mail at {clock_text(mails[0])}" if mails else ""
    return f"{title}: {', '.join(told)}{letter}"


def _moved(row: Row) -> str:
    """How a measure went on: as before, or from what to what."""
    ends = [one.rpartition(" ")[0] for one in row.told]
    if len(ends) < 2:
        return ends[0]
    before, after = (float(one.split()[0].replace(",", "")) for one in ends)
    if abs(after - before) <= before / 4:
        return f"as before ({ends[1]})"
    return f"from {ends[0]} to {ends[1]}"


def _picture(
    title: str, rows: list[Row], span: tuple[int, int], mails: list[int], since: int | None
) -> str:
    from labkit.views.sheet import draw, wrap

    head = wrap(title, WIDTH - 40, 14, True)
    top = 26.0 + 18 * len(head)
    bottom = top + _ROW * len(rows) + (26 if mails else 0)

    def x(us: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (us - span[0]) / (span[1] - span[0])

    def paint(sheet: Sheet) -> None:
        for place, line in enumerate(head):
            sheet.text(20, 26 + 18 * place, line, size=14, bold=True)
        if since is not None:
            sheet.box(x(since), top - 6, _RIGHT - x(since), bottom - top + 2, theme.INCIDENT)
        for tick in ticks(*span, 7):
            at = x(tick.at_us)
            sheet.line([(at, top - 6), (at, bottom - 4)], theme.GRID)
            sheet.text(at, bottom + 12, tick.label, colour=theme.MUTED, anchor="middle")
        for place, row in enumerate(rows):
            _paint_row(sheet, row, top + _ROW * place, x)
        if mails:
            sheet.text(20, bottom - 10, "e-mail", bold=True)
            for at in mails:
                sheet.envelope(x(at), bottom - 14)

    return draw(bottom + 22, paint, title)


def _paint_row(sheet: Sheet, row: Row, top: float, x: Any) -> None:
    least = 100.0 if row.runs else row.scale
    most = max(least, max((value for _, value in row.points), default=0.0))
    bottom = top + _HIGH
    sheet.text(20, top + 16, row.label, bold=True)
    sheet.line([(_LEFT, bottom), (_RIGHT, bottom)], theme.LINE)
    for place, line in enumerate(row.told):
        sheet.text(_RIGHT + 12, top + 12 + 17 * place, line, bold=not place, colour=theme.INK)
    if row.runs:
        for at, value in row.points:
            colour = theme.face("OK").ink if value == 100 else theme.face("ALARM").edge
            sign = "\u2713" if value == 100 else "\u2717"
            y = bottom - value / most * (_HIGH - 12)
            sheet.text(x(at), y - 2, sign, size=14, colour=colour, bold=True, anchor="middle")
        return
    scale = f"0 to {number(most, 2)}"
    sheet.text(20, top + 32, scale, colour=theme.MUTED)
    steps = []
    for at, value in row.points:
        y = bottom - value / most * _HIGH
        steps += [(x(at), y), (x(at + MINUTE), y)]
    sheet.lines([steps], row.colour, 1.6)
