"""What drivers find out about rights, and who answers at an address."""

import asyncio
import ssl
from base64 import urlsafe_b64encode
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from hypothesis import given
from hypothesis import strategies as some
from yarl import URL

from connector.certificates import fingerprint, self_signed
from connector.outside import Outside
from connector.peer import answered, certificate
from connector.sources.graph.claims import ZOOM, Claims, claims
from connector.sources.graph.rights import role_remarks, zoom_remarks
from tests.fakes.virtual import NOON


def token(payload: object) -> str:
    part = urlsafe_b64encode(msgspec.json.encode(payload)).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


def test_the_claims_of_a_token_are_read() -> None:
    told = claims(token({"roles": ["Calendars.Read"], "appid": "app", "tid": "t", "aud": "x"}))
    assert told == Claims(roles=("Calendars.Read",), appid="app", tid="t")


def test_what_does_not_look_like_a_role_is_not_told() -> None:
    told = claims(token({"roles": ["Mail.Read", "<script>", "x" * 81], "scp": "a\nb \u202ec"}))
    assert told == Claims(roles=("Mail.Read",), scp="a b")


@given(some.text() | some.builds(token, some.dictionaries(some.text(), some.integers())))
def test_any_text_is_a_token_or_none(text: str) -> None:
    assert claims(text) is None or isinstance(claims(text), Claims)


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "e30.W10.c", "e30.eyJyb2xlcyI6MX0.c"])
def test_what_is_no_token_is_none(text: str) -> None:
    assert claims(text) is None


@pytest.mark.parametrize(
    ("role", "writes", "code"),
    [
        ("Calendars.Read", False, "scope_tenant_wide"),
        ("Calendars.ReadWrite", False, "scope_writes"),
        ("Calendars.ReadWrite", True, "scope_tenant_wide"),
        ("Mail.Read", False, "scope_mail"),
        ("Mail.Send", True, "scope_mail"),
        ("full_access_as_app", False, "scope_mail"),
        ("EWS.AccessAsApp", False, "scope_mail"),
        ("Contacts.ReadWrite", False, "scope_superfluous"),
        ("User.Read.All", False, "scope_superfluous"),
    ],
)
def test_every_role_has_a_judgement(role: str, code: str, *, writes: bool) -> None:
    (remark,) = role_remarks(Claims(roles=(role,)), writes=writes)
    assert remark.code == code
    assert role in remark.words


@pytest.mark.parametrize(
    ("scope", "writes", "codes"),
    [
        ("Calendars.Read.Shared offline_access openid profile email User.Read", False, []),
        ("Calendars.ReadWrite.Shared", False, ["scope_writes"]),
        ("Calendars.ReadWrite.Shared", True, []),
        ("Mail.Read EWS.AccessAsUser.All", False, ["scope_mail", "scope_mail"]),
        ("Contacts.Read Calendars.Read", False, ["scope_superfluous"]),
        ("Calendars.Read Place.Read.All", False, []),
    ],
)
def test_delegated_permissions_have_judgements_too(
    scope: str, codes: list[str], *, writes: bool
) -> None:
    remarks = role_remarks(Claims(scp=scope), writes=writes)
    assert [remark.code for remark in remarks] == codes


def test_listing_rooms_is_used_and_opens_no_calendar() -> None:
    assert not list(role_remarks(Claims(roles=("Place.Read.All",)), writes=False))


def test_without_roles_there_is_nothing_to_remark() -> None:
    assert not list(role_remarks(Claims(), writes=False))


@pytest.mark.parametrize("client_id", [*ZOOM, next(iter(ZOOM)).upper()])
def test_the_applications_of_zoom_are_recognised(client_id: str) -> None:
    (remark,) = zoom_remarks(client_id)
    assert "Zoom's own application" in remark.words


class TestAnswered:
    """Asking a web service for anything."""

    async def test_it_tells_what_time_it_is_there(self, outside: Outside) -> None:
        async def page(_: web.Request) -> web.Response:
            return web.Response(headers={"Date": "Mon, 23 Nov 2026 12:00:00 GMT"})

        app = web.Application()
        app.router.add_get("/", page)
        async with TestServer(app) as server:
            assert (await answered(outside, server.make_url("/"))).date == NOON

    @pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 12:00:00 GMT"])
    async def test_a_service_without_a_clock_tells_nothing(
        self, outside: Outside, date: str
    ) -> None:
        async def page(_: web.Request) -> web.Response:
            return web.Response(headers={"Date": date})

        app = web.Application()
        app.router.add_get("/", page)
        async with TestServer(app) as server:
            told = await answered(outside, server.make_url("/"))
            assert (told.date, told.fault) == (None, "")

    async def test_nobody_there_is_unreachable(self, outside: Outside) -> None:
        url = URL(f"http://127.0.0.1:{unused_port()}")
        assert (await answered(outside, url)).fault == "unreachable"

    async def test_a_certificate_that_nobody_vouches_for_is_told(
        self, outside: Outside, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as server:
            assert (await answered(outside, url_of(server))).fault == "certificate_untrusted"


class TestCertificate:
    """Looking at a certificate without trusting it."""

    async def test_it_is_the_one_that_is_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as server:
            shown = await certificate(url_of(server))
            assert shown
            wanted = await asyncio.to_thread((tmp_path / "made.pem").read_bytes)
            assert fingerprint(shown) == fingerprint(wanted)

    async def test_outside_the_networks_nobody_is_asked(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as server:
            assert await certificate(url_of(server), [ip_network("10.0.0.0/8")]) is None
            assert await certificate(url_of(server), [ip_network("127.0.0.0/8")])

    async def test_without_tls_there_is_none(self) -> None:
        assert await certificate(URL("http://127.0.0.1:1")) is None
        assert await certificate(URL(f"https://127.0.0.1:{unused_port()}")) is None
        async with TestServer(web.Application()) as server:
            assert await certificate(URL(f"https://127.0.0.1:{server.port}")) is None


def url_of(server: TestServer) -> URL:
    return URL(f"https://127.0.0.1:{server.port}/")


class serving:  # noqa: N801 - reads as a verb
    """A server with a certificate that it signed itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> TestServer:
        context = await asyncio.to_thread(self._context)
        self._server = TestServer(web.Application())
        await self._server.start_server(ssl=context)
        return self._server

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    def _context(self) -> ssl.SSLContext:
        made = self_signed(["127.0.0.1"], days=9, now=NOON)
        file = self._folder / "made.pem"
        file.write_bytes(made.pem + made.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context
