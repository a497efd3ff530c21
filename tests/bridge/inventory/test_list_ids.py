"""Room lists get other ids, or go: who was let in for one sees the same rooms afterwards."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.callers import Role
from bridge.inventory.given import Holders
from bridge.inventory.given import given as holding
from bridge.inventory.keeper import Changed, Unfit
from bridge.inventory.leave import NotYours
from bridge.inventory.opening import Opening
from bridge.people.accounts import Account
from bridge.prepared import Prepared, prepared
from bridge.rejections import Rejection
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from bridge.tokens import Token
from rooms.audit import Wanted
from rooms.inventory import Change, Document, Edit, Misfit, changes, edited
from tests.bridge.inventory.keeping import OWNER, STORE
from tests.bridge.inventory.test_keeper import ANNA, KESTREL, OWL
from tests.bridge.test_settings import Folder
from tests.fakes.virtual import NOON, FixedClock

TREE = Edit(
    lists={"north": {"name": "North"}, "n1": {"parent": "north"}, "south": {}},
    rooms={
        "kestrel": KESTREL | {"lists": ["north", "south"]},
        "owl": OWL | {"lists": ["n1"]},
    },
)


class Site:
    """An appliance's inventory, with people and tokens."""

    def __init__(self, folder: Path) -> None:
        file = Folder(folder).write("bridge.yaml", STORE)
        opening = Opening()
        self.configuration, _ = usable(file, stored=opening)
        self.clock = FixedClock()
        self.made: Prepared = prepared(self.configuration, self.clock, opening)
        self.made.keeper.attach(lambda: self.configuration, lambda: None, self.adopt)
        self.expelled: list[str] = []
        self.made.tokens.on_revoked = self.expelled.append

    async def adopt(self, configuration: Configuration) -> None:
        self.configuration = configuration

    async def put(self, edit: Edit) -> int:
        """Change the inventory; the number of the change."""
        keeper = self.made.keeper
        plan = await keeper.plan(edit, OWNER)
        assert plan.fits, plan.problems
        return (await keeper.apply(plan, OWNER)).seq

    async def undo(self, seq: int) -> None:
        keeper = self.made.keeper
        plan = await keeper.undo(seq, OWNER)
        assert plan.fits, plan.problems
        await keeper.apply(plan, OWNER)

    async def invite(self, name: str, *lists: str, role: Role = "facilities") -> str:
        """Somebody with an account; its id."""
        account = Account(id="", name=name, role=role, lists=lists, created=self.clock.now())
        return (await self.made.people.accounts.add(account)).id

    async def token(self, name: str, *lists: str) -> Token:
        made, _ = await self.made.tokens.create(name, ("read",), lists=lists, actor="test")
        return made

    def lists_of(self, person: str) -> tuple[str, ...]:
        account = self.made.people.accounts.get(person)
        assert account is not None
        return account.lists

    def told(self, token: Token) -> tuple[str, ...] | None:
        return next(one.lists for one in self.made.tokens if one.id == token.id)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Site]:
    made = await asyncio.to_thread(Site, folder)
    async with made.made.database.running():
        yield made


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running(tmp_path) as made:
        await made.put(TREE)
        yield made


def words(problems: Iterable[object]) -> str:
    return " ".join(map(str, problems))


async def test_whoever_was_for_a_list_is_for_it_by_its_new_id(site: Site) -> None:
    anna, ben = await site.invite("anna", "north", "south"), await site.invite("ben", "n1")
    token, other = await site.token("sync", "north"), await site.token("map", "south")
    was = site.made.people.accounts.get(anna)
    await site.put(Edit(renamed_lists={"north": "nord"}, lists={"nord": {"name": "Nord"}}))
    document = site.made.keeper.document()
    assert list(document.lists) == ["nord", "n1", "south"]
    assert document.lists["n1"] == {"parent": "nord"}
    assert document.rooms["kestrel"]["lists"] == ["nord", "south"]
    assert (site.lists_of(anna), site.lists_of(ben)) == (("nord", "south"), ("n1",))
    now = site.made.people.accounts.get(anna)
    assert was is not None
    assert now is not None
    assert now.version == was.version + 1  # whoever read the old one may not overwrite this
    assert (site.told(token), site.told(other)) == (("nord",), ("south",))
    assert site.expelled == [token.id]
    rows = (await site.made.audit.page(Wanted())).rows
    told = {(row.action, row.object) for row in rows}
    assert {("inventory.list_renamed", "nord"), ("people.change", anna)} <= told
    assert ("tokens.change", token.id) in told


async def test_so_it_is_after_a_restart_and_when_it_is_undone(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        await site.put(TREE)
        anna, token = await site.invite("anna", "north"), await site.token("sync", "north")
        seq = await site.put(Edit(renamed_lists={"north": "nord"}))
    async with running(tmp_path) as site:
        assert (site.lists_of(anna), site.told(token)) == (("nord",), ("nord",))
        late = await site.invite("late", "nord")
        await site.undo(seq)
        assert site.lists_of(anna) == site.lists_of(late) == ("north",)
        assert site.told(token) == ("north",)
    async with running(tmp_path) as site:
        assert site.lists_of(anna) == site.lists_of(late) == ("north",)
        assert site.told(token) == ("north",)


def rejected(id_: str, **more: Any) -> Rejection:
    usual: dict[str, Any] = {"source": "m365", "field": "", "said": "", "actor": "anna"}
    return Rejection(id=id_, at=NOON, **(usual | more))


async def test_what_was_rejected_stays_with_its_list(tmp_path: Path) -> None:
    lists = ("north", "south")
    one = rejected("r1", what="new", mailbox="hawk@example.com", room="", lists=lists)
    async with running(tmp_path) as site:
        await site.put(TREE)
        await site.made.rejections.change([one], [], actor="anna", at=NOON)
        await site.put(Edit(renamed_lists={"north": "nord"}))
        assert [told.lists for told in site.made.rejections] == [("nord", "south")]
    async with running(tmp_path) as site:
        assert [told.lists for told in site.made.rejections] == [("nord", "south")]


async def test_what_was_rejected_stays_with_its_room_and_is_never_another_ones(
    tmp_path: Path,
) -> None:
    mine = [
        rejected(name, what="gone", mailbox=f"{name}@example.com", room=name, lists=())
        for name in ("kestrel", "owl")
    ]
    async with running(tmp_path) as site:
        await site.put(TREE)
        await site.made.rejections.change(mine, [], actor="anna", at=NOON)
        await site.put(Edit(renamed={"kestrel": "falcon", "owl": "kestrel"}))
        assert [told.room for told in site.made.rejections] == ["falcon", "kestrel"]
    async with running(tmp_path) as site:
        assert [told.room for told in site.made.rejections] == ["falcon", "kestrel"]
        await site.put(Edit(rooms={"kestrel": None}))
        await site.put(Edit(rooms={"kestrel": OWL | {"mailbox": "new@example.com"}}))
        assert [told.room for told in site.made.rejections] == ["falcon", ""]


async def test_two_lists_change_their_ids_with_each_other(site: Site) -> None:
    anna, ben = await site.invite("anna", "north"), await site.invite("ben", "south")
    await site.put(Edit(renamed_lists={"north": "south", "south": "north"}))
    assert (site.lists_of(anna), site.lists_of(ben)) == (("south",), ("north",))
    assert site.made.keeper.document().rooms["kestrel"]["lists"] == ["south", "north"]


async def test_a_list_that_somebody_is_for_stays(site: Site) -> None:
    """A viewer of one list who has none left would see all rooms."""
    await site.invite("anna", "south", role="viewer")
    await site.token("sync", "south")
    gone = await site.token("old", "south")
    await site.made.tokens.revoke(gone.id, actor="test")
    keeper = site.made.keeper
    edit = Edit(lists={"south": None}, rooms={"kestrel": {"lists": ["north"]}})
    plan = await keeper.plan(edit, OWNER)
    assert not plan.fits
    told = words(plan.problems)
    assert "room_lists.south" in told
    assert "it is given to 1 account and 1 token" in told
    assert "anna" not in told
    with pytest.raises(Unfit):
        await keeper.apply(plan, OWNER)
    assert "south" in keeper.document().lists


async def test_a_list_that_is_given_to_somebody_after_the_plan_stays_too(site: Site) -> None:
    keeper = site.made.keeper
    edit = Edit(lists={"south": None}, rooms={"kestrel": {"lists": ["north"]}})
    plan = await keeper.plan(edit, OWNER)
    assert plan.fits
    anna = await site.invite("anna", "south")
    with pytest.raises(Changed):
        await keeper.apply(plan, OWNER)
    await site.made.people.accounts.remove(anna, lambda _: None)
    await keeper.apply(plan, OWNER)
    assert "south" not in keeper.document().lists


async def test_an_id_that_somebody_is_still_let_in_by_is_no_new_lists(site: Site) -> None:
    """As where files forgot the list before the store decided."""
    await site.invite("anna", "annex")
    keeper = site.made.keeper
    for edit in (Edit(lists={"annex": {}}), Edit(renamed_lists={"south": "annex"})):
        plan = await keeper.plan(edit, OWNER)
        assert not plan.fits
        assert "1 account had a list of this id" in words(plan.problems)


async def test_what_does_not_follow_a_list_is_told(site: Site) -> None:
    """As a rule in bridge.yaml, by which people are given lists when they sign in."""
    named = {"north"}
    site.made.following.fixed["rule"] = lambda room_list: int(room_list in named)
    keeper = site.made.keeper
    plan = await keeper.plan(Edit(renamed_lists={"north": "nord"}), OWNER)
    assert plan.fits
    assert "warning: room_lists.nord: 1 rule still has it as north" in words(plan.problems)
    await keeper.apply(plan, OWNER)
    plan = await keeper.plan(Edit(lists={"north": {}}), OWNER)
    assert plan.fits
    assert "1 rule names this id" in words(plan.problems)
    named = {"south"}
    edit = Edit(lists={"south": None}, rooms={"kestrel": {"lists": ["nord"]}})
    plan = await keeper.plan(edit, OWNER)
    assert not plan.fits
    assert "it is given to 1 rule" in words(plan.problems)


def test_in_files_lists_come_and_go_and_it_is_only_told() -> None:
    changed = [
        Change(what="removed", kind="list", id="north"),
        Change(what="added", kind="list", id="annex"),
        Change(what="changed", kind="list", id="south"),
        Change(what="removed", kind="room", id="north"),
    ]
    holders = Holders(following={"account": lambda _: 2}, fixed={})
    told = [*holding(changed, holders, in_files=True)]
    assert [(one.severity, one.path) for one in told] == [
        ("warning", "room_lists.north"),
        ("warning", "room_lists.annex"),
    ]
    assert "2 accounts" in told[0].words


async def test_ids_are_refused_that_are_none_or_are_taken(site: Site) -> None:
    keeper = site.made.keeper
    for renamed in ({"north": "south"}, {"owl": "x"}, {"north": "x", "south": "x"}):
        with pytest.raises(Misfit):
            await keeper.plan(Edit(renamed_lists=renamed), OWNER)
    plan = await keeper.plan(Edit(renamed_lists={"north": "No!"}), OWNER)
    assert not plan.fits
    with pytest.raises(Unfit):
        await keeper.apply(plan, OWNER)
    with pytest.raises(NotYours, match="the room list south is not given to you"):
        await keeper.plan(Edit(renamed_lists={"south": "x"}), ANNA)
    with pytest.raises(NotYours, match="engineers do the rest"):
        await keeper.plan(Edit(renamed_lists={"north": "x"}), ANNA)


async def test_a_disk_that_fails_leaves_everybody_with_their_lists(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, token = await site.invite("anna", "north"), await site.token("sync", "north")

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    site.made.following.writes.append(fails)
    keeper = site.made.keeper
    plan = await keeper.plan(Edit(renamed_lists={"north": "nord"}), OWNER)
    with pytest.raises(sqlite3.Error):
        await keeper.apply(plan, OWNER)
    assert (site.lists_of(anna), site.told(token)) == (("north",), ("north",))
    assert "north" in keeper.document().lists


NAMES = st.sampled_from(["a", "b", "c", "d"])


@given(
    rooms=st.dictionaries(st.sampled_from("xyz"), st.sets(NAMES), min_size=1),
    parents=st.dictionaries(NAMES, st.none() | NAMES, min_size=1),
    renamed=st.dictionaries(NAMES, st.sampled_from(["a", "b", "c", "d", "e", "f"])),
)
@settings(deadline=None)
def test_whatever_ids_are_given_the_same_rooms_are_in_the_same_lists(
    rooms: dict[str, set[str]], parents: dict[str, str | None], renamed: dict[str, str]
) -> None:
    before = Document(
        rooms={name: {"lists": sorted(lists)} for name, lists in rooms.items()},
        lists={name: {"parent": above} if above else {} for name, above in parents.items()},
    )
    try:
        after = edited(before, Edit(renamed_lists=renamed))
    except Misfit:
        assert (
            {*renamed} - {*parents}
            or ({*renamed.values()} & {*parents}) - {*renamed}
            or len({*renamed.values()}) < len(renamed)
        )
        return
    assert {renamed.get(one, one) for one in before.lists} == {*after.lists}
    for name, fields in before.rooms.items():
        wanted = [renamed.get(one, one) for one in fields["lists"]]
        assert after.rooms[name]["lists"] == wanted
    for name, fields in before.lists.items():
        above = fields.get("parent")
        had = after.lists[renamed.get(name, name)].get("parent")
        assert had == (renamed.get(above, above) if above else None)
    told = {
        one.former: one.id for one in changes(before, after, {}, renamed) if one.what == "renamed"
    }
    assert told == {old: new for old, new in renamed.items() if old != new} or set(told) <= set(
        renamed
    )


def test_a_list_that_changes_places_is_told_once() -> None:
    before = Document(lists={"a": {"name": "A"}})
    after = edited(before, Edit(renamed_lists={"a": "b"}))
    assert changes(before, after, {}, {"a": "b"}) == (
        Change(what="renamed", kind="list", id="b", former="a"),
    )
