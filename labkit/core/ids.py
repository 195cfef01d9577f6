"""Ids that a replay finds again.

Ids never come from a shared stream of random numbers: a replayed world in which one more thing
happens (an unseen incident, a read that was not journaled) would draw one number more, and every
id after it would differ; the learner's ``stop_instances`` would then stop the wrong machine.
Instead **an id is a hash of the world's seed and of what caused it**: the instant of the outermost
call or clock event and the place within it.
"""

from __future__ import annotations

from hashlib import blake2b

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Ids:
    """The ids of one world.

    Parameters
    ----------
    seed:
        The world's seed. ``replay(seed=...)`` changes noise only; ids keep the world's first seed.
    """

    def __init__(self, seed: int | str) -> None:
        self.seed = str(seed)
        self._key = "start"
        self._drawn = 0

    @property
    def key(self) -> str:
        """The cause from which ids are derived at present."""
        return self._key

    def begin(self, key: str) -> None:
        """From here on ids derive from ``key`` (the instant and name of a call or event)."""
        self._key = key
        self._drawn = 0

    def digest(self, *names: object) -> bytes:
        """32 bytes that depend on the seed and the names alone."""
        text = "/".join([self.seed, *map(str, names)])
        return blake2b(text.encode(), digest_size=32).digest()

    def _draw(self) -> bytes:
        self._drawn += 1
        return self.digest(self._key, self._drawn)

    def hex(self, length: int) -> str:
        """``length`` (<= 64) hexadecimal digits."""
        return self._draw().hex()[:length]

    def uuid(self) -> str:
        """A version-4 shaped UUID."""
        return shape_uuid(self._draw().hex())

    def letters(self, length: int) -> str:
        """``length`` (<= 32) capital letters and digits, as in access keys."""
        return "".join(_LETTERS[byte & 31] for byte in self._draw()[:length])


def shape_uuid(digits: str) -> str:
    """32 or more hexadecimal digits in the shape of a version-4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
