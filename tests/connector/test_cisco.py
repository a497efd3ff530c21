"""The driver for Cisco room systems, against the simulated codec."""

import asyncio
import json
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from connector.checkup import Tried
from connector.endpoint import Shows
from connector.endpoints import cisco
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside, Trust, open_outside
from connector.secret import Secret
from connector.simulators.cisco import Address, Codec, Fault
from tests.connector.cisco_units import Screen, address, codec, device, endpoint, options
from tests.connector.endpoint_contract import (
    HOUR,
    ZOOM,
    EndpointContract,
    agenda,
    booking,
    plain,
)
from tests.fakes.virtual import NOON, FixedClock

__all__ = ["address", "codec", "device", "endpoint"]  # fixtures

VERSIONS = [
    "TC7.3.9",
    "ce9.1.4",
    "ce9.15.17.4",
    "RoomOS 10.19.4.2",
    "RoomOS 11.27.2.0",
    "RoomOS 26.4.1",
]


class TestRoomOs(EndpointContract):
    """What a current codec is told by Bookings Put."""


class TestOldCodec(EndpointContract):
    """What an old codec is told by its private interface."""

    @pytest.fixture
    def codec(self, clock: FixedClock) -> Codec:
        return Codec(version="TC7.3.9", users={"bridge": "right"}, clock=clock.now)


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_version_is_told_in_the_way_it_takes(
    codec: Codec, endpoint: Shows, device: Screen, version: str
) -> None:
    codec.upgrade(version)
    await endpoint.show(agenda(booking("one"), plain("two", 3)))
    assert [one.dial for one in device.listed()] == [ZOOM.sip, None]
    wanted = "/putxml" if version.startswith(("RoomOS 11", "RoomOS 26")) else "/bookingsputxml"
    assert codec.received[-1].path == wanted
    await endpoint.show(agenda())
    assert not device.listed()


async def test_a_codec_that_webex_knows_is_told_by_bookings_put(
    codec: Codec, endpoint: Shows, device: Screen
) -> None:
    codec.upgrade("RoomOS 10.19.4.2")
    codec.switch(webex_registered=True)
    await endpoint.show(agenda(booking("one")))
    assert codec.received[-1].path == "/putxml"
    assert device.listed()


async def test_the_way_that_is_not_offered_is_left_for_the_other_once_and_remembered(
    codec: Codec, endpoint: Shows, device: Screen
) -> None:
    codec.switch(put_needs_webex=True)
    await endpoint.show(agenda(booking("one")))
    await endpoint.show(agenda(booking("two")))
    assert [push.path for push in codec.received if push.accepted] == ["/bookingsputxml"] * 2
    assert sum(seen.path == "/putxml" for seen in codec.requests) == 1
    assert [one.id for one in device.listed()] == ["two"]


async def test_a_codec_that_takes_bookings_in_no_way_is_told_apart(
    codec: Codec, endpoint: Shows
) -> None:
    codec.switch(put_needs_webex=True, private_api=False)
    with pytest.raises(Malformed) as caught:
        await endpoint.show(agenda(booking("one")))
    assert caught.value.reason == "unsupported"
    assert "Teams" in caught.value.fix


async def test_a_codec_that_was_away_may_come_back_with_other_software(
    codec: Codec, endpoint: Shows
) -> None:
    codec.upgrade("ce9.1.4")
    await endpoint.show(agenda(booking("one")))
    codec.upgrade("RoomOS 26.4.1")
    codec.faults.add(Fault(kind="drop"))
    with pytest.raises(Unavailable):
        await endpoint.show(agenda(booking("one")))
    await endpoint.show(agenda(booking("one")))
    assert codec.received[-1].path == "/putxml"


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("form", ["401", "redirect", "page"])
@pytest.mark.parametrize("version", ["RoomOS 11.27.2.0", "TC7.3.9"])
async def test_a_wrong_password_is_told_in_all_its_forms(
    codec: Codec, outside: Outside, address: Address, form: str, version: str
) -> None:
    codec.upgrade(version)
    codec.switch(sign_in=form)
    wrong = options(address, password=Secret("wrong"))
    async with cisco.connect(wrong, outside) as endpoint:
        with pytest.raises(Denied) as caught:
            await endpoint.show(agenda(booking("one")))
    assert caught.value.reason == "credentials_refused"
    assert "wrong" not in str(caught.value)
    assert len([seen for seen in codec.requests if seen.status != 404]) == 1


FAULTS = [
    (Fault(kind="status", status=503), Unavailable, "service_error"),
    (Fault(kind="status", status=500), Unavailable, "service_error"),
    (Fault(kind="status", status=403), Denied, "access_denied"),
    (Fault(kind="status", status=429), Unavailable, "throttled"),
    (Fault(kind="empty"), Malformed, "not_xml"),
    (Fault(kind="drop"), Unavailable, "broken_off"),
    (Fault(kind="malformed"), Malformed, "not_xml"),
    (Fault(kind="huge"), Malformed, "too_large"),
]


@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS, ids=lambda value: str(value)[:30])
@pytest.mark.fault("endpoint_error_inside")
async def test_every_fault_is_one_of_the_four_errors(
    codec: Codec,
    endpoint: Shows,
    device: Screen,
    fault: Fault,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    await endpoint.show(agenda(booking("one")))
    codec.faults.add(fault)
    with pytest.raises(kind) as caught:
        await endpoint.show(agenda(booking("two")))
    assert caught.value.reason == reason
    assert [one.id for one in device.listed()] == ["one"]
    codec.faults.clear()
    await endpoint.show(agenda(booking("two")))
    assert [one.id for one in device.listed()] == ["two"]


@pytest.mark.fault("endpoint_error_inside", "endpoint_password")
@pytest.mark.parametrize("form", ["401", "redirect", "page"])
async def test_once_refused_nothing_is_sent_again(codec: Codec, endpoint: Shows, form: str) -> None:
    codec.switch(sign_in=form)
    await endpoint.show(agenda(booking("one")))
    codec.faults.add(Fault(kind="sign_in"))
    seen = len(codec.requests)
    for _ in range(3):
        with pytest.raises(Denied) as caught:
            await endpoint.show(agenda(booking("two")))
        assert caught.value.reason == "credentials_refused"
    assert len(codec.requests) == seen + 1


async def test_a_unit_that_is_off_is_unavailable(outside: Outside) -> None:
    gone = cisco.Options(address="http://127.0.0.1:9", username="bridge", password=Secret("right"))
    async with cisco.connect(gone, outside) as endpoint:
        with pytest.raises(Unavailable) as caught:
            await endpoint.show(agenda())
    assert caught.value.reason == "unreachable"


@pytest.mark.fault("endpoint_certificate")
async def test_a_changed_certificate_is_not_told_the_password(
    codec: Codec, address: Address, endpoint: Shows
) -> None:
    await endpoint.show(agenda(booking("one")))
    codec.requests.clear()
    await address.renew()
    with pytest.raises(Unavailable):  # the connection that was open broke
        await endpoint.show(agenda(booking("two")))
    with pytest.raises(Malformed) as caught:
        await endpoint.show(agenda(booking("two")))
    assert caught.value.reason == "certificate_changed"
    assert not codec.requests


@pytest.mark.fault("endpoint_certificate")
async def test_a_certificate_without_fingerprint_or_authority_is_not_trusted(
    codec: Codec, address: Address, outside: Outside
) -> None:
    async with cisco.connect(options(address, tls=Trust()), outside) as endpoint:
        with pytest.raises(Malformed) as caught:
            await endpoint.show(agenda())
    assert caught.value.reason == "certificate_untrusted"
    assert not codec.requests


async def test_an_authority_of_its_own_is_trusted_for_one_room_system(
    codec: Codec, address: Address, outside: Outside, tmp_path: Path
) -> None:
    assert address.certificate
    file = tmp_path / "ca.pem"
    await asyncio.to_thread(file.write_bytes, address.certificate.pem)
    async with cisco.connect(options(address, tls=Trust(ca_file=file)), outside) as endpoint:
        await endpoint.show(agenda(booking("one")))
    assert codec.requests


@pytest.mark.fault("endpoint_control_characters")
async def test_control_characters_in_a_status_do_no_harm(
    codec: Codec, endpoint: Shows, device: Screen
) -> None:
    codec.switch(control_characters=True)
    await endpoint.show(agenda(booking("one", title="tab\tbell\x07")))
    assert device.listed()[0].title.startswith("tab")


@pytest.mark.fault("endpoint_sessions")
async def test_no_session_is_left_open(codec: Codec, endpoint: Shows) -> None:
    for _ in range(30):
        await endpoint.show(agenda(booking("one")))
    assert len(codec.sessions) == 0


async def test_a_private_booking_says_nothing_of_who_and_what(
    codec: Codec, endpoint: Shows
) -> None:
    closed = booking("x", title="Private meeting", organizer="", organizer_address="", private=True)
    for version in ("RoomOS 11.27.2.0", "TC7.3.9"):
        codec.upgrade(version)
        await endpoint.show(agenda(closed))
        assert codec.screen().bookings[0].private
        assert "Ada" not in codec.received[-1].body


async def test_join_lights_up_five_minutes_before(
    codec: Codec, endpoint: Shows, clock: FixedClock
) -> None:
    for version in ("RoomOS 11.27.2.0", "TC7.3.9"):
        codec.upgrade(version)
        await endpoint.show(agenda(booking("one", 1)))
        assert not codec.screen(NOON + HOUR - timedelta(minutes=6)).bookings[0].join
        assert codec.screen(NOON + HOUR - timedelta(minutes=4)).bookings[0].join


async def test_a_unit_that_speaks_h323_only_is_given_that(
    codec: Codec, address: Address, outside: Outside, device: Screen
) -> None:
    async with cisco.connect(options(address, protocols=("h323",)), outside) as endpoint:
        await endpoint.show(agenda(booking("one")))
    assert device.listed()[0].dial == ZOOM.h323
    assert codec.screen().bookings[0].protocol == "H323"


async def test_durations_are_whole_minutes_and_never_none(codec: Codec, endpoint: Shows) -> None:
    instant = booking("one", end=NOON + HOUR)
    await endpoint.show(agenda(instant))
    body = codec.received[-1].body
    told = json.loads(body[body.index("{") : body.rindex("}") + 1].replace("&quot;", '"'))
    assert told["Bookings"][0]["Time"]["Duration"] == 1


@pytest.mark.parametrize(("network", "reached"), [("10.0.0.0/8", False), ("127.0.0.0/8", True)])
async def test_names_that_lead_outside_the_endpoint_networks_are_not_followed(
    codec: Codec, address: Address, clock: FixedClock, network: str, *, reached: bool
) -> None:
    by_name = options(address, address=address.url.replace("127.0.0.1", "localhost"))
    async with (
        open_outside(clock, networks=[ip_network(network)]) as inside,
        cisco.connect(by_name, inside) as endpoint,
    ):
        if reached:
            await endpoint.show(agenda(booking("one")))
        else:
            with pytest.raises(Unavailable):
                await endpoint.show(agenda(booking("one")))
    assert bool(codec.screen().bookings) is reached


async def test_a_codec_is_tried_with_one_request_and_left_as_it_is(
    outside: Outside, address: Address, codec: Codec
) -> None:
    async with cisco.connect(options(address), outside) as endpoint:
        assert isinstance(endpoint, Tried)
        await endpoint.attempt()
    assert len(codec.requests) == 1
    assert not codec.received


@pytest.mark.fault("endpoint_password")
async def test_a_wrong_password_is_tried_once(
    outside: Outside, address: Address, codec: Codec
) -> None:
    async with cisco.connect(options(address, password=Secret("wrong")), outside) as endpoint:
        assert isinstance(endpoint, Tried)
        with pytest.raises(Denied):
            await endpoint.attempt()
    assert len(codec.requests) == 1


@pytest.mark.fault("endpoint_password")
async def test_a_password_that_cannot_be_read_is_not_tried(
    outside: Outside, address: Address, codec: Codec
) -> None:
    async with cisco.connect(options(address, password=Secret("")), outside) as endpoint:
        assert isinstance(endpoint, Tried)
        with pytest.raises(Denied) as caught:
            await endpoint.attempt()
    assert caught.value.reason == "credentials_missing"
    assert not codec.requests
