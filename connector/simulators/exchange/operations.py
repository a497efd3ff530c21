"""Every operation that is simulated, by its name."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from connector.simulators.exchange import directory, folders, notifications, reading, writing
from connector.simulators.exchange.call import Call
from connector.simulators.exchange.markup import Xml

Operation = Callable[[Call], Xml]
Long = Callable[[Call], Awaitable[web.StreamResponse]]

OPERATIONS: dict[str, Operation] = {
    "CreateItem": writing.create_item,
    "DeleteItem": writing.delete_item,
    "FindFolder": folders.find_folder,
    "FindItem": reading.find_item,
    "GetEvents": notifications.get_events,
    "GetFolder": folders.get_folder,
    "GetItem": reading.get_item,
    "GetRoomLists": directory.get_room_lists,
    "GetRooms": directory.get_rooms,
    "GetServerTimeZones": directory.get_server_time_zones,
    "GetUserAvailabilityRequest": directory.get_user_availability,
    "ResolveNames": directory.resolve_names,
    "Subscribe": notifications.subscribe,
    "SyncFolderHierarchy": folders.sync_folder_hierarchy,
    "SyncFolderItems": reading.sync_folder_items,
    "Unsubscribe": notifications.unsubscribe,
    "UpdateItem": writing.update_item,
}
"""Operations that are answered at once."""
LONG: dict[str, Long] = {"GetStreamingEvents": notifications.get_streaming_events}
"""Operations whose answer goes on."""
