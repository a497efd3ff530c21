"""Where a driver keeps a secret that a service gave it and wants back later."""

from typing import Protocol

from connector.secret import Secret


class Keep(Protocol):
    """Secrets of one source, encrypted at rest; a refresh token is one.

    Names are the driver's own. What is put is there after a crash, or the former one is.
    """

    def get(self, name: str) -> Secret | None:
        """A secret, or None where there is none."""

    async def put(self, name: str, secret: Secret) -> None:
        """Keep a secret in place of the former one.

        Raises:
            OSError: it could not be kept.
        """

    async def drop(self, name: str) -> None:
        """Forget a secret; harmless where there is none."""
