"""Service accounts: their keys, what was delegated to them, and the tokens they hold.

https://developers.google.com/identity/protocols/oauth2/service-account
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def _first_key() -> rsa.RSAPrivateKey:
    """One key for the first of every account: to make one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Token:
    """Who may use an access token, for what and until when."""

    account: str
    subject: str
    """Whom the account acts for; itself where nothing was delegated."""
    scopes: frozenset[str]
    expires: datetime


@dataclass(kw_only=True)
class ServiceAccount:
    """A service account of a project."""

    email: str
    project: str = "room-calendar-bridge"
    disabled: bool = False
    delegated: set[str] = field(default_factory=set)
    """Scopes that an administrator gave it for everybody in the domain."""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.keys:
            self.keys[key_id(self.email, 0)] = _first_key()

    @property
    def client_id(self) -> str:
        """The number by which administrators delegate to it."""
        return str(int(sha256(self.email.encode()).hexdigest()[:16], 16)).zfill(21)[:21]

    def rotate(self) -> str:
        """Make another key beside those there are; its id."""
        name = key_id(self.email, len(self.keys) + 1)
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return name

    def delete_key(self, name: str) -> None:
        """A key that no longer counts.

        Raises:
            KeyError: there is no such key.
        """
        del self.keys[name]

    def key_file(self, token_url: str, name: str = "") -> str:
        """The JSON that Google hands out for a key; the newest unless one is named."""
        name = name or list(self.keys)[-1]
        told = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": name,
            "private_key": self.keys[name].private_bytes(*_PEM).decode(),
            "client_email": self.email,
            "client_id": self.client_id,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_url,
            "universe_domain": "googleapis.com",
        }
        return msgspec.json.encode(told).decode()


def key_id(email: str, number: int) -> str:
    """The id of a key: forty digits in hex."""
    return sha256(f"{email}/{number}".encode()).hexdigest()[:40]
