"""Who logs on: names, passwords, rights, and the count of wrong passwords that locks an account."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.simulators.exchange.mailbox import Mailbox


@dataclass(slots=True, kw_only=True)
class User:
    """An account of the directory."""

    name: str
    """`EXAMPLE\\svc` or `svc@example.com`."""
    password: str
    mailbox: Mailbox | None = None
    """The account's own mailbox, if it has one."""
    impersonates: frozenset[str] | None = field(default_factory=frozenset)
    """Addresses within its role ApplicationImpersonation; None for the whole organization."""
    delegate_of: frozenset[str] = frozenset()
    """Addresses of which it may read and write the calendar, and nothing else."""
    reviewer_of: frozenset[str] = frozenset()
    """Addresses of which it may only read the calendar."""
    disabled: bool = False
    wrong: int = 0
    """Wrong passwords in a row."""
    locked: bool = False

    def acts_for(self, address: str) -> bool:
        """Whether it may impersonate a mailbox."""
        return self.impersonates is None or address.lower() in self.impersonates

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return self.name.lower()


class People:
    """All accounts, found by whatever form of their name a client uses."""

    def __init__(self, lockout_after: int | None) -> None:
        self.lockout_after = lockout_after
        """Wrong passwords in a row after which an account is locked; None for never."""
        self._users: dict[str, User] = {}

    def add(self, user: User) -> User:
        """Add an account, or replace it."""
        self._users[user.key] = user
        return user

    def all(self) -> list[User]:
        """Every account."""
        return list(self._users.values())

    def find(self, name: str) -> User | None:
        """An account by any form of its name; a name without a domain must mean one alone."""
        wanted = name.lower()
        if wanted in self._users:
            return self._users[wanted]
        alike = [one for one in self._users.values() if wanted in forms(one.key)]
        return alike[0] if len(alike) == 1 else None

    def get(self, name: str) -> User:
        """An account.

        Raises:
            KeyError: there is none.
        """
        user = self.find(name)
        if user is None:
            raise KeyError(name)
        return user

    def admit(self, user: User | None, *, right: bool) -> User | None:
        """The account, if its password was right and it may log on; wrong ones are counted."""
        if user is None:
            return None
        if not right:
            user.wrong += 1
            user.locked |= self.lockout_after is not None and user.wrong >= self.lockout_after
        if not right or user.locked or user.disabled:
            return None
        user.wrong = 0
        return user


def forms(key: str) -> set[str]:
    """The forms of a name that mean the same account."""
    if "\\" in key:
        domain, _, name = key.partition("\\")
    else:
        name, _, domain = key.partition("@")
    short = domain.partition(".")[0]
    return {name, f"{domain}\\{name}", f"{short}\\{name}", f"{name}@{domain}"}


def addresses(given: Iterable[str]) -> frozenset[str]:
    """Addresses as they are compared."""
    return frozenset(one.lower() for one in given)
