"""A unit that asks for its calendar: what it posts to a management system, and when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypeAlias

from connector.simulators.cisco import management, markup, queries, slots
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.errands import Errand
from connector.simulators.cisco.management import BadReply, Reply
from connector.simulators.cisco.markup import Tree

Event: TypeAlias = Literal["Boot", "Register", "Beat"]

SERVICE = "http://www.tandberg.net/2004/11/SystemManagementService/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MODE = "Provisioning/Mode"
MANAGER = "Provisioning/ExternalManager"
TLS_VERIFY = "Provisioning/TlsVerify"
AGAIN = timedelta(seconds=60)
"""How long after a failure it asks again; no source says."""


class Puller:
    """One unit's conversation with its management system."""

    def __init__(self, codec: Codec, post: Callable[[Errand], None]) -> None:
        self._codec = codec
        self._post = post
        self._booted: datetime | None = None
        """The start that it has told of."""
        self._due: datetime | None = None
        """When to ask again; nothing while an answer is awaited."""
        self._documents: dict[tuple[str, str], bool] = {}
        """What it still owes, by location and address, and whether that is under way."""

    def tick(self, now: datetime) -> None:
        """Ask when it is time to."""
        codec = self._codec
        if not codec.pulls:
            self._booted = self._due = None
            return
        if self._booted != codec.booted:
            self._booted, self._due = codec.booted, None
            self._documents.clear()
            self._say("Boot")
            self._say("Register")
        elif self._due is not None and now >= self._due:
            self._due = None
            self._say("Beat")

    def _say(self, event: Event) -> None:
        self._post(
            Errand(
                url=_url(self._codec),
                body=_envelope(self._codec, event),
                headers={"SOAPAction": f'"{SERVICE}PostEvent"'},
                verify=self._verify(),
                done=self._answered,
                wanted=lambda: self._codec.pulls,
            )
        )

    def _verify(self) -> bool:
        settings = self._codec.configuration
        return TLS_VERIFY in settings and settings[TLS_VERIFY] == "On"

    def _answered(self, status: int, body: bytes) -> None:
        """Do what the answer says."""
        now = self._codec.now()
        self._due = now + AGAIN
        if status != 200:
            return
        try:
            reply = management.read(body)
        except BadReply:
            return
        self._due = now + timedelta(seconds=reply.interval)
        self._owe(reply)
        management.apply(self._codec, reply)

    def _owe(self, reply: Reply) -> None:
        """Post the documents that are asked for, and those that nobody took so far."""
        for wanted in reply.documents:
            self._documents.setdefault(wanted, False)
        for wanted, under_way in self._documents.items():
            if not under_way:
                self._send(*wanted)

    def _send(self, location: str, url: str) -> None:
        self._documents[location, url] = True
        self._post(
            Errand(
                url=url,
                body=_document(self._codec, location),
                verify=self._verify(),
                done=partial(self._posted, location, url),
                wanted=lambda: self._codec.pulls,
            )
        )

    def _posted(self, location: str, url: str, status: int, _body: bytes) -> None:
        """A document that was not taken with 200 is sent again with the next answer."""
        if status == 200:
            self._documents.pop((location, url), None)
        elif (location, url) in self._documents:
            self._documents[location, url] = False


def _url(codec: Codec) -> str:
    settings = codec.configuration
    scheme = settings[f"{MANAGER}/Protocol"].lower()
    path = settings[f"{MANAGER}/Path"].lstrip("/")
    return f"{scheme}://{settings[f'{MANAGER}/Address']}/{path}"


def _envelope(codec: Codec, event: Event) -> str:
    """What a unit says of itself, and why."""
    said = slots.identification(codec)
    said |= {"ProductType": "TANDBERG Codec", "HWBoard": "101401-5"}
    post: Tree = {"@xmlns": SERVICE, "Identification": said, "Event": event}
    return markup.document("soap:Envelope", {"@xmlns:soap": SOAP, "soap:Body": {"PostEvent": post}})


def _document(codec: Codec, location: str) -> str:
    """The part of a document at a location; an empty one where nothing is there."""
    steps = queries.steps(location.removesuffix(".xml")) or ("Status",)
    found = queries.branch(queries.select(management.everything(codec), steps))
    return slots.body(codec, found or {"Status": {}}, "XML")
