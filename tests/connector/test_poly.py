"""The driver for Poly units by REST, against the simulated unit."""

import asyncio
from typing import Any

import pytest

from connector.checkup import Tried
from connector.endpoint import Described, Dials, Facade, Lists, Provisioned, Shows, Tones
from connector.endpoints import poly
from connector.endpoints.poly import trio
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.lines import SshTrust
from connector.outside import Outside, Trust
from connector.secret import Secret
from connector.simulators.poly import Address, Fault, Unit, serve
from tests.connector.endpoint_contract import agenda, booking, plain
from tests.connector.poly_unit import CALENDAR, H323, HOUR, SIP, options, read_by, standing

FAMILIES = ["studio", "group", "trio"]
ON: dict[str, Any] = {"rest": True}


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_unit_is_told_to_dial_and_to_hang_up(outside: Outside, family: str) -> None:
    async with standing(outside, family, **ON) as stand:
        assert await stand.driven.calls() == []
        await stand.driven.dial(SIP)
        calls = await stand.driven.calls()
        assert calls
        assert [(call.state, call.direction) for call in calls] == [("connected", "out")]
        assert [call.number for call in stand.unit.calls.all()] == ["123@example.com"]
        await stand.driven.hang_up()
        await stand.driven.hang_up()
        assert await stand.driven.calls() == []
        assert len(stand.unit.sessions) == 0


@pytest.mark.parametrize("family", FAMILIES)
async def test_an_h323_address_is_dialled_as_such(outside: Outside, family: str) -> None:
    async with standing(outside, family, **ON) as stand:
        await stand.driven.dial(H323)
        assert [call.protocol for call in stand.unit.calls.all()] == ["H323"]


async def test_all_calls_of_a_trio_are_ended(outside: Outside) -> None:
    async with standing(outside, "trio", **ON) as stand:
        await stand.driven.dial(SIP)
        await stand.driven.dial(H323)
        await stand.driven.hang_up()
        assert stand.unit.calls.all() == ()


async def test_tones_are_sent_one_by_one(outside: Outside) -> None:
    async with standing(outside) as stand:
        await stand.driven.dial(SIP)
        await stand.driven.tones("12#")
        assert stand.unit.calls.tones == ["1", "2", "#"]


@pytest.mark.parametrize("family", ["studio", "group"])
async def test_a_unit_says_what_it_is(outside: Outside, family: str) -> None:
    async with standing(outside, family) as stand:
        stand.unit.offset = 3 * HOUR
        facts = await stand.driven.facts()
    assert facts.software == stand.unit.software
    assert facts.product == stand.unit.family.model
    assert facts.serial == stand.unit.serial
    assert (facts.way, facts.calendar) == ("rest", "DISABLED")
    assert facts.clock_off == 3 * HOUR


async def test_a_trio_says_what_it_is(outside: Outside) -> None:
    async with standing(outside, "trio", **ON) as stand:
        facts = await stand.driven.facts()
    assert (facts.product, facts.software) == ("Trio 8800", "5.9.3.2489")


# --- sessions


@pytest.mark.fault("endpoint_sessions")
async def test_each_errand_ends_its_session(outside: Outside) -> None:
    async with standing(outside) as stand:
        for _ in range(30):
            await stand.driven.calls()
            assert len(stand.unit.sessions) == 0


@pytest.mark.fault("endpoint_sessions")
async def test_an_errand_that_fails_or_is_given_up_ends_its_session_too(outside: Outside) -> None:
    async with standing(outside) as stand:
        stand.unit.faults.add(Fault(kind="status", status=500, path="/rest/conferences"))
        with pytest.raises(Unavailable):
            await stand.driven.calls()
        assert len(stand.unit.sessions) == 0
        slow = Fault(kind="slow", seconds=30, path="/rest/conferences")
        stand.unit.faults.add(slow)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await stand.driven.calls()
        assert len(stand.unit.sessions) == 0


@pytest.mark.parametrize(
    "switches",
    [
        {"xsrf": False},
        {"xsrf": True},
        {"basic": "required"},
        {"basic": "allowed", "session": False},
        {"basic": "required", "session": False},
    ],
    ids=str,
)
async def test_session_and_basic_each_work_alone_or_together(
    outside: Outside, switches: dict[str, Any]
) -> None:
    async with standing(outside, **switches) as stand:
        await stand.driven.dial(SIP)
        assert stand.unit.calls.all()


@pytest.mark.parametrize("status", [400, 412])
@pytest.mark.parametrize("kind", ["ended", "reason"])
async def test_a_session_that_ended_is_begun_again_once(
    outside: Outside, status: int, kind: Any
) -> None:
    async with standing(outside, error_status=status) as stand:
        lost = Fault(kind=kind, reason="SessionNoActiveSession", path="/rest/conferences")
        stand.unit.faults.add(lost)
        await stand.driven.dial(SIP)
        assert stand.logins == 2
        assert len(stand.unit.calls.all()) == 1


async def test_a_session_that_is_lost_again_and_again_is_given_up(outside: Outside) -> None:
    async with standing(outside) as stand:
        stand.unit.faults.add(Fault(kind="ended", path="/rest/conferences", times=None))
        with pytest.raises(Denied) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == "access_denied"
        assert stand.logins == 2


async def test_an_active_session_is_ended_and_begun_anew(outside: Outside) -> None:
    async with standing(outside) as stand:
        active = Fault(kind="reason", reason="SessionAlreadyActive", path="/rest/session")
        await stand.driven.calls()
        stand.unit.faults.add(active)
        await stand.driven.dial(SIP)
        assert stand.unit.calls.all()
        assert len(stand.unit.sessions) == 0


async def test_a_session_of_somebody_else_is_no_wrong_password(outside: Outside) -> None:
    async with standing(outside, more={"family": "videoos"}) as stand:
        taken = Fault(kind="reason", reason="SessionAlreadyActive", path="/rest/session", times=3)
        stand.unit.faults.add(taken)
        with pytest.raises(Unavailable) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == "service_error"
        await stand.driven.dial(SIP)


async def test_a_locked_port_is_left_alone_for_a_while(outside: Outside) -> None:
    async with standing(outside, more={"family": "videoos"}) as stand:
        locked = Fault(kind="reason", reason="SessionPortLockout", path="/rest/session", times=2)
        stand.unit.faults.add(locked)
        with pytest.raises(Unavailable) as caught:
            await stand.driven.calls()
        assert caught.value.reason == "throttled"
        assert caught.value.retry_after
        assert stand.logins == 1


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("basic", ["ignored", "required"])
async def test_a_wrong_password_is_tried_once_and_never_again(
    outside: Outside, family: str, basic: str
) -> None:
    wrong = {"password": Secret("wrong")}
    async with standing(outside, family, more=wrong, basic=basic, **ON) as stand:
        for _ in range(3):
            with pytest.raises(Denied) as caught:
                await stand.driven.dial(SIP)
            assert caught.value.reason == "credentials_refused"
        tried = [seen for seen in stand.unit.requests if seen.user]
        assert len(tried) == 1
        assert not any(what.startswith("DELETE") for what in stand.asked)
        assert "wrong" not in str(caught.value) + caught.value.fix


# --- faults


REST_FAULTS = [
    (Fault(kind="status", status=503), Unavailable, "service_error"),
    (Fault(kind="status", status=404), ConnectorError, "not_found"),
    (Fault(kind="page"), Malformed, "not_json"),
    (Fault(kind="drop"), Unavailable, "broken_off"),
    (Fault(kind="reason", reason="SessionRequestInvalid"), Malformed, "request_refused"),
]


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize(("fault", "kind", "reason"), REST_FAULTS, ids=lambda one: str(one)[:30])
async def test_every_fault_is_one_of_the_four_errors(
    outside: Outside, fault: Fault, kind: type[ConnectorError], reason: str
) -> None:
    async with standing(outside, more={"family": "videoos"}) as stand:
        struck = Fault(kind=fault.kind, status=fault.status, reason=fault.reason, path="/rest/conf")
        stand.unit.faults.add(struck)
        with pytest.raises(kind) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == reason
        assert not stand.unit.calls.all()
        await stand.driven.dial(SIP)


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault(kind="code", code="4000"), Malformed, "request_refused"),
        (Fault(kind="code", code="4003"), Malformed, "request_refused"),
        (Fault(kind="code", code="4007"), Malformed, "request_refused"),
        (Fault(kind="code", code="5000"), Unavailable, "service_error"),
        (Fault(kind="empty"), Malformed, "request_refused"),
        (Fault(kind="page"), Malformed, "unsupported"),
        (Fault(kind="status", status=503), Unavailable, "service_error"),
    ],
    ids=lambda one: str(one)[:40],
)
async def test_a_trios_codes_are_told_apart(
    outside: Outside, fault: Fault, kind: type[ConnectorError], reason: str
) -> None:
    async with standing(outside, "trio", more={"family": "trio"}, **ON) as stand:
        stand.unit.faults.add(fault)
        with pytest.raises(kind) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == reason


@pytest.mark.parametrize("numeric", [True, False])
async def test_a_trio_without_a_line_says_so(outside: Outside, *, numeric: bool) -> None:
    switches: dict[str, Any] = {"line_registered": False, "numeric_codes": numeric}
    async with standing(outside, "trio", **ON, **switches) as stand:
        with pytest.raises(Malformed, match="4002"):
            await stand.driven.dial(SIP)


async def test_a_trio_whose_rest_is_off_says_how_to_switch_it_on(outside: Outside) -> None:
    for family in ("trio", "auto"):
        async with standing(outside, "trio", more={"family": family}) as stand:
            with pytest.raises(Malformed) as caught:
                await stand.driven.dial(SIP)
            assert caught.value.reason == "unsupported"
            assert "apps.restapi.enabled=1" in caught.value.fix


async def test_a_trio_that_takes_the_order_and_begins_no_call_says_so(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trio, "BEGIN_LIMIT", 0.3)
    async with standing(outside, "trio", **ON) as stand:
        stand.unit.faults.add(Fault(kind="code", code="2000", path="/api/v1/callctrl/dial"))
        with pytest.raises(Unavailable) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == "service_error"
        assert "callStatus" in stand.asked[-1]


async def test_requests_to_a_trio_come_one_after_the_other(outside: Outside) -> None:
    async with standing(outside, "trio", **ON) as stand:
        errands = [stand.driven.dial(SIP), stand.driven.calls(), stand.driven.facts()]
        await asyncio.gather(*errands, stand.driven.hang_up())
        assert stand.unit.most_at_once == 1
        assert not any("sessionStats" in what for what in stand.asked)


@pytest.mark.fault("endpoint_slow")
async def test_a_unit_that_answers_late_is_waited_for(outside: Outside) -> None:
    async with standing(outside) as stand:
        stand.unit.faults.add(Fault(kind="slow", seconds=0.5, path="/rest/conferences"))
        await stand.driven.dial(SIP)
        assert stand.unit.calls.all()


@pytest.mark.fault("endpoint_certificate")
async def test_another_certificate_is_not_told_the_password(outside: Outside) -> None:
    async with standing(outside, more={"tls": Trust(fingerprint="sha256:" + "0" * 64)}) as stand:
        with pytest.raises(Malformed) as caught:
            await stand.driven.dial(SIP)
        assert caught.value.reason == "certificate_changed"
        assert not stand.asked


async def test_a_unit_that_is_off_is_unavailable(outside: Outside) -> None:
    off = Address(Unit(), "127.0.0.1", tls=False)
    off.port = 9
    async with poly.connect(options(off), outside) as driven:
        assert isinstance(driven, Dials)
        with pytest.raises(Unavailable) as caught:
            await driven.calls()
    assert caught.value.reason == "unreachable"


# --- the calendar


async def test_a_unit_that_lists_the_bookings_is_told_apart_from_others(outside: Outside) -> None:
    wanted = agenda(booking("one"), plain("two", 3), booking("three", 30))
    async with standing(outside) as stand:
        assert await stand.driven.lists(wanted) is False
        read_by(stand.unit, wanted)
        assert await stand.driven.lists(wanted) is True
        read_by(stand.unit, agenda(booking("one"), booking("stray", 5)))
        assert await stand.driven.lists(wanted) is False
        read_by(stand.unit, agenda(booking("one", 1.5), plain("two", 3)))
        assert await stand.driven.lists(wanted) is False
        read_by(stand.unit, wanted, numbers=())
        assert await stand.driven.lists(wanted) is False
        assert len(stand.unit.sessions) == 0


async def test_hidden_private_meetings_and_an_empty_day_agree(outside: Outside) -> None:
    closed = booking("x", title="Private meeting", private=True)
    async with standing(outside) as stand:
        assert await stand.driven.lists(agenda()) is True
        assert await stand.driven.lists(agenda(closed)) is True
        read_by(stand.unit, agenda(closed))
        assert await stand.driven.lists(agenda(closed)) is True


async def test_a_trio_does_not_tell_what_it_lists(outside: Outside) -> None:
    async with standing(outside, "trio", **ON) as stand:
        assert await stand.driven.lists(agenda()) is None


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_unit_is_pointed_at_the_facade(outside: Outside, family: str) -> None:
    async with standing(outside, family, **ON) as stand:
        made = await stand.driven.provision(CALENDAR)
        account = stand.unit.settings.account()
        assert account
        assert "bridge.example.com" in account.server
        assert (account.username, account.mailbox) == ("kestrel", "kestrel@example.com")
        assert account.password == "facade secret"
        assert "facade secret" not in str(made)
        assert made


async def test_a_trio_that_takes_no_settings_says_which_to_make(outside: Outside) -> None:
    async with standing(outside, "trio", **ON) as stand:
        stand.unit.faults.add(Fault(kind="status", status=404, path="/api/v1/mgmt/config"))
        with pytest.raises(Malformed) as caught:
            await stand.driven.provision(CALENDAR)
        assert caught.value.reason == "unsupported"
        assert "feature.exchange.allowBasicAuth=1" in caught.value.fix
        assert "facade secret" not in caught.value.fix


# --- what is offered, and settings


async def test_a_unit_without_a_login_only_reads_the_facade(outside: Outside) -> None:
    facade = Facade(username="kestrel", password=Secret("x"))
    for only in (poly.Options(facade=facade), poly.Options(address="10.2.0.7", facade=facade)):
        assert not list(only.problems())
        async with poly.connect(only, outside) as driven:
            for offered in (Dials, Tones, Shows, Lists, Described, Provisioned, Tried):
                assert not isinstance(driven, offered)


async def test_a_unit_with_a_login_offers_all_but_being_shown(outside: Outside) -> None:
    async with standing(outside) as stand:
        for offered in (Dials, Tones, Lists, Described, Provisioned, Tried):
            assert isinstance(stand.driven, offered)
        assert not isinstance(stand.driven, Shows)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_unit_is_tried_and_left_as_it_is(outside: Outside, family: str) -> None:
    async with standing(outside, family, **ON) as stand:
        await stand.driven.attempt()
        assert len(stand.unit.sessions) == 0
        assert not stand.unit.calls.all()


PROBLEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["address"]),
    ({"username": "a"}, ["address", "username"]),
    ({"address": "10.0.0.1"}, ["username"]),
    ({"address": "10.0.0.1", "username": "a"}, ["password"]),
    ({"address": "ftp://x", "username": "a", "password": Secret("b")}, ["address"]),
    ({"address": "10.0.0.1", "username": "a", "password": Secret("b"), "family": "hdx"}, ["ssh"]),
    ({"telnet": poly.Telnet(port=0), "facade": Facade(username="a", password=Secret("b"))},
     ["telnet", "telnet.port"]),
    ({"address": "10.0.0.1", "username": "a", "password": Secret("b"), "call_rate": 1,
      "ssh": SshTrust(fingerprint="x")}, ["ssh.fingerprint", "call_rate"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "keys"), PROBLEMS, ids=str)
def test_settings_that_cannot_work_are_told(given: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in poly.Options(**given).problems()] == keys


async def test_what_answers_is_found_out_without_a_login_and_remembered(outside: Outside) -> None:
    for family, probes in (("studio", 1), ("trio", 2)):
        unit = Unit(family, clock=outside.clock.now, rest=True)  # type: ignore[arg-type]
        async with serve(unit) as address, poly.connect(options(address), outside) as driven:
            assert isinstance(driven, Dials)
            await driven.calls()
            await driven.calls()
            asked = [seen.what for seen in unit.requests]
            assert not any(seen.user for seen in list(unit.requests)[:probes])
            assert sum(what.startswith("GET /rest/session") for what in asked) == 1
