"""A change in the simulated tenant, through an Event Hub, to the driver that watches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.errors import Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.graph import Tenant, app
from connector.sources import graph
from connector.sources.graph import eventhub
from connector.sources.graph.calendar import GraphCalendar
from connector.sources.graph.service import Service
from connector.sources.graph.subscriptions import Desk
from connector.watching import Call
from tests.connector.graph_site import Site
from tests.connector.hub_site import HubSite
from tests.fakes.sources import room
from tests.fakes.watch import FakeWatch

SECONDS = 20.0


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubSite:
    monkeypatch.setattr(eventhub, "FIRST", 0.2)
    return HubSite(tmp_path)


@asynccontextmanager
async def tenant(hub: HubSite) -> AsyncIterator[Site]:
    """A tenant that puts its notifications into the hub."""
    async with hub.outside() as outside:
        made = Tenant(clock=outside.clock.now)
        made.register_app(secret="right")
        made.hub.listeners.append(hub.namespace.post)
        hub.namespace.tokens = made.hub.tokens
        async with TestServer(app(made)) as server:
            yield Site(made, outside, str(server.make_url("/")).rstrip("/"))


def options(hub: HubSite, site: Site, **more: Any) -> graph.Options:
    return site.options(notifications="eventhub", eventhub=hub.settings(**more))


async def covered(watch: FakeWatch, *, by: bool = True) -> None:
    def so() -> bool:
        return [watch.coverage.get(one) for one in ("kestrel", "osprey")] == [by, by]

    await watch.until(so, SECONDS)


@pytest.mark.parametrize("signed", [False, True])
async def test_a_change_is_fetched_from_the_hub(hub: HubSite, signed: bool) -> None:
    async with hub.open(), tenant(hub) as site:
        more = {} if signed else {"connection_string": None}
        settings = options(hub, site, **more)
        assert not list(settings.problems())
        async with site.watching(notifications="eventhub", eventhub=settings.eventhub) as watch:
            await covered(watch)
            (one,) = site.subscribed()
            assert one.notification_url == one.lifecycle_url == settings.eventhub.notification_url
            before = watch.hinted("kestrel"), watch.hinted("osprey")
            site.add()
            await watch.until(lambda: watch.hinted("kestrel") > before[0], SECONDS)
            assert watch.hinted("osprey") == before[1]
            assert site.outside.meter.told["taken"] == 1
            assert set(site.outside.meter.told) == {"taken"}  # what tries the hub is no news
            assert not watch.failures


@pytest.mark.fault("hook_forged")
async def test_a_message_without_the_secret_is_not_believed(hub: HubSite) -> None:
    async with hub.open(), tenant(hub) as site:
        settings = options(hub, site)
        async with site.watching(notifications="eventhub", eventhub=settings.eventhub) as watch:
            await covered(watch)
            hints = list(watch.hints)
            one = {"subscriptionId": site.subscribed()[0].id, "clientState": "guessed"}
            hub.namespace.post({"value": [one, {"subscriptionId": "unknown"}]})
            site.add(to=site.osprey)
            await watch.until(lambda: len(watch.hints) > len(hints), SECONDS)
            assert [name for name, _ in watch.hints[len(hints) :]] == ["osprey"]
            assert site.outside.meter.told == {"forged": 1, "unknown": 1, "taken": 1}


@pytest.mark.fault("hook_silent")
async def test_rooms_are_covered_only_while_the_hub_is_heard(hub: HubSite) -> None:
    async with tenant(hub) as site, hub.open():
        settings = options(hub, site).eventhub
        hub.namespace.listen = False
        async with site.watching(notifications="eventhub", eventhub=settings) as watch:
            await watch.until(lambda: len(site.tenant.subscriptions.all()) == 2, SECONDS)
            await watch.until(lambda: watch.failures, SECONDS)
            assert not any(watch.coverage.values())
            room_, error = watch.failures[0]
            assert (room_, error.reason) == (None, "hub_denied")
            hub.namespace.listen = True
            await covered(watch)
            assert None in watch.wells
            assert watch.hinted("kestrel") >= 2  # what was told before was not heard
            hub.namespace.listen = False
            hub.namespace.drop()
            await covered(watch, by=False)
            hub.namespace.listen = True
            site.add()
            hints = watch.hinted("kestrel")
            await covered(watch)
            await watch.until(lambda: watch.hinted("kestrel") > hints, SECONDS)


async def test_a_room_that_comes_later_is_covered_too(hub: HubSite) -> None:
    async with hub.open(), tenant(hub) as site:
        settings = options(hub, site).eventhub
        async with site.watching(notifications="eventhub", eventhub=settings) as watch:
            await covered(watch)
            site.tenant.add_mailbox("heron@example.com", name="Heron")
            watch.arrange(room("osprey"), room("heron"))
            await watch.until(lambda: watch.coverage.get("heron"), SECONDS)
            site.add(to=site.osprey)
            hints = watch.hinted("osprey")
            await watch.until(lambda: watch.hinted("osprey") > hints, SECONDS)


async def test_nobody_can_call_an_appliance_that_fetches(hub: HubSite) -> None:
    async with hub.outside() as outside:
        site = Site(Tenant(clock=outside.clock.now), outside, "http://127.0.0.1:1")
        async with graph.connect(options(hub, site), outside) as source:
            assert isinstance(source, GraphCalendar)
            call = Call(query={"validationToken": "x"}, headers={}, body=b"")
            assert source.notified(call).status == 404


async def test_a_service_account_cannot_be_told(hub: HubSite, outside: Outside) -> None:
    account = graph.DelegateAccount(account="rooms@example.com")
    given = graph.Options(
        tenant_id="t",
        client_id="c",
        delegate=account,
        notifications="eventhub",
        eventhub=hub.settings(connection_string=Secret("nonsense")),
    )
    found = dict(given.problems())
    assert set(found) == {"notifications", "eventhub.connection_string_file"}


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("https://rooms.example.com/hooks/graph/m365", "hook_unreachable"),
        ("EventHub:https://rooms.servicebus.windows.net/eventhubname/changes", "hub_refused"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        "Subscription validation request failed.",
        "The value of notification url is invalid.",
        "Could not send to the event hub.",
        "The Key Vault denies access.",
    ],
)
async def test_an_address_that_graph_cannot_use_is_told_from_a_life_too_long(
    outside: Outside, hook: str, reason: str, words: str
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": "x", "message": words}}, status=400)

    application = web.Application()
    application.router.add_post("/v1.0/subscriptions", refuse)
    async with TestServer(application) as server:
        service = Service(outside, FixedIdentity(), server.make_url("/v1.0"))  # type: ignore[arg-type] # as much of one as is asked
        with pytest.raises(Unavailable) as caught:
            await Desk(service, 10_000).subscribe("kestrel@example.com", hook, "secret")
        assert caught.value.reason == reason


async def test_a_subscription_that_is_there_already_is_waited_for(outside: Outside) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": "ResourceConflict"}}, status=409)

    application = web.Application()
    application.router.add_post("/v1.0/subscriptions", refuse)
    async with TestServer(application) as server:
        service = Service(outside, FixedIdentity(), server.make_url("/v1.0"))  # type: ignore[arg-type] # as above
        with pytest.raises(Unavailable) as caught:
            await Desk(service, 10_000).subscribe("kestrel@example.com", "EventHub:x", "secret")
        assert not caught.value.everywhere


class FixedIdentity:
    """Has a token."""

    async def token(self) -> str:
        return "token"
