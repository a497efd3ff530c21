"""The pages of services' tokens: made for little, shown once, ended at once."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import signed_in

TOKENS = "/admin/tokens"
SECRET = re.compile(r'<code id="token"[^>]*>(rb_[\w-]{43})</code>')
SIGNS: dict[str, Any] = {
    "name": "signs <lobby>",
    "scopes": ["read", "rooms"],
    "lists": "north",
    "days": "30",
}


class Page:
    """An owner's browser, as far as HTTP goes."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def see(self, path: str = TOKENS) -> str:
        answer = await self.client.get(path, headers=self.headers)
        assert answer.status == 200
        return html.unescape(" ".join((await answer.text()).split()))

    async def send(self, path: str = TOKENS, **fields: Any) -> tuple[int, str]:
        answer = await self.client.post(
            path, data=fields, headers=self.headers, allow_redirects=False
        )
        shown = answer.headers.get("Location") or " ".join((await answer.text()).split())
        return answer.status, shown


@pytest.fixture
async def owner(client: Client, views: Views, building: None) -> Page:
    return Page(client, await signed_in(views, "ada", "owner"))


async def test_a_token_is_shown_once_and_opens_what_it_says(owner: Page, views: Views) -> None:
    new = await owner.see(f"{TOKENS}/new")
    assert 'value="read" checked' in new
    assert '<option value="365" selected>' in new
    status, page = await owner.send(**SIGNS)
    assert status == 200
    found = SECRET.search(page)
    assert found
    (token,) = views.tokens
    assert (token.scopes, token.lists) == (("read", "rooms"), ("north",))
    assert token.expires == views.clock.now() + timedelta(days=30)
    bearer = {"Authorization": f"Bearer {found[1]}"}
    rooms = await (await owner.client.get("/api/v1/rooms", headers=bearer)).json()
    assert [one["id"] for one in rooms["rooms"]] == ["kestrel"]
    listed = await owner.see()
    assert found[1] not in listed
    for words in ("signs <lobby>", "Only the rooms of North wing", "Ends in 30 days"):
        assert words in listed


async def test_a_token_that_is_ended_opens_nothing(owner: Page, views: Views) -> None:
    status, page = await owner.send(**SIGNS)
    (token,) = views.tokens
    found = SECRET.search(page)
    assert found
    status, where = await owner.send(f"{TOKENS}/{token.id}/revoke")
    assert (status, where) == (303, f"{TOKENS}?done=token_ended")
    bearer = {"Authorization": f"Bearer {found[1]}"}
    assert (await owner.client.get("/api/v1/rooms", headers=bearer)).status == 401
    page = await owner.see(where)
    assert "The token opens nothing any more." in page
    assert "1 that has ended" in page
    assert "/revoke" not in page
    for again in (token.id, "nonsense"):
        _, where = await owner.send(f"{TOKENS}/{again}/revoke")
        assert where == f"{TOKENS}?failed=unknown_token"


@pytest.mark.parametrize(
    ("fields", "status", "field", "words"),
    [
        ({"name": ""}, 422, "name", "Say in 1 to 80 characters"),
        ({"name": "x" * 81}, 422, "name", "Say in 1 to 80 characters"),
        ({"scopes": []}, 422, "scopes", "Choose at least one"),
        ({"scopes": ["all"]}, 422, "scopes", "Choose at least one"),
        ({"days": "4000"}, 422, "days", "Choose one of these."),
        ({"lists": "nowhere"}, 404, "lists", "One of these room lists"),
        ({"scopes": ["read", "audit"]}, 422, "lists", "Room lists do not go with this."),
    ],
    ids=str,
)
async def test_what_makes_no_token_is_said_beside_its_field(
    owner: Page, views: Views, fields: dict[str, Any], status: int, field: str, words: str
) -> None:
    got, page = await owner.send(**(SIGNS | fields))
    assert got == status
    assert f'id="{field}-wrong">{words}' in page
    assert list(views.tokens) == []


async def test_tokens_of_paired_displays_are_looked_after_with_the_displays(
    owner: Page, views: Views
) -> None:
    door, _ = await views.tokens.create("door", ("read",), room="kestrel", actor="test")
    paired, _renewed = [
        (await views.tokens.create("wall", ("read",), room="kestrel", display="d1", actor="test"))[
            0
        ]
        for _ in range(2)
    ]
    page = await owner.see()
    assert "Shows the display of kestrel" in page
    assert "1 paired display has a token of its own" in page
    assert f"/{paired.id}/" not in page
    _, where = await owner.send(f"{TOKENS}/{paired.id}/revoke")
    assert where.endswith("failed=unknown_token")
    assert paired.id in views.tokens.in_force()
    assert (await owner.send(f"{TOKENS}/{door.id}/revoke"))[1].endswith("done=token_ended")


async def test_an_endless_token_says_so_and_an_old_one_that_its_time_was_over(
    owner: Page, views: Views
) -> None:
    await owner.send(**(SIGNS | {"days": "", "lists": []}))
    assert "Never ends by itself" in await owner.see()
    assert "All rooms" in await owner.see()
    await views.tokens.create(
        "old", ("read",), expires=views.clock.now() + timedelta(seconds=1), actor="test"
    )
    views.clock.move(timedelta(seconds=2))
    assert "old: Its time was over" in await owner.see()
