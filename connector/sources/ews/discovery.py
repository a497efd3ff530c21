"""Which rooms Exchange knows, and whether a mailbox is on this server at all.

https://learn.microsoft.com/exchange/client-developer/exchange-web-services/
how-to-get-room-lists-by-using-ews-in-exchange
"""

from collections.abc import Sequence

from connector.discovery import FoundRoom, Tell, silent
from connector.errors import ConnectorError
from connector.sources.ews import operations
from connector.sources.ews.line import Line
from connector.sources.ews.soap import M, Message, T, only


async def rooms(line: Line, tell: Tell = silent) -> Sequence[FoundRoom]:
    """All rooms in all room lists; a room that is hidden from address lists is in none."""
    found: dict[str, FoundRoom] = {}
    lists = await line.told(operations.room_lists(), _lists, purpose="discover")
    for pages, (name, address) in enumerate(lists, start=2):
        for room_name, mailbox in await line.told(
            operations.rooms(address), _rooms, purpose="discover"
        ):
            known = found.get(mailbox.lower()) or FoundRoom(mailbox=mailbox, name=room_name)
            found[mailbox.lower()] = FoundRoom(
                mailbox=known.mailbox, name=known.name, lists=(*known.lists, name)
            )
        tell(len(found), pages)
    return list(found.values())


def _lists(answer: list[Message]) -> list[tuple[str, str]]:
    content = only(answer)
    return [
        (one.findtext(f"{T}Name") or "", address)
        for one in content.iterfind(f"{M}RoomLists/{T}Address")
        if (address := one.findtext(f"{T}EmailAddress"))
    ]


def _rooms(answer: list[Message]) -> list[tuple[str, str]]:
    content = only(answer)
    return [
        (one.findtext(f"{T}Name") or "", address)
        for one in content.iterfind(f"{M}Rooms/{T}Room/{T}Id")
        if (address := one.findtext(f"{T}EmailAddress"))
    ]


async def moved_away(line: Line, mailbox: str) -> bool:
    """Whether Autodiscover sends elsewhere for a mailbox that this server has not."""
    try:
        return await line.redirected(mailbox)
    except ConnectorError:
        return False
