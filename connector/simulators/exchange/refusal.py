"""How Exchange says no: in one message of an answer, or as a SOAP fault for the whole of it.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode
"""

from collections.abc import Mapping

from connector.simulators.exchange.markup import ERRORS, MESSAGES, SOAP, TYPES, Xml, tag, together

WORDS: dict[str, str] = {
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorCalendarIsNotOrganizer": "You must be the organizer to perform this action.",
    "ErrorCalendarIsOrganizerForDecline": "The organizer cannot decline a meeting of their own.",
    "ErrorCalendarViewRangeTooBig": "The specified view range exceeds the maximum of two years.",
    "ErrorExceededConnectionCount": "You have exceeded the available concurrent connections.",
    "ErrorExceededFindCountLimit": "You have exceeded the count limit for Find requests.",
    "ErrorExceededSubscriptionCount": "You have exceeded the limit of subscriptions.",
    "ErrorFolderNotFound": "The specified folder could not be found in the store.",
    "ErrorImpersonateUserDenied": (
        "The account does not have permission to impersonate the requested user."
    ),
    "ErrorInternalServerError": "An internal server error occurred. The operation failed.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "ErrorInvalidOperation": "The operation is not valid in the current context.",
    "ErrorInvalidRequest": "The request is invalid.",
    "ErrorInvalidServerVersion": "The specified server version is invalid.",
    "ErrorInvalidSubscription": "The subscription is invalid.",
    "ErrorInvalidSyncStateData": "Synchronization state data is corrupt or otherwise invalid.",
    "ErrorInvalidWatermark": "The watermark is invalid.",
    "ErrorIrresolvableConflict": (
        "The send or update operation could not be performed because the change key passed in "
        "the request does not match the current change key for the item."
    ),
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorMailboxFailover": "The mailbox is being failed over to another server.",
    "ErrorMailboxMoveInProgress": "Mailbox move in progress. Try again later.",
    "ErrorMailboxStoreUnavailable": "The mailbox database is temporarily unavailable.",
    "ErrorMissedNotificationEvents": "Some notification events were missed.",
    "ErrorNameResolutionNoResults": "No results were found.",
    "ErrorNonExistentMailbox": "The SMTP address has no mailbox associated with it.",
    "ErrorProxyRequestNotAllowed": "The proxy request is not allowed.",
    "ErrorReadEventsFailed": "Failed to read events from the subscription.",
    "ErrorSchemaValidation": "The request failed schema validation.",
    "ErrorServerBusy": "The server cannot service this request right now. Try again later.",
    "ErrorSubscriptionNotFound": "The subscription was not found.",
}
"""What stands beside a code; the codes are the contract, the words are for people."""

_MESSAGE_XML = "http://schemas.microsoft.com/exchange/services/2006/types"


class Refused(Exception):
    """A request, or a part of one, that is answered with an error."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        whole: bool = False,
        values: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or WORDS.get(code, "The operation failed.")
        self.whole = whole
        """Whether the request as such is refused, with a SOAP fault."""
        self.values = dict(values or {})
        """What a program may read of it, such as `BackOffMilliseconds`."""

    def message_xml(self, prefix: str) -> tuple[Xml, ...]:
        """The part for programs."""
        if not self.values:
            return ()
        values = (tag("t:Value", text, Name=name) for name, text in self.values.items())
        return (tag(f"{prefix}:MessageXml", *values),)


def success(name: str, *content: Xml) -> Xml:
    """One message of an answer that went well."""
    return tag(f"m:{name}", tag("m:ResponseCode", "NoError"), *content, ResponseClass="Success")


def failure(name: str, refused: Refused, *content: Xml) -> Xml:
    """One message of an answer that did not."""
    return tag(
        f"m:{name}",
        tag("m:MessageText", refused.message),
        tag("m:ResponseCode", refused.code),
        tag("m:DescriptiveLinkKey", 0),
        *refused.message_xml("m"),
        *content,
        ResponseClass="Error",
    )


def soap_fault(refused: Refused) -> Xml:
    """The whole answer, where nothing of the request is done."""
    code = tag("faultcode", f"a:{refused.code}")
    reason = tag("faultstring", refused.message)
    detail = tag(
        "detail",
        tag("e:ResponseCode", refused.code),
        tag("e:Message", refused.message),
        *refused.message_xml("t"),
    )
    spaces = f'xmlns:a="{TYPES}"', f'xmlns:e="{ERRORS}"', f'xmlns:t="{_MESSAGE_XML}"'
    marked = code.replace("<faultcode", f"<faultcode {spaces[0]}", 1)
    told = reason.replace("<faultstring", '<faultstring xml:lang="en-US"', 1)
    detailed = detail.replace("<detail", f"<detail {spaces[1]} {spaces[2]}", 1)
    return tag("s:Fault", Xml(marked), Xml(told), Xml(detailed))


def envelope(header: Xml, body: Xml) -> bytes:
    """A whole SOAP message."""
    spaces = f'xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"'
    inside = together(tag("s:Header", header), tag("s:Body", body))
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {spaces}>{inside}</s:Envelope>'.encode()
    )
