"""`roombridge simulate sip`, as a person starts it."""

import asyncio
import json

from connector.endpoint import Order
from connector.endpoints import sip
from connector.outside import open_outside
from connector.secret import Secret
from rooms.join import DialString
from tests.fakes.virtual import FixedClock
from tests.process.conftest import PATIENCE, PROGRAM, ROOT


async def test_a_room_and_a_meeting_run_by_themselves_and_say_what_comes() -> None:
    words = ["simulate", "sip", "--json", "--login", "--tells", "always"]
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE), open_outside(FixedClock()) as outside:
            told = json.loads(await process.stdout.readline())
            options = sip.Options(
                address=told["address"],
                username=told["username"],
                password=Secret(told["password"]),
            )
            async with sip.connect(options, outside) as unit:
                await unit.dial(Order(dial=DialString("sip", "1.2@meeting.example.com")))
            lines = [json.loads(await process.stdout.readline()) for _ in range(3)]
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0
    assert [(one["to"], one["method"]) for one in lines] == [
        ("unit", "REFER"),
        ("unit", "REFER"),
        ("meeting", "INVITE"),
    ]
    assert lines[1]["refer_to"] == "<sip:1.2@meeting.example.com>"
    assert lines[2]["uri"] == "sip:1.2@meeting.example.com"


async def test_an_order_that_makes_no_sense_is_said() -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "simulate", "sip", "--refer", "perhaps", cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.startswith(b"--refer:")
