"""What Exchange's errors mean here: its codes, and the answers that hold none.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode
"""

import re
from datetime import datetime

from multidict import CIMultiDict, CIMultiDictProxy

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.http import Answer, failure
from connector.sources.ews.channel import Response
from connector.sources.ews.soap import Fault

_BUSY = {
    "ErrorServerBusy",
    "ErrorExceededConnectionCount",
    "ErrorExceededSubscriptionCount",
    "ErrorTooManyObjectsOpened",
    "ErrorInsufficientResources",
}
_PASSING = {
    "ErrorMailboxMoveInProgress",
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxFailover",
    "ErrorInternalServerError",
    "ErrorInternalServerTransientError",
    "ErrorTimeoutExpired",
    "ErrorConnectionFailed",
    "ErrorBatchProcessingStopped",
    "ErrorADOperation",
    "ErrorADUnavailable",
    "ErrorNoRespondingCASInDestinationSite",
    "ErrorProxyRequestProcessingFailed",
    "ErrorProxiedSubscriptionCallFailure",
    "ErrorIrresolvableConflict",
}
_IMPERSONATION = {
    "ErrorImpersonateUserDenied",
    "ErrorImpersonationDenied",
    "ErrorImpersonationFailed",
}
_REFUSED = {"ErrorAccessDenied", "ErrorFolderNotFound", "ErrorItemNotFound"}
_NOBODY = {"ErrorNonExistentMailbox", "ErrorInvalidSmtpAddress"}
_ELSEWHERE = {"ErrorMailboxMoved", "ErrorNoDestinationCASDueToVersionMismatch"}
_OLD = {"ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion"}

_GRANT = (
    "give the account the role ApplicationImpersonation for the room mailboxes:"
    " `roombridge guide exchange` has the cmdlets"
)
_SHARE = (
    "Add-MailboxFolderPermission -Identity 'ROOM:\\Calendar' -User ACCOUNT -AccessRights Reviewer,"
    " or use impersonation"
)
_MAILBOXLESS = "the account has no mailbox: use impersonation: true, or give it one"
_BLANK = b"\xef\xbb\xbf \r\n\t"
_NAMELESS = "no mailbox has this address: compare `mailbox` with Get-Mailbox"
_MOVED = "the mailbox is in the cloud: give the room a source of kind graph"


def of(fault: Fault) -> ConnectorError:
    """The error that one of Exchange's codes stands for."""
    code = fault.code
    if code in _BUSY:
        return Unavailable(code, reason="throttled", retry_after=fault.back_off, everywhere=True)
    if code in _PASSING:
        return Unavailable(code, reason="service_error", retry_after=fault.back_off)
    if code in _IMPERSONATION | _REFUSED:
        fix = _GRANT if code in _IMPERSONATION else _SHARE
        return Denied(code, reason="access_denied", fix=fix)
    if code in _NOBODY:
        return NotFound(code, reason="not_found", fix=_NAMELESS)
    return elsewhere(code) if code in _ELSEWHERE else _odd(code)


def _odd(code: str) -> ConnectorError:
    if code == "ErrorAccountDisabled":
        return Denied(code, reason="credentials_refused", everywhere=True)
    if code == "ErrorMissingEmailAddress":
        return Denied(code, reason="access_denied", fix=_MAILBOXLESS, everywhere=True)
    old = code in _OLD
    fix = "Exchange Server 2013 SP1 or later is needed" if old else ""
    return Malformed(code, reason="request_refused", fix=fix, everywhere=old)


def elsewhere(code: str) -> NotFound:
    """The error for a mailbox that is not on this server."""
    return NotFound(code, reason="mailbox_elsewhere", fix=_MOVED)


def offers(response: Response) -> set[str]:
    """The ways of signing in that a 401 offers, in small letters (RFC 9110 §11.6.1)."""
    told = CIMultiDict(response.headers).get("WWW-Authenticate", "")
    return {one.lower() for one in re.findall(r"(?:^|,)\s*([A-Za-z]+)(?=\s*(?:,|$)|\s)", told)}


def is_soap(response: Response) -> bool:
    """Whether an answer is Exchange's own; else its status has to tell.

    Exchange sends its faults with HTTP 500, and some errors with 200.
    """
    kind = {name.lower(): value for name, value in response.headers.items()}.get("content-type", "")
    if response.status not in {200, 500} or "html" in kind.lower():
        return False
    return response.status == 200 or response.body.lstrip(_BLANK).startswith(b"<")


def bare(response: Response, now: datetime) -> ConnectorError:
    """The error of an answer without SOAP; 401 is told apart before."""
    headers = CIMultiDictProxy(CIMultiDict(response.headers))
    place = headers.get("Location", "").lower()
    if response.status in {301, 302} and "/ews/genericerrorpage.htm" in place:
        # Where IIS sends whom it cannot serve just now.
        return Unavailable("HTTP 302 to an error page", reason="service_error", everywhere=True)
    if response.status == 200:
        return Malformed("a web page came instead of SOAP", reason="not_soap", everywhere=True)
    if response.status in {404, 405, 410}:
        return Malformed(
            f"HTTP {response.status}: no Exchange Web Services at this address",
            reason="not_soap",
            fix="compare `url` with Get-WebServicesVirtualDirectory",
            everywhere=True,
        )
    error = failure(Answer(response.status, headers, b""), now)
    error.everywhere = True
    return error
