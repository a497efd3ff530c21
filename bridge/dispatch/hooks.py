"""Where devices post to: a path that nobody can guess, for each of them its own."""

import hashlib
import secrets
from collections.abc import Set as AbstractSet

from yarl import URL

from bridge.settings.model import EndpointSettings
from connector.endpoint import Pulls

BYTES = 16
"""Of a secret that the bridge makes up: 128 bits."""


class Hooks:
    """The secrets of this process, and whose they are. They are never logged.

    Looked up by digest: how long that takes tells nothing about how much of a guess was right.
    """

    def __init__(self) -> None:
        self._owners: dict[bytes, str] = {}
        self._made: dict[str, str] = {}

    def path(self, settings: EndpointSettings, public_url: str) -> URL | None:
        """Where this device posts to, from now on; None where it cannot know the appliance."""
        secret = self._secret(settings)
        self._owners[_digest(settings.kind, secret)] = settings.id
        if not public_url:
            return None
        return URL(public_url) / "hooks" / settings.kind / secret

    def drop(self, settings: EndpointSettings) -> None:
        """Take nothing more from this device."""
        digest = _digest(settings.kind, self._secret(settings))
        if self._owners.get(digest) == settings.id:
            del self._owners[digest]

    def forget(self, known: AbstractSet[str]) -> None:
        """Forget the secrets of all other devices."""
        for name in self._made.keys() - known:
            del self._made[name]

    def owner(self, kind: str, secret: str) -> str | None:
        """Whose secret this is."""
        return self._owners.get(_digest(kind, secret))

    def _secret(self, settings: EndpointSettings) -> str:
        options = settings.options
        if isinstance(options, Pulls) and options.hook:
            return options.hook.reveal()
        return self._made.setdefault(settings.id, secrets.token_urlsafe(BYTES))


def _digest(kind: str, secret: str) -> bytes:
    return hashlib.blake2b(f"{kind}/{secret}".encode(), digest_size=16).digest()
