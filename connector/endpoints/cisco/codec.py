"""One codec over HTTP: which way in it offers, and telling it its bookings."""

import logging
import re
from typing import Literal

import aiohttp
from lxml import etree
from yarl import URL

from connector.endpoints.cisco import bookings
from connector.errors import Denied, Malformed, Unavailable
from connector.http import Answer, ask, failure
from connector.outside import Outside
from connector.secret import Secret
from rooms.model import Agenda

log = logging.getLogger(__name__)

SECONDS = 25.0
"""For one request: codecs that wake up have been seen to take twenty."""
LIMIT = 1 << 20
"""Bytes of an answer."""

Way = Literal["put", "private"]
_OTHER: dict[Way, Way] = {"put": "private", "private": "put"}


class _NotOffered(Exception):
    """The codec has no such way in."""


class Codec:
    """A Cisco room system that is told its bookings, list by list."""

    def __init__(
        self,
        outside: Outside,
        url: URL,
        *,
        username: str,
        password: Secret,
        protocols: tuple[str, ...],
        call_rate: int,
    ) -> None:
        self._outside = outside
        self._url = url
        self._login = {"Authorization": aiohttp.encode_basic_auth(username, password.reveal())}
        self._protocols = protocols
        self._call_rate = call_rate
        self._way: Way | None = None
        self._version: tuple[int, ...] = ()

    async def show(self, agenda: Agenda) -> None:
        """Make the codec's list exactly these bookings.

        The way that failed for want of support is left for the other one, once, and remembered.
        """
        if self._way is None:
            self._way = await self._choose()
        try:
            await self._push(self._way, agenda)
        except _NotOffered:
            other = _OTHER[self._way]
            try:
                await self._push(other, agenda)
            except _NotOffered as error:
                raise Malformed(
                    "the codec takes bookings neither by Bookings Put nor by bookingsputxml",
                    reason="unsupported",
                    fix="check the software version, and that the codec is not in Microsoft Teams"
                    " or Zoom Rooms mode",
                ) from error
            self._way = other
        except Unavailable:
            self._way = None  # it may come back with other software
            raise

    async def attempt(self) -> None:
        """Reach the codec and sign in, once, by reading which software it has."""
        answer = await self._ask(
            "GET", (self._url / "getxml").with_query(location="/Status/SystemUnit/Software")
        )
        if answer.status not in {200, 404}:  # what has no such page may take bookings all the same
            raise failure(answer, self._outside.clock.now())

    async def _choose(self) -> Way:
        """Bookings Put from RoomOS 11.14, and from 9.14 where Webex knows the codec (EP-10)."""
        self._version = version_of(await self._status("/Status/SystemUnit/Software"))
        if self._version >= (11, 14):
            return "put"
        if self._version >= (9, 14) and await self._registered():
            return "put"
        return "private"

    async def _registered(self) -> bool:
        """Whether the codec belongs to Webex, by itself or linked to Webex Edge."""
        webex = await self._status("/Status/Webex/Status")
        return (
            webex is not None
            and "registered" in " ".join(map(str, webex.itertext())).lower().split()
        )

    async def _status(self, location: str) -> etree._Element | None:
        """A part of the codec's status, or None where it does not tell."""
        answer = await self._ask("GET", (self._url / "getxml").with_query(location=location))
        return xml(answer.body) if answer.status == 200 else None

    async def _push(self, way: Way, agenda: Agenda) -> None:
        shown = bookings.shown(agenda, self._protocols)
        if way == "private":
            body = bookings.private_xml(shown, agenda.buffers, self._call_rate)
            await self._post("bookingsputxml", body, "text/plain")
        elif shown:
            payload = bookings.put_json(shown, agenda.buffers, self._version)
            answer = await self._post("putxml", bookings.put_command(payload), "text/xml")
            _check_result(answer)
        else:
            _check_result(await self._post("putxml", bookings.clear_command(), "text/xml"))

    async def _post(self, path: str, body: bytes, kind: str) -> Answer:
        answer = await self._ask(
            "POST", self._url / path, data=body, headers={"Content-Type": f"{kind}; charset=utf-8"}
        )
        if answer.status in {404, 405}:
            raise _NotOffered
        if answer.status != 200:
            raise failure(answer, self._outside.clock.now())
        return answer

    async def _ask(
        self,
        method: str,
        url: URL,
        *,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request with the login, and an end to it where the codec says that it is wrong.

        Not being logged in has three forms: 401, a redirect to the sign-in page, and that page
        with status 200 (EP-15).
        """
        answer = await ask(
            self._outside.http,
            method,
            url,
            seconds=SECONDS,
            limit=LIMIT,
            tls=self._outside.tls if url.scheme == "https" else True,
            data=data,
            headers={**self._login, **(headers or {})},
        )
        signin = "signin" in answer.headers.get("Location", "")
        if answer.status == 401 or signin or (answer.status == 200 and _is_page(answer.body)):
            raise Denied(
                "the codec refuses user name or password",
                reason="credentials_refused",
                fix="set the password of a local Admin user; the bridge does not try again before"
                " its configuration changes, so that the user is not locked out",
            )
        return answer


def version_of(status: etree._Element | None) -> tuple[int, ...]:
    """The software version in a status answer: `ce9.15.17.4`, `RoomOS 11.27.2.0`, `TC7.3.9`.

    Empty where none can be found, which is older than all.
    """
    if status is None:
        return ()
    texts = [node.text or "" for node in status.iter("{*}Version", "Version")]
    for text in [*texts, status.get("version", "")]:
        if match := re.search(r"(\d+(?:\.\d+)+)", text):
            return tuple(int(part) for part in match[1].split(".") if part)
    return ()


def xml(body: bytes) -> etree._Element:
    """A codec's XML: control characters are dropped, documents with a DOCTYPE refused (EP-17).

    Raises:
        Malformed: this is no XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", body), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed("the codec's answer is no XML", reason="not_xml") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("the codec's answer has a DOCTYPE", reason="not_xml")
    return root


def _check_result(answer: Answer) -> None:
    """HTTP 200 is no success on `/putxml`: the result's status is, and nothing is a refusal."""
    results = [node for node in xml(answer.body).iter() if str(node.tag).endswith("Result")]
    if not any(node.get("status") == "OK" for node in results):
        raise _NotOffered


def _is_page(body: bytes) -> bool:
    start = body[:512].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))
