"""People whom the provider of their identity sends: let in by what it says of them today."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from bridge.people.accounts import Account, Accounts, Provided
from bridge.people.refused import Refused
from bridge.people.sessions import Sessions, Visitor
from bridge.people.told import differs, told
from rooms.clock import Clock

NAMESAKES = 100
"""Accounts whose owners want the same name; nobody has so many."""
PROVIDER = "provider"
"""Who does this, for the audit log."""


class Desk(Protocol):
    """What is needed of the reception."""

    accounts: Accounts
    sessions: Sessions

    async def open(self, account: Account, visitor: Visitor, *, how: str) -> str:
        """A session; its secret."""


class Change(Protocol):
    """Changes an account, and ends its sessions where that changes what they may."""

    async def __call__(
        self, person: str, to: Callable[[Account], Account], /, *, owned: bool
    ) -> Account:
        """As it is then."""


Note = Callable[[str, str, Mapping[str, str | int], str], Coroutine[Any, Any, None]]
"""Writes into the audit log: an action, whose account, with what, by whom."""


class Arrivals:
    """Lets people in, or turns them away, as their provider says."""

    def __init__(self, desk: Desk, clock: Clock, *, change: Change, note: Note) -> None:
        self._desk = desk
        self._clock = clock
        self._change = change
        self._note = note

    async def admit(self, who: Provided, visitor: Visitor) -> str:
        """A session for whom the provider of identities sends, as what it says; its secret.

        They are known by who they are to it, never by their name or address. An account is made
        for who comes for the first time.

        Raises:
            Refused: `person_disabled`; `name_taken` where all names are, and `unknown_person` for
                who was removed in the same moment.
            sqlite3.Error: nobody was signed in.
        """
        known = self._desk.accounts.of_subject(who.subject) or await self._newcomer(who)
        before: list[Account] = []

        def today(was: Account) -> Account:
            if was.disabled is not None:
                raise Refused("person_disabled")
            before.append(was)
            return who.onto(was)

        account = known
        if who.onto(known) != known or known.disabled is not None:
            account = await self._change(known.id, today, owned=False)
            detail = differs(before[0], account)
            await self._note("people.change", account.id, detail, PROVIDER)
        return await self._desk.open(account, visitor, how=PROVIDER)

    async def _newcomer(self, who: Provided) -> Account:
        """An account for somebody, by another name where theirs is taken."""
        for number in range(1, NAMESAKES):
            name = who.name if number == 1 else f"{who.name}-{number}"
            made = Account(
                id="", name=name, role=who.role, subject=who.subject, created=self._clock.now()
            )
            try:
                account = await self._desk.accounts.add(who.onto(made))
            except Refused:
                if known := self._desk.accounts.of_subject(who.subject):  # by two windows at once
                    return known
                continue
            await self._note("people.provided", account.id, told(account), PROVIDER)
            return account
        raise Refused("name_taken")

    async def turn_away(self, subject: str, why: str) -> None:
        """End the sessions of whom the provider sends, but who may do nothing here (any more)."""
        known = self._desk.accounts.of_subject(subject)
        if known is not None:
            await self._desk.sessions.end(self._desk.sessions.of_person(known.id))
            await self._note("people.turned_away", known.id, {"why": why}, PROVIDER)
