"""Who lets people in: sign-in, invitations, sessions, and what changes of all that."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from bridge.callers import SCOPES, Caller, Role
from bridge.limits import Limits
from bridge.people import invitations, sessions
from bridge.people.accounts import LIMITED, Account, Accounts, login
from bridge.people.arrivals import Arrivals
from bridge.people.invitations import Invitations
from bridge.people.passwords import Passwords, check
from bridge.people.refused import Locked, Refused
from bridge.people.sessions import Sessions, Visitor
from bridge.people.told import differs, told
from rooms.audit import Audit, Entry
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

TRIES, WITHIN = 5, 86_400.0
"""So many wrong passwords in a row, of one name in so many seconds, lock it."""


class Invited(NamedTuple):
    """Somebody who may set a password with a code; it is told this once."""

    account: Account
    code: str
    ends: datetime


class Reception:
    """Accounts, invitations and sessions behind one desk."""

    def __init__(
        self, database: Database, audit: Audit, clock: Clock, passwords: Passwords | None = None
    ) -> None:
        self.accounts = Accounts(database, self.enters)
        self.invitations = Invitations(database, clock)
        self.sessions = Sessions(database, clock)
        self.local = True
        """Whether anybody enters by password; the composition root replaces it on reload."""
        self.issuer: str | None = None
        """The provider of identities; the composition root replaces it on reload."""
        self._passwords = passwords or Passwords()
        self._audit = audit
        self._clock = clock
        self.arrivals = Arrivals(self, clock, change=self._change, note=self._note)
        """Whom the provider of identities sends."""
        self._locks = Limits(clock, tries=TRIES, within=WITHIN, forgiven_after=WITHIN)

    # --- who calls

    def caller(self, secret: str) -> Caller | None:
        """Who shows the secret of a session; None where it has ended, or never was one."""
        session = self.sessions.of(secret)
        if session is None:
            return None
        account = self.accounts.get(session.person)
        if account is None or not self.enters(account):
            return None
        return Caller(
            name=f"person:{account.name}",
            scopes=account.scopes,
            role=account.role,
            person=account.id,
            session=session.id,
            lists=account.within,
        )

    def holds(self, session: str) -> bool:
        """Whether somebody who was let in still is."""
        return self.sessions.lasts(session)

    def form_secret(self, caller: Caller) -> str:
        """What the forms of a caller's session carry; empty for who has none."""
        return self.sessions.form_secret(caller.session) if caller.session else ""

    def enters(self, account: Account) -> bool:
        """Whether somebody can sign in today, in the way that their account is for."""
        if account.disabled is not None:
            return False
        if account.subject is None:
            return self.local and account.has_password
        return self.issuer is not None and account.subject.startswith(f"{self.issuer} ")

    # --- coming and going

    async def sign_in(self, name: str, password: str, visitor: Visitor) -> str:
        """A session for who knows their password; its secret.

        Unknown names, disabled accounts and wrong passwords take the same time and the same words.

        Raises:
            Locked: too many wrong passwords for this name, or too many people at once.
            Refused: `wrong_password`, `local_off`.
            sqlite3.Error: nobody was signed in.
        """
        self._check_local()
        key = _key(name)
        if wait := self._locks.locked(key):
            raise Locked(wait)
        # Counted before it is known: a hundred tries at the same time are a hundred tries.
        self._locks.wrong(key)
        account = self.accounts.named(name)
        kept = self.accounts.password(account.id) if account and self.enters(account) else None
        good = await self._passwords.match(password, kept)
        # What took a while may have changed meanwhile.
        now = self.accounts.get(account.id) if account else None
        if (
            not good
            or now is None
            or not self.enters(now)
            or self.accounts.password(now.id) != kept
        ):
            if wait := self._locks.locked(key):
                await self._note("people.locked_out", "", {"name": key, "seconds": wait}, "bridge")
            raise Refused("wrong_password")
        self._locks.right(key)
        return await self.open(now, visitor, how="password")

    async def open(self, account: Account, visitor: Visitor, *, how: str) -> str:
        """A session for somebody who has proven who they are, in whichever way; its secret."""
        session, secret = await self.sessions.open(account.id, visitor)
        detail = {"session": session.id, "how": how, "address": session.address}
        await self._note("sessions.open", account.id, detail, f"person:{account.name}")
        return secret

    async def sign_out(self, caller: Caller) -> None:
        """End the session that somebody calls from."""
        if caller.person is not None and caller.session is not None:
            await self.end(caller.person, [caller.session], caller)

    async def end(self, person: str, ids: Collection[str], caller: Caller) -> None:
        """End sessions: one's own, or of somebody who may no more than oneself.

        Raises:
            Refused: `unknown_session`, where none of them is in force, or it is beyond oneself.
        """
        owner = self.accounts.get(person)
        own = person == caller.person
        if not (own or (owner is not None and _above(caller, owner.role))):
            raise Refused("unknown_session")
        ended = [one.id for one in self.sessions if one.person == person and one.id in ids]
        if not ended:
            raise Refused("unknown_session")
        await self.sessions.end(ended)
        for session in ended:
            await self._note("sessions.end", person, {"session": session}, caller.name)

    # --- invitations

    async def invite(self, wanted: Account, caller: Caller) -> Invited:
        """A new account, and the code with which its owner sets a password.

        Raises:
            Refused: `name_taken`, `beyond_oneself`, `lists_not_for_role`.
            sqlite3.Error: nothing was kept, or no code: invite them again.
        """
        _check(wanted, caller)
        first = wanted.role == "owner" and not self.accounts.owned
        account = await self.accounts.add(wanted)
        await self._note("people.invite", account.id, told(account), caller.name)
        code, ends = await self.invitations.open(account.id, first=first)
        return Invited(account, code, ends)

    async def invite_again(self, person: str, caller: Caller) -> Invited:
        """A new code for who lost the old one, or their password, which stays good until then.

        Raises:
            Refused: `unknown_person`, `person_disabled`, `beyond_oneself`, `of_provider`.
        """
        account = self._known(person, caller)
        if account.subject is not None:
            raise Refused("of_provider")
        if account.disabled is not None:
            raise Refused("person_disabled")
        first = account.role == "owner" and not self.accounts.owned
        await self._note("people.invite", account.id, {"again": 1}, caller.name)
        code, ends = await self.invitations.open(account.id, first=first)
        return Invited(account, code, ends)

    async def welcome(self, code: str, password: str, visitor: Visitor) -> str:
        """Set a password with a code, which is good this once; the secret of a session.

        Raises:
            Refused: `wrong_code`, `local_off`, or why this password will not do; the code is still
                good then.
            Locked: too many people at once.
        """
        self._check_local()
        invitation = self.invitations.find(code)
        account = self.accounts.get(invitation.person) if invitation else None
        if invitation is None or account is None or account.disabled is not None:
            raise Refused("wrong_code")
        check(password, account.name, account.shown, account.email)
        kept = await self._passwords.hashed(password)

        def still_good(was: Account) -> Account:
            # Of two who use a code at the same time, one gets in.
            if self.invitations.of(was.id) != invitation or was.disabled is not None:
                raise Refused("wrong_code")
            self.invitations.close(was.id)
            return was

        account = await self._change(account.id, still_good, password=kept)
        self._locks.right(_key(account.name))
        await self._note("people.password", account.id, {"how": "code"}, f"person:{account.name}")
        return await self.open(account, visitor, how="code")

    async def set_password(self, caller: Caller, old: str, new: str) -> None:
        """Change one's own password; one's other sessions end.

        Raises:
            Refused: `wrong_password`, or why the new one will not do.
            Locked: too many wrong ones, or too many people at once.
        """
        account = self.accounts.get(caller.person or "")
        if account is None:
            raise Refused("unknown_person")
        key = _key(account.name)
        if wait := self._locks.locked(key):
            raise Locked(wait)
        self._locks.wrong(key)
        if not await self._passwords.match(old, self.accounts.password(account.id)):
            raise Refused("wrong_password")
        self._locks.right(key)
        check(new, account.name, account.shown, account.email)
        kept = await self._passwords.hashed(new)
        await self._change(account.id, lambda was: was, password=kept, but=caller.session)
        await self._note("people.password", account.id, {"how": "own"}, caller.name)

    # --- accounts

    async def change(
        self, person: str, to: Callable[[Account], Account], caller: Caller
    ) -> Account:
        """Change an account; sessions of somebody who may something else then end.

        Raises:
            Refused: `unknown_person`, `name_taken`, `last_owner`, `beyond_oneself`,
                `lists_not_for_role`, `of_provider`, or what `to` raises.
        """
        before: list[Account] = []

        def checked(was: Account) -> Account:
            now = to(was)
            _check(was, caller, kept=True)
            _check(now, caller)
            if was.subject is not None and _provided(was) != _provided(now):
                raise Refused("of_provider")
            before.append(was)
            return now

        account = await self._change(person, checked)
        await self._note("people.change", person, differs(before[0], account), caller.name)
        return account

    async def remove(
        self, person: str, caller: Caller, fresh: Callable[[Account], object]
    ) -> Account:
        """Take an account away, and end all its sessions.

        Raises:
            Refused: `unknown_person`, `last_owner`, `beyond_oneself`, or what `fresh` raises.
        """

        def may(was: Account) -> None:
            fresh(was)
            _check(was, caller, kept=True)

        def write(tables: "Tables") -> None:
            tables.conn.execute("DELETE FROM sessions WHERE person = ?", [person])
            invitations.erase(tables, person)

        account = await self.accounts.remove(person, may, write)
        self.invitations.close(person)
        self.sessions.forget(person)
        await self._note("people.remove", person, told(account), caller.name)
        return account

    async def settle(self) -> None:
        """Write down who was seen, and forget what is over; every minute."""
        out = [one.id for one in self.accounts if not self.enters(one)]
        await self.sessions.end([id_ for one in out for id_ in self.sessions.of_person(one)])
        await self.sessions.settle()
        await self.invitations.settle()

    # --- room lists that get other ids

    def write(self, tables: "Tables", change: Changeover, at: datetime) -> None:
        """Who is for a list is for it by its new id: written with the inventory, or not at all."""
        for was, now in self.accounts.moved(change.lists):
            self.accounts.write(tables, now)
            detail = differs(was, now)
            entry = Entry(
                at=at, actor="bridge", action="people.change", object=was.id, detail=detail
            )
            Audit.add(tables, entry)

    def follow(self, change: Changeover) -> None:
        """The same in memory. They may what they might, so that nobody is signed out."""
        for _, now in [*self.accounts.moved(change.lists)]:
            self.accounts.hold(now)

    async def _change(
        self,
        person: str,
        to: Callable[[Account], Account],
        *,
        password: str | None = None,
        but: str | None = None,
        owned: bool = True,
    ) -> Account:
        """Change an account, and end its sessions where that changes what they may."""
        ended: Collection[str] = ()

        def decided(was: Account) -> Account:
            nonlocal ended
            now = to(was)
            if password is not None or _rights(was) != _rights(now):
                ended = self.sessions.of_person(person, but=but)
            return now

        def write(tables: "Tables") -> None:
            sessions.erase(tables, ended)
            if password is not None:
                invitations.erase(tables, person)

        _, account = await self.accounts.change(
            person, decided, password=password, beside=write, owned=owned
        )
        # Also those that were opened meanwhile.
        if ended or password is not None:
            await self.sessions.end(self.sessions.of_person(person, but=but))
        return account

    def _check_local(self) -> None:
        if not self.local:
            raise Refused("local_off")

    def _known(self, person: str, caller: Caller) -> Account:
        account = self.accounts.get(person)
        if account is None:
            raise Refused("unknown_person")
        _check(account, caller, kept=True)
        return account

    async def _note(
        self, action: str, person: str, detail: Mapping[str, str | int], actor: str
    ) -> None:
        entry = Entry(
            at=self._clock.now(), actor=actor, action=action, object=person, detail=detail
        )
        await self._audit.record(entry)


def _key(name: str) -> str:
    """Under what wrong passwords are counted: names are nobody's business in a log."""
    digest = hashlib.sha256(login(name).encode(errors="replace")).hexdigest()
    return f"account {digest[:12]}"


def _above(caller: Caller, role: Role) -> bool:
    """Whether somebody looks after people of a role: they may all that those may."""
    return "people" in caller.scopes and SCOPES[role] <= caller.scopes


def _check(account: Account, caller: Caller, *, kept: bool = False) -> None:
    """Let nobody give, or take from others, more than they have.

    Raises:
        Refused: `beyond_oneself`, `lists_not_for_role`.
    """
    if not _above(caller, account.role):
        raise Refused("beyond_oneself")
    if account.lists and account.role not in LIMITED and not kept:
        raise Refused("lists_not_for_role")


def _rights(account: Account) -> tuple[object, ...]:
    return account.role, frozenset(account.lists), account.disabled is None, account.subject


def _provided(account: Account) -> tuple[object, ...]:
    """What nobody changes here of an account that comes from the provider of identities."""
    return account.name, account.shown, account.email, account.role, frozenset(account.lists)
