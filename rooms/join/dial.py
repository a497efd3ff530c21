"""What an endpoint is told to dial: one address in a protocol that it speaks."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from rooms.join import grammar, zoom
from rooms.join.recognise import PROVIDERS
from rooms.model import JoinDetails

Protocol = Literal["sip", "h323"]

PREFERENCE: tuple[Protocol, ...] = ("sip", "h323")
"""The order of protocols where nobody chose another."""


class Dialing(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """How a site or a room dials Zoom; everywhere else the invitation decides."""

    zoom_region: str = ""
    """A name from `zoom.GATEWAYS`; empty: the first address that the invitation prints."""
    zoom_gateway: str = ""
    """An H.323 address of one's own (a Virtual Room Connector); before the region."""
    zoom_domain: str = ""
    """A SIP domain of one's own; empty: the one that the invitation prints, or `zoomcrc.com`."""
    layout: str = ""
    """The number of the picture layout to start with."""
    host_key: str = ""
    """The six digits that make the room the host. A secret: it is in dial strings only."""
    include_passcode: bool = True
    """Whether nobody has to type the passcode."""
    may_ask: bool = True
    """Whether a meeting whose numeric passcode is unknown is dialled, to be asked for it there."""

    def __repr__(self) -> str:
        """All but the secret."""
        key = "<secret>" if self.host_key else ""
        return f"Dialing(zoom_region={self.zoom_region!r}, layout={self.layout!r}, host_key={key})"

    @property
    def gateway(self) -> str:
        """The H.323 address that the site chose for Zoom, or nothing."""
        return self.zoom_gateway or zoom.GATEWAYS.get(self.zoom_region, "")


class DialString(msgspec.Struct, frozen=True):
    """The one address that an endpoint dials."""

    protocol: Protocol
    address: str
    """Without its scheme."""


AS_INVITED = Dialing()
_BY_ZOOM = frozenset(["zoom", "zoomgov"])


def dial_string(
    details: JoinDetails,
    protocols: Sequence[str] = PREFERENCE,
    dialing: Dialing = AS_INVITED,
) -> DialString | None:
    """What an endpoint that speaks `protocols` dials, the first of them that leads in; or None."""
    provider = PROVIDERS.get(details.provider)
    if provider is not None and provider.route == "closed":
        return None
    for protocol in protocols:
        if protocol == "sip" and (address := _sip(details, dialing)):
            return DialString("sip", address)
        if protocol == "h323" and (address := _h323(details, dialing)):
            return DialString("h323", address)
    return None


def _sip(details: JoinDetails, dialing: Dialing) -> str | None:
    address, by_zoom = details.sip, details.provider in _BY_ZOOM
    if address is None:
        return None
    if by_zoom and dialing is AS_INVITED and zoom.is_plain(address):
        return address
    if grammar.sip_uri(address) is None:
        return None
    if not by_zoom:
        return address
    if parsed := zoom.parse_sip(address):
        call, domain = parsed
        return zoom.sip(_for_room(call, dialing), dialing.zoom_domain or domain) or address
    return address


def _h323(details: JoinDetails, dialing: Dialing) -> str | None:
    address = details.h323
    if address is None or grammar.h323_address(address) is None:
        return None
    if details.provider in _BY_ZOOM and (parsed := zoom.parse_h323(address)):
        call, gateway = parsed
        return zoom.h323(_for_room(call, dialing), dialing.gateway or gateway) or address
    return address


def _for_room(call: zoom.Call, dialing: Dialing) -> zoom.Call:
    """The call as this room makes it."""
    return zoom.Call(
        id=call.id,
        passcode=call.passcode if dialing.include_passcode else "",
        layout=dialing.layout or call.layout,
        host_key=dialing.host_key or call.host_key,
    )
