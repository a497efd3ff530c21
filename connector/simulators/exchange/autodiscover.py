"""Autodiscover in as few words as clients need: where EWS is, and which mailboxes go together.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/getusersettings-operation-soap,
https://learn.microsoft.com/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange
"""

from html import escape

from aiohttp import web
from lxml import etree

from connector.simulators.exchange.authentication import admit
from connector.simulators.exchange.call import CONTENT_TYPE, EXCHANGE
from connector.simulators.exchange.markup import SOAP, Xml, tag, together

SOAP_PATH = "/autodiscover/autodiscover.svc"
POX_PATH = "/autodiscover/autodiscover.xml"
EWS_PATH = "/EWS/Exchange.asmx"
_NAMESPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_POX = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_POX_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


async def soap(request: web.Request) -> web.StreamResponse:
    """GetUserSettings."""
    who = admit(request)
    if isinstance(who, web.Response):
        return who
    root = _parsed(await request.read())
    if root is None:
        return web.Response(status=400)
    users = [element.text or "" for element in root.iter(f"{{{_NAMESPACE}}}Mailbox")]
    settings = [element.text or "" for element in root.iter(f"{{{_NAMESPACE}}}Setting")]
    answers = [_user(request, user.strip(), settings) for user in users]
    response = tag(
        "a:Response",
        tag("a:ErrorCode", "NoError"),
        tag("a:ErrorMessage"),
        tag("a:UserResponses", *answers),
    )
    body = tag("s:Body", tag("a:GetUserSettingsResponseMessage", response))
    spaces = f'xmlns:s="{SOAP}" xmlns:a="{_NAMESPACE}" xmlns:i="{_INSTANCE}"'
    text = f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {spaces}>{body}</s:Envelope>'
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


async def pox(request: web.Request) -> web.StreamResponse:
    """The older form, in plain XML."""
    who = admit(request)
    if isinstance(who, web.Response):
        return who
    root = _parsed(await request.read())
    found = None if root is None else root.find(".//{*}EMailAddress")
    address = "" if found is None else (found.text or "").strip()
    try:
        mailbox = request.app[EXCHANGE].mailbox(address)
    except KeyError:
        inside = tag(
            "Response",
            tag(
                "Error",
                tag("ErrorCode", 500),
                tag("Message", "The email address can't be found."),
            ),
        )
    else:
        protocol = tag("Protocol", tag("Type", "EXPR"), tag("EwsUrl", _ews_url(request)))
        account = tag("Account", tag("AccountType", "email"), tag("Action", "settings"), protocol)
        user = tag(
            "User",
            tag("DisplayName", mailbox.name),
            tag("AutoDiscoverSMTPAddress", mailbox.address),
        )
        inside = tag("Response", together(user, account), xmlns=_POX_OUTLOOK)
    body = tag("Autodiscover", inside, xmlns=_POX)
    return web.Response(
        body=f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode(),
        headers={"Content-Type": CONTENT_TYPE},
    )


def _user(request: web.Request, address: str, settings: list[str]) -> Xml:
    """What there is to know of one mailbox."""
    try:
        mailbox = request.app[EXCHANGE].mailbox(address)
    except KeyError:
        return tag(
            "a:UserResponse",
            tag("a:ErrorCode", "InvalidUser"),
            tag("a:ErrorMessage", "Invalid user."),
            tag("a:RedirectTarget"),
            tag("a:UserSettingErrors"),
            tag("a:UserSettings"),
        )
    known = {
        "ExternalEwsUrl": _ews_url(request),
        "InternalEwsUrl": _ews_url(request),
        "GroupingInformation": mailbox.group,
        "UserDisplayName": mailbox.name,
        "AutoDiscoverSMTPAddress": mailbox.address,
    }
    told = [_setting(name, known[name]) for name in settings if name in known]
    return tag(
        "a:UserResponse",
        tag("a:ErrorCode", "NoError"),
        tag("a:ErrorMessage", "No error."),
        tag("a:RedirectTarget"),
        tag("a:UserSettingErrors"),
        tag("a:UserSettings", *told),
    )


def _setting(name: str, value: str) -> Xml:
    """One setting; its kind is said as XML Schema instances say it."""
    words = f"<a:Name>{escape(name)}</a:Name><a:Value>{escape(value)}</a:Value>"
    return Xml(f'<a:UserSetting i:type="a:StringSetting">{words}</a:UserSetting>')


def _parsed(body: bytes) -> etree._Element | None:
    """The request, if it is XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _ews_url(request: web.Request) -> str:
    return f"{request.url.origin()}{EWS_PATH}"
