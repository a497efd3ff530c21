"""`roombridge simulate poly`, as a person starts it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from connector.simulators.exchange import Exchange, Meeting, serve
from tests.process.conftest import PATIENCE, PROGRAM, ROOT

KESTREL = "kestrel@example.com"


async def test_it_reads_a_calendar_and_takes_its_words_over_the_network(tmp_path: Path) -> None:
    exchange = Exchange()
    room = exchange.add_mailbox(KESTREL, name="Kestrel")
    exchange.add_user("EXAMPLE\\unit", "right", delegate_of=[KESTREL])
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    end = start + timedelta(minutes=30)
    room.add(Meeting(subject="Weekly", start=start, end=end, locations=("sip:7@example.com",)))
    (tmp_path / "password").write_text("right\n")
    async with serve(exchange) as url, aiohttp.ClientSession() as http:
        words = [
            *("simulate", "poly", "--json", "--family", "group", "--server", url),
            *("--username", "EXAMPLE\\unit", "--password-file", str(tmp_path / "password")),
            *("--mailbox", KESTREL),
        ]
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout
            async with asyncio.timeout(PATIENCE):
                told = json.loads(await process.stdout.readline())
            pin = aiohttp.Fingerprint(bytes.fromhex(told["fingerprint"].removeprefix("sha256:")))
            async with http.post(f"{told['control']}/poll", ssl=pin) as answer:
                (held,) = (await answer.json())["meetings"]
            assert (held["subject"], held["numbers"][0]["number"]) == ("Weekly", "7@example.com")
            asked = {"user": told["username"], "password": told["password"], "action": "Login"}
            async with http.post(f"{told['url']}/rest/session", json=asked, ssl=pin) as answer:
                assert answer.status == 200
            reader, writer = await asyncio.open_connection("127.0.0.1", int(told["telnet_port"]))
            assert await reader.readuntil(b": ") == b"Username: "
            writer.close()
            await writer.wait_closed()
        finally:
            process.terminate()
            await process.wait()
