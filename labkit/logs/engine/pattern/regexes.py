"""The regular expressions between percent signs: less than RE2, run by RE2, which cannot run away.

AWS takes letters, digits, ``: _ # = @ / ; , -``, the operators ``^ $ ? [ ] { } | \\ * + .`` and the
classes ``\\d \\D \\s \\S \\w \\W \\xhh``; no parentheses, nothing else.
(User guide, FilterAndPatternSyntax, regex.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labkit.logs.engine import linear_regexes
from labkit.logs.engine.pattern.outcome import PatternError

_PLAIN = frozenset(":_#=@/;,- ")
_OPERATORS = frozenset("^$?[]{}|*+.")
_CLASSES = frozenset("dDsSwW")

#: Regular expressions in one pattern.
MOST = 2


def check(inside: str, at: int) -> None:
    """Refuse what AWS refuses.

    Raises
    ------
    PatternError
        At the letter that is not taken.
    """
    if not inside:
        raise PatternError("the regular expression is empty", at)
    place = 0
    while place < len(inside):
        letter = inside[place]
        if letter == "\\":
            follows = inside[place + 1 : place + 2]
            if follows == "x":
                digits = inside[place + 2 : place + 4]
                if len(digits) < 2 or any(d not in "0123456789abcdefABCDEF" for d in digits):
                    raise PatternError("\\x needs two hexadecimal digits", at + place)
                place += 4
                continue
            if not follows or (follows.isalnum() and follows not in _CLASSES):
                raise PatternError(f"\\{follows} is no class of filter patterns", at + place)
            place += 2
            continue
        ascii_alnum = letter.isascii() and letter.isalnum()
        if not (ascii_alnum or letter in _PLAIN or letter in _OPERATORS):
            hint = "; groups are not there" if letter in "()" else "; write it with a backslash"
            raise PatternError(
                f"{letter} is not taken in a regular expression of a filter pattern{hint}",
                at + place,
            )
        place += 1


@cache
def compiled(inside: str) -> Any:
    """The expression for RE2.

    Raises
    ------
    PatternError
        When RE2 does not take it.
    """
    try:
        return linear_regexes.compiled(inside)
    except linear_regexes.BadRegex as bad:
        raise PatternError(f"the regular expression is not valid: {bad}") from None


def found(inside: str, text: str) -> bool:
    """Whether an expression is somewhere in a text.

    Bytes are searched: for a str the binding counts letters up to each place, which takes longer
    than the search. Half a surrogate pair is no letter of RE2's, and fits nothing.
    """
    return compiled(inside).search(text.encode("utf-8", "surrogatepass")) is not None


def mask(inside: str, texts: Sequence[str]) -> NDArray[np.bool_]:
    """In which of many texts an expression is: one call of Arrow, whose RE2 is the same."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        held = pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # half a surrogate pair
        return np.fromiter((found(inside, text) for text in texts), np.bool_, len(texts))
    return np.asarray(pc.match_substring_regex(held, inside), dtype=np.bool_)
