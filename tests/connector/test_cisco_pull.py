"""A unit that fetches its list itself, in the manner of a TMS."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

from connector.endpoint import Attended, Described, Dials, Hears, Lists, Pulls, Shows
from connector.endpoints import cisco
from connector.errors import Unavailable
from connector.lines import SshTrust
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.cisco import Codec, serve
from connector.watching import Call as Post
from tests.connector.cisco_units import comes
from tests.connector.endpoint_contract import ZOOM, agenda, booking, plain
from tests.fakes.virtual import FixedClock

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
SERVICE = "{http://www.tandberg.net/2004/11/SystemManagementService/}"
BOOKINGS = "{http://www.cisco.com/TelePresence/Bookings/1.0}"
HOOK = Secret("p" * 43)


def settings(**more: Any) -> cisco.Options:
    return cisco.Options(transport="pull", hook=HOOK, **more)


@pytest.fixture
async def unit(outside: Outside) -> Any:
    async with cisco.connect(settings(), outside) as opened:
        yield opened


def event(said: str = "Beat", software: str = "ce9.15.17.4") -> Post:
    """What a unit posts (endpoints.md 2.9)."""
    body = f"""<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="{SOAP[1:-1]}"><soap:Body>
<PostEvent xmlns="{SERVICE[1:-1]}"><Identification><SystemName>Kestrel</SystemName>
<MACAddress>00:50:60:00:00:01</MACAddress><IPAddress>10.0.0.9</IPAddress>
<ProductType>TANDBERG Codec</ProductType><ProductID>Cisco TelePresence SX20</ProductID>
<SWVersion>{software}</SWVersion><HWBoard>101</HWBoard><SerialNumber>A1B2</SerialNumber>
</Identification><Event>{said}</Event></PostEvent></soap:Body></soap:Envelope>"""
    return Post(query={}, headers={"content-type": "text/xml"}, body=body.encode())


def answered(unit: Any, post: Post) -> etree._Element:
    reply = unit.hear(post)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(reply.text.encode())
    (result,) = root.iterfind(f"{SOAP}Body/{SERVICE}PostEventResponse/{SERVICE}PostEventResult")
    return result


def beat(result: Any) -> int:
    return int(result.findtext(f"{SERVICE}HeartBeatInterval"))


def fetched(result: Any) -> list[str] | None:
    found = result.find(f"{SERVICE}Management/{SERVICE}Calendar/{BOOKINGS}Bookings")
    if found is None:
        return None
    return [one.findtext(f"{BOOKINGS}Id") for one in found]


def test_a_unit_that_fetches_is_shown_and_heard_but_never_called() -> None:
    assert isinstance(settings(), Pulls)
    assert settings().host == ""
    assert not list(settings().problems())


async def test_it_keeps_what_it_can(unit: Any) -> None:
    for protocol in (Shows, Lists, Described, Hears):
        assert isinstance(unit, protocol)
    for other in (Dials, Attended):
        assert not isinstance(unit, other)


@pytest.mark.fault("endpoint_reboot")
@pytest.mark.parametrize("version", ["TC7.3.9", "ce9.15.17.4", "RoomOS 26.4.1"])
async def test_a_simulated_unit_fetches_its_list_and_again_after_a_restart(
    unit: Any, clock: FixedClock, version: str
) -> None:
    async def hook(request: web.Request) -> web.Response:
        post = Post(query={}, headers={}, body=await request.read())
        reply = unit.hear(post)
        return web.Response(status=reply.status, text=reply.text, headers=reply.headers)

    application = web.Application()
    application.router.add_post("/hooks/cisco/{secret}", hook)
    codec = Codec(version=version, clock=clock.now)
    async with TestServer(application) as server, serve(codec):
        path = f"hooks/cisco/{HOOK.reveal()}"
        for name, value in (
            ("Path", path),
            ("Address", f"127.0.0.1:{server.port}"),
            ("Protocol", "HTTP"),
        ):
            codec.configure(f"Provisioning/ExternalManager/{name}", value)
        codec.configure("Provisioning/Mode", "TMS")
        await unit.show(agenda(booking("one"), plain("two", 3)))
        codec.life.tick()
        await comes(lambda: len(codec.bookings) == 2)
        assert [one.dial for one in codec.screen().bookings] == [ZOOM.sip, None]
        await unit.show(agenda(booking("three")))
        clock.move(timedelta(seconds=420))
        codec.life.tick()
        await comes(lambda: [one.id for one in codec.bookings] == ["three"])
        codec.reboot()
        assert not codec.bookings
        await comes(lambda: codec.bookings)
        await unit.show(agenda())
        clock.move(timedelta(seconds=420))
        codec.life.tick()
        await comes(lambda: not codec.bookings)
    assert (await unit.facts()).serial == codec.serial


@pytest.mark.parametrize("said", ["Boot", "Register", "Beat", "Something"])
async def test_each_call_is_answered_with_the_list(unit: Any, said: str) -> None:
    told = agenda(booking("one"), plain("two", 3))
    await unit.show(told)
    result = answered(unit, event(said))
    assert fetched(result) == ["one", "two"]
    assert beat(result) == 420
    numbers = [one.text for one in result.iter(f"{BOOKINGS}Number")]
    assert numbers == [ZOOM.sip]
    assert await unit.lists(told) is True


async def test_an_empty_list_is_one_too(unit: Any) -> None:
    await unit.show(agenda())
    assert fetched(answered(unit, event())) == []


async def test_before_the_first_read_there_is_no_list_and_it_asks_again_soon(unit: Any) -> None:
    result = answered(unit, event("Boot"))
    assert fetched(result) is None
    assert beat(result) < 60


async def test_whether_a_newer_list_arrived_is_not_known_before_the_next_beat(unit: Any) -> None:
    old, new = agenda(booking("one")), agenda(booking("two"))
    await unit.show(old)
    assert await unit.lists(old) is None
    answered(unit, event())
    await unit.show(new)
    assert await unit.lists(new) is None
    answered(unit, event())
    assert await unit.lists(new) is True


async def test_a_unit_that_no_longer_asks_is_away(unit: Any, clock: FixedClock) -> None:
    await unit.show(agenda())
    answered(unit, event())
    clock.move(timedelta(seconds=3 * 420 + 1))
    with pytest.raises(Unavailable) as caught:
        await unit.lists(agenda())
    assert caught.value.reason == "timeout"
    answered(unit, event())
    assert await unit.lists(agenda())


async def test_it_says_what_the_unit_said_of_itself(unit: Any) -> None:
    answered(unit, event())
    facts = await unit.facts()
    assert (facts.serial, facts.software, facts.way) == ("A1B2", "ce9.15.17.4", "pull")


@pytest.mark.parametrize(
    ("software", "namespace", "internal"),
    [("TC7.3.9", "{http://www.tandberg.com/XML/CUIL/2.0}", None), ("ce9.15.17.4", "", "true")],
)
async def test_old_and_new_units_get_their_form_of_configuration(
    unit: Any, software: str, namespace: str, internal: str | None
) -> None:
    result = answered(unit, event(software=software))
    inner = result.find(f"{SERVICE}Management/{SERVICE}Configuration/{namespace}Configuration")
    assert inner is not None
    assert inner.get("internal") == internal


async def test_documents_are_taken_so_that_they_are_not_repeated(unit: Any) -> None:
    assert unit.hear(Post(query={}, headers={}, body=b"<Status><Any/></Status>")).status == 200


@pytest.mark.fault("endpoint_control_characters")
@pytest.mark.parametrize("body", [b"", b"nonsense", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"])
async def test_what_is_no_xml_is_refused(unit: Any, body: bytes, outside: Outside) -> None:
    assert unit.hear(Post(query={}, headers={}, body=body)).status == 400
    assert outside.meter.told["malformed"] == 1


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"transport": "pull"}, "hook"),
        ({"transport": "pull", "hook": Secret("short")}, "hook"),
        ({"transport": "pull", "hook": HOOK, "heartbeat": 5}, "heartbeat"),
        ({"address": ""}, "address"),
        ({"username": ""}, "username"),
        ({"password": None}, "password"),
        ({"transport": "ssh"}, "ssh"),
        ({"transport": "ssh", "ssh": SshTrust(port=0)}, "ssh.port"),
        ({"ssh": SshTrust(fingerprint="MD5:ab")}, "ssh.fingerprint"),
        ({"feedback_slot": 5}, "feedback_slot"),
        ({"call_rate": 5}, "call_rate"),
        ({"address": "http://[bad"}, "address"),
        ({"address": "codec/path"}, "address"),
    ],
)
def test_settings_that_cannot_work_are_told(more: dict[str, Any], key: str) -> None:
    usual = {"address": "10.0.0.9", "username": "bridge", "password": Secret("x")}
    assert key in dict(cisco.Options(**{**usual, **more}).problems())
