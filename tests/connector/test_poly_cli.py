"""The driver for Poly units by their command line, against the simulated unit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.endpoints import poly
from connector.endpoints.poly import meetings, terminal
from connector.endpoints.poly.unit import Unit as Driven
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.lines import SshTrust, presented
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.poly import Fault, Unit, serve
from tests.connector.endpoint_contract import agenda, booking, plain
from tests.connector.poly_unit import CALENDAR, H323, SIP, options, read_by, standing
from tests.fakes.virtual import NOON

WAYS = ["ssh", "telnet"]
HARD: list[dict[str, Any]] = [
    {},
    {"interleaved": False, "named": False},
    {"echo": True},
    {"prompts": "password"},
    {"prompts": "none"},
    {"host_key": "ed25519"},
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("switches", HARD, ids=str)
async def test_a_unit_is_told_to_dial_and_to_hang_up(
    outside: Outside, way: str, switches: dict[str, Any]
) -> None:
    async with standing(outside, "hdx", way, **switches) as stand:
        assert await stand.driven.calls() == []
        await stand.driven.dial(SIP)
        calls = await stand.driven.calls()
        assert calls
        assert [(call.state, call.direction) for call in calls] == [("connected", "out")]
        assert [call.number for call in stand.unit.calls.all()] == ["123@example.com"]
        await stand.driven.tones("1*#")
        assert stand.unit.calls.tones == ["1", "*", "#"]
        await stand.driven.hang_up()
        await stand.driven.hang_up()
        assert stand.unit.calls.all() == ()


@pytest.mark.parametrize("way", WAYS)
async def test_protocol_and_rate_are_told(outside: Outside, way: str) -> None:
    async with standing(outside, "hdx", way, more={"call_rate": 768}) as stand:
        await stand.driven.dial(H323)
        assert [(one.protocol, one.rate) for one in stand.unit.calls.all()] == [("H323", 768)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("switches", HARD[:3], ids=str)
async def test_a_unit_says_what_it_is_and_how_it_finds_its_calendar(
    outside: Outside, way: str, switches: dict[str, Any]
) -> None:
    async with standing(outside, "hdx", way, **switches) as stand:
        facts = await stand.driven.facts()
        assert facts.software == stand.unit.software
        assert facts.serial == stand.unit.serial
        assert (facts.way, facts.calendar) == (way, "unavailable")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", ["hdx", "group", "studio"])
async def test_a_unit_is_pointed_at_the_facade(outside: Outside, way: str, family: str) -> None:
    async with standing(outside, family, way, telnet=True) as stand:
        made = await stand.driven.provision(CALENDAR)
        account = stand.unit.settings.account()
        assert account
        assert account.server == "bridge.example.com"
        assert (account.username, account.mailbox) == ("kestrel", "kestrel@example.com")
        assert account.password == "facade secret"
        assert "calendarpassword" in made


async def test_a_password_with_a_quotation_mark_is_refused_before_anything_is_set(
    outside: Outside,
) -> None:
    async with standing(outside, "hdx", "ssh") as stand:
        facade = type(CALENDAR.facade)(username="a", password=Secret('x" "y'))
        odd = type(CALENDAR)(url=CALENDAR.url, mailbox=CALENDAR.mailbox, facade=facade)
        with pytest.raises(Malformed) as caught:
            await stand.driven.provision(odd)
        assert "quotation" in caught.value.fix
        assert stand.unit.settings.account() is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Los_Angeles"])
async def test_a_unit_that_lists_the_bookings_is_told_apart_from_others(
    outside: Outside, way: str, zone: str
) -> None:
    wanted = agenda(booking("one"), plain("two", 3))
    async with standing(outside, "hdx", way, time_zone=zone) as stand:
        assert await stand.driven.lists(wanted) is False
        read_by(stand.unit, wanted)
        assert await stand.driven.lists(wanted) is True
        read_by(stand.unit, agenda(booking("one"), plain("two", 4)))
        assert await stand.driven.lists(wanted) is False
        read_by(stand.unit, wanted, numbers=())
        assert await stand.driven.lists(wanted) is False
        assert await stand.driven.lists(agenda()) is None
        stand.unit.hold(())
        assert await stand.driven.lists(agenda()) is True


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prompts", ["password", "user"])
async def test_a_wrong_password_is_tried_once_and_never_again(
    outside: Outside, way: str, prompts: str
) -> None:
    wrong = {"password": Secret("wrong")}
    async with standing(outside, "hdx", way, more=wrong, prompts=prompts) as stand:
        for _ in range(3):
            with pytest.raises(Denied) as caught:
                await stand.driven.calls()
            assert caught.value.reason == "credentials_refused"
        assert len(stand.unit.terminal._failures) == 1


@pytest.mark.fault("endpoint_certificate")
async def test_another_host_key_is_not_told_the_password(outside: Outside) -> None:
    unit = Unit("hdx", clock=outside.clock.now)
    other = SshTrust(fingerprint="SHA256:" + "A" * 43)
    async with serve(unit) as address:
        given = options(address, "ssh", ssh=SshTrust(port=address.ssh_port, fingerprint=""))
        async with poly.connect(given, outside) as driven:
            assert isinstance(driven, Driven)
            shown = await presented(outside, given.host, address.ssh_port)
            assert shown == address.ssh_fingerprint
            with pytest.raises(Denied):
                await driven.calls()
        pinned = SshTrust(port=address.ssh_port, fingerprint=other.fingerprint)
        async with poly.connect(options(address, "ssh", ssh=pinned), outside) as driven:
            assert isinstance(driven, Driven)
            with pytest.raises(Malformed) as caught:
                await driven.calls()
            assert caught.value.reason == "certificate_changed"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault(kind="error", reason="command not found", path="cli dial"), Malformed,
         "unsupported"),
        (Fault(kind="error", reason="busy", path="cli dial"), Malformed, "request_refused"),
        (Fault(kind="drop", path="cli dial"), Unavailable, "broken_off"),
    ],
    ids=lambda one: str(one)[:40],
)  # fmt: skip
async def test_every_fault_is_one_of_the_four_errors(
    outside: Outside, way: str, fault: Fault, kind: type[ConnectorError], reason: str
) -> None:
    async with standing(outside, "hdx", way) as stand:
        stand.unit.faults.add(fault)
        with pytest.raises(kind) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == reason
        await stand.driven.dial(SIP)


@pytest.mark.fault("endpoint_half_open")
async def test_a_unit_that_stays_silent_is_given_up(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.endpoints.poly.unit.ERRAND_LIMIT", 1.0)
    async with standing(outside, "hdx", "telnet") as stand:
        stand.unit.faults.add(Fault(kind="silent", path="cli dial"))
        with pytest.raises(Unavailable) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == "timeout"


async def test_an_old_unit_without_rest_is_found_on_its_command_line(outside: Outside) -> None:
    unit = Unit("hdx", clock=outside.clock.now)
    async with serve(unit) as address:
        given = options(address, "ssh", family="auto")
        async with poly.connect(given, outside) as driven:
            assert isinstance(driven, Driven)
            assert (await driven.facts()).way == "ssh"
        nothing = options(address, "ssh", family="group", ssh=None)
        async with poly.connect(nothing, outside) as driven:
            assert isinstance(driven, Driven)
            with pytest.raises(Malformed) as caught:
                await driven.facts()
        assert caught.value.reason == "unsupported"
        assert "ssh" in caught.value.fix


# --- what lines mean


def test_call_lines_are_read_with_empty_names_and_colons_in_numbers() -> None:
    lines = [
        "callinfo begin",
        "callinfo:34::sip:123@x.com:384:connected:muted:outgoing:videocall",
        "callinfo:1:A:B:10.0.0.1:384:ringing:notmuted:incoming:videocall",
        "callinfo:short",
        "callinfo end",
    ]
    found = terminal.calls_of(lines)
    assert [(one.id, one.state, one.direction) for one in found] == [
        ("34", "connected", "out"),
        ("1", "ringing", "in"),
    ]


@given(st.lists(st.text(max_size=60), max_size=20))
def test_any_lines_are_borne(lines: list[str]) -> None:
    terminal.calls_of(lines)
    terminal.meetings_of(lines)
    terminal.joined_of(lines)
    terminal.facts_of(lines, "", "ssh")


def test_odd_meeting_lines_are_left_out() -> None:
    lines = [
        "calendarmeetings list begin",
        "meeting|1|2026-02-06:08:30|2026-02-06:09:15|a|b",
        "meeting|2|2026-02-31:08:30|2026-02-06:09:15|no such day",
        "meeting|3|soon|later|x",
        "meeting|4|2026-02-06:08:30|2026-02-06:09:15",
    ]
    assert [one.id for one in terminal.meetings_of(lines)] == ["1", "4"]


@given(st.integers() | st.floats() | st.text(max_size=20) | st.none() | st.booleans())
def test_any_value_is_a_time_or_none(value: Any) -> None:
    found = meetings.instant(value)
    assert found is None or found.tzinfo is UTC
    assert list(meetings.spans(NOON, value)) is not None


def test_times_are_seconds_or_milliseconds() -> None:
    for value in (1_800_000_000, 1_800_000_000_000, "1800000000", 1_800_000_000.0):
        assert meetings.instant(value) == datetime(2027, 1, 15, 8, tzinfo=UTC)
    hour = timedelta(hours=1)
    for duration in (60, 3600, 3_600_000):
        assert NOON + hour in meetings.spans(NOON, duration)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_meetings_at_the_ends_of_the_calendar_are_no_fault(day: str) -> None:
    listed = terminal.meetings_of([f"meeting|1|{day}:00:00|{day}:23:59"])
    assert meetings.agrees(listed, agenda(booking("one")), NOON, ("sip",)) is False


def test_endless_lists_are_not_compared() -> None:
    line = "meeting|1|2026-01-01:10:00|2026-01-01:11:00"
    listed = terminal.meetings_of([line] * 20_000)
    assert meetings.agrees(listed, agenda(booking("one")), NOON, ("sip",)) is None
