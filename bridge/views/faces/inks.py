"""Inks of electronic paper: what each kind of it can show, and how a picture is packed for it."""

import io
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from PIL import Image

Variant = Literal["mono", "grey4", "colour7"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

_BLACK, _WHITE, _GREEN, _BLUE, _RED, _YELLOW, _ORANGE = range(7)
_ACEP = (
    (0, 0, 0),
    (255, 255, 255),
    (0, 255, 0),
    (0, 0, 255),
    (255, 0, 0),
    (255, 255, 0),
    (255, 128, 0),
)
"""Seven-colour paper in the order of its controllers: black, white, green, blue, red, yellow,
orange (E Ink Gallery / ACeP)."""
_GREYS = ((0, 0, 0), (85, 85, 85), (170, 170, 170), (255, 255, 255))


class Inks(NamedTuple):
    """The numbers that a picture is drawn with."""

    paper: int
    ink: int
    soft: int
    """Lines and what is less important; never text on paper of two colours."""
    free: int
    busy: int
    soon: int
    check_in: int
    unknown: int
    smooth: bool
    """Whether edges of letters may be grey."""
    palette: Sequence[tuple[int, int, int]]
    bits: int


INKS: dict[Variant, Inks] = {
    "mono": Inks(
        paper=255, ink=0, soft=0, free=255, busy=0, soon=255, check_in=255, unknown=255,
        smooth=False, palette=(), bits=1,
    ),
    "grey4": Inks(
        paper=255, ink=0, soft=85, free=255, busy=0, soon=170, check_in=170, unknown=255,
        smooth=True, palette=_GREYS, bits=2,
    ),
    "colour7": Inks(
        paper=_WHITE, ink=_BLACK, soft=_BLACK, free=_GREEN, busy=_RED, soon=_ORANGE,
        check_in=_YELLOW, unknown=_WHITE, smooth=False, palette=_ACEP, bits=4,
    ),
}  # fmt: skip


def packed(picture: Image.Image, variant: Variant) -> bytes:
    """A picture drawn in a variant's inks, as a PNG of as many bits as it needs."""
    inks = INKS[variant]
    if variant == "mono":
        made = picture.point(lambda value: 255 if value >= 128 else 0).convert(
            "1", dither=Image.Dither.NONE
        )
    else:
        if variant == "grey4":
            picture = picture.point(lambda value: (value + 42) // 85)
        made = Image.frombytes("P", picture.size, picture.tobytes())
        made.putpalette([part for colour in inks.palette for part in colour])
    told = io.BytesIO()
    made.save(told, "PNG", optimize=True, bits=inks.bits)
    return told.getvalue()
