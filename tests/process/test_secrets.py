"""`roombridge secrets`, and the appliance that lives by the vault."""

import asyncio
import json
import os
import pty
import sqlite3
import stat
from pathlib import Path

import pytest

from connector.simulators.cisco import Codec
from connector.simulators.graph import Tenant
from tests.fakes.transit import TOKEN, Transit, served
from tests.process.conftest import PATIENCE, PROGRAM, ROOT, Site, command, until

PLANTED = "correct-horse-battery"


@pytest.fixture
async def vaulted(site: Site, tenant: Tenant) -> Site:
    """A site whose client secret is in the vault, which it finds by a key file."""
    tenant.register_app(secret=PLANTED)
    source = site.settings["sources"]["m365"]
    del source["client_secret_file"]
    source["client_secret"] = "vault:m365"
    site.settings["vault"] = {"key_file": "vault.key"}
    site.write()
    status, _, told = await site.command("secrets", "init")
    assert status == 0, told
    assert "vault.key is made" in told
    assert (await site.command("secrets", "set", "m365", stdin=f"{PLANTED}\n"))[0] == 0
    return site


def audited(site: Site) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(site.folder / "data" / "bridge.db")
    try:
        rows = connection.execute(
            "SELECT actor, action, object FROM audit WHERE action LIKE 'secrets.%' ORDER BY rowid"
        ).fetchall()
    finally:
        connection.close()
    return [(actor, action, name) for actor, action, name in rows]


async def names(site: Site) -> list[str]:
    status, out, _ = await site.command("secrets", "list", "--json")
    assert status == 0
    return [one["name"] for one in json.loads(out)["secrets"]]


async def test_the_appliance_reads_rooms_with_a_secret_of_the_vault(vaulted: Site) -> None:
    vaulted.book("Review")
    async with vaulted.running() as running:
        assert await until(running.titles) == ["Review"]
        assert await running.stop() == 0
        assert PLANTED not in "\n".join(running.log)
    for file in vaulted.folder.rglob("*"):
        if file.is_file():
            assert PLANTED.encode() not in file.read_bytes(), file
    assert [row[1:] for row in audited(vaulted)] == [("secrets.init", ""), ("secrets.set", "m365")]
    assert all(row[0].startswith("cli:") for row in audited(vaulted))


async def test_a_room_system_takes_its_password_from_the_vault_at_every_start(
    vaulted: Site, codec: Codec
) -> None:
    endpoint = vaulted.rooms[0]["endpoints"][0]
    del endpoint["password_file"]
    endpoint["password"] = "vault:endpoint/kestrel"
    await vaulted.command("secrets", "set", "endpoint/kestrel", stdin="right")
    for start in (1, 2):  # the second has the room list as it was compiled
        vaulted.book(f"Review {start}", hour=start)

        async def shown(wanted: int = start) -> bool:
            return len(codec.screen().bookings) == wanted

        async with vaulted.running() as running:
            await until(shown)
            assert await running.stop() == 0
        compiled = (vaulted.folder / "data" / "rooms.compiled").read_bytes()
        assert b"vault:endpoint/kestrel" in compiled
    await vaulted.command("secrets", "delete", "endpoint/kestrel", "--force")
    status, out, _ = await vaulted.command("check")
    assert status == 2
    assert "rooms[0].endpoints[0].password: there is no secret endpoint/kestrel" in out


async def test_secrets_change_beside_the_running_appliance(vaulted: Site, tenant: Tenant) -> None:
    vaulted.book("Review")
    async with vaulted.running() as running:
        await until(running.titles)
        assert (await vaulted.command("secrets", "rotate"))[0] == 0
        new = vaulted.folder / "new.key"
        status, _, told = await vaulted.command("secrets", "rotate", "--key-file", str(new))
        assert status == 0
        assert "new.key is made" in told
        new.replace(vaulted.folder / "vault.key")
        assert (await vaulted.command("secrets", "rotate"))[0] == 0
        tenant.register_app(secret="another")
        tenant.revoke_tokens()
        assert (await vaulted.command("secrets", "set", "m365", stdin="another"))[0] == 0
        vaulted.book("Talk", hour=3)

        async def both() -> bool:
            return await running.titles() == ["Review", "Talk"]

        await until(both, "a read with the new secret")

        async def noted() -> bool:
            return len(audited(vaulted)) == 6

        await until(noted, "the audit log")
        assert await running.stop() == 0
        assert not any("another" in line or PLANTED in line for line in running.log)
    assert [row[1:] for row in audited(vaulted)] == [
        ("secrets.init", ""),
        ("secrets.set", "m365"),
        ("secrets.rotate", ""),
        ("secrets.rotate", ""),
        ("secrets.rotate", ""),
        ("secrets.set", "m365"),
    ]


async def test_list_and_delete_tell_names_and_guard_what_is_used(vaulted: Site) -> None:
    await vaulted.command("secrets", "set", "spare", stdin="x")
    assert await names(vaulted) == ["m365", "spare"]
    status, out, _ = await vaulted.command("secrets", "list")
    assert status == 0
    assert out.split()[:3] == ["NAME", "SET", "BY"]
    assert PLANTED not in out
    status, _, told = await vaulted.command("secrets", "delete", "m365")
    assert (status, "bridge.yaml:1" in told, "--force" in told) == (1, True, True)
    assert (await vaulted.command("secrets", "delete", "spare"))[0] == 0
    status, _, told = await vaulted.command("secrets", "delete", "m36")
    assert (status, told) == (1, "there is no secret m36 in the vault (did you mean m365?)\n")
    assert (await vaulted.command("secrets", "delete", "m365", "--force"))[0] == 0
    assert await names(vaulted) == []


async def test_what_is_wrong_with_the_vault_is_told_with_all_the_rest(vaulted: Site) -> None:
    vaulted.settings["stale_aftr"] = "1h"
    vaulted.settings["sources"]["m365"]["client_secret"] = "vault:m356"
    vaulted.write()
    status, out, _ = await vaulted.command("check", "--json")
    told = {one["path"]: (one["words"], one["hint"]) for one in json.loads(out)["problems"]}
    assert status == 2
    assert told["stale_aftr"][0] == "no such setting"
    assert told["sources.m365.client_secret"] == (
        "there is no secret m356 in the vault",
        "did you mean m365?",
    )


async def test_a_wrong_key_is_a_clear_error_and_destroys_nothing(vaulted: Site) -> None:
    key, vault = vaulted.folder / "vault.key", vaulted.folder / "data" / "vault"
    before = vault.read_bytes()
    right = key.read_text()
    key.write_text("ab" * 32)
    for words in (
        ("check",),
        ("run",),
        ("secrets", "list"),
        ("secrets", "set", "m365"),
        ("secrets", "delete", "m365", "--force"),
        ("secrets", "rotate"),
        ("secrets", "init"),
    ):
        status, out, told = await vaulted.command(*words, stdin="other")
        assert status == 2, words
        if words[-1] != "init":
            assert "the vault opens with local/" in out + told
            assert "bring back the key" in out + told
    assert vault.read_bytes() == before
    key.write_text(right)
    assert (await vaulted.command("check"))[0] == 0


async def test_the_key_comes_from_systemd_where_none_is_configured(
    site: Site, tmp_path: Path
) -> None:
    site.write()
    status, _, told = await site.command("secrets", "init")
    assert (status, "no key for the vault is configured" in told) == (2, True)
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "vault-key").write_text("12" * 32)
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    config = str(site.folder / "bridge.yaml")
    for words, given in (("init", ""), ("set m365", "x"), ("list", "")):
        done = await command(
            "secrets", *words.split(), "--config", config, stdin=given, env=environment
        )
        assert done[0] == 0, done
    assert "m365" in done[1]


async def test_a_terminal_is_asked_without_echo(vaulted: Site) -> None:
    leader, follower = pty.openpty()
    config = str(vaulted.folder / "bridge.yaml")
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "secrets", "set", "typed", "--config", config),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        cwd=ROOT,
    )
    os.close(follower)
    shown = b""
    async with asyncio.timeout(PATIENCE):
        for wanted in (b"Secret: ", b"Again: ", b"typed is set"):
            while wanted not in shown:
                shown += await asyncio.to_thread(os.read, leader, 1000)
            if wanted != b"typed is set":
                os.write(leader, b"t0p-s3cret\n")
        assert await process.wait() == 0
    os.close(leader)
    assert b"t0p-s3cret" not in shown
    assert "typed" in await names(vaulted)


async def test_files_of_the_vault_are_for_their_owner_only(vaulted: Site) -> None:
    for file in (vaulted.folder / "vault.key", vaulted.folder / "data" / "vault"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_start_waits_for_the_key_service_and_then_serves(vaulted: Site) -> None:
    transit = Transit()
    (vaulted.folder / "token").write_text(TOKEN)
    vaulted.book("Review")
    with served(transit) as url:
        service = {"url": url, "key": "bridge", "token_file": "token"}
        vaulted.settings["vault"]["key_service"] = service
        vaulted.write()
        assert (await vaulted.command("secrets", "rotate"))[0] == 0
        del vaulted.settings["vault"]["key_file"]
        transit.status = 503
        running = await vaulted.start()
        reading = asyncio.create_task(running.read_log())

        async def waits() -> bool:
            return any("waiting, tried again" in line for line in running.log)

        async def serves() -> bool:
            return bool(running.port and await running.titles() == ["Review"])

        await until(waits, "the word that it waits")
        transit.status = 200
        await until(serves, "the rooms")
        assert await running.stop() == 0
        await reading
        assert sum("waiting, tried again" in line for line in running.log) == 1


async def test_a_change_while_the_key_service_is_away_is_made_up_for(vaulted: Site) -> None:
    transit = Transit()
    (vaulted.folder / "token").write_text(TOKEN)
    vaulted.book("Review")
    with served(transit) as url:
        service = {"url": url, "key": "bridge", "token_file": "token"}
        vaulted.settings["vault"] = {"key_service": service, "key_file": "vault.key"}
        vaulted.write()
        assert (await vaulted.command("secrets", "rotate"))[0] == 0
        vaulted.settings["vault"] = {"key_service": service}
        async with vaulted.running() as running:
            await until(running.titles)
            transit.status = 503
            vaulted.add_room("heron")
            vaulted.book("Talk", room="heron")
            vaulted.write()
            await until(lambda: running.titles("heron"), "a new room needs no key")
            vaulted.settings["vault"]["key_service"] = {**service, "mount": "transit"}
            (vaulted.folder / "token2").write_text(TOKEN)
            vaulted.settings["vault"]["key_service"]["token_file"] = "token2"
            vaulted.add_room("robin")
            vaulted.book("Third", room="robin")
            vaulted.write()

            async def codes() -> list[str]:
                told = await running.get("/api/v1/rooms/kestrel")
                return [trouble["code"] for trouble in told["health"]]

            async def none() -> bool:
                return not await codes()

            assert await until(codes, "trouble") == ["configuration_rejected"]
            transit.status = 200
            await until(lambda: running.titles("robin"), "the third room")
            await until(none, "good health")
            assert await running.stop() == 0


async def test_a_change_of_the_vault_counts_beside_a_configuration_that_is_wrong(
    vaulted: Site,
) -> None:
    vaulted.book("Review")
    async with vaulted.running() as running:
        await until(running.titles)
        vaulted.settings["nonsense"] = "1"
        vaulted.write()
        assert (await vaulted.command("secrets", "set", "spare", stdin="x"))[0] == 0

        async def noted() -> bool:
            return audited(vaulted)[-1][1:] == ("secrets.set", "spare")

        await until(noted, "the audit log")
        assert await running.titles() == ["Review"]
        assert await running.stop() == 0
