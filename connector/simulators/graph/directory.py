"""What the directory knows of a room beside its mailbox, and the lists that rooms are in."""

from typing import Literal

import msgspec


class RoomDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room beside its mailbox; None where nobody filled it in."""

    capacity: int | None = None
    building: str | None = None
    floor_number: int | None = None
    floor_label: str | None = None
    label: str | None = None
    booking: Literal["unknown", "standard", "reserved"] = "standard"
    tags: tuple[str, ...] = ()
    wheelchair: bool = False
    audio_device: str | None = None
    video_device: str | None = None
    display_device: str | None = None


class RoomList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of rooms, such as those of one building."""

    address: str
    name: str
    rooms: frozenset[str]
    """Addresses, in small letters."""
