"""Every operation that the façade knows, by the name of the request's element."""

from collections.abc import Callable, Mapping

from bridge.views.ews import availability, finding, folders, people, subscriptions, syncing
from bridge.views.ews.markup import Fault
from bridge.views.ews.reading import shape
from bridge.views.ews.shelf import Call
from bridge.views.ews.subscriptions import Subscriptions

STREAMING = "GetStreamingEvents"

_OPERATIONS: Mapping[str, Callable[[Call], bytes]] = {
    "FindItem": finding.find_item,
    "GetItem": finding.get_item,
    "GetFolder": folders.get_folder,
    "FindFolder": folders.find_folder,
    "SyncFolderItems": syncing.sync_items,
    "SyncFolderHierarchy": folders.sync_hierarchy,
    "ResolveNames": people.resolve_names,
    "GetUserAvailabilityRequest": availability.availability,
    "GetRoomLists": people.room_lists,
    "GetRooms": people.rooms,
    "GetServerTimeZones": people.time_zones,
    "ConvertId": people.convert_ids,
    "CreateItem": people.create_item,
    "UpdateItem": people.update_item,
    "DeleteItem": people.delete_item,
}
_SUBSCRIBING: Mapping[str, Callable[[Call, Subscriptions], bytes]] = {
    "Subscribe": subscriptions.subscribe,
    "Unsubscribe": subscriptions.unsubscribe,
    "GetEvents": subscriptions.get_events,
}


def answered(call: Call, known: Subscriptions) -> bytes:
    """The answer to a request.

    Raises:
        Fault: there is none; an operation that is not known is remembered by its shape (EP-31).
    """
    folders.impersonated(call)
    name = call.asked.operation
    if (operation := _OPERATIONS.get(name)) is not None:
        return operation(call)
    if (subscribing := _SUBSCRIBING.get(name)) is not None:
        return subscribing(call, known)
    call.misses(shape(call.element))
    raise Fault("ErrorInvalidRequest", "The request is invalid.")
