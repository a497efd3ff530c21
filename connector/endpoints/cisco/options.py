"""Settings of a Cisco room system."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from yarl import URL

from connector.endpoints.cisco.talk import Transport
from connector.lines import SshTrust
from connector.outside import Trust
from connector.secret import Secret
from connector.unit_address import WORDS, fits, unit_host, unit_url

HOOK = re.compile(r"[A-Za-z0-9_-]{22,128}")
"""At least 128 bits where it was drawn by lot."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: cisco`."""

    address: str = ""
    """An IP address or name, with a port where it is not 443; `http://…` only for units without
    TLS: the password then travels in clear. Empty with `transport: pull`."""
    username: str = ""
    """A local user with the role Admin."""
    password: Secret | None = None
    """That user's password."""
    tls: Trust = Trust()
    """How the system's certificate is known; without it by the authorities trusted everywhere."""
    transport: Transport = "auto"
    """How it is talked to: `auto` finds out by the software version; `http`, `websocket` and `ssh`
    say so; with `pull` the unit fetches its list itself, as from a TMS, and is never reached out
    to."""
    ssh: SshTrust | None = None
    """For units whose web interface is switched off; nothing is sent that way before the
    fingerprint of the host key is set."""
    feedback_slot: int = 1
    """Which of the four feedback slots the bridge may take; 3 is TMS's by habit."""
    hook: Secret | None = None
    """With `transport: pull`: the last part of the path that is typed into the unit
    (`/hooks/cisco/…`): at least 22 of `A-Z`, `a-z`, `0-9`, `-`, `_`, drawn by lot."""
    heartbeat: int = 420
    """With `transport: pull`: seconds between two times that the unit fetches its list."""
    protocols: tuple[Literal["sip", "h323"], ...] = ("sip", "h323")
    """What it can dial, best first."""
    call_rate: int = 6000
    """kbit/s at which it dials."""
    led: bool = False
    """Whether the unit's light tells how its room stands; its `UserInterface LedControl Mode` must
    be `Manual`."""

    @property
    def url(self) -> URL:
        """Where its web interface begins."""
        return unit_url(self.address, "https")

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name; empty for one that is never reached out to."""
        return unit_host(self.address)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if self.transport == "pull":
            yield from self._pull_problems()
        else:
            for key in ("address", "username", "password"):
                if getattr(self, key) in {"", None}:
                    yield key, "is required"
        if self.address and not fits(self.address, "https", "http"):
            yield "address", WORDS
        if self.ssh is None and self.transport == "ssh":
            yield "ssh", "must have the fingerprint of the unit's host key; {} to be shown it first"
        for key, words in self.tls.problems():
            yield f"tls.{key}", words
        for key, words in self.ssh.problems() if self.ssh else ():
            yield f"ssh.{key}", words
        if not 1 <= self.feedback_slot <= 4:
            yield "feedback_slot", "must be between 1 and 4"
        if not 64 <= self.call_rate <= 20000:
            yield "call_rate", "must be between 64 and 20000 kbit/s"

    def _pull_problems(self) -> Iterator[tuple[str, str]]:
        # A vault that is sealed gives no secret to look at.
        said = self.hook.reveal() if self.hook else ""
        if self.hook is None:
            yield "hook", "is required with transport: pull"
        elif said and not HOOK.fullmatch(said):
            yield "hook", "must be 22 to 128 of A-Z, a-z, 0-9, - and _"
        if not 30 <= self.heartbeat <= 3600:
            yield "heartbeat", "must be between 30 and 3600 seconds"
        if self.led:
            yield "led", "needs a way to the unit: it is never reached out to with transport: pull"
