"""Accounts of people: who may sign in, as what, and for which room lists."""

import asyncio
import secrets
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from bridge.callers import SCOPES, Role, Scope
from bridge.people.refused import Refused
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

LIMITED: frozenset[Role] = frozenset(["viewer", "facilities"])
"""Roles that may be for some room lists only; facilities always are."""

Beside = Callable[["Tables"], object]
"""What is written together with a change."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in. Their password is kept apart."""

    id: str
    name: str
    """What they type to sign in; the case of letters does not count."""
    shown: str = ""
    """What others call them."""
    email: str = ""
    role: Role
    lists: tuple[str, ...] = ()
    """The room lists that they look after."""
    subject: str | None = None
    """Who they are to the provider of their identity; None for local accounts."""
    has_password: bool = False
    created: datetime
    disabled: datetime | None = None
    version: int = 1
    """Counts changes."""

    @property
    def within(self) -> frozenset[str] | None:
        """The only room lists that they see; None for all rooms."""
        if self.role == "facilities" or (self.role in LIMITED and self.lists):
            return frozenset(self.lists)
        return None

    @property
    def scopes(self) -> frozenset[Scope]:
        """What they may."""
        return SCOPES[self.role]


class Provided(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as the provider of their identity tells of them today."""

    subject: str
    """The provider's issuer and, behind a space, who they are to it."""
    name: str
    """What their account is called, if it is not there yet and nobody has this name."""
    shown: str
    email: str
    role: Role
    lists: tuple[str, ...]

    def onto(self, account: Account) -> Account:
        """Their account as it is from now on; what it is called stays."""
        return msgspec.structs.replace(
            account, shown=self.shown, email=self.email, role=self.role, lists=self.lists
        )


def login(name: str) -> str:
    """A name as it is compared: however it was typed (Unicode's caseless matching, D146)."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


class Accounts:
    """All accounts. One change at a time, so that no two of them take away the last owner."""

    def __init__(self, database: Database, enters: Callable[[Account], bool]) -> None:
        self._database = database
        self._enters = enters
        """Whether somebody can sign in today."""
        self._by_id: dict[str, Account] = {}
        self._by_login: dict[str, str] = {}
        self._by_subject: dict[str, str] = {}
        self._passwords: dict[str, str] = {}
        self._changing = asyncio.Lock()
        columns = ", ".join(("password", *_COLUMNS))
        for kept, *row in database.rows(f"SELECT {columns} FROM people ORDER BY created"):  # noqa: S608
            self._hold(_account(row, has_password=kept is not None), kept)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def get(self, id_: str) -> Account | None:
        """An account by its id."""
        return self._by_id.get(id_)

    def named(self, name: str) -> Account | None:
        """An account by what is typed to sign in."""
        return self._by_id.get(self._by_login.get(login(name), ""))

    def of_subject(self, subject: str) -> Account | None:
        """An account by who its owner is to their provider."""
        return self._by_id.get(self._by_subject.get(subject, ""))

    def password(self, id_: str) -> str | None:
        """A password as it is kept."""
        return self._passwords.get(id_)

    @property
    def owned(self) -> bool:
        """Whether some owner can sign in."""
        return any(map(self._owns, self))

    async def add(self, account: Account, beside: Beside = lambda _: None) -> Account:
        """One more; it gets an id of its own.

        Raises:
            Refused: `name_taken`.
            sqlite3.Error: nothing was kept.
        """
        async with self._changing:
            account = msgspec.structs.replace(account, id=secrets.token_hex(6))
            self._check_free(account)
            row = _row(account)

            def write(tables: "Tables") -> None:
                tables.table("people").insert(row)
                beside(tables)

            await self._database.change(write)
            self._hold(account, None)
        return account

    async def change(
        self,
        id_: str,
        to: Callable[[Account], Account],
        *,
        password: str | None = None,
        beside: Beside = lambda _: None,
        owned: bool = True,
    ) -> tuple[Account, Account]:
        """Change an account by what it is when its turn comes; as it was, and as it is.

        With `owned` somebody must be able to let others in after it.

        Raises:
            Refused: `unknown_person`, `name_taken`, `last_owner`; or what `to` raises.
            sqlite3.Error: nothing was kept.
        """
        async with self._changing:
            was = self._by_id.get(id_)
            if was is None:
                raise Refused("unknown_person")
            now = msgspec.structs.replace(to(was), id=was.id, version=was.version + 1)
            if password is not None:
                now = msgspec.structs.replace(now, has_password=True)
            self._check_free(now)
            if owned:
                self._check_owned(was, now)
            row = _row(now) | ({"password": password} if password is not None else {})

            def write(tables: "Tables") -> None:
                tables.table("people").update(now.id, row)
                beside(tables)

            await self._database.change(write)
            self._let_go(was)
            self._hold(now, password if password is not None else self._passwords.get(was.id))
        return was, now

    async def remove(
        self, id_: str, check: Callable[[Account], object], beside: Beside = lambda _: None
    ) -> Account:
        """Take an account away; `check` may refuse by what it is when its turn comes.

        Raises:
            Refused: `unknown_person`, `last_owner`; or what `check` raises.
            sqlite3.Error: nothing was kept.
        """
        async with self._changing:
            was = self._by_id.get(id_)
            if was is None:
                raise Refused("unknown_person")
            check(was)
            self._check_owned(was, None)

            def write(tables: "Tables") -> None:
                tables.table("people").delete(id_)
                beside(tables)

            await self._database.change(write)
            self._let_go(was)
            del self._by_id[id_]
            self._passwords.pop(id_, None)
        return was

    # --- room lists that get other ids

    def holding(self, room_list: str) -> int:
        """How many are for a room list, those that are disabled too."""
        return sum(room_list in one.lists for one in self)

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Nobody is changed meanwhile."""
        async with self._changing:
            yield

    def moved(self, lists: Mapping[str, str]) -> Iterator[tuple[Account, Account]]:
        """Accounts that name lists by former ids, as they are and as they are to be."""
        for one in self:
            if not lists.keys().isdisjoint(one.lists):
                named = tuple(lists.get(name, name) for name in one.lists)
                yield one, msgspec.structs.replace(one, lists=named, version=one.version + 1)

    @staticmethod
    def write(tables: "Tables", account: Account) -> None:
        """Keep one as it is to be, on the database's thread."""
        tables.table("people").update(account.id, _row(account))

    def hold(self, account: Account) -> None:
        """One is another now, and is kept as that already."""
        self._by_id[account.id] = account

    def _check_free(self, account: Account) -> None:
        """Two people of one name, or of one subject, would be one to those who sign in."""
        of_name = self._by_login.get(login(account.name), account.id)
        of_subject = self._by_subject.get(account.subject or "", account.id)
        if {of_name, of_subject} != {account.id}:
            raise Refused("name_taken")

    def _check_owned(self, was: Account, now: Account | None) -> None:
        """Nobody could let anybody in again."""
        if not self._owns(was) or (now is not None and self._owns(now)):
            return
        if not any(self._owns(one) for one in self if one.id != was.id):
            raise Refused("last_owner")

    def _owns(self, account: Account) -> bool:
        """Whether somebody can let others in."""
        return account.role == "owner" and self._enters(account)

    def _hold(self, account: Account, password: str | None) -> None:
        self._by_id[account.id] = account
        self._by_login[login(account.name)] = account.id
        if account.subject is not None:
            self._by_subject[account.subject] = account.id
        if password is not None:
            self._passwords[account.id] = password

    def _let_go(self, account: Account) -> None:
        self._by_login.pop(login(account.name), None)
        self._by_subject.pop(account.subject or "", None)


_COLUMNS = (
    "id",
    "name",
    "shown",
    "email",
    "role",
    "lists",
    "subject",
    "created",
    "disabled",
    "version",
)


def _row(account: Account) -> dict[str, Any]:
    """All but the password."""
    kept: dict[str, Any] = {name: getattr(account, name) for name in _COLUMNS}
    return kept | {
        "login": login(account.name),
        "lists": msgspec.json.encode(account.lists).decode(),
        "created": account.created.isoformat(),
        "disabled": account.disabled.isoformat() if account.disabled else None,
    }


def _account(row: list[Any], *, has_password: bool) -> Account:
    kept: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    disabled = kept["disabled"]
    return Account(
        **kept
        | {
            "lists": msgspec.json.decode(kept["lists"], type=tuple[str, ...]),
            "created": datetime.fromisoformat(kept["created"]),
            "disabled": datetime.fromisoformat(disabled) if disabled else None,
            "has_password": has_password,
        }
    )
