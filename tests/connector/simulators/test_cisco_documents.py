"""What a unit says of itself."""

import pytest
from lxml import etree

from connector.simulators.cisco.versions import Version

from .cisco_room import LOGIN, NOON, booking, command, room

VERSIONS = [
    ("TC7.3.9", "TC7.3.9."),
    ("ce9.1.4", "ce9.1.4."),
    ("ce9.15.17.4", "ce9.15.17.4."),
    ("RoomOS 10.19", "ce10.19."),
    ("RoomOS 11.27.2.0", "ce11.27.2.0."),
    ("RoomOS 26.4.1", "ce26.4.1."),
]


@pytest.mark.parametrize(("version", "reported"), VERSIONS)
async def test_every_document_names_the_version(version: str, reported: str) -> None:
    async with room(version=version) as unit:
        for root in ("Status", "Configuration"):
            found = await unit.get(f"/{root}")
            assert found.get("product") == "Cisco Codec"
            assert (found.get("version") or "").startswith(reported)
        found = await unit.get("/Status/SystemUnit/Software")
        assert (found.findtext(".//Software/Version") or "").startswith(reported)
        assert found.findtext(".//Software/DisplayName") == version


async def test_the_version_can_be_reported_in_any_words() -> None:
    async with room(version_text="RoomOS 11.27.2.0 abc") as unit:
        found = await unit.get("/Status/SystemUnit/Software/Version")
        assert found.get("version") == "RoomOS 11.27.2.0 abc"
        assert found.findtext("SystemUnit/Software/Version") == "RoomOS 11.27.2.0 abc"


@pytest.mark.parametrize("text", ["", "9.15", "Windows 11", "ce", "RoomOS"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="version"):
        Version.parse(text)


def test_versions_count_on_across_their_names() -> None:
    found = [Version.parse(version) for version, _ in VERSIONS]
    assert sorted(found, key=lambda version: version.numbers) == found
    assert Version.parse("ce9.6.1.4516ae5aaa1").at_least(9, 6, 1)


async def test_only_the_part_asked_for_comes_back() -> None:
    async with room(serial="SIM42") as unit:
        found = await unit.get("/Status/SystemUnit/Hardware/Module/SerialNumber")
        leaves = [one.tag for one in found.iter() if len(one) == 0]
        assert leaves == ["SerialNumber"]
        assert found.findtext(".//SerialNumber") == "SIM42"


async def test_uptime_and_system_time_follow_the_clock() -> None:
    async with room() as unit:
        unit.clock.move(minutes=5)
        found = await unit.get("/Status")
        assert found.findtext("SystemUnit/Uptime") == "300"
        assert found.findtext("Time/SystemTime") == "2026-02-06T12:05:00+0000"
        unit.codec.reboot()
        assert (await unit.get("/Status")).findtext("SystemUnit/Uptime") == "0"


async def test_the_whole_documents_have_paths_of_their_own() -> None:
    async with room(name="Kestrel") as unit:
        for path, expected in (
            ("/status.xml", "SystemUnit/ProductId"),
            ("/configuration.xml", "SystemUnit/Name"),
        ):
            answer = await unit.http.get(path, headers=LOGIN)
            assert answer.content_type == "text/xml"
            assert etree.fromstring(await answer.read()).findtext(expected)


@pytest.mark.parametrize("location", ["/Status/Coffee", "/Configuration/Coffee", "/Coffee", ""])
async def test_a_place_that_is_not_there_is_an_error_inside_a_200(location: str) -> None:
    async with room() as unit:
        found = await unit.get(location)
        assert found.get("status") == "Error"
        assert found.findtext("Reason") == "No match on address expression"


async def test_bookings_tell_which_meeting_is_on_and_until_when() -> None:
    async with room() as unit:

        async def said() -> tuple[str, ...]:
            found = await unit.get("/Status/Bookings")
            paths = ("Availability/Status", "Availability/TimeStamp", "Current/Id")
            return tuple(found.findtext(f"Bookings/{path}") or "" for path in paths)

        assert await said() == ("Free", "", "")
        await unit.put(booking("b", start=NOON.replace(hour=13)))
        assert await said() == ("FreeUntil", "2026-02-06T13:00:00Z", "")
        unit.clock.move(hours=1)
        assert await said() == ("BookedUntil", "2026-02-06T14:00:00Z", "b")
        unit.clock.move(hours=1)
        assert await said() == ("Free", "", "")


async def test_availability_came_with_10_19() -> None:
    async with room(version="ce9.15.17.4") as unit:
        assert (await unit.get("/Status/Bookings")).find("Bookings/Availability") is None


async def test_a_call_has_a_status_while_it_lasts() -> None:
    async with room() as unit:
        assert len(await unit.get("/Status/Call")) == 0
        await unit.tell(command("<Dial><Number>1@x.com</Number><Protocol>Sip</Protocol></Dial>"))
        unit.clock.move(seconds=30)
        found = (await unit.get("/Status/Call")).find("Call")
        assert found is not None
        assert found.get("item") == "1"
        said = {path: found.findtext(path) for path in ("Status", "RemoteNumber", "Protocol")}
        assert said == {"Status": "Connected", "RemoteNumber": "1@x.com", "Protocol": "SIP"}
        assert found.findtext("Duration") == "30"
        assert found.findtext("CallbackNumber") == "sip:1@x.com"
        assert (await unit.get("/Status/Call[1]/Status")).findtext("Call/Status") == "Connected"
        assert (await unit.get("/Status/Call[2]/Status")).get("status") == "Error"


async def test_a_monitor_puts_control_characters_into_the_status() -> None:
    async with room(control_characters=True) as unit:
        answer = await unit.http.get("/status.xml", headers=LOGIN)
        text = await answer.read()
        assert b"\x01\x02\x03\x04\x05" in text
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(text)


async def test_settings_belong_to_their_versions() -> None:
    for version, there in (("ce9.15.17.4", False), ("RoomOS 11.27.2.0", True)):
        async with room(version=version) as unit:
            found = await unit.get("/Configuration/Bookings/CheckIn/Enabled")
            assert (found.get("status") is None) == there
