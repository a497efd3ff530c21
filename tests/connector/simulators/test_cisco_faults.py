"""Trouble on request."""

from typing import Any

import aiohttp
import pytest

from connector.simulators.cisco import Fault
from connector.simulators.cisco.faults import HUGE, Kind

from .cisco_room import CLEAR, LOGIN, Room, booking, put, room, xml_booking, xml_list


async def tries(unit: Room, text: str = CLEAR) -> int:
    """The status of a push; 0 for a broken connection."""
    try:
        return (await unit.push(text)).status
    except aiohttp.ClientError:
        return 0


async def test_a_fault_strikes_as_often_as_it_was_asked_to() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="status", status=503, times=2))
        unit.codec.faults.add(Fault(kind="status", status=429, retry_after="7"))
        assert [await tries(unit) for _ in range(4)] == [503, 503, 429, 200]


async def test_a_fault_may_last_until_it_is_cleared() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="status", status=500, times=None))
        assert [await tries(unit) for _ in range(3)] == [500, 500, 500]
        unit.codec.faults.clear()
        assert await tries(unit) == 200


async def test_a_fault_may_concern_one_path_only() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="status", path="/putxml"))
        assert await tries(unit) == 200
        answer = await unit.http.post("/putxml", data=put(booking()), headers=LOGIN)
        assert answer.status == 503


async def test_a_status_may_say_when_to_come_back() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="status", status=429, retry_after="7"))
        assert (await unit.push(CLEAR)).headers["Retry-After"] == "7"


async def test_a_web_page_may_come_instead() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="page"))
        answer = await unit.push(CLEAR)
        assert (answer.status, answer.content_type) == (200, "text/html")


async def test_a_session_may_be_forgotten() -> None:
    async with room(sign_in="redirect") as unit:
        unit.codec.faults.add(Fault(kind="sign_in"))
        answer = await unit.push(CLEAR, allow_redirects=False)
        assert answer.status == 302


@pytest.mark.parametrize(
    ("kind", "status"), [("error", "Error"), ("parameter_error", "ParameterError")]
)
async def test_an_error_may_come_inside_a_200(kind: Kind, status: str) -> None:
    async with room() as unit:
        for _ in range(3):
            unit.codec.faults.add(Fault(kind=kind))
        result = (await unit.put(booking()))[0]
        assert (result.tag, result.get("status")) == ("BookingsPutResult", status)
        assert (await unit.get("/Status")).get("status") == status
        assert (await unit.push(CLEAR)).status == 200
        assert unit.codec.bookings == ()


async def test_an_answer_may_be_empty() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="empty"))
        unit.codec.faults.add(Fault(kind="unknown"))
        answer = await unit.http.post("/putxml", data=put(booking()), headers=LOGIN)
        assert (answer.status, await answer.read()) == (200, b"")
        assert len(await unit.put(booking())) == 0
        assert unit.codec.bookings == ()


async def test_an_answer_may_be_slow_and_is_true_all_the_same() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with room(sleep=sleep) as unit:
        unit.codec.faults.add(Fault(kind="slow", seconds=20))
        assert await tries(unit, xml_list(xml_booking())) == 200
        assert len(unit.codec.bookings) == 1
    assert waits == [20]


async def test_a_connection_may_break_before_or_after_the_work() -> None:
    async with room() as unit:
        for late, left in ((False, 0), (True, 1)):
            unit.codec.faults.add(Fault(kind="drop", late=late))
            assert await tries(unit, xml_list(xml_booking())) == 0
            assert len(unit.codec.bookings) == left
            assert unit.codec.requests[-1].status == 0


async def test_an_answer_may_be_late_and_wrong() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="status", status=504, late=True))
        assert await tries(unit, xml_list(xml_booking())) == 504
        assert len(unit.codec.bookings) == 1


async def test_a_unit_that_restarts_does_not_answer() -> None:
    async with room() as unit:
        await unit.control("POST", "/reboot", {"seconds": 90})
        assert await tries(unit) == 0
        unit.clock.move(seconds=90)
        assert await tries(unit) == 200


@pytest.mark.parametrize(
    "fault",
    [{"kind": "meteor"}, {}, {"kind": "drop", "colour": "red"}, {"kind": "drop", "times": "2"}],
)
async def test_trouble_that_nobody_knows_is_refused(fault: dict[str, Any]) -> None:
    async with room() as unit:
        await unit.control("POST", "/faults", fault, status=400)
        assert unit.codec.faults.all() == ()


async def test_an_answer_may_be_no_document_or_go_on_and_on() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="malformed"))
        answer = await unit.push(CLEAR)
        assert (answer.status, (await answer.text())[-8:]) == (200, "<Command")
        unit.codec.faults.add(Fault(kind="huge"))
        answer = await unit.push(CLEAR)
        size = 0
        async for piece in answer.content.iter_any():
            size += len(piece)
        assert size == HUGE


async def test_a_request_may_never_be_answered() -> None:
    async with room() as unit:
        unit.codec.faults.add(Fault(kind="hang"))
        with pytest.raises(TimeoutError):
            await unit.push(CLEAR, timeout=aiohttp.ClientTimeout(total=0.05))
        assert await tries(unit) == 200


async def test_the_twenty_first_session_is_refused() -> None:
    async with room() as unit:
        found = []
        for _ in range(21):
            unit.http.session.cookie_jar.clear()
            answer = await unit.http.post("/xmlapi/session/begin", headers=LOGIN)
            found.append(answer.status)
        assert found == [*[204] * 20, 503]
