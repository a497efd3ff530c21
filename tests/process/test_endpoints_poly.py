"""Poly units from the command line and from a display: pointed at their calendar, told to dial."""

from typing import Any

import pytest

from tests.process.conftest import Site, until
from tests.process.test_cli import ZOOM
from tests.process.test_endpoints import booking_of, display_of, looked_after

poly = pytest.importorskip("connector.simulators.poly")

FACADE = "secret-of-the-unit"


@pytest.mark.parametrize("family", ["studio", "trio", "group"])
async def test_a_poly_unit_is_pointed_at_its_calendar_and_joins(site: Site, family: str) -> None:
    unit = poly.Unit(family)
    unit.users[unit.family.user] = "right"
    unit.switch(rest=True)
    async with poly.serve(unit) as address:
        site.settings["public_url"] = "https://rooms.example.com"
        site.secrets["facade"] = FACADE
        site.rooms[0]["endpoints"] = [entry(family, unit, address)]
        site.book("Review", hour=-0.1, body=ZOOM)
        async with site.running() as running:
            await until(looked_after(running), "the unit")
            status, out, _ = await site.command("endpoints", "show", "kestrel-codec")
            assert "reads the façade: never" in out
            assert "it is the one that is pinned" in out
            assert ("SSH host key" in out) == (family == "group")
            status, out, errors = await site.command("endpoints", "provision", "kestrel-codec")
            assert status == 0, errors
            assert "server" in out
            assert FACADE not in out
            booking = await booking_of(running)
            path = f"/api/v1/rooms/kestrel/bookings/{booking}"
            async with await display_of(site, running) as door:
                async with door.post(f"{path}/join") as answer:
                    assert (await answer.json())["done"] == "joined"
                (call,) = unit.calls.all()
                assert call.number == "91234567890@zoomcrc.com"
                async with door.post(f"{path}/leave") as answer:
                    assert (await answer.json())["done"] == "left"
            assert unit.calls.all() == ()
        assert FACADE not in "\n".join(running.log)


def entry(family: str, unit: Any, address: Any) -> dict[str, Any]:
    """The unit in rooms.yaml."""
    made: dict[str, Any] = {
        "id": "kestrel-codec",
        "kind": "poly",
        "address": address.url.removeprefix("https://"),
        "username": unit.family.user,
        "password_file": "codec",
        "tls": {"fingerprint": address.fingerprint},
        "facade": {"username": "kestrel", "password_file": "facade"},
    }
    if family == "group":
        trust = {"port": str(address.ssh_port), "fingerprint": address.ssh_fingerprint}
        made["ssh"] = trust
    return made
