"""A CalDAV server of one calendar, as RFC 4791 and RFC 6578 describe it; and its bad days."""

import base64
import hashlib
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from tests.fakes.almanac import Almanac

D = "{DAV:}"


def basic(name: str, password: str) -> str:
    """A login as a request carries it."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


LOGIN = basic("bridge", "right")
SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
CALENDAR = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"


class Dav(Almanac):
    """Kestrel's calendar, what was written into it, and what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, bytes] = {}
        self.asked: list[str] = []
        """Methods, and of reports their names."""
        self.syncs = True
        """Whether changes are told."""
        self.refused_token = 403
        self.partly = 0
        """How many changes one answer tells; 0 for all."""
        self.left_out: set[str] = set()
        """Objects that a multiget says nothing of."""
        self.answers: list[web.Response] = []
        """What is answered instead, one after the other."""
        self.read_only = False
        self.displayname = "Kestrel"
        self._tokens: dict[str, dict[str, str]] = {}

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def objects(self) -> dict[str, bytes]:
        """Every object by its name."""
        return {f"{uid}.ics": self.object(uid) for uid in self.entries} | self.written

    def application(self) -> web.Application:
        """The server."""
        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", "/{path:.*}", self.serve)
        return application

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        root = etree.fromstring(body) if request.method in {"PROPFIND", "REPORT"} else None
        name = request.method if root is None else str(root.tag).rpartition("}")[2]
        self.asked.append(name)
        if self.answers:
            return self.answers.pop(0)
        if request.headers.get("Authorization") != LOGIN:
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        if request.method == "PROPFIND":
            return self._propfind(request)
        home = f"/calendars/{self.mailbox}/"
        if not request.path.startswith(home):
            # Without its collection nothing is created (RFC 4918 §9.7.1).
            return web.Response(status=409 if request.method == "PUT" else 404)
        if root is not None:
            return self._report(home, name, root)
        return self._object(request, request.path.removeprefix(home), body)

    def _propfind(self, request: web.Request) -> web.Response:
        home = f"/calendars/{self.mailbox}/"
        token = f"<D:sync-token>{self._token()}</D:sync-token>" if self.syncs else ""
        told = {
            "/": prop("<D:current-user-principal><D:href>/me/</D:href></D:current-user-principal>"),
            "/me/": prop("<C:calendar-home-set><D:href>/calendars/</D:href></C:calendar-home-set>"),
            "/calendars/": prop("<D:resourcetype><D:collection/></D:resourcetype>"),
            home: prop(f"{CALENDAR}<D:displayname>{self.displayname}</D:displayname>{token}"),
        }
        if request.path not in told or (self.mailbox is None and request.path == home):
            return web.Response(status=404)
        shown = [request.path]
        if request.headers.get("Depth") == "1" and request.path == "/calendars/" and self.mailbox:
            shown.append(home)
        return multistatus(*(response(path, told[path]) for path in shown))

    def _token(self) -> str:
        """A token for what there is now."""
        now = {name: etag(text) for name, text in self.objects().items()}
        told = f"urn:token:{hashlib.sha256(repr(sorted(now.items())).encode()).hexdigest()[:16]}"
        self._tokens[told] = now
        return told

    def _report(self, home: str, name: str, root: Any) -> web.Response:
        if name == "sync-collection":
            return self._changes(home, root.findtext(f"{D}sync-token") or "")
        objects = self.objects()
        if name == "calendar-query":
            names = list(objects)
        else:
            hrefs = [href.text.removeprefix(home) for href in root.iter(f"{D}href")]
            names = [href for href in hrefs if href not in self.left_out]
        data = root.find(".//{urn:ietf:params:xml:ns:caldav}calendar-data") is not None
        return multistatus(*(one(home, name, objects.get(name), data=data) for name in names))

    def _changes(self, home: str, token: str) -> web.Response:
        if not self.syncs:
            return web.Response(status=415)
        if token not in self._tokens:
            error = f"<D:error {SPACES}><D:valid-sync-token/></D:error>"
            return web.Response(status=self.refused_token, text=error, content_type="text/xml")
        then, objects = self._tokens[token], self.objects()
        now = {name: etag(text) for name, text in objects.items()}
        changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
        told, rest = (
            (changed, [])
            if not self.partly
            else (
                changed[: self.partly],
                changed[self.partly :],
            )
        )
        next_token = self._token()
        responses = [one(home, name, objects.get(name), data=False) for name in told]
        if rest:
            next_token = f"{token}+"
            self._tokens[next_token] = {
                **{name: tag for name, tag in then.items() if name not in told},
                **{name: now[name] for name in told if name in now},
            }
            status = "<D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
            responses.append(response(home, status))
        return multistatus(*responses, token=next_token)

    def _object(self, request: web.Request, name: str, body: bytes) -> web.Response:
        there = self.objects().get(name)
        if refused := self._refused(request, there):
            return web.Response(status=refused)
        if request.method == "PUT":
            self.entries.pop(name.removesuffix(".ics"), None)
            self.written[name] = body
            return web.Response(status=204 if there else 201, headers={"ETag": etag(body)})
        if there is None:
            return web.Response(status=404)
        if request.method == "DELETE":
            self.entries.pop(name.removesuffix(".ics"), None)
            self.written.pop(name, None)
            # 204 is usual; Radicale answers with a document.
            return web.Response(status=200, text="<multistatus/>", content_type="text/xml")
        return web.Response(body=there, content_type="text/calendar", headers={"ETag": etag(there)})

    def _refused(self, request: web.Request, there: bytes | None) -> int:
        """Why an object is left as it is (RFC 9110 §13.1), or 0."""
        if request.method != "GET" and self.read_only:
            return 403
        if request.headers.get("If-None-Match") == "*" and there is not None:
            return 412
        wanted = request.headers.get("If-Match")
        if wanted is not None and (there is None or wanted != etag(there)):
            return 412
        return 0


def etag(text: bytes) -> str:
    return f'"{hashlib.sha256(text).hexdigest()[:16]}"'


def prop(inner: str) -> str:
    status = "<D:status>HTTP/1.1 200 OK</D:status>"
    return f"<D:propstat><D:prop>{inner}</D:prop>{status}</D:propstat>"


def response(href: str, inner: str) -> str:
    return f"<D:response><D:href>{escape(href)}</D:href>{inner}</D:response>"


def one(home: str, name: str, text: bytes | None, *, data: bool) -> str:
    """What is told of an object."""
    if text is None:
        return response(home + name, "<D:status>HTTP/1.1 404 Not Found</D:status>")
    content = escape(text.decode()) if data else ""
    inner = f"<C:calendar-data>{content}</C:calendar-data>" if data else ""
    return response(home + name, prop(f"<D:getetag>{etag(text)}</D:getetag>{inner}"))


def multistatus(*responses: str, token: str = "") -> web.Response:
    told = f"<D:sync-token>{token}</D:sync-token>" if token else ""
    text = f"<D:multistatus {SPACES}>{''.join(responses)}{told}</D:multistatus>"
    return web.Response(
        status=207, body=text.encode(), content_type="application/xml", charset="utf-8"
    )
