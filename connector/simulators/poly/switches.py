"""What differs between units of one family, or what nobody outside Poly knows."""

from typing import Annotated, Literal

import msgspec

from connector.simulators.poly.families import Family

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class Switches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a unit behaves."""

    login: Literal["", "ntlm", "basic", "either"] = ""
    """How it signs in to EWS; empty: NTLM, and Basic too where a setting allows it."""
    path: Literal["usual", "lower"] = "usual"
    """How it writes `/EWS/Exchange.asmx`."""
    form: Literal["view", "restriction"] = "view"
    """How it asks for a span of time: a CalendarView, or a Restriction."""
    operation: str = ""
    """An operation of its own that it sends before each poll, and whose answer it ignores."""
    push: bool = False
    """Whether it subscribes to push notifications, as Polycom DMA does, and polls each 4 min."""
    enters: Literal["find", "folder"] = "find"
    """Whether it tries its login with FindItem or with GetFolder."""
    accepts: bool = False
    """Whether it accepts each meeting that it reads anew, by CreateItem."""
    poll: Seconds = 0.0
    """Seconds between polls; 0 for 15, for what a Trio's setting says (30), with push 240."""
    session: bool = True
    """REST: whether a session lets in."""
    xsrf: bool = True
    """REST: whether a session needs its `x-xsrf-token` header."""
    basic: Literal["ignored", "allowed", "required"] = "ignored"
    """REST: whether Basic alone lets in, or must come with the session as well."""
    error_status: Literal[400, 412] = 400
    """REST: with which status the errors of sessions come."""
    rest: bool = True
    """Whether the REST API is on."""
    numeric_codes: bool = False
    """Trio: whether `Status` is a number, as some documents have it, not a text."""
    parallel: Literal["refuse", "queue"] = "refuse"
    """Trio: what becomes of a request while another is under way."""
    line_registered: bool = True
    """Trio: whether its line is registered; 4002 otherwise."""
    interleaved: bool = True
    """CLI: whether the greeting and the first reply come mixed."""
    named: bool = True
    """CLI: whether the greeting names the unit, and a call the far end."""
    echo: bool = False
    """CLI: whether it sends back what is typed."""
    telnet: bool = True
    """Whether telnet is on, as it is not in an X30 from the factory; without, a connection ends."""
    prompts: Literal["none", "password", "user"] = "user"
    """Telnet: what it asks for first."""
    host_key: Literal["ed25519", "ssh-rsa"] = "ssh-rsa"
    """SSH: the one kind of host key; `ssh-rsa` is signed with SHA-1."""
    reads: Literal["", "token", "text", "both"] = ""
    """Where it looks for what to dial; empty: as its family does."""
    strict_token: bool = False
    """Whether an encoded token counts only when its last line ends too."""


def usual(family: Family) -> Switches:
    """What units of a family do unless told otherwise."""
    return Switches(
        rest=family.rest != "trio",
        prompts="password" if not family.rest else "user",
    )
