"""SyncFolderItems: what changed since a state that the unit itself holds.

The state lists what the unit was told: it outlives a restart, and nothing of it is kept here.
"""

from base64 import b64decode, b64encode
from binascii import Error

from bridge.views.ews.finding import page_size, shape
from bridge.views.ews.folders import CORRUPT, folder
from bridge.views.ews.items import Item
from bridge.views.ews.markup import Refused, element, flag, message, messages, refusal, tag
from bridge.views.ews.reading import M, children, words
from bridge.views.ews.shelf import Call

MOST = 512
"""Changes of one answer, as the schema has it."""
_VERSION = b"\x01"
_ID, _KEY = 18, 15
"""Bytes of an item's id and of its change key."""


def sync_items(call: Call) -> bytes:
    """SyncFolderItems."""
    try:
        known = _known(words(call.element, f"{M}SyncState"))
        folders = [folder(call, one) for one in children(call.element, f"{M}SyncFolderId")]
    except Refused as refused:
        return messages("SyncFolderItems", refusal("SyncFolderItems", refused))
    now = {} if folders != ["calendar"] else call.items.by_id
    wanted = shape(call)
    most = page_size(call, f"{M}MaxChangesReturned", MOST, MOST)
    changes: list[bytes] = []
    state = dict(known)
    total = 0
    for item in now.values():
        before = known.get(item.id)
        if before != item.change_key:
            total += 1
            if total <= most:
                state[item.id] = item.change_key
                kind = "t:Update" if before else "t:Create"
                changes.append(tag(kind, item.as_element(wanted)))
    for id_, key in known.items():
        if id_ not in now:
            total += 1
            if total <= most:
                del state[id_]
                changes.append(_gone(id_, key))
    return messages(
        "SyncFolderItems",
        message(
            "SyncFolderItems",
            element("m:SyncState", _state(state)),
            tag("m:IncludesLastItemInRange", flag(total <= most)),
            tag("m:Changes", *changes),
        ),
    )


def snapshot(items: dict[str, Item]) -> dict[str, str]:
    """Change keys by id."""
    return {id_: item.change_key for id_, item in items.items()}


def _gone(id_: str, key: str) -> bytes:
    reference = b'<t:ItemId Id="%b" ChangeKey="%b"/>' % (id_.encode(), key.encode())
    return tag("t:Delete", reference)


def _state(known: dict[str, str]) -> str:
    packed = (b64decode(id_) + b64decode(key) for id_, key in known.items())
    return b64encode(_VERSION + b"".join(packed)).decode()


def _known(state: str) -> dict[str, str]:
    """What a unit was told.

    Raises:
        Refused: that is no state of ours.
    """
    if not state:
        return {}
    try:
        packed = b64decode(state, validate=True)
    except (Error, ValueError):
        packed = b""
    size = _ID + _KEY
    if packed[:1] != _VERSION or (len(packed) - 1) % size:
        raise CORRUPT
    return {
        b64encode(packed[at : at + _ID]).decode(): b64encode(packed[at + _ID : at + size]).decode()
        for at in range(1, len(packed), size)
    }
