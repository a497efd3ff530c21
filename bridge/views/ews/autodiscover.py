"""Autodiscover, in the older plain form and in SOAP: where EWS is, told to who signed in.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange,
https://learn.microsoft.com/exchange/client-developer/web-service-reference/getusersettings-operation-soap
"""

from typing import NamedTuple

from bridge.views.ews.markup import Fault, element, tag, text
from bridge.views.ews.reading import parsed
from rooms.room import Room

SPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_POX = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_DECLARED = b'<?xml version="1.0" encoding="utf-8"?>'
_USERS = 100
"""Mailboxes of one request, as in Exchange."""


class Place(NamedTuple):
    """What a unit may learn: its own room's mailbox, and where that is."""

    room: Room
    url: str
    """`https://…/EWS/Exchange.asmx`, as the unit itself reached the appliance."""

    def own(self, address: str) -> bool:
        """Whether an address is the room's."""
        return address.casefold() == self.room.mailbox.casefold()


def pox(body: bytes, place: Place) -> bytes:
    """The older form."""
    address = (parsed(body).findtext(".//{*}EMailAddress") or "").strip()
    if not place.own(address):
        inside = tag(
            "Response",
            b'<Error Time="00:00:00" Id="1"><ErrorCode>500</ErrorCode>'
            b"<Message>The email address can't be found.</Message><DebugData/></Error>",
        )
        return _DECLARED + b'<Autodiscover xmlns="%b">%b</Autodiscover>' % (_POX.encode(), inside)
    user = tag(
        "User",
        element("DisplayName", place.room.name),
        element("AutoDiscoverSMTPAddress", place.room.mailbox),
    )
    protocols = (
        tag(
            "Protocol",
            element("Type", kind),
            element("EwsUrl", place.url),
            element("ASUrl", place.url),
        )
        for kind in ("EXCH", "EXPR")
    )
    account = tag(
        "Account", element("AccountType", "email"), element("Action", "settings"), *protocols
    )
    return (
        _DECLARED
        + b'<Autodiscover xmlns="%b"><Response xmlns="%b">%b</Response></Autodiscover>'
        % (
            _POX.encode(),
            _OUTLOOK.encode(),
            user + account,
        )
    )


def soap(body: bytes, place: Place) -> bytes:
    """GetUserSettings."""
    root = parsed(body)
    if root.find(f".//{{{SPACE}}}GetUserSettingsRequestMessage") is None:
        raise Fault("ErrorInvalidRequest", "The request is invalid.")
    users = [(one.text or "").strip() for one in root.iter(f"{{{SPACE}}}Mailbox")][:_USERS]
    settings = [(one.text or "").strip() for one in root.iter(f"{{{SPACE}}}Setting")][:_USERS]
    answer = tag(
        "a:Response",
        b"<a:ErrorCode>NoError</a:ErrorCode><a:ErrorMessage/>",
        tag("a:UserResponses", *(_user(one, settings, place) for one in users)),
    )
    return (
        _DECLARED + b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
        b'<a:ServerVersionInfo xmlns:a="%b"><a:MajorVersion>15</a:MajorVersion>'
        b"<a:MinorVersion>1</a:MinorVersion><a:MajorBuildNumber>2507</a:MajorBuildNumber>"
        b"<a:MinorBuildNumber>39</a:MinorBuildNumber><a:Version>Exchange2016</a:Version>"
        b"</a:ServerVersionInfo></s:Header><s:Body>"
        b'<a:GetUserSettingsResponseMessage xmlns:a="%b"'
        b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance">%b'
        b"</a:GetUserSettingsResponseMessage></s:Body></s:Envelope>"
        % (SPACE.encode(), SPACE.encode(), answer)
    )


def _user(address: str, settings: list[str], place: Place) -> bytes:
    """What there is to know of one mailbox."""
    known = {
        "UserDisplayName": place.room.name,
        "AutoDiscoverSMTPAddress": place.room.mailbox,
        "InternalEwsUrl": place.url,
        "ExternalEwsUrl": place.url,
        "EwsSupportedSchemas": "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1,"
        " Exchange2010_SP2, Exchange2013, Exchange2013_SP1, Exchange2016",
    }
    own = place.own(address)
    told = [
        b'<a:UserSetting i:type="a:StringSetting"><a:Name>%b</a:Name><a:Value>%b</a:Value>'
        b"</a:UserSetting>" % (text(one), text(known[one]))
        for one in settings
        if own and one in known
    ]
    return tag(
        "a:UserResponse",
        element("a:ErrorCode", "NoError" if own else "InvalidUser"),
        element("a:ErrorMessage", "No error." if own else "Invalid user."),
        b"<a:RedirectTarget/><a:UserSettingErrors/>",
        tag("a:UserSettings", *told),
    )
