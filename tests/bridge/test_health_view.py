"""`GET /api/v1/health`, and the live checks of the command line."""

from bridge.findings import NOT_IN_ROOMS
from bridge.health import BRIDGE, Subject
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

SOURCE = Subject("source", "m365")


async def test_everything_that_fails_is_told_the_worst_first(client: Client, views: Views) -> None:
    await views.keep(event("call"))
    views.rounds.as_of = NOON
    views.health.bad(Subject("endpoint", "codec"), "endpoint_unreachable")
    views.health.bad(BRIDGE, "disk_low", "40 MiB are left", severity="error")
    views.health.bad(SOURCE, "over_privileged")
    told = await (await client.get("/api/v1/health")).json()
    assert told["as_of"] == "2026-11-23T12:00:00Z"
    assert [(one["code"], one["severity"], one["subject"]) for one in told["findings"]] == [
        ("over_privileged", "critical", {"kind": "source", "id": "m365"}),
        ("disk_low", "error", {"kind": "bridge", "id": ""}),
        ("endpoint_unreachable", "warning", {"kind": "endpoint", "id": "codec"}),
        ("never_read", "warning", {"kind": "room", "id": "heron"}),
    ]
    assert all(one["words"] and one["fix"] and one["since"] for one in told["findings"])


async def test_before_the_first_live_checks_as_of_is_null(client: Client) -> None:
    assert (await (await client.get("/api/v1/health")).json())["as_of"] is None


async def test_findings_are_not_in_the_health_of_a_room(client: Client, views: Views) -> None:
    await views.keep(event("call"))
    views.health.bad(SOURCE, "over_privileged")
    told = await (await client.get("/api/v1/rooms/kestrel")).json()
    assert told["health"] == []


async def test_a_display_does_not_see_the_whole_houses_health(client: Client, views: Views) -> None:
    headers = await views.token("read", room="kestrel")
    assert (await client.get("/api/v1/health", headers=headers)).status == 403


async def test_live_checks_are_for_the_control_socket_only(client: Client, views: Views) -> None:
    assert (await client.post("/api/v1/doctor")).status == 403
    headers = await views.token("read", "join")
    assert (await client.post("/api/v1/doctor", headers=headers)).status == 403
    assert views.rounds.asked == []


async def test_live_checks_answer_with_what_they_found(client: Client, views: Views) -> None:
    views.rounds.find = lambda: views.health.bad(SOURCE, "no_canary")
    headers = await views.token("control")
    told = await (await client.post("/api/v1/doctor", headers=headers)).json()
    assert "no_canary" in [one["code"] for one in told["findings"]]
    assert views.rounds.asked == [None]


async def test_live_checks_of_one_room_tell_what_concerns_it(client: Client, views: Views) -> None:
    views.health.bad(Subject("room", "heron"), "access_denied")
    views.health.bad(Subject("room", "kestrel"), "timeout")
    views.health.bad(Subject("fault", "kestrel"), "fault_reported")
    views.health.bad(Subject("fault", "heron"), "fault_reported")
    views.health.bad(Subject("attendance", "kestrel"), "release_failed")
    views.health.bad(Subject("presence", "m365"), "presence_failing")
    views.health.bad(Subject("discovery", "m365"), "discovery_differs")
    headers = await views.token("control")
    answer = await client.post("/api/v1/doctor?room=kestrel", headers=headers)
    codes = [one["code"] for one in (await answer.json())["findings"]]
    assert sorted(codes) == [
        "fault_reported",
        "never_read",
        "presence_failing",
        "release_failed",
        "timeout",
    ]
    assert views.rounds.asked == ["kestrel"]
    assert (await client.post("/api/v1/doctor?room=attic", headers=headers)).status == 404


async def test_what_only_engineers_need_to_know_is_not_told_at_the_door(
    views: Views, client: Client
) -> None:
    for code in NOT_IN_ROOMS:
        views.health.bad(BRIDGE, code)
    views.health.bad(BRIDGE, "disk_failing")
    async with client.get("/api/v1/rooms/kestrel") as answer:
        told = {one["code"] for one in (await answer.json())["health"]}
    assert told == {"never_read", "disk_failing"}
    async with client.get("/api/v1/health") as answer:
        everything = {one["code"] for one in (await answer.json())["findings"]}
    assert everything >= NOT_IN_ROOMS
