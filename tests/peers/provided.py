"""panva's oidc-provider as a process, and somebody who walks through its pages."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.test_utils import unused_port

from tests.peers.conftest import line, node, started

CLIENT, SECRET, PUBLIC = "roombridge", "a secret: of+two words", "roombridge-public"
SCOPES = ("openid", "profile", "email", "groups")
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ada": {
        "name": "Ada Lovelace",
        "preferred_username": "ada@example.com",
        "email": "ada@example.com",
        "groups": ["rooms-engineers", "others"],
    },
    "grace": {"name": "Grace Hopper", "preferred_username": "grace", "groups": ["rooms-north"]},
    "bob": {"name": "Bob", "groups": ["others"]},
}
_ACTION = re.compile(r'<form[^>]* action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="(\w+)"')


@asynccontextmanager
async def provider(public_url: str, *, conform: bool = False, port: int = 0) -> AsyncIterator[str]:
    """A provider that leads back to an appliance; its issuer.

    With `conform` it tells of groups only who asks with the access token. It is at `localhost`,
    which is another site than 127.0.0.1.
    """
    given = {
        "port": port or unused_port(),
        "conform": conform,
        "back": f"{public_url}/admin/callback",
        "out": f"{public_url}/admin/login",
        "people": PEOPLE,
        "clients": [
            {"client_id": CLIENT, "client_secret": SECRET},
            {"client_id": PUBLIC, "token_endpoint_auth_method": "none"},
        ],
    }
    async with started(*node("provide.js", "oidc-provider"), PROVIDE=json.dumps(given)) as process:
        yield (await line(process))["issuer"]


async def walk(http: aiohttp.ClientSession, address: str, name: str, back: str) -> str:
    """Sign in and agree at the provider, or say no (an empty name); where it leads back to."""
    answer = await http.get(address, allow_redirects=False)
    while True:
        if answer.status in {302, 303}:
            address = urljoin(address, answer.headers["Location"])
            if address.startswith(back):
                return address
            answer = await http.get(address, allow_redirects=False)
            continue
        page = await answer.text()
        assert answer.status == 200, page
        action, prompt = _ACTION.search(page), _PROMPT.search(page)
        if not name:
            answer = await http.get(f"{address}/abort", allow_redirects=False)
            continue
        assert action is not None, page
        assert prompt is not None, page
        fields = {"prompt": prompt[1], "login": name, "password": "any"}
        address = urljoin(address, action[1])
        answer = await http.post(address, data=fields, allow_redirects=False)


def query(address: str) -> str:
    """What an address carries."""
    return urlsplit(address).query
