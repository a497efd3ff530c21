"""Where a unit listens, and the certificate and host key it shows there."""

from aiohttp import web

from connector.certificates import Certificate
from connector.simulators.certified import Kind, context, renewed
from connector.simulators.poly.reader import Reader
from connector.simulators.poly.unit import Unit


class Address:
    """A unit's addresses, for as long as it is served."""

    def __init__(self, unit: Unit, host: str = "", *, tls: bool = False) -> None:
        self.unit = unit
        self.host = host
        self.port = 0
        """Of REST and the control API."""
        self.telnet_port = 0
        """0 where it has no CLI."""
        self.ssh_port = 0
        self.ssh_fingerprint = ""
        """Of its host key: `SHA256:…`, as ssh-keygen writes it."""
        self.reader: Reader | None = None
        """What reads its calendar; None where nothing does."""
        self.context = context() if tls else None
        self.certificate: Certificate | None = None

    @property
    def url(self) -> str:
        """Where requests go."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.context else 'http'}://{host}:{self.port}"

    @property
    def fingerprint(self) -> str:
        """What a careful person enters for this unit; nothing without TLS."""
        return self.certificate.fingerprint if self.certificate else ""

    async def renew(self, kind: Kind = "new") -> None:
        """Sign another certificate; connections that are open keep the former one.

        Raises:
            ValueError: it is not served with TLS.
        """
        self.certificate = await renewed(self.context, self.host, kind)


ADDRESS = web.AppKey("ADDRESS", Address)


def place_of(request: web.Request) -> Address:
    """Where a request came in."""
    return request.config_dict[ADDRESS]


def unit_of(request: web.Request) -> Unit:
    """The unit that a request is for."""
    return place_of(request).unit
