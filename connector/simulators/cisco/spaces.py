"""Value spaces: which texts a parameter or a setting takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers from `least` to `most`."""

    least: int
    most: int

    def accepts(self, text: str) -> bool:
        """Whether the text is one of them."""
        return text.isascii() and text.isdigit() and self.least <= int(text[:12]) <= self.most


@dataclass(frozen=True, slots=True)
class Text:
    """Texts of `least` to `most` characters."""

    most: int
    least: int = 0

    def accepts(self, text: str) -> bool:
        """Whether its length fits."""
        return self.least <= len(text) <= self.most


@dataclass(frozen=True, slots=True)
class OneOf:
    """A choice of words, compared exactly."""

    words: tuple[str, ...]

    def accepts(self, text: str) -> bool:
        """Whether it is one of them."""
        return text in self.words


Space = Whole | Text | OneOf

SWITCH = OneOf(("Off", "On"))
TRUTH = OneOf(("False", "True"))
VISIBILITY = OneOf(("Auto", "Hidden"))
