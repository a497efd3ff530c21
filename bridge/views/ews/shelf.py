"""Each room's items, made once an agenda, and what else a request is answered with."""

import hashlib
import logging
from base64 import b64encode
from collections import OrderedDict
from datetime import datetime
from typing import NamedTuple

from bridge.readers import Reader
from bridge.views.ews.items import Item
from bridge.views.ews.markup import Fault
from bridge.views.ews.reading import Asked, Element
from bridge.views.house import House
from rooms.room import Room
from rooms.store import Kept

log = logging.getLogger(__name__)

AGENDAS_KEPT = 1000
"""Agendas whose items are kept, seventy kibibytes for twenty bookings; the one not asked for
longest goes. To make it anew takes a fifth of a millisecond."""
BUSY_WAIT = 15_000
"""Milliseconds after which to ask again where a calendar was never read yet."""


class Items(NamedTuple):
    """The items of one agenda, in order of time."""

    room: Room
    kept: Kept
    all: tuple[Item, ...]
    by_id: dict[str, Item]
    digest: bytes
    """Of ids and change keys: of what a unit can see change."""


class Shelf:
    """Items by room, and by what the room's units can dial."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._items: OrderedDict[tuple[str, tuple[str, ...]], Items] = OrderedDict()

    def items(self, room: Room, protocols: tuple[str, ...]) -> Items:
        """A room's items; an old agenda is served as it is.

        Raises:
            Fault: it was never read. That is not an empty calendar.
        """
        kept = self._house.store.kept(room.id)
        if kept is None:
            raise Fault(
                "ErrorServerBusy",
                "The server cannot service this request right now.",
                wait=BUSY_WAIT,
            )
        key = room.id, protocols
        known = self._items.get(key)
        if known is not None and known.kept.shown is kept.shown and known.room is room:
            self._items.move_to_end(key)
            if known.kept is kept:
                return known
            again = self._items[key] = known._replace(kept=kept)
            return again
        made = self._items[key] = self._made(room, kept, protocols)
        self._items.move_to_end(key)
        if len(self._items) > AGENDAS_KEPT:
            self._items.popitem(last=False)
        return made

    def _made(self, room: Room, kept: Kept, protocols: tuple[str, ...]) -> Items:
        held = self._house.store.agenda(room.id)
        folder = folder_reference("calendar", room)
        made = tuple(
            Item(room, booking, protocols, folder) for booking in (held.bookings if held else ())
        )
        digest = hashlib.blake2b(digest_size=16)
        for item in made:
            digest.update(f"{item.id} {item.change_key}\n".encode())
        return Items(room, kept, made, {item.id: item for item in made}, digest.digest())


def missed(house: House, reader: Reader, operation: str, what: str, now: datetime) -> None:
    """Remember what is not served, by its name or shape; log it where it is new (EP-31)."""
    if house.readers.understood_not(reader, operation[:80], what, now):
        log.warning("endpoint %s asks for what is not known: %s", reader.endpoint, what)


class Call(NamedTuple):
    """One request, and all that it is answered from."""

    asked: Asked
    reader: Reader
    room: Room
    house: House
    shelf: Shelf
    now: datetime

    @property
    def element(self) -> Element:
        """The operation that is asked for."""
        return self.asked.element

    def misses(self, what: str) -> None:
        """Something was asked for that is not served: remembered, and logged where it is new."""
        missed(self.house, self.reader, self.asked.operation, what, self.now)

    @property
    def items(self) -> Items:
        """The room's items.

        Raises:
            Fault: it was never read.
        """
        return self.shelf.items(self.room, self.reader.protocols)


FOLDERS = {
    "root": ("t:Folder", "", "root"),
    "msgfolderroot": ("t:Folder", "IPF.Note", "Top of Information Store"),
    "inbox": ("t:Folder", "IPF.Note", "Inbox"),
    "calendar": ("t:CalendarFolder", "IPF.Appointment", "Calendar"),
}
"""Folders that every room has here, by Exchange's distinguished name: element, class, name."""
PARENTS = {"msgfolderroot": "root", "inbox": "msgfolderroot", "calendar": "msgfolderroot"}


def folder_id(name: str, room: Room) -> str:
    """A folder's id, of this room alone."""
    digest = hashlib.blake2b(f"{name}\0{room.mailbox.lower()}".encode(), digest_size=21).digest()
    return b64encode(digest).decode()


def folder_reference(name: str, room: Room) -> bytes:
    """The attributes of a folder's id."""
    return b'Id="%b" ChangeKey="AQAAAA=="' % folder_id(name, room).encode()
