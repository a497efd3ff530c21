"""An appliance whose people sign in by a provider, over real sockets at both ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bridge.furnished import furnish
from bridge.oidc.single import SingleSignOn
from bridge.settings.model import Site
from bridge.settings.people import GroupRole, OidcSettings, PeopleSettings
from bridge.views.site import site
from connector.outside import open_outside
from connector.secret import Secret
from tests.bridge.conftest import NO_ROOMS, Views, clock, made, views
from tests.fakes.issuer import CLIENT, SECRET, Issuer, issuing

__all__ = ["clock", "made", "views"]  # fixtures

ROLES = (
    GroupRole(group="rooms-owners", role="owner"),
    GroupRole(group="rooms-engineers", role="engineer"),
    GroupRole(group="rooms-north", role="facilities", lists=("north",)),
    GroupRole(group="rooms-south", role="facilities", lists=("south",)),
    GroupRole(group="rooms-some", role="viewer", lists=("north",)),
    GroupRole(group="everybody", role="viewer"),
)
LOGIN = "/admin/login"


class Entrance:
    """An appliance, its provider, and a browser at its door."""

    def __init__(self, views: Views, settings: OidcSettings) -> None:
        self.views = views
        self.site = Site(people=PeopleSettings(oidc=settings))
        self.client: TestClient[Any, Any]
        self.issuer: Issuer
        """The provider, where it is one of ours."""

    @property
    def settings(self) -> OidcSettings:
        assert self.site.people.oidc is not None
        return self.site.people.oidc

    def set(self, **more: Any) -> None:
        """Configure something otherwise."""
        oidc = msgspec.structs.replace(self.settings, **more)
        people = msgspec.structs.replace(self.site.people, oidc=oidc)
        self.adopt(msgspec.structs.replace(self.site, people=people))

    def adopt(self, site: Site) -> None:
        """Work by a site's settings."""
        self.site = site
        rooms, lists = self.views.house.rooms, self.views.house.lists
        furnish(self.views.house, msgspec.structs.replace(NO_ROOMS, site=site))
        self.views.house.rooms, self.views.house.lists = rooms, lists

    async def begin(self, **query: str) -> str:
        """Go to sign in; where that leads."""
        answer = await self.client.get("/admin/sso", params=query, allow_redirects=False)
        assert answer.status == 303
        return str(answer.headers["Location"])

    async def back(self, query: str, **more: Any) -> Any:
        """Come back."""
        return await self.client.get(f"/admin/callback?{query}", allow_redirects=False, **more)

    async def enter(self) -> Any:
        """Sign in: go, say yes, come back."""
        return await self.back(self.issuer.allow(await self.begin()))

    async def who(self) -> Any:
        """Who is signed in; None where nobody is."""
        told = await (await self.client.get("/api/v1/session")).json()
        return told if told.get("person") else None

    async def notes(self) -> list[dict[str, Any]]:
        """What is in the audit log."""
        return await self.views.database.change(
            lambda db: list(db.query("SELECT actor, action, object, detail FROM audit"))
        )


def why(answer: Any) -> str:
    """Why nobody was signed in, by where the answer leads."""
    assert answer.status == 303, answer.status
    where, _, code = answer.headers["Location"].partition("?sso=")
    assert where == LOGIN
    return str(code)


@asynccontextmanager
async def opened(views: Views, settings: OidcSettings, port: int = 0) -> AsyncIterator[Entrance]:
    """An appliance with this provider."""
    async with open_outside(views.clock) as outside:
        entrance = Entrance(views, settings)
        views.admin = views.pages(SingleSignOn(outside, views.people, lambda: entrance.site))
        server = TestServer(site(views.house, views.routes()), port=port or None)
        async with TestClient(server) as client:
            entrance.client = client
            public = str(client.make_url("")).rstrip("/")
            entrance.adopt(msgspec.structs.replace(entrance.site, public_url=public))
            yield entrance
            views.hub.close()


@pytest.fixture
async def entrance(views: Views) -> AsyncIterator[Entrance]:
    async with issuing(views.clock) as issuer:
        settings = OidcSettings(
            issuer=issuer.url,
            client_id=CLIENT,
            client_secret=Secret(SECRET),
            name="Example",
            roles=ROLES,
        )
        async with opened(views, settings) as entrance:
            entrance.issuer = issuer
            yield entrance
