"""A form as somebody filled it in, and what pages about one entry have in common."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiohttp import web

from bridge.admin.fields import LISTS, REST, WAS, Form, Unreadable, Values, carried
from bridge.admin.pages import Crumb, Pages
from bridge.admin.words import Words, chosen
from bridge.callers import Caller
from bridge.inventory.entry_texts import room_text
from bridge.keeping import Unfitting
from bridge.views.inventory_shapes import RemarkShape
from bridge.views.signed_in import FIELD
from rooms.inventory import Fields
from rooms.room import Room

LONGEST_WHY = 500
"""Characters of a reason."""
REFUSED = ("not_yours", "no_vault", "inventory_unfit", "unknown_entry", "inventory_in_files")
"""What a form of a change may come to."""


class Filled(NamedTuple):
    """What a form has in its fields."""

    values: Values
    was: Values
    """What it showed at first."""
    why: str = ""

    @classmethod
    async def of(cls, request: web.Request) -> "Filled":
        """What came with a form, without the spaces around what was typed."""
        came = await request.post()
        values = {name: one.strip() for name, one in came.items() if isinstance(one, str)}
        values.pop(FIELD, None)  # proof that it is ours, which is not kept with a form
        values[LISTS] = ",".join(str(one) for one in came.getall(LISTS, ()))
        values[REST] = "\n".join(str(came.get(REST, "")).splitlines())
        why = values.pop("why", "")[:LONGEST_WHY]
        return cls(values, carried(values.pop(WAS, "")), why)

    def wanted(self, form: Form, entry: Fields, name: str) -> Fields:
        """An entry as this form wants it; `name` says which, as `rooms.kestrel`.

        Raises:
            Unfitting: a part of it cannot be read.
        """
        try:
            return form.wanted(entry, self.was, self.values)
        except Unreadable as error:
            raise wrong(name, REST, str(error)) from error


class Asked(NamedTuple):
    """A form that somebody filled in, and what it is about."""

    room: Room
    name: str
    """The room's id, or that of its system; empty for a new one that has none yet."""
    filled: Filled


def wrong(entry: str, setting: str, words: str) -> Unfitting:
    """A form that cannot be, because of one setting."""
    return Unfitting([RemarkShape(entry=entry, setting=setting, severity="error", words=words)])


def above(words: Words, room: Room | None = None) -> tuple[Crumb, ...]:
    """The pages above a form."""
    rooms = Crumb("/admin/rooms", words("menu.rooms"))
    return (rooms,) if room is None else (rooms, Crumb(f"/admin/rooms/{room.id}", room.name))


async def in_files(
    pages: Pages, request: web.Request, caller: Caller, room: Room | None, entry: Fields
) -> web.Response:
    """Where files decide: what stands in them of a room, or would for a new one."""
    words = chosen(request)
    return await pages.answer(
        request,
        caller,
        "written",
        crumbs=above(words, room),
        room=room,
        yaml=room_text(room.id if room else "short-name", entry),
    )


def engineer(caller: Caller) -> bool:
    """Whether somebody may change every setting."""
    return "control" in caller.scopes


def fields_of(*names: str, **more: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Fields of a form with the settings that each stands for: mostly that of its name."""
    return {name: (name,) for name in names} | more
