"""Subscriptions and the notifications that they bring."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.simulators.graph import CLIENT_ID, Recurrence, Tenant
from connector.simulators.graph.faults import Fault, pushes
from connector.simulators.graph.faults.answers import Status
from tests.fakes.virtual import VirtualClock, in_virtual_time

from .graph_tenant import KESTREL, NOON, Answer, Caller, asking, meeting

PATH = "/v1.0/subscriptions"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """An address that wants to be told; `answers` are its first answers to notifications."""

    def __init__(self) -> None:
        self.url = ""
        self.values: list[Any] = []
        self.bodies: list[int] = []
        self.proofs: list[str] = []
        self.answers: list[int | float] = []
        self.proof: Handler | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if "validationToken" in request.query:
            self.proofs.append(request.path)
            if self.proof:
                return await self.proof(request)
            return web.Response(text=request.query["validationToken"])
        values = msgspec.json.decode(await request.read())["value"]
        answer = self.answers.pop(0) if self.answers else 202
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            answer = 202
        if answer == 202:
            self.values += values
            self.bodies.append(len(values))
        return web.Response(status=answer)

    async def subscribe(self, graph: Caller, **changes: Any) -> Answer:
        wanted = {
            "changeType": "created,updated,deleted",
            "notificationUrl": f"{self.url}/news",
            "lifecycleNotificationUrl": f"{self.url}/life",
            "resource": f"/users/{KESTREL}/events",
            "expirationDateTime": (NOON + timedelta(days=6)).isoformat(),
            "clientState": "secret",
        } | changes
        prefer = wanted.pop("prefer", "")
        body = {name: value for name, value in wanted.items() if value is not None}
        return await send(graph, "POST", PATH, body, prefer)


async def send(
    graph: Caller, method: str, path: str, body: object = None, prefer: str = ""
) -> Answer:
    headers = {"Authorization": f"Bearer {graph.token}"} | ({"Prefer": prefer} if prefer else {})
    return await graph.ask(method, path, headers=headers, json=body)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Caller, Receiver]]:
    receiver = Receiver()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_post("/{tail:.*}", receiver.handle)
    async with TestServer(application) as server, asking() as graph:
        receiver.url = str(server.make_url("")).rstrip("/")
        yield graph, receiver


async def told(graph: Caller, receiver: Receiver) -> list[Any]:
    """What came, once everything did."""
    await graph.tenant.delivery.idle()
    values, receiver.values = receiver.values, []
    return values


async def test_a_subscription_is_made_read_renewed_and_ended() -> None:
    async with listening() as (graph, receiver):
        answer = await receiver.subscribe(graph)
        assert answer.status == 201, answer.body
        assert receiver.proofs == ["/news", "/life"]
        made = answer.json
        assert made["resource"] == f"/users/{KESTREL}/events"
        assert made["applicationId"] == CLIENT_ID
        one = f"{PATH}/{made['id']}"
        assert (await send(graph, "GET", one)).json == made
        later = {"expirationDateTime": "2026-11-30T11:00:00Z"}
        renewed = await send(graph, "PATCH", one, later)
        assert (renewed.status, renewed.json["expirationDateTime"]) == (
            200,
            "2026-11-30T11:00:00Z",
        )
        assert (await send(graph, "POST", f"{one}/reauthorize")).status == 204
        assert (await send(graph, "DELETE", one)).status == 204
        assert (await send(graph, "GET", one)).code == "ResourceNotFound"
        assert (await send(graph, "DELETE", one)).status == 404
        graph.kestrel.add(meeting())
        assert await told(graph, receiver) == []


async def test_every_change_is_told_and_nothing_of_what_changed() -> None:
    async with listening() as (graph, receiver):
        made = (await receiver.subscribe(graph)).json
        event = graph.kestrel.add(meeting("Salary"))
        (value,) = await told(graph, receiver)
        path = f"Users/{graph.kestrel.id}/Events/{event.id}"
        assert value == {
            "subscriptionId": made["id"],
            "subscriptionExpirationDateTime": "2026-11-29T12:00:00+00:00",
            "clientState": "secret",
            "tenantId": graph.tenant.tenant_id,
            "changeType": "created",
            "resource": path,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.Event",
                "@odata.id": path,
                "@odata.etag": f'W/"{event.change_key}"',
                "id": event.id,
            },
        }
        graph.kestrel.edit(event.id, subject="Other")
        graph.kestrel.delete(event.id)
        changes = await told(graph, receiver)
        assert [value["changeType"] for value in changes] == ["updated", "deleted"]
        assert receiver.bodies == [1, 2]  # what comes together travels together


async def test_only_the_kinds_of_change_that_were_asked_for_and_only_of_this_mailbox() -> None:
    async with listening() as (graph, receiver):
        merlin = graph.tenant.add_mailbox("merlin@example.com")
        resource = f"users/{graph.kestrel.id}/events"
        await receiver.subscribe(graph, changeType="deleted", resource=resource)
        merlin.delete(merlin.add(meeting()).id)
        graph.kestrel.delete(graph.kestrel.add(meeting()).id)
        assert [value["changeType"] for value in await told(graph, receiver)] == ["deleted"]


async def test_occurrences_and_immutable_ids_are_told_by_their_own_names() -> None:
    async with listening() as (graph, receiver):
        await receiver.subscribe(graph, prefer='IdType="ImmutableId"')
        series = graph.kestrel.add(meeting(recurrence=Recurrence(type="daily")))
        tuesday = graph.kestrel.on(series.id, date(2026, 11, 24))
        graph.kestrel.edit(tuesday.id, subject="Other")
        graph.kestrel.delete(tuesday.id)
        ids = [value["resourceData"]["id"] for value in await told(graph, receiver)]
        assert ids == [series.immutable_id, tuesday.immutable_id, series.immutable_id]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"expirationDateTime": "2026-11-30T12:00:01Z"}, 400, "ExtensionError"),
        ({"clientState": "x" * 129}, 400, "InvalidRequest"),
        ({"changeType": "moved"}, 400, "InvalidRequest"),
        ({"changeType": ""}, 400, "InvalidRequest"),
        ({"resource": "me/messages"}, 400, "InvalidRequest"),
        ({"resource": "users/nobody@example.com/events"}, 404, "ErrorInvalidUser"),
        ({"notificationUrl": "http://rooms.example.com/x"}, 400, "InvalidRequest"),
        ({"notificationUrl": "x"}, 400, "InvalidRequest"),
        ({"lifecycleNotificationUrl": "ftp://127.0.0.1/x"}, 400, "InvalidRequest"),
        ({"notificationUrl": "http://127.0.0.1:9/x"}, 400, "ValidationError"),
        ({"includeResourceData": True}, 501, "NotImplemented"),
        ({"colour": "red"}, 400, "RequestBodyRead"),
        ({"notificationUrl": None}, 400, "RequestBodyRead"),
    ],
)
async def test_what_cannot_be_subscribed_to(
    changes: dict[str, Any], status: int, code: str
) -> None:
    async with listening() as (graph, receiver):
        answer = await receiver.subscribe(graph, **changes)
        assert (answer.status, answer.code) == (status, code), answer.body
        assert graph.tenant.subscriptions.all() == []
        assert (await send(graph, "POST", PATH)).status == 400


async def test_who_may_not_read_may_not_subscribe() -> None:
    async with listening() as (graph, receiver):
        graph.tenant.register_app(secret="right", scope=["merlin@example.com"])
        assert (await receiver.subscribe(graph)).code == "ErrorAccessDenied"
        graph.tenant.revoke_tokens()
        assert (await receiver.subscribe(graph)).code == "InvalidAuthenticationToken"


async def test_the_lifetime_is_bounded_on_both_sides() -> None:
    async with listening() as (graph, receiver):
        soon = {"expirationDateTime": (NOON + timedelta(minutes=1)).isoformat()}
        made = (await receiver.subscribe(graph, **soon)).json
        assert made["expirationDateTime"] == "2026-11-23T12:45:00Z"
        await graph.control("PUT", "/subscriptions", {"minutes": 4230})
        refused = await receiver.subscribe(graph)
        assert "only be 4230 minutes in the future" in refused.json["error"]["message"]
        one = f"{PATH}/{made['id']}"
        far = {"expirationDateTime": "2026-11-29T12:00:00Z"}
        assert (await send(graph, "PATCH", one, far)).code == "ExtensionError"
        graph.clock.move(minutes=46)
        assert (await send(graph, "GET", one)).status == 404
        graph.kestrel.add(meeting())
        assert await told(graph, receiver) == []


async def test_a_lifecycle_address_cannot_come_later_but_another_address_can() -> None:
    async with listening() as (graph, receiver):
        made = (await receiver.subscribe(graph, lifecycleNotificationUrl=None)).json
        one = f"{PATH}/{made['id']}"
        later = {"lifecycleNotificationUrl": f"{receiver.url}/life"}
        assert (await send(graph, "PATCH", one, later)).status == 400
        moved = await send(graph, "PATCH", one, {"notificationUrl": f"{receiver.url}/moved"})
        assert moved.json["notificationUrl"].endswith("/moved")
        assert receiver.proofs == ["/news", "/moved"]
        await graph.control("POST", f"/subscriptions/{made['id']}", {"event": "missed"}, status=200)
        assert await told(graph, receiver) == []


async def test_a_mailbox_has_only_so_many_subscriptions() -> None:
    async with listening() as (graph, receiver):
        assert graph.tenant.subscriptions.per_mailbox == 1000
        await graph.control("PUT", "/subscriptions", {"per_mailbox": 1})
        assert (await receiver.subscribe(graph)).status == 201
        assert (await receiver.subscribe(graph)).status == 403


async def test_an_application_sees_its_own_subscriptions_page_by_page() -> None:
    async with listening() as (graph, receiver):
        for _ in range(3):
            await receiver.subscribe(graph)
        await graph.control("PUT", "/subscriptions", {"page": 2})
        first = (await send(graph, "GET", PATH)).json
        second = (await graph.follow(first["@odata.nextLink"])).json
        assert (len(first["value"]), len(second["value"])) == (2, 1)
        assert "@odata.nextLink" not in second
        graph.tenant.register_app("11111111-1111-4111-8111-111111111111", secret="x")
        graph.token = graph.tenant.issue_token("11111111-1111-4111-8111-111111111111")
        assert (await send(graph, "GET", PATH)).json["value"] == []
        assert (await send(graph, "GET", f"{PATH}/{first['value'][0]['id']}")).status == 404


async def _as_page(request: web.Request) -> web.Response:
    return web.Response(text=request.query["validationToken"], content_type="text/html")


async def _encoded(request: web.Request) -> web.Response:
    return web.Response(text=request.rel_url.raw_query_string.partition("=")[2])


async def _forbidden(_: web.Request) -> web.Response:
    return web.Response(status=403)


async def _moved(_: web.Request) -> web.Response:
    raise web.HTTPFound("/elsewhere")


@pytest.mark.parametrize("proof", [_as_page, _encoded, _forbidden, _moved])
async def test_an_address_has_to_prove_that_it_wants_to_be_told(proof: Handler) -> None:
    async with listening() as (graph, receiver):
        receiver.proof = proof
        answer = await receiver.subscribe(graph)
        assert (answer.status, answer.code) == (400, "ValidationError")


async def test_the_proof_may_be_of_something_harmful() -> None:
    async with listening() as (graph, receiver):
        graph.tenant.faults.add(pushes.OddProof(times=1))
        assert (await receiver.subscribe(graph)).status == 201
        graph.tenant.faults.add(pushes.OddProof(times=1))
        receiver.proof = _encoded
        assert (await receiver.subscribe(graph)).code == "ValidationError"


async def test_lifecycle_events_come_when_they_are_told_to() -> None:
    async with listening() as (graph, receiver):
        made = (await receiver.subscribe(graph)).json
        one = f"/subscriptions/{made['id']}"
        for event in ("reauthorizationRequired", "missed", "subscriptionRemoved"):
            await graph.control("POST", one, {"event": event}, status=200)
            (value,) = await told(graph, receiver)
            assert value["lifecycleEvent"] == event
            assert (value["subscriptionId"], value["clientState"]) == (made["id"], "secret")
        await graph.control("POST", one, {"event": "missed"}, status=404)
        assert (await graph.control("GET", "/subscriptions"))["subscriptions"] == []


async def test_a_subscription_may_go_without_a_word() -> None:
    async with listening() as (graph, receiver):
        made = (await receiver.subscribe(graph)).json
        listed = (await graph.control("GET", "/subscriptions"))["subscriptions"]
        assert [one["id"] for one in listed] == [made["id"]]
        await graph.control("DELETE", f"/subscriptions/{made['id']}")
        graph.kestrel.add(meeting())
        assert await told(graph, receiver) == []
        assert (await send(graph, "GET", f"{PATH}/{made['id']}")).status == 404


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
