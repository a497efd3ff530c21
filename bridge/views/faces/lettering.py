"""Words measured, broken into lines, and drawn.

A text is cut where its font changes, and each piece is shaped by itself; pieces stand in the
direction that the whole begins with. That is right for words of one script with names of another
in between, and not for a quotation inside of a quotation.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import ImageDraw, ImageFont

from bridge.views.faces.fonts import Fonts, Run, shapes_scripts

_RIGHT_TO_LEFT = {"R", "AL"}

Direction = Literal["ltr", "rtl"]


def direction(text: str, usual: Direction) -> Direction:
    """Where a text begins, by its first letter (Unicode Standard Annex #9, rules P2 and P3)."""
    for one in text:
        kind = unicodedata.bidirectional(one)
        if kind in _RIGHT_TO_LEFT:
            return "rtl"
        if kind == "L":
            return "ltr"
    return usual


@dataclass(frozen=True, kw_only=True)
class Lettering:
    """How words are set: in which fonts, and where a line begins."""

    fonts: Fonts
    usual: Direction

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """Pixels from the beginning to the end of a line."""
        runs = self.fonts.runs(text, size, bold=bold)
        way = direction(text, self.usual)
        return sum(_length(run, way) for run in runs)

    def lines(
        self, text: str, size: int, width: int, most: int = 1, *, bold: bool = False
    ) -> list[str]:
        """A text broken into so many lines at most; what does not fit ends in an ellipsis."""
        left = text
        lines: list[str] = []
        while left and len(lines) < most:
            # Asked first: a beginning may be wider than the whole, as letters join in Arabic.
            if self.width(left, size, bold=bold) <= width:
                return [*lines, left]
            fits = min(self._fits(left, size, width, bold=bold), len(left) - 1)
            if len(lines) == most - 1:
                return [*lines, self._cut(left, size, width, bold=bold)]
            end = _break(left, fits)
            lines.append(left[:end].rstrip())
            left = left[end:].lstrip()
        return lines

    def largest(self, text: str, width: int, sizes: tuple[int, int], *, bold: bool = True) -> int:
        """The largest size, of a span, in which a text fits on one line."""
        low, high = sizes
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text, middle, bold=bold) <= width:
                low = middle
            else:
                high = middle - 1
        return low

    def draw(
        self,
        canvas: ImageDraw.ImageDraw,
        at: tuple[int, int],
        text: str,
        size: int,
        ink: int,
        *,
        bold: bool = False,
    ) -> None:
        """Draw a line from its left edge; `at` is on its baseline."""
        x, y = at
        way = direction(text, self.usual)
        runs = self.fonts.runs(text, size, bold=bold)
        for run in runs if way == "ltr" else reversed(runs):
            if shapes_scripts():
                canvas.text((x, y), run.text, ink, run.font, anchor="ls", direction=way)
            else:
                canvas.text((x, y), run.text, ink, run.font, anchor="ls")
            x += _length(run, way)

    def _fits(self, text: str, size: int, width: int, *, bold: bool) -> int:
        """How many characters fit into a width."""
        way = direction(text, self.usual)
        taken = used = 0
        for run in self.fonts.runs(text, size, bold=bold):
            length = _length(run, way)
            if taken + length > width:
                return used + _part(run, way, width - taken)
            taken += length
            used += len(run.text)
        return used

    def _cut(self, text: str, size: int, width: int, *, bold: bool) -> str:
        room = width - self.width("…", size, bold=bold)
        return text[: self._fits(text, size, max(0, room), bold=bold)].rstrip() + "…"


def _break(text: str, fits: int) -> int:
    """Where a line ends: after its last word, or inside of one that is longer than the line."""
    if text[fits] == " ":
        return fits
    space = text.rfind(" ", 1, fits)
    dense = fits and unicodedata.east_asian_width(text[fits - 1]) in {"W", "F"}
    return space if space > 0 and not dense else max(1, fits)


def _part(run: Run, way: Direction, width: int) -> int:
    """How many characters of a run fit into a width."""
    low, high = 0, len(run.text)
    while low < high:
        middle = (low + high + 1) // 2
        if _length(run._replace(text=run.text[:middle]), way) <= width:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=4096)  # a stranger may change the script with each letter
def _length(run: Run, way: Direction) -> int:
    if shapes_scripts():
        return round(run.font.getlength(run.text, direction=way))
    return round(run.font.getlength(run.text))


def height(font: ImageFont.FreeTypeFont) -> int:
    """Pixels from one baseline to the next."""
    return sum(font.getmetrics())
