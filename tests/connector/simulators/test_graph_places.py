"""The directory of rooms, and when they are free."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connector.simulators.graph import Recurrence, RoomDetails
from connector.simulators.graph.faults import Fault
from connector.simulators.graph.faults.answers import Status
from connector.simulators.graph.faults.pages import Empty
from connector.simulators.graph.faults.places import Doubled, SameAddress, Shrunk

from .graph_tenant import KESTREL, Answer, Caller, asking, meeting

ROOMS = "/v1.0/places/microsoft.graph.room"
LISTS = "/v1.0/places/microsoft.graph.roomlist"
SCHEDULE = f"/v1.0/users/{KESTREL}/calendar/getSchedule"


@asynccontextmanager
async def directory(rooms: int = 1) -> AsyncIterator[Caller]:
    """An application that may read the directory."""
    async with asking() as graph:
        graph.tenant.register_app(secret="right", roles=["Calendars.Read", "Place.Read.All"])
        for number in range(1, rooms):
            graph.tenant.add_mailbox(f"room{number}@example.com")
        yield graph


async def addresses(graph: Caller, path: str = ROOMS, **options: str) -> list[str]:
    """All pages of a list."""
    answer = await graph.get(path, **options)
    assert answer.status == 200, answer.body
    found = answer.json["value"]
    while link := answer.json.get("@odata.nextLink"):
        answer = await graph.follow(link)
        found += answer.json["value"]
    return [place["emailAddress"] for place in found]


async def test_rooms_are_listed_with_what_is_known_of_them() -> None:
    async with directory() as graph:
        graph.kestrel.room = RoomDetails(capacity=8, building="HQ", tags=("quiet",))
        graph.tenant.add_mailbox("ada@example.com", room=None)
        (room,) = (await graph.get(ROOMS)).json["value"]
        assert (room["emailAddress"], room["displayName"]) == (KESTREL, "Kestrel")
        assert (room["capacity"], room["building"], room["tags"]) == (8, "HQ", ["quiet"])
        for name in (room["id"], KESTREL.upper()):
            one = (await graph.get(f"/v1.0/places/{name}")).json
            assert one.pop("@odata.context").endswith("#places/$entity")
            assert one == room | {"@odata.type": "#microsoft.graph.room"}
        assert (await graph.get("/v1.0/places/nobody@example.com")).status == 404


async def test_a_hundred_rooms_are_a_page() -> None:
    async with directory(250) as graph:
        first = (await graph.get(ROOMS, dollar_count="true")).json
        assert (len(first["value"]), first["@odata.count"]) == (100, 250)
        assert len(set(await addresses(graph))) == 250
        assert len(await addresses(graph, dollar_top="200", dollar_skip="10")) == 240
        chosen = (await graph.get(ROOMS, dollar_select="capacity,emailAddress")).json["value"][0]
        assert chosen.keys() == {"id", "capacity", "emailAddress"}
        assert (await graph.get(ROOMS, dollar_select="colour")).status == 400
        assert (await graph.get(ROOMS, dollar_filter="x")).status == 501


async def test_room_lists_and_their_rooms_go_by_address() -> None:
    async with directory(3) as graph:
        made = {"address": "hq@example.com", "name": "HQ", "rooms": ["room1@example.com"]}
        assert await graph.control("POST", "/room-lists", made, status=201) == made
        assert await addresses(graph, LISTS) == ["hq@example.com"]
        there = "/v1.0/places/hq@example.com/microsoft.graph.roomlist/rooms"
        assert await addresses(graph, there) == ["room1@example.com"]
        one = (await graph.get("/v1.0/places/hq@example.com")).json
        assert one["@odata.type"] == "#microsoft.graph.roomList"
        missing = there.replace("hq@", "annex@")
        assert (await graph.get(missing)).code == "ErrorItemNotFound"
        listed = await graph.control("GET", "/room-lists")
        assert listed == {"room_lists": [made]}
        await graph.control("DELETE", "/room-lists/hq@example.com")
        await graph.control("DELETE", "/room-lists/hq@example.com", status=404)
        assert await addresses(graph, LISTS) == []


async def test_what_is_known_of_a_room_is_set() -> None:
    async with directory() as graph:
        path = f"/mailboxes/{KESTREL}/room"
        await graph.control("PUT", path, {"capacity": 4, "floor_number": 2})
        (room,) = (await graph.get(ROOMS)).json["value"]
        assert (room["capacity"], room["floorNumber"]) == (4, 2)
        await graph.control("PUT", path, {"colour": "red"}, status=400)
        await graph.control("DELETE", path)
        assert await addresses(graph) == []


async def test_the_directory_needs_a_right_of_its_own() -> None:
    async with asking() as graph:
        for path in (ROOMS, LISTS, f"/v1.0/places/{KESTREL}"):
            assert (await graph.get(path)).code == "ErrorAccessDenied"
        graph.tenant.revoke_tokens()
        assert (await graph.get(ROOMS)).status == 401


async def spoilt(fault: Fault) -> list[str]:
    async with directory(3) as graph:
        graph.tenant.faults.add(fault)
        return await addresses(graph)


async def test_lists_of_rooms_shrink_and_double() -> None:
    assert await spoilt(Shrunk()) == [KESTREL]
    assert await spoilt(Empty()) == []
    assert len(await spoilt(Doubled())) == 6
    assert await spoilt(SameAddress()) == [
        KESTREL,
        "room1@example.com",
        "room2@example.com",
        KESTREL,
    ]
    async with directory() as graph:
        graph.tenant.faults.add(SameAddress())
        first, second = (await graph.get(ROOMS)).json["value"]
        assert first["id"] != second["id"]
        graph.kestrel.room = None
        assert await addresses(graph) == []
        graph.tenant.faults.add(Status(status=503, at="places"))
        assert (await graph.get(ROOMS)).status == 503
        assert (await graph.view()).status == 200


def asked(*names: str, **changes: Any) -> dict[str, Any]:
    zone = "GMT Standard Time"
    return {
        "schedules": list(names),
        "startTime": {"dateTime": "2026-11-23T12:00:00", "timeZone": zone},
        "endTime": {"dateTime": "2026-11-23T15:00:00", "timeZone": zone},
    } | changes


async def schedule(graph: Caller, body: object) -> Answer:
    headers = {"Authorization": f"Bearer {graph.token}"}
    return await graph.ask("POST", SCHEDULE, headers=headers, json=body)


async def test_a_schedule_says_when_a_room_is_taken_and_no_more() -> None:
    async with directory() as graph:
        graph.kestrel.add(meeting("Review", body="secret"))
        graph.kestrel.add(meeting("Salary", hour=14, sensitivity="private", response="none"))
        graph.kestrel.add(meeting("Off", hour=12, cancelled=True))
        graph.kestrel.add(meeting("Late", hour=12.25, minutes=10, show_as="free"))
        graph.kestrel.add(meeting("Daily", hour=14.5, recurrence=Recurrence(type="daily")))
        (found,) = (await schedule(graph, asked(KESTREL))).json["value"]
        assert (found["scheduleId"], found["availabilityView"]) == (KESTREL, "002012")
        busy = {item.get("subject"): item for item in found["scheduleItems"]}
        assert set(busy) == {"Review", "Late", "Daily", None}
        assert busy["Review"] == {
            "isPrivate": False,
            "status": "busy",
            "start": {"dateTime": "2026-11-23T13:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-23T13:30:00.0000000", "timeZone": "UTC"},
            "subject": "Review",
            "location": "Kestrel",
        }
        assert busy[None]["isPrivate"] is True


async def test_an_error_of_one_room_is_part_of_the_answer() -> None:
    async with directory() as graph:
        graph.tenant.add_mailbox("merlin@example.com", rest_enabled=False)
        answer = await schedule(graph, asked("nobody@example.com", "merlin@example.com", KESTREL))
        assert answer.status == 200
        codes = [one.get("error", {}).get("responseCode") for one in answer.json["value"]]
        assert codes == ["ErrorMailRecipientNotFound", "ErrorMailboxLogonFailed", None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (asked(*[KESTREL] * 21), "ErrorInvalidParameter"),
        (asked(), "ErrorInvalidParameter"),
        (
            asked(KESTREL, endTime={"dateTime": "2027-01-24T12:00:00", "timeZone": "UTC"}),
            "ErrorTimeIntervalTooBig",
        ),
        (asked(KESTREL, availabilityViewInterval=4), "ErrorInvalidMergedFreeBusyInterval"),
        (
            asked(KESTREL, startTime={"dateTime": "2026-11-23T12:00:00", "timeZone": "Nowhere"}),
            "TimeZoneNotSupportedException",
        ),
        (asked(KESTREL, colour="red"), "RequestBodyRead"),
    ],
)
async def test_what_is_too_much_at_once_is_refused(body: Any, code: str) -> None:
    async with directory() as graph:
        answer = await schedule(graph, body)
        assert (answer.status, answer.code) == (400, code)
