"""What a configuration says, as frozen values."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

import msgspec

from bridge.settings.alerts import Alerts
from bridge.settings.audit import AuditSettings
from bridge.settings.displays import CheckInSettings, DisplaySettings, check_in, display_policy
from bridge.settings.people import PeopleSettings
from bridge.settings.typed import Network
from connector import load
from connector.feeds.broker import Broker
from connector.outside import Proxy, Trust
from connector.presence import TellsPresence
from connector.secret import Secret
from rooms.join import Dialing, Rules
from rooms.model import Buffers
from rooms.room import AutoJoin, Policy, Privacy, Room, Writes

PRIVATE_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A part of `bridge.yaml`."""


class Tls(Settings, frozen=True, kw_only=True):
    """The appliance's certificate."""

    certificate_file: Path
    """PEM: the certificate, then those above it."""
    key_file: Path
    """PEM: its private key, without a passphrase."""


class Listen(Settings, frozen=True, kw_only=True):
    """Where displays and people find the appliance."""

    address: str = "0.0.0.0"  # noqa: S104 - displays are elsewhere
    """An address of this machine; `0.0.0.0` or `::` for all of them."""
    port: int = 8443
    """0 for any that is free."""
    tls: Tls | None = None
    """Without it the appliance makes a certificate of its own at its first start."""
    behind_proxy: tuple[Network, ...] = ()
    """Reverse proxies that end TLS; plain http is then served, to them only."""


class Legacy(Settings, frozen=True, kw_only=True):
    """A listener beside the other, for units that speak only old TLS, or none."""

    port: int
    """Another one than `listen.port`, or the same at another address of this machine."""
    networks: tuple[Network, ...]
    """Where those units are; others are hung up on without an answer."""
    address: str = "0.0.0.0"  # noqa: S104 - units are elsewhere
    """An address of this machine; `0.0.0.0` or `::` for all of them."""
    tls: Literal["weak", "none"] = "weak"
    """`weak`: from TLS 1.0, with the ciphers of its time; `none`: plain http."""


class WindowSpan(Settings, frozen=True, kw_only=True):
    """How much of each calendar is served."""

    past: timedelta = timedelta(days=1)
    """Before now, at most 550d."""
    ahead: timedelta = timedelta(days=7)
    """From now on, at most 550d."""


class ChangesSpan(Settings, frozen=True, kw_only=True):
    """How much of each calendar is watched for changes."""

    past: timedelta = timedelta(days=180)
    """Before now, at most 550d."""
    ahead: timedelta = timedelta(days=550)
    """From now on, at most 550d."""


class Poll(Settings, frozen=True, kw_only=True):
    """How often a calendar is read."""

    near: timedelta = timedelta(seconds=60)
    """While a meeting starts within a quarter of an hour."""
    far: timedelta = timedelta(seconds=90)
    """Otherwise."""
    safety: timedelta = timedelta(minutes=15)
    """Beside notifications."""


class JoinSettings(Settings, frozen=True, kw_only=True):
    """When and how meetings are joined."""

    start_buffer: timedelta = Buffers().start
    """How long before its start a meeting can be joined."""
    end_buffer: timedelta = Buffers().end
    """How long after its end it still can be."""
    zoom_region: str = ""
    """Whose H.323 address is dialled: a region of Zoom's, by the names in docs/join.md."""
    zoom_gateway: str = ""
    """An H.323 address of the site's own, before the region's."""
    zoom_domain: str = ""
    """A SIP domain of the site's own instead of the one that is printed."""
    layout: str = ""
    """The number of the picture layout to start with."""
    host_key: Secret | None = None
    """The six digits that make the room the host."""
    include_passcode: bool = True
    """Whether nobody has to type the passcode."""
    may_ask: bool = True
    """Whether a meeting is dialled whose numeric passcode is unknown: it asks for it then."""


class PrivacySettings(Settings, frozen=True, kw_only=True):
    """What a private meeting shows."""

    private_title: str = Privacy().private_title
    """What stands in place of its title."""
    show_organizer: bool = Privacy().show_organizer
    """Whether its organizer is shown all the same."""
    private_join: bool = Privacy().private_join
    """Whether it can be joined."""


class AutoJoinSettings(Settings, frozen=True, kw_only=True):
    """When rooms dial and hang up by themselves."""

    enabled: bool = True
    """`false` in a room ends there what bridge.yaml began."""
    before: timedelta | None = None
    """So long before its start a meeting is dialled, at most `join.start_buffer`; without it,
    never."""
    leave: timedelta | None = None
    """So long after its end a meeting's call is ended; without it, never."""


class Mailboxes(Settings, frozen=True, kw_only=True):
    """What may be asked for of a source, whoever adds it as a room."""

    domains: tuple[str, ...] = ()
    """Mail domains all of whose mailboxes may be asked for."""
    allow: tuple[str, ...] = ()
    """Single addresses beside them."""
    canary: str = ""
    """A mailbox that the identity must not be able to read."""

    def allows(self, mailbox: str) -> bool:
        """Whether this mailbox may be read."""
        if not self.domains and not self.allow:
            return True
        address = mailbox.lower()
        domain = address.rpartition("@")[2]
        return address in map(str.lower, self.allow) or domain in map(str.lower, self.domains)


class KeyService(Settings, frozen=True, kw_only=True):
    """A key that never leaves its service: the transit engine of OpenBao or HashiCorp Vault."""

    url: str
    """Its address, without `/v1`; https, or http on loopback."""
    key: str
    """The name of the key in the transit engine."""
    token_file: Path
    """The file with a token that may encrypt and decrypt; it is read anew for each call."""
    mount: str = "transit"
    """The path at which the transit engine is mounted."""
    ca_file: Path | None = None
    """PEM: authorities that are trusted for it besides the system's."""


class VaultSettings(Settings, frozen=True, kw_only=True):
    """What opens the vault in `data_dir`; without either, the credential `vault-key` of systemd."""

    key_file: Path | None = None
    """A file with 64 hex digits; `roombridge secrets init` makes it."""
    key_service: KeyService | None = None
    """A key service instead of a file, or beside it while the vault moves from one to the other."""


class Site(Settings, frozen=True, kw_only=True):
    """`bridge.yaml` but for its sources."""

    listen: Listen = Listen()
    behind_proxy: tuple[Network, ...] = ()
    """The same as `listen.behind_proxy`."""
    legacy: Legacy | None = None
    """For old units only, and for the few paths that they need; health warns while it is there."""
    alerts: Alerts | None = None
    """Who is told of what fails, and of its end."""
    audit: AuditSettings = AuditSettings()
    """Where the head of the audit log's chain is sent."""
    mqtt: Broker | None = None
    """A broker that is told how every room stands, without titles and people."""
    public_url: str = ""
    """How people and services elsewhere reach the appliance: in links and codes."""
    data_dir: Path = Path("/var/lib/roombridge")
    """Where the last agendas, tokens and the audit log are kept."""
    vault: VaultSettings = VaultSettings()
    people: PeopleSettings = PeopleSettings()
    rooms: Path | None = None
    """The room list: a file, or a folder of them; else rooms.yaml beside this file."""
    inventory: Literal["files", "store"] = "files"
    """Where the room list is: in files, or in the database, where the admin page changes it."""
    window: WindowSpan = WindowSpan()
    changes: ChangesSpan = ChangesSpan()
    poll: Poll = Poll()
    stale_after: timedelta = timedelta(minutes=20)
    """An agenda not read well for this long says so everywhere."""
    retention: timedelta | None = None
    """How long a booking is kept after its end: a day, or the past of the window if longer."""
    ca_file: Path | None = None
    """PEM: authorities that outgoing TLS connections trust besides the system's."""
    proxy: Proxy | None = None
    """For every source that has none of its own."""
    endpoint_secrets_dir: Path | None = None
    """The folder below which room systems' passwords lie; else the one of this file."""
    endpoint_networks: tuple[Network, ...] = PRIVATE_NETWORKS
    """Room systems elsewhere are refused; without it the private ranges and loopback."""
    acknowledge: tuple[Literal["cisco_permitted_use"], ...] = ()
    """Conditions of vendors that this site has read."""
    join: JoinSettings = JoinSettings()
    privacy: PrivacySettings = PrivacySettings()
    auto_join: AutoJoinSettings = AutoJoinSettings()
    display: DisplaySettings = DisplaySettings()
    check_in: CheckInSettings = CheckInSettings()
    all_day: Literal["show", "hide"] = "show"
    """All-day meetings."""
    tentative: Literal["show", "join", "hide"] = "show"
    """Meetings the room has not accepted: without a button, with one, or not at all."""
    writes: Writes = "none"
    """What may be changed in calendars: nothing, giving rooms back, booking too, series too."""

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The reverse proxies in front, wherever they were named."""
        return (*self.listen.behind_proxy, *self.behind_proxy)

    @property
    def keeps(self) -> timedelta:
        """How long a booking is kept after its end."""
        return self.retention or min(max(timedelta(days=1), self.window.past), timedelta(days=30))


class SourceSettings(Settings, frozen=True, kw_only=True):
    """One calendar source."""

    kind: str
    options: Any
    """The `Options` of its driver."""
    mailboxes: Mailboxes = Mailboxes()
    proxy: Proxy | None = None
    tls: Trust = Trust()
    budget: int | None = None
    """Requests a day; None for what its service allows, if that is known."""


class EndpointSettings(Settings, frozen=True, kw_only=True):
    """One room system."""

    id: str
    kind: str
    room: str
    options: Any
    """The `Options` of its driver."""


class RoomList(Settings, frozen=True, kw_only=True):
    """A building, a floor, or any other grouping of rooms."""

    id: str
    name: str = ""
    """What people call it; else its id."""
    parent: str = ""
    """The room list that it is a part of, as a floor is of a building."""


class Inventory(Settings, frozen=True, kw_only=True):
    """`rooms.yaml`: what facilities staff own."""

    rooms: tuple[Room, ...] = ()
    lists: tuple[RoomList, ...] = ()
    endpoints: tuple[EndpointSettings, ...] = ()


class Configuration(Settings, frozen=True, kw_only=True):
    """All of it."""

    file: Path
    read: tuple[Path, ...] = ()
    """Every file that it came from."""
    site: Site = Site()
    sources: Mapping[str, SourceSettings] = {}
    inventory: Inventory = Inventory()
    rules: Rules = Rules()
    """`join.rules`: the site's own, tried before what is built in."""


def writing_sources(configuration: Configuration) -> Iterator[tuple[str, SourceSettings]]:
    """The sources of rooms whose calendars may be changed, where that is possible at all."""
    wanted = {room.source for room in configuration.inventory.rooms if room.policy.writes != "none"}
    for name, source in configuration.sources.items():
        if name in wanted and source.kind in load.writing_kinds():
            yield name, source


def presence_sources(configuration: Configuration) -> Iterator[tuple[str, SourceSettings]]:
    """The sources that are to show whether their rooms are used."""
    for name, source in configuration.sources.items():
        options = source.options
        if isinstance(options, TellsPresence) and options.presence == "write":
            yield name, source


def policy(site: Site) -> Policy:
    """The policy of rooms that have none of their own."""
    return Policy(
        privacy=Privacy(**msgspec.structs.asdict(site.privacy)),
        all_day=site.all_day,
        tentative=site.tentative,
        buffers=buffers(site.join),
        dialing=dialing(site.join),
        writes=site.writes,
        auto_join=auto_join(site.auto_join),
        display=display_policy(site.display),
        check_in=check_in(site.check_in),
    )


def auto_join(settings: AutoJoinSettings) -> AutoJoin:
    """When a room dials and hangs up by itself."""
    if not settings.enabled:
        return AutoJoin()
    return AutoJoin(before=settings.before, leave=settings.leave)


def buffers(settings: JoinSettings) -> Buffers:
    """When meetings can be joined."""
    return Buffers(start=settings.start_buffer, end=settings.end_buffer)


def dialing(settings: JoinSettings) -> Dialing:
    """How meetings are dialled."""
    return Dialing(
        zoom_region=settings.zoom_region,
        zoom_gateway=settings.zoom_gateway,
        zoom_domain=settings.zoom_domain,
        layout=settings.layout,
        host_key=settings.host_key.reveal() if settings.host_key else "",
        include_passcode=settings.include_passcode,
        may_ask=settings.may_ask,
    )
