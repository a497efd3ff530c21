"""Read the room list: rooms, their lists, their endpoints."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from bridge.settings import files
from bridge.settings.authorities import Authorities
from bridge.settings.displays import CheckInSettings, DisplaySettings, check_in, display_policy
from bridge.settings.model import (
    AutoJoinSettings,
    EndpointSettings,
    Inventory,
    JoinSettings,
    PrivacySettings,
    RoomList,
    Settings,
    Site,
    SourceSettings,
    auto_join,
    buffers,
    dialing,
    policy,
)
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Named, Secrets
from bridge.settings.typed import BAD, Reader, names
from connector import load
from connector.endpoint import Pulls, Reads
from connector.outside import within
from rooms.join import zoom
from rooms.room import Policy, Room, Writes
from rooms.zones import from_windows, zone

ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ID_RULE = "an id is made of a-z, 0-9 and -, at most 63 of them"


_OF_ROOMS: Mapping[str, type[msgspec.Struct]] = {
    "privacy": PrivacySettings,
    "join": JoinSettings,
    "auto_join": AutoJoinSettings,
    "display": DisplaySettings,
    "check_in": CheckInSettings,
}
"""Parts of a site's policy that a room overrides setting by setting."""


class RoomEntry(Settings, frozen=True, kw_only=True):
    """A room, but for the parts that override the site's."""

    id: str
    mailbox: str
    """SMTP address of its mailbox."""
    time_zone: str
    """IANA name, such as Europe/London."""
    name: str = ""
    """What people call it; else its id."""
    source: str = ""
    """Whose calendar it has; may be left out where there is only one source."""
    building: str = ""
    """Where it is."""
    floor: str = ""
    """Where in the building."""
    capacity: int = 0
    """How many people it holds."""
    features: tuple[str, ...] = ()
    """What it offers, in words of the site's own."""
    lists: tuple[str, ...] = ()
    """Ids of the room lists it belongs to."""
    all_day: Literal["show", "hide"] | None = None
    """All-day meetings; else as in bridge.yaml."""
    tentative: Literal["show", "join", "hide"] | None = None
    """Meetings it has not accepted; else as in bridge.yaml."""
    writes: Writes | None = None
    """What may be changed in its calendar; else as in bridge.yaml."""


class EndpointEntry(Settings, frozen=True, kw_only=True):
    """What every endpoint has besides the options of its kind."""

    id: str
    kind: str


class InventoryReader:
    """Reads the room list of one configuration."""

    def __init__(
        self,
        bridge_file: Path,
        site: Site,
        sources: Mapping[str, SourceSettings | None],
        problems: list[Problem],
        read: set[Path],
        *,
        vault: Named,
    ) -> None:
        self._read = read
        self._vault = vault
        self._site = site
        self._sources = sources
        self._problems = problems
        self._folder = site.endpoint_secrets_dir or bridge_file.parent
        self._policy = policy(site)
        self._authorities = Authorities()
        self._seen: dict[tuple[str, str], Place] = {}
        self._rooms: list[Room] = []
        self._lists: list[RoomList] = []
        self._endpoints: list[EndpointSettings] = []
        self._named_lists: list[tuple[str, Place]] = []

    def read(self, file: Path) -> Inventory:
        """The inventory of a file or a folder of files; problems were added to the list."""
        self._read.add(file)
        for path in files.room_files(file):
            self._read.add(path)
            node = files.document(path, self._problems)
            if node is not None:
                self._file(path, node)
        known = {entry.id for entry in self._lists}
        for name, place in self._named_lists:
            if name not in known:
                place.error(f"there is no room list {name}", "add it under room_lists")
        self._remind(Place(self._problems, file))
        return Inventory(
            rooms=tuple(self._rooms), lists=tuple(self._lists), endpoints=tuple(self._endpoints)
        )

    def _file(self, path: Path, node: yaml.Node) -> None:
        place = Place(self._problems, path)
        reader = Reader(path.parent, Secrets(self._read, self._folder, self._vault))
        for key, child in (reader.keys(node, place) or {}).items():
            here = place.at(key, child.start_mark.line + 1)
            if key == "rooms":
                for item in reader.items(child, here):
                    self._room(reader, *item)
            elif key == "room_lists":
                for item in reader.items(child, here):
                    self._list(reader, *item)
            else:
                here.error("no such setting", "known here: room_lists, rooms")

    def _list(self, reader: Reader, node: yaml.Node, place: Place) -> None:
        entry = reader.struct(RoomList, node, place)
        if entry is not BAD and self._unused("room list", entry.id, place.at("id")):
            self._lists.append(entry)

    def _room(self, reader: Reader, node: yaml.Node, place: Place) -> None:
        keys = reader.keys(node, Place([], place.file)) or {}
        entry = reader.struct(RoomEntry, node, place, besides=[*_OF_ROOMS, "endpoints"])
        own = self._own_policy(reader, keys, entry, place)
        if entry is BAD:
            return
        endpoints = keys.get("endpoints")
        for item in reader.items(endpoints, place.at("endpoints")) if endpoints else ():
            self._endpoint(reader, entry.id, *item)
        self._named_lists += [(name, place.at("lists")) for name in entry.lists]
        source = self._source(entry, place)
        fit = self._unused("room", entry.id, place.at("id"))
        fit = self._check_mailbox(entry.mailbox, source, place.at("mailbox")) and fit
        fit = _check_zone(entry.time_zone, place.at("time_zone")) and fit
        if fit and own is not None:
            self._rooms.append(_room(entry, source, own))

    def _own_policy(
        self, reader: Reader, keys: Mapping[str, yaml.Node], entry: Any, place: Place
    ) -> Policy | None:
        """The site's policy with what the room overrides; None where that was reported."""
        parts = {}
        for key, kind in _OF_ROOMS.items():
            node = keys.get(key)
            given = reader.given(kind, node, place.at(key)) if node is not None else {}
            if given is None or BAD in given.values():
                return None
            parts[key] = given
        if entry is BAD:
            return None
        join = msgspec.structs.replace(self._site.join, **parts["join"])
        alone = msgspec.structs.replace(self._site.auto_join, **parts["auto_join"])
        display = msgspec.structs.replace(self._site.display, **parts["display"])
        came = msgspec.structs.replace(self._site.check_in, **parts["check_in"])
        if parts["join"]:
            check_join(join, place.at("join"))
        if parts["join"] or parts["auto_join"]:
            check_auto_join(alone, join, place.at("auto_join"))
        for part, settings in (("display", display), ("check_in", came)):
            for key, words in settings.problems() if parts[part] else ():
                place.at(f"{part}.{key}").error(words)
        return Policy(
            privacy=msgspec.structs.replace(self._policy.privacy, **parts["privacy"]),
            all_day=entry.all_day or self._policy.all_day,
            tentative=entry.tentative or self._policy.tentative,
            buffers=buffers(join),
            dialing=dialing(join),
            writes=entry.writes or self._policy.writes,
            auto_join=auto_join(alone),
            display=display_policy(display),
            check_in=check_in(came),
        )

    def _source(self, entry: RoomEntry, place: Place) -> str:
        """The room's source; where there is only one it need not be named."""
        if not entry.source and len(self._sources) == 1:
            return next(iter(self._sources))
        if not entry.source:
            place.at("source").error("required where there are several sources")
        elif entry.source not in self._sources:
            known = ", ".join(self._sources) or "none"
            place.at("source").error(f"there is no source {entry.source}", f"known: {known}")
        return entry.source

    def _check_mailbox(self, mailbox: str, source: str, place: Place) -> bool:
        if not re.fullmatch(r"[^@\s/]+@[^@\s/]+", mailbox):
            place.error("must be the mailbox's SMTP address")
            return False
        settings = self._sources.get(source)
        if settings is not None and not settings.mailboxes.allows(mailbox):
            place.error(f"is outside what sources.{source}.mailboxes allows")
            return False
        if settings is not None and mailbox.lower() == settings.mailboxes.canary.lower():
            place.error(
                f"is sources.{source}.mailboxes.canary",
                "the canary must be no room: nobody reads it",
            )
            return False
        first = self._seen.setdefault((f"mailbox of {source}", mailbox.lower()), place)
        if first is not place:
            place.warn(f"is the mailbox of another room too ({first.path})")
        return True

    def _endpoint(self, reader: Reader, room: str, node: yaml.Node, place: Place) -> None:
        keys = reader.keys(node, Place([], place.file)) or {}
        kind = getattr(keys.get("kind"), "value", "")
        if kind not in load.endpoint_kinds():
            known = ", ".join(load.endpoint_kinds())
            place.at("kind").error(f"must be one of {known}" + (f", not {kind}" if kind else ""))
            return
        options = load.endpoint(kind).Options
        general = reader.struct(EndpointEntry, node, place, besides=None)
        special = reader.struct(options, node, place, besides=names(EndpointEntry))
        if general is BAD or special is BAD:
            return
        fit = self._unused("endpoint", general.id, place.at("id"))
        for key, words in special.problems():
            place.at(key).error(words)
            fit = False
        fit = self._check_network(special.host, place.at("address")) and fit
        if trust := getattr(special, "tls", None):
            fit = self._authorities.check(trust.ca_file, place.at("tls.ca_file")) and fit
        fit = self._check_facade(special, place) and fit
        fit = self._check_hook(kind, special, place) and fit
        if fit:
            self._endpoints.append(
                EndpointSettings(id=general.id, kind=kind, room=room, options=special)
            )

    def _check_network(self, host: str, place: Place) -> bool:
        """Addresses are checked here, names when they are resolved."""
        with suppress(ValueError):
            ip_address(host)
            if not within(host, self._site.endpoint_networks):
                place.error("is outside endpoint_networks", "or name its network there")
                return False
        return True

    def _check_facade(self, options: object, place: Place) -> bool:
        """User names of the façade tell units apart."""
        facade = options.facade if isinstance(options, Reads) else None
        if facade is None:
            return True
        place = place.at("facade.username")
        if not facade.username.strip() or ":" in facade.username:
            place.error("must be a user name, without a colon")
            return False
        first = self._seen.setdefault(("facade", facade.username.casefold()), place)
        if first is not place:
            place.error(f"is another unit's already, at {first.file}:{first.line}")
        return first is place

    def _check_hook(self, kind: str, options: object, place: Place) -> bool:
        """Secrets of hooks tell units apart: with another's, one would be given its list."""
        hook = options.hook if isinstance(options, Pulls) else None
        if not hook:
            return True
        place = place.at("hook")
        digest = hashlib.sha256(f"{kind}/{hook.reveal()}".encode()).hexdigest()
        first = self._seen.setdefault(("hook", digest), place)
        if first is not place:
            place.error(f"is another unit's already, at {first.file}:{first.line}")
        return first is place

    def _unused(self, what: str, name: str, place: Place) -> bool:
        if not ID.fullmatch(name):
            place.error(_ID_RULE)
            return False
        first = self._seen.setdefault((what, name), place)
        if first is not place:
            place.error(f"{what} {name} stands already at {first.file}:{first.line}")
        return first is place

    def _remind(self, place: Place) -> None:
        """Repeat the notice of every kind in use until it is acknowledged."""
        for kind in sorted({endpoint.kind for endpoint in self._endpoints}):
            driver = load.endpoint(kind)
            if driver.acknowledge and driver.acknowledge not in self._site.acknowledge:
                place.warn(
                    driver.notice, f"acknowledge: [{driver.acknowledge}] in bridge.yaml ends this"
                )


def check_join(settings: JoinSettings, place: Place) -> None:
    """What types cannot tell of how meetings are dialled."""
    key = settings.host_key.reveal() if settings.host_key else ""
    if key and not re.fullmatch(r"[0-9]{6}", key):
        place.at("host_key_file").error("a host key has six digits")
    if settings.zoom_region and settings.zoom_region not in zoom.GATEWAYS:
        known = ", ".join(sorted(zoom.GATEWAYS))
        place.at("zoom_region").error(f"there is no region {settings.zoom_region}", known)
    if settings.layout and not settings.layout.isdigit():
        place.at("layout").error("must be a number")


def check_auto_join(settings: AutoJoinSettings, join: JoinSettings, place: Place) -> None:
    """A room dials by itself when people could, and not before."""
    if settings.enabled and settings.before is not None and settings.before > join.start_buffer:
        place.at("before").error(
            "must not exceed join.start_buffer", "no meeting can be joined before that"
        )


def _room(entry: RoomEntry, source: str, own: Policy) -> Room:
    return Room(
        id=entry.id,
        name=entry.name or entry.id,
        mailbox=entry.mailbox,
        source=source,
        time_zone=entry.time_zone,
        building=entry.building,
        floor=entry.floor,
        capacity=entry.capacity,
        features=entry.features,
        lists=entry.lists,
        policy=own,
    )


def _check_zone(name: str, place: Place) -> bool:
    if iana := from_windows(name):
        place.error(f"is a Windows name: write {iana}")
        return False
    try:
        zone(name)
    except KeyError:
        place.error(f"there is no time zone {name}", "IANA names such as Europe/London")
        return False
    return True
