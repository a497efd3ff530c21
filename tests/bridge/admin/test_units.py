"""Room systems by form: passwords go in and never come out, and systems move between rooms."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.settings.vaults import vault_of
from connector.secret import Secret
from rooms.inventory.document import endpoints
from tests.bridge.admin.stocked import Stock, looked_at, made, served, stock
from tests.bridge.admin.test_editing import applied, checked, opened, planned
from tests.bridge.inventory.keeping import STORE
from tests.fakes.virtual import NOON

__all__ = ["made", "stock"]  # fixtures

ADD = "/admin/rooms/kestrel/add-system"
ONE = "/admin/rooms/kestrel/systems/kestrel-cisco"
CODEC = {"kind": "cisco", "address": "10.0.0.1", "username": "bridge"}
SECRET = "correct horse battery"


class Vault:
    """A real vault, which writes beside the loop."""

    there = True

    def __init__(self, stock: Stock) -> None:
        site = stock.configuration.site
        self.opened = vault_of(site.data_dir, site.vault)
        self.opened.init(at=NOON, by="test")

    async def put(self, secrets: Mapping[str, Secret], /, *, by: str) -> None:
        """Keep these."""
        await asyncio.to_thread(self.opened.put_all, secrets, at=NOON, by=by)

    def given(self) -> list[str]:
        """Names of what came."""
        return [one.name for one in self.opened.listed()]

    async def drop(self, names: Collection[str], /, *, by: str) -> None:
        """Forget these."""
        await asyncio.to_thread(self.opened.drop_these, names, at=NOON, by=by)

    @property
    def kept(self) -> list[str]:
        """What it has."""
        found = (self.opened.get(one.name) for one in self.opened.listed())
        return [one.reveal() for one in found if one is not None]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Stock]:
    """With a vault; rooms of the pages have the systems of the inventory."""
    key = tmp_path / "vault.key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    with looked_at(Stock(tmp_path, STORE + "vault: {key_file: vault.key}\n")) as stock:
        stock.keeper.vault = Vault(stock)
        yield stock


@pytest.fixture
async def vault(locked: Stock) -> AsyncIterator[Stock]:
    """Served."""
    async with served(locked) as opened:
        yield opened


def kept_in(stock: Stock) -> list[str]:
    assert isinstance(stock.keeper.vault, Vault)
    return stock.keeper.vault.kept


def unit(stock: Stock, room: str = "kestrel", name: str = "kestrel-cisco") -> Any:
    return endpoints(stock.document.rooms[room]).get(name)


async def test_a_system_is_added_and_its_password_goes_to_the_vault(vault: Stock) -> None:
    vault.look_as(vault.facilities("north"))
    fields = await opened(vault, ADD)
    where = await planned(vault, ADD, fields | CODEC | {"password": SECRET})
    page = await vault.text(where)
    assert "a secret that is kept" in page
    assert SECRET not in page
    assert "vault:" not in page
    back = await vault.text(where.replace("?", "/form?"))
    assert SECRET not in back
    assert kept_in(vault) == []
    answer = await vault.send(where)
    assert answer.headers["Location"] == "/admin/rooms/kestrel?done=applied"
    found = unit(vault)
    assert {key: found[key] for key in CODEC} == CODEC
    assert kept_in(vault) == [SECRET]
    page = await vault.text(ONE)
    assert "One is kept." in page
    assert "vault:" not in page
    assert SECRET not in page


async def test_where_no_secrets_can_be_kept_that_is_said(stock: Stock) -> None:
    fields = await opened(stock, ADD)
    answer = await stock.send(ADD, fields | CODEC | {"password": SECRET})
    assert answer.status == 409
    page = await answer.text()
    assert "set up the vault" in page
    assert SECRET not in page
    told = await checked(stock, ADD, fields | CODEC | {"password": SECRET})
    assert "vault" in told["words"]


async def test_a_system_is_changed_moved_and_removed(vault: Stock) -> None:
    await applied(vault, ADD, await opened(vault, ADD) | CODEC | {"password": SECRET})
    fields = await opened(vault, ONE)
    answer = await vault.send(ONE, fields)
    assert "done=nothing" in answer.headers["Location"]
    await applied(vault, ONE, fields | {"username": "other", "rest": "call_rate: 4000"})
    assert (unit(vault)["username"], unit(vault)["call_rate"]) == ("other", "4000")
    assert unit(vault)["password"].startswith("vault:endpoint/")
    where = await planned(vault, ONE, await opened(vault, ONE) | {"room": "wren"})
    assert "It shows the meetings of the other room from then on." in await vault.text(where)
    await vault.send(where)
    assert unit(vault) is None
    assert unit(vault, "wren")["username"] == "other"
    path = "/admin/rooms/wren/systems/kestrel-cisco"
    assert (await vault.client.get(ONE)).status == 404
    await applied(vault, f"{path}/remove", {})
    assert unit(vault, "wren") is None


async def test_a_password_is_not_sent_to_another_address(vault: Stock) -> None:
    await applied(vault, ADD, await opened(vault, ADD) | CODEC | {"password": SECRET})
    fields = await opened(vault, ONE)
    answer = await vault.send(ONE, fields | {"address": "10.6.6.6"})
    assert answer.status == 422
    page = await answer.text()
    assert 'aria-describedby="password-hint password-wrong" aria-invalid="true"' in page
    told = await checked(vault, ONE, fields | {"address": "10.6.6.6"})
    assert [one["words"] for one in told["fields"]["password"]] == ["This must not be empty."]
    await applied(vault, ONE, fields | {"address": "10.6.6.6", "password": "another horse"})
    assert unit(vault)["address"] == "10.6.6.6"


async def test_a_reader_signs_in_elsewhere_in_its_settings(vault: Stock) -> None:
    new = {"kind": "reader", "username": "HALL\\kestrel", "password": SECRET, "id": "panel"}
    await applied(vault, ADD, await opened(vault, ADD) | new)
    found = unit(vault, name="panel")
    assert found["facade"]["username"] == "HALL\\kestrel"
    assert found["facade"]["password"].startswith("vault:")
    path = "/admin/rooms/kestrel/systems/panel"
    fields = await opened(vault, path)
    assert fields["username"] == "HALL\\kestrel"
    assert "facade" not in fields["rest"]
    await applied(vault, path, fields | {"username": "HALL\\wren"})
    assert unit(vault, name="panel")["facade"]["username"] == "HALL\\wren"


async def test_what_is_wrong_with_a_system_stands_beside_its_field(vault: Stock) -> None:
    fields = await opened(vault, ADD) | CODEC
    bad = {"address": "not an address", "password": "x"}
    told = await checked(vault, ADD, fields | bad)
    assert set(told["fields"]) == {"address"}, told
    told = await checked(vault, ADD, fields | {"password": "x", "rest": "call_rate: much\nledd: 1"})
    assert len(told["fields"]["rest"]) == 2
    assert told["fields"]["rest"][0]["words"].startswith("endpoints[0].")
    for rest in ("password: x", "hook: x", "password_file: /etc/passwd"):
        told = await checked(vault, ADD, fields | {"password": "x", "rest": rest})
        assert "does not stand here" in told["fields"]["rest"][0]["words"]
    await applied(vault, ADD, fields | {"password": "x", "id": "codec"})
    answer = await vault.send(ADD, fields | {"password": "x", "id": "codec"})
    assert "There is a room system with the short name codec already." in await answer.text()


async def test_a_system_that_moves_is_judged_beside_its_fields(vault: Stock) -> None:
    await applied(vault, ADD, await opened(vault, ADD) | CODEC | {"password": SECRET})
    fields = await opened(vault, ONE) | {"room": "wren", "address": "not an address"}
    told = await checked(vault, ONE, fields)
    assert set(told["fields"]) == {"address", "password"}, told


async def test_systems_of_other_rooms_are_not_there(vault: Stock) -> None:
    vault.look_as(vault.facilities("north"))
    for path in ("/admin/rooms/heron/add-system", "/admin/rooms/kestrel/systems/far"):
        assert (await vault.client.get(path)).status == 404
        assert (await vault.send(path, CODEC)).status == 404
    await applied(vault, ADD, await opened(vault, ADD) | CODEC | {"password": SECRET})
    fields = await opened(vault, ONE)
    answer = await vault.send(ONE, fields | {"room": "heron"})
    assert answer.status == 403
    assert unit(vault) is not None
