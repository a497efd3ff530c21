"""What each way of talking to a Poly unit offers, and the words of its refusals."""

from collections.abc import Sequence
from typing import Protocol

from connector.endpoint import Calendar, Facts, Order, PhoneCall
from connector.errors import Denied, Malformed
from rooms.model import Agenda


class Way(Protocol):
    """One interface of a unit. Each call signs in, asks and signs out again."""

    async def attempt(self) -> None:
        """Sign in, once."""

    async def dial(self, order: Order) -> None:
        """Make it call."""

    async def hang_up(self) -> None:
        """End all its calls."""

    async def calls(self) -> Sequence[PhoneCall] | None:
        """The calls it is in; None where it cannot tell."""

    async def tones(self, digits: str) -> None:
        """Send tones."""

    async def facts(self) -> Facts:
        """What it is, and how it finds its calendar."""

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Point it at the façade; the names of the settings that were made."""

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it lists these bookings; None where it cannot tell."""


def refused() -> Denied:
    """The error for a wrong login."""
    return Denied(
        "the unit refuses user name or password",
        reason="credentials_refused",
        fix="set the unit's admin password; the bridge does not try again by itself, so that the"
        " user is not locked out",
    )


def unsupported(message: str, fix: str) -> Malformed:
    """The error for what this unit cannot do."""
    return Malformed(message, reason="unsupported", fix=fix)
