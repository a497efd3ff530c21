"""Who calls, and what they may."""

import pwd
import socket
import struct
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Literal

import msgspec

Scope = Literal["read", "join", "write", "control", "rooms", "audit", "people"]
"""`read`: rooms and agendas; `join`: their join details too; `write`: what rooms' policies allow,
and joining; `control`: room systems and sources; `rooms`: the inventory, displays, and what looking
after rooms takes; `audit`: the audit log; `people`: accounts and tokens."""

Role = Literal["viewer", "facilities", "engineer", "auditor", "owner"]
"""What a person is to the appliance. `facilities` looks after the room lists given to them."""

SCOPES: Mapping[Role, frozenset[Scope]] = {
    "viewer": frozenset(["read"]),
    "facilities": frozenset(["read", "rooms"]),
    "engineer": frozenset(["read", "join", "write", "control", "rooms"]),
    "auditor": frozenset(["read", "audit"]),
    "owner": frozenset(["read", "join", "write", "control", "rooms", "audit", "people"]),
}
"""What each role may."""

Sight = Literal["all", "open", "none"]
"""Whose join details a caller gets: of all bookings, of those that are not private, of none."""

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who calls."""

    name: str
    """For the audit log."""
    scopes: frozenset[Scope]
    room: str | None = None
    """The only room that a display sees whole."""
    token: str | None = None
    """The id of the token that was shown."""
    display: str | None = None
    """The id of the paired display whose token it is."""
    expires: datetime | None = None
    role: Role | None = None
    """Of a person, or of a token made for one."""
    person: str | None = None
    """The id of the account of somebody who signed in."""
    session: str | None = None
    """The id of their session."""
    rooms: frozenset[str] | None = None
    """The only rooms that they see and change: those of the lists given to them."""
    lists: frozenset[str] | None = None
    """The only room lists that they look after."""

    @property
    def sight(self) -> Sight:
        """Whose join details they get; a display joins private meetings through the bridge."""
        if self.room is not None:  # whatever else its token is for, it hangs at a door
            return "open"
        return "all" if "join" in self.scopes else "none"

    def sees(self, room: str) -> bool:
        """Whether a room's agenda is for them."""
        return "read" in self.scopes and self._near(room)

    def acts(self, room: str) -> bool:
        """Whether they may change what a room's policy lets be changed."""
        return "write" in self.scopes and self._near(room)

    def keeps(self, room: str) -> bool:
        """Whether they may change a room's entry in the inventory."""
        return "rooms" in self.scopes and self._near(room)

    def knows(self, room: str) -> bool:
        """Whether a room exists for them at all; displays know of all rooms."""
        return self.rooms is None or room in self.rooms

    def _near(self, room: str) -> bool:
        return self.room in {None, room} and self.knows(room)


LOOPBACK = Caller(name="loopback", scopes=frozenset(["read", "join"]))
"""Whoever sits at the appliance itself; may look, never change."""


def control(peer: socket.socket) -> Caller:
    """Whoever calls over the control socket, by the kernel's word for who they are."""
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Caller(name=f"control:{name}", scopes=SCOPES["owner"], role="owner")


def is_loopback(remote: str | None, host: str, headers: Mapping[str, str]) -> bool:
    """Whether a call comes from this machine and from nowhere behind it.

    The name in `Host` must be loopback too, or a page from elsewhere could be pointed here (DNS
    rebinding); and nobody must have passed the call on.
    """
    if remote is None or any(name in headers for name in _FORWARDED):
        return False
    try:
        if not ip_address(remote).is_loopback:
            return False
    except ValueError:
        return False
    return _name(host) in _LOOPBACK_NAMES


def _name(host: str) -> str:
    """The name in a Host header, without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
