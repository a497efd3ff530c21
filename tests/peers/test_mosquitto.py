"""mosquitto: how rooms stand is kept there, over TLS with a login, and comes again after outages."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from aiohttp.test_utils import unused_port

from connector.certificates import self_signed
from connector.errors import Denied, Unavailable
from connector.feeds import mqtt
from connector.feeds.broker import Broker
from connector.secret import Secret
from connector.simulators.cisco import Codec
from tests.peers.conftest import need, run
from tests.process.conftest import Site, codec, until
from tests.process.test_presence import presence_of

__all__ = ["codec"]  # a fixture

STATE = "house/rooms/kestrel/state"
STATUS = "house/status"


class Mosquitto:
    """A broker that can be stopped and started again; what it keeps goes with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = unused_port()
        self.process: asyncio.subprocess.Process | None = None

    async def prepare(self) -> None:
        """Write a certificate, a password file and a configuration."""
        made = self_signed(["localhost"], days=2, now=datetime.now(UTC))
        (self.folder / "ca.pem").write_bytes(made.pem)
        (self.folder / "key.pem").write_bytes(made.key)
        (self.folder / "users").touch(mode=0o600)
        words = (need("mosquitto_passwd", "mosquitto"), "-b", str(self.folder / "users"))
        await run(*words, "bridge", "right")
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"cafile {self.folder}/ca.pem\n"
            f"certfile {self.folder}/ca.pem\n"
            f"keyfile {self.folder}/key.pem\n"
            f"password_file {self.folder}/users\n"
            "allow_anonymous false\nuser root\n"
        )

    async def start(self) -> None:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or need("mosquitto", "")
        self.process = await asyncio.create_subprocess_exec(
            program,
            *("-c", str(self.folder / "mosquitto.conf")),
            stderr=asyncio.subprocess.DEVNULL,
        )

        async def open_() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return False
            writer.close()
            return True

        await until(open_, "the broker")

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def broker(self, **more: Any) -> Broker:
        """How it is reached."""
        usual: dict[str, Any] = {
            "url": f"mqtts://localhost:{self.port}",
            "username": "bridge",
            "password": Secret("right"),
            "prefix": "house",
            "ca_file": self.folder / "ca.pem",
        }
        return Broker(**{**usual, **more})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[dict[str, list[Any]]]:
        """What is published, by topic, with what was kept first."""
        heard: dict[str, list[Any]] = {}
        params = aiomqtt.TLSParameters(ca_certs=str(self.folder / "ca.pem"))
        client = aiomqtt.Client(
            "localhost", self.port, username="bridge", password="right", tls_params=params
        )

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.setdefault(str(message.topic), []).append(message.payload)

        async with client:
            await client.subscribe("house/#", qos=1)
            task = asyncio.create_task(listen())
            try:
                yield heard
            finally:
                task.cancel()
                await asyncio.wait([task])


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("no mosquitto here: apt-get install mosquitto")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    made = Mosquitto(folder)
    await made.prepare()
    await made.start()
    yield made
    await made.stop()


def settings(mosquitto: Mosquitto, site: Site) -> None:
    """Let the site tell the broker."""
    site.secrets["mqtt"] = "right"
    site.settings["mqtt"] = {
        "url": f"mqtts://localhost:{mosquitto.port}",
        "username": "bridge",
        "password_file": "mqtt",
        "prefix": "house",
        "ca_file": str(mosquitto.folder / "ca.pem"),
    }


async def test_rooms_are_told_as_they_change_and_again_after_an_outage(
    mosquitto: Mosquitto, site: Site, codec: Codec
) -> None:
    settings(mosquitto, site)
    site.book("Secret plans", hour=-0.1)
    async with site.running() as running:
        await until(running.titles)
        async with mosquitto.listening() as heard:

            async def busy() -> bool:
                states = [json.loads(one) for one in heard.get(STATE, ())]
                return bool(states) and states[-1]["state"] == "busy"

            await until(busy, "the room's state")
            told = json.loads(heard[STATE][-1])
            assert list(told) == ["state", "until", "next_start", "presence", "stale", "as_of"]
            assert (told["stale"], told["next_start"]) == (False, None)
            assert heard[STATUS] == [b"online"]
            count = len(heard[STATE])
            codec.calls.dial("somebody@example.com", codec.now())

            async def calling() -> bool:
                return await presence_of(running) == "in_call" and len(heard[STATE]) > count

            await until(calling, "the call")
            assert json.loads(heard[STATE][-1])["presence"] == "in_call"
            assert len(heard[STATE]) == count + 1, "reads that change nothing are not told"
        await mosquitto.stop()
        site.book("More", hour=2)
        await mosquitto.start()  # it kept nothing

        async def again() -> bool:
            async with mosquitto.listening() as anew:
                await asyncio.sleep(0.2)
                return STATE in anew and json.loads(anew[STATE][0])["next_start"] is not None

        await until(again, "the state after the outage")
        async with mosquitto.listening() as heard:
            assert await running.stop() == 0

            async def offline() -> bool:
                return bool(heard.get(STATUS, [b""])[-1] == b"offline")

            await until(offline, "a goodbye")
            assert "Secret" not in repr(heard)
    log = "\n".join(running.log)
    assert "right" not in log.split()


async def test_a_room_that_was_taken_out_while_nothing_ran_is_taken_from_the_broker(
    mosquitto: Mosquitto, site: Site
) -> None:
    settings(mosquitto, site)
    site.add_room("owl")
    async with site.running() as running, mosquitto.listening() as heard:

        async def both() -> bool:
            read = await running.titles("owl") is not None  # by what is kept of it, it is missed
            return read and {STATE, "house/rooms/owl/state"} <= heard.keys()

        await until(both, "both rooms")
    site.rooms = [one for one in site.rooms if one["id"] != "owl"]
    async with site.running(), mosquitto.listening() as heard:

        async def gone() -> bool:
            return b"" in heard.get("house/rooms/owl/state", ())

        await until(gone, "that the broker forgets it")
    async with mosquitto.listening() as heard:
        await until(lambda: asyncio.sleep(0, STATUS in heard), "what is kept")
        assert "house/rooms/owl/state" not in heard


async def test_the_last_will_tells_of_a_bridge_that_was_killed(
    mosquitto: Mosquitto, site: Site
) -> None:
    settings(mosquitto, site)
    async with site.running() as running, mosquitto.listening() as heard:

        async def online() -> bool:
            return bool(heard.get(STATUS, [b""])[-1] == b"online")

        async def offline() -> bool:
            return bool(heard[STATUS][-1] == b"offline")

        await until(online, "the broker knows of the bridge")
        running.process.kill()
        await until(offline, "the last will")


async def test_a_broker_that_is_away_is_told_and_its_return_too(
    mosquitto: Mosquitto, site: Site
) -> None:
    settings(mosquitto, site)
    await mosquitto.stop()
    site.book("Review")
    async with site.running() as running:

        async def codes() -> set[str]:
            answer = await running.get("/api/v1/health")
            return {one["code"] for one in answer["findings"]} if answer else set()

        async def told() -> bool:
            return "mqtt_failing" in await codes()

        async def over() -> bool:
            return "mqtt_failing" not in await codes()

        await until(told, "that the broker is away")
        assert await until(running.titles, "calendars all the same") == ["Review"]
        await mosquitto.start()
        await until(over, "its return")


# paho leaves it to the garbage collector to close a socket whose TLS handshake failed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_broker_proves_itself_and_refuses_are_named(mosquitto: Mosquitto) -> None:
    async with mqtt.connected(mosquitto.broker()) as session:
        await session.put("house/rooms/x/state", b"{}")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.lost()
        await mosquitto.stop()
        with pytest.raises(Unavailable):
            await session.lost()
        await mosquitto.start()
    for more, reason in (
        ({"ca_file": None}, "certificate_untrusted"),
        ({"url": f"mqtts://127.0.0.1:{mosquitto.port}"}, "certificate_untrusted"),
        ({"url": f"mqtts://localhost:{unused_port()}"}, "unreachable"),
    ):
        with pytest.raises(Unavailable) as failed:
            async with mqtt.connected(mosquitto.broker(**more)):
                pass
        assert failed.value.reason == reason, more
    with pytest.raises(Denied) as denied:
        async with mqtt.connected(mosquitto.broker(password=Secret("wrong"))):
            pass
    assert denied.value.reason == "credentials_refused"
    (mosquitto.folder / "empty.pem").write_text("")
    with pytest.raises(Denied):
        async with mqtt.connected(mosquitto.broker(ca_file=mosquitto.folder / "empty.pem")):
            pass
