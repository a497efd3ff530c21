"""The shape of each state, so that nobody has to tell colours apart: the same as on the page."""

from collections.abc import Callable
from typing import NamedTuple

from PIL import ImageDraw

from bridge.views.faces.content import State


class Stroke(NamedTuple):
    """How a sign is drawn, in a square whose sides are 100."""

    canvas: ImageDraw.ImageDraw
    left: int
    top: int
    side: int
    ink: int
    ground: int

    @property
    def wide(self) -> int:
        """The width of a line."""
        return max(2, round(self.side * 0.085))

    def at(self, x: float, y: float) -> tuple[int, int]:
        """A point of the square on the picture."""
        return round(self.left + x * self.side / 100), round(self.top + y * self.side / 100)

    def line(self, *points: tuple[float, float]) -> None:
        """A line with round ends and bends."""
        placed = [self.at(*one) for one in points]
        self.canvas.line(placed, self.ink, self.wide, joint="curve")
        for one in placed:
            self.dot(one, self.wide / 2)

    def dot(self, at: tuple[float, float], radius: float) -> None:
        """A filled circle."""
        x, y = at
        self.canvas.ellipse((x - radius, y - radius, x + radius, y + radius), self.ink)

    def polygon(self, *points: tuple[float, float]) -> None:
        """A closed line, filled with the ground."""
        self.canvas.polygon([self.at(*one) for one in points], self.ground)
        self.line(*points, points[0])


def _free(stroke: Stroke) -> None:
    box = (*stroke.at(6, 6), *stroke.at(94, 94))
    stroke.canvas.ellipse(box, stroke.ground, stroke.ink, stroke.wide)
    stroke.line((29, 52), (44, 67), (72, 35))


def _busy(stroke: Stroke) -> None:
    box = (*stroke.at(8, 8), *stroke.at(92, 92))
    stroke.canvas.rounded_rectangle(box, stroke.side * 0.14, stroke.ground, stroke.ink, stroke.wide)
    stroke.line((30, 50), (70, 50))


def _soon(stroke: Stroke) -> None:
    stroke.polygon((50, 10), (93, 88), (7, 88))
    stroke.line((50, 40), (50, 60))
    stroke.dot(stroke.at(50, 74), stroke.wide * 0.65)


def _check_in(stroke: Stroke) -> None:
    stroke.polygon((50, 6), (94, 50), (50, 94), (6, 50))
    stroke.line((34, 50), (64, 50))
    stroke.line((53, 37), (66, 50), (53, 63))


def _unknown(stroke: Stroke) -> None:
    stroke.polygon((50, 6), (94, 50), (50, 94), (6, 50))
    for x in (34, 50, 66):
        stroke.dot(stroke.at(x, 50), stroke.wide * 0.65)


_SIGNS: dict[State, Callable[[Stroke], None]] = {
    "free": _free,
    "busy": _busy,
    "soon": _soon,
    "check_in": _check_in,
    "unknown": _unknown,
}


def sign(state: State, stroke: Stroke) -> None:
    """Draw a state's shape."""
    _SIGNS[state](stroke)
