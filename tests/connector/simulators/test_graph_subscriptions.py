"""Subscriptions: made, renewed, refused, and what they bring."""

from datetime import date, timedelta
from typing import Any

import pytest
from aiohttp import web

from connector.simulators.graph import CLIENT_ID, Recurrence
from connector.simulators.graph.faults import pushes

from .graph_receiver import PATH, Handler, listening, send, told
from .graph_tenant import KESTREL, NOON, meeting


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
