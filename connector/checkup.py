"""What a driver finds out when it is asked how a service stands: facts, judged elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec
from yarl import URL

Severity = Literal["critical", "error", "warning", "info"]
"""`critical`: the appliance may do what it must not; `error`: something does not work; `warning`:
something will not, or is not as it should be; `info`: worth knowing, nothing needs to be done."""


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found; holds no secret, subject or person."""

    code: str
    words: str = ""
    """What happened, where that is more than the code's general words."""
    fix: str = ""
    """What mends it, where the driver knows better than the general advice."""
    severity: Severity | None = None
    """None: as usual for the code."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a source is needed for, and what it must not be able to do."""

    canary: str = ""
    """A mailbox that must be refused; empty for none."""
    mailboxes: Sequence[str] = ()
    """A few mailboxes that are to be read: where none can be, the right itself is missing."""
    writes: bool = False
    """Whether calendars are changed too."""
    presence: bool = False
    """Whether the presence of rooms is set by this identity."""


@runtime_checkable
class Examined(Protocol):
    """A source that can look at its own rights. Drivers need not be one."""

    async def examine(self, wanted: Wanted, /) -> Sequence[Remark]:
        """What is wrong with identity and rights. Failures are remarks too: nothing is raised."""


@runtime_checkable
class Remarkable(Protocol):
    """Options of a driver that may be remarkable by themselves, without asking anybody."""

    def remarks(self) -> Iterable[Remark]:
        """What is wrong with them, though they would start."""


@runtime_checkable
class Tried(Protocol):
    """An endpoint that can be tried without changing it. Drivers need not be one."""

    async def attempt(self) -> None:
        """Reach it and sign in, once: a second try of a wrong password may lock the user out.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


@runtime_checkable
class Reaching(Protocol):
    """Options of a driver that tell which web services it talks to."""

    @property
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials; one that tells the time comes first."""
