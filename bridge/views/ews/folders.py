"""The few folders of a room: which is meant, how they stand in one another, how they look."""

from collections.abc import Iterable, Iterator

from bridge.views.ews.markup import (
    Fault,
    Refused,
    element,
    message,
    messages,
    refusal,
    tag,
)
from bridge.views.ews.reading import Element, M, T, children, name, spelled, words
from bridge.views.ews.shelf import FOLDERS, PARENTS, Call, folder_id, folder_reference

_NO_MAILBOX = "The SMTP address has no mailbox associated with it."
_NO_FOLDER = "The specified folder could not be found in the store."
_RIGHTS = b"".join(
    b"<t:%b>%b</t:%b>" % (right, value, right)
    for right, value in (
        (b"CreateAssociated", b"false"),
        (b"CreateContents", b"false"),
        (b"CreateHierarchy", b"false"),
        (b"Delete", b"false"),
        (b"Modify", b"false"),
        (b"Read", b"true"),
    )
)
CORRUPT = Refused("ErrorInvalidSyncStateData", "Synchronization state data is corrupt.")
_IMPERSONATED = f"{T}ExchangeImpersonation/{T}ConnectingSID"
_HIERARCHY = "roombridge-1"
"""The state of a hierarchy that never changes."""


def own(call: Call, address: str) -> bool:
    """Whether an address is that of the caller's room; without one it is meant anyway."""
    return not address or address.casefold() == call.room.mailbox.casefold()


def impersonated(call: Call) -> None:
    """Let pass who asks as the room itself.

    Raises:
        Fault: another mailbox is asked for. One unit sees one room.
    """
    header = call.asked.header
    found = None if header is None else header.find(_IMPERSONATED)
    if found is not None and not all(own(call, (one.text or "").strip()) for one in found):
        raise Fault("ErrorNonExistentMailbox", _NO_MAILBOX)


def folder(call: Call, element_: Element) -> str:
    """The distinguished name of the folder that an id means.

    Raises:
        Refused: it is none of this room's.
    """
    id_ = element_.get("Id", "")
    if name(element_) == "DistinguishedFolderId":
        if not own(call, words(element_, f"{T}Mailbox/{T}EmailAddress")):
            raise Refused("ErrorNonExistentMailbox", _NO_MAILBOX)
        known = id_.lower()
    else:
        known = next((one for one in FOLDERS if folder_id(one, call.room) == id_), "")
    if known not in FOLDERS:
        if known:
            call.misses(f"folder {spelled(known)}")
        raise Refused("ErrorFolderNotFound", _NO_FOLDER)
    return known


def get_folder(call: Call) -> bytes:
    """GetFolder."""
    parts = []
    for one in children(call.element, f"{M}FolderIds"):
        try:
            found = tag("m:Folders", _folder(call, folder(call, one)))
            parts.append(message("GetFolder", found))
        except Refused as refused:
            parts.append(refusal("GetFolder", refused, b"<m:Folders/>"))
    return messages("GetFolder", *parts)


def find_folder(call: Call) -> bytes:
    """FindFolder: what stands in a folder, or below it."""
    deep = call.element.get("Traversal") == "Deep"
    parts = []
    for one in children(call.element, f"{M}ParentFolderIds"):
        try:
            found = list(_below(folder(call, one), deep=deep))
        except Refused as refused:
            parts.append(refusal("FindFolder", refused))
            continue
        inside = tag("t:Folders", *(_folder(call, name_) for name_ in found))
        root = (
            b'<m:RootFolder IndexedPagingOffset="%d" TotalItemsInView="%d"'
            b' IncludesLastItemInRange="true">%b</m:RootFolder>'
        )
        parts.append(message("FindFolder", root % (len(found), len(found), inside)))
    return messages("FindFolder", *parts)


def sync_hierarchy(call: Call) -> bytes:
    """SyncFolderHierarchy: all folders at first, then nothing, as nothing changes."""
    state = words(call.element, f"{M}SyncState")
    try:
        for one in children(call.element, f"{M}SyncFolderId"):
            folder(call, one)
    except Refused as refused:
        return messages("SyncFolderHierarchy", refusal("SyncFolderHierarchy", refused))
    if state not in {"", _HIERARCHY}:
        return messages("SyncFolderHierarchy", refusal("SyncFolderHierarchy", CORRUPT))
    new: Iterable[str] = () if state else ("inbox", "calendar")
    changes = (tag("t:Create", _folder(call, one)) for one in new)
    return messages(
        "SyncFolderHierarchy",
        message(
            "SyncFolderHierarchy",
            element("m:SyncState", _HIERARCHY),
            b"<m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange>",
            tag("m:Changes", *changes),
        ),
    )


def _below(parent: str, *, deep: bool) -> Iterator[str]:
    for child, above in PARENTS.items():
        if above == parent:
            yield child
            if deep:
                yield from _below(child, deep=True)


def _folder(call: Call, known: str) -> bytes:
    """One folder with all its properties: there are few."""
    kind, class_, shown = FOLDERS[known]
    count = len(call.items.all) if known == "calendar" else 0
    parent = PARENTS.get(known)
    inside = [b"<t:FolderId %b/>" % folder_reference(known, call.room)]
    if parent:
        inside.append(b"<t:ParentFolderId %b/>" % folder_reference(parent, call.room))
    if class_:
        inside.append(element("t:FolderClass", class_))
    inside += [
        element("t:DisplayName", shown),
        b"<t:TotalCount>%d</t:TotalCount>" % count,
        b"<t:ChildFolderCount>%d</t:ChildFolderCount>" % len(list(_below(known, deep=False))),
        tag("t:EffectiveRights", _RIGHTS),
        element("t:DistinguishedFolderId", known),
    ]
    if kind == "t:Folder":
        inside.append(b"<t:UnreadCount>0</t:UnreadCount>")
    return tag(kind, *inside)
