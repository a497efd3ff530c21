"""The terminal of a unit over SSH."""

import asyncio
import contextlib
from collections.abc import Sequence

import asyncssh

from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.shell import Ended, Shell

MODE = "NetworkServices/SSH/Mode"
BITS = 2048


class Login(asyncssh.SSHServer):
    """One connection: the password counts as it does over HTTP."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._connection: asyncssh.SSHServerConnection | None = None
        self.user = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Answer only while the unit is up, and SSH on."""
        self._connection = conn
        settings = self._codec.configuration
        if not self._codec.is_up() or (MODE in settings and settings[MODE] == "Off"):
            conn.abort()
            return
        self._codec.lines.add(conn.abort)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the connection."""
        if self._connection is not None:
            self._codec.lines.discard(self._connection.abort)

    def begin_auth(self, username: str) -> bool:
        """Everybody needs a password."""
        self.user = username
        return True

    def password_auth_supported(self) -> bool:
        """A password may come by itself."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether it is the right one."""
        return self._admits(username, password)

    def kbdint_auth_supported(self) -> bool:
        """Or in answer to a question."""
        return True

    def get_kbdint_challenge(
        self, _username: str, _lang: str, _submethods: str
    ) -> tuple[str, str, str, Sequence[tuple[str, bool]]]:
        """The question."""
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        """Whether the answer is right."""
        return len(responses) == 1 and self._admits(username, responses[0])

    def _admits(self, username: str, password: str) -> bool:
        peer = self._connection.get_extra_info("peername")[0] if self._connection else ""
        taken = self._codec.log_in(username, password)
        self._codec.log("SSH", "ssh", 200 if taken else 403, peer=peer, user=username)
        return taken

    def session_requested(self) -> "Session":
        """A terminal."""
        peer = self._connection.get_extra_info("peername")[0] if self._connection else ""
        return Session(self._codec, self.user, peer)


class Session(asyncssh.SSHServerSession[bytes]):
    """A terminal on a connection."""

    def __init__(self, codec: Codec, user: str, peer: str) -> None:
        self._codec = codec
        self._user = user
        self._peer = peer
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._working: asyncio.Task[None] | None = None
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Remember where to write."""
        self._channel = chan

    def shell_requested(self) -> bool:
        """There is a shell, and no other program."""
        return True

    def session_started(self) -> None:
        """Greet, and wait for lines."""
        self._working = asyncio.create_task(self._work())

    def data_received(self, data: bytes, _datatype: asyncssh.DataType) -> None:
        """Lines come in pieces."""
        self._incoming.put_nowait(data)

    def eof_received(self) -> bool:
        """Nothing more comes: so nothing more goes."""
        return False

    def connection_lost(self, _exc: Exception | None) -> None:
        """The terminal is gone."""
        if self._working is not None:
            self._working.cancel()

    def _write(self, text: str) -> None:
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(text.encode())

    async def _work(self) -> None:
        shell = Shell(self._codec, self._user, self._peer, self._write)
        shell.greet()
        try:
            with contextlib.suppress(Ended):
                while True:
                    await shell.hear(await self._incoming.get())
        finally:
            shell.close()
            if self._channel is not None:
                self._channel.close()


async def listen(codec: Codec, host: str, port: int, key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
    """Open the port of a unit."""
    return await asyncssh.listen(
        host,
        port,
        server_factory=lambda: Login(codec),
        server_host_keys=[key],
        encoding=None,
        line_editor=False,
        allow_scp=False,
        config=[],
        server_version="CiscoSim",
    )


async def new_key(codec: Codec) -> asyncssh.SSHKey:
    """A host key of the kind that the unit has."""
    return await asyncio.to_thread(_key, codec.switches.host_key)


def public(key: asyncssh.SSHKey) -> str:
    """The public key as others write it into `known_hosts`."""
    return key.export_public_key("openssh").decode().strip()


def _key(kind: str) -> asyncssh.SSHKey:
    if kind == "rsa":
        return asyncssh.generate_private_key("ssh-rsa", key_size=BITS)
    return asyncssh.generate_private_key("ssh-ed25519")
