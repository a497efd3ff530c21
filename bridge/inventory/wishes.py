"""What somebody wants of an inventory, before it is checked. Pure."""

from collections.abc import Mapping

from bridge.callers import Caller
from bridge.inventory.leave import check_leave
from bridge.inventory.plans import Plan
from bridge.inventory.rows import Applied, Entries
from bridge.inventory.sealed import check_secrets, units_of, voided, with_references
from connector.secret import Secret
from rooms.inventory import Change, Document, Edit, Fields, Misfit, changes, edited
from rooms.inventory.plan import new_ids
from rooms.model import Value


class NothingToUndo(Exception):
    """There is no such change, or what it did was changed again since; the words say which."""


class Wish(Value, frozen=True, kw_only=True):
    """What somebody wants, before it is checked."""

    after: Document
    changes: tuple[Change, ...]
    why: str = ""
    undoes: int | None = None
    restores: bool = False
    """As of a plan."""
    secrets: Mapping[str, Secret] = {}

    @property
    def document(self) -> Document:
        """The inventory as it is to be."""
        return self.after


def wished(
    before: Document,
    edit: Edit,
    names: Mapping[str, Mapping[str, str]],
    *,
    why: str,
    secrets: Mapping[str, Secret],
) -> Wish:
    """An inventory after an edit, where the endpoints in `names` have secrets in the vault.

    Raises:
        Misfit: the edit fits no inventory.
    """
    wanted = edited(before, edit)
    if lost := names.keys() - units_of(wanted).keys():
        raise Misfit(f"endpoint {min(lost)}", f"there is no endpoint {min(lost)}")
    after = with_references(voided(before, wanted), names)
    found = changes(before, after, edit.renamed, edit.renamed_lists)
    return Wish(after=after, changes=found, why=why, secrets=secrets)


def undone(
    document: Document, change: Applied, was: Entries, is_: Entries, *, restores: bool
) -> Wish:
    """An inventory as if a change had not been.

    Raises:
        NothingToUndo: something of it was changed again since.
    """
    rooms = _back(document.rooms, was["rooms"], is_["rooms"])
    lists = _back(document.lists, was["lists"], is_["lists"])
    after = Document(rooms=rooms, lists=lists)
    back = [
        {new: old for old, new in new_ids(kind, change.changes).items()}
        for kind in ("room", "list")
    ]
    found = changes(document, after, *back)
    return Wish(after=after, changes=found, undoes=change.seq, restores=restores)


def check(caller: Caller, wanted: Plan | Wish, before: Document) -> None:
    """Let pass what a caller may do.

    Raises:
        NotYours: something of it they may not.
    """
    check_leave(caller, wanted.changes, before, wanted.document)
    if not wanted.restores:
        check_secrets(caller, before, wanted.document, wanted.secrets)


def _back(
    entries: Mapping[str, Fields],
    before: Mapping[str, Fields | None],
    after: Mapping[str, Fields | None],
) -> dict[str, Fields]:
    """Entries with those of one change as they were before it.

    Raises:
        NothingToUndo: one of them was changed again since.
    """
    made = dict(entries)
    for name, fields in after.items():
        if entries.get(name) != fields:
            raise NothingToUndo(f"{name} was changed again since: undo that first")
        had = before[name]
        if had is None:
            made.pop(name, None)
        else:
            made[name] = had
    return made
