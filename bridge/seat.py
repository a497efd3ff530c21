"""One room in a lane."""

from dataclasses import dataclass
from datetime import datetime

from bridge.cadence import Cause
from rooms.room import Room
from rooms.signs import Signs


@dataclass(kw_only=True)
class Seat:
    """What is known of a room beside its agenda: how its reading goes, and what it waits for."""

    room: Room
    phase: float
    since: datetime
    """When the room was added, or the appliance started."""
    plan: Cause = "start"
    """What the next read is for that comes by itself."""
    reading: Cause | None = None
    """What it is being read for, while it is."""
    again: Cause | None = None
    """What it is to be read for once more, as soon as this read is over."""
    failures: int = 0
    doubted: Cause | None = None
    """What the last read was for, where it was not believed."""
    basis: int | None = None
    """What its agenda was made from; the same again makes the same."""
    starts: tuple[datetime, ...] | None = None
    """When its bookings begin; None where it was not read since the appliance started."""
    signs: Signs | None = None
    """What was counted in its calendar."""
    covered: bool = False
    """Whether the source tells of its changes by itself."""
    hint_due: float | None = None
    """When to read what the source told of; None where no read waits for that."""
    owed: bool = False
    """Whether the source told of a change, and no good read has begun since."""
    mark: bytes | None = None
    """Where the watch stands once the next good read is committed."""

    def heard(self, mark: bytes | None) -> None:
        """The source told of a change."""
        self.owed = True
        if mark is not None:
            self.mark = mark

    def begin(self, cause: Cause, now: float) -> None:
        """It is read now: that answers every hint that is due."""
        self.reading = cause
        if self.hint_due is not None and self.hint_due <= now:
            self.hint_due = None

    @property
    def settles(self) -> bool:
        """Whether a good read that ends now answers all that was told.

        One that began before the last hint does not: its mark must wait for the next.
        """
        return self.hint_due is None

    def settled(self, mark: bytes | None) -> None:
        """A good read, and this mark with it, is committed."""
        if self.settles:
            self.owed = False
            if self.mark is mark:
                self.mark = None
