"""Operations on folders: there are the usual ones, and only the calendar holds anything."""

from connector.simulators.exchange import identifiers
from connector.simulators.exchange.call import FOLDERS, Call, Folder
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.refusal import Refused, failure, success

_CLASSES = {"calendar": "IPF.Appointment", "contacts": "IPF.Contact", "tasks": "IPF.Task"}
_ELEMENTS = {
    "calendar": "CalendarFolder",
    "contacts": "ContactsFolder",
    "tasks": "TasksFolder",
}
_ABOVE = {"root": "root", "msgfolderroot": "root"}


def get_folder(call: Call) -> Xml:
    """Folders by their ids."""
    messages = []
    for element in call.folders("m:FolderIds"):
        try:
            folder = call.folder(element)
        except Refused as refused:
            messages.append(_failed(call, "GetFolderResponseMessage", refused))
        else:
            found = tag("m:Folders", _folder(folder, id_only=_id_only(call)))
            messages.append(success("GetFolderResponseMessage", found))
    return tag("m:GetFolderResponse", tag("m:ResponseMessages", *messages))


def find_folder(call: Call) -> Xml:
    """The folders below others."""
    messages = []
    for element in call.folders("m:ParentFolderIds"):
        try:
            parent = call.folder(element)
        except Refused as refused:
            messages.append(_failed(call, "FindFolderResponseMessage", refused))
            continue
        deep = call.body.get("Traversal") == "Deep"
        below = [_folder(one, id_only=_id_only(call)) for one in _below(parent, deep=deep)]
        page = tag(
            "m:RootFolder",
            tag("t:Folders", *below),
            IndexedPagingOffset=len(below),
            TotalItemsInView=len(below),
            IncludesLastItemInRange=True,
        )
        messages.append(success("FindFolderResponseMessage", page))
    return tag("m:FindFolderResponse", tag("m:ResponseMessages", *messages))


def sync_folder_hierarchy(call: Call) -> Xml:
    """All folders to who comes for the first time, none to who has them."""
    name = "SyncFolderHierarchyResponseMessage"
    try:
        named = next(call.folders("m:SyncFolderId"), None)
        root = (
            call.folder(named)
            if named is not None
            else Folder(call.acting(), "msgfolderroot", writable=True, owned=True)
        )
        known = identifiers.synced(call.text("m:SyncState"), root.mailbox.id, newest=1)
    except Refused as refused:
        message = _failed(call, name, refused)
    else:
        new = [] if known else [tag("t:Create", _folder(one)) for one in _below(root, deep=True)]
        message = success(
            name,
            tag("m:SyncState", identifiers.sync_state(root.mailbox.id, 1)),
            tag("m:IncludesLastFolderInRange", "true"),
            tag("m:Changes", *new),
        )
    return tag("m:SyncFolderHierarchyResponse", tag("m:ResponseMessages", message))


def _below(parent: Folder, *, deep: bool) -> list[Folder]:
    """The folders in another one."""
    mailbox = parent.mailbox
    names = [name for name in FOLDERS if name not in _ABOVE]
    if parent.name == "root":
        names = ["msgfolderroot", *names] if deep else ["msgfolderroot"]
    elif parent.name != "msgfolderroot":
        names = []
    return [Folder(mailbox, name, writable=True, owned=True) for name in names]


def _folder(folder: Folder, *, id_only: bool = False) -> Xml:
    """A folder as EWS writes it."""
    element = _ELEMENTS.get(folder.name, "Folder")
    if id_only:
        return tag(f"t:{element}", folder.id)
    above = identifiers.folder(folder.mailbox.id, _ABOVE.get(folder.name, "msgfolderroot"))
    children = len(_below(folder, deep=False))
    names = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read")
    reading = {"Read"} if not folder.writable else {"Read", "CreateContents", "Delete", "Modify"}
    return tag(
        f"t:{element}",
        folder.id,
        tag("t:ParentFolderId", Id=above, ChangeKey="AQAAAA=="),
        tag("t:FolderClass", _CLASSES.get(folder.name, "IPF.Note")),
        tag("t:DisplayName", FOLDERS[folder.name]),
        tag("t:TotalCount", len(folder.mailbox) if folder.is_calendar else 0),
        tag("t:ChildFolderCount", children),
        tag("t:EffectiveRights", *(tag(f"t:{name}", name in reading) for name in names)),
        tag("t:DistinguishedFolderId", folder.name),
    )


def _id_only(call: Call) -> bool:
    more = call.text("m:FolderShape/t:AdditionalProperties", "-")
    return call.text("m:FolderShape/t:BaseShape") == "IdOnly" and more == "-"


def _failed(call: Call, name: str, refused: Refused) -> Xml:
    if refused.whole:
        raise refused
    call.failed(refused.code)
    return failure(name, refused)
