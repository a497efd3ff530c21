"""The pages in the documents and in the description of the API."""

import re
from pathlib import Path

from bridge.views.openapi import STATUSES
from tests.bridge.admin.conftest import House
from tests.bridge.conftest import Client

DOCS = Path(__file__).parents[3] / "docs"
API, GUIDE = ((DOCS / name).read_text(encoding="utf-8") for name in ("api.md", "admin.md"))


async def test_every_page_and_form_is_described(house: House) -> None:
    for route in house.admin.routes:
        assert f"`{route.method} {route.path}`" in API, route.path
        if route.method == "GET":
            assert f"`{route.path}`" in GUIDE


async def test_openapi_says_that_pages_need_a_session(opened: Client, house: House) -> None:
    document = await (await opened.get("/api/v1/openapi.json")).json()
    assert document["components"]["securitySchemes"]["session"]["in"] == "cookie"
    for route in house.admin.routes:
        told = document["paths"][route.path][route.method.lower()]
        due = [] if route.scope is None else [{"session": [route.scope]}]
        assert told["security"] == due, route.path
        assert "303" in told["responses"] or route.scope is None
        assert set(route.problems) <= STATUSES.keys()


async def test_what_every_page_answers_is_described(opened: Client, house: House) -> None:
    document = await (await opened.get("/api/v1/openapi.json")).json()
    for route in house.admin.routes:
        path = re.sub(r"{\w+}", "kestrel", route.path)
        for who in (house.person, None):
            keep, house.person = house.person, who
            answer = await opened.request(route.method, path, data={}, allow_redirects=False)
            house.person = keep
            told = document["paths"][route.path][route.method.lower()]["responses"]
            assert str(answer.status) in told, (route.path, answer.status)
