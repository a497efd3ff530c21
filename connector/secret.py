"""Secrets that print as `<secret>`."""

from pathlib import Path


class Secret:
    """A password, key or token; only `reveal` gives it away.

    `file` and `vault` say where it came from: its file, or its name in the vault.
    """

    __slots__ = ("_value", "file", "vault")

    def __init__(self, value: str, file: Path | None = None, vault: str = "") -> None:
        self._value = value
        self.file = file
        self.vault = vault

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._value

    def __bool__(self) -> bool:
        """Whether it is known: False for one that the configuration names and nobody can read."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "<secret>"
