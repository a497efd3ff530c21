"""Text by lines over SSH and telnet: what room systems without a web interface speak.

Both libraries take a tenth of a second and thirty mebibytes to import. They are imported off the
loop when the first line is wanted, so that a site without such units never pays for them.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import msgspec

from connector.conversation import Bounds, Lines, imported, telling
from connector.errors import Denied, Malformed, Unavailable
from connector.outside import CONNECT_LIMIT, Outside
from connector.secret import Secret

__all__ = ["Bounds", "Lines", "SshTrust", "presented", "ssh", "telnet"]

LOGIN_LIMIT = 30.0
"""Seconds for handshake and login: units that wake up have been seen to take twenty."""
CLOSE_LIMIT = 3.0
"""Seconds that a unit is given to say goodbye."""

HOST_KEYS = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"),
    ("ssh-dss",),
)
"""Kinds of host keys. Some units have nothing but `ssh-rsa` (endpoints.md 3.4); the fingerprint,
not the signature's hash, says who they are."""
OLD_EXCHANGES = (
    "+diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1"
)
OLD_CIPHERS = "+aes256-cbc,aes192-cbc,aes128-cbc,3des-cbc"
"""What units of 2010 have; offered last, behind all that is current."""


class SshTrust(msgspec.Struct, frozen=True, kw_only=True):
    """How a unit is reached over SSH, and by which key it is known."""

    port: int = 22
    """Where the unit listens."""
    fingerprint: str = ""
    """`SHA256:…` as `ssh-keygen -lf` prints it. Nothing is trusted because it came first."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not 0 < self.port < 65536:
            yield "port", "must be between 1 and 65535"
        if self.fingerprint and _normal(self.fingerprint) is None:
            yield (
                "fingerprint",
                "must be SHA256: and the 43 characters that `ssh-keygen -lf` prints",
            )


def _normal(fingerprint: str) -> str | None:
    """A fingerprint in OpenSSH's form, or None where it is no SHA-256."""
    match = re.fullmatch(r"\s*SHA256:([A-Za-z0-9+/]{43})=?\s*", fingerprint)
    with suppress(binascii.Error):
        if match and len(base64.b64decode(match[1] + "=")) == 32:
            return f"SHA256:{match[1]}"
    return None


# --- telnet


@asynccontextmanager
async def telnet(
    outside: Outside, host: str, port: int, *, bounds: Bounds | None = None
) -> AsyncIterator[Lines]:
    """Talk over telnet, or over plain TCP: no option is asked for, all are answered.

    Nothing is encrypted and nobody proves who they are: a password sent here is read by whoever
    listens.

    Raises:
        Unavailable: nobody answers there, or the address lies outside the endpoint networks.
    """
    library = await imported("telnetlib3")
    bounds = bounds or Bounds()
    with telling(CONNECT_LIMIT):
        async with asyncio.timeout(CONNECT_LIMIT):
            reader, writer = await library.open_connection(
                await outside.address(host, port),
                port,
                # Named, as the library's own choice looks at this process's terminal.
                client_factory=library.TelnetClient,
                encoding=False,
                connect_maxwait=1.0,
                compression=False,
                limit=bounds.line,
                send_environ=("TERM",),
            )

    async def write(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    try:
        yield Lines(reader.read, write, bounds=bounds)
    finally:
        writer.close()
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await writer.wait_closed()


# --- SSH


@asynccontextmanager
async def ssh(
    outside: Outside,
    host: str,
    port: int,
    *,
    username: str,
    password: Secret,
    trust: SshTrust,
    terminal: str | None = None,
    bounds: Bounds | None = None,
) -> AsyncIterator[Lines]:
    """Talk in the shell of a unit over SSH. The password is sent once, to the one key only.

    `terminal` is the type of terminal to ask for; None asks for none, so nothing is echoed.

    Raises:
        Denied: no fingerprint is configured, or the unit refuses user name or password.
        Malformed: another key answers than the one that is configured, or no SSH at all.
        Unavailable: nobody answers there, or the address lies outside the endpoint networks.
    """
    wanted = _normal(trust.fingerprint)
    if wanted is None:
        raise Denied(
            "no fingerprint of the unit's SSH host key is configured, so it is not signed in to",
            reason="certificate_untrusted",
            fix="compare the fingerprint that `roombridge endpoints show` prints with the one the"
            " unit shows, then enter it as ssh.fingerprint",
        )
    bounds = bounds or Bounds()
    library = await imported("asyncssh")
    connection = await _signed_in(
        library, outside, host, port, username=username, password=password, wanted=wanted
    )
    try:
        yield await _shell(library, connection, terminal, bounds)
    finally:
        connection.close()
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await connection.wait_closed()
        except OSError:
            connection.abort()


async def presented(outside: Outside, host: str, port: int) -> str:
    """The fingerprint of the host key that answers, for people to compare. Nobody signs in.

    Raises:
        Unavailable: nobody answers there, or the address lies outside the endpoint networks.
        Malformed: what answers speaks no SSH.
    """
    library = await imported("asyncssh")
    try:
        with telling(LOGIN_LIMIT), _telling_ssh(library):
            async with asyncio.timeout(LOGIN_LIMIT):
                key = await library.get_server_host_key(
                    await outside.address(host, port),
                    port,
                    config=[],
                    # On a thread: it looks for files of this machine, and uses none.
                    options=await asyncio.to_thread(
                        library.SSHClientConnectionOptions,
                        config=[],
                        client_keys=None,
                        agent_path=None,
                        encryption_algs=OLD_CIPHERS,
                    ),
                    kex_algs=OLD_EXCHANGES,
                    server_host_key_algs=[name for kind in HOST_KEYS for name in kind],
                )
    except library.KeyExchangeFailed as error:
        raise _not_ssh() from error
    if key is None:
        raise _not_ssh()
    return str(key.get_fingerprint("sha256"))


async def _signed_in(
    library: Any,
    outside: Outside,
    host: str,
    port: int,
    *,
    username: str,
    password: Secret,
    wanted: str,
) -> Any:
    """A connection to the unit with the wanted key.

    Units with several keys show one only, and the fingerprint may be of another: so each kind is
    asked for by itself where the first one does not fit. Only behind the right one the password
    is sent.
    """
    kinds: list[tuple[str, ...]] = [tuple(name for kind in HOST_KEYS for name in kind), *HOST_KEYS]
    with telling(LOGIN_LIMIT):
        async with asyncio.timeout(LOGIN_LIMIT):
            address = await outside.address(host, port)
            for kind in kinds:
                try:
                    with _telling_ssh(library):
                        return await library.connect(
                            address,
                            port,
                            username=username,
                            password=password.reveal(),
                            client_factory=_knowing(library, wanted),
                            server_host_key_algs=kind,
                            **_only_what_is_said(),
                        )
                except (library.HostKeyNotVerifiable, library.KeyExchangeFailed) as error:
                    if kind is kinds[0] and isinstance(error, library.KeyExchangeFailed):
                        raise _not_ssh() from error
    raise Malformed(
        "the unit's SSH host key is not the one whose fingerprint is configured",
        reason="certificate_changed",
        fix="compare the fingerprint at the unit itself; where its key was renewed, enter the new"
        " one as ssh.fingerprint",
        everywhere=True,
    )


def _only_what_is_said() -> dict[str, Any]:
    """Options by which nothing of this machine is used: no file, agent, ticket or known host."""
    return {
        "config": [],
        "known_hosts": ([], [], []),
        "client_keys": None,
        "agent_path": None,
        "gss_kex": False,
        "gss_auth": False,
        "x509_trusted_certs": None,
        "preferred_auth": ("password", "keyboard-interactive"),
        "kex_algs": OLD_EXCHANGES,
        "encryption_algs": OLD_CIPHERS,
        "keepalive_interval": 60,
        "login_timeout": LOGIN_LIMIT,
    }


def _knowing(library: Any, wanted: str) -> Callable[[], Any]:
    """What accepts the one host key: it is asked before anything is sent."""

    class Knowing(library.SSHClient):  # type: ignore[misc]
        """Compares the key that is shown."""

        def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: Any) -> bool:
            """Whether this is the key with the wanted fingerprint."""
            return bool(key.get_fingerprint("sha256") == wanted)

    return Knowing


async def _shell(library: Any, connection: Any, terminal: str | None, bounds: Bounds) -> Lines:
    """The shell of a unit, by lines."""
    with telling(LOGIN_LIMIT), _telling_ssh(library):
        async with asyncio.timeout(LOGIN_LIMIT):
            writer, reader, _ = await connection.open_session(
                term_type=terminal, encoding=None, window=bounds.line
            )

    async def read(size: int) -> bytes:
        with _telling_ssh(library):
            return bytes(await reader.read(size))

    async def write(data: bytes) -> None:
        with _telling_ssh(library):
            writer.write(data)
            await writer.drain()

    return Lines(read, write, bounds=bounds)


@contextmanager
def _telling_ssh(library: Any) -> Iterator[None]:
    """Failures of SSH, told in one of the four ways; a key that does not fit passes through."""
    try:
        yield
    except (library.HostKeyNotVerifiable, library.KeyExchangeFailed):
        raise
    except library.PermissionDenied as error:
        raise Denied(
            "the unit refuses user name or password",
            reason="credentials_refused",
            fix="correct them; the bridge does not try again by itself, so that the user is not"
            " locked out",
        ) from error
    except library.ConnectionLost as error:
        raise Unavailable("the connection broke off", reason="broken_off") from error
    except library.ChannelOpenError as error:
        raise Unavailable("the unit opens no shell", reason="service_error") from error
    except (library.ProtocolError, library.ProtocolNotSupported) as error:
        raise _not_ssh() from error
    except library.DisconnectError as error:
        raise Unavailable("the unit ended the connection", reason="broken_off") from error


def _not_ssh() -> Malformed:
    return Malformed(
        "what answers speaks no SSH that the bridge knows",
        reason="unsupported",
        fix="check the port, and that SSH is switched on at the unit",
    )
