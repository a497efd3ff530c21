"""Which Event Hub Microsoft tells changes to, and where the appliance fetches them: settings.

https://learn.microsoft.com/graph/change-notifications-delivery-event-hubs
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec
from yarl import URL

from connector.secret import Secret

PREFIX = "EventHub:"
"""What tells Graph that a notification address is none to call."""
AMQPS, WSS = 5671, 443
"""Ports of AMQP over TLS and over WebSockets."""

_HOST = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,254}[A-Za-z0-9])?"
_GROUP = rf"\$Default|{_NAME}"
_ADDRESS = r"[A-Za-z0-9.-]+(:\d{1,5})?"


class Policy(NamedTuple):
    """A shared access policy, as a connection string names it."""

    host: str
    hub: str
    """Empty where it is of the whole namespace."""
    name: str
    key: str


class EventHub(msgspec.Struct, frozen=True, kw_only=True):
    """An Event Hub, for appliances that nobody can reach."""

    namespace: str = ""
    """Its namespace, whole: `example.servicebus.windows.net`."""
    hub: str = ""
    """Its name."""
    consumer_group: str = "$Default"
    """One for each appliance that reads this hub."""
    connection_string: Secret | None = None
    """Of a shared access policy with Listen; without it the application itself signs in."""
    key_vault_secret: str = ""
    """`https://VAULT.vault.azure.net/secrets/NAME`, from which Microsoft takes the right to send;
    without it Microsoft's service needs the role Azure Event Hubs Data Sender."""
    tenant_domain: str = ""
    """A domain of the tenant in which namespace or vault are."""
    transport: Literal["amqp", "websocket"] = "amqp"
    """Out to port 5671, or 443; through a proxy it is 443 in any case."""
    address: str = ""
    """Another host, or host:port, at which the namespace is reached: private gateways."""

    @property
    def notification_url(self) -> str:
        """How Graph is told of it."""
        where = self.key_vault_secret or f"https://{self.namespace}/eventhubname/{self.hub}"
        return f"{PREFIX}{where}?tenantId={self.tenant_domain}"

    def where(self, *, websocket: bool) -> tuple[str, int]:
        """Host and port to connect to."""
        host, _, port = (self.address or self.namespace).partition(":")
        return host, int(port) if port else WSS if websocket else AMQPS

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        checks = {
            "namespace": (_HOST, "must be whole, as example.servicebus.windows.net"),
            "hub": (_NAME, "must be the name of an Event Hub"),
            "tenant_domain": (_HOST, "must be a domain of the tenant, as example.com"),
            "consumer_group": (_GROUP, "must be the name of a consumer group"),
        }
        for key, (pattern, words) in checks.items():
            value: str = getattr(self, key)
            if not value:
                yield key, "required for notifications: eventhub"
            elif not re.fullmatch(pattern, value):
                yield key, words
        if self.address and not re.fullmatch(_ADDRESS, self.address):
            yield "address", "must be host or host:port"
        if self.key_vault_secret and not _is_secret(self.key_vault_secret):
            words = "must be https://VAULT.vault.azure.net/secrets/NAME"
            yield "key_vault_secret", words
        if self.connection_string:
            for words in self._unfit(self.connection_string):
                yield "connection_string_file", words

    def _unfit(self, text: Secret) -> Iterator[str]:
        """Why a connection string is not the one of this hub."""
        try:
            given = policy(text)
        except ValueError as error:
            yield str(error)
            return
        if self.namespace and given.host.lower() != self.namespace.lower():
            yield "is of another namespace"
        if given.hub and given.hub.lower() != self.hub.lower():
            yield "is of another hub"


def policy(text: Secret) -> Policy:
    """What a connection string says; no error holds anything of it.

    Raises:
        ValueError: it is none, or of another form than with a policy's name and key.
    """
    parts = {}
    for part in text.reveal().strip().split(";"):
        name, _, value = part.partition("=")
        parts[name.strip().lower()] = value.strip()
    needed = [parts.get(key) for key in ("endpoint", "sharedaccesskeyname", "sharedaccesskey")]
    endpoint, name_, key = (one or "" for one in needed)
    if not (endpoint and name_ and key):
        raise ValueError("must be a connection string with Endpoint, SharedAccessKeyName and …Key")
    host = re.fullmatch(rf"sb://({_HOST})/?", endpoint)
    if host is None:
        raise ValueError("its Endpoint must be sb:// and the namespace")
    return Policy(host[1], parts.get("entitypath", ""), name_, key)


def _is_secret(text: str) -> bool:
    try:
        url = URL(text)
    except ValueError:
        return False
    parts = url.parts[1:]
    named = len(parts) in {2, 3} and parts[0] == "secrets" and all(parts)
    return url.scheme == "https" and bool(url.host) and named and not url.query_string
