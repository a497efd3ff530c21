"""Room systems from the command line and from a display, with a simulated codec."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from connector.simulators.cisco import Codec, serve
from tests.process.conftest import Running, Site, until
from tests.process.test_cli import ZOOM

ADDRESS = "someone@elsewhere.example.com"


def told(out: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(out)
    return answer


async def booking_of(running: Running) -> str:
    async def known() -> str | None:
        agenda = await running.get("/api/v1/rooms/kestrel/agenda")
        return agenda["bookings"][0]["id"] if agenda and agenda["bookings"] else None

    return str(await until(known, "the booking"))


def looked_after(running: Running) -> Callable[[], Coroutine[Any, Any, bool]]:
    async def known() -> bool:
        return bool(await running.get("/api/v1/endpoints/kestrel-codec"))

    return known


async def display_of(site: Site, running: Running) -> aiohttp.ClientSession:
    """Somebody at the door of kestrel."""
    _, token, _ = await site.command("tokens", "create", "door", "--display", "kestrel")
    headers = {"Authorization": f"Bearer {token.strip()}"}
    return aiohttp.ClientSession(f"http://127.0.0.1:{running.port}", headers=headers)


async def test_a_unit_is_listed_shown_and_its_certificate_compared(
    site: Site, codec: Codec
) -> None:
    site.book("Review", body=ZOOM)
    async with site.running() as running:
        await until(running.titles)

        async def listed() -> str | None:
            status, out, _ = await site.command("endpoints", "list")
            return out if status == 0 and re.search("shown|confirmed", out) else None

        out = await until(listed, "a list that was taken")
        assert re.search(r"kestrel-codec +kestrel +cisco +(shown|confirmed)", out)
        status, out, errors = await site.command("endpoints", "show", "kestrel-codec")
        assert (status, errors) == (0, "")
        assert "it is the one that is pinned" in out
        _, out, _ = await site.command("endpoints", "show", "kestrel-codec", "--json")
        unit = told(out)
        pinned = site.rooms[0]["endpoints"][0]["tls"]["fingerprint"]
        assert unit["presented"]["certificate"] == unit["presented"]["pinned"] == pinned
        assert unit["notice"] is None
        assert "dials" in unit["can"]
        status, out, _ = await site.command("endpoints", "push", "kestrel-codec")
        assert (status, out) == (0, "kestrel-codec took its list\n")
        assert (await site.command("endpoints", "push", "nobody"))[0] == 1


async def test_an_address_is_dialled_and_hung_up_and_stands_in_no_log(
    site: Site, codec: Codec
) -> None:
    async with site.running() as running:
        await until(looked_after(running), "the codec")
        status, out, errors = await site.command("endpoints", "dial", "kestrel-codec", ADDRESS)
        assert (status, out) == (0, "kestrel-codec dials\n"), errors
        (call,) = codec.calls.all()
        assert call.number == ADDRESS
        status, _, errors = await site.command("endpoints", "dial", "kestrel-codec", "a@b.example")
        assert (status, "another call" in errors) == (1, True)
        status, out, _ = await site.command("endpoints", "tones", "kestrel-codec", "12#")
        assert codec.calls.all()[0].tones == "12#"
        status, _, _ = await site.command("endpoints", "hangup", "kestrel-codec")
        assert (status, codec.calls.all()) == (0, ())
        assert (await site.command("endpoints", "dial", "kestrel-codec"))[0] == 2
    assert ADDRESS not in "\n".join(running.log)
    assert ADDRESS.encode() not in (site.folder / "data" / "bridge.db").read_bytes()


async def test_one_touch_at_the_door_joins_and_the_codec_knows_the_booking(
    site: Site, codec: Codec
) -> None:
    site.book("Secret", hour=-0.1, body=ZOOM, sensitivity="private")
    async with site.running() as running:
        booking = await booking_of(running)
        path = f"/api/v1/rooms/kestrel/bookings/{booking}"
        async with await display_of(site, running) as door:
            async with door.get("/api/v1/rooms/kestrel/agenda") as answer:
                (shown,) = (await answer.json())["bookings"]
                assert (shown["join"], shown["can_join"]) == (None, True)
            async with door.post(f"{path}/join") as answer:
                assert answer.status == 200, await answer.text()
                assert (await answer.json())["done"] == "joined"
            async with door.post(f"{path}/join") as answer:
                assert (await answer.json())["done"] == "already"
            (call,) = codec.calls.all()
            assert (call.booking_id, call.number) == (booking, "91234567890@zoomcrc.com")
            async with door.get("/api/v1/rooms/kestrel/call") as answer:
                call_of_room = await answer.json()
                assert call_of_room["booking"] == booking
            async with door.post(f"{path}/leave") as answer:
                assert (await answer.json())["done"] == "left"
        assert codec.calls.all() == ()


async def test_a_codec_that_is_away_is_told_to_whoever_touches_the_button(
    site: Site, codec: Codec
) -> None:
    site.book("Review", hour=-0.1, body=ZOOM)
    codec.users.remove("bridge")
    async with site.running() as running:
        booking = await booking_of(running)
        async with await display_of(site, running) as door:
            url = f"/api/v1/rooms/kestrel/bookings/{booking}/join"
            async with door.post(url) as answer:
                assert answer.status == 502
                assert (await answer.json())["code"] == "endpoint_denied"


async def test_a_room_that_joins_by_itself_does_so_once(site: Site, codec: Codec) -> None:
    site.settings["auto_join"] = {"before": "1m", "leave": "5m"}
    site.book("Review", hour=-0.01, body=ZOOM)
    async with site.running():

        async def joined() -> bool:
            return bool(codec.calls.all())

        await until(joined, "a call")
        codec.calls.hang_up_all()
    async with site.running() as again:
        await until(again.titles)

        async def twice() -> bool:
            status, _, _ = await site.command("endpoints", "push", "kestrel-codec")
            return status == 0

        await until(twice, "a restart that has looked at everything")
        assert codec.calls.all() == ()


async def test_a_host_key_is_shown_before_it_is_known_and_then_pinned(site: Site) -> None:
    unit = Codec(users={"bridge": "right"})
    async with serve(unit, ssh=0) as address:
        site.add_codec(0, address)
        wanted = site.rooms[0]["endpoints"][0]
        wanted |= {"transport": "ssh", "ssh": {"port": address.ssh_port}}
        async with site.running() as running:
            await until(looked_after(running), "the codec")
            _, out, _ = await site.command("endpoints", "show", "kestrel-codec")
            (key,) = re.findall(r"SSH host key: +(SHA256:\S+)", out)
            assert "compare the SSH host key at the unit itself, then pin it: ssh: {" in out
            assert not unit.requests, "nobody signs in"
        wanted["ssh"]["fingerprint"] = key
        async with site.running() as running:
            await until(looked_after(running), "the codec")
            _, out, _ = await site.command("endpoints", "show", "kestrel-codec")
            assert "it is the one that is pinned" in out
            assert "then pin" not in out


async def test_another_certificate_than_the_pinned_one_is_told(site: Site, codec: Codec) -> None:
    right = site.rooms[0]["endpoints"][0]["tls"]["fingerprint"]
    wrong = site.rooms[0]["endpoints"][0]["tls"]["fingerprint"] = "sha256:" + "0" * 64
    async with site.running() as running:
        await until(looked_after(running), "the codec")
        status, out, errors = await site.command("endpoints", "show", "kestrel-codec")
        assert status == 1
        assert right in out
        assert f"NOT the one that is pinned: {wrong}" in errors
        status, _, errors = await site.command("endpoints", "dial", "kestrel-codec", ADDRESS)
        assert status == 1
        assert codec.calls.all() == ()
