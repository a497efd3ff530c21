"""Who is told of troubles."""

from collections.abc import Iterator
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from typing import Literal

import msgspec

from bridge.settings.addresses import fit, loopback
from connector.secret import Secret

LONGEST_HOLD = timedelta(hours=1)


class Smtp(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server, and who gets mail."""

    host: str
    """Its name, which its certificate must carry."""
    port: int = 0
    """Else 587 for `starttls`, 465 for `tls`, 25 for `none`."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` is demanded, not only tried; `none` is for a server in the same rack."""
    username: str = ""
    """Where the server asks for a login."""
    password: Secret | None = None
    """Its password."""
    sender: str = msgspec.field(name="from")
    """The address that mails come from."""
    to: tuple[str, ...]
    """The addresses that they go to."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A service that is told in JSON."""

    url: Secret
    """https, or http on loopback; a secret, as many services put their key into it."""
    token: Secret | None = None
    """Sent as `Authorization: Bearer`."""


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of troubles, and how soon."""

    hold: timedelta = timedelta(seconds=60)
    """What happens within this time is one message; what is over by then is none."""
    smtp: Smtp | None = None
    """Mail, by a server of the site's."""
    webhooks: tuple[Webhook, ...] = ()
    """Services that are told in JSON."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not timedelta() < self.hold <= LONGEST_HOLD:
            yield "hold", "must be at most 1h, and not 0"
        for number, hook in enumerate(self.webhooks):
            if hook.url and not fit(hook.url.reveal()):
                yield f"webhooks[{number}].url", "must be an https:// URL, or http:// on loopback"
        smtp = self.smtp
        if smtp is None:
            return
        if not 0 <= smtp.port <= 65535:
            yield "smtp.port", "must be between 1 and 65535"
        if not smtp.to:
            yield "smtp.to", "must name an address"
        for key, addresses in (("from", [smtp.sender]), ("to", smtp.to)):
            if not all(map(_is_address, addresses)):
                yield f"smtp.{key}", "must be mail addresses, such as rooms@example.com"
        if smtp.tls == "none" and smtp.username and not loopback(smtp.host):
            yield "smtp.tls", "must not be none with a login: the password would travel in clear"


def _is_address(text: str) -> bool:
    try:
        found = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    return bool(found.username and found.domain) and text.isascii() and text.isprintable()
