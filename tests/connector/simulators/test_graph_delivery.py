"""Notifications on their way: lost, late, repeated, taken at the second try."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.simulators.graph import Tenant
from connector.simulators.graph.faults import Fault, pushes
from connector.simulators.graph.faults.answers import Status
from tests.fakes.virtual import VirtualClock, in_virtual_time

from .graph_receiver import Receiver, listening, told
from .graph_tenant import KESTREL, Answer, meeting


async def spoilt(fault: Fault, count: int = 1) -> list[Any]:
    async with listening() as (graph, receiver):
        await receiver.subscribe(graph)
        for _ in range(count):
            graph.kestrel.add(meeting())
        await told(graph, receiver)
        graph.tenant.faults.add(fault)
        graph.kestrel.add(meeting())
        return await told(graph, receiver)


async def test_notifications_go_wrong_in_every_way() -> None:
    assert await spoilt(pushes.Lost(mailbox=KESTREL)) == []
    assert len(await spoilt(pushes.Lost(mailbox="merlin@example.com"))) == 1
    assert len(await spoilt(pushes.Repeated())) == 2
    assert len(await spoilt(pushes.Replayed(count=2), 3)) == 3
    assert len(await spoilt(pushes.Flood(values=1050))) == 1050
    assert (await spoilt(pushes.WrongClientState()))[0]["clientState"] == "forged"
    unknown, known = await spoilt(pushes.UnknownSubscription()), await spoilt(Status(status=503))
    assert len(unknown) == len(known) == 1  # a fault of Graph's answers is none of notifications


async def test_notifications_may_come_late() -> None:
    async with listening() as (graph, receiver):
        await receiver.subscribe(graph)
        graph.tenant.faults.add(pushes.Delayed(seconds=90, times=1))
        graph.kestrel.add(meeting())
        assert len(await told(graph, receiver)) == 1
        assert graph.clock.slept == [90]


async def test_what_is_not_taken_comes_again() -> None:
    async with listening() as (graph, receiver):
        await receiver.subscribe(graph)
        receiver.answers = [503, 404, 302]
        graph.kestrel.add(meeting())
        assert len(await told(graph, receiver)) == 1
        assert graph.clock.slept == [10, 20, 40]
        sent = (await graph.control("GET", "/notifications"))["notifications"]
        assert [one["status"] for one in sent] == [503, 404, 302, 202]
        assert (await graph.control("DELETE", "/notifications"))["notifications"] == []


async def test_after_four_hours_it_comes_no_more() -> None:
    async with listening() as (graph, receiver):
        await receiver.subscribe(graph)
        receiver.answers = [500] * 100
        graph.kestrel.add(meeting())
        assert await told(graph, receiver) == []
        assert 3.5 * 3600 < sum(graph.clock.slept) <= 4 * 3600


async def test_an_event_hub_gets_what_an_address_would() -> None:
    async with listening() as (graph, receiver):
        hub = "EventHub:https://vault.example.com/secrets/hub?tenantId=example.com"
        heard: list[Any] = []
        graph.tenant.hub.listeners.append(heard.append)
        answer = await receiver.subscribe(graph, notificationUrl=hub, lifecycleNotificationUrl=None)
        assert answer.status == 201
        graph.kestrel.add(meeting())
        assert await told(graph, receiver) == []
        proof, news = (message["value"][0] for message in graph.tenant.hub.posted)
        assert (proof["subscriptionId"], news["changeType"]) == ("NA", "created")
        assert heard == list(graph.tenant.hub.posted)
        assert (await graph.control("GET", "/hub"))["messages"] == heard


async def _asked(answers: list[int | float]) -> tuple[float, list[int]]:
    """How long the last notification took in virtual time, and what became of each try."""
    clock, receiver = VirtualClock(), Receiver()
    receiver.answers = answers
    tenant = Tenant(clock=clock.now)
    application = web.Application()
    application.router.add_post("/{tail:.*}", receiver.handle)
    async with TestServer(application) as server, tenant.delivery.open():
        url, begun = str(server.make_url("")), 0.0
        for _ in range(len(answers) + 1):
            begun = clock.monotonic()
            tenant.delivery.post(url, [{}])
            await tenant.delivery.idle()
        return clock.monotonic() - begun, [one.status for one in tenant.delivery.sent]


def test_an_address_that_is_slow_is_told_later_and_then_not_at_all() -> None:
    waited, statuses = in_virtual_time(_asked([*[2.95] * 12, *[202] * 90]))
    assert waited >= 10
    assert -1 not in statuses
    _, statuses = in_virtual_time(_asked([*[2.95] * 20, *[202] * 90]))
    assert statuses[-1] == -1


def test_an_answer_that_takes_too_long_is_none() -> None:
    waited, statuses = in_virtual_time(_asked([9.0]))
    assert statuses == [0, 202, 202]
    assert waited == 0


async def _never(_: web.Request) -> web.Response:
    await asyncio.sleep(11)
    return web.Response()


def test_the_proof_has_to_come_within_ten_seconds() -> None:
    async def refused() -> Answer:
        async with listening() as (graph, receiver):
            receiver.proof = _never
            return await receiver.subscribe(graph)

    assert "timed out" in in_virtual_time(refused()).json["error"]["message"]
