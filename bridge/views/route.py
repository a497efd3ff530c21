"""What a route is: one method of one path, and all that is said of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from bridge.callers import Caller, Scope
from bridge.views.house import House
from rooms.display import Offer

BODY_LIMIT = 64 << 10
"""Bytes of a request's body, where its route takes no more."""

Handler = Callable[[House, Caller, web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path: what serves it, who may ask, and what OpenAPI says of it."""

    method: str
    path: str
    serve: Handler
    scope: Scope | None
    """None: open to everybody."""
    cookie: bool = True
    """Whether a display's cookie will do; otherwise the token itself must be shown."""
    hook: bool = False
    """Whether services call it, who prove themselves in their own way: many may come from one
    address."""
    signs: bool = False
    """Whether room systems call it, who sign in by Basic or NTLM; it asks them itself, and is
    found in any case of letters."""
    basic: bool = False
    """Whether a token that may only look may also come as the password of Basic: programs that
    subscribe to calendars can show it in no other way."""
    displays: bool = True
    """Whether a display may ask; what is about the appliance is not for rooms."""
    whole: bool = False
    """Whether it is about all rooms together: who looks after some lists only may not ask."""
    finds: bool = True
    """Whether a room, list or room system that its path or query names must be one that the caller
    knows; otherwise it is new, or the route looks for itself."""
    page: bool = False
    """Whether it answers people with pages: who is not signed in is sent to sign in, and problems
    are told as pages too. Neither tokens nor the appliance itself count as signed in."""
    summary: str
    answer: type[msgspec.Struct] | str
    """The shape of a good answer, or its media type; empty for no body."""
    instead: tuple[type[msgspec.Struct], ...] = ()
    """Other shapes that it may have."""
    status: int = 200
    body: type[msgspec.Struct] | None = None
    takes: tuple[str, ...] = ()
    """Media types of a body that is none of JSON."""
    limit: int = BODY_LIMIT
    """Bytes that its body may have."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of a request that mean something to it."""
    also: Mapping[int, str] = field(default_factory=dict)
    """Other statuses of a good answer, and when they come."""
    offer: Offer | None = None
    """What a room's policy must offer for its display to ask; others are not bound by it."""
    asks: tuple[Offer, ...] = ()
    """Where the PIN is asked for one of these too, it is asked for this."""
    legacy: bool = False
    """Whether the listener for old units offers it too."""
    problems: tuple[str, ...] = ()
    """Codes beside the ones that every route has."""
