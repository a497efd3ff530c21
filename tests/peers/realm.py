"""A realm of MIT Kerberos with a KDC of its own, on loopback and in a folder."""

import asyncio
import os
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.peers.conftest import run
from tests.process.conftest import PATIENCE, ROOT, until

LIBRARIES = ROOT / "build" / "kerberos"
"""python-gssapi; only processes that have it on their path know Kerberos."""
REALM = "EXAMPLE.COM"
_CLIENTS = """[libdefaults]
 default_realm = EXAMPLE.COM
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 kdc_timesync = {timesync}
[realms]
 EXAMPLE.COM = {{
  kdc = 127.0.0.1:{port}
 }}
"""
_KDC = """[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 EXAMPLE.COM = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/acl
  max_life = 10h
 }}
[logging]
 kdc = FILE:{folder}/kdc.log
"""


def system(program: str) -> str:
    """Where a program of the administrator's is; without it the test is skipped."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    return shutil.which(program, path=path) or pytest.skip(f"no {program} here: make peers")


class Realm:
    """Principals, their keytabs, and how a process comes to use them."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.environment = {
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{folder}/no-cache",
            "KRB5_CLIENT_KTNAME": str(folder / "no-keytab"),
            "KRB5RCACHENAME": "none:",  # else it fills /var/tmp
            "PYTHONPATH": str(LIBRARIES),
        }
        self._port = port
        (folder / "kdc.conf").write_text(_KDC.format(folder=folder, port=port))
        self.let_clients(follow_the_kdc=True)

    def let_clients(self, *, follow_the_kdc: bool) -> None:
        """Write krb5.conf: whether clients correct their clock by that of the KDC."""
        text = _CLIENTS.format(port=self._port, timesync=int(follow_the_kdc))
        (self.folder / "krb5.conf").write_text(text)

    async def create(self) -> None:
        await self._do("kdb5_util", "create", "-s", "-r", REALM, "-P", "of a test")

    async def add(self, principal: str) -> Path:
        """A principal with keys of chance; its keytab."""
        await self._do("kadmin.local", "-q", f"addprinc -randkey +requires_preauth {principal}")
        return await self.keytab(principal)

    async def keytab(self, principal: str) -> Path:
        """A keytab with new keys: those before are worth nothing from now on."""
        made = self.folder / f"{principal.replace('/', '-')}-{os.urandom(4).hex()}.keytab"
        await self._do("kadmin.local", "-q", f"ktadd -k {made} {principal}")
        return made

    async def ticket(self, keytab: Path, principal: str, life: str) -> str:
        """A cache with a ticket, as `kinit` fetches it."""
        cache = f"FILE:{self.folder}/cache"
        words = "-l", life, "-k", "-t", str(keytab), principal
        await self._do("kinit", *words, KRB5CCNAME=cache)
        return cache

    async def expired(self) -> bool:
        """Whether a ticket of one second is over for everybody, to whatever they round it."""
        return time.time() - (self.folder / "cache").stat().st_mtime > 3

    def asked(self, what: str) -> int:
        """How often the KDC logged something."""
        return (self.folder / "kdc.log").read_text().count(what)

    async def _do(self, program: str, *words: str, **more: str) -> None:
        environment = self.environment | more
        status, out, errors = await run(system(program), *words, **environment)
        # kadmin.local has status 0 whatever becomes of a query.
        assert status == 0, out + errors
        assert "while" not in errors, errors

    @asynccontextmanager
    async def serving(self, *before: str) -> AsyncIterator[None]:
        """The KDC as a process; `before` is what starts it, as `faketime`."""
        process = await asyncio.create_subprocess_exec(
            *before,
            *(system("krb5kdc"), "-n"),
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # what starts it may stay before it, as faketime does
        )
        try:

            async def ready() -> bool:
                assert process.returncode is None, "the KDC has ended"
                log = self.folder / "kdc.log"
                return log.exists() and "commencing operation" in log.read_text()

            await until(ready, "the KDC")
            yield
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                await process.wait()


@pytest.fixture
async def realm(tmp_path: Path) -> Realm:
    """A realm whose KDC is not started yet."""
    if not (LIBRARIES / "gssapi").exists():
        pytest.skip("no python-gssapi here: make peers brings it")
    folder = tmp_path / "realm"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Realm(folder, port)
    await made.create()
    return made
