"""What somebody may do on a page they may do over the API, and the other way round."""

import re
from pathlib import Path

import pytest

from bridge.views.display_shapes import FaultOrder
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import ELSEWHERE, NEARBY, signed_in, told
from tests.bridge.test_openapi import described

GUIDE = (Path(__file__).parents[3] / "docs" / "people.md").read_text(encoding="utf-8")
_ORDER = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (\S+)`")
PUSH, CLEAR, READ = (
    "/api/v1/endpoints/codec/push",
    "/api/v1/rooms/kestrel/faults/audio",
    "/api/v1/rooms/kestrel/read",
)


def pairs() -> list[tuple[str, str]]:
    """The orders of pages and API that do the same, as the guide has them."""
    found: list[tuple[str, str]] = []
    for line in GUIDE.splitlines():
        orders = [" ".join(one) for one in _ORDER.findall(line)] if line.startswith("|") else []
        if any("/admin/" in one for one in orders):
            half = len(orders) // 2
            found += zip(orders[:half], orders[half:], strict=True)
    return found


async def test_both_are_for_the_same_roles(client: Client) -> None:
    paths = (await described(client))["paths"]
    assert len(pairs()) >= 8
    for pair in pairs():
        roles = [
            paths[path][method.lower()]["x-roles"]
            for method, path in (order.split(" ") for order in pair)
        ]
        assert roles[0] == roles[1], pair


async def test_facilities_mend_their_own_rooms_over_the_api(
    client: Client, views: Views, building: None
) -> None:
    await views.faults.report("kestrel", FaultOrder(code="audio"), actor="display d1")
    elsewhere = await signed_in(views, "eve", "facilities", ELSEWHERE)
    assert await told(await client.post(PUSH, headers=elsewhere)) == (404, "unknown_endpoint")
    assert await told(await client.delete(CLEAR, headers=elsewhere)) == (404, "unknown_room")
    assert await told(await client.post(READ, headers=elsewhere)) == (404, "unknown_room")
    assert (views.endpoints.told, views.hinted, len(views.faults.of("kestrel"))) == ([], [], 1)

    bob = await signed_in(views, "bob", "facilities", NEARBY)
    assert (await client.post(PUSH, headers=bob)).status == 200
    assert (await client.delete(CLEAR, headers=bob)).status == 200
    assert (await client.post(READ, headers=bob)).status == 202
    assert views.endpoints.told == [("shown", "person:bob")]
    assert (views.hinted, list(views.faults.of("kestrel"))) == (["kestrel"], [])


@pytest.mark.parametrize("path", ["dial", "hangup", "tones", "provision"])
async def test_calls_are_for_engineers(
    client: Client, views: Views, building: None, path: str
) -> None:
    bob = await signed_in(views, "bob", "facilities", NEARBY)
    answer = await client.post(f"/api/v1/endpoints/codec/{path}", headers=bob, json={})
    assert await told(answer) == (403, "forbidden")
