"""Lines over SSH and telnet, against real servers on loopback."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.lines import Bounds, Lines, SshTrust, presented, ssh, telnet
from connector.outside import Outside, open_outside
from connector.secret import Secret
from tests.connector.tcp_unit import Talk, listening
from tests.fakes.virtual import FixedClock


@dataclass
class Unit:
    """A unit that signs people in and answers each line with what it was told."""

    keys: list[asyncssh.SSHKey]
    methods: str = "password"
    more: dict[str, Any] = field(default_factory=dict)
    tries: list[tuple[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    terminals: list[str | None] = field(default_factory=list)
    port: int = 0
    open: int = 0

    @property
    def fingerprint(self) -> str:
        return self.keys[0].get_fingerprint("sha256")

    async def talk(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.open += 1
        self.terminals.append(process.get_terminal_type())
        process.stdout.write(b"Hi, my name is : Kestrel\r\r\n")
        try:
            async for line in process.stdin:
                self.heard.append(line.decode().rstrip("\r\n"))
                process.stdout.write(b"you said " + line.rstrip(b"\r\n") + b"\r\r\n")
        except asyncssh.BreakReceived:
            pass
        finally:
            self.open -= 1
            process.exit(0)


def server_of(unit: Unit) -> type[asyncssh.SSHServer]:
    class Server(asyncssh.SSHServer):
        def begin_auth(self, _username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return "password" in unit.methods

        def validate_password(self, username: str, password: str) -> bool:
            unit.tries.append((username, password))
            return password == "right"

        def kbdint_auth_supported(self) -> bool:
            return "keyboard" in unit.methods

        def get_kbdint_challenge(self, _user: str, _lang: str, _methods: str) -> Any:
            return "", "", "", [("Password: ", False)]

        def validate_kbdint_response(self, username: str, responses: Any) -> Any:
            unit.tries.append((username, *responses))
            if responses == ["right"]:
                return True
            return "", "", "", [("Password: ", False)]  # asks for ever

    return Server


@asynccontextmanager
async def served(unit: Unit) -> AsyncIterator[Unit]:
    server = await asyncssh.listen(
        "127.0.0.1",
        unit.port,
        server_factory=server_of(unit),
        server_host_keys=unit.keys,
        process_factory=unit.talk,
        encoding=None,
        **unit.more,
    )
    unit.port = server.get_port()
    try:
        yield unit
    finally:
        server.close()
        await server.wait_closed()


ED = asyncssh.generate_private_key("ssh-ed25519")
OTHER = asyncssh.generate_private_key("ssh-ed25519")
RSA = asyncssh.generate_private_key("ssh-rsa", key_size=2048)


@pytest.fixture
async def unit() -> AsyncIterator[Unit]:
    async with served(Unit([ED])) as opened:
        yield opened


def reach(outside: Outside, unit: Unit, **more: Any) -> Any:
    usual: dict[str, Any] = {
        "username": "admin",
        "password": Secret("right"),
        "trust": SshTrust(fingerprint=unit.fingerprint),
    }
    return ssh(outside, "127.0.0.1", unit.port, **{**usual, **more})


async def test_a_unit_is_talked_to_by_lines_over_ssh(outside: Outside, unit: Unit) -> None:
    async with reach(outside, unit) as lines:
        assert await lines.line() == "Hi, my name is : Kestrel"
        await lines.send("status get")
        assert await lines.line() == "you said status get"
    assert unit.tries == [("admin", "right")]
    assert unit.terminals == [None]


async def test_a_terminal_is_asked_for_where_wanted(outside: Outside, unit: Unit) -> None:
    async with reach(outside, unit, terminal="vt100") as lines:
        await lines.line()
    assert unit.terminals == ["vt100"]


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("methods", ["password", "keyboard", "password keyboard"])
async def test_a_wrong_password_is_sent_once(outside: Outside, methods: str) -> None:
    async with served(Unit([ED], methods)) as unit:
        with pytest.raises(Denied) as caught:
            async with reach(outside, unit, password=Secret("wrong")):
                pass
    assert caught.value.reason == "credentials_refused"
    assert unit.tries == [("admin", "wrong")]


async def test_a_password_may_be_asked_for_interactively(outside: Outside) -> None:
    async with served(Unit([ED], "keyboard")) as unit, reach(outside, unit) as lines:
        assert await lines.line()
    assert unit.tries == [("admin", "right")]


@pytest.mark.fault("endpoint_certificate")
@pytest.mark.parametrize("key", [OTHER, RSA])
async def test_another_host_key_is_never_told_the_password(
    outside: Outside, key: asyncssh.SSHKey
) -> None:
    async with served(Unit([key])) as unit:
        with pytest.raises(Malformed) as caught:
            async with reach(
                outside, unit, trust=SshTrust(fingerprint=ED.get_fingerprint("sha256"))
            ):
                pass
    assert caught.value.reason == "certificate_changed"
    assert caught.value.everywhere
    assert not unit.tries


async def test_without_a_fingerprint_nobody_signs_in(outside: Outside, unit: Unit) -> None:
    with pytest.raises(Denied) as caught:
        async with reach(outside, unit, trust=SshTrust()):
            pass
    assert "endpoints show" in caught.value.fix
    assert "ssh.fingerprint" in caught.value.fix
    assert not unit.tries


@pytest.mark.parametrize("first", [ED, RSA])
async def test_a_unit_with_several_keys_is_known_by_any(
    outside: Outside, first: asyncssh.SSHKey
) -> None:
    trust = SshTrust(fingerprint=first.get_fingerprint("sha256"))
    async with served(Unit([ED, RSA])) as unit, reach(outside, unit, trust=trust) as lines:
        assert await lines.line()


OLD: list[dict[str, Any]] = [
    {"signature_algs": ["ssh-rsa"]},
    {"kex_algs": ["diffie-hellman-group1-sha1"]},
    {"kex_algs": ["diffie-hellman-group14-sha1"], "mac_algs": ["hmac-sha1"]},
    {"encryption_algs": ["3des-cbc"], "mac_algs": ["hmac-sha1"]},
    {"encryption_algs": ["aes128-cbc"], "mac_algs": ["hmac-sha1"]},
]


# cryptography says that it will take the old exchange away some day
@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
@pytest.mark.parametrize("old", OLD, ids=lambda old: str(next(iter(old.values()))[0]))
async def test_old_units_are_reached_with_what_they_have(
    outside: Outside, old: dict[str, Any]
) -> None:
    async with served(Unit([RSA], more=old)) as unit, reach(outside, unit) as lines:
        await lines.send("hello")
        await lines.line()
        assert await lines.line() == "you said hello"


async def test_the_presented_key_is_told_as_openssh_prints_it(
    outside: Outside, unit: Unit, tmp_path: Path
) -> None:
    told = await presented(outside, "127.0.0.1", unit.port)
    file = tmp_path / "key.pub"

    def printed() -> str:
        file.write_bytes(ED.export_public_key())
        return subprocess.run(
            ["ssh-keygen", "-lf", file], check=True, capture_output=True, text=True
        ).stdout

    assert told in await asyncio.to_thread(printed)
    assert not list(SshTrust(fingerprint=told).problems())
    assert not unit.tries


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
@pytest.mark.parametrize("old", OLD, ids=lambda old: str(next(iter(old.values()))[0]))
async def test_the_key_of_old_units_is_told_too(outside: Outside, old: dict[str, Any]) -> None:
    async with served(Unit([RSA], more=old)) as unit:
        assert await presented(outside, "127.0.0.1", unit.port) == unit.fingerprint


@pytest.mark.parametrize(
    "text", ["SHA256:abc", "MD5:00:11", "sha256:" + "0" * 64, "SHA256:" + "!" * 43]
)
def test_what_is_no_fingerprint_is_told(text: str) -> None:
    assert [key for key, _ in SshTrust(fingerprint=text).problems()] == ["fingerprint"]
    assert [key for key, _ in SshTrust(port=0).problems()] == ["port"]


def test_neither_library_is_imported_before_it_is_needed() -> None:
    text = (
        "import sys, connector.lines, connector.endpoints.poly, connector.endpoints.yealink,"
        " connector.endpoints.tandberg; print({'asyncssh', 'telnetlib3'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "set()"


# --- plain servers


def saying(*parts: bytes, stay: bool = True) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if stay:
            await reader.read()

    return talk


async def test_lines_end_in_all_ways_alike(outside: Outside) -> None:
    async with (
        listening(saying(b"one\nt", b"wo\r", b"\nthree\r\r\n\r\r\nfi", b"ve\xfe\n")) as port,
        telnet(outside, "127.0.0.1", port) as lines,
    ):
        told = [await lines.line() for _ in range(5)]
    assert told == ["one", "two", "three", "", "five\ufffd"]


async def test_telnet_options_are_answered_and_never_seen(outside: Outside) -> None:
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x27Welcome\r\n")
        while b"\n" not in heard:
            heard.extend(await reader.read(100))
        writer.write(b"done\r\n")
        await reader.read()

    async with listening(talk) as port, telnet(outside, "127.0.0.1", port) as lines:
        assert await lines.line() == "Welcome"
        await lines.send("xstatus")
        assert await lines.line() == "done"
    assert heard.endswith(b"xstatus\r\n")
    assert b"\xff" in heard


async def test_a_prompt_that_ends_no_line_is_waited_for(outside: Outside) -> None:
    async with (
        listening(saying(b"Kestrel\r\nPass", b"word: ")) as port,
        telnet(outside, "127.0.0.1", port) as lines,
    ):
        assert await lines.until("login: ", "Password: ") == "Kestrel\r\nPassword: "


@pytest.mark.parametrize(
    ("talk", "kind", "reason"),
    [
        (saying(b"half", stay=False), Unavailable, "broken_off"),
        (saying(b"x" * 100_000), Malformed, "too_large"),
        (saying(b"silence"), Unavailable, "timeout"),
    ],
)
@pytest.mark.fault("endpoint_half_open")
async def test_a_unit_that_ends_no_line_is_bounded(
    outside: Outside, talk: Talk, kind: type[ConnectorError], reason: str
) -> None:
    async with listening(talk) as port:
        bounds = Bounds(seconds=0.3, line=4096)
        with pytest.raises(kind) as caught:
            async with telnet(outside, "127.0.0.1", port, bounds=bounds) as lines:
                await lines.line()
    assert caught.value.reason == reason


async def test_a_flood_of_lines_is_bounded_between_two_questions(outside: Outside) -> None:
    async with (
        listening(saying(b"spam\n" * 10_000)) as port,
        telnet(outside, "127.0.0.1", port, bounds=Bounds(total=10_000)) as lines,
    ):

        async def hear() -> None:
            while True:
                await lines.line()

        with pytest.raises(Malformed) as caught:
            await hear()
    assert caught.value.reason == "too_large"


async def test_what_speaks_no_ssh_is_told_apart(outside: Outside) -> None:
    async with listening(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n", stay=False)) as port:
        unit = Unit([ED], port=port)
        with pytest.raises((Malformed, Unavailable)) as caught:
            async with reach(outside, unit):
                pass
        assert caught.value.reason in {"unsupported", "broken_off"}


async def test_nothing_listens(outside: Outside) -> None:
    for way in (telnet(outside, "127.0.0.1", 9), reach(outside, Unit([ED], port=9))):
        with pytest.raises(Unavailable) as caught:
            async with way:
                pass
        assert caught.value.reason == "unreachable"


async def test_addresses_outside_the_endpoint_networks_are_not_reached(
    clock: FixedClock, unit: Unit
) -> None:
    async with open_outside(clock, networks=[ip_network("10.0.0.0/8")]) as inside:
        for way in (telnet(inside, "127.0.0.1", unit.port), reach(inside, unit)):
            with pytest.raises(Unavailable):
                async with way:
                    pass
    assert not unit.tries


async def test_a_line_cannot_smuggle_another(outside: Outside, unit: Unit) -> None:
    async with reach(outside, unit) as lines:
        await lines.line()
        for text in ("a\nb", "a\rb", "a\x00", "a\x1b[A", "a\u2028b"):
            with pytest.raises(Malformed):
                await lines.send(text)
        await lines.send("end")
        await lines.line()
    assert unit.heard == ["end"]


@given(
    st.lists(st.text(st.characters(blacklist_characters="\r\n\0", codec="utf-8"), max_size=30)),
    st.sampled_from(["\n", "\r\n", "\r\r\n"]),
    st.integers(1, 7),
)
def test_lines_are_the_same_however_they_arrive(texts: list[str], end: str, size: int) -> None:
    data = "".join(text + end for text in texts).encode()
    parts = [data[at : at + size] for at in range(0, len(data), size)]

    async def read(_size: int) -> bytes:
        return parts.pop(0) if parts else b""

    async def write(_data: bytes) -> None:
        """Nobody listens."""

    async def told() -> list[str]:
        lines = Lines(read, write, bounds=Bounds())
        return [await lines.line() for _ in texts]

    assert asyncio.run(told()) == texts
