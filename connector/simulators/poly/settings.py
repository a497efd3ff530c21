"""The settings of one unit, and the calendar account that they make up."""

from dataclasses import dataclass, field

from connector.simulators.poly.families import TRUTHS, Family, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where a unit reads its calendar, and as whom."""

    server: str
    """A host name, an IP address, or a whole URL."""
    domain: str
    username: str
    password: str = field(repr=False)
    mailbox: str
    """The room's SMTP address; empty for the user's own mailbox."""
    basic: bool
    """Whether it may log in with Basic."""

    @property
    def login(self) -> str:
        """The user as NTLM and Basic are told."""
        if self.domain and "@" not in self.username and "\\" not in self.username:
            return f"{self.domain}\\{self.username}"
        return self.username


class Settings:
    """Settings by the family's own names."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self._values = dict(family.defaults)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def get(self, name: str) -> str:
        """One of them; nothing where the family has it not."""
        return self._values.get(name, "")

    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._values)

    def set(self, name: str, value: str) -> None:
        """Change one.

        Raises:
            KeyError: this family has no such setting.
        """
        if name not in self._values:
            raise KeyError(name)
        self._values[name] = value

    def secret(self, name: str) -> bool:
        """Whether its value is never given back."""
        return name == self.family.parts["password"]

    def truth(self, name: str) -> bool:
        """Whether a setting says yes."""
        return self._values.get(name, "").lower() in TRUTHS

    def part(self, part: Part) -> str:
        """A part of the calendar account; nothing where the family has no such setting."""
        return self._values.get(self.family.parts.get(part, ""), "")

    def give(self, part: Part, value: str | bool) -> None:
        """Set a part of the calendar account, yes and no in the family's own words."""
        if isinstance(value, bool):
            value = self.family.on if value else self.family.off
        self.set(self.family.parts[part], value)

    def shows_private(self) -> bool:
        """Whether a private meeting's subject is shown."""
        return self.truth(self.family.parts["show_private"])

    def account(self) -> Account | None:
        """The calendar account; None while it is off or names no server."""
        if not self.truth(self.family.parts["enabled"]) or not self.part("server"):
            return None
        # A Trio that is given nothing else signs in with the address, and reads that mailbox.
        address = self._values.get("exchange.auth.email", "")
        return Account(
            server=self.part("server"),
            domain=self.part("domain"),
            username=self.part("username") or address,
            password=self.part("password"),
            mailbox=self.part("mailbox") or address,
            basic=self.truth(self.family.parts.get("basic", "")),
        )
