"""Lists that come in pages: all of them or none."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from yarl import URL

from connector.errors import Malformed
from connector.sources.google import wire

PAGES = 200
"""Pages after which a list is held to be endless."""

Read = Callable[[URL], Awaitable[wire.Page]]


async def whole(read: Read, where: URL, asked: Mapping[str, str]) -> wire.Page:
    """All pages of a list as one; pages may be short or empty, only the last one says it is.

    Raises:
        Unavailable, Denied, NotFound, Malformed: what a page raised, or there is no end.
    """
    items: list[wire.Item] = []
    token = ""
    seen = {token}
    for _ in range(PAGES):
        more = {"pageToken": token} if token else {}
        page = await read(URL(f"{where}?{urlencode({**asked, **more})}", encoded=True))
        items += page.items
        token = page.next_page_token or ""
        if not token:
            return wire.Page(kind=wire.LIST, items=items, next_sync_token=page.next_sync_token)
        if token in seen:
            break
        seen.add(token)
    raise Malformed("the calendar's pages never end", reason="endless_pages")
