"""Room systems that reach out to the real program: feedback over HTTP, and lists that are fetched.

And what stays visible of a vendor's conditions until somebody acknowledges them.
"""

import json
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from connector.simulators.cisco import Codec
from tests.process.conftest import Site, until
from tests.process.test_cli import ZOOM

SECRET = "a" * 30 + "B-_0123456789"


@pytest.fixture
def reachable(site: Site) -> Site:
    """A site whose devices know where the appliance is."""
    port = unused_port()
    site.settings["listen"]["port"] = str(port)
    site.settings["public_url"] = f"http://127.0.0.1:{port}"
    return site


async def test_a_codec_without_websocket_posts_its_calls_to_a_url_that_nobody_can_guess(
    reachable: Site, codec: Codec
) -> None:
    codec.upgrade("ce9.15.17.4")
    reachable.book("Review", body=ZOOM)
    async with reachable.running() as running:
        await until(running.titles)

        async def registered() -> str:
            return next((slot.url for slot in codec.slots.all().values() if slot.url), "")

        url = await until(registered, "a registration")
        path = f"{reachable.settings['public_url']}/hooks/cisco/"
        assert url.startswith(path)
        assert len(url.removeprefix(path)) >= 22
        codec.calls.dial("somebody@example.com", codec.now())

        async def told() -> Any:
            unit = await running.get("/api/v1/endpoints/kestrel-codec")
            return unit and unit["calls"]

        (call,) = await until(told, "the call")
        assert call["direction"] == "out"
        assert codec.posted[-1].status == 200
        assert await running.stop() == 0
    assert url.removeprefix(path) not in "\n".join(running.log)
    assert "somebody" not in "\n".join(running.log)
    assert not [slot for slot in codec.slots.all().values() if slot.url], "its slot is given back"


async def test_a_unit_that_nobody_can_reach_fetches_its_list(reachable: Site, codec: Codec) -> None:
    reachable.secrets["hook"] = SECRET
    reachable.rooms[0]["endpoints"] = [
        {
            "id": "kestrel-codec",
            "kind": "cisco",
            "transport": "pull",
            "hook_file": "hook",
            "heartbeat": 30,
        }
    ]
    reachable.book("Review", body=ZOOM)
    async with reachable.running() as running:
        await until(running.titles)
        for name, value in (
            ("Path", f"hooks/cisco/{SECRET}"),
            ("Address", f"127.0.0.1:{running.port}"),
            ("Protocol", "HTTP"),
        ):
            codec.configure(f"Provisioning/ExternalManager/{name}", value)
        codec.configure("Provisioning/Mode", "TMS")

        async def fetched() -> Any:
            return [one.title for one in codec.screen().bookings] == ["Review"]

        await until(fetched, "the list")
        assert codec.screen().bookings[0].dial == "91234567890@zoomcrc.com"
        unit = await running.get("/api/v1/endpoints/kestrel-codec")
        assert (unit["address"], "dials" in unit["can"]) == ("", False)
    assert SECRET not in "\n".join(running.log)
    assert {push.path for push in codec.received} == {"tms"}, "nothing is pushed to it"


async def test_conditions_of_use_are_told_until_they_are_acknowledged(
    site: Site, codec: Codec
) -> None:
    site.settings["acknowledge"] = []
    async with site.running() as running:

        async def known() -> Any:
            return await running.get("/api/v1/endpoints/kestrel-codec")

        unit = await until(known)
        assert unit["notice"]["acknowledge"] == "cisco_permitted_use"
        assert "devsupport@webex.com" in unit["notice"]["words"]
        _, out, errors = await site.command("endpoints", "show", "kestrel-codec")
        assert "cisco_permitted_use" in out + errors
        _, out, errors = await site.command("check")
        assert "cisco_permitted_use" in out + errors
    assert any("cisco_permitted_use" in line for line in running.log)
    site.settings["acknowledge"] = ["cisco_permitted_use"]
    site.write()
    _, out, errors = await site.command("check")
    assert "cisco_permitted_use" not in json.dumps([out, errors])
