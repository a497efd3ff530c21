"""The pages of people: who may sign in, as what, and how they are kept out."""

import re
from datetime import timedelta
from typing import Any

import pytest

from bridge.people.sessions import form_secret
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import PASSWORD, meant, person, secret, signed_in

PEOPLE = "/admin/people"
CODE = re.compile(r'<code id="code"[^>]*>([A-Z2-9-]{24})</code>')


class Owner:
    """An owner's browser, as far as HTTP goes: without scripts."""

    def __init__(self, client: Client, views: Views, headers: dict[str, str]) -> None:
        self.client = client
        self.views = views
        self.headers = headers

    async def see(self, path: str = PEOPLE, status: int = 200) -> str:
        """A page, its words parted by single spaces."""
        answer = await self.client.get(path, headers=self.headers)
        assert answer.status == status
        return " ".join((await answer.text()).split())

    async def send(self, path: str, **fields: Any) -> tuple[int, str]:
        """Status, and where it leads or what it shows."""
        answer = await self.client.post(
            path, data=fields, headers=self.headers, allow_redirects=False
        )
        shown = answer.headers.get("Location") or " ".join((await answer.text()).split())
        return answer.status, shown

    async def act(self, who: str, step: str, **fields: Any) -> tuple[int, str]:
        """A form on somebody's page, with the version that the page has."""
        where = self.of(who)
        etag = re.findall(r'name="etag" value="([^"]+)"', await self.see(where))
        version = etag[0].replace("&#34;", '"') if etag else ""
        return await self.send(where + step, **({"etag": version} | fields))

    def of(self, name: str) -> str:
        """Somebody's page."""
        account = self.views.people.accounts.named(name)
        assert account
        return f"{PEOPLE}/{account.id}"


@pytest.fixture
async def owner(client: Client, views: Views, building: None) -> Owner:
    ada = await person(views, "ada", "owner", shown="Ada L.")
    return Owner(client, views, meant(await secret(views, ada)))


async def test_everybody_is_told_with_role_rooms_and_when_they_were_here(
    owner: Owner, views: Views
) -> None:
    await person(views, "bob", "facilities", ["north"], shown="Bob <b>")
    await person(views, "carl", "facilities")
    await person(views, "dora", "viewer")
    page = await owner.see()
    assert "Bob &lt;b&gt;</strong></a> · bob" in page
    assert "North wing" in page
    assert "Noch keine Raumliste" in await owner.see(f"{PEOPLE}?lang=de")
    assert "No room lists yet, so they see no rooms" in page
    assert page.count("Was never here") == 3
    assert 'Ada L.</strong></a> · ada (you)</p> <p>All rooms</p> <p class="thin">Last here:' in page
    assert page.index("Ada L.") < page.index("Bob") < page.index("carl") < page.index("dora")


async def test_an_invitation_is_shown_once_and_opens_the_door(owner: Owner, views: Views) -> None:
    assert 'value="facilities" checked' in await owner.see(f"{PEOPLE}/new")
    form = {"name": "bob", "shown": "Bob", "role": "facilities", "lists": "north"}
    status, page = await owner.send(PEOPLE, **form)
    assert status == 200
    found = CODE.search(page)
    assert found
    assert "/admin/welcome and type this code:</p>" in page
    assert "It is good for 24 hours." in page
    account = views.people.accounts.named("bob")
    assert account
    assert (account.role, account.lists, account.shown) == ("facilities", ("north",), "Bob")
    for path in (PEOPLE, owner.of("bob")):
        told = await owner.see(path)
        assert found[1] not in told
        assert "Invited: the code is good for 24 more hours" in told
    welcome = {"code": found[1], "password": PASSWORD}
    answer = await owner.client.post("/admin/welcome", data=welcome, allow_redirects=False)
    assert answer.headers["Location"] == "/admin"
    owner.client.session.cookie_jar.clear()
    assert "Invited" not in await owner.see()


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"name": "ADA"}, 409, "Somebody has this name already."),
        ({"name": "a b"}, 422, "Only letters, digits"),
        ({"name": ""}, 422, "Only letters, digits"),
        ({"shown": "x" * 101}, 422, "This is too long: 100"),
        ({"role": "king"}, 422, "Choose one of the roles."),
        ({"lists": "nowhere"}, 404, "One of these room lists"),
        ({"role": "engineer", "lists": "north"}, 422, "Room lists do not go with this."),
    ],
    ids=str,
)
async def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    owner: Owner, views: Views, fields: dict[str, str], status: int, words: str
) -> None:
    form = {"name": "bob", "shown": "Bobby", "role": "facilities", "email": "b@example.com"}
    got, page = await owner.send(PEOPLE, **(form | fields))
    assert got == status
    (field,) = fields if len(fields) == 1 else ("lists",)
    beside = re.search(rf'aria-describedby="[^"]*{field}-wrong"', page)
    assert beside, page
    assert f'id="{field}-wrong">{words}' in page
    assert 'value="b@example.com"' in page, "what was typed stays"
    assert len(list(views.people.accounts)) == 1


async def test_an_account_is_changed_unless_somebody_else_was_faster(
    owner: Owner, views: Views
) -> None:
    bob = await person(views, "bob", "facilities", ["north"])
    opened = await secret(views, bob)
    form = {"name": "rob", "shown": "Rob", "role": "viewer", "lists": "south", "email": ""}
    status, where = await owner.act("bob", "/change", **form)
    assert (status, where) == (303, f"{PEOPLE}/{bob.id}?done=saved")
    assert "The account was changed." in await owner.see(where)
    assert views.people.caller(opened) is None, "who may something else signs in anew"
    now = views.people.accounts.get(bob.id)
    assert now
    assert (now.name, now.role, now.lists) == ("rob", "viewer", ("south",))
    status, page = await owner.act("rob", "/change", **form, etag=f'"{bob.id}-1"')
    assert status == 412
    assert "Somebody changed something in between." in page
    status, page = await owner.act("rob", "/change", **(form | {"name": "ada"}))
    assert (status, 'id="name-wrong"' in page) == (409, True)


async def test_who_is_kept_out_is_out_at_once_and_can_be_let_in_again(
    owner: Owner, views: Views
) -> None:
    opened = await secret(views, await person(views, "bob", "viewer"))
    status, where = await owner.act("bob", "/disable")
    assert where.endswith("?done=kept_out")
    assert "Cannot sign in" in await owner.see(where)
    assert views.people.caller(opened) is None
    assert "Make a new one-time code" not in await owner.see(owner.of("bob"))
    assert (await owner.act("bob", "/invitation"))[1].endswith("?failed=person_disabled")
    status, where = await owner.act("bob", "/enable")
    assert (status, where.endswith("?done=let_in")) == (303, True)
    answer = await owner.client.post(
        "/api/v1/session", json={"name": "bob", "password": PASSWORD}, headers=ANEW
    )
    assert answer.status == 201


ANEW = {"Cookie": ""}


async def test_who_forgot_their_password_gets_another_code(owner: Owner, views: Views) -> None:
    await person(views, "bob", "viewer")
    status, page = await owner.act("bob", "/invitation")
    assert status == 200
    assert CODE.search(page)
    assert "The old password, if there is one, stays good" in page
    views.clock.move(timedelta(hours=25))
    headers = meant(await secret(views, _account(views, "ada")))
    owner.headers = headers
    assert "Invited" not in await owner.see()


async def test_sessions_of_somebody_are_ended(owner: Owner, views: Views) -> None:
    bob = await person(views, "bob", "viewer")
    three = [await secret(views, bob) for _ in range(3)]
    first = views.people.sessions.of(three[0])
    assert first
    page = await owner.see(owner.of("bob"))
    assert page.count("Firefox on Linux</strong>") == 3
    status, where = await owner.act("bob", "/sessions", session=first.id)
    assert where.endswith("?done=ended")
    assert [views.people.caller(one) is None for one in three] == [True, False, False]
    assert (await owner.act("bob", "/sessions", session=first.id))[1].endswith("unknown_session")
    assert (await owner.act("bob", "/sessions"))[1].endswith("?done=ended")
    assert all(views.people.caller(one) is None for one in three)
    own = views.people.sessions.of_person(_account(views, "ada").id)
    assert (await owner.act("bob", "/sessions", session=own[0]))[1].endswith("unknown_session")
    assert status == 303


async def test_an_account_is_taken_away_but_the_last_owner_stays(
    owner: Owner, views: Views
) -> None:
    await person(views, "bob", "viewer")
    gone = owner.of("bob")
    assert (await owner.act("bob", "/remove"))[1] == f"{PEOPLE}?done=removed"
    assert "bob" not in await owner.see()
    await owner.see(gone, 404)
    assert (await owner.send(f"{gone}/remove"))[0] == 404
    own = await owner.see(owner.of("ada"))
    for step in ("remove", "disable"):
        assert f'/{step}"' not in own, "one does not shut oneself out"
        etag = f'"{_account(views, "ada").id}-{_account(views, "ada").version}"'
        status, where = await owner.act("ada", f"/{step}", etag=etag)
        assert (status, where.endswith("?failed=last_owner")) == (303, True)
    form = {"name": "ada", "role": "viewer"}
    status, page = await owner.act("ada", "/change", **form)
    assert (status, "the last owner who can sign in" in page) == (409, True)
    assert len(list(views.people.accounts)) == 1


async def test_what_comes_from_the_provider_is_not_changed_here(owner: Owner, views: Views) -> None:
    bob = await person(views, "bob", "viewer", subject="https://login.example.com 1")
    page = await owner.see(owner.of("bob"))
    assert "Change them there." in page
    assert f'action="{PEOPLE}/{bob.id}/change"' not in page
    assert "/invitation" not in page
    assert "/disable" in page


async def test_only_owners_come_here_and_only_from_our_pages(
    client: Client, views: Views, building: None, owner: Owner
) -> None:
    engineer = await signed_in(views, "eve", "engineer")
    for path in (PEOPLE, f"{PEOPLE}/new", owner.of("ada"), "/admin/tokens"):
        assert (await client.get(path, headers=engineer)).status == 403
        answer = await client.get(path, headers=ANEW, allow_redirects=False)
        assert answer.headers["Location"].startswith("/admin/login?next=/admin/")
    assert "/admin/people" not in await (await client.get("/admin", headers=engineer)).text()
    forged = owner.headers | {"X-CSRF-Token": form_secret("another")}
    form = {"name": "eve", "role": "owner"}
    assert (await client.post(PEOPLE, data=form, headers=forged)).status == 403
    assert views.people.accounts.named("eve").role == "engineer"  # type: ignore[union-attr]


def _account(views: Views, name: str) -> Any:
    return views.people.accounts.named(name)
