"""Microsoft tells of changes: the real program, its hook, and the simulated tenant."""

from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from tests.process.conftest import Site, until

pytest.importorskip("bridge.watch", reason="the bridge does not offer a watch yet")


@pytest.fixture
def told(site: Site) -> Site:
    """A site that Microsoft tells, and that would otherwise read once an hour."""
    port = unused_port()
    site.settings["listen"]["port"] = str(port)
    site.settings["public_url"] = f"http://127.0.0.1:{port}"
    site.settings["sources"]["m365"]["notifications"] = "webhook"
    site.settings["poll"] = {"near": "1h", "far": "1h", "safety": "1h"}
    site.settings["stale_after"] = "3h"
    return site


def subscriptions(site: Site) -> list[str]:
    """Those that live, by id."""
    return [one.id for one in site.tenant.subscriptions.all()]


async def test_a_booking_shows_when_microsoft_tells_of_it(told: Site) -> None:
    told.book("First", hour=5)
    async with told.running() as running:

        async def shows(*titles: str) -> bool:
            return await running.titles() == list(titles)

        async def covered() -> bool:
            return len(told.tenant.subscriptions.all()) == 1 and await shows("First")

        await until(covered, "a subscription")
        (one,) = told.tenant.subscriptions.all()
        assert one.notification_url == f"{told.settings['public_url']}/hooks/graph/m365"
        second = told.book("Second", hour=6)
        await until(lambda: shows("First", "Second"), "a notification")
        told.tenant.mailbox("kestrel@example.com").delete(second)
        await until(lambda: shows("First"), "a notification")
        assert await running.stop() == 0
    for secret in ("eyJ", one.client_state or "none", "First"):
        assert secret not in "\n".join(running.log)


@pytest.mark.parametrize("vault", [True, False])
async def test_a_start_finds_the_subscriptions_of_the_last_one(told: Site, *, vault: bool) -> None:
    if vault:
        told.settings["vault"] = {"key_file": "vault.key"}
        told.write()
        assert (await told.command("secrets", "init"))[0] == 0

    async def one() -> Any:
        return len(subscriptions(told)) == 1

    async with told.running() as running:
        await until(one, "a subscription")
        assert await running.stop() == 0
    left = subscriptions(told)
    assert left, "a stop leaves them"
    async with told.running() as running:

        async def works() -> bool:
            return (subscriptions(told) == left) is vault and len(subscriptions(told)) == 1

        await until(works, "it is taken over with a vault, and made anew without one")
        told.book("Later", hour=6)

        async def shows() -> bool:
            return await running.titles() == ["Later"]

        await until(shows, "a notification")
