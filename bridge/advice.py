"""What goes with a code that people are told."""

from typing import NamedTuple


class Advice(NamedTuple):
    """What a code means, and what to do about it."""

    words: str
    fix: str
