"""How a room's display looks, what it offers, and when a meeting must be checked in to."""

from datetime import timedelta
from typing import Literal, get_args

from rooms.model import Value

Offer = Literal["book", "extend", "end", "check_in", "release", "join", "report", "find"]
"""What can be done at a display; what changes a calendar needs the room's `writes` too."""

OFFERS: tuple[Offer, ...] = (
    "book",
    "extend",
    "end",
    "check_in",
    "release",
    "join",
    "report",
    "find",
)

# fmt: off
Language = Literal[
    "auto",
    "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "pl", "ja", "zh", "ar", "he",
]
# fmt: on
LANGUAGES: tuple[str, ...] = get_args(Language)[1:]
"""Languages that displays speak (BCP 47)."""

Clock = Literal["auto", "12", "24"]
Theme = Literal["auto", "light", "dark", "contrast"]
Reach = Literal["none", "floor", "building", "lists", "all"]
"""Where a free room is looked for."""

QUARTER = timedelta(minutes=15)


class Colours(Value, frozen=True, kw_only=True):
    """The site's own colours, each `#rrggbb`; empty for ours."""

    free: str = ""
    busy: str = ""
    soon: str = ""
    check_in: str = ""


class Dim(Value, frozen=True, kw_only=True):
    """When nobody is there to look: `HH:MM` in the room's zone, empty for never."""

    start: str = ""
    end: str = ""


class DisplayPolicy(Value, frozen=True, kw_only=True):
    """How a room's display looks and what it offers."""

    language: Language = "auto"
    clock: Clock = "auto"
    theme: Theme = "auto"
    colours: Colours = Colours()
    dim: Dim = Dim()
    logo: str = ""
    """The file of the site's logo; empty for none."""
    titles: bool = True
    """Whether the door tells what meetings are about."""
    organizers: bool = True
    """Whether it tells whose they are."""
    offers: tuple[Offer, ...] = OFFERS
    book: tuple[timedelta, ...] = (QUARTER, 2 * QUARTER, 3 * QUARTER, 4 * QUARTER)
    """For how long the room can be booked on the spot."""
    until_next: bool = True
    """Whether also until the next meeting, at most for `longest`."""
    longest: timedelta = timedelta(hours=4)
    find: Reach = "building"
    pin: str = ""
    """Digits that `pin_for` asks for; empty for none."""
    pin_for: tuple[Offer, ...] = ("book", "extend", "end", "release")

    def __repr__(self) -> str:
        """All that is no secret, in short."""
        pin = "<secret>" if self.pin else ""
        return f"DisplayPolicy(offers={self.offers!r}, find={self.find!r}, pin={pin})"


class CheckIn(Value, frozen=True, kw_only=True):
    """When a meeting must be checked in to, or the room is given back."""

    enabled: bool = False
    before: timedelta = timedelta(minutes=10)
    """How long before its start one can check in."""
    grace: timedelta = timedelta(minutes=10)
    """How long after its start the room waits for somebody."""
    longest: timedelta = timedelta(hours=8)
    """Meetings of this length or more are left alone."""
    ahead: timedelta = timedelta(hours=2)
    """So are those that were made less than this before their start."""
    release: bool = True
    """Whether the room is given back; otherwise it is only asked and told."""
    by_call: bool = True
    """Whether a call of the room's, or people that its system sees, count."""
    strikes: int = 0
    """Occurrences in a row that nobody came to, after which a series is given up; 0 for never."""
    strikes_dry_run: bool = True
    """Whether that is only told, and not done."""
