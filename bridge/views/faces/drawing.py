"""A panel as a picture, laid out for the size that is asked for. Runs in a thread of its own."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw

from bridge.views.faces.content import Content, Entry
from bridge.views.faces.fonts import fonts_of
from bridge.views.faces.inks import INKS, Inks, Variant, packed
from bridge.views.faces.lettering import Lettering
from bridge.views.faces.signs import Stroke, sign

Turn = Literal[0, 90, 180, 270]

REVISION = 1
"""Part of every ETag: a program that draws differently has other pictures."""


LEAST_TYPE = 11
"""Pixels of an em below which letters of one bit fall apart."""


class Order(NamedTuple):
    """What shall be drawn, and how."""

    content: Content
    language: str
    width: int
    height: int
    variant: Variant
    turn: Turn


class Box(NamedTuple):
    """A part of the picture."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        """Pixels down."""
        return max(0, self.bottom - self.top)

    def within(self, x: int, y: int) -> "Box":
        """What is left of it inside of margins."""
        return Box(self.left + x, self.top + y, self.right - x, self.bottom - y)


def draw(order: Order) -> bytes:
    """The PNG of an order."""
    size = (order.width, order.height)
    if order.turn in {90, 270}:
        size = (order.height, order.width)
    inks = INKS[order.variant]
    picture = Image.new("L", size, inks.paper)
    canvas = ImageDraw.Draw(picture)
    canvas.fontmode = "L" if inks.smooth else "1"
    usual: Literal["ltr", "rtl"] = "rtl" if order.content.leads_right else "ltr"
    lettering = Lettering(fonts=fonts_of(order.language), usual=usual)
    _Sheet(canvas, inks, lettering, order.content, *size).draw()
    if order.turn:
        turns = {
            90: Image.Transpose.ROTATE_270,
            180: Image.Transpose.ROTATE_180,
            270: Image.Transpose.ROTATE_90,
        }
        picture = picture.transpose(turns[order.turn])  # clockwise
    return packed(picture, order.variant)


@dataclass
class _Sheet:
    """A picture being drawn."""

    canvas: ImageDraw.ImageDraw
    inks: Inks
    lettering: Lettering
    content: Content
    width: int
    height: int

    @property
    def mirrored(self) -> bool:
        """Whether lines begin at the right."""
        return self.content.leads_right

    def unit(self, hundredths: float) -> int:
        """A length in hundredths of the picture's shorter, or not so much longer, side."""
        wide = min(self.width * 1.2, self.height * 1.7, self.height * 0.75 + self.width * 0.5)
        return max(1, round(wide * hundredths / 100))

    def type(self, hundredths: float) -> int:
        """A size of letters: the same, but never too small to be read."""
        return max(LEAST_TYPE, self.unit(hundredths))

    def draw(self) -> None:
        """All of it, from the top."""
        margin = self.unit(2.4)
        whole = Box(0, 0, self.width, self.height).within(margin, margin)
        top = self._head(whole)
        bottom = self._line(whole)
        room = bottom - top
        upright = self.width < self.height * 1.15
        share = 0.34 if upright else 0.46
        if self.content.entry is None:
            share *= 1.5
        band = Box(whole.left, top, whole.right, top + round(room * share))
        self._band(band)
        below = Box(whole.left, band.bottom + self.unit(1.6), whole.right, bottom)
        if upright:
            end = self._shown(below._replace(bottom=below.top + round(below.height * 0.5)))
            self._later(below._replace(top=end + self.unit(3)))
            return
        first, second = self._columns(below)
        self._shown(first)
        self._later(second)

    def _columns(self, below: Box) -> tuple[Box, Box]:
        """The wider one where lines begin."""
        gap = self.unit(1.5)
        if self.mirrored:
            middle = below.left + round(below.width * 0.44)
            return below._replace(left=middle + gap), below._replace(right=middle - gap)
        middle = below.left + round(below.width * 0.56)
        return below._replace(right=middle - gap), below._replace(left=middle + gap)

    # --- parts

    def _head(self, whole: Box) -> int:
        """The room and the day; returns where they end."""
        name, small = self.type(5.2), self.type(3.0)
        date_width = self.lettering.width(self.content.date, small)
        with_date = date_width < whole.width * 0.45
        room = whole.width - (date_width + self.unit(2) if with_date else 0)
        y = whole.top + round(name * 0.85)
        self._words(whole, y, self.content.name, name, room=room, bold=True)
        if with_date:
            self._words(whole, y, self.content.date, small, far=True)
        if self.content.place and self.height >= 200:
            taken = self.lettering.width(self.content.name, name, bold=True) + self.unit(2)
            rest = whole._replace(left=whole.left + taken)
            if self.mirrored:
                rest = whole._replace(right=whole.right - taken)
            beside = room - taken
            if self.lettering.width(self.content.place, small) <= beside:
                self._words(rest, y, self.content.place, small)
            else:
                y += round(small * 1.35)
                self._words(whole, y, self.content.place, small)
        return y + self.unit(2.4)

    def _band(self, box: Box) -> None:
        """The state: a shape, a word, and until when."""
        inks, state = self.inks, self.content.state
        fill = getattr(inks, state)
        inverse = fill == inks.ink
        paper, ink = (inks.ink, inks.paper) if inverse else (inks.paper, inks.ink)
        edge = max(2, self.unit(0.7))
        self.canvas.rectangle((*box[:2], box.right - 1, box.bottom - 1), paper, inks.ink, edge)
        side = min(box.height - 4 * edge, round(box.width * 0.26))
        block = side + 6 * edge
        start = box.right - block if self.mirrored else box.left
        if fill not in {inks.ink, inks.paper}:
            self.canvas.rectangle(
                (start, box.top, start + block - 1, box.bottom - 1), fill, inks.ink, edge
            )
        top = box.top + (box.height - side) // 2
        stroke = Stroke(self.canvas, start + (block - side) // 2, top, side, ink, paper)
        sign(state, stroke)
        pad = self.unit(1.6)
        words = Box(box.left + block + pad, box.top, box.right - pad - edge, box.bottom)
        if self.mirrored:
            words = Box(box.left + pad + edge, box.top, box.right - block - pad, box.bottom)
        self._state(words, ink)

    def _state(self, box: Box, ink: int) -> None:
        until = self.content.until
        most = min(round(box.height * 0.56), self.unit(19))
        for tight in (1.0, 0.93, 0.87, 0.8, 0.73, 0.65, 0.55):
            size = max(8, round(most * tight))
            word = self.lettering.largest(self.content.word, box.width, (8, size))
            small = max(8, min(round(self.unit(6) * tight), round(word * 0.62)))
            lines = self.lettering.lines(until, small, box.width, 2)
            step = round(small * 1.22)
            total = round(word * 0.78) + round(small * 0.85) + step * len(lines)
            if total <= box.height * 0.88:
                break
        y = box.top + max(0, (box.height - total) // 2) + round(word * 0.75 + small * 0.18)
        self._words(box, y, self.content.word, word, bold=True, ink=ink)
        y += round(small * 0.45)
        for line in lines:
            y += step
            self._words(box, y, line, small, ink=ink)

    def _shown(self, box: Box) -> int:
        """The meeting that runs, or the next one; returns where that ends."""
        entry = self.content.entry
        if entry is None:
            if self.content.later_label and not self.content.later:
                self._words(box, box.top + self.type(3.6), self.content.later_label, self.type(3.6))
            return box.bottom
        small, large = self.type(3.1), self.type(4.5)
        y = box.top + small
        label = f"{self.content.label}  {entry.times}"
        self._words(box, y, label, small, bold=True)
        step = round(large * 1.16)
        # What comes below the title has its place first.
        rest = [one for one in (entry.organizer, entry.note) if one]
        room = box.bottom - y - round(small * 1.25) * len(rest)
        most = max(1, min(3, room // step))
        lines = self.lettering.lines(entry.title, large, box.width, most, bold=True)
        y += round(small * 0.15)
        for line in lines:
            y += step
            self._words(box, y, line, large, bold=True)
        for words in rest:
            left = (box.bottom - y) // round(small * 1.25)
            for line in self.lettering.lines(words, small, box.width, min(2, left)):
                y += round(small * 1.25)
                self._words(box, y, line, small)
        return y

    def _later(self, box: Box) -> None:
        """What else there is today, as much as fits."""
        small = self.type(3.1)
        y = box.top + small
        later = self.content.later
        if not later:
            return
        self._words(box, y, self.content.later_label, small, bold=True)
        step = round(small * 1.42)
        for number, entry in enumerate(later):
            y += step
            if y + round(small * 0.3) > box.bottom:
                return
            last = y + step + round(small * 0.3) > box.bottom
            more = len(later) - number
            if last and more > 1:
                self._words(box, y, f"+ {more}", small)
                return
            self._row(box, y, entry, small)

    def _row(self, box: Box, y: int, entry: Entry, size: int) -> None:
        times = entry.times
        taken = self.lettering.width(times, size, bold=True) + self.unit(1.4)
        self._words(box, y, times, size, bold=True)
        rest = box._replace(left=box.left + taken)
        if self.mirrored:
            rest = box._replace(right=box.right - taken)
        if rest.width > size * 3:
            self._words(rest, y, entry.title, size)

    def _line(self, whole: Box) -> int:
        """The day as a line, and above all how old the data is; returns where they begin."""
        bottom = whole.bottom
        if self.content.old:
            bottom = self._age(whole)
        small = self.unit(2.3)
        if not self.content.ticks or self.height < 240 or self.width < 240:
            return bottom - self.unit(1)
        deep = self.unit(3.6)
        box = Box(whole.left, bottom - deep - round(small * 1.3), whole.right, bottom)
        bar = box._replace(bottom=box.top + deep)
        first, last = self.content.hours
        self._hours(bar, first, last, small, box.bottom)
        edge = max(1, self.unit(0.3))
        self.canvas.rectangle(
            (*bar[:2], bar.right - 1, bar.bottom - 1), self.inks.paper, self.inks.ink, edge
        )
        for one in self.content.line:
            start = self._x(bar, max(one.start, first * 60), first, last)
            end = self._x(bar, min(one.end, last * 60), first, last)
            left, right = min(start, end), max(start, end)
            if right > left:
                part = Box(left, bar.top, max(right, left + 2 * edge), bar.bottom)
                self._taken(part, running=one.running, edge=edge)
        return box.top - self.unit(1.8)

    def _taken(self, box: Box, *, running: bool, edge: int) -> None:
        """A meeting: the one that runs filled, the others hatched."""
        canvas, inks = self.canvas, self.inks
        frame = (box.left, box.top, box.right - 1, box.bottom - 1)
        if running:
            canvas.rectangle(frame, inks.ink)
            return
        canvas.rectangle(frame, inks.paper, inks.ink, edge)
        step = max(4, box.height // 4)
        for start in range(box.left - box.height, box.right, step):
            # From the lower edge up to the right, cut off where the box ends.
            low, high = max(start, box.left), min(start + box.height, box.right - 1)
            if low < high:
                canvas.line(
                    (low, box.bottom - 1 - (low - start), high, box.bottom - 1 - (high - start)),
                    inks.ink,
                    edge,
                )

    def _hours(self, bar: Box, first: int, last: int, size: int, bottom: int) -> None:
        step = next(
            one for one in (1, 2, 3, 4, 6, 24) if bar.width / (last - first) * one >= size * 2.2
        )
        for hour in range(first, last + 1, step):
            x = self._x(bar, hour * 60, first, last)
            words = self.content.ticks[hour - first]
            wide = self.lettering.width(words, size)
            left = min(max(bar.left, x - wide // 2), bar.right - wide)
            at = (left, bottom - round(size * 0.12))
            self.lettering.draw(self.canvas, at, words, size, self.inks.ink)
            self.canvas.line((x, bar.bottom, x, bar.bottom + self.unit(0.5)), self.inks.soft)

    def _x(self, bar: Box, minute: int, first: int, last: int) -> int:
        share = (minute - first * 60) / ((last - first) * 60)
        if self.mirrored:
            share = 1 - share
        return bar.left + round(share * (bar.width - 1))

    def _age(self, whole: Box) -> int:
        """Black, across the picture, with a shape of its own: nobody takes it for the usual."""
        size = self.type(3.4)
        deep = round(size * 1.7)
        box = Box(whole.left, whole.bottom - deep, whole.right, whole.bottom)
        self.canvas.rectangle((*box[:2], box.right - 1, box.bottom - 1), self.inks.ink)
        side = round(size * 0.95)
        pad = (deep - side) // 2
        left = box.right - pad - side if self.mirrored else box.left + pad
        stroke = Stroke(self.canvas, left, box.top + pad, side, self.inks.paper, self.inks.ink)
        sign("soon", stroke)
        rest = box.within(side + 2 * pad, 0)
        y = box.top + round(deep * 0.68)
        self._words(rest, y, self.content.old, size, bold=True, ink=self.inks.paper)
        return box.top - self.unit(1.2)

    def _words(
        self,
        box: Box,
        y: int,
        words: str,
        size: int,
        *,
        room: int | None = None,
        far: bool = False,
        bold: bool = False,
        ink: int | None = None,
    ) -> None:
        """A line of words where lines begin, or `far`: at the other end."""
        width = box.width if room is None else room
        for line in self.lettering.lines(words, size, width, bold=bold):
            wide = self.lettering.width(line, size, bold=bold)
            x = box.right - wide if self.mirrored != far else box.left
            used = self.inks.ink if ink is None else ink
            self.lettering.draw(self.canvas, (x, y), line, size, used, bold=bold)
