"""Single sign-on against panva's oidc-provider: its codes, its tokens, its keys, its pages."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, Page, expect
from yarl import URL

from bridge.doctor.sign_on import sign_on
from bridge.oidc import claims
from bridge.oidc.attempts import Attempt, Attempts
from bridge.oidc.failed import SignOnFailed
from bridge.oidc.provider import PAUSE, Provider
from bridge.settings.people import GroupRole, OidcSettings
from connector.outside import open_outside
from connector.secret import Secret
from tests.bridge.conftest import Views
from tests.bridge.oidc.conftest import Entrance, opened, why
from tests.peers.provided import CLIENT, PUBLIC, SCOPES, SECRET, provider, query, walk
from tests.process.conftest import Site

ROLES = (
    GroupRole(group="rooms-engineers", role="engineer"),
    GroupRole(group="rooms-north", role="facilities", lists=("north",)),
)


@dataclass
class Street:
    """An appliance, the provider that others wrote, and somebody who walks between them."""

    entrance: Entrance
    issuer: str
    http: aiohttp.ClientSession
    stack: AsyncExitStack

    async def comes_back(self, name: str = "ada") -> str:
        """Sign in at the provider; what its answer carries."""
        back = f"{self.entrance.site.public_url}/admin/callback"
        return query(await walk(self.http, await self.entrance.begin(), name, back))

    async def leave(self) -> None:
        """Another browser."""
        self.entrance.client.session.cookie_jar.clear()
        self.http.cookie_jar.clear()


def settings(issuer: str, **more: Any) -> OidcSettings:
    """As a site would write them."""
    usual = OidcSettings(
        issuer=issuer,
        client_id=CLIENT,
        client_secret=Secret(SECRET),
        name="Example Corp",
        scopes=SCOPES,
        roles=ROLES,
    )
    return msgspec.structs.replace(usual, **more)


@pytest.fixture
async def street(views_of_now: Views) -> AsyncIterator[Street]:
    views, port, there = views_of_now, unused_port(), unused_port()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(views.database.running())
        # Its process ends before the test does: keys change while the appliance runs.
        process = await stack.enter_async_context(AsyncExitStack())
        url = f"http://127.0.0.1:{port}"
        issuer = await process.enter_async_context(provider(url, port=there))
        entrance = await stack.enter_async_context(opened(views, settings(issuer), port))
        jar = aiohttp.CookieJar(unsafe=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        yield Street(entrance, issuer, http, process)
    views.panels.close()


async def test_somebody_signs_in_and_comes_again_without_a_word(street: Street) -> None:
    answer = await street.entrance.back(await street.comes_back())
    assert answer.status == 200
    who = await street.entrance.who()
    assert (who["name"], who["role"]) == ("person:ada@example.com", "engineer")
    (account,) = street.entrance.views.people.accounts
    assert account.subject == f"{street.issuer} ada"
    assert (account.shown, account.email) == ("Ada Lovelace", "ada@example.com")
    street.entrance.client.session.cookie_jar.clear()
    assert (await street.entrance.back(await street.comes_back())).status == 200
    assert len(list(street.entrance.views.people.accounts)) == 1


async def test_other_people_have_other_roles_or_none(street: Street) -> None:
    await street.entrance.back(await street.comes_back("grace"))
    who = await street.entrance.who()
    assert (who["name"], who["role"], who["lists"]) == ("person:grace", "facilities", ["north"])
    await street.leave()
    assert why(await street.entrance.back(await street.comes_back("bob"))) == "no_group"
    await street.leave()
    assert why(await street.entrance.back(await street.comes_back(""))) == "denied"
    assert await street.entrance.who() is None
    assert len(list(street.entrance.views.people.accounts)) == 1


async def test_a_public_client_signs_people_in_by_pkce_alone(street: Street) -> None:
    street.entrance.set(client_id=PUBLIC, client_secret=None)
    assert (await street.entrance.back(await street.comes_back())).status == 200


async def test_a_client_that_the_provider_does_not_know_is_said_to_be_set_up_wrongly(
    street: Street,
) -> None:
    found = await street.comes_back()
    street.entrance.set(client_secret=Secret("another"))
    assert why(await street.entrance.back(found)) == "refused"


async def test_answers_are_good_once_and_in_the_browser_that_asked(street: Street) -> None:
    entrance = street.entrance
    found = await street.comes_back()
    jar = entrance.client.session.cookie_jar
    cookies = {"Cookie": "; ".join(f"{one.key}={one.value}" for one in jar)}
    other = found.replace("state=", "state=x")
    assert why(await entrance.back(other)) == "stale"
    jar.clear()
    assert why(await entrance.back(found)) == "stale"
    mixed = found.replace("iss=http%3A%2F%2Flocalhost", "iss=http%3A%2F%2Felsewhere")
    assert mixed != found, "this provider names itself (RFC 9207)"
    assert (await entrance.back(found, headers=cookies)).status == 200
    jar.clear()
    assert why(await entrance.back(found, headers=cookies)) == "stale"
    # The same code, by an attempt of one's own: the provider knows that it was used.
    state = parse_qs(urlsplit(await entrance.begin()).query)["state"][0]
    parts = {name: one[0] for name, one in parse_qs(found).items()} | {"state": state}
    answer = await entrance.client.get("/admin/callback", params=parts, allow_redirects=False)
    assert why(answer) == "unproven"
    jar.clear()
    unused = await street.comes_back()
    jar.clear()
    state = parse_qs(urlsplit(await entrance.begin()).query)["state"][0]
    parts = {name: one[0] for name, one in parse_qs(unused).items()} | {"state": state}
    answer = await entrance.client.get("/admin/callback", params=parts, allow_redirects=False)
    assert why(answer) == "unproven", "a code that was stolen before it was used: PKCE"


async def test_where_groups_are_told_on_asking_only_they_are_asked_for(
    street: Street, views_of_now: Views
) -> None:
    await street.stack.aclose()
    port = urlsplit(street.issuer).port or 0
    again = provider(street.entrance.site.public_url, conform=True, port=port)
    await street.stack.enter_async_context(again)
    assert (await street.entrance.back(await street.comes_back())).status == 200
    assert (await street.entrance.who())["role"] == "engineer"


async def test_new_keys_are_fetched_when_a_token_names_one(street: Street) -> None:
    entrance = street.entrance
    assert (await entrance.back(await street.comes_back())).status == 200
    await street.stack.aclose()
    port = urlsplit(street.issuer).port or 0
    await street.stack.enter_async_context(provider(entrance.site.public_url, port=port))
    await street.leave()
    assert why(await entrance.back(await street.comes_back())) == "unproven", "once a minute"
    entrance.views.clock.move(PAUSE)
    await street.leave()
    found = await street.comes_back()
    assert (await entrance.back(found)).status == 200


def other(token: str, **more: Any) -> str:
    """A real token that says something else under the same signature."""
    first, body, last = token.split(".")
    told = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))) | more
    changed = urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    return f"{first}.{changed}.{last}"


async def test_its_tokens_are_good_as_they_are_now_and_here_only(street: Street) -> None:
    clock = street.entrance.views.clock
    attempt, _ = Attempts(clock).begin(street.issuer, "/admin")
    back = f"{street.entrance.site.public_url}/admin/callback"
    ours = settings(street.issuer)
    fields = {
        "client_id": CLIENT,
        "redirect_uri": back,
        "response_type": "code",
        "scope": " ".join(SCOPES),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    async with open_outside(clock) as outside:
        asked = Provider(settings=ours, outside=outside)
        address = URL((await asked.description()).authorization_endpoint)
        came = await walk(street.http, str(address.with_query(fields)), "ada", back)
        given = await asked.redeem(parse_qs(query(came))["code"][0], attempt, back)
        told = await asked.proven(given.id_token)
        claims.check(told, attempt, ours, clock.now())
        assert claims.provided(told, ours).role == "engineer"
        for token in (
            other(given.id_token),
            other(given.id_token, groups=["rooms-owners"]),
            given.id_token[:-8] + "AAAAAAAA",
            given.id_token.rpartition(".")[0] + ".",
        ):
            with pytest.raises(SignOnFailed, match="unproven"):
                await asked.proven(token)
        assert refused(told, msgspec.structs.replace(attempt, nonce="another"), ours) == "unproven"
        theirs = msgspec.structs.replace(ours, client_id="another")
        assert refused(told, attempt, theirs) == "unproven"
        at = clock.now()
        clock.move(timedelta(minutes=8))  # five of its own, one of clocks, and the way here
        assert refused(told, attempt, ours, clock.now()) == "clock", "expired"
        late = msgspec.structs.replace(attempt, began=at + timedelta(minutes=12))
        assert refused(told, late, ours, at) == "clock", "issued before it was asked for"


def refused(told: Any, attempt: Attempt, ours: OidcSettings, now: Any = None) -> str:
    with pytest.raises(SignOnFailed) as failed:
        claims.check(told, attempt, ours, now or attempt.began)
    return failed.value.why


async def test_the_doctor_asks_it_whether_it_would_lead_back(street: Street) -> None:
    site = street.entrance.site
    async with open_outside(street.entrance.views.clock) as outside:
        assert await sign_on(site, outside) == []
        moved = msgspec.structs.replace(site, public_url="http://127.0.0.1:1")
        assert [one.code for one in await sign_on(moved, outside)] == ["sso_redirect"]
        street.entrance.set(client_id="another")
        assert [one.code for one in await sign_on(street.entrance.site, outside)] == [
            "sso_redirect"
        ]


# --- the real program, in a real browser


async def agree(page: Page, name: str) -> None:
    """What somebody does at the provider."""
    await page.get_by_placeholder("Enter any login").fill(name)
    await page.get_by_placeholder("and password").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()


@pytest.mark.browser
async def test_people_sign_in_and_out_across_two_sites(site: Site, browser: Browser) -> None:
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    async with provider(url) as issuer:
        site.settings["listen"] = {"address": "127.0.0.1", "port": str(port)}
        site.settings["public_url"] = url
        site.lists.append({"id": "north", "name": "North wing"})
        site.secrets["oidc"] = SECRET
        site.settings["people"] = {
            "oidc": {
                "issuer": issuer,
                "client_id": CLIENT,
                "client_secret_file": "oidc",
                "name": "Example Corp",
                "scopes": list(SCOPES),
                "roles": [{"group": "rooms-engineers", "role": "engineer"}],
            }
        }
        async with site.running() as running:
            context = await browser.new_context(locale="en-GB")
            page = await context.new_page()
            await page.goto(f"{url}/admin/rooms")
            await page.get_by_role("link", name="Sign in with Example Corp").click()
            await expect(page).to_have_url(re.compile(f"^{issuer}/interaction/"))
            await agree(page, "ada")
            await expect(page).to_have_url(f"{url}/admin/rooms")
            await expect(page.get_by_role("link", name="Ada Lovelace")).to_be_visible()
            (cookie,) = [one for one in await context.cookies() if "roombridge" in one["name"]]
            assert (cookie["name"], cookie["sameSite"]) == ("roombridge_session", "Strict")
            await page.reload()
            await expect(page.get_by_role("link", name="Ada Lovelace")).to_be_visible()
            await page.get_by_role("button", name="Sign out").click()
            await page.get_by_role("link", name="Sign out of Example Corp too").click()
            await page.get_by_role("button", name="Yes, sign me out").click()
            await expect(page).to_have_url(re.compile(f"^{url}/admin/login"))
            await page.get_by_role("link", name="Sign in with Example Corp").click()
            await page.get_by_role("link", name="Cancel").click()
            await expect(page.get_by_role("alert")).to_contain_text("Nobody was signed in")
            await page.get_by_role("link", name="Sign in with Example Corp").click()
            await agree(page, "bob")
            await expect(page.get_by_role("alert")).to_contain_text("none of the groups")
            await context.close()
        log = "\n".join(running.log)
        assert "single sign-on: no_group" in log
        for secret in (SECRET, "ada@example.com", "Lovelace", "code="):
            assert secret not in log
