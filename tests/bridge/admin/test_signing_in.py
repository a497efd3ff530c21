"""Who is let in to the pages, and where everybody else is sent."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.callers import LOOPBACK
from bridge.views import guard
from bridge.views.sessions import onward
from tests.bridge.admin.conftest import House, person
from tests.bridge.conftest import Client

PAGES = ("/admin", "/admin/rooms", "/admin/rooms/kestrel", "/admin/displays")
FORMS = (
    *(f"/admin/rooms/kestrel/{act}" for act in ("read", "push", "dial", "hangup", "mended")),
    "/admin/displays",
    "/admin/displays/x/revoke",
)
FRAMED = re.compile(r"<(?:style|script)\b[^>]*>[^<]|\son\w+=|\sstyle=", re.IGNORECASE)


@pytest.mark.parametrize("path", [*PAGES, "/admin/rooms?q=a&state=stale"])
async def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(
    opened: Client, house: House, path: str
) -> None:
    house.person = None
    answer = await opened.get(path, allow_redirects=False)
    assert answer.status == 303
    to = urlsplit(answer.headers["Location"])
    assert to.path == "/admin/login"
    assert parse_qs(to.query) == {"next": [path]}
    page = await (await opened.get(answer.headers["Location"])).text()
    assert f'name="next" value="{path}"'.replace("&", "&amp;") in page


@pytest.mark.parametrize("path", FORMS)
async def test_forms_do_nothing_for_who_is_not_signed_in(
    opened: Client, house: House, path: str
) -> None:
    house.person = None
    answer = await opened.post(path, data={"endpoint": "codec"}, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/admin/login?next=/admin"
    assert (house.read, house.endpoints.told) == ([], [])


async def test_neither_tokens_nor_the_appliance_itself_are_signed_in(
    opened: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = person("owner", person=None, session=None, token="t1")
    for caller in (token, LOOPBACK):
        monkeypatch.setattr(guard, "identified", lambda *_, caller=caller: caller)
        for path in PAGES:
            assert (await opened.get(path, allow_redirects=False)).status == 303
        answer = await opened.post("/admin/rooms/kestrel/read", allow_redirects=False)
        assert answer.status == 303
        page = await (await opened.get("/admin/login")).text()
        assert "Kestrel" not in page
    assert house.read == []


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example.com/",
        "//elsewhere.example.com",
        "/\\elsewhere.example.com",
        "/admin\\@elsewhere.example.com",
        "/administer",
        "/admin@elsewhere.example.com",
        "/admin/\nSet-Cookie: x",
        "javascript:alert(1)",
        "/display/kestrel",
        "/admin/../display/kestrel",
        "",
    ],
)
async def test_after_signing_in_nobody_is_sent_elsewhere(
    opened: Client, house: House, path: str
) -> None:
    house.person = None
    answer = await opened.get("/admin/login", params={"next": path})
    assert 'name="next" value="/admin"' in await answer.text()


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_page_of_ours_that_is_none(text: str) -> None:
    for path in (text, f"/admin{text}", f"/admin/{text}"):
        to = urlsplit(onward(path))
        assert (to.scheme, to.netloc) == ("", "")
        assert to.path == "/admin" or to.path.startswith("/admin/")


async def test_who_is_signed_in_goes_on_at_once(opened: Client) -> None:
    for wanted, to in (("/admin/rooms", "/admin/rooms"), ("/admin/login?next=x", "/admin")):
        answer = await opened.get("/admin/login", params={"next": wanted}, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, to)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("wrong=1", "Name or password is wrong"),
        ("locked=61", "Wait 2 minutes"),
        ("locked=1", "Wait 1 minute,"),
        ("locked=99999999999999999999", ""),
        ("locked=-1", ""),
        ("locked=%D9%A3", ""),
    ],
)
async def test_why_signing_in_failed_is_said(
    opened: Client, house: House, query: str, words: str
) -> None:
    house.person = None
    answer = await opened.get(f"/admin/login?{query}")
    assert answer.status == 200
    page = await answer.text()
    assert words in page
    assert ('role="alert"' in page) is bool(words)


async def test_the_welcome_page_takes_a_code_and_a_password(opened: Client, house: House) -> None:
    house.person = None
    page = await (await opened.get('/admin/welcome?code="><script>')).text()
    assert 'name="code" type="text" value="&#34;&gt;&lt;script&gt;"' in page
    assert 'autocomplete="new-password"' in page
    assert "already" in await (await opened.get("/admin/welcome?wrong=1")).text()
    assert "Wait 2 minutes" in await (await opened.get("/admin/welcome?locked=90")).text()
    assert "too common" in await (await opened.get("/admin/welcome?weak=1")).text()
    why = await (await opened.get("/admin/welcome?weak=password_too_short")).text()
    assert "This is too short: 12 characters at least." in why


async def test_every_page_is_framed_strictly_and_kept_by_nobody(
    opened: Client, house: House
) -> None:
    for path in (*PAGES, "/admin/rooms/nowhere", "/admin/nothing", "/admin/welcome"):
        answer = await opened.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not FRAMED.search(await answer.text()), path


async def test_problems_are_told_as_pages_with_their_status(opened: Client, house: House) -> None:
    for path, status in (("/admin/rooms/nowhere", 404), ("/admin/nothing/here", 404)):
        answer = await opened.get(path)
        assert (answer.status, answer.content_type) == (status, "text/html")
        assert 'href="/admin"' in await answer.text()
    answer = await opened.put("/admin/rooms")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    house.person = person("auditor", scopes=frozenset(["audit"]))
    answer = await opened.get("/admin")
    assert (answer.status, answer.content_type) == (403, "text/html")
    answer = await opened.get("/api/v1/rooms")
    assert (answer.status, answer.content_type) == (403, "application/problem+json")


async def test_a_fault_of_a_page_is_told_without_its_words(
    opened: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise ValueError("Harvest review")

    monkeypatch.setattr(house.admin.survey, "counted", fails)
    answer = await opened.get("/admin")
    assert (answer.status, answer.content_type) == (500, "text/html")
    assert "Harvest" not in await answer.text()


async def test_the_language_is_the_browsers_until_another_is_chosen(opened: Client) -> None:
    german = {"Accept-Language": "de-AT,en;q=0.5"}
    assert 'lang="de"' in await (await opened.get("/admin", headers=german)).text()
    unknown = {"Accept-Language": "xx, *;q=0.1"}
    assert '<html lang="en"' in await (await opened.get("/admin", headers=unknown)).text()
    chosen = await opened.get("/admin/rooms?lang=en&q=k", headers=german)
    assert '<html lang="en"' in await chosen.text()
    cookie = chosen.cookies["roombridge_lang"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin", True, "Lax")
    kept = german | {"Cookie": "roombridge_lang=en"}
    assert '<html lang="en"' in await (await opened.get("/admin", headers=kept)).text()
    odd = await opened.get("/admin?lang=../../x", headers=german)
    assert 'lang="de"' in await odd.text()
    assert "roombridge_lang" not in odd.cookies


async def test_who_scanned_a_displays_code_and_signed_in_comes_to_the_form(
    opened: Client, house: House
) -> None:
    path = "/admin/pair?code=AB%26CD"
    answer = await opened.get(path, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/displays?code=AB%26CD")
    house.person = None
    assert (await opened.get(path, allow_redirects=False)).status == 200
