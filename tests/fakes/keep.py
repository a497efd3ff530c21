"""A keep in memory, which may refuse to write."""

from connector.secret import Secret


class MemoryKeep:
    """What a driver kept, and every value that it ever had."""

    def __init__(self) -> None:
        self.held: dict[str, Secret] = {}
        self.history: list[str] = []
        self.full = False

    def get(self, name: str) -> Secret | None:
        """A secret, or None."""
        return self.held.get(name)

    async def put(self, name: str, secret: Secret) -> None:
        """Keep a secret, unless the disk is full."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.held[name] = secret
        self.history.append(secret.reveal())

    async def drop(self, name: str) -> None:
        """Forget a secret."""
        self.held.pop(name, None)
