"""A table of rooms read against an inventory: what each of its rows would change. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from rooms.inventory.cells import REMOVE, BadCell, doubt, value
from rooms.inventory.columns import GIVEN, UNIT
from rooms.inventory.document import Document, Fields, units
from rooms.inventory.edit import Edit, merged
from rooms.inventory.ids import ID, slug, unused
from rooms.inventory.sheet import Finding, Line, Severity, Sheet, sheet
from rooms.model import Value

ALL_UNITS = "-"
"""Stands for all endpoints of a room, which a row removes."""


class Wanted(Value, frozen=True, kw_only=True):
    """How a table is to be taken."""

    only_good: bool = False
    """Take the good rows where there are bad ones."""
    retire_missing: bool = False
    """Retire the caller's rooms that are not in it."""
    add_lists: bool = False
    """Add the room lists that it names and nobody has."""
    why: str = ""


class Row(Value, frozen=True, kw_only=True):
    """What one row says."""

    number: int
    room: str
    fields: Fields
    """What is to be merged into the room (RFC 7396)."""
    unit: str = ""
    """The endpoint that it speaks of; empty for none."""
    unit_fields: Mapping[str, Any] = {}
    secrets: Mapping[str, str] = {}
    """Of the endpoint, by setting."""
    new_lists: tuple[str, ...] = ()
    """Ids of room lists that are not there yet."""


class Table(Value, frozen=True, kw_only=True):
    """A table that was read."""

    rows: tuple[Row, ...]
    headings: Mapping[str, str]
    """What the columns are called in it, by column."""
    findings: tuple[Finding, ...]
    rooms: frozenset[str]
    """The rooms that it speaks of, in good rows or bad ones."""
    lists: Mapping[str, str] = {}
    """Names of the room lists that it needs and the inventory does not have, by new id."""

    def heading(self, column: str) -> str:
        """What a column is called here; its own name where it is not in the table."""
        return self.headings.get(column, column)


def read_table(
    data: bytes, document: Document, seen: Document, *, add_lists: bool = False
) -> Table:
    """A table of rooms.

    Rows belong to rooms of `seen`, the part of the inventory that the caller looks after, by their
    id, else by their mailbox; others are new. With `add_lists`, room lists that are not there yet
    are new too.

    Raises:
        Unreadable: nothing of it can be taken.
    """
    return _Reading(sheet(data), document, seen, add_lists=add_lists).table()


def edit_of(
    table: Table, document: Document, without: Collection[int] = (), retired: Collection[str] = ()
) -> tuple[Edit, dict[str, dict[str, str]]]:
    """What a table changes, and the secrets that it gives, by endpoint and setting.

    Rows whose numbers are in `without` are left out; rooms in `retired` go.
    """
    rooms: dict[str, dict[str, Any] | None] = dict.fromkeys(retired)
    given: dict[str, dict[str, str]] = {}
    needed: set[str] = set()
    shelf = _Shelf(document)
    for row in table.rows:
        if row.number in without:
            continue
        had = rooms.get(row.room)
        rooms[row.room] = _together(had if had is not None else {}, row.fields)
        needed.update(row.new_lists)
        if row.unit:
            shelf.put(row)
        if row.secrets:
            given.setdefault(row.unit, {}).update(row.secrets)
    for room, listed in shelf.changed():
        had = rooms.get(room)
        if room not in rooms or had is not None:
            rooms[room] = {**(had or {}), "endpoints": listed}
    lists = {name: {"name": words} for name, words in table.lists.items() if name in needed}
    return Edit(rooms=rooms, lists=lists), given


def _together(first: Fields, second: Fields) -> dict[str, Any]:
    """Two patches as one: what removes a setting stays in it."""
    made = dict(first)
    for key, one in second.items():
        had = made.get(key)
        inner = isinstance(had, Mapping) and isinstance(one, Mapping)
        made[key] = _together(had, one) if inner else one  # type: ignore[arg-type]
    return made


class _Shelf:
    """Where the endpoints are, while rows move them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._at: dict[str, str] = {}
        self._known: dict[str, Fields] = {}
        for room, fields in document.rooms.items():
            for one in units(fields) if "endpoints" in fields else ():
                self._at[str(one.get("id"))] = room
                self._known[str(one.get("id"))] = one
        self._rooms: dict[str, list[Fields]] = {}
        self._put: set[str] = set()

    def put(self, row: Row) -> None:
        """Put an endpoint where its row says."""
        if row.unit == ALL_UNITS:
            self._clear(row.room)
            return
        self._put.add(row.unit)
        here = self._at.get(row.unit)
        listed = self._listed(row.room)
        had = self._known.get(row.unit, {"id": row.unit})
        made = merged(had, row.unit_fields)
        if here == row.room:
            listed[listed.index(had)] = made
        else:
            if here is not None:
                self._listed(here).remove(had)
            listed.append(made)
        self._at[row.unit], self._known[row.unit] = row.room, made

    def changed(self) -> Iterator[tuple[str, list[Fields] | None]]:
        """Rooms whose endpoints are others now, with those; None for none left."""
        for room, listed in self._rooms.items():
            if listed != units(self._document.rooms.get(room, {})):
                yield room, listed or None

    def _clear(self, room: str) -> None:
        """Take out the endpoints of a room, but for those that rows put there."""
        stay = [one for one in self._listed(room) if one.get("id") in self._put]
        for one in self._listed(room):
            if one not in stay:
                self._at.pop(str(one.get("id")), None)
        self._rooms[room] = stay

    def _listed(self, room: str) -> list[Fields]:
        if room not in self._rooms:
            self._rooms[room] = units(self._document.rooms.get(room, {}))
        return self._rooms[room]


class _Reading:
    """Reads the rows of one table."""

    def __init__(self, of: Sheet, document: Document, seen: Document, *, add_lists: bool) -> None:
        self._sheet = of
        self._seen = seen
        self._others = document.rooms.keys() - seen.rooms.keys()
        self._findings = list(of.findings)
        self._taken = set(document.rooms)
        self._units = _ids_of_units(document.rooms.values())
        self._units_of_others = _ids_of_units(document.rooms[room] for room in self._others)
        self._by_mailbox: dict[str, str] = {}
        self._shared: set[str] = set()
        """Mailboxes of several rooms, which tell none of them."""
        for room, fields in seen.rooms.items():
            mailbox = str(fields.get("mailbox", "")).casefold()
            if mailbox and self._by_mailbox.setdefault(mailbox, room) != room:
                self._shared.add(mailbox)
        self._lists = _ListNames(document, seen, add=add_lists)
        self._said: dict[tuple[str, str], tuple[int, str]] = {}
        self._last: dict[str, int] = {}
        self._mine: set[str] = set()
        """Endpoints that rows before spoke of."""

    def table(self) -> Table:
        """All of it."""
        rows = tuple(row for line in self._sheet.lines if (row := self._row(line)) is not None)
        return Table(
            rows=rows,
            headings=self._sheet.headings,
            findings=tuple(self._findings),
            rooms=frozenset(row.room for row in rows),
            lists=self._lists.added,
        )

    def _row(self, line: Line) -> Row | None:
        """What a row says; None where it speaks of no room."""
        if line.stray:
            hint = "a cell that has the separating sign in it must stand in quotes"
            self._bad(line, line.stray[0], "stands in a column that has no heading", hint)
        values = dict(self._values(line))
        room = self._room(line, values)
        if room is None:
            return None
        self._agrees(line, room, values)
        named: list[str] = []
        if isinstance(values.get("lists"), list):
            values["lists"] = [self._lists.id(one, named) for one in values["lists"]]
        unit = self._unit(line, room, values)
        return Row(
            number=line.number,
            room=room,
            fields=_nested(values, of_unit=False),
            unit=unit,
            unit_fields=_unit_fields(values) if unit != ALL_UNITS else {},
            secrets={
                name.removeprefix(UNIT): one
                for name, one in values.items()
                if name in GIVEN and one
            },
            new_lists=tuple(named),
        )

    def _values(self, line: Line) -> Iterator[tuple[str, Any]]:
        for name, text in line.cells.items():
            try:
                made = _secret(text) if name in GIVEN else value(name, text)
            except BadCell as error:
                self._bad(line, name, str(error), error.hint)
                continue
            if words := doubt(name, text):
                self._say(line, name, words, severity="warning")
            if made is None or made:
                yield name, made

    def _room(self, line: Line, values: Mapping[str, Any]) -> str | None:
        """The room of a row; None for none, which is reported."""
        for name in ("id", "name", "mailbox"):
            if name in values and values[name] is None:
                self._bad(line, name, "cannot be removed", "an empty cell leaves it as it is")
                return None
        wanted, mailbox = values.get("id"), values.get("mailbox", "").casefold()
        if wanted is not None:
            if not ID.fullmatch(wanted):
                words = "an id is made of a-z, 0-9 and -, at most 63 of them"
                self._bad(line, "id", words, "without one it is made from the name")
                return None
            if wanted in self._others:
                self._bad(line, "id", f"the room {wanted} is in none of your room lists")
                return None
            self._taken.add(wanted)
            room = str(wanted)
        elif mailbox in self._shared:
            self._bad(line, "mailbox", "is the mailbox of several rooms", "say which by id")
            return None
        elif mailbox in self._by_mailbox:
            room = self._by_mailbox[mailbox]
        elif mailbox or values.get("name"):
            local = mailbox.partition("@")[0]
            room = unused(slug(values.get("name", ""), local, "room"), self._taken, self._last)
        else:
            self._bad(line, "", "does not say which room it means", "by id, mailbox or name")
            return None
        if mailbox:
            self._by_mailbox.setdefault(mailbox, room)
        return room

    def _agrees(self, line: Line, room: str, values: Mapping[str, Any]) -> None:
        """Report where an earlier row says something else of the same room."""
        for name, one in values.items():
            if name.startswith(UNIT):
                continue
            key = (room, name)
            first, said = self._said.setdefault(key, (line.number, line.cells[name]))
            if first != line.number and value(name, said) != one:
                self._bad(line, name, f"row {first} says something else of room {room}")

    def _unit(self, line: Line, room: str, values: dict[str, Any]) -> str:
        """The endpoint that a row speaks of; empty for none."""
        told = [name for name in values if name.startswith(UNIT)]
        if not told:
            return ""
        if "endpoint_id" in values:
            wanted = values["endpoint_id"]
            if wanted is None:
                for name in GIVEN & {one for one in told if values[one]}:
                    self._bad(line, name, "is of no endpoint: the row takes them out")
                return ALL_UNITS
            if not ID.fullmatch(wanted):
                words = "an id is made of a-z, 0-9 and -, at most 63 of them"
                self._bad(line, "endpoint_id", words)
                return ""
            if wanted in self._units_of_others:
                words = f"the endpoint {wanted} is in none of your rooms"
                self._bad(line, "endpoint_id", words)
                return ""
            unit = str(wanted)
        else:
            had = [str(one.get("id")) for one in units(self._seen.rooms.get(room, {}))]
            if len(had) > 1:
                words = "the room has several endpoints: say which"
                self._bad(line, "endpoint_id", words, ", ".join(had))
                return ""
            kind = values.get("endpoint_kind")
            kind = kind if isinstance(kind, str) else "unit"
            if had and had[0] not in self._mine:
                unit = had[0]
            else:
                unit = unused(slug(f"{room}-{kind}", room), self._units, self._last)
        if unit in self._mine:
            self._bad(line, "endpoint_id", f"another row speaks of endpoint {unit} too")
        self._mine.add(unit)
        self._units.add(unit)
        return unit

    def _bad(self, line: Line, column: str, words: str, hint: str = "") -> None:
        self._say(line, column, words, hint)

    def _say(
        self, line: Line, column: str, words: str, hint: str = "", severity: Severity = "error"
    ) -> None:
        self._findings.append(
            Finding(
                row=line.number,
                column=self._sheet.headings.get(column, column),
                severity=severity,
                words=words,
                hint=hint,
            )
        )


class _ListNames:
    """Room lists by what people call them."""

    def __init__(self, document: Document, seen: Document, *, add: bool) -> None:
        self._taken = set(document.lists)
        self._known = dict.fromkeys(seen.lists, "") | {
            _plain(str(fields.get("name", ""))): name for name, fields in seen.lists.items()
        }
        self._known |= {name: name for name in seen.lists}
        self._add = add
        self.added: dict[str, str] = {}

    def id(self, words: str, named: list[str]) -> str:
        """A list's id; words that name none stay as they are, or name a new one."""
        known = self._known.get(_plain(words)) or self._known.get(words)
        if known is None and self._add:
            known = unused(slug(words, "list"), self._taken)
            self._known[_plain(words)] = known
            self.added[known] = words
        if known in self.added:
            named.append(known)
        return known or words


def _ids_of_units(rooms: Iterable[Fields]) -> set[str]:
    return {
        str(one.get("id")) for fields in rooms if "endpoints" in fields for one in units(fields)
    }


def _nested(values: Mapping[str, Any], *, of_unit: bool) -> dict[str, Any]:
    """Settings as they are nested, of a room or of its endpoint; without those that are ids."""
    made: dict[str, Any] = {}
    for name, one in values.items():
        if name.startswith(UNIT) is not of_unit or name in {"id", "endpoint_id", *GIVEN}:
            continue
        *above, last = name.removeprefix(UNIT).split(".") if of_unit else name.split(".")
        inner = made
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = one
    return made


def _unit_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an endpoint; a secret that goes, goes from wherever it is kept."""
    gone = [name.removeprefix(UNIT) for name in GIVEN if name in values and values[name] is None]
    made = _nested(values, of_unit=True)
    return made | {key: None for name in gone for key in (name, f"{name}_file")}


def _secret(text: str) -> str | None:
    """A secret is what stands there, to the letter."""
    return None if text.strip() == REMOVE else text.strip("\r\n")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
