"""The four ways in which the outside world fails, named after who must act."""

from datetime import timedelta


class ConnectorError(Exception):
    """A service or device did not do what it was asked.

    `reason` is a stable code, fit for a metric label. The message tells a person what happened,
    `fix` what to do about it where the driver knows better than the general advice; neither holds
    a secret, subject, person or URL key. `everywhere` is true when the whole service is concerned
    rather than one room.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        fix: str = "",
        retry_after: timedelta | None = None,
        everywhere: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.fix = fix
        self.retry_after = retry_after
        self.everywhere = everywhere


class Unavailable(ConnectorError):
    """Nobody: it passes by itself (outage, throttling, time-out)."""


class Denied(ConnectorError):
    """Whoever grants rights: credentials or permissions are missing."""


class NotFound(ConnectorError):
    """Whoever keeps the room list: the mailbox or device is not there."""


class Malformed(ConnectorError):
    """Whoever runs the service or the network between: the answer makes no sense."""
