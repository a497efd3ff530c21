"""Why a vault cannot be used, in words for people. No value is ever part of them."""

RESTORE = "restore it from a backup; the file was left as it is"


class VaultUnusable(Exception):
    """The vault cannot be read or written; nothing of it was changed.

    `fix` says what to do; `passes` whether waiting may be enough.
    """

    passes = False

    def __init__(self, words: str, fix: str = "") -> None:
        super().__init__(words)
        self.fix = fix


class NoVault(VaultUnusable):
    """There is no vault yet."""


class NoKey(VaultUnusable):
    """No key is configured, or what is configured cannot be read as one."""


class WrongKey(VaultUnusable):
    """The vault was closed with other keys than those configured."""


class Damaged(VaultUnusable):
    """The file is not what was written: a fault of the disk, or somebody changed it."""


class KeyServiceDown(VaultUnusable):
    """The key service does not answer now."""

    passes = True


class NoSuchSecret(VaultUnusable):
    """No secret of that name is in the vault."""


class BadName(VaultUnusable):
    """A name that no secret can have."""
