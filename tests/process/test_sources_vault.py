"""Identities whose secrets lie in the vault, on the real program."""

import json

import pytest

from connector.simulators.graph import Tenant

from .conftest import Running, Site, until
from .test_sources import ROOMS, authorizing, delegated, told

__all__ = ["delegated"]


@pytest.fixture
async def vaulted(site: Site) -> Site:
    """A site with a vault."""
    site.settings["vault"] = {"key_file": "vault.key"}
    site.write()
    status, _, errors = await site.command("secrets", "init")
    assert status == 0, errors
    return site


async def kept(site: Site) -> list[str]:
    """The names of the secrets in the vault."""
    _, out, _ = await site.command("secrets", "list", "--json")
    return [one["name"] for one in json.loads(out)["secrets"]]


async def codes(appliance: Running) -> list[str]:
    room = await appliance.get("/api/v1/rooms/kestrel")
    return [one["code"] for one in room["health"]]


async def test_a_service_account_signs_in_once_and_is_read_after_each_restart(
    delegated: Site, vaulted: Site, tenant: Tenant
) -> None:
    site = vaulted
    async with site.running() as appliance:
        process = await authorizing(site)
        assert process.stdout
        lines = [(await process.stdout.readline()).decode() for _ in range(3)]
        tenant.sign_in(lines[2].split()[-1], ROOMS)
        await process.communicate()
        assert process.returncode == 0
        await until(appliance.titles, "the first read")
    assert await kept(site) == ["source/m365/refresh_token"]
    tenant.revoke_tokens()
    site.book("Another")
    async with site.running() as appliance:

        async def both() -> bool:
            return len(await appliance.titles() or []) == 2

        await until(both, "a read with the token that was kept")
        status, answer = await told(site, "revoke", "m365")
        assert (status, answer["complete"]) == (0, True)
        assert await kept(site) == []
    tokens = [*tenant._tokens, *tenant.refresh_tokens._tokens]
    assert tokens
    for file in site.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [one for one in tokens if one.encode() in content], file


async def test_a_revoked_source_that_lost_its_secret_does_not_stop_the_start(
    vaulted: Site, tenant: Tenant
) -> None:
    site = vaulted
    source = site.settings["sources"]["m365"]
    del source["client_secret_file"]
    source["client_secret"] = "vault:m365"
    assert (await site.command("secrets", "set", "m365", stdin="right"))[0] == 0
    site.book("Review")
    async with site.running() as appliance:
        await until(appliance.titles, "the first read")
        status, answer = await told(site, "revoke", "m365")
        assert (status, answer["deleted"], answer["settings"]) == (0, ["m365"], [])
    async with site.running() as appliance:
        assert await appliance.titles() == ["Review"]
        assert await codes(appliance) == ["source_revoked"]
        status, answer = await told(site, "authorize", "m365")
        assert (status, answer["problem"]) == (1, "credentials_missing")
        assert (await site.command("secrets", "set", "m365", stdin="right"))[0] == 0

        async def given_back() -> bool:
            return (await told(site, "authorize", "m365"))[0] == 0

        await until(given_back, "the new secret")

        async def well() -> bool:
            return await codes(appliance) == []

        await until(well, "read again")


async def test_a_secret_that_another_source_uses_stays(vaulted: Site) -> None:
    site = vaulted
    sources = site.settings["sources"]
    del sources["m365"]["client_secret_file"]
    sources["m365"]["client_secret"] = "vault:shared"
    sources["second"] = dict(sources["m365"])
    site.rooms[0]["source"] = "m365"
    site.add_room("heron", source="second")
    assert (await site.command("secrets", "set", "shared", stdin="right"))[0] == 0
    site.book("Review", room="heron")
    async with site.running() as appliance:
        await until(lambda: appliance.titles("heron"), "the other source's room")
        status, answer = await told(site, "revoke", "m365")
        assert (status, answer["deleted"]) == (0, [])
        assert answer["settings"] == ["sources.m365.client_secret"]
        assert await kept(site) == ["shared"]
        status, answer = await told(site, "revoke", "second")
        assert (status, answer["deleted"]) == (0, ["shared"]), "nobody uses it any more"
