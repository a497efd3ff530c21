"""One request on its way through the server: who asks, for whose mailbox, and in what words."""

import re
from collections.abc import Iterator
from zlib import crc32

from aiohttp import web
from lxml import etree

from connector.simulators.exchange import identifiers
from connector.simulators.exchange.faults import Fault
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.markup import MESSAGES, SOAP, TYPES, Xml, tag
from connector.simulators.exchange.notes import NOTES
from connector.simulators.exchange.organization import Exchange
from connector.simulators.exchange.people import User
from connector.simulators.exchange.refusal import Refused, envelope

EXCHANGE = web.AppKey("exchange", Exchange)
SPACES = {"s": SOAP, "m": MESSAGES, "t": TYPES}
CONTENT_TYPE = "text/xml; charset=utf-8"
"""Exactly so: a client compares the string."""
_VERSIONS = (
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
)
FOLDERS = {
    "root": "Root",
    "msgfolderroot": "Top of Information Store",
    "calendar": "Calendar",
    "inbox": "Inbox",
    "deleteditems": "Deleted Items",
    "sentitems": "Sent Items",
    "drafts": "Drafts",
    "tasks": "Tasks",
    "contacts": "Contacts",
    "notes": "Notes",
    "journal": "Journal",
    "outbox": "Outbox",
    "junkemail": "Junk Email",
}
"""Folders of a mailbox and how they are shown; only the calendar holds anything."""


class Folder:
    """A folder that somebody may use."""

    def __init__(self, mailbox: Mailbox, name: str, *, writable: bool, owned: bool) -> None:
        self.mailbox = mailbox
        self.name = name
        self.writable = writable
        self.owned = owned

    @property
    def id(self) -> Xml:
        """Its id."""
        return tag(
            "t:FolderId", Id=identifiers.folder(self.mailbox.id, self.name), ChangeKey="AQAAAA=="
        )

    @property
    def is_calendar(self) -> bool:
        """Whether it is the calendar."""
        return self.name == "calendar"


class Call:
    """A SOAP request and what is known of it."""

    def __init__(self, request: web.Request, user: User, root: etree._Element) -> None:
        self.request = request
        self.exchange = request.app[EXCHANGE]
        self.user = user
        self.root = root
        self.faults: list[Fault] = []
        body = root.find("s:Body", SPACES)
        asked = next(iter(body), None) if body is not None else None
        if asked is None or etree.QName(asked).namespace != MESSAGES:
            raise Refused("ErrorSchemaValidation", whole=True)
        self.body = asked
        self.operation = etree.QName(asked).localname
        self.version = self._version()
        notes = request[NOTES]
        notes.operation, notes.mailbox, notes.code = self.operation, self.mailbox_name, "NoError"

    def failed(self, code: str) -> None:
        """Note that a part of the answer is an error."""
        self.request[NOTES].code = code

    def headers(self) -> dict[str, str]:
        """The headers that every answer has."""
        return {
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "private",
            "request-id": self.request[NOTES].request_id,
            "X-FEServer": "SIM01",
            "X-CalculatedBETarget": self.backend_name,
        }

    def enveloped(self, body: Xml) -> bytes:
        """A whole SOAP message."""
        build = self.exchange.build
        header = tag(
            "t:ServerVersionInfo",
            MajorVersion=build.major,
            MinorVersion=build.minor,
            MajorBuildNumber=build.build,
            MinorBuildNumber=build.revision,
            Version=build.version,
        )
        return envelope(header, body)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self.exchange.sleep(seconds)

    def text(self, path: str, otherwise: str = "") -> str:
        """The text of an element of the request."""
        return self.body.findtext(path, otherwise, SPACES)

    def all(self, path: str) -> list[etree._Element]:
        """Elements of the request."""
        return self.body.findall(path, SPACES)

    def spoil(self, items: list[Xml]) -> list[Xml]:
        """The items of an answer, after the faults."""
        for fault in self.faults:
            items = fault.items(items, self)
        return items

    @property
    def impersonated(self) -> str:
        """Whom the account says it is."""
        for name in ("PrimarySmtpAddress", "SmtpAddress", "PrincipalName"):
            path = f"s:Header/t:ExchangeImpersonation/t:ConnectingSID/t:{name}"
            if found := self.root.findtext(path, "", SPACES):
                return found.strip()
        return ""

    @property
    def mailbox_name(self) -> str:
        """Whose mailbox is asked for, as far as the request says; lower case, for the journal."""
        named = self.body.findtext(
            ".//t:DistinguishedFolderId/t:Mailbox/t:EmailAddress", "", SPACES
        )
        own = self.user.mailbox.address if self.user.mailbox is not None else ""
        return (named or self.impersonated or self._mailbox_of_ids() or own).lower()

    def acting(self) -> Mailbox:
        """The mailbox as which the account acts: another's, or its own.

        Raises:
            Refused: it may not, or there is no such mailbox.
        """
        if not self.impersonated:
            if self.user.mailbox is None:
                raise Refused("ErrorNonExistentMailbox", "The account has no mailbox.")
            return self.user.mailbox
        if not self.user.acts_for(self.impersonated):
            raise Refused("ErrorImpersonateUserDenied", whole=True)
        try:
            return self.exchange.mailbox(self.impersonated)
        except KeyError:
            raise Refused("ErrorNonExistentMailbox", whole=True) from None

    @property
    def backend(self) -> int:
        """The mailbox server that answers: the one of the cookie, else that of the anchor."""
        asked = self.request.headers.get("X-PreferServerAffinity", "").lower() == "true"
        cookie = self.request.cookies.get("X-BackEndOverrideCookie", "")
        if asked and (found := re.match(r"sim(\d+)\.", cookie)):
            return int(found[1])
        anchor = self.request.headers.get("X-AnchorMailbox", "") or self.mailbox_name
        return 1 + crc32(anchor.lower().encode()) % self.exchange.backends

    @property
    def backend_name(self) -> str:
        """How that server is called."""
        return f"sim{self.backend:02}.example.com"

    def check_impersonation(self) -> None:
        """Refuse the request as a whole where the account may not act as it says."""
        if self.impersonated:
            self.acting()

    def folder(self, element: etree._Element) -> Folder:
        """The folder that an element names, by somebody who may read it.

        Raises:
            Refused: no such folder, no such mailbox, or no right to it.
        """
        if etree.QName(element).localname == "DistinguishedFolderId":
            return self._distinguished(element)
        place = identifiers.folder_place(element.get("Id", ""))
        try:
            mailbox = self.exchange.mailbox_by_id(place.mailbox)
        except KeyError:
            raise Refused("ErrorItemNotFound") from None
        return self._allowed(mailbox, place.folder, "ErrorAccessDenied")

    def folders(self, path: str) -> Iterator[etree._Element]:
        """Folders that the request names."""
        for parent in self.all(path):
            yield from parent

    def item_mailbox(self, item: str) -> Folder:
        """The calendar an item's id leads to, by somebody who may read it.

        Raises:
            Refused: no such id, or no right.
        """
        try:
            mailbox = self.exchange.mailbox_by_id(identifiers.mailbox_of(item))
        except KeyError:
            raise Refused("ErrorItemNotFound") from None
        return self._allowed(mailbox, "calendar", "ErrorAccessDenied")

    def _distinguished(self, element: etree._Element) -> Folder:
        name = element.get("Id", "")
        if name not in FOLDERS:
            raise Refused("ErrorFolderNotFound")
        address = element.findtext("t:Mailbox/t:EmailAddress", "", SPACES)
        if not address:
            return Folder(self.acting(), name, writable=True, owned=True)
        try:
            mailbox = self.exchange.mailbox(address)
        except KeyError:
            raise Refused("ErrorNonExistentMailbox") from None
        return self._allowed(mailbox, name, "ErrorItemNotFound")

    def _allowed(self, mailbox: Mailbox, name: str, otherwise: str) -> Folder:
        """A folder of a mailbox: all of the own, the calendar of one that is shared."""
        if self.impersonated:
            if self.acting() is mailbox:
                return Folder(mailbox, name, writable=True, owned=True)
            raise Refused(otherwise)
        if self.user.mailbox is mailbox:
            return Folder(mailbox, name, writable=True, owned=True)
        address = mailbox.address.lower()
        if address not in self.user.delegate_of | self.user.reviewer_of:
            raise Refused(otherwise)
        if name != "calendar":
            raise Refused("ErrorAccessDenied")
        return Folder(mailbox, name, writable=address in self.user.delegate_of, owned=False)

    def _version(self) -> str:
        """What the client wants to speak."""
        stated = self.root.find("s:Header/t:RequestServerVersion", SPACES)
        version = "Exchange2007" if stated is None else stated.get("Version", "")
        if version not in _VERSIONS:
            raise Refused("ErrorInvalidServerVersion", whole=True)
        return version

    def _mailbox_of_ids(self) -> str:
        """The mailbox that the first id in the request names."""
        for name, read in (
            ("FolderId", lambda text: identifiers.folder_place(text).mailbox),
            ("ItemId", identifiers.mailbox_of),
        ):
            element = self.body.find(f".//t:{name}", SPACES)
            if element is not None:
                try:
                    return self.exchange.mailbox_by_id(read(element.get("Id", ""))).address
                except (Refused, KeyError):
                    return ""
        return ""
