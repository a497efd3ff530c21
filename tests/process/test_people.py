"""People from the first owner on, with the command line and over the network, as processes."""

import asyncio
import json
import signal
from typing import Any

import aiohttp

from tests.process.conftest import Running, Site

PASSWORD = "a heron stands in the reeds"


async def post(running: Running, path: str, **more: Any) -> tuple[int, str, str]:
    """Status, where it leads, and the session's secret."""
    url = f"http://127.0.0.1:{running.port}{path}"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, allow_redirects=False, **more) as answer,
    ):
        cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer.status, answer.headers.get("Location", ""), cookie


async def who(running: Running, cookie: str) -> Any:
    """Who a browser is signed in as; its address is not loopback's to the appliance."""
    headers = {"Cookie": cookie, "Host": "rooms.example.com"}
    url = f"http://127.0.0.1:{running.port}/api/v1/session"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return (await answer.json()).get("name") if answer.status == 200 else answer.status


async def test_from_the_first_owner_on_nobody_needs_a_default_password(site: Site) -> None:
    site.settings["public_url"] = "https://rooms.example.com"
    async with site.running() as running:
        status, out, errors = await site.command("people", "list")
        assert (status, len(out.splitlines())) == (0, 1), "nobody is there at first"
        status, _, errors = await site.command("people", "invite", "ada")
        assert (status, errors) == (2, "somebody new needs a --role\n")
        status, out, errors = await site.command("people", "invite", "ada", "--role", "owner")
        assert status == 0
        assert "https://rooms.example.com/admin/welcome" in errors
        code = out.strip()
        assert "invited until" in (await site.command("people", "list"))[1]
        form = {"code": code, "password": "too short"}
        _, where, _ = await post(running, "/admin/welcome", data=form)
        assert where == "/admin/welcome?weak=password_too_short"
        form = {"code": code, "password": PASSWORD}
        status, where, cookie = await post(running, "/admin/welcome", data=form)
        assert (status, where) == (303, "/admin")
        assert await who(running, cookie) == "person:ada"
        for arguments in (("remove", "ada"), ("set", "ada", "--role", "viewer")):
            status, _, errors = await site.command("people", *arguments)
            assert (status, "last owner" in errors) == (1, True)
        await running.stop(signal.SIGKILL)
    async with site.running() as running:
        assert await who(running, cookie) == "person:ada", "a crash signs nobody out"
        order = {"name": "ADA", "password": PASSWORD}
        assert (await post(running, "/api/v1/session", json=order))[0] == 201
        status, out, _ = await site.command("people", "sessions", "ada", "--json")
        sessions = json.loads(out)["sessions"]
        assert len(sessions) == 2
        assert (await site.command("people", "sessions", "--end", sessions[0]["id"]))[0] == 0
        assert await who(running, cookie) == 401
    for file in (await asyncio.to_thread(_files, site)).values():
        for word in (PASSWORD, code, cookie.partition("=")[2]):
            assert word.encode() not in file


def _files(site: Site) -> dict[str, bytes]:
    found = (path for path in site.folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in found}


async def test_the_command_line_invites_changes_and_removes(site: Site) -> None:
    async with site.running():
        await site.command("people", "invite", "ada", "--role", "owner")
        status, out, _ = await site.command(
            "people", "invite", "bob", "--role", "facilities", "--shown", "Bob", "--json"
        )
        assert status == 0
        first = json.loads(out)
        assert first["person"]["shown"] == "Bob"
        status, out, errors = await site.command("people", "invite", "BOB")
        assert (status, out.strip() != first["code"]) == (0, True), "another code for who is there"
        assert "followed by /admin/welcome" in errors
        status, _, errors = await site.command("people", "invite", "bob", "--role", "owner")
        assert (status, "people set" in errors) == (1, True)
        status, _, errors = await site.command("people", "set", "bob", "--list", "nowhere")
        assert (status, errors) == (1, "There is no such list of rooms\n")
        status, out, _ = await site.command("people", "set", "bob", "--role", "viewer", "--disable")
        assert status == 0
        assert "disabled" in out
        assert "all rooms" in out
        assert (await site.command("people", "set", "bob", "--enable", "--rename", "rob"))[0] == 0
        assert (await site.command("people", "set", "rob"))[0] == 2
        assert (await site.command("people", "remove", "rob"))[1] == "rob is removed\n"
        status, _, errors = await site.command("people", "remove", "rob")
        assert (status, errors) == (1, "nobody is called rob\n")
