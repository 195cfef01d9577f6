"""Proofs: the right answer of a question shown in a fresh lab, and wrong ones refuted.

A proof is a few lines of Python in the question's own file. They run in process, in a lab of their
own that is never the active one, and find these names:

- ``lab`` and ``client(name)``: the fresh lab and its boto3 clients; ``with other_lab() as world:``
  is a further one;
- ``minutes(5)``, ``days(2)``: timedeltas; ``ClientError``: botocore's;
- ``proves(option, holds, seen)``: the option is right, ``holds`` must be true, and ``seen`` says
  what is to be seen; ``refutes(option, holds, seen)``: it is wrong, and ``holds`` shows it;
- ``ordered(*options)``: the order that was seen, of an ordering;
- ``matched(option, target, holds, seen)``: what belongs to what, of a matching.

A proof fails when a condition does not hold, when it shows something else than the question's key
says, or when it does not show what it promises (``proves``, ``refutes``). So a question whose key
is wrong has a proof that fails.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from labkit.core.errors import LabError
from labkit.course.question_bank import Question


class ProofFailed(AssertionError):
    """What a proof saw is not what its question says."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that a proof showed: an option, whether it is right, and what was seen."""

    option: str
    right: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof that held.

    Parameters
    ----------
    question:
        Of which question.
    shown:
        What it showed, in order.
    printed:
        What it printed.
    """

    question: Question
    shown: tuple[Shown, ...]
    printed: str

    def __str__(self) -> str:
        lines = [self.printed.rstrip()] if self.printed.strip() else []
        for one in self.shown:
            sign = "\u2713" if one.right else "\u2717"
            lines.append(f"{sign} {self.question.option(one.option).text}")
            lines.append(f"    {one.seen}")
        return "\n".join(lines)


@dataclass(slots=True)
class _Witness:
    """Takes down what a proof shows, and holds it against the key."""

    question: Question
    shown: list[Shown] = field(default_factory=list)

    def proves(self, option: str, holds: Any, seen: str = "") -> None:
        if option not in self.question.answers:
            raise ProofFailed(f"{self.question.id}: proves {option!r}, which the key calls wrong")
        self._take(option, True, holds, seen)

    def refutes(self, option: str, holds: Any, seen: str = "") -> None:
        if option in self.question.answers:
            raise ProofFailed(f"{self.question.id}: refutes {option!r}, which the key calls right")
        self._take(option, False, holds, seen)

    def ordered(self, *keys: str) -> None:
        if keys != self.question.answers:
            raise ProofFailed(
                f"{self.question.id}: the order is {keys}, the key says {self.question.answers}"
            )
        for place, key in enumerate(keys, 1):
            self._take(key, True, True, f"number {place}")

    def matched(self, option: str, target: str, holds: Any, seen: str = "") -> None:
        if self.question.pairs.get(option) != target:
            raise ProofFailed(
                f"{self.question.id}: {option!r} goes with {target!r}, not by the key"
            )
        self._take(option, True, holds, seen)

    def _take(self, option: str, right: bool, holds: Any, seen: str) -> None:
        if not holds:
            what = "proof" if right else "refutation"
            raise ProofFailed(f"{self.question.id}: the {what} of {option!r} does not hold: {seen}")
        self.shown.append(Shown(option, right, seen))

    def finish(self) -> None:
        proof = self.question.proof
        assert proof is not None
        for right, promised in ((True, proof.proves), (False, proof.refutes)):
            got = {one.option for one in self.shown if one.right is right}
            if got != set(promised):
                word = "prove" if right else "refute"
                raise ProofFailed(
                    f"{self.question.id}: promised to {word} {sorted(promised)}, did {sorted(got)}"
                )


def recheck(proven: Proven, question: Question) -> None:
    """Hold what a proof has shown against another key, without running it again.

    Parameters
    ----------
    proven:
        What was shown, of a question whose options are chosen.
    question:
        The same question with other answers.

    Raises
    ------
    ProofFailed
        When what was shown contradicts those answers.
    """
    witness = _Witness(question)
    for one in proven.shown:
        (witness.proves if one.right else witness.refutes)(one.option, True, one.seen)
    witness.finish()


def run(question: Question) -> Proven:
    """Run the proof of a question in a fresh lab.

    Raises
    ------
    LabError
        When the question has no proof.
    ProofFailed
        When it does not hold, or shows something else than the question's key.
    """
    from botocore.exceptions import ClientError

    import labkit

    proof = question.proof
    if proof is None:
        raise LabError(f"{question.id} has no proof: the lab can't show this one")
    witness = _Witness(question)
    printed = io.StringIO()
    code = compile(proof.code, f"<proof of {question.id}>", "exec")
    with labkit.Lab(active=False) as lab, contextlib.redirect_stdout(printed):
        exec(
            code,
            {
                "lab": lab,
                "client": lab.client,
                "other_lab": lambda: labkit.Lab(active=False),
                "minutes": lambda count: timedelta(minutes=count),
                "days": lambda count: timedelta(days=count),
                "ClientError": ClientError,
                "proves": witness.proves,
                "refutes": witness.refutes,
                "ordered": witness.ordered,
                "matched": witness.matched,
            },
        )
    witness.finish()
    return Proven(question, tuple(witness.shown), printed.getvalue())
