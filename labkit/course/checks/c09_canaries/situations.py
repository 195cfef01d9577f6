"""What befalls the shop unseen: eight faults that customers mind, two changes that none does."""

from __future__ import annotations

from dataclasses import dataclass

#: A page that takes this long is slow, seconds; Lena's customers leave after ten.
SLOW_SECONDS = 12.0
#: The ticket's limit of a page, seconds.
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Situation:
    """A state of the shop.

    Parameters
    ----------
    name:
        In the customers' words.
    faults:
        (kind, page, size), as incidents have them.
    bad:
        Whether a customer minds.
    nobody:
        What nobody can do meanwhile.
    question:
        What is asked of whoever got it wrong.
    by_browser:
        Whether only a browser sees it.
    waits:
        For about how long who is hindered by it waits, seconds: what takes longest begins first.
    """

    name: str
    faults: tuple[tuple[str, str, float], ...]
    bad: bool
    nobody: str = ""
    question: str = ""
    by_browser: bool = False
    waits: float = 0.0


HEALTHY = Situation("all is well", (), False, question="What would a customer say of this shop?")
RESTART = Situation("the nightly restart", (("page_error", "site", 503),), True, waits=5)


def faults() -> list[Situation]:
    """What customers mind, what they tell of last."""
    return [
        Situation(
            "the site never answers", (("page_silent", "site", 0),), True, "do anything",
            "What does your canary make of a question to which there is no answer?", waits=11,
        ),
        Situation(
            f"the search takes {SLOW_SECONDS:g} seconds", (("page_slow", "search", SLOW_SECONDS),),
            True, "find anything in time",
            "When does a customer call it broken, though it does come in the end?", waits=12,
        ),
        Situation(
            "the button 'Buy now' is not to be seen", (("page_hidden", "checkout", 0),), True,
            "pay", "Which of the faults would a person see only at the last step?", True, waits=6,
        ),
        Situation(
            "the certificate has expired", (("certificate", "site", -0.5),), True,
            "come in without a warning", "What does a browser say before it shows a page?",
        ),
        Situation(
            "orders are taken with 201 and are not there", (("page_empty", "api", 0),), True,
            "have what the app ordered",
            "How does somebody who has ordered find out that there is no order?",
        ),
        Situation(
            "the form to log in is there, an error behind it", (("page_error", "account", 500),),
            True, "log in", "What does a customer see once he is logged in?", waits=5,
        ),
        Situation(
            "the search answers with an error", (("page_error", "search", 500),), True,
            "find a tea", "What does a customer do once the first page is there?",
        ),
        Situation(
            "a banner lies over 'Buy now'", (("page_covered", "checkout", 0),), True, "pay",
            "Which of the faults would a person see only at the last step?", True, waits=6,
        ),
    ]  # fmt: skip


def harmless() -> list[Situation]:
    """What Tomas changes each week."""
    return [
        Situation(
            "Tomas renames elements, and puts an offer on top",
            (("page_markup", "site", 0), ("page_promotion", "site", 0)), False, "",
            "What of an element stays when the page around it is built anew?",
        ),
        Situation(
            "new prices, and products in another order",
            (("page_prices", "site", 7), ("page_order", "site", 0)), False, "",
            "Which of the things that your canary compares may change on a good day?",
        ),
    ]  # fmt: skip
