"""Software versions of Cisco units, and what is usual for each."""

import re
from typing import Annotated, Literal

import msgspec

BUILD = "5f1e6c0a9d2"
"""The last part of every version that a simulated unit reports."""


class Version(msgspec.Struct, frozen=True):
    """One software version; `at_least` compares across TC, CE and RoomOS, which count on."""

    line: Literal["TC", "ce", "RoomOS"]
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Version":
        """The version that a text like `TC7.3.9`, `ce9.15.17.4` or `RoomOS 11.27.2.0` names.

        Raises:
            ValueError: no such version can be.
        """
        found = re.match(r"(TC|ce|RoomOS)\s*(\d+(?:\.\d+)*)", text.strip(), re.IGNORECASE)
        if not found:
            raise ValueError(f"{text!r} is no version: TC7.3.9, ce9.15.17.4, RoomOS 11.27.2.0")
        numbers = tuple(int(number) for number in found[2].split("."))
        return cls(_line(numbers[0]), numbers)

    def at_least(self, *numbers: int) -> bool:
        """Whether this is that version or a later one."""
        return self.numbers >= numbers

    @property
    def text(self) -> str:
        """How people write it."""
        dotted = ".".join(map(str, self.numbers))
        return f"RoomOS {dotted}" if self.line == "RoomOS" else f"{self.line}{dotted}"

    @property
    def reported(self) -> str:
        """How a unit writes it in its documents; RoomOS still says `ce` there."""
        prefix = "TC" if self.line == "TC" else "ce"
        return f"{prefix}{'.'.join(map(str, self.numbers))}.{BUILD}"


def _line(major: int) -> Literal["TC", "ce", "RoomOS"]:
    if major < 8:
        return "TC"
    return "ce" if major < 10 else "RoomOS"


class Switches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What differs between units of one version, or what nobody outside Cisco knows."""

    private_api: bool
    """Whether `/bookingsputxml` is there."""
    put_needs_webex: bool
    """Whether `Bookings Put` is refused to units that are not registered with Webex."""
    webex_registered: bool = False
    """Registered with Webex, or linked to Webex Edge."""
    teams_mode: bool = False
    """Whether Microsoft Teams is installed; it takes `Bookings Put` away from 26.4 on."""
    keeps_bookings: bool = False
    """Whether the list survives a reboot."""
    refuses_expect: bool = True
    """Whether `Expect: 100-continue` is answered with 417."""
    sign_in: Literal["401", "redirect", "page"] = "401"
    """How somebody who is not logged in learns of it."""
    control_characters: bool = False
    """Whether a monitor's name puts U+0001 to U+0005 into the status document."""
    called: Literal["answers", "rings", "busy"] = "answers"
    """What whoever is dialled does."""
    numbers: bool = True
    """Whether whole numbers come as numbers over the WebSocket; as texts otherwise."""
    websocket_rate: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many WebSockets may be opened in a minute; 0: any number."""
    subscriptions: Annotated[int, msgspec.Meta(ge=0)] = 50
    """How many subscriptions there may be over all WebSockets."""
    feedback_failures: Annotated[int, msgspec.Meta(ge=1)] = 3
    """After how many posts in a row that nobody took a slot of HttpFeedback has failed."""
    host_key: Literal["ed25519", "rsa"] = "ed25519"
    """Which key it shows over SSH, once it is served so; older units have only RSA."""
    posted_serial: str = ""
    """Posted instead of its own serial number."""
    version_text: str = ""
    """Reported instead of the version's own text."""


def usual(version: Version) -> Switches:
    """What a unit of this version does unless told otherwise.

    No source says up to which version the private API is served: taken as all before 26.
    """
    return Switches(
        private_api=not version.at_least(26),
        put_needs_webex=not version.at_least(11, 14),
        host_key="ed25519" if version.at_least(10) else "rsa",
    )
