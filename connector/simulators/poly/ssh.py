"""The CLI over SSH, with the one kind of host key that a unit has."""

import asyncio
from contextlib import suppress
from functools import partial

import asyncssh

from connector.simulators.poly.lines import Session
from connector.simulators.poly.typed import lines
from connector.simulators.poly.unit import Unit


class _Server(asyncssh.SSHServer):
    """Who may log in."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def begin_auth(self, username: str) -> bool:
        """Everybody has to."""
        return bool(username)

    def password_auth_supported(self) -> bool:
        """With a password only."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether it is right; wrong ones count towards the lock-out."""
        unit = self.unit
        right = unit.terminal.admits(username, password, unit.now())
        unit.note("ssh", "login", int(right), user=username)
        return right


async def listen(unit: Unit, host: str, port: int) -> tuple[asyncssh.SSHAcceptor, str]:
    """Open the port; the server, and the fingerprint of its key."""
    rsa = unit.switches.host_key == "ssh-rsa"
    kind = "ssh-rsa" if rsa else "ssh-ed25519"
    key = await asyncio.to_thread(asyncssh.generate_private_key, kind)
    (pair,) = asyncssh.load_keypairs([key])
    if rsa:
        # Old units sign with SHA-1 only, and newer clients refuse that unless told otherwise.
        pair.host_key_algorithms = (b"ssh-rsa",)
    server = await asyncssh.create_server(
        partial(_Server, unit),
        host,
        port,
        server_host_keys=[pair],
        process_factory=partial(_talk, unit),
        line_editor=False,
        errors="replace",
        allow_scp=False,
        agent_forwarding=False,
    )
    return server, key.get_fingerprint()


async def _talk(unit: Unit, process: "asyncssh.SSHServerProcess[str]") -> None:
    """One session; a command that came with it is all there is."""
    user = str(process.get_extra_info("username"))
    session = Session(unit, process.stdout.write, way="ssh", user=user)
    session.peer = str(process.get_extra_info("peername")[0])
    with suppress(asyncssh.Error, ConnectionError):
        if unit.is_up():
            await session.talk(lines(process.stdin.read))
    process.exit(0)
