"""The rooms that the directory of the domain knows.

https://developers.google.com/workspace/admin/directory/reference/rest/v1/resources.calendars/list
"""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from yarl import URL

from connector.discovery import FoundRoom, Tell, silent
from connector.errors import Malformed
from connector.sources.google.calls import Calls
from connector.sources.google.pages import PAGES

PAGE = 500
ROOM = "CONFERENCE_ROOM"
"""Other resources are cars and projectors, or of no known kind."""


class _Feature(msgspec.Struct):
    name: str = ""


class _Has(msgspec.Struct):
    feature: _Feature | None = None


class _Resource(msgspec.Struct, rename="camel"):
    resource_email: str = ""
    resource_name: str = ""
    resource_category: str = ""
    building_id: str = ""
    floor_name: str = ""
    capacity: int = 0
    feature_instances: list[_Has] = []


class _Building(msgspec.Struct, rename="camel"):
    building_id: str = ""
    building_name: str = ""


class _Page(msgspec.Struct, rename="camel"):
    kind: str
    """Without it something else may have answered."""
    items: list[_Resource] = []
    buildings: list[_Building] = []
    next_page_token: str = ""


async def rooms(calls: Calls, resources: URL, tell: Tell = silent) -> Sequence[FoundRoom]:
    """All rooms, or an error; the directory tells no time zones and has no room lists.

    Raises:
        Unavailable, Denied, NotFound, Malformed: named after who must act.
    """
    names = {
        building.building_id: building.building_name
        for page in await _pages(calls, resources / "buildings")
        for building in page.buildings
    }
    listed = await _pages(calls, resources / "calendars", tell)
    found = [one for page in listed for one in page.items]
    return [
        FoundRoom(
            mailbox=one.resource_email,
            name=one.resource_name,
            building=names.get(one.building_id) or one.building_id,
            floor=one.floor_name,
            capacity=one.capacity,
            features=tuple(has.feature.name for has in one.feature_instances if has.feature),
        )
        for one in found
        if one.resource_category == ROOM and one.resource_email
    ]


async def _pages(calls: Calls, where: URL, tell: Tell = silent) -> list[_Page]:
    """All pages of a list."""
    pages: list[_Page] = []
    token = ""
    seen = {token}
    rooms = 0
    for _ in range(PAGES):
        asked = {"maxResults": str(PAGE)} | ({"pageToken": token} if token else {})
        answer = await calls("GET", URL(f"{where}?{urlencode(asked)}", encoded=True), "discover")
        try:
            page = msgspec.json.decode(answer.body, type=_Page)
        except msgspec.ValidationError as error:
            raise Malformed("the answer is no page of resources", reason="wrong_shape") from error
        except (ValueError, RecursionError) as error:
            raise Malformed("the answer is not whole JSON", reason="not_json") from error
        pages.append(page)
        rooms += sum(one.resource_category == ROOM for one in page.items)
        tell(rooms, len(pages))
        token = page.next_page_token
        if not token:
            return pages
        if token in seen:
            break
        seen.add(token)
    raise Malformed("the directory's pages never end", reason="endless_pages")
