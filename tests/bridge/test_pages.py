"""How pages and what they consist of are served."""

import gzip
import json

import pytest

from bridge.views import files
from tests.bridge.conftest import Client

SCRIPT = "/static/display/live.js"


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("deflate, br", False),
        ("x-gzipped", False),
        ("", False),
    ],
)
def test_gzip_is_used_for_whoever_takes_it(accepted: str, taken: bool) -> None:
    assert files.accepts_gzip(accepted) is taken


async def test_each_encoding_has_a_tag_of_its_own_and_both_say_it_varies(client: Client) -> None:
    plain = await client.get(SCRIPT, headers={"Accept-Encoding": "identity"})
    zipped = await client.get(SCRIPT, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert await plain.read() == await zipped.read()
    assert int(zipped.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
    assert plain.headers["ETag"] != zipped.headers["ETag"]
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"
    for answer in (plain, zipped):
        encoding = answer.headers.get("Content-Encoding", "identity")
        known = {"If-None-Match": answer.headers["ETag"], "Accept-Encoding": encoding}
        again = await client.get(SCRIPT, headers=known)
        assert again.status == 304
        assert again.headers["ETag"] == answer.headers["ETag"]
        other = "identity" if encoding == "gzip" else "gzip"
        assert (await client.get(SCRIPT, headers=known | {"Accept-Encoding": other})).status == 200


async def test_a_page_names_everything_that_it_will_import(client: Client) -> None:
    text = await (await client.get("/display/kestrel")).text()
    for module in ("live", "clock", "kept", "stream", "release"):
        assert text.count(f'rel="modulepreload" href="/static/display/{module}.js"') == 1
    assert f'data-release="{files.release()}"' in text
    assert 'data-room="kestrel"' in text


@pytest.mark.parametrize(
    ("wanted", "accepted", "found"),
    [
        ("en", "xx-CH", "en"),
        ("auto", "en-GB,en;q=0.9", "en"),
        ("auto", "xx, en;q=0.5", "en"),
        ("auto", "../../x, *", "en"),
        ("auto", "", "en"),
    ],
)
def test_the_words_that_a_page_will_need_are_guessed(
    wanted: str, accepted: str, found: str
) -> None:
    assert files.language(wanted, accepted) == found


async def test_a_page_has_its_words_loaded_early(client: Client) -> None:
    text = await (await client.get("/display/kestrel", headers={"Accept-Language": "en"})).text()
    assert text.count('as="fetch" crossorigin href="/static/words/en.json"') == 1


async def test_a_page_tells_of_which_release_it_is(client: Client) -> None:
    answer = await client.get("/display/kestrel", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Display-Release"] == files.release()
    assert answer.headers["Vary"] == "Accept-Encoding, Accept-Language, Cookie"
    told = await client.get("/static/release.json")
    assert await told.json() == {"release": files.release()}


async def test_the_worker_knows_every_file_and_where_it_may_look(client: Client) -> None:
    answer = await client.get("/static/display/worker.js")
    assert answer.headers["Service-Worker-Allowed"] == "/display/"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; connect-src")
    head = dict(
        line.removeprefix("const ").rstrip(";").split(" = ", 1)
        for line in (await answer.text()).splitlines()[:3]
    )
    assert json.loads(head["RELEASE"]) == files.release()
    digests, shell = json.loads(head["FILES"]), json.loads(head["SHELL"])
    assert set(shell) <= digests.keys()
    assert SCRIPT in shell
    assert "/static/words/en.json" in digests.keys() - set(shell), "kept when it is asked for"
    assert not any(path.endswith((".html", "worker.js", "release.json")) for path in digests)
    for path, digest in digests.items():
        one = await client.get(path)
        assert digest in one.headers["ETag"], path


async def test_pages_stand_alone(client: Client) -> None:
    foreign = {"Host": "bridge.example.com"}
    for path, headers in (("/display/kestrel", {}), ("/display/kestrel", foreign)):
        answer = await client.get(path, headers=headers)
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert "frame-ancestors 'none'" in policy
        assert not any("unsafe" in one or "*" in one or "http" in one for one in policy)
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_an_agenda_tells_the_time(client: Client) -> None:
    answer = await client.get("/api/v1/rooms/kestrel/agenda")
    assert answer.headers["Bridge-Time"] == "2026-11-23T12:00:00.000Z"
    known = {"If-None-Match": answer.headers["ETag"]}
    again = await client.get("/api/v1/rooms/kestrel/agenda", headers=known)
    assert (again.status, again.headers["Bridge-Time"]) == (304, "2026-11-23T12:00:00.000Z")


def test_what_is_compressed_is_the_same_at_every_start() -> None:
    one = files.files()["display/live.js"]
    assert gzip.decompress(one.zipped) == one.body
    assert files.File.of(one.body, one.kind) == one
