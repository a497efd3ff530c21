"""`roombridge simulate exchange`, as a person starts it."""

import asyncio
import json
import ssl
from pathlib import Path

import aiohttp

from tests.process.conftest import PATIENCE, PROGRAM, ROOT

ASKED = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
    '<s:Header><t:RequestServerVersion Version="Exchange2016"/></s:Header>'
    "<s:Body><m:GetRoomLists/></s:Body></s:Envelope>"
)


async def test_it_answers_over_tls_that_its_file_vouches_for(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    words = ["simulate", "exchange", "--json", "--rooms", "1", "--ca", str(authority)]
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        async with asyncio.timeout(PATIENCE):
            told = json.loads(await process.stdout.readline())
        trusted = ssl.create_default_context(cafile=authority)
        login = aiohttp.encode_basic_auth(told["username"], told["password"])
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as http,
            http.post(told["url"], data=ASKED, headers={"Authorization": login}) as answer,
        ):
            assert answer.status == 200
            assert told["room_list"] in await answer.text()
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0
