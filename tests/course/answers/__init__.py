"""What learners hand in, and what each must be told: one declarative table a chapter.

A chapter's file ``cNN_name.py`` defines ``ANSWERS``, a list of :class:`Answer`. The harness
(tests/course/judging.py) runs each one in a fresh exercise of the learner ``demo`` and asks
the check; it also insists that every check has an untouched, a right and three wrong answers.
"""

from dataclasses import dataclass

PASSED, NOT_YET, BROKEN, UNTOUCHED = "Passed", "NotYet", "Broken", "NotAttempted"


@dataclass(frozen=True)
class Answer:
    """One answer.

    Parameters
    ----------
    name:
        What the learner thought, in a few words.
    check:
        Which check is asked.
    outcome:
        Which of the four outcomes it must get.
    says:
        Texts that the message must hold.
    code:
        What the learner ran; ``ex``, ``boto3`` and the modules named in it are there.
    """

    name: str
    check: int
    outcome: str
    says: tuple[str, ...] = ()
    code: str = ""

    def __str__(self):
        return f"{self.check}-{self.name.replace(' ', '-')}"
