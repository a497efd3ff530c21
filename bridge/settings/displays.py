"""How room displays look and what they offer, and when meetings must be checked in to."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from connector.secret import Secret
from rooms.display import (
    CheckIn,
    Clock,
    Colours,
    Dim,
    DisplayPolicy,
    Language,
    Offer,
    Reach,
    Theme,
)

_NONE = DisplayPolicy()
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MOST_DURATIONS = 6
LONGEST = timedelta(hours=24)


class ColourSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The site's own colours, each `#rrggbb`."""

    free: str = ""
    """Of a room that is free; white text must be readable on it."""
    busy: str = ""
    """Of a room that is taken."""
    soon: str = ""
    """Of a room that will be taken soon."""
    check_in: str = ""
    """Of a room whose meeting waits for somebody to check in."""


class DimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When nobody is there to look."""

    start: str = msgspec.field(name="from", default="")
    """`HH:MM` in the room's time zone."""
    end: str = msgspec.field(name="to", default="")
    """The same, perhaps of the next morning."""


class DisplaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How displays look and what they offer."""

    language: Language = _NONE.language
    """`auto`: the browser's."""
    clock: Clock = _NONE.clock
    """Hours of the day: as the language has it, 12, or 24."""
    theme: Theme = _NONE.theme
    """`auto`: light or dark as the device wants it."""
    colours: ColourSettings = ColourSettings()
    logo_file: Path | None = None
    """PNG or SVG, at most 64 KiB."""
    dim: DimSettings = DimSettings()
    titles: bool = _NONE.titles
    """Whether the door tells what meetings are about."""
    organizers: bool = _NONE.organizers
    """Whether it tells whose they are."""
    offers: tuple[Offer, ...] = _NONE.offers
    """What can be done at a display; what changes the calendar needs `writes` too."""
    book: tuple[timedelta, ...] = _NONE.book
    """For how long the room can be booked on the spot."""
    until_next: bool = _NONE.until_next
    """Whether also until the next meeting."""
    longest: timedelta = _NONE.longest
    """How long that may be at most."""
    find: Reach = _NONE.find
    """Where another free room is looked for: on the floor, in the building, in the room's lists."""
    pin: Secret | None = None
    """4 to 8 digits that are asked for."""
    pin_for: tuple[Offer, ...] = _NONE.pin_for
    """What they are asked for."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        for name in ("free", "busy", "soon", "check_in"):
            colour = getattr(self.colours, name)
            if colour and not _COLOUR.fullmatch(colour):
                yield f"colours.{name}", "must be #rrggbb"
            elif colour and contrast_with_white(colour) < LEAST_CONTRAST:
                yield f"colours.{name}", "is too light: white text could not be read on it"
        for name, time in (("from", self.dim.start), ("to", self.dim.end)):
            if bool(self.dim.start) != bool(self.dim.end) or (time and not _TIME.fullmatch(time)):
                yield f"dim.{name}", "must be HH:MM, both or neither"
        if self.pin is not None and not re.fullmatch(r"[0-9]{4,8}", self.pin.reveal()):
            yield "pin_file", "must be 4 to 8 digits"
        if self.logo_file is not None and (words := _logo_trouble(self.logo_file)):
            yield "logo_file", words
        if len(self.book) > MOST_DURATIONS:
            yield "book", f"must be at most {MOST_DURATIONS} durations"
        if any(not timedelta(minutes=5) <= one <= LONGEST for one in (*self.book, self.longest)):
            yield "book", "durations are from 5m to 24h"


LARGEST_LOGO = 64 << 10
"""Bytes."""
_PNG = b"\x89PNG\r\n\x1a\n"


def _logo_trouble(file: Path) -> str:
    """What is wrong with a logo; empty for nothing."""
    if file.suffix.lower() not in {".png", ".svg"}:
        return "must be a .png or .svg file"
    try:
        with file.open("rb") as opened:
            read = opened.read(LARGEST_LOGO + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if len(read) > LARGEST_LOGO:
        return "must be at most 64 KiB"
    is_png = file.suffix.lower() == ".png"
    fits = read.startswith(_PNG) if is_png else b"<svg" in read
    return "" if fits else "is not what its name says"


LEAST_CONTRAST = 4.5
"""Of text against its ground (WCAG 2.2, success criterion 1.4.3)."""


def contrast_with_white(colour: str) -> float:
    """The contrast of white text on a colour (WCAG 2.2, relative luminance)."""

    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


class CheckInSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When meetings must be checked in to, or their room is given back."""

    enabled: bool = CheckIn().enabled
    """Whether anything of this counts."""
    before: timedelta = CheckIn().before
    """How long before its start one can check in."""
    grace: timedelta = CheckIn().grace
    """How long after its start the room waits for somebody."""
    longest: timedelta = CheckIn().longest
    """Meetings of this length or more are left alone."""
    ahead: timedelta = CheckIn().ahead
    """So are those that became known less than this before their start."""
    release: bool = CheckIn().release
    """Whether the room is given back (needs `writes`); otherwise it is only told."""
    by_call: bool = CheckIn().by_call
    """Whether a call of the room's system, or people that it sees, count."""
    strikes: int = CheckIn().strikes
    """Occurrences in a row that nobody came to, after which a series is given up; 0: never."""
    strikes_dry_run: bool = CheckIn().strikes_dry_run
    """Whether that is only told, and not done."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        for key in ("before", "grace"):
            if not timedelta(minutes=1) <= getattr(self, key) <= timedelta(hours=12):
                yield key, "must be from 1m to 12h"
        if not 0 <= self.strikes <= 52:
            yield "strikes", "must be from 0 to 52"


def display_policy(settings: DisplaySettings) -> DisplayPolicy:
    """How a display looks and what it offers."""
    return DisplayPolicy(
        language=settings.language,
        clock=settings.clock,
        theme=settings.theme,
        colours=Colours(**msgspec.structs.asdict(settings.colours)),
        dim=Dim(start=settings.dim.start, end=settings.dim.end),
        logo=str(settings.logo_file or ""),
        titles=settings.titles,
        organizers=settings.organizers,
        offers=settings.offers,
        book=settings.book,
        until_next=settings.until_next,
        longest=settings.longest,
        find=settings.find,
        pin=settings.pin.reveal() if settings.pin else "",
        pin_for=settings.pin_for,
    )


def check_in(settings: CheckInSettings) -> CheckIn:
    """When meetings must be checked in to."""
    return CheckIn(**msgspec.structs.asdict(settings))
