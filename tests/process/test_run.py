"""`roombridge run`: from a calendar service to a display and a codec, and through every fault."""

import asyncio
import contextlib
import signal
import socket
from pathlib import Path
from typing import Any

from connector.simulators.cisco import Codec
from connector.simulators.graph import Tenant
from connector.simulators.graph.faults import kinds
from tests.process.conftest import Site, until

ZOOM = "<p>Join Zoom Meeting<br>https://zoom.us/j/91234567890<br>Join by SIP<br>91234567890@zoomcrc.com</p>"


async def test_a_meeting_reaches_the_api_and_the_codec(site: Site, codec: Codec) -> None:
    site.book("Review", body=ZOOM)
    async with site.running() as running:
        assert await until(running.titles) == ["Review"]

        async def listed() -> Any:
            return codec.screen().bookings

        (shown,) = await until(listed, "the codec's list")
        assert (shown.title, shown.dial) == ("Review", "91234567890@zoomcrc.com")
        second = site.book("Second", hour=3)

        async def both() -> bool:
            return len(codec.screen().bookings) == 2 and len(await running.titles() or []) == 2

        await until(both, "the second meeting")
        site.tenant.mailbox("kestrel@example.com").cancel(second)

        async def one() -> bool:
            return len(codec.screen().bookings) == 1 and await running.titles() == ["Review"]

        await until(one, "the cancellation")
        assert await running.stop() == 0


async def test_a_start_serves_the_last_agendas_before_the_first_read(
    site: Site, tenant: Tenant
) -> None:
    site.book("Review")
    async with site.running() as running:
        await until(running.titles)
        await running.stop()
    tenant.faults.add(kinds.Status(status=503))
    async with site.running() as running:
        assert await running.titles() == ["Review"]

        async def said() -> Any:
            told = await running.get("/api/v1/rooms/kestrel")
            return [trouble["code"] for trouble in told["health"]]

        assert await until(said, "why it is not read") == ["service_error"]
        tenant.faults.clear()
        await until(lambda: _none(said), "recovery")


async def _none(said: Any) -> bool:
    return not await said()


FAULTS = [
    kinds.Status(status=503),
    kinds.Status(status=429, retry_after=1),
    kinds.Status(status=401),
    kinds.Status(status=403),
    kinds.Status(status=404),
    kinds.Portal(),
    kinds.Truncated(),
    kinds.ForeignLink(),
    kinds.Dropped(),
    kinds.Empty(),
    kinds.TokenRefused(),
]


async def test_through_every_fault_the_last_good_agenda_stays_and_says_its_age(
    site: Site, tenant: Tenant, codec: Codec
) -> None:
    site.settings["stale_after"] = "2s"
    site.book("Review")
    site.book("Talk", hour=3)
    async with site.running() as running:

        async def fresh() -> bool:
            told = await running.get("/api/v1/rooms/kestrel")
            return not told["stale"] and not told["health"]

        await until(lambda: _listed(codec, 2))
        for fault in FAULTS:
            if isinstance(fault, kinds.TokenRefused):
                tenant.revoke_tokens()
            tenant.faults.add(fault)
            if isinstance(fault, kinds.Empty):
                tenant.faults.clear()
                tenant.faults.add(kinds.Empty(times=1))
                await asyncio.sleep(1.5)  # one read, and its repetition, are spoilt or not
            else:

                async def said() -> Any:
                    return (await running.get("/api/v1/rooms/kestrel"))["health"]

                troubles = await until(said, f"trouble after {fault}")
                assert all(trouble["words"] and trouble["fix"] for trouble in troubles), fault
            assert await running.titles() == ["Review", "Talk"], fault
            assert len(codec.screen().bookings) == 2, fault
            tenant.faults.clear()
            await until(fresh, f"recovery from {fault}")
        tenant.faults.add(kinds.Status(status=503))

        async def stale() -> Any:
            told = await running.get("/api/v1/rooms/kestrel/agenda")
            return told["age_s"] if told["stale"] else None

        assert await until(stale, "stale") >= 2
        assert await running.titles() == ["Review", "Talk"]
        log = "\n".join(running.log)
    for word in ("Review", "Talk", "ada@", "Lovelace", "right", "Bearer", "eyJ"):
        assert word not in log, word


async def _listed(codec: Codec, count: int) -> bool:
    return len(codec.screen().bookings) == count


async def test_a_changed_file_is_read_again_and_a_bad_one_is_not(site: Site) -> None:
    site.book("Review")
    async with site.running() as running:
        await until(running.titles)
        site.add_room("heron")
        site.book("Talk", room="heron")
        site.write()
        assert await until(lambda: running.titles("heron")) == ["Talk"]
        site.rooms.append({"id": "kestrel", "mailbox": "x@example.com", "time_zone": "UTC"})
        site.write()

        async def rejected() -> Any:
            told = await running.get("/api/v1/rooms/kestrel")
            return [trouble["code"] for trouble in told["health"]]

        assert await until(rejected) == ["configuration_rejected"]
        assert await running.titles("heron") == ["Talk"]
        assert any("stands already at" in line for line in running.log)
        site.rooms = site.rooms[:1]
        site.write()
        running.process.send_signal(signal.SIGHUP)

        async def gone() -> bool:
            return len((await running.get("/api/v1/rooms"))["rooms"]) == 1 and not await rejected()

        await until(gone)
        assert await running.titles() == ["Review"]


async def test_another_mailbox_never_shows_the_former_ones_agenda(site: Site) -> None:
    site.book("Review")
    site.add_room("heron")
    async with site.running() as running:
        await until(running.titles)
        site.tenant.faults.add(kinds.Status(status=503))
        site.rooms[0]["mailbox"] = "heron@example.com"
        site.rooms.pop()
        site.write()

        async def never() -> bool:
            return (await running.get("/api/v1/rooms/kestrel"))["as_of"] is None

        await until(never)


async def test_a_configuration_that_would_not_start_is_told_whole(site: Site) -> None:
    site.settings["stale_aftr"] = "1h"
    site.settings["endpoint_networks"] = ["10.0.0.1/8"]
    site.settings["sources"]["m365"]["client_secret_file"] = "nowhere"
    site.rooms[0]["time_zone"] = "Mars/Olympus"
    site.rooms.append(dict(site.rooms[0]))
    site.rooms.append({**site.rooms[0], "id": "other", "source": "exchange"})
    running = await site.start()
    assert await running.process.wait() == 2
    await running.read_log()
    told = "\n".join(running.log)
    for word in (
        "stale_aftr: no such setting (did you mean stale_after?)",
        "endpoint_networks[0]: must be a network",
        "client_secret_file: there is no file",
        "there is no time zone Mars/Olympus",
        "room kestrel stands already at",
        "there is no source exchange",
    ):
        assert word in told, told
    assert "Traceback" not in told


async def test_a_port_that_is_taken_is_told(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site.settings["listen"]["port"] = str(taken.getsockname()[1])
        running = await site.start()
        assert await running.process.wait() == 2
    await running.read_log()
    assert "cannot serve on 127.0.0.1 port" in "\n".join(running.log)
    assert "Traceback" not in "\n".join(running.log)


async def test_a_second_process_with_the_same_data_is_told(site: Site) -> None:
    async with site.running():
        second = await site.start()
        assert await second.process.wait() == 2
        await second.read_log()
    assert any("another roombridge process uses" in line for line in second.log)


async def test_systemd_hears_that_it_is_ready_and_that_its_loop_turns(
    site: Site, tmp_path: Path
) -> None:
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(place))
        heard.settimeout(10)
        async with site.running(NOTIFY_SOCKET=str(place), WATCHDOG_USEC="200000") as running:
            told = [heard.recv(100) for _ in range(3)]
            assert told[0] == b"READY=1"
            assert told[1:] == [b"WATCHDOG=1"] * 2
            await running.stop()
        rest = []
        heard.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            while True:
                rest.append(heard.recv(100))
    assert b"STOPPING=1" in rest
