"""What the façade answers, piece by piece: bytes with Exchange's own prefixes (EP-29)."""

from datetime import UTC, datetime
from functools import lru_cache

MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CONTENT_TYPE = "text/xml; charset=utf-8"
"""Exactly so: some clients compare the string."""

_INSTANCES = (
    b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    b' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
)
_START = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<s:Envelope xmlns:s="' + SOAP.encode() + b'"><s:Header>'
    b'<h:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507"'
    b' MinorBuildNumber="39" Version="V2017_07_11" xmlns:h="' + TYPES.encode() + b'"'
    b' xmlns="' + TYPES.encode() + b'"' + _INSTANCES + b"/>"
    b"</s:Header><s:Body" + _INSTANCES + b">"
)
"""The version is Exchange Server 2016's last: old units know it, and new clients ask it little."""
_END = b"</s:Body></s:Envelope>"
_SOAP11 = b' xmlns:soap11="' + SOAP.encode() + b'"'
_STREAM_START = (
    b'<Envelope xmlns="' + SOAP.encode() + b'"><soap11:Header' + _SOAP11 + b">"
    b'<ServerVersionInfo xmlns="' + TYPES.encode() + b'" MajorVersion="15" MinorVersion="1"'
    b' MajorBuildNumber="2507" MinorBuildNumber="39" Version="V2017_07_11"/>'
    b"</soap11:Header><soap11:Body" + _SOAP11 + b">"
)
_STREAM_END = b"</soap11:Body></Envelope>"
_SPACES = f' xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">'.encode()

_UNFIT = {code: None for code in range(32) if code not in {9, 10, 13}} | {
    0xFFFE: None,
    0xFFFF: None,
    **dict.fromkeys(range(0xD800, 0xE000)),
}
"""Characters that XML 1.0 cannot hold."""
_ESCAPED = _UNFIT | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("\r"): "&#xD;",
}


class Fault(Exception):
    """The whole request is refused, with a SOAP fault."""

    def __init__(self, code: str, message: str, *, wait: int = 0, shape: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.shape = shape
        """Of a request that was not understood: names alone."""
        self.wait = wait
        """Milliseconds after which to ask again."""


class Refused(Exception):
    """One part of a request is refused, inside of an answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def text(words: str) -> bytes:
    """Words as they stand in an element or attribute."""
    if words.isalnum():
        return words.encode()
    return words.translate(_ESCAPED).encode()


def time(instant: datetime) -> bytes:
    """An instant as Exchange writes it: UTC, whole seconds, `Z`."""
    at = instant.astimezone(UTC)
    return b"%04d-%02d-%02dT%02d:%02d:%02dZ" % (
        at.year,
        at.month,
        at.day,
        at.hour,
        at.minute,
        at.second,
    )


def tag(name: str, *inside: bytes) -> bytes:
    """An element."""
    known = name.encode()
    if not inside:
        return b"<%b/>" % known
    return b"<%b>%b</%b>" % (known, b"".join(inside), known)


def element(name: str, words: str) -> bytes:
    """An element that holds words."""
    return tag(name, text(words))


def flag(value: bool) -> bytes:
    """A boolean."""
    return b"true" if value else b"false"


def message(kind: str, *inside: bytes) -> bytes:
    """A good answer to one part of a request."""
    head, tail = _framed(kind)
    return b"%b%b%b" % (head, b"".join(inside), tail)


@lru_cache(maxsize=64)
def _framed(kind: str) -> tuple[bytes, bytes]:
    name = kind.encode()
    return (
        b'<m:%bResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        % name,
        b"</m:%bResponseMessage>" % name,
    )


def refusal(kind: str, refused: Refused, *after: bytes) -> bytes:
    """An answer that says why there is none to one part of a request."""
    return (
        b'<m:%bResponseMessage ResponseClass="Error"><m:MessageText>%b</m:MessageText>'
        b"<m:ResponseCode>%b</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>%b"
        b"</m:%bResponseMessage>"
        % (
            kind.encode(),
            text(refused.message),
            refused.code.encode(),
            b"".join(after),
            kind.encode(),
        )
    )


def messages(operation: str, *parts: bytes) -> bytes:
    """The answer of an operation that answers in parts.

    Raises:
        Fault: nothing was asked for.
    """
    if not parts:
        raise Fault("ErrorSchemaValidation", "The request failed schema validation.")
    return envelope(operation, b"<m:ResponseMessages>", *parts, b"</m:ResponseMessages>")


def streamed(operation: str, part: bytes) -> bytes:
    """One part of an answer that goes on.

    Exchange has other prefixes there, and some clients look for the bare word `Envelope`.
    """
    root = operation.encode() + b"Response"
    inside = (b"<m:", root, _SPACES, b"<m:ResponseMessages>", part, b"</m:ResponseMessages></m:")
    return b"".join((_STREAM_START, *inside, root, b">", _STREAM_END))


def envelope(operation: str, *inside: bytes, result: bytes = b"") -> bytes:
    """A whole answer; its root is named after the operation, and may tell the result itself."""
    root = operation.encode() + b"Response"
    return b"".join((_START, b"<m:", root, result, _SPACES, *inside, b"</m:", root, b">", _END))


def fault(code: str, words: str, wait: int = 0) -> bytes:
    """A SOAP fault as Exchange sends it, with status 500."""
    name, said = code.encode(), text(words)
    hint = (
        b'<t:MessageXml xmlns:t="%b"><t:Value Name="BackOffMilliseconds">%d</t:Value>'
        b"</t:MessageXml>" % (TYPES.encode(), wait)
        if wait
        else b""
    )
    return (
        b'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="%b"><s:Body><s:Fault>'
        b'<faultcode xmlns:a="%b">a:%b</faultcode><faultstring xml:lang="en-US">%b</faultstring>'
        b'<detail><e:ResponseCode xmlns:e="%b">%b</e:ResponseCode>'
        b'<e:Message xmlns:e="%b">%b</e:Message>%b</detail></s:Fault></s:Body></s:Envelope>'
        % (
            SOAP.encode(),
            TYPES.encode(),
            name,
            said,
            ERRORS.encode(),
            name,
            ERRORS.encode(),
            said,
            hint,
        )
    )
