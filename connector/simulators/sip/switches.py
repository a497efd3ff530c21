"""How a simulated unit behaves where real ones differ."""

from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Status = Annotated[int, msgspec.Meta(ge=180, le=699)]


class Switches(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """May be changed at any time."""

    refer: Literal["obey", "ask", "silent"] | Status = "obey"
    """What it does with an order to call: `obey`, `ask` somebody in the room first, stay `silent`,
    or refuse with a status such as 501 (baresip) or 603 (linphone)."""
    tells: Literal["as_asked", "always", "never"] = "as_asked"
    """Whether it tells how an ordered call goes: `as_asked` obeys `Refer-Sub: false` (RFC 4488),
    `always` does not know it, `never` answers 202 and tells nothing."""
    answers: Status = 200
    """What it answers to a call, in the end."""
    rings: Seconds = 0.0
    """How long it rings first."""
    accepts: Literal["udp", "tcp", "both"] = "both"
    """What it listens to."""
    username: str = "bridge"
    password: str = ""
    """With a password it asks for a login."""
    algorithm: Literal["MD5", "SHA-256", "none"] = "MD5"
    """`none` names no algorithm, which means MD5, and knows no `qop` (RFC 2069)."""
    stale: Count = 0
    """How many right logins are told that their nonce is old."""
    lose: Count = 0
    """How many datagrams are lost on their way to it."""
    late: Seconds = 0.0
    """How long it takes for each answer."""
