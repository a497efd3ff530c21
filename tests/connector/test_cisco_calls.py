"""Codecs that are told to dial, and say what they are."""

from datetime import timedelta
from typing import Any

import pytest

from connector.endpoint import CallsChanged, Order, PhoneCall
from connector.endpoints.cisco import calling, documents
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.simulators.cisco import Codec, Fault
from rooms.join import DialString
from tests.connector.cisco_units import (
    Screen,
    address,
    attended,
    codec,
    device,
    endpoint,
)
from tests.connector.endpoint_contract import agenda, booking, plain

__all__ = ["address", "codec", "device", "endpoint"]  # fixtures

SIP = DialString("sip", "91234567890.123456@zoomcrc.com")
H323 = DialString("h323", "162.255.37.11##91234567890#123456")
VERSIONS = ["TC7.3.9", "ce9.15.17.4", "RoomOS 11.27.2.0", "RoomOS 26.4.1"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dial", [SIP, H323])
async def test_every_version_dials_and_hangs_up(
    codec: Codec, endpoint: Any, version: str, dial: DialString
) -> None:
    codec.upgrade(version)
    await endpoint.dial(Order(dial=dial, booking="one", title="Weekly"))
    (call,) = codec.calls.all()
    assert (call.number, call.booking_id) == (dial.address, "one")
    assert call.protocol.upper() == dial.protocol.upper()
    (told,) = await endpoint.calls()
    assert (told.direction, told.booking) == ("out", "one")
    await endpoint.hang_up()
    assert not codec.calls.all()
    assert list(await endpoint.calls()) == []
    await endpoint.hang_up()


async def test_all_calls_are_ended(codec: Codec, endpoint: Any) -> None:
    for _ in range(2):
        codec.calls.dial("1@example.com", codec.now())
    await endpoint.hang_up()
    assert not codec.calls.all()


async def test_a_call_that_is_not_ended_is_told(codec: Codec, endpoint: Any) -> None:
    codec.calls.dial("1@example.com", codec.now())
    codec.faults.add(Fault(kind="error", path="/putxml"))
    with pytest.raises(Malformed):
        await endpoint.hang_up()


@pytest.mark.parametrize("version", VERSIONS)
async def test_tones_are_sent_into_the_call(codec: Codec, endpoint: Any, version: str) -> None:
    codec.upgrade(version)
    await endpoint.dial(Order(dial=SIP))
    codec.calls.connect(0)
    await endpoint.tones("12#" * 20)
    assert "".join(codec.calls.all()[0].tones) == "12#" * 20


async def test_tones_without_a_call_are_refused(endpoint: Any) -> None:
    with pytest.raises(Malformed) as caught:
        await endpoint.tones("1")
    assert caught.value.reason == "request_refused"


@pytest.mark.parametrize("number", ["https://teams.microsoft.com/l/x", "1" * 256])
async def test_what_is_no_address_is_never_dialled(
    codec: Codec, endpoint: Any, number: str
) -> None:
    with pytest.raises(Malformed) as caught:
        await endpoint.dial(Order(dial=DialString("sip", number)))
    assert caught.value.reason == "unsupported"
    assert number not in str(caught.value) + caught.value.fix
    assert not codec.requests


async def test_words_that_a_version_does_not_know_are_left_out(codec: Codec, endpoint: Any) -> None:
    codec.faults.add(Fault(kind="parameter_error", path="/putxml"))
    await endpoint.dial(Order(dial=SIP, booking="one", title="Weekly"))
    assert [call.number for call in codec.calls.all()] == [SIP.address]


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("kind", ["error", "parameter_error", "unknown"])
async def test_a_call_that_is_refused_is_told(codec: Codec, endpoint: Any, kind: Any) -> None:
    codec.faults.add(Fault(kind=kind, path="/putxml", times=None))
    with pytest.raises(Malformed) as caught:
        await endpoint.dial(Order(dial=SIP, booking="one", title="Weekly"))
    assert caught.value.reason == "unsupported"
    assert "zoomcrc" not in str(caught.value)


FAULTS: list[tuple[Fault, type[ConnectorError]]] = [
    (Fault(kind="status", status=502), Unavailable),
    (Fault(kind="drop", times=None), Unavailable),
    (Fault(kind="sign_in"), Denied),
    (Fault(kind="empty"), Malformed),
]


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("what", ["dial", "hang_up", "calls", "facts", "lists"])
async def test_whatever_is_asked_fails_in_one_of_the_four_ways(
    codec: Codec, endpoint: Any, what: str, fault: Fault, kind: type[ConnectorError]
) -> None:
    codec.faults.add(fault)
    given = {"dial": (Order(dial=SIP),), "lists": (agenda(),)}.get(what, ())
    with pytest.raises(kind):
        await getattr(endpoint, what)(*given)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Dialling", "dialling"),
        ("Ringing", "ringing"),
        ("Connecting", "dialling"),
        ("EarlyMedia", "dialling"),
        ("Connected", "connected"),
        ("OnHold", "held"),
        ("RemotePreserved", "held"),
        ("Preserved", "held"),
        ("Disconnecting", "ending"),
        ("Brand new", "unknown"),
    ],
)
def test_every_state_of_a_call_has_a_word(said: str, state: Any) -> None:
    status = documents.element("Status", {"Call": [{"id": 3, "Status": said}]})
    assert calling.calls(status, {"3": "one"}) == (PhoneCall(id="3", state=state, booking="one"),)


def test_calls_that_are_over_are_none() -> None:
    over = [{"id": 1, "ghost": "True", "Status": "Connected"}, {"id": 2, "Status": "Idle"}]
    assert not calling.calls(documents.element("Status", {"Call": over}), {})


# --- what it lists, and is


@pytest.mark.parametrize("version", ["TC7.3.9", "ce9.1.4", "RoomOS 10.19.4.2", "RoomOS 26.4.1"])
async def test_the_list_is_read_back(codec: Codec, endpoint: Any, version: str) -> None:
    codec.upgrade(version)
    told = agenda(booking("one"), plain("two", 3))
    assert await endpoint.lists(told) is False
    await endpoint.show(told)
    assert await endpoint.lists(told) is True
    codec.replace(codec.bookings[1:])
    assert await endpoint.lists(told) is False
    codec.replace(())
    assert await endpoint.lists(agenda()) is True


async def test_a_list_that_comes_whole_only_without_days_is_known_after_one_more_question(
    codec: Codec, endpoint: Any
) -> None:
    told = agenda(booking("far", 24 * 7))
    await endpoint.show(told)
    codec.requests.clear()
    assert await endpoint.lists(told) is True
    assert len(codec.requests) == 2
    assert await endpoint.lists(told) is True
    assert len(codec.requests) == 3


async def test_a_unit_that_lists_nothing_cannot_tell(codec: Codec, endpoint: Any) -> None:
    codec.faults.add(Fault(kind="unknown"))
    assert await endpoint.lists(agenda()) is None


@pytest.mark.parametrize("version", VERSIONS)
async def test_it_says_what_it_is_and_how_far_its_clock_is_off(
    codec: Codec, endpoint: Any, version: str
) -> None:
    codec.upgrade(version)
    codec.offset = timedelta(minutes=7)
    facts = await endpoint.facts()
    assert facts.serial == codec.serial
    assert version.rsplit(maxsplit=1)[-1].lstrip("TCce") in facts.software
    assert facts.product
    assert facts.clock_off == timedelta(minutes=7)
    assert facts.way == ("put" if version.startswith("RoomOS") else "private")


@pytest.mark.fault("endpoint_control_characters")
async def test_control_characters_are_no_obstacle(codec: Codec, endpoint: Any) -> None:
    codec.switch(control_characters=True)
    await endpoint.show(agenda(booking("one")))
    assert (await endpoint.facts()).serial == codec.serial


@pytest.mark.fault("endpoint_sessions")
async def test_no_session_is_opened_whatever_is_asked(
    codec: Codec, endpoint: Any, device: Screen
) -> None:
    for _ in range(25):
        await endpoint.show(agenda(booking("one")))
        await endpoint.facts()
        await endpoint.calls()
    assert not len(codec.sessions)
    assert device.listed()


@pytest.mark.fault("endpoint_half_open", "endpoint_slow")
@pytest.mark.parametrize("over_socket", [False, True])
async def test_a_unit_that_no_longer_answers_is_given_up_in_time(
    codec: Codec, endpoint: Any, monkeypatch: pytest.MonkeyPatch, *, over_socket: bool
) -> None:
    for module in ("web", "websocket"):
        monkeypatch.setattr(f"connector.endpoints.cisco.{module}.SECONDS", 0.2)
    if not over_socket:
        codec.faults.add(Fault(kind="hang", times=None))
        with pytest.raises(Unavailable) as caught:
            await endpoint.show(agenda(booking("one")))
        assert caught.value.reason == "timeout"
        return
    monkeypatch.setattr("connector.endpoints.cisco.websocket.HEARTBEAT", 0.4)
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.faults.add(Fault(kind="hang", path="/ws/xCommand"))
        with pytest.raises(Unavailable):
            await endpoint.show(agenda(booking("one")))
        with pytest.raises(Unavailable):
            await ear.ends()


@pytest.mark.fault("endpoint_slow")
async def test_an_answer_that_takes_twenty_seconds_is_waited_for(
    codec: Codec, endpoint: Any, device: Screen
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    codec.sleep = sleep
    codec.faults.add(Fault(kind="slow", seconds=20, times=None))
    await endpoint.show(agenda(booking("one")))
    assert waited
    assert device.listed()
