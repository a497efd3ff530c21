"""Tables of rooms on the command line, against a real appliance."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.process.conftest import Site, until
from tests.process.test_inventory_cli import Prompt

HEADING = "Room name;E-mail;Time zone;Building;Room list;Seats\r\n"
KESTREL = "Kestrel;kestrel@example.com;Europe/London;North;North wing;8,0\r\n"


@pytest.fixture
def store(site: Site) -> Site:
    """A site whose inventory is in the database, and empty."""
    site.settings["inventory"] = "store"
    site.rooms.clear()
    return site


async def test_rooms_come_from_a_table_and_go_into_one(store: Site) -> None:
    type_ = Prompt(store)
    store.book("Budget")
    table = store.folder / "rooms.csv"
    await written(table, HEADING + KESTREL + "Owl;owl;Europe/London;;;\r\n")
    async with store.running() as running:
        told = await type_.bad("rooms", "import", str(table))
        assert "add     room kestrel" in told
        assert "3    E-mail     error  must be the mailbox's SMTP address" in told
        assert "2    Room list  error  there is no room list North wing" in told
        assert "2 rows, 2 of them bad" in told
        assert "this cannot be: nothing was changed" in told
        refused = await type_.bad("rooms", "import", str(table), "--apply", "--add-lists")
        assert "3    E-mail" in refused
        good = ("--apply", "--only-good", "--add-lists", "--why", "from the estate office")
        told = await type_.bad("rooms", "import", str(table), *good)
        assert "applied as change 1; `roombridge rooms undo 1` takes it back" in told
        await until(running.titles, "the room is read")
        out = await type_.ok("rooms", "export", "--separator", "semicolon")
        assert out.startswith("\ufeffid;name;mailbox;")
        assert "kestrel;Kestrel;kestrel@example.com;Europe/London;;North;;8;;north-wing" in out
        assert "there is nothing to change" in await type_.ok("rooms", "import", "-", stdin=out)
        same = await type_.ok("rooms", "import", "-", "--apply", stdin=out)
        assert "there is nothing to change" in same
        copy = store.folder / "copy.yaml"
        await type_.ok("rooms", "export", "--yaml", str(copy))
        told = json.loads(await type_.ok("rooms", "import", str(copy), "--json"))
        assert (told["changes"], told["count"], told["bad"]) == ([], 2, 0)
        assert "no such file" in (await type_.bad("rooms", "import", "none.csv", status=2)).lower()
        told = await type_.bad("rooms", "import", str(copy), "--only-good", status=2)
        assert "is taken whole" in told


async def written(file: Path, text: str) -> None:
    await asyncio.to_thread(file.write_bytes, text.encode())
