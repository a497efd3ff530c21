"""Every operation that is simulated, by its name."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from connector.simulators.exchange import folders, reading
from connector.simulators.exchange.call import Call
from connector.simulators.exchange.markup import Xml

Operation = Callable[[Call], Xml]
Long = Callable[[Call], Awaitable[web.StreamResponse]]

OPERATIONS: dict[str, Operation] = {
    "FindFolder": folders.find_folder,
    "FindItem": reading.find_item,
    "GetFolder": folders.get_folder,
    "GetItem": reading.get_item,
    "SyncFolderHierarchy": folders.sync_folder_hierarchy,
    "SyncFolderItems": reading.sync_folder_items,
}
"""Operations that are answered at once."""
LONG: dict[str, Long] = {}
"""Operations whose answer goes on."""
