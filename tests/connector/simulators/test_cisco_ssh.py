"""The terminal over SSH: who may log in, both forms of answers, both forms of bodies."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncssh
import pytest

from connector.simulators.cisco import Address, Codec, Fault, serve

from .cisco_room import Clock, body, booking

PATIENCE = 5.0


class Terminal:
    """Somebody at the other end."""

    def __init__(self, process: "asyncssh.SSHClientProcess[str]") -> None:
        self.process = process

    def type(self, text: str) -> None:
        self.process.stdin.write(text)

    async def until(self, end: str) -> list[str]:
        """All lines up to one that is `end`."""
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not lines or lines[-1] != end:
                line = await self.process.stdout.readline()
                assert line, "the terminal has closed"
                lines.append(line.rstrip("\n"))
        return lines[:-1]

    async def ask(self, line: str) -> list[str]:
        """Say a line and read to the end of its answer."""
        self.type(f"{line}\n")
        return await self.until("** end")

    async def json(self) -> dict[str, Any]:
        """The next answer in the form of JSON."""
        async with asyncio.timeout(PATIENCE):
            text = ""
            while True:
                text += await self.process.stdout.readline()
                try:
                    found: dict[str, Any] = json.loads(text)
                except ValueError:
                    continue
                return found


@asynccontextmanager
async def logged_in(address: Address, password: str = "secret") -> AsyncIterator[Terminal]:
    key = asyncssh.import_public_key(address.host_key)
    async with (
        asyncssh.connect(
            "127.0.0.1",
            address.ssh_port,
            username="bridge",
            password=password,
            known_hosts=([key], [], []),
            client_keys=None,
            agent_path=None,
            config=[],
        ) as connection,
        connection.create_process() as process,
    ):
        terminal = Terminal(process)
        greeting = await terminal.until("OK")
        assert greeting[0].startswith("Welcome to ")
        assert greeting[2] == "*r Login successful"
        terminal.type("echo off\n")
        assert (await terminal.until("OK"))[-1] == "echo off"
        yield terminal


@asynccontextmanager
async def terminal(**options: Any) -> AsyncIterator[tuple[Codec, Terminal]]:
    codec = Codec(clock=Clock(), **options)
    async with serve(codec, tls=False, ssh=0) as address, logged_in(address) as found:
        yield codec, found


async def test_the_status_is_read_line_by_line() -> None:
    async with terminal() as (codec, ssh):
        assert await ssh.ask("xStatus Audio Volume") == ["*s Audio Volume: 50"]
        assert await ssh.ask("xstatus audio volume") == ["*s Audio Volume: 50"]
        (line,) = await ssh.ask("xStatus SystemUnit Hardware Module SerialNumber")
        assert line == '*s SystemUnit Hardware Module SerialNumber: "SIM00000001"'
        answer = await ssh.ask("xStatus Nothing")
        assert answer[0] == "*r Status (status=Error): "
        assert [s.path for s in codec.requests][:2] == ["ssh", "ssh/echo off"]


async def test_an_answer_bears_the_tag_of_its_question() -> None:
    async with terminal() as (_codec, ssh):
        answer = await ssh.ask('xStatus Audio Volume | resultId="7"')
        assert answer == ["*s Audio Volume: 50", '** resultId: "7"']


async def test_a_list_is_put_up_to_a_dot_and_read_back() -> None:
    async with terminal() as (codec, ssh):
        text = json.dumps(json.loads(body(booking("1", Title="Té"))), indent=1, ensure_ascii=False)
        ssh.type(f"xCommand Bookings Put\n{text}\n.\n")
        assert await ssh.until("** end") == ["OK", "*r BookingsPutResult (status=OK): "]
        assert codec.received[-1].path == "ssh"
        answer = await ssh.ask("xCommand Bookings List Days: 1 DayOffset: 0")
        assert "*r BookingsListResult ResultInfo TotalRows: 1" in answer
        assert '*r BookingsListResult Booking 1 Title: "Té"' in answer


async def test_a_list_is_put_by_its_length_and_answered_in_json() -> None:
    async with terminal() as (codec, ssh):
        ssh.type("xPreferences outputmode json\n")
        command = f'xCommand Bookings Put | resultId="3"\n{body(booking("1", Title="Té"))}\n'
        ssh.type(f"{{{len(command.encode())}}} \n{command}")
        assert await ssh.json() == {
            "CommandResponse": {"BookingsPutResult": {"status": "OK"}},
            "ResultId": "3",
        }
        assert codec.bookings[0].title == "Té"
        ssh.type('xCommand Bookings List | resultId="4"\n')
        answer = await ssh.json()
        (found,) = answer["CommandResponse"]["BookingsListResult"]["Booking"]
        assert (found["id"], found["Title"]) == ("1", {"Value": "Té"})
        ssh.type('xStatus Audio Volume | resultId="5"\n')
        assert await ssh.json() == {
            "Status": {"Audio": {"Volume": {"Value": "50"}}},
            "ResultId": "5",
        }
        ssh.type('xStatus Nothing | resultId="6"\n')
        answer = await ssh.json()
        assert answer["CommandResponse"]["Status"]["status"] == "Error"


async def test_a_call_is_made_with_quotes_and_told() -> None:
    async with terminal() as (codec, ssh):
        await ssh.ask("xFeedback register /Status/Call/Status")
        await ssh.ask("xFeedback register /Event/CallDisconnect")
        ssh.type('xCommand Dial Number: "a b@example.com" BookingId: 7\n')
        for state in ("Dialling", "Ringing", "Connecting", "Connected"):
            assert await ssh.until("** end") == [f"*s Call 1 Status: {state}"]
        assert "*r DialResult CallId: 1" in await ssh.until("** end")
        assert codec.calls.all()[0].number == "a b@example.com"
        ssh.type("xCommand Call Disconnect CallId: 1\n")
        assert await ssh.until("** end") == ["*s Call 1 (ghost=True): "]
        assert "*e CallDisconnect CallId: 1" in await ssh.until("** end")
        assert "*r CallDisconnectResult (status=OK): " in await ssh.until("** end")
        await ssh.ask("xFeedback deregister all")
        codec.news.event("Bookings/SyncRequired")
        assert await ssh.ask("xStatus Audio Volume") == ["*s Audio Volume: 50"]


async def test_an_event_without_words_is_a_line() -> None:
    async with terminal() as (codec, ssh):
        await ssh.ask("xFeedback register /Event/Bookings")
        codec.news.event("Bookings/SyncRequired")
        assert await ssh.until("** end") == ["*e Bookings SyncRequired"]


async def test_the_terminal_takes_thirty_eight_expressions() -> None:
    async with terminal() as (_codec, ssh):
        for number in range(38):
            assert await ssh.ask(f"xFeedback register /Event/Number{number}") == []
        assert (await ssh.ask("xFeedback register /Event"))[0] == "*r Result (status=Error): "


async def test_settings_are_read_and_changed() -> None:
    async with terminal() as (codec, ssh):
        assert await ssh.ask("xConfiguration Bookings CheckIn Enabled: True") == []
        answer = await ssh.ask("xConfiguration Bookings CheckIn Enabled")
        assert answer == ["*c Bookings CheckIn Enabled: True"]
        assert codec.configuration["Bookings/CheckIn/Enabled"] == "True"
        assert "error=True" in (await ssh.ask("xconfiguration bookings checkin enabled: x"))[0]
        assert "Error" in (await ssh.ask("xConfiguration Nothing: x"))[0]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("xThink", "Unknown command"),
        ("xCommand Bookings Think", "Unknown command"),
        ("xCommand Bookings List Days: 0", "ParameterError"),
        ("xCommand Call Disconnect CallId: 9", "No such call"),
        ("xFeedback think", "Unknown command"),
    ],
)
async def test_what_cannot_be_done_is_said(line: str, word: str) -> None:
    async with terminal() as (_codec, ssh):
        assert any(word in said for said in await ssh.ask(line))


async def test_a_wrong_password_counts_towards_the_lock_out_of_the_unit() -> None:
    codec = Codec(clock=Clock(), version="RoomOS 26.4.1")
    async with serve(codec, tls=False, ssh=0) as address:
        for _ in range(5):
            with pytest.raises(asyncssh.PermissionDenied):
                async with logged_in(address, "wrong"):
                    pass
        assert codec.users.locked(codec.now())
        with pytest.raises(asyncssh.PermissionDenied):
            async with logged_in(address):
                pass


async def test_an_old_unit_shows_an_rsa_key_and_a_restart_cuts_the_line() -> None:
    codec = Codec(clock=Clock(), version="TC7.3.9")
    async with serve(codec, tls=False, ssh=0) as address:
        assert address.host_key.startswith("ssh-rsa ")
        async with logged_in(address) as ssh:
            await ssh.ask("xStatus Audio Volume")
            codec.reboot(timedelta(seconds=60))
            with contextlib.suppress(asyncssh.Error):
                assert await ssh.process.stdout.read() == ""
        with pytest.raises((OSError, asyncssh.Error)):
            async with logged_in(address):
                pass


async def test_ssh_may_be_off() -> None:
    codec = Codec(clock=Clock())
    codec.configure("NetworkServices/SSH/Mode", "Off")
    async with serve(codec, tls=False, ssh=0) as address:
        with pytest.raises((OSError, asyncssh.Error)):
            async with logged_in(address):
                pass


async def test_lines_suffer_too() -> None:
    async with terminal() as (codec, ssh):
        codec.faults.add(Fault(kind="error", path="ssh/xCommand Dial"))
        assert await ssh.ask("xStatus Audio Volume") == ["*s Audio Volume: 50"]
        assert "Trouble" in (await ssh.ask("xCommand Dial Number: 1"))[1]
        codec.faults.add(Fault(kind="drop"))
        ssh.type("xStatus Audio Volume\n")
        async with asyncio.timeout(PATIENCE):
            assert await ssh.process.stdout.read() == ""


async def test_bye_ends_it() -> None:
    async with terminal() as (_codec, ssh):
        ssh.type("bye\n")
        async with asyncio.timeout(PATIENCE):
            assert await ssh.process.stdout.read() == ""


async def test_another_key_is_noticed() -> None:
    async with serve(Codec(clock=Clock()), tls=False, ssh=0) as address:
        before = address.host_key
        await address.renew_host_key()
        after, address.host_key = address.host_key, before
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            async with logged_in(address):
                pass
        address.host_key = after
        async with logged_in(address) as ssh:
            assert await ssh.ask("xStatus Audio Volume") == ["*s Audio Volume: 50"]
    async with serve(Codec(), tls=False) as address:
        with pytest.raises(ValueError, match="no terminal"):
            await address.renew_host_key()
