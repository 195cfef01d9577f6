"""Reads a pattern letter by letter and knows where it is."""

from __future__ import annotations

from labkit.logs.engine.pattern.outcome import PatternError


class Scanner:
    """A place in a text."""

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.at = start

    @property
    def here(self) -> str:
        """The letter here; empty at the end."""
        return self.text[self.at : self.at + 1]

    def blanks(self) -> Scanner:
        """Pass over blanks."""
        while self.here.isspace():
            self.at += 1
        return self

    def starts(self, *texts: str) -> str:
        """Which of the texts begins here; empty when none does."""
        return next((text for text in texts if self.text.startswith(text, self.at)), "")

    def take(self, *texts: str) -> str:
        """Pass over one of the texts and give it; empty, and no step, when none begins here."""
        found = self.starts(*texts)
        self.at += len(found)
        return found

    def word(self, text: str) -> bool:
        """Pass over a word, in capitals or not, that no letter follows."""
        end = self.at + len(text)
        after = self.text[end : end + 1]
        if self.text[self.at : end].upper() != text or after.isalnum() or after == "_":
            return False
        self.at = end
        return True

    def need(self, text: str, why: str) -> None:
        """Pass over a text that has to be here."""
        if not self.take(text):
            raise PatternError(f"{text} is missing: {why}", self.at)

    def quoted(self) -> str:
        """A text in double quotes; a backslash takes the next letter as it is."""
        begin = self.at
        self.at += 1
        out = []
        while self.here != '"':
            if not self.here:
                raise PatternError("this text has no closing quote", begin)
            if self.here == "\\" and self.at + 1 < len(self.text):
                self.at += 1
            out.append(self.here)
            self.at += 1
        self.at += 1
        return "".join(out)

    def percented(self) -> tuple[str, int]:
        """A regular expression between percent signs, and where it begins."""
        begin = self.at
        self.at += 1
        end = self.at
        while end < len(self.text) and self.text[end] != "%":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise PatternError("this regular expression has no closing %", begin)
        inside = self.text[self.at : end]
        self.at = end + 1
        return inside, begin + 1
