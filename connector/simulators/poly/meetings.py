"""Meetings as a unit holds them, and what its screen makes of them."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Status: TypeAlias = Literal[
    "DISABLED", "OFFLINE", "CONNECTING", "ONLINE", "ERR_AUTHENTICATION", "ERR_UNKNOWN"
]
"""How a unit finds its calendar (3.5)."""


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """Something to dial, as a unit found it in a meeting."""

    number: str
    protocol: Literal["sip", "h323", ""] = ""
    video: bool = True
    found: Literal["token", "location", "subject", "body", ""] = ""
    """Where it stood."""


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """One meeting."""

    id: str
    change_key: str = ""
    subject: str = ""
    organizer: str = ""
    location: str = ""
    body: str = ""
    start: datetime
    end: datetime
    private: bool = False
    canceled: bool = False
    recurring: bool = False
    all_day: bool = False
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    """What can be dialled, the best first."""
    password: str = ""
    """A meeting's password, where the token told one."""

    def runs(self, now: datetime) -> bool:
        """Whether it is on."""
        return self.start <= now < self.end

    @property
    def dial(self) -> Number | None:
        """What Join dials."""
        return self.numbers[0] if self.numbers else None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting on the screen."""

    id: str
    title: str
    organizer: str
    location: str
    start: datetime
    end: datetime
    private: bool
    join: bool
    """Whether its Join button is there."""
    dial: str | None
    """What Join would dial."""
    protocol: str | None
    in_call: bool


class NotJoinable(Exception):
    """There is no Join button to press."""


PRIVATE = "private meeting"
"""What stands in place of a hidden subject."""
