"""Uses a codec with xows, Cisco's client for Python, and prints what it got.

Runs in `.venv-peers`; its one argument is JSON: the address, the user, and what to put.
"""

import asyncio
import json
import sys
from typing import Any

import xows  # type: ignore[import-not-found,unused-ignore] # only there


async def use(told: dict[str, Any]) -> dict[str, Any]:
    """What can be done, and what is heard meanwhile."""
    heard: list[dict[str, Any]] = []
    found: dict[str, Any] = {}
    async with xows.XoWSClient(told["address"], told["username"], told["password"]) as client:
        found["volume"] = await client.xGet(["Status", "Audio", "Volume"])
        found["query"] = await client.xQuery(["Status", "**", "SerialNumber"])
        path = ["Configuration", "Bookings", "CheckIn", "Enabled"]
        found["set"] = await client.xSet(path, "True")

        async def hear(news: dict[str, Any], _number: int) -> None:
            heard.append(news)

        calls = await client.subscribe(["Status", "Call"], hear)
        await client.subscribe(["Status", "Bookings", "Current"], hear, True)
        await client.subscribe(["Event", "Bookings"], hear)
        await client.xCommand(["Bookings", "Put"], body=json.dumps(told["list"]))
        found["list"] = await client.xCommand(["Bookings", "List"], Days=1)
        dialled = await client.xCommand(["Dial"], Number="1@example.com")
        await client.xCommand(["Call", "Disconnect"], CallId=dialled["CallId"])
        found["unsubscribed"] = await client.unsubscribe(calls)
        refused = []
        for wrong in (
            client.xCommand(["Call", "Disconnect"], CallId=9),
            client.xCommand(["Bookings", "Think"]),
            client.xGet(["Status", "Nothing"]),
        ):
            try:
                await wrong
            except xows.XoWSError as error:
                refused.append(type(error).__name__)
        found["refused"] = refused
    return {**found, "heard": heard}


async def main(told: dict[str, Any]) -> None:
    """Print one line."""
    try:
        print(json.dumps(await use(told)))  # noqa: T201 - this is what it is for
    except (xows.XoWSError, ConnectionError) as error:
        print(json.dumps({"error": type(error).__name__}))  # noqa: T201


asyncio.run(main(json.loads(sys.argv[1])))
