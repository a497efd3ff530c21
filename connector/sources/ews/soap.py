"""SOAP envelopes of Exchange Web Services: written, and read without trusting them.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/ews-xml-elements-in-exchange
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from lxml import etree

from connector.errors import Malformed
from connector.http import RETRY_AFTER_LIMIT

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
S, M, T, E = (f"{{{space}}}" for space in (SOAP, MESSAGES, TYPES, ERRORS))
_NAMES = {"s": SOAP, "m": MESSAGES, "t": TYPES}

VERSION = "Exchange2013_SP1"
"""The schema that is spoken: Exchange Server 2013 SP1 and all later ones know it."""

TEXT_LIMIT = 10_000_000
"""Bytes of one text that libxml2 takes."""
_HEAD = 4096
_FORBIDDEN = re.compile(rb"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,10});|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CHARACTERS = range(0x20, 0x110000)
_SURROGATES = {*range(0xD800, 0xE000), 0xFFFE, 0xFFFF}

Element = etree._Element  # noqa: SLF001 - lxml has no public name for it


class Fault(Exception):
    """Exchange's own error: its code, and the silence that it asks for."""

    def __init__(
        self, code: str, back_off: timedelta | None = None, *, whole: bool = False
    ) -> None:
        super().__init__(code)
        self.code = code
        self.back_off = back_off
        self.whole = whole
        """Whether the request failed rather than one of the things in it."""


class Message(NamedTuple):
    """One response message: what it is about, and its fault where it has one."""

    content: Element
    fault: Fault | None


def element(name: str, *below: "Element | str", **attributes: str) -> Element:
    """An element by its prefixed name, `m:FindItem`, with what is in it."""
    prefix, _, local = name.partition(":")
    made = etree.Element(f"{{{_NAMES[prefix]}}}{local}", attributes, nsmap=_NAMES)
    for one in below:
        if isinstance(one, str):
            made.text = one
        else:
            made.append(one)
    return made


def envelope(operation: Element, *, impersonated: str = "") -> bytes:
    """A whole request. Without a time zone in it, every time of the answer is UTC."""
    header = element("s:Header", element("t:RequestServerVersion", Version=VERSION))
    if impersonated:
        sid = element("t:ConnectingSID", element("t:PrimarySmtpAddress", impersonated))
        header.append(element("t:ExchangeImpersonation", sid))
    whole = element("s:Envelope", header, element("s:Body", operation))
    return etree.tostring(whole, xml_declaration=True, encoding="utf-8")


def parse(body: bytes) -> Element:
    """The root of an XML document that declares nothing and is not endless.

    What people paste into a subject comes through as it is: characters that XML does not allow,
    mostly written as `&#x1F;`. They are taken out where they are in the way.

    Raises:
        Malformed: it is not XML, is cut off, too large, or declares entities.
    """
    try:
        root = _tree(body)
    except (etree.XMLSyntaxError, ValueError) as error:
        if len(body) >= TEXT_LIMIT:
            raise Malformed("a text in the answer is too large", reason="too_large") from error
        try:
            root = _tree(_FORBIDDEN.sub(_without, body))
        except (etree.XMLSyntaxError, ValueError):
            raise Malformed("the answer is not whole XML", reason="not_soap") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("the answer declares entities; refused", reason="not_soap")
    return root


def _tree(body: bytes) -> Element:
    if b"<!DOCTYPE" in body[:_HEAD]:
        raise Malformed("the answer declares entities; refused", reason="not_soap")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(body, parser)


def _without(found: "re.Match[bytes]") -> bytes:
    """A reference to a character that XML allows, or nothing."""
    digits = found[1]
    if not digits:
        return b""
    number = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    allowed = number in {9, 10, 13} or number in _CHARACTERS
    return found[0] if allowed and number not in _SURROGATES else b""


def messages(root: Element) -> list[Message]:
    """The response messages of an answer.

    Raises:
        Fault: Exchange refuses the request as a whole.
        Malformed: this is no answer of Exchange.
    """
    body = root.find(f"{S}Body")
    if root.tag != f"{S}Envelope" or body is None or not len(body):
        raise Malformed("the answer is no SOAP envelope", reason="not_soap")
    answer = body[0]
    if answer.tag == f"{S}Fault":
        raise _refusal(answer)
    listed = answer.find(f"{M}ResponseMessages")
    found = [answer] if listed is None else list(listed)
    if not found or any(one.get("ResponseClass") is None for one in found):
        raise Malformed("the answer holds no response message", reason="not_soap")
    return [Message(one, _fault(one)) for one in found]


def _refusal(fault: Element) -> Exception:
    """The error of a SOAP fault, which has its code in the detail, else in faultcode."""
    detail = fault.find("detail")
    if detail is not None:
        code = (detail.findtext(f"{E}ResponseCode") or "").strip()
        if code:
            return Fault(_plain(code), _back_off(detail), whole=True)
    code = (fault.findtext("faultcode") or "").rpartition(":")[2].strip()
    return Fault(_plain(code) or "Fault", whole=True)


def _fault(message: Element) -> Fault | None:
    """What is wrong in a response message; an inner code tells more than the outer one."""
    code = (message.findtext(f"{M}ResponseCode") or "").strip()
    if message.get("ResponseClass") == "Success" and code in {"NoError", ""}:
        return None
    for value in message.iterfind(f"{M}MessageXml/{T}Value[@Name='InnerErrorResponseCode']"):
        code = (value.text or code).strip()
    return Fault(_plain(code) or "Error", _back_off(message))


def _back_off(part: Element) -> timedelta | None:
    """`BackOffMilliseconds`, in whichever namespace its frame is; capped."""
    for value in part.iter(f"{T}Value"):
        text = (value.text or "").strip()
        if value.get("Name") == "BackOffMilliseconds" and text.isascii() and text.isdigit():
            return min(timedelta(milliseconds=int(text[:12])), RETRY_AFTER_LIMIT)
    return None


def _plain(code: str) -> str:
    """A code fit for a log: nothing but letters and digits."""
    return code[:80] if code.isascii() and code.isalnum() else ""


def only(found: Sequence[Message]) -> Element:
    """What the one message of an answer holds.

    Raises:
        Fault: it did not go well.
        Malformed: there are several.
    """
    told = list(contents(found))
    if len(told) != 1:
        raise Malformed("more was answered than asked", reason="wrong_shape")
    return told[0]


def contents(found: Sequence[Message]) -> Iterator[Element]:
    """What messages hold where all of them went well.

    Raises:
        Fault: one of them did not.
    """
    for message in found:
        if message.fault is not None:
            raise message.fault
        yield message.content
