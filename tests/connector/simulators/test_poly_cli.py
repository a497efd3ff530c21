"""The CLI over SSH and plain TCP (endpoints.md 3.4)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncssh
import pytest

from connector.simulators.poly import Address, Fault, Meeting, Number, Unit, serve

from .poly_room import NOON, Clock, meeting

END = "\r\r\n"


class Telnet:
    """Somebody at the other end of a plain connection."""

    def __init__(
        self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.unit = address.unit
        self.address = address
        self.reader = reader
        self.writer = writer

    async def until(self, mark: str) -> str:
        """What comes, up to a mark."""
        return (await self.reader.readuntil(mark.encode())).decode()

    async def line(self) -> str:
        """One line."""
        return (await self.until(END)).removesuffix(END).removeprefix("-> ")

    async def give(self, command: str) -> list[str]:
        """A command, and the lines of its answer."""
        self.writer.write(f"{command}\r\n".encode())
        answer = await self.until("-> ")
        return answer.removesuffix("-> ").removesuffix(END).split(END)


@asynccontextmanager
async def at_the_port(family: Any = "group", **options: Any) -> AsyncIterator[Telnet]:
    """A unit at noon, and a connection to its CLI before anything was said."""
    options.setdefault("prompts", "none")
    unit = Unit(family, clock=Clock(), **options)
    async with serve(unit, tls=False) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", address.telnet_port)
        yield Telnet(address, reader, writer)
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def telnet(family: Any = "group", **options: Any) -> AsyncIterator[Telnet]:
    """The same after the greeting."""
    async with at_the_port(family, **options) as one:
        await one.until("-> ")
        yield one


async def test_the_greeting_has_thirteen_lines_and_more() -> None:
    async with at_the_port(interleaved=False) as cli:
        lines = (await cli.until("-> ")).split(END)
        assert lines[0] == "Hi, my name is : Simulated unit"
        assert len(lines) - 1 >= 13


async def test_the_greeting_and_the_first_reply_come_mixed() -> None:
    async def never(_seconds: float) -> None:
        await asyncio.Event().wait()

    async with at_the_port(sleep=never) as cli:
        assert (await cli.line()).startswith("Hi, my name is")
        lines = await cli.give("callinfo all")
        assert "system is not in a call" in lines
        assert lines[-1] != "system is not in a call"
        assert await cli.give("callinfo all") == ["system is not in a call"]


async def test_what_nobody_knows_is_no_command() -> None:
    async with telnet() as cli:
        assert await cli.give("bookings list") == ["error: command not found"]
        assert await cli.give('dial manual "unfinished') == [
            "error: command has illegal parameters"
        ]
        assert await cli.give("calendarmeetings info nothing") == [
            "error: command has illegal parameters"
        ]


async def test_a_call_is_dialled_seen_and_ended() -> None:
    async with telnet() as cli:
        assert await cli.give('dial manual "384" "123@example.com" sip') == ["dialing manual"]
        found = await cli.give("callinfo all")
        line = "callinfo:1:Far end:123@example.com:384:connected:notmuted:outgoing:videocall"
        assert found == ["callinfo begin", line, "callinfo end"]
        assert await cli.give("gendial 4#") == ["gendial 4#"]
        assert await cli.give("hangup all") == ["hanging up all"]
        assert await cli.give("callinfo all") == ["system is not in a call"]
        assert cli.unit.calls.tones == ["4", "#"]
        await cli.give('dial phone h323 "10.0.0.1##7"')
        assert cli.unit.calls.dialled[-1].protocol == "H323"


async def test_the_name_in_callinfo_may_be_empty() -> None:
    async with telnet(named=False) as cli:
        await cli.give('dial auto "0" "7"')
        assert (await cli.give("callinfo all"))[1].startswith("callinfo:1::7:1024:")


async def test_it_tells_of_calls_and_meetings_when_asked_to() -> None:
    async with telnet() as cli:
        await cli.give("callstate register")
        await cli.give("notify callstatus")
        await cli.give("notify calendarmeetings")
        cli.unit.calls.dial("7", NOON)
        states = [await cli.line() for _ in range(5)]
        assert states[0] == "cs: call[1] chan[0] dialstr[7] state[ALLOCATED]"
        assert states[3] == "active: call[1] speed[1024]"
        assert states[4].startswith("notification:callstatus:outgoing:1:Far end:7:connected:")
        cli.unit.calls.hang_up()
        assert [await cli.line() for _ in range(2)] == ["cleared: call[1]", "ended: call[1]"]
        await cli.line()
        cli.unit.hold([meeting()])
        assert await cli.line() == "notification:calendarmeetings:changed"


async def test_the_calendar_is_unavailable_and_then_established() -> None:
    async with telnet() as cli:
        assert await cli.give("calendarstatus get") == ["calendarstatus unavailable"]
        cli.unit.stand("ONLINE")
        assert await cli.give("calendarstatus get") == ["calendarstatus established"]


async def test_meetings_are_listed_in_the_units_own_time() -> None:
    async with telnet(time_zone="Europe/Berlin") as cli:
        cli.unit.hold([meeting("a", subject="One | two"), meeting("b", hour=30)])
        begin, line, end = await cli.give('calendarmeetings list "today"')
        assert (begin, end) == ("calendarmeetings list begin", "calendarmeetings list end")
        assert line == "meeting|a|2026-02-06:14:00|2026-02-06:14:30|One two"
        both = await cli.give('calendarmeetings list "today" "tomorrow"')
        assert [one.split("|")[1] for one in both[1:-1]] == ["a", "b"]
        short = await cli.give("calendarmeetings list today:15:00 2026-02-06:20:00")
        assert len(short) == 2
        assert (await cli.give("calendarmeetings list 2026-02-01 2026-04-01"))[0].startswith(
            "error"
        )


async def test_a_meetings_particulars_are_told() -> None:
    async with telnet() as cli:
        numbers = (Number(number="123@example.com", protocol="sip"), Number(number="5551234"))
        cli.unit.hold([meeting(numbers=numbers, location="Kestrel", required=("Ann", "Ben"))])
        assert await cli.give('calendarmeetings info "m1"') == [
            "calendarmeetings info start",
            "id|m1",
            "2026-02-06:13:00|2026-02-06:13:30|dialable|public",
            "organizer|Ann Baker",
            "location|Kestrel",
            "subject|Weekly",
            "dialingnumber|video|123@example.com|sip",
            "dialingnumber|video|5551234",
            "meetingpassword|none",
            "attendee|Ann",
            "attendee|Ben",
            "calendarmeetings info end",
        ]


@pytest.mark.parametrize(("user", "subject"), [("user", "private meeting"), ("admin", "Secret")])
async def test_a_private_meeting_is_hidden_from_users_only(user: str, subject: str) -> None:
    users = {"user": "u", "admin": "a"}
    async with at_the_port(users=users, prompts="user") as cli:
        held: Meeting = meeting(private=True, subject="Secret")
        cli.unit.hold([held])
        assert await cli.until(": ") == "Username: "
        cli.writer.write(f"{user}\r\n".encode())
        await cli.until("Password: ")
        cli.writer.write(f"{user[0]}\r\n".encode())
        await cli.until("-> ")
        lines = await cli.give('calendarmeetings info "m1"')
        assert f"subject|{subject}" in lines
        assert cli.unit.requests[-1].user == user


async def test_settings_of_the_calendar_are_those_of_the_unit() -> None:
    async with telnet() as cli:
        assert await cli.give('calendarserver set "bridge.example.com"') == [
            "calendarserver bridge.example.com"
        ]
        await cli.give("calendaruser set kestrel")
        assert await cli.give("calendarpassword set hush") == ["calendarpassword"]
        assert (await cli.give("calendarpassword get"))[0].startswith("error")
        await cli.give("calendarresource set kestrel@example.com")
        yes = await cli.give("calendarregisterwithserver yes")
        assert yes == ["calendarregisterwithserver yes"]
        assert (await cli.give("calendarpollinginterval get")) == ["error: command not found"]
        account = cli.unit.settings.account()
        assert account is not None
        assert (account.server, account.username) == ("bridge.example.com", "kestrel")
        assert (account.password, account.mailbox) == ("hush", "kestrel@example.com")
        await cli.give("calendarregisterwithserver no")
        assert cli.unit.settings.account() is None


async def test_wrong_passwords_lock_the_cli() -> None:
    async with at_the_port("hdx", users={"admin": "a"}, prompts="password") as cli:
        for _ in range(7):
            cli.unit.terminal.admits("admin", "guessed", NOON)
        for _ in range(3):
            await cli.until("Password: ")
            cli.writer.write(b"guessed\r\n")
        assert (await cli.reader.read()).endswith(f"Login incorrect{END}".encode())
        assert cli.unit.terminal.locked(NOON)


async def test_trouble_strikes_commands_too() -> None:
    async with telnet() as cli:
        cli.unit.faults.add(Fault(kind="error", path="cli dial", reason="busy"))
        assert await cli.give("callinfo all") == ["system is not in a call"]
        assert await cli.give('dial manual "0" "7"') == ["error: busy"]
        cli.unit.faults.add(Fault(kind="drop"))
        cli.writer.write(b"callinfo all\r\n")
        assert await cli.reader.read() == b""


async def test_telnet_may_be_off() -> None:
    async with at_the_port("studio", telnet=False) as cli:
        assert await cli.reader.read() == b""
    async with telnet("studio") as cli:
        assert await cli.give("version") == ["version 3.12.0"]


async def test_what_telnet_clients_negotiate_is_passed_over() -> None:
    async with telnet() as cli:
        cli.writer.write(b"\xff\xfd\x03\xff\xfa\x18\x00xterm\xff\xf0callinfo all\r\n")
        assert "system is not in a call" in await cli.until("call\r\r\n")


@asynccontextmanager
async def ssh(address: Address, **options: Any) -> AsyncIterator[asyncssh.SSHClientConnection]:
    options.setdefault("password", "secret")
    options.setdefault("server_host_key_algs", ["ssh-rsa"])
    async with asyncssh.connect(
        "127.0.0.1",
        address.ssh_port,
        username="admin",
        known_hosts=None,
        config=None,
        client_keys=None,
        agent_path=None,
        **options,
    ) as connection:
        yield connection


async def test_over_ssh_it_is_the_same() -> None:
    unit = Unit("studio", clock=Clock(), interleaved=False)
    async with (
        serve(unit, tls=False) as address,
        ssh(address) as connection,
        connection.create_process(term_type="vt100", encoding="utf-8") as process,
    ):
        assert re.match("Hi, my name is", await process.stdout.readuntil("-> "))
        process.stdin.write("callinfo all\n")
        assert await process.stdout.readuntil("-> ") == f"system is not in a call{END}-> "
        process.stdin.write("exit\n")
        assert await process.stdout.read() == ""
        key = connection.get_server_host_key()
        assert key is not None
        assert key.get_fingerprint() == address.ssh_fingerprint
    assert [(one.way, one.what) for one in unit.requests] == [
        ("ssh", "login"),
        ("ssh", "callinfo"),
        ("ssh", "exit"),
    ]


async def test_an_old_host_key_is_refused_by_who_does_not_ask_for_it() -> None:
    unit = Unit("group", clock=Clock())
    async with serve(unit, tls=False) as address:
        with pytest.raises(asyncssh.KeyExchangeFailed):
            async with ssh(address, server_host_key_algs=["rsa-sha2-256", "ssh-ed25519"]):
                pass
        with pytest.raises(asyncssh.PermissionDenied):
            async with ssh(address, password="guessed"):
                pass
    unit = Unit("group", clock=Clock(), host_key="ed25519")
    async with serve(unit, tls=False) as address, ssh(address, server_host_key_algs="default"):
        pass
