"""What is wrong with the rules of a site, and where."""

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the rules."""

    place: str
    """As `rules[2].match`."""
    words: str
    hint: str = ""

    def __str__(self) -> str:
        """The problem in a line."""
        return f"{self.place}: {self.words}" + (f" ({self.hint})" if self.hint else "")
