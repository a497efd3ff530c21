"""A service account's key file, and the assertions that are signed with it.

https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
"""

from datetime import datetime, timedelta

import msgspec
from google.auth import crypt, jwt

GOOGLE = "https://oauth2.googleapis.com/token"
"""The audience of an assertion, where the key file names none."""
LIFE = timedelta(minutes=55)
"""How long an assertion is good for; Google takes an hour, and clocks differ."""


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON that Google hands out once for each key."""

    client_email: str
    private_key: str
    private_key_id: str = ""
    type: str = ""
    token_uri: str = ""

    def __repr__(self) -> str:
        return "<key of a service account>"


class Signer:
    """Signs for one service account: what every token begins with."""

    def __init__(self, text: str) -> None:
        """Read the key.

        Raises:
            ValueError: the JSON or the key inside makes no sense.
        """
        self._file = read(text)
        # The library is the one thing of Google's that is used here; it brings its own RSA.
        self._signer = crypt.RSASigner.from_string(  # type: ignore[no-untyped-call] # it has no types
            self._file.private_key, self._file.private_key_id or None
        )

    def assertion(self, scope: str, subject: str, now: datetime) -> str:
        """Who asks, for what, until when; with a subject in somebody else's name."""
        issued = int(now.timestamp())
        claims = {
            "iss": self._file.client_email,
            "scope": scope,
            "aud": self._file.token_uri or GOOGLE,
            "iat": issued,
            "exp": issued + int(LIFE.total_seconds()),
        }
        if subject:
            claims["sub"] = subject
        signed: bytes = jwt.encode(self._signer, claims)  # type: ignore[no-untyped-call] # it has no types
        return signed.decode()


def read(text: str) -> KeyFile:
    """The parts of a key file.

    Raises:
        ValueError: it is no key file of a service account.
    """
    try:
        file = msgspec.json.decode(text, type=KeyFile)
    except ValueError:
        # The decoder's own words may quote what it read.
        raise ValueError("is not the JSON key of a service account") from None
    if file.type != "service_account" or "PRIVATE KEY-----" not in file.private_key:
        raise ValueError("is not the JSON key of a service account")
    return file
