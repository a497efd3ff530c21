"""The vault: secrets by name, kept in one file, opened by any of its keys."""

import difflib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from bridge.vault import disk
from bridge.vault.document import (
    Change,
    DataKey,
    Document,
    Wrapped,
    decoded,
    encoded,
    named,
    verify,
)
from bridge.vault.keys import Key
from bridge.vault.trouble import NoKey, NoSuchSecret, NoVault, VaultUnusable, WrongKey
from connector.secret import Secret

Keys = Callable[[], Sequence[Key]]
"""The keys of this moment: a key's file may have been replaced.

Raises:
    VaultUnusable: one of them cannot be read.
"""
_LONGEST = 64 << 10
"""Characters of a secret; the longest are certificates with their key."""


class Listed(NamedTuple):
    """What may be told of a secret."""

    name: str
    at: datetime
    by: str


class _Open(NamedTuple):
    document: Document
    key: DataKey


class Vault:
    """One vault's file.

    What was opened stays in memory, still encrypted; `get` reads only there. Everything else reads
    and writes files and may ask a key service: never on the loop. Threads may share it.
    """

    def __init__(self, file: Path, keys: Keys) -> None:
        self.file = file
        self._keys = keys
        self._open: _Open | None = None
        self._known: DataKey | None = None
        self._one = threading.Lock()

    def exists(self) -> bool:
        """Whether there is a file at all."""
        return self.file.exists()

    def init(self, *, at: datetime, by: str) -> None:
        """Make an empty vault.

        Raises:
            VaultUnusable: there is one already, or no key.
            OSError: it could not be written.
        """
        with self._one, disk.alone(self.file):
            if disk.load(self.file) is not None:
                raise VaultUnusable(f"there is a vault already: {self.file}")
            key = DataKey.new()
            document = Document(vault=DataKey.new().id, data_key=key.id, keys=())
            document = document.noting(at, by, "init")
            self._write(_closed(document, key, self._usable_keys()), key)

    def reopen(self) -> None:
        """Read the file again.

        Raises:
            VaultUnusable: it cannot be opened; what was open before still is.
        """
        with self._one:
            self._open = self._read()

    @property
    def id(self) -> str:
        """The vault's own id, as it was opened last; empty before."""
        return self._open.document.vault if self._open else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The ids of the keys that open it."""
        return tuple(one.key for one in self._open.document.keys) if self._open else ()

    def get(self, name: str) -> Secret | None:
        """A secret as it was when the vault was opened last, or None where there is none."""
        opened = self._open
        entry = opened.document.entries.get(name) if opened else None
        if opened is None or entry is None:
            return None
        return Secret(opened.key.decrypted(name, entry), vault=name)

    def require(self, name: str) -> Secret:
        """A secret that must be there.

        Raises:
            NoSuchSecret: it is not; the fix names the nearest one.
            BadName: no secret can be called so.
        """
        found = self.get(named(name))
        if found is None:
            near = difflib.get_close_matches(name, [one.name for one in self.listed()], n=1)
            fix = f"did you mean {near[0]}?" if near else f"`roombridge secrets set {name}`"
            raise NoSuchSecret(f"there is no secret {name} in the vault", fix)
        return found

    def listed(self) -> list[Listed]:
        """Every secret's name, in order, and when and by whom it was set."""
        entries = self._open.document.entries if self._open else {}
        return [Listed(name, entry.at, entry.by) for name, entry in sorted(entries.items())]

    def changes(self, after: int) -> list[Change]:
        """What was done to the vault since a change, as far as the file remembers."""
        changes = self._open.document.changes if self._open else ()
        return [change for change in changes if change.number > after]

    def forgot(self, name: str) -> bool:
        """Whether a secret of that name was deleted, as far as the file remembers."""
        return any(one.name == name and one.what == "delete" for one in self.changes(0))

    def put(self, name: str, secret: Secret, *, at: datetime, by: str) -> None:
        """Keep a secret in place of the former one.

        Raises:
            VaultUnusable: the name or the secret cannot be kept, or the vault not be opened.
            OSError: it could not be written; the former one stays.
        """
        self.put_all({name: secret}, at=at, by=by)

    def put_all(self, secrets: Mapping[str, Secret], *, at: datetime, by: str) -> None:
        """Keep secrets in place of the former ones, all or none. Raises as `put` does."""
        values = {named(name): secret.reveal() for name, secret in secrets.items()}
        for value in values.values():
            if not value or len(value) > _LONGEST:
                raise VaultUnusable("the secret is too long" if value else "the secret is empty")
        with self._changing() as (document, key):
            new = {name: key.encrypted(name, value, at, by) for name, value in values.items()}
            changed = msgspec.structs.replace(document, entries={**document.entries, **new})
            for name in new:
                changed = changed.noting(at, by, "set", name)
            self._write(changed, key)

    def drop(self, name: str, *, at: datetime, by: str) -> bool:
        """Forget a secret; whether there was one. Raises as `put` does."""
        return bool(self.drop_these([name], at=at, by=by))

    def drop_these(self, names: Collection[str], *, at: datetime, by: str) -> list[str]:
        """Forget secrets in one write; the names that were there. Raises as `put` does."""
        return self._drop(lambda one: one in names, at, by)

    def drop_all(
        self, prefix: str, also: Collection[str] = (), *, at: datetime, by: str
    ) -> list[str]:
        """Forget secrets whose names begin so, and these; their names. Raises as `put` does."""
        return self._drop(lambda one: one.startswith(prefix) or one in also, at, by)

    def rotate(self, *, at: datetime, by: str, more: Sequence[Key] = ()) -> list[str]:
        """Encrypt everything by a new data key, wrapped by the configured keys and by `more`.

        The ids of those keys. It is one write: before it the former keys open the vault, after it
        these. Raises as `put` does.
        """
        with self._changing() as (document, key):
            new = DataKey.new()
            entries = {
                name: new.encrypted(name, key.decrypted(name, entry), entry.at, entry.by)
                for name, entry in document.entries.items()
            }
            changed = msgspec.structs.replace(document, data_key=new.id, entries=entries)
            changed = _closed(changed.noting(at, by, "rotate"), new, [*self._usable_keys(), *more])
            self._write(changed, new)
            return [one.key for one in changed.keys]

    def _drop(self, fits: Callable[[str], bool], at: datetime, by: str) -> list[str]:
        with self._changing() as (document, key):
            names = sorted(filter(fits, document.entries))
            if names:
                kept = {name: one for name, one in document.entries.items() if not fits(name)}
                changed = msgspec.structs.replace(document, entries=kept)
                self._write(changed.noting(at, by, "delete", *names), key)
            return names

    @contextmanager
    def _changing(self) -> Iterator[_Open]:
        """The newest document, while nobody else can write."""
        if not self.file.parent.is_dir():
            raise _no_vault(self.file)
        with self._one, disk.alone(self.file):
            yield self._read()

    def _read(self) -> _Open:
        content = disk.load(self.file)
        if content is None:
            raise _no_vault(self.file)
        document = decoded(content)
        key = self._known
        if key is None or key.id != document.data_key:
            key = DataKey(document.data_key, self._unwrapped(document))
        verify(content, key)
        self._known = key
        return _Open(document, key)

    def _unwrapped(self, document: Document) -> bytes:
        """The data key, by the first of our keys that opens it."""
        trouble: VaultUnusable | None = None
        keys = self._usable_keys()
        for key in keys:
            for wrapped in document.keys:
                if wrapped.key == key.id:
                    try:
                        return key.unwrap(wrapped.text, document.context)
                    except VaultUnusable as error:
                        trouble = trouble or error
        if trouble is not None:
            raise trouble
        raise WrongKey(
            f"the vault opens with {_either(one.key for one in document.keys)},"
            f" not with {_either(key.id for key in keys)}",
            "bring back the key it was closed with; the vault is as it was",
        )

    def _usable_keys(self) -> Sequence[Key]:
        keys = self._keys()
        if not keys:
            raise NoKey(
                "no key for the vault is configured",
                "set vault.key_file or vault.key_service, or hand over the credential vault-key",
            )
        return keys

    def _write(self, document: Document, key: DataKey) -> None:
        disk.replace(self.file, encoded(document, key))
        self._known = key
        self._open = _Open(document, key)


def _closed(document: Document, key: DataKey, keys: Sequence[Key]) -> Document:
    """The document with its data key wrapped by each of these keys."""
    context = document.context
    wrapped = {one.id: Wrapped(key=one.id, text=one.wrap(key.key, context)) for one in keys}
    return msgspec.structs.replace(document, keys=tuple(wrapped.values()))


def _no_vault(file: Path) -> NoVault:
    return NoVault(f"there is no vault yet ({file})", "`roombridge secrets init` makes one")


def _either(names: Iterator[str]) -> str:
    return " or ".join(names)
