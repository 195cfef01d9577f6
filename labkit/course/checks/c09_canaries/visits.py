"""Check 1: the canaries are red when a customer would say that it is broken, and only then."""

from __future__ import annotations

from labkit.course.bench import Bench
from labkit.course.checks.c09_canaries import playing, showing, situations
from labkit.course.checks.c09_canaries.playing import BUDGET, Played, Rehearsal
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.synthetics.engine.timing import frequency_us
from labkit.synthetics.records import Canary
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut

#: How long each is said to last, minutes: pictures and runs are counted for it.
_MINUTES = 90
_COLUMNS = ("what befell", "what your canaries said", "")


class Visits(Check):
    """See the head of this file."""

    title = "red when a customer would say so, and only then"
    points = 4
    hints = (
        "Which of the things that customers told Lena would a person see only at the last step, "
        "and which only some minutes later?",
        'blueprints.script("workflow") does a list of steps in a browser: `STEPS`, each with a '
        "selector; an id outlives a change of the page. `browser.set_page_load_timeout(seconds)` "
        'is a customer\'s patience. blueprints.script("api") writes an order and reads it back.',
        "Two canaries, `rate(5 minutes)`. One has the API blueprint with PRODUCT and QUANTITY. One "
        "has the workflow blueprint with STEPS = log in (`#user`, `#password`, `#login-button`), "
        '("inside", "verify_text", "#welcome", "____"), search, cart, `#checkout-link`, the five '
        'fields, `#buy`, ("thanks", "verify_text", "main", "____"), and behind '
        "`browser = webdriver.Chrome()` a line `browser.set_page_load_timeout(____)`.",
    )
    alternatives = (
        "A heartbeat sees pages that load; a button that can't be clicked loads very well.",
        "A status of 201 says that somebody answered, not what was stored.",
        "A position on the page (nth-child) is true until Tomas builds it anew.",
        "Every minute costs five times as much as every five minutes.",
    )
    cell = "canary"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The canaries, in one line."""
        found = playing.canaries_of(bench.copy)
        return Attempted(playing.described(found)) if found else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            "Nothing has been built yet: the account has no canary.",
            start='`blueprints.script("workflow")` and `blueprints.script("api")`, and '
            "`ex.lab.shop.visit(script)` to try one.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Look at what it costs and holds; then play each situation against each canary."""
        built = attempted.built
        canaries = playing.running(bench.copy)
        early = _unplayed(canaries, built)
        if early is not None:
            return early
        found = playing.rehearse(bench)
        if len(found.blind) == len(canaries):
            return _all_blind(found, built)
        played = [one for one in found.played if one.situation != situations.RESTART]
        wrong = sorted((one for one in played if not one.good), key=_order)
        if wrong:
            return _wrong(wrong, played, found, canaries, built)
        good = sum(one.situation.bad for one in played)
        return Passed(
            f"{good} of {good} faults seen, nothing else called a fault.",
            why="The canaries do what customers do, to the last step, and read what customers "
            "read; they hold on to what a change of the page leaves alone. A status says that "
            "somebody answered, not what.",
            built=built,
            cost=f"${playing.a_month(canaries):.2f} a month for runs, the first 100 free; Lambda, "
            "logs and S3 come on top.",
            alternative="one canary that does it all at 5 minutes, for $10.37: one script to mend, "
            "and its name does not say what is broken.",
            remarks=remarks(found),
            figure=_table(played),
        )  # fmt: skip


def remarks(found: Rehearsal) -> tuple[str, ...]:
    """What could not be played on this machine."""
    told = []
    if found.left_out:
        names = ", ".join(f"*{one.name}*" for one in found.left_out)
        told.append(f"Not played, since this machine has no browser: {names}.")
    if found.blind:
        names = ", ".join(f"`{one}`" for one in found.blind)
        told.append(
            f"Not judged: {names}. A script that needs a browser can't be judged on a machine "
            "without one; `labkit doctor` says how to get one."
        )
    return tuple(told)


def _order(one: Played) -> tuple[int, int]:
    """What is told of first: a healthy shop, then what customers tell Lena, then changes."""
    faults = [each.name for each in situations.faults()]
    if one.situation == situations.HEALTHY:
        return 0, 0
    return (1, -faults.index(one.situation.name)) if one.situation.bad else (2, 0)


def _unplayed(canaries: list[Canary], built: str) -> Outcome | None:
    """What is to be said before anything runs."""
    if not canaries:
        return NotYet(
            "No run would begin.", built, "nothing yet: what does not run sees nothing.",
            f"No run would begin in any hour: {built}.",
            "What has to be called before a canary that is READY does anything?",
        )  # fmt: skip
    for one in canaries:
        file, digits = playing.card_in(one)
        if digits:
            return NotYet(
                "A card number in a script.", built, f"nothing yet: the code of `{one.name}`.",
                f"{file} contains a card number that ends in {digits}. Whoever may read the "
                "canary may read it, and each run would charge it: use the test card, from the "
                "canary's environment.",
                "Who may call GetCanary, and download what it points to?",
            )  # fmt: skip
    price = playing.a_month(canaries)
    if price > BUDGET:
        return NotYet(
            f"${price:.2f} a month.", built,
            f"nothing yet: the runs of {count(len(canaries), 'schedule')}, for thirty days.",
            f"${price:.2f} a month for runs alone, and Lena has ${BUDGET}.",
            "How soon does Lena need to know, and how many runs does that take?",
        )  # fmt: skip
    return None


def _all_blind(found: Rehearsal, built: str) -> Outcome:
    return NotYet(
        "Not judged: this machine has no browser.", built,
        "nothing: each of your canaries asks for a browser.",
        "A script that needs a browser can't be judged on a machine without one (`labkit doctor` "
        "says how to get Chromium and chromedriver). What HTTP can see is judged here: "
        "search, orders, certificate, an answer that is late or does not come.",
        "Which part of this would a canary of HTTP steps see as well?",
    )  # fmt: skip


def _wrong(
    wrong: list[Played], played: list[Played], found: Rehearsal, canaries: list[Canary], built: str
) -> Outcome:
    one = wrong[0]
    situation = one.situation
    shots: list[showing.Shot] = []
    if situation.bad:
        happened, shots = _content(one, canaries)
    else:
        name, run = next(iter(one.red.items()))
        happened = f"False alarm: `{name}` failed: {cut(run.state_reason, 220)}"
        healthy = found.of(situations.HEALTHY).results.get(name)
        if situation == situations.HEALTHY:
            shots = showing.last_picture({name: run}, f"{name}, at the end")
        else:
            shots = showing.beside(healthy, run, situation.name)
    also = "; ".join(other.situation.name for other in wrong[1:])
    good = sum(each.good for each in played)
    return NotYet(
        f"{good} of {len(played)} told rightly.", built,
        f"{played.index(one) + 1} of {len(played)}: *{situation.name}*.",
        happened, situation.question, _table(played, shots),
        also=" ".join(
            [f"Not right either: {also}." if also else "", *remarks(found)]
        ).strip(),
    )  # fmt: skip


def _content(one: Played, canaries: list[Canary]) -> tuple[str, list[showing.Shot]]:
    """Canaries that were there, and content: what they did in the meantime."""
    runs = 0
    for canary in canaries:
        run = one.results.get(canary.name)
        every = frequency_us(canary.expression)
        if run is not None and every:
            runs += _MINUTES * 60_000_000 // every
    names = ", ".join(f"`{name}`" for name in one.results)
    told = f"08:10 to 09:40, nobody could {one.situation.nobody}: {names} ran {runs} times, all "
    told += "PASSED"
    answers = _answers(one)
    shots = showing.last_picture(one.results, "the last picture of a run that PASSED")
    if shots:
        told += f", and took {count(runs, 'picture')} of a lovely page"
    return f"{told}.{answers}", shots


def _answers(one: Played) -> str:
    """Of orders that vanish: what was answered, and what of it nobody looked at."""
    if ("page_empty", "api", 0) not in one.situation.faults:
        return ""
    return " Order: 201, `{}`; read back: 200, `{}`: passed, or never asked."


def _table(played: list[Played], shots: list[showing.Shot] | None = None) -> Drawing:
    rows = [(one.situation.name, showing.told(one), one.good) for one in played]
    good = sum(one.good for one in played)
    return showing.table(f"{good} of {len(played)} told rightly", rows, shots or (), _COLUMNS)
