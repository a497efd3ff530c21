"""The inventory on the command line, against a real appliance."""

import json

import pytest
import yaml

from tests.process.conftest import Site, until


@pytest.fixture
def store(site: Site) -> Site:
    """A site whose inventory is in the database, and empty."""
    site.settings["inventory"] = "store"
    site.rooms.clear()
    return site


class Prompt:
    """Types commands and takes their answers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def ok(self, *words: str, stdin: str = "") -> str:
        """The output of a command that is fine."""
        status, out, errors = await self._site.command(*words, stdin=stdin)
        assert status == 0, (words, out, errors)
        return out

    async def bad(self, *words: str, status: int = 1, stdin: str = "") -> str:
        """All that a command says that is not."""
        came, out, errors = await self._site.command(*words, stdin=stdin)
        assert came == status, (words, out, errors)
        return out + errors


KESTREL = ("mailbox=kestrel@example.com", "time_zone=Europe/London", "name=Kestrel")


async def test_rooms_are_added_moved_renamed_retired_and_brought_back(store: Site) -> None:
    type_ = Prompt(store)
    store.book("Budget")
    async with store.running() as running:
        assert "nothing was changed here yet" in await type_.ok("rooms", "history")
        assert "nothing was changed here yet" in await type_.bad("rooms", "undo")
        await type_.ok("lists", "add", "north", "name=North wing")
        await type_.ok("lists", "add", "floor-1", "parent=north")
        planned = await type_.ok("rooms", "add", "kestrel", *KESTREL, "lists=floor-1", "--dry-run")
        assert "add     room kestrel" in planned
        assert "mailbox: kestrel@example.com" in planned
        assert "this is the plan: nothing was changed" in planned
        assert "no such room" in (await store.command("rooms", "list"))[2]
        out = await type_.ok("rooms", "add", "kestrel", *KESTREL, "lists=floor-1", "--why=opened")
        assert "applied as change 3; `roombridge rooms undo 3` takes it back" in out
        assert "there is a room kestrel already" in await type_.bad(
            "rooms", "add", "kestrel", "floor=1"
        )
        await until(running.titles, "the room is read")
        told = json.loads(await type_.ok("rooms", "list", "--list", "north", "--json"))
        assert [one["id"] for one in told["rooms"]] == ["kestrel"]
        assert "kestrel" in await type_.ok("rooms", "list", "KESTR", "--state", "fresh")
        assert "there is no room list x" in await type_.bad("rooms", "list", "--list", "x")
        assert "there is no room owl" in await type_.bad("rooms", "set", "owl", "floor=1")
        out = await type_.ok(
            "rooms", "set", "kestrel", "floor=2", "name=", "check_in.enabled=true", "--why=moved"
        )
        assert "          floor: 2" in out
        assert "          name: Kestrel -> (removed)" in out
        shown = await type_.ok("rooms", "show", "kestrel")
        assert '{"enabled":"true"}' in shown
        assert "kestrel -> eyas" in await type_.ok("rooms", "rename", "kestrel", "eyas")
        retired = await type_.ok("rooms", "retire", "eyas", "--why", "rebuilt")
        assert "remove  room eyas" in retired
        assert "there is no room eyas" in await type_.bad("rooms", "show", "eyas")
        assert "add     room eyas" in await type_.ok("rooms", "undo")
        history = await type_.ok("rooms", "history", "--limit", "3")
        assert "undoes 6" in history
        assert "rebuilt" in history
        assert "opened" not in history
        told = json.loads(await type_.ok("rooms", "history", "--json", "--before", "4"))
        assert [one["change"] for one in told["changes"]] == [3, 2, 1]


async def test_lists_are_a_tree_and_their_rooms_follow(store: Site) -> None:
    type_ = Prompt(store)
    async with store.running():
        await type_.ok("lists", "add", "house", "name=House")
        await type_.ok("lists", "add", "floor", "name=Floor", "parent=house")
        await type_.ok("rooms", "add", "kestrel", *KESTREL, "lists=floor")
        tree = await type_.ok("lists", "list")
        assert tree.splitlines()[1:] == ["house    House  0", "  floor  Floor  1"]
        assert "kestrel  Kestrel" in await type_.ok("lists", "show", "floor")
        assert "rooms.kestrel.lists" in await type_.bad("lists", "remove", "floor")
        await type_.ok("lists", "rename", "house", "tower")
        await type_.ok("lists", "rename", "floor", "first")
        told = json.loads(await type_.ok("lists", "show", "first", "--json"))
        assert (told["entry"]["parent"], told["rooms"]) == ("tower", ["kestrel"])
        await type_.ok("lists", "set", "first", "name=First floor")
        assert "there is a list first already" in await type_.bad(
            "lists", "rename", "tower", "first"
        )
        await type_.ok("lists", "remove", "tower", "--take-out")
        told = json.loads(await type_.ok("lists", "list", "--json"))
        assert [(one["id"], one["depth"], one["rooms"]) for one in told["room_lists"]] == [
            ("first", 0, 1)
        ]
        await type_.ok("lists", "remove", "first", "--take-out")
        told = json.loads(await type_.ok("rooms", "show", "kestrel", "--json"))
        assert told["entry"]["lists"] == []


async def test_people_and_tokens_follow_a_list_that_gets_another_id(store: Site) -> None:
    type_ = Prompt(store)

    async def given() -> list[list[str]]:
        people = json.loads(await type_.ok("people", "list", "--json"))["people"]
        tokens = json.loads(await type_.ok("tokens", "list", "--json"))["tokens"]
        return [one["lists"] for one in (*people, *tokens)]

    async with store.running():
        await type_.ok("lists", "add", "north", "name=North")
        await type_.ok("rooms", "add", "kestrel", *KESTREL, "lists=north")
        await type_.ok("people", "invite", "anna", "--role", "facilities", "--list", "north")
        await type_.ok("tokens", "create", "sync", "--scope", "read", "--list", "north")
        assert "rename  list north -> nord" in await type_.ok("lists", "rename", "north", "nord")
        assert await given() == [["nord"], ["nord"]]
        refused = await type_.bad("lists", "remove", "nord", "--take-out")
        assert "room_lists.nord: it is given to 1 account and 1 token" in refused
        await type_.ok("rooms", "undo")
        assert await given() == [["north"], ["north"]]
        await type_.ok("audit", "verify")


async def test_a_secret_goes_to_the_vault_and_is_never_seen(store: Site) -> None:
    type_ = Prompt(store)
    store.settings["vault"] = {"key_file": "vault.key"}
    store.write()
    async with store.running():
        await type_.ok("rooms", "add", "kestrel", *KESTREL)
        unit = ("room=kestrel", "kind=cisco", "address=127.0.0.1", "username=u")
        new = ("endpoints", "add", "codec", *unit)
        refused = await type_.bad(*new, "password=planted", status=2)
        assert "--secret password asks for it" in refused
        assert "planted" not in refused.replace("password=planted", "")
        assert "secrets init" in await type_.bad(*new, "--secret=password", stdin="planted\n")
        await type_.ok("secrets", "init")

        async def kept() -> bool:
            status, _, _ = await store.command(*new, "--secret", "password", stdin="planted\n")
            return status == 0

        await until(kept, "the new vault is found")
        told = await store.command("endpoints", "show", "codec", "--json")
        names = await type_.ok("secrets", "list")
        assert "endpoint/codec/password-" in names
        everything = told[1] + names + await type_.ok("inventory", "export")
        everything += await type_.ok("rooms", "history", "--json")
        assert "planted" not in everything
        (store.folder / "pw").write_text("planted2\n")
        await type_.ok("endpoints", "set", "codec", f"--secret-file=password={store.folder}/pw")
        out = await type_.bad("endpoints", "set", "codec", "address=127.0.0.2")
        assert "rooms.kestrel.endpoints[0].password" in out, "another address needs its own secret"
        await type_.ok("endpoints", "remove", "codec")
    assert b"planted" not in (store.folder / "data" / "bridge.db").read_bytes()


async def test_the_files_are_adopted_and_exported_again(site: Site) -> None:
    site.lists = [{"id": "north", "name": "North"}]
    site.rooms[0]["lists"] = ["north"]
    type_ = Prompt(site)
    file = site.folder / "bridge.yaml"
    async with site.running() as running:
        refused = await type_.bad("rooms", "set", "kestrel", "floor=1")
        assert "is in files" in refused
        assert "`roombridge inventory adopt`" in refused
        assert "files" in await type_.ok("inventory", "status")
        assert "not written in lines" in await type_.bad("inventory", "adopt", "--yes")
        before = {key: one for key, one in site.settings.items() if key != "poll"}
        text = "# the house\n" + yaml.safe_dump(before) + "poll: {near: 1s, far: 1s} # fast"
        file.write_text(text)
        file.chmod(0o640)
        dry = await site.command("inventory", "adopt", "--dry-run")
        assert dry[0] == 0
        assert "1 rooms, 1 room lists and 0 endpoints" in dry[2]
        assert "--yes does it" in await type_.bad("inventory", "adopt")
        assert file.read_text() == text
        assert "the store decides from now on" in await type_.ok("inventory", "adopt", "--yes")
        assert file.read_text() == text + "\ninventory: store\n"
        assert file.stat().st_mode & 0o777 == 0o640
        assert "already" in await type_.ok("inventory", "adopt", "--yes")
        await type_.ok("rooms", "set", "kestrel", "floor=1")
        await until(lambda: running.get("/api/v1/rooms/kestrel"))
        checked = await site.command("check")
        assert "rooms are in the store" in checked[2], checked
        made = site.folder / "out.yaml"
        await type_.ok("inventory", "export", str(made))
        content = yaml.safe_load(made.read_text())
        assert content["rooms"][0] == site.rooms[0] | {"floor": 1}
        status, out, _ = await site.command("rooms", "diff", str(made))
        assert (status, "nothing to change" in out) == (0, True)
        status, out, _ = await site.command("rooms", "diff", str(site.folder / "rooms.yaml"))
        assert (status, "floor: 1 -> (removed)" in out) == (1, True)
        broken = site.folder / "broken.yaml"
        for text, words in (
            ("rooms: [", "is not YAML"),
            ("[]", "must be a mapping"),
            ("rooms: {}", "must be a list"),
            ("rooms: [{name: x}, {id: a}, {id: a}]", "there are two a"),
        ):
            broken.write_text(text)
            assert words in await type_.bad("rooms", "diff", str(broken), status=2)


async def test_where_nothing_runs_it_is_said(site: Site) -> None:
    site.write()
    for words in (("rooms", "list"), ("lists", "list"), ("inventory", "adopt"), ("rooms", "undo")):
        status, _, errors = await site.command(*words)
        assert (status, "no appliance runs" in errors) == (2, True)
