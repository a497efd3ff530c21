"""An inventory as the text of a rooms.yaml, and such a text as an inventory."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from bridge.callers import Caller
from bridge.inventory.keeper import Keeper
from bridge.inventory.leave import check_named
from bridge.inventory.tables import TablePlan, part
from bridge.settings.problem import Problem
from bridge.settings.typed import bare
from rooms.inventory import Document, Edit, Fields
from rooms.inventory.sheet import Finding

DEEPEST = 16
"""How deep a text may be nested; a room's settings go six deep."""
_KINDS = ("rooms", "room_lists")
_BARE = re.compile(r"0|[1-9][0-9]{0,15}|true|false")


class Text(NamedTuple):
    """A text that was read."""

    document: Document
    lines: Mapping[str, int]
    """Where each entry and each of its settings stands, as `rooms.kestrel.mailbox`."""
    findings: tuple[Finding, ...]
    """What keeps it from being an inventory."""


class _Writer(yaml.CSafeDumper):
    """Writes text bare where every reader of YAML takes it for the same, numbers included."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represented(writer: _Writer, text: str) -> yaml.Node:
    kind = "str"
    if _BARE.fullmatch(text):
        kind = "int" if text.isdecimal() else "bool"
    node: yaml.Node = writer.represent_scalar(f"tag:yaml.org,2002:{kind}", text)
    return node


_Writer.add_representer(str, _represented)


class _Loader(yaml.CBaseLoader):
    """Every scalar is text, whatever it looks like."""


def text_of(document: Document) -> str:
    """An inventory as it would stand in rooms.yaml; read in again it is the same."""
    content = {
        "room_lists": [{"id": name, **fields} for name, fields in document.lists.items()],
        "rooms": [{"id": name, **fields} for name, fields in document.rooms.items()],
    }
    told = {key: entries for key, entries in content.items() if entries} or {"rooms": []}
    written: str = yaml.dump(told, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100)
    return written


def inventory_of(data: bytes) -> Text:
    """What a text says; what is wrong with its form is found, the rest is the keeper's to judge."""
    findings: list[Finding] = []

    def wrong(line: int, words: str, hint: str = "", column: str = "") -> None:
        findings.append(Finding(row=line, column=column, words=words, hint=hint))

    node = _node(data, wrong)
    taken = _Taken(wrong)
    if node is not None:
        for kind, entry in _entries(node, wrong):
            taken.take(kind, entry)
    document = Document(rooms=taken.found["rooms"], lists=taken.found["room_lists"])
    return Text(document, taken.lines, tuple(findings))


async def plan_text(keeper: Keeper, data: bytes, caller: Caller, why: str = "") -> TablePlan:
    """A plan after which the inventory is what a text says, as far as the caller looks after it.

    Raises:
        Changed: the inventory was changed meanwhile.
        NotYours: the caller may not change that.
    """
    read = await asyncio.to_thread(inventory_of, data)
    base, before = await keeper.version(), await keeper.current()
    check_named(caller, Edit(rooms=read.document.rooms, lists=read.document.lists), before)
    whole = before
    if not read.findings:
        whole = await asyncio.to_thread(_whole, before, read.document, caller)
    plan = await keeper.plan(Edit(whole=whole), caller, why=why, base=base)
    told = [(_finding(one, read.lines), one) for one in plan.problems]
    findings = (*read.findings, *(found for found, _ in told if found is not None))
    bad = {one.row for one in findings if one.severity == "error"}
    fits = plan.fits and not bad
    if not fits:
        keeper.forget(plan)
    return TablePlan(
        plan=plan,
        findings=tuple(sorted(findings, key=lambda one: one.row)),
        problems=tuple(one for found, one in told if found is None),
        rows=len(read.document.rooms) + len(read.document.lists),
        bad=len(bad),
        fits=fits,
    )


def _whole(before: Document, wanted: Document, caller: Caller) -> Document:
    """The inventory with the caller's part of it as wanted; what is others' stays as it is."""
    mine = part(before, caller)
    if mine is before:
        return wanted
    rooms = _replaced(before.rooms, mine.rooms, wanted.rooms)
    return Document(rooms=rooms, lists=_replaced(before.lists, mine.lists, wanted.lists))


def _replaced(
    before: Mapping[str, Fields], mine: Mapping[str, Fields], wanted: Mapping[str, Fields]
) -> dict[str, Fields]:
    kept = {
        name: wanted.get(name, fields)
        for name, fields in before.items()
        if name not in mine or name in wanted
    }
    return kept | dict(wanted)


def _finding(problem: Problem, lines: Mapping[str, int]) -> Finding | None:
    """What a problem says of a line of the text; None where it is of none."""
    path = problem.path
    while path and path not in lines:
        path = re.sub(r"(?:\.|\[)?[^.\[]*$", "", path)
    if not path:
        return None
    return Finding(
        row=lines[path],
        column=problem.path,
        severity=problem.severity,
        words=problem.words,
        hint=problem.hint,
    )


_Wrong = Callable[..., None]


def _node(data: bytes, wrong: _Wrong) -> yaml.MappingNode | None:
    """The one document of a text; None where there is none, which is told."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong(data[: error.start].count(b"\n") + 1, "is not UTF-8")
        return None
    try:
        if not _harmless(text, wrong):
            return None
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        wrong(mark.line + 1 if mark else 0, f"is not YAML: {error.problem}")
        return None
    except yaml.YAMLError as error:
        wrong(0, f"is not YAML: {getattr(error, 'reason', '') or 'a character is not allowed'}")
        return None
    if not isinstance(node, yaml.MappingNode):
        wrong(1, "must be a mapping with rooms and room_lists")
        return None
    return node


def _harmless(text: str, wrong: _Wrong) -> bool:
    """Whether a text is as small as it looks: neither nested without end nor full of aliases."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            wrong(_line(event), "aliases (*) are not taken here", "write it out")
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                wrong(_line(event), "is nested too deep")
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def _entries(top: yaml.MappingNode, wrong: _Wrong) -> Iterator[tuple[str, yaml.MappingNode]]:
    """Rooms and room lists."""
    seen: set[str] = set()
    for key, listed in top.value:
        name, line = str(key.value), _line(key)
        if name not in _KINDS:
            wrong(line, f"there is nothing called {name[:60]} here", "known: room_lists, rooms")
        elif name in seen:
            wrong(line, f"{name} stands here twice")
        elif isinstance(listed, yaml.SequenceNode):
            for entry in listed.value:
                if isinstance(entry, yaml.MappingNode):
                    yield name, entry
                else:
                    wrong(_line(entry), f"an entry of {name} must be a mapping of settings")
        elif not (isinstance(listed, yaml.ScalarNode) and listed.value == ""):
            wrong(line, f"{name} must be a list", "lines with -")
        seen.add(name)


class _Taken:
    """Entries that were read, and where they stand."""

    def __init__(self, wrong: _Wrong) -> None:
        self.found: dict[str, dict[str, Fields]] = {kind: {} for kind in _KINDS}
        self.lines: dict[str, int] = {}
        self._wrong = wrong

    def take(self, kind: str, entry: yaml.MappingNode) -> None:
        """Put one entry to the others, unless something is wrong with its form."""
        if not self._well_formed(entry):
            return
        fields: dict[str, Any] = {}
        where: dict[str, int] = {}
        for key, child in entry.value:
            fields[key.value] = bare(child)
            where |= _lines(key.value, key, child)
        name = fields.pop("id", None)
        if not isinstance(name, str) or not name:
            self._wrong(where.get("id", _line(entry)), "needs an id", column="id")
        elif name in self.found[kind]:
            self._wrong(where["id"], f"the id {name[:63]} stands here twice", column="id")
        else:
            self.found[kind][name] = {key: one for key, one in fields.items() if one != ""}
            path = f"{kind}.{name}"
            self.lines[path] = _line(entry)
            self.lines |= {f"{path}.{key}": one for key, one in where.items()}

    def _well_formed(self, entry: yaml.MappingNode) -> bool:
        for node in _mappings(entry):
            keys: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    self._wrong(_line(key), "a setting's name must be a word")
                    return False
                if key.value in keys:
                    self._wrong(_line(key), "given twice", column=key.value[:60])
                    return False
                keys.add(key.value)
        return True


def _mappings(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, child in node.value:
            yield from _mappings(child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _mappings(child)


def _lines(path: str, key: yaml.Node, node: yaml.Node) -> dict[str, int]:
    """Where a setting, and what is below it, stands."""
    made = {path: _line(key)}
    if isinstance(node, yaml.MappingNode):
        for inner, child in node.value:
            made |= _lines(f"{path}.{inner.value}", inner, child)
    elif isinstance(node, yaml.SequenceNode):
        for place, child in enumerate(node.value):
            if isinstance(child, yaml.MappingNode):
                made |= _lines(f"{path}[{place}]", child, child)
    return made


def _line(what: yaml.Node | yaml.Event) -> int:
    """The line where a part of a text begins."""
    mark = what.start_mark
    return mark.line + 1 if mark else 0
