"""Polls of the façade a second, sign-in included, against bare aiohttp with the same bytes.

A poll is what a unit does every 15 s: FindItem by ids alone, then GetItem of twenty bookings. wrk
asks from the other core; both servers run on the appliance's loop, each in a process of its own,
and are measured in turns.
"""

import re
import shutil
import statistics
import subprocess
import tempfile
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from bench.agenda_get import ROOM, _process
from bench.result import Row, row
from bench.service import text
from bridge.clock import SystemClock
from bridge.health import Health
from bridge.readers import Reader
from bridge.tokens import Tokens
from bridge.views.ews.routes import EWS_PATH, Ews
from bridge.views.house import House
from bridge.views.site import site
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.model import Event, Person, Window
from rooms.store import Store

ROUNDS, SECONDS, BOOKINGS = 5, 3, 20
GOAL = 0.35
HEADERS = {
    "Authorization": f"Basic {b64encode(b'kestrel:bench').decode()}",
    "Content-Type": "text/xml; charset=utf-8",
}
ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope'
    ' xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><soap:Header>'
    '<t:RequestServerVersion Version="Exchange2010"/></soap:Header><soap:Body>{}</soap:Body>'
    "</soap:Envelope>"
)
FIND = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
    '<t:AdditionalProperties><t:FieldURI FieldURI="calendar:MyResponseType"/>'
    '</t:AdditionalProperties></m:ItemShape><m:CalendarView StartDate="{}" EndDate="{}"/>'
    '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>'
)
GET = (
    "<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape>"
    "<t:BodyType>Text</t:BodyType></m:ItemShape><m:ItemIds>{}</m:ItemIds></m:GetItem>"
)


def measure() -> list[Row]:
    """One row: requests of a poll in turns."""
    if shutil.which("wrk") is None:
        subprocess.run(["scripts/need", "wrk", "wrk"], check=True)
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "bridge.db")
        with _process(lambda: _ours(database, now)) as started:
            ours = _url(started)
            find = ENVELOPE.format(FIND.format(_time(now - _HOUR), _time(now + 24 * _HOUR)))
            found = _answer(ours, find)
            ids = re.findall(r'<t:ItemId Id="[^"]+" ChangeKey="[^"]+"/>', found.decode())
            assert len(ids) == BOOKINGS, len(ids)
            get = ENVELOPE.format(GET.format("".join(ids)))
            got = _answer(ours, get)
            with _process(lambda: _bare(found, got)) as started_bare:
                bare = _url(started_bare)
                script = Path(folder) / "poll.lua"
                script.write_text(_script(find, get))
                rounds = [(_load(ours, script), _load(bare, script)) for _ in range(ROUNDS + 1)]
    measured = rounds[1:]  # the first warms up
    value = statistics.median(one for one, _ in measured)
    baseline = statistics.median(one for _, one in measured)
    return [
        row(
            "facade_vs_aiohttp",
            value=value,
            unit="requests/s",
            baseline=baseline,
            goal=GOAL,
            better="more",
        )
    ]


_HOUR = timedelta(hours=1)


def _url(started: str) -> str:
    return started.partition("/api/")[0] + EWS_PATH


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _script(find: str, get: str) -> str:
    """What wrk sends: both requests in turns."""
    headers = "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in HEADERS.items())
    return (
        f'wrk.method = "POST"\n{headers}local find = [==[{find}]==]\nlocal get = [==[{get}]==]\n'
        "local turn = 0\nfunction request()\n  turn = turn + 1\n"
        "  return wrk.format(nil, nil, nil, turn % 2 == 0 and find or get)\nend\n"
    )


def _load(url: str, script: Path) -> float:
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", str(script), url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    return float(found[1])


def _answer(url: str, body: str) -> bytes:
    request = urllib.request.Request(url, data=body.encode(), headers=HEADERS)
    with urllib.request.urlopen(request) as answer:
        return bytes(answer.read())


async def _bare(found: bytes, got: bytes) -> AsyncIterator[web.Application]:
    """The least that aiohttp can do for the same bytes."""
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "Cache-Control": "private",
        "Server": "roombridge",
        "X-Content-Type-Options": "nosniff",
    }

    async def poll(request: web.Request) -> web.Response:
        body = await request.read()
        return web.Response(body=found if b"FindItem" in body else got, headers=headers)

    app = web.Application()
    app.router.add_post(EWS_PATH, poll)
    yield app


async def _ours(database: Database, now: datetime) -> AsyncIterator[web.Application]:
    """The appliance's own application with one room and one unit."""
    clock = SystemClock()
    house = House(
        store=Store(database),
        health=Health(clock),
        clock=clock,
        tokens=Tokens(database, Audit(database), clock),
        started=clock.now(),
        rooms={"kestrel": ROOM},
    )
    reader = Reader(endpoint="unit", room="kestrel", username="kestrel", secret="bench")
    house.readers.adopt([reader], now)
    async with database.running():
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, account = agenda_of(ROOM, meetings(now), window=window, as_of=now)
        await house.store.replace(ROOM, agenda, account)
        yield site(house, Ews(house).routes)


def meetings(now: datetime) -> list[Event]:
    """Twenty meetings of one room within a day."""
    return [
        Event(
            id=f"{number}",
            uid=f"uid-{number}",
            when=Window(start=now + number * _HOUR, end=now + (number + 0.8) * _HOUR),
            subject=f"Review of the harvest, part {number}",
            organizer=Person(name="Ada Lovelace", address="ada@example.com"),
            body=text(number),
        )
        for number in range(BOOKINGS)
    ]
