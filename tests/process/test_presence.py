"""Whether a room is used: from a codec's calls to the API, the stream, its light and Teams."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from connector.simulators.cisco import Codec
from tests.process.conftest import Running, Site, until

ROLES = ("Calendars.Read", "Presence.ReadWrite.All")
SOMEBODY = "somebody@elsewhere.example.com"


async def statuses(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """What `status` events of a stream say."""
    name = ""
    async for raw in answer.content:
        line = raw.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and name == "status":
            yield json.loads(line.removeprefix("data: "))


async def presence_of(running: Running) -> str:
    told = await running.get("/api/v1/rooms/kestrel")
    return str(told["presence"]["state"]) if told else ""


async def test_a_call_is_seen_everywhere_and_over_when_it_is_hung_up(
    site: Site, codec: Codec
) -> None:
    site.tenant.register_app(secret="right", roles=ROLES)
    site.settings["sources"]["m365"]["presence"] = "write"
    site.rooms[0]["endpoints"][0]["led"] = True
    codec.configure("UserInterface/LedControl/Mode", "Manual")
    codec.configure("RoomAnalytics/PeoplePresenceDetector", "On")
    codec.count(2)
    site.book("Secret plans", hour=-0.1)

    def teams() -> tuple[str, str]:
        return site.tenant.presences.shown("kestrel@example.com")

    async with site.running() as running:
        await until(running.titles)

        async def used() -> bool:
            return await presence_of(running) == "in_use"

        async def lit() -> bool:
            return codec.light == "Red"

        await until(used, "people in the room")
        await until(lit, "a red light, as the room is booked")
        assert teams() == ("Offline", "Offline"), "Teams has no word for people without a call"
        url = f"http://127.0.0.1:{running.port}/api/v1/rooms/kestrel/stream"
        async with running.http.get(url) as answer:
            events = statuses(answer)
            first = await anext(events)
            assert first["presence"]["state"] == "in_use"
            codec.calls.dial(SOMEBODY, codec.now())
            calling = await anext(events)
            assert calling["presence"]["state"] == "in_call"
            assert calling["presence"]["since"] > first["presence"]["since"]
            assert await presence_of(running) == "in_call"

            async def told() -> bool:
                return teams() == ("Busy", "InACall")

            await until(told, "Teams")
            codec.calls.hang_up_all()
            assert (await anext(events))["presence"]["state"] == "in_use"

        async def cleared() -> bool:
            return teams() == ("Offline", "Offline")

        await until(cleared, "the end of the session")
        codec.count(0)

        async def free() -> bool:
            return teams() == ("Available", "Available")

        await until(free, "an empty room in Teams")
        assert await presence_of(running) == "free"
        assert await running.stop() == 0
    log = "\n".join(running.log)
    assert SOMEBODY not in log
    assert "Secret" not in log


async def test_without_the_permission_calendars_are_read_and_the_reason_is_told(
    site: Site, codec: Codec
) -> None:
    site.settings["sources"]["m365"]["presence"] = "write"
    codec.configure("RoomAnalytics/PeoplePresenceDetector", "On")
    site.book("Review")
    async with site.running() as running:
        assert await until(running.titles) == ["Review"]

        async def told() -> Any:
            answer = await running.get("/api/v1/health")
            found = answer["findings"] if answer else []
            return [one for one in found if one["code"] == "presence_failing"]

        (trouble,) = await until(told, "the trouble")
        assert "Presence.ReadWrite.All" in trouble["fix"]
        room = await running.get("/api/v1/rooms/kestrel")
        assert room["health"] == []
