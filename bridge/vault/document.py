"""What stands in the vault's file: secrets, each encrypted, and a seal over the whole.

The file is text: a line that names its form, one line of JSON, a seal and a checksum. The seal
(HMAC-SHA256) covers every byte before it, so that no entry can be dropped, swapped or taken from
an older file, and no header be changed. The checksum tells damage from a wrong key where no key
is at hand; it protects against nobody.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.vault.keys import KEY_BYTES, NONCE_BYTES
from bridge.vault.trouble import RESTORE, BadName, Damaged

FORM = b"roombridge-vault 1\n"
_ANY_FORM = b"roombridge-vault "
_END = re.compile(rb"seal ([0-9a-f]{64})\nsha256 ([0-9a-f]{64})\n", re.ASCII)
_CHECKSUM = len(b"sha256 \n") + 64
_ENDS = len(b"seal \n") + 64 + _CHECKSUM
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._/@-]{0,198}[a-z0-9])?")
KEPT_CHANGES = 200
"""How many changes the file remembers for the audit log."""


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the file."""


class Entry(_Value, frozen=True, kw_only=True):
    """One secret."""

    nonce: bytes
    text: bytes
    """Encrypted, with the data key's id, the name and when and by whom it was set bound to it."""
    at: datetime
    by: str


class Wrapped(_Value, frozen=True, kw_only=True):
    """The data key, as one of the vault's keys opens it."""

    key: str
    text: bytes


class Change(_Value, frozen=True, kw_only=True):
    """Something that was done to the vault."""

    number: int
    at: datetime
    by: str
    what: Literal["init", "set", "delete", "rotate"]
    name: str = ""


class Document(_Value, frozen=True, kw_only=True):
    """All of the file."""

    vault: str
    """The vault's own id, from its first day."""
    data_key: str
    """The id of the key that encrypts the entries; a rotation makes a new one."""
    keys: tuple[Wrapped, ...]
    entries: Mapping[str, Entry] = {}
    changes: tuple[Change, ...] = ()

    @property
    def context(self) -> bytes:
        """What a wrapped data key is bound to."""
        return f"{self.vault}\0{self.data_key}".encode()

    def noting(self, at: datetime, by: str, what: str, *names: str) -> "Document":
        """The same with changes added to those remembered."""
        last = self.changes[-1].number if self.changes else 0
        more = tuple(
            msgspec.convert(
                {"number": number, "at": at, "by": by, "what": what, "name": name}, Change
            )
            for number, name in enumerate(names or ("",), last + 1)
        )
        kept = (*self.changes, *more)[-KEPT_CHANGES:]
        return msgspec.structs.replace(self, changes=kept)


class DataKey:
    """The key behind one document's secrets and its seal."""

    def __init__(self, id_: str, key: bytes) -> None:
        self.id = id_
        self.key = key
        self._cipher = AESGCM(_derived(key, b"entries"))
        self._seal = _derived(key, b"seal")

    @classmethod
    def new(cls) -> "DataKey":
        """A random one."""
        return cls(secrets.token_hex(8), secrets.token_bytes(KEY_BYTES))

    def encrypted(self, name: str, value: str, at: datetime, by: str) -> Entry:
        """A secret as the file holds it."""
        at = at.astimezone(UTC)  # as it is read again: it is part of what is authenticated
        nonce = secrets.token_bytes(NONCE_BYTES)
        text = self._cipher.encrypt(nonce, value.encode(), self._bound(name, at, by))
        return Entry(nonce=nonce, text=text, at=at, by=by)

    def decrypted(self, name: str, entry: Entry) -> str:
        """The secret.

        Raises:
            Damaged: the entry is not what was encrypted under this name.
        """
        try:
            bound = self._bound(name, entry.at, entry.by)
            return self._cipher.decrypt(entry.nonce, entry.text, bound).decode()
        except (InvalidTag, ValueError) as error:
            raise Damaged(f"the vault's entry {name} is damaged", RESTORE) from error

    def seal(self, content: bytes) -> str:
        """What proves that content was written by who has this key."""
        return hmac.new(self._seal, content, hashlib.sha256).hexdigest()

    def _bound(self, name: str, at: datetime, by: str) -> bytes:
        return f"{self.id}\0{name}\0{at.isoformat()}\0{by}".encode()


def encoded(document: Document, key: DataKey) -> bytes:
    """The file's content."""
    content = FORM + msgspec.json.encode(document) + b"\n"
    content += f"seal {key.seal(content)}\n".encode()
    return content + f"sha256 {hashlib.sha256(content).hexdigest()}\n".encode()


def decoded(content: bytes) -> Document:
    """The document in a file; believe it only after `verify`.

    Raises:
        Damaged: this is no vault, or not as it was written.
    """
    ends = _END.fullmatch(content[-_ENDS:])
    if ends is None or hashlib.sha256(content[:-_CHECKSUM]).hexdigest().encode() != ends[2]:
        raise Damaged("the vault is damaged: its checksum is wrong", RESTORE)
    if not content.startswith(FORM):
        later = content.startswith(_ANY_FORM)
        raise Damaged(
            "the vault was written by a later version" if later else "the file is no vault",
            "install that version" if later else RESTORE,
        )
    try:
        return msgspec.json.decode(content[len(FORM) : -_ENDS], type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged("the vault is damaged: it cannot be read", RESTORE) from error


def verify(content: bytes, key: DataKey) -> None:
    """Make sure that whoever wrote a file had its key.

    Raises:
        Damaged: somebody else changed it.
    """
    ends = _END.fullmatch(content[-_ENDS:])
    if ends is None or not hmac.compare_digest(key.seal(content[:-_ENDS]).encode(), ends[1]):
        raise Damaged(
            "the vault was changed by somebody without its key: its seal is wrong", RESTORE
        )


def named(name: str) -> str:
    """A name that a secret can have.

    Raises:
        BadName: it cannot.
    """
    if not NAME.fullmatch(name):
        raise BadName(
            "this cannot be a secret's name",
            "a name is made of a-z, 0-9 and . _ - / @, such as m365 or endpoint/kestrel",
        )
    return name


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose: what encrypts does not also seal."""
    info = b"roombridge vault " + purpose
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
