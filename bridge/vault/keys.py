"""Keys that open a vault: each wraps the key by which the secrets are encrypted."""

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.vault.trouble import RESTORE, Damaged, NoKey

KEY_BYTES = 32
NONCE_BYTES = 12
"""96 bits, random: a key here encrypts far fewer than the 2^32 texts for which that is safe."""
CREDENTIAL = "vault-key"
UNIT_CREDENTIALS = Path("/run/credentials/roombridge.service")
"""Where root finds the running unit's credentials, for the command line beside it."""
_TEXT_LIMIT = 4096


class Key(Protocol):
    """A key-encryption key. What it does may take a while: never on the loop."""

    @property
    def id(self) -> str:
        """What the vault's file names it by; tells nothing of the key itself."""

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """A data key that only this key and the same context open again.

        Raises:
            VaultUnusable: the key cannot be used now.
        """

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key.

        Raises:
            VaultUnusable: it was not wrapped by this key, or the key cannot be used now.
        """


class LocalKey:
    """A key that this machine holds: 256 bits."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._id = hashlib.sha256(b"roombridge vault key\0" + key).hexdigest()[:16]

    @property
    def id(self) -> str:
        """A fingerprint of the key."""
        return f"local/{self._id}"

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """A nonce, then the encrypted data key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data_key, self._bound(context))

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key."""
        nonce, text = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, text, self._bound(context))
        except (InvalidTag, ValueError) as error:
            # It was this key's, by its id: what does not fit is what it wrapped.
            raise Damaged(
                "the vault was changed by somebody without its key: its data key is not whole",
                RESTORE,
            ) from error

    def _bound(self, context: bytes) -> bytes:
        return self.id.encode() + b"\0" + context


def new_key() -> str:
    """A new key as its file holds it: 64 hex digits."""
    return secrets.token_hex(KEY_BYTES)


def key_from(file: Path) -> LocalKey:
    """The key in a file.

    Raises:
        NoKey: there is no such file, or no key in it.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(_TEXT_LIMIT).decode("ascii", "replace").strip()
    except FileNotFoundError as error:
        raise NoKey(
            f"there is no key file {file}",
            "put the vault's key there again; `roombridge secrets init` makes one for a new vault",
        ) from error
    except OSError as error:
        raise NoKey(f"the key file {file} cannot be read: {error.strerror}") from error
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise NoKey(
            f"{file} holds no key", "64 hex digits are wanted, as `openssl rand -hex 32` makes them"
        )
    return LocalKey(bytes.fromhex(text))


def credential_file() -> Path | None:
    """The key that systemd hands over, or None where it hands over none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    for place in ([Path(folder)] if folder else []) + [UNIT_CREDENTIALS]:
        file = place / CREDENTIAL
        try:
            if file.exists():
                return file
        except OSError:  # the folder is for root and the unit only
            continue
    return None
