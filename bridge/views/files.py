"""What pages consist of: our own files, read and compressed once, before the loop runs."""

import gzip
import hashlib
import html
import json
import posixpath
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import hdrs, web

from bridge.views.house import COMMON

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
WORKER = "display/worker.js"
"""The service worker: it stands apart from the page, but may look after it."""
SPEECH = "display/words.js"
"""Loads the words of a language: a page with it needs a catalogue."""
RELEASE = "release.json"
"""Names the whole of the files, so that a page can tell that it is an older one."""

OURS_ONLY = COMMON | {"Cross-Origin-Resource-Policy": "same-origin"}
"""Headers of whatever a page consists of: nobody else's page may embed it."""
_FILE = OURS_ONLY | {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
_ELSEWHERE = ("words/", "pair/", "board/", "admin/")
"""Not of the display's page, or only one of many: kept by the worker when it is asked for."""
_IMPORT = re.compile(r'^(?:import|export)\b(?:[^;"]*\bfrom)?\s*"(\.{0,2}/[^"]+\.js)"', re.MULTILINE)
_WORDS = re.compile(r"\{(\w+)\.(\w+)\}")
_SCRIPT = re.compile(r'<script type="module" src="/static/([^"]+)">')


class File(NamedTuple):
    """A file that everybody may have."""

    body: bytes
    zipped: bytes
    digest: str
    kind: str

    @classmethod
    def of(cls, body: bytes, kind: str) -> "File":
        """A file of these bytes; text shrinks to about a third."""
        digest = hashlib.blake2b(body, digest_size=12).hexdigest()
        return cls(body=body, zipped=gzip.compress(body, 9, mtime=0), digest=digest, kind=kind)


@cache
def files() -> dict[str, File]:
    """Our static files by their path. Called before the loop runs: it reads them."""
    found = {
        path.relative_to(STATIC).as_posix(): File.of(path.read_bytes(), KINDS[path.suffix])
        for path in sorted(STATIC.rglob("*.*"))
    }
    named = "".join(f"{path} {file.digest}\n" for path, file in found.items())
    release = hashlib.blake2b(named.encode(), digest_size=12).hexdigest()
    found[RELEASE] = File.of(json.dumps({"release": release}).encode(), KINDS[".json"])
    if WORKER in found:
        head = _head_of_worker(found, release).encode()
        found[WORKER] = File.of(head + found[WORKER].body, KINDS[".js"])
    return found


def release() -> str:
    """Which files these are: differs as soon as one of them does."""
    return str(json.loads(files()[RELEASE].body)["release"])


def _head_of_worker(found: dict[str, File], release: str) -> str:
    """What the worker is told: every file's digest, and which it keeps from the beginning.

    It changes whenever a file does, which is how browsers notice that there is a new worker.
    """
    digests = {
        f"/static/{path}": file.digest
        for path, file in found.items()
        if path not in {WORKER, RELEASE} and file.kind != KINDS[".html"]
    }
    shell = [path for path in digests if not path.removeprefix("/static/").startswith(_ELSEWHERE)]
    told = {"RELEASE": release, "FILES": digests, "SHELL": shell}
    return "".join(f"const {name} = {json.dumps(value)};\n" for name, value in told.items())


def sent(file: File, request: web.Request) -> web.Response:
    """A file as this caller takes it, or that it has not changed.

    Each encoding has an entity tag of its own (RFC 9110 §8.8.3.3).
    """
    zipped = accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
    etag = f'"{file.digest}-gzip"' if zipped else f'"{file.digest}"'
    headers = _FILE | {"Content-Type": file.kind, "ETag": etag}
    if etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.zipped if zipped else file.body, headers=headers)


def accepts_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not to refuse it (RFC 9110 §12.5.3)."""
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


@lru_cache(maxsize=4096)
def page(name: str, *, lang: str, **values: str) -> File:
    """A page with its values filled in, and everything that it will import named in its head.

    Without that a browser learns of each module only from the one that imports it, one round trip
    after the other; and of the words of its language only once all of that runs. What stands in it
    as `{section.key}` is said before that, or where no script runs, in the language `lang`.
    """
    text = _said(files()[name].body.decode(), lang)
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    text = text.replace("<html ", f'<html data-release="{release()}" ', 1)
    modules = _modules(text)
    links = "".join(f'<link rel="modulepreload" href="/static/{path}">\n' for path in modules)
    if SPEECH in modules:
        links += f'<link rel="preload" as="fetch" crossorigin href="/static/words/{lang}.json">\n'
    before = text.find('<script type="module"')
    if before >= 0:
        text = text[:before] + links + text[before:]
    return File.of(text.encode(), KINDS[".html"])


def _said(text: str, lang: str) -> str:
    """A page whose own words are those of a catalogue."""
    words = json.loads(files()[f"words/{lang}.json"].body)
    direction = words["about"]["direction"]
    text = text.replace('<html lang="en"', f'<html lang="{lang}" dir="{direction}"', 1)
    return _WORDS.sub(lambda found: html.escape(words[found[1]][found[2]]), text)


def language(wanted: str, accepted: str) -> str:
    """The language that a display will most likely speak: the room's, or the browser's first.

    Only a guess, for what is said or worth loading early; the display itself decides.
    """
    for tag in (wanted, *(one.partition(";")[0] for one in accepted.split(","))):
        lang = tag.strip().lower().partition("-")[0]
        if lang.isalpha() and f"words/{lang}.json" in files():
            return lang
    return "en"


def _modules(text: str) -> list[str]:
    """The modules that a page's scripts import, and those import, and so on."""
    found: list[str] = _SCRIPT.findall(text)
    own = set(found)
    for path in found:  # grows while it is walked
        if path in files():
            for name in _IMPORT.findall(files()[path].body.decode()):
                one = _beside(path, name)
                if one not in found:
                    found.append(one)
    return [path for path in found if path not in own]


def _beside(path: str, name: str) -> str:
    """The path of a module that another one names."""
    whole = posixpath.join("/static", posixpath.dirname(path), name)
    return posixpath.normpath(whole).removeprefix("/static/")
