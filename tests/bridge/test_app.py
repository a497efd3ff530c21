"""Parts of the appliance that are put together at its start."""

import asyncio
import logging
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge import housekeeping, logs
from bridge.certificate import own_certificate, plain
from bridge.health import BRIDGE, Health, Subject
from bridge.housekeeping import Chore
from bridge.settings import compiled
from bridge.settings.load import usable
from bridge.settings.model import Listen, Site
from connector.certificates import expires, fingerprint
from tests.bridge.test_settings import GRAPH, ROOM, Folder
from tests.fakes.virtual import FixedClock

NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class TestCertificate:
    """The appliance's own certificate."""

    def test_it_is_made_once_and_only_its_owner_reads_the_key(self, tmp_path: Path) -> None:
        certificate, key = own_certificate(Site(data_dir=tmp_path), NOW)
        before = certificate.read_bytes()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert own_certificate(Site(data_dir=tmp_path), NOW) == (certificate, key)
        assert certificate.read_bytes() == before

    def test_its_fingerprint_is_logged(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        certificate, _ = own_certificate(Site(data_dir=tmp_path), NOW)
        assert fingerprint(certificate.read_bytes()) in caplog.text

    def test_it_is_made_anew_near_its_end(self, tmp_path: Path) -> None:
        certificate, _ = own_certificate(Site(data_dir=tmp_path), NOW)
        first = expires(certificate.read_bytes())
        own_certificate(Site(data_dir=tmp_path), first - timedelta(days=29))
        assert expires(certificate.read_bytes()) > first

    def test_plain_http_is_for_loopback_and_reverse_proxies_only(self, tmp_path: Path) -> None:
        from ipaddress import ip_network

        def served(**listen: Any) -> bool:
            return plain(Site(listen=Listen(**listen), data_dir=tmp_path))

        assert served(address="127.0.0.1")
        assert served(address="::1")
        assert served(behind_proxy=(ip_network("10.0.0.5/32"),))
        assert not served()


class TestCompiled:
    """The room list as it was understood last."""

    def start(self, folder: Folder, rooms: str = ROOM) -> Any:
        folder.write("rooms.yaml", rooms)
        (folder.path / "data").mkdir(exist_ok=True)
        return usable(folder.write("bridge.yaml", GRAPH + "data_dir: data\n"))

    def test_the_same_text_is_not_read_again(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, _ = self.start(folder)
        assert (folder.path / "data" / compiled.NAME).exists()
        monkeypatch.setattr("bridge.settings.load.InventoryReader", None)
        second, _ = self.start(folder)
        assert second == first

    def test_any_change_of_the_text_is_read(self, folder: Folder) -> None:
        self.start(folder)
        changed, _ = self.start(folder, ROOM.replace("Kestrel", "Falcon"))
        assert changed.inventory.rooms[0].name == "Falcon"

    def test_damaged_bytes_are_no_obstacle(self, folder: Folder) -> None:
        first, _ = self.start(folder)
        file = folder.path / "data" / compiled.NAME
        for content in (b"", b"\xff" * 100, file.read_bytes()[:-7]):
            file.write_bytes(content)
            assert self.start(folder)[0] == first

    def test_it_holds_no_secret_and_reads_them_anew(self, folder: Folder) -> None:
        codec = "{id: c, kind: cisco, address: 10.0.0.1, username: u, password_file: codec}"
        rooms = ROOM.replace("time_zone", f"endpoints: [{codec}], time_zone")
        folder.write("codec", "planted-password")
        _, warnings = self.start(folder, rooms)
        assert warnings
        assert b"planted" not in (folder.path / "data" / compiled.NAME).read_bytes()
        folder.write("codec", "another-password")
        again, kept = self.start(folder, rooms)
        assert again.inventory.endpoints[0].options.password.reveal() == "another-password"
        assert kept == warnings
        assert folder.path / "codec" in again.read

    def test_a_host_key_is_never_written(self, folder: Folder) -> None:
        folder.write("key", "123456")
        self.start(folder, ROOM.replace("time_zone", "join: {host_key_file: key}, time_zone"))
        assert not (folder.path / "data" / compiled.NAME).exists()


class TestHealth:
    """What fails, since when."""

    room = Subject("room", "kestrel")

    def test_a_trouble_is_logged_once_and_its_end_once(
        self, clock: FixedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        health = Health(clock)
        with caplog.at_level(logging.INFO):
            for _ in range(5):
                health.bad(self.room, "service_error")
                clock.move(timedelta(minutes=1))
            for _ in range(5):
                health.good(self.room)
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

    def test_it_keeps_its_beginning_while_it_lasts(self, clock: FixedClock) -> None:
        health = Health(clock)
        began = clock.now()
        for words in ("HTTP 503", "HTTP 504"):
            health.bad(self.room, "service_error", words)
            clock.move(timedelta(minutes=1))
        (trouble,) = health.of(self.room)
        assert (trouble.since, trouble.words) == (began, "HTTP 504")

    def test_one_cause_takes_the_place_of_another(self, clock: FixedClock) -> None:
        health = Health(clock)
        health.only(self.room, "timeout")
        health.only(self.room, "access_denied")
        assert [trouble.code for trouble in health.of(self.room)] == ["access_denied"]

    def test_what_is_not_configured_any_more_is_forgotten(self, clock: FixedClock) -> None:
        health = Health(clock)
        health.bad(self.room, "timeout")
        health.bad(BRIDGE, "disk_failing")
        health.forget(lambda subject: subject.kind == "bridge")
        assert [subject for subject, _ in health.all()] == [BRIDGE]


async def test_chores_are_done_again_and_again_and_one_fault_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = asyncio.Event()
    words = "planted words"
    runs = 0

    async def fail() -> None:
        raise RuntimeError(words)

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            done.set()

    soon = timedelta(milliseconds=10)
    chores = [Chore(name="fails", every=soon, do=fail), Chore(name="works", every=soon, do=work)]
    async with asyncio.timeout(10), housekeeping.running(chores):
        await done.wait()
    assert "fails: RuntimeError" in caplog.text
    assert words not in caplog.text


@pytest.mark.parametrize("as_json", [True, False])
def test_logs_tell_where_a_fault_came_from_and_not_its_message(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    logs.set_up(as_json=as_json)
    words = "planted words"

    def fail() -> None:
        raise RuntimeError(words)

    try:
        fail()
    except RuntimeError:
        logging.getLogger("bridge.test").exception("it failed")
    finally:
        logging.getLogger().handlers.clear()
    told = capsys.readouterr().err
    assert "it failed" in told
    assert "RuntimeError" in told
    assert "test_app.py" in told
    assert words not in told


async def test_of_faults_that_came_together_each_is_told() -> None:
    async def fail() -> None:
        raise RuntimeError("planted words")

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
    told = logs.fault(raised.value)
    assert "RuntimeError" in told
    assert "in fail" in told
    assert "planted words" not in told.replace('raise RuntimeError("planted words")', "")
