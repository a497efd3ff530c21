"""What somebody wants at a door, and who lets them."""

from typing import NamedTuple, Protocol

from bridge.callers import Caller
from rooms.display import Offer
from rooms.room import Room


class Touch(NamedTuple):
    """What somebody wants at a door."""

    offer: Offer
    asks: tuple[Offer, ...]
    """Where the PIN is asked for one of these, it is asked for this."""
    pin: str | None
    """What was typed; None for nothing."""
    acts: bool
    """Whether anything is to be done; otherwise it is only looked."""

    def __repr__(self) -> str:
        """All but what was typed."""
        typed = None if self.pin is None else "<secret>"
        return f"Touch(offer={self.offer!r}, asks={self.asks!r}, pin={typed}, acts={self.acts})"


class Gate(Protocol):
    """Who lets displays do what their room's policy offers."""

    async def __call__(self, caller: Caller, room: Room, touch: Touch, /) -> None:
        """Let it pass, or raise a Problem that says why not."""
