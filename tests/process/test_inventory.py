"""The inventory of a real process: changed while it runs, kept through whatever ends it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bridge.settings.model import VaultSettings
from bridge.settings.vaults import vault_of
from bridge.vault.keys import new_key
from bridge.vault.vault import Vault
from connector.secret import Secret
from tests.bridge.vault.conftest import AT
from tests.process.conftest import Running, Site, until

KESTREL = {"mailbox": "kestrel@example.com", "time_zone": "Europe/London", "name": "Kestrel"}


@pytest.fixture
def store(site: Site) -> Site:
    """A site whose inventory is in the database, and empty."""
    site.settings["inventory"] = "store"
    site.rooms.clear()
    return site


class Socket:
    """The API over the control socket."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The status, and what was answered."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://localhost/api/v1/inventory{path}"
        async with self._http.request(method, url, json=body, headers=named) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def apply(self, **order: Any) -> int:
        """Plan and apply; the number of the change."""
        status, plan = await self.ask("POST", "/plans", order)
        assert status == 201, plan
        status, applied = await self.ask("POST", f"/plans/{plan['id']}/apply")
        assert status == 200, applied
        number: int = applied["change"]
        return number


@asynccontextmanager
async def socket_of(site: Site) -> AsyncIterator[Socket]:
    """Somebody at the appliance itself."""
    way = aiohttp.UnixConnector(path=str(site.folder / "data" / "control.sock"))
    async with aiohttp.ClientSession(connector=way) as http:
        yield Socket(http)


async def test_a_room_is_added_read_retired_and_brought_back(store: Site) -> None:
    store.book("Budget")
    async with store.running() as running, socket_of(store) as control:
        await control.apply(rooms={"kestrel": KESTREL})
        await until(lambda: _shows(running, "Budget"), "the new room's agenda")
        retired = await control.apply(rooms={"kestrel": None}, why="being rebuilt")
        assert await running.get("/api/v1/rooms/kestrel/agenda") is None
        status, _ = await control.ask("POST", f"/changes/{retired}/undo")
        assert status == 200
        await until(lambda: _shows(running, "Budget"), "the agenda once more")
        _, history = await control.ask("GET", "/changes")
        assert [one["undoes"] for one in history["changes"]] == [retired, None, None]
    async with store.running() as running:
        rooms = await running.get("/api/v1/rooms")
        assert [one["id"] for one in rooms["rooms"]] == ["kestrel"]


async def test_two_people_cannot_overwrite_each_other(store: Site) -> None:
    async with store.running(), socket_of(store) as control:
        await control.apply(rooms={"kestrel": KESTREL})
        _, before = await control.ask("GET", "")
        match = {"If_Match": f'"{before["version"]}"'}
        body = {"entry": {"floor": "2"}}
        first, _ = await control.ask("PATCH", "/rooms/kestrel", body, **match)
        second, refused = await control.ask("PATCH", "/rooms/kestrel", body, **match)
        assert (first, second, refused["code"]) == (200, 412, "changed_meanwhile")
        none, asked = await control.ask("PATCH", "/rooms/kestrel", body)
        assert (none, asked["code"]) == (428, "if_match_needed")


async def test_what_cannot_be_is_refused_with_its_place(store: Site) -> None:
    async with store.running(), socket_of(store) as control:
        entry = {"entry": KESTREL | {"time_zone": "Nowhere"}}
        status, refused = await control.ask("PUT", "/rooms/kestrel", entry, If_Match="*")
        assert (status, refused["code"]) == (422, "inventory_unfit")
        (problem,) = refused["problems"]
        assert (problem["entry"], problem["setting"]) == ("rooms.kestrel", "time_zone")
        assert (await control.ask("GET", ""))[1]["rooms"] == []


async def test_killed_in_the_middle_it_has_the_old_inventory_or_the_new(store: Site) -> None:
    """Many times: each kill meets another moment of the change."""
    many = {f"r{number}": KESTREL | {"name": f"R{number}"} for number in range(300)}
    for moment in range(4):
        async with store.running() as running, socket_of(store) as control:
            _, plan = await control.ask("POST", "/plans", {"rooms": many | {"x": KESTREL}})
            work = asyncio.create_task(control.ask("POST", f"/plans/{plan['id']}/apply"))
            await asyncio.sleep(0.004 * moment)
            await running.stop(signal.SIGKILL)
            await asyncio.wait([work])
            work.exception()
        async with store.running() as running, socket_of(store) as control:
            _, found = await control.ask("GET", "")
            assert len(found["rooms"]) in {0, 301}
            if found["rooms"]:
                await control.apply(rooms=dict.fromkeys([*many, "x"]))


async def _shows(running: Running, title: str) -> bool:
    return title in (await running.titles() or ())


async def test_a_start_deletes_a_secret_whose_change_was_never_written(store: Site) -> None:
    lost, by_hand = "endpoint/codec/password-0123abcd", "endpoint/codec"
    key, data = store.folder / "vault.key", store.folder / "data"
    store.settings["vault"] = {"key_file": str(key)}

    def made() -> Vault:
        data.mkdir(mode=0o700)
        key.write_text(new_key())
        key.chmod(0o600)
        vault = vault_of(data, VaultSettings(key_file=key))
        vault.init(at=AT, by="cli:ada")
        vault.put(lost, Secret("planted"), at=AT, by="ada")
        vault.put(by_hand, Secret("kept"), at=AT, by="cli:ada")
        return vault

    vault = await asyncio.to_thread(made)

    async def names() -> list[str]:
        await asyncio.to_thread(vault.reopen)
        return [one.name for one in vault.listed()]

    async def gone() -> bool:
        return lost not in await names()

    async with store.running() as running:
        await until(gone, "that the vault forgets it")
        assert await names() == [by_hand]
    assert "planted" not in "\n".join(running.log)
